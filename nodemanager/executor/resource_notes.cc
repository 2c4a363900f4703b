#include "nodemanager/executor/resource_notes.h"

#include "common/strings.h"

namespace weir::nm {
namespace {

constexpr char kName[] = "/resources";
constexpr int kMode = 0600;
constexpr int64_t kNoteLimit = int64_t{4} << 20;

}  // namespace

Status WriteResourceNote(platform::FileSystem& files,
                         const std::string& directory,
                         const std::vector<std::string>& paths) {
  WEIR_ASSIGN_OR_RETURN(const auto file, files.Create(directory + kName, kMode));
  std::string text;
  for (const std::string& path : paths) text += path + "\n";
  WEIR_RETURN_IF_ERROR(file->Append(text));
  return file->Close();
}

std::map<std::string, std::vector<ContainerId>> ReadResourceNotes(platform::FileSystem& files,
                                                                  const std::string& notes) {
  std::map<std::string, std::vector<ContainerId>> users;
  const auto names = files.List(notes);
  if (!names.ok()) return users;
  for (const std::string& name : *names) {
    const auto id = ContainerId::Parse(name);
    if (!id.ok()) continue;
    const auto text = files.ReadFile(notes + "/" + name + kName, kNoteLimit);
    if (!text.ok()) continue;
    for (const std::string_view line : Split(*text, '\n')) {
      if (!line.empty()) users[std::string(line)].push_back(*id);
    }
  }
  return users;
}

}  // namespace weir::nm
