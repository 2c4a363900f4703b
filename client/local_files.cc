#include "client/local_files.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <set>
#include <utility>

#include "common/strings.h"
#include "platform/file_system.h"
#include "platform/remote_file.h"

namespace weir::cli {
namespace {

constexpr size_t kMagicAt = 257;  // of tar
constexpr size_t kHeadBytes = 512;
constexpr size_t kNameBytes = 255;

struct Named {
  std::string path;  // or address
  std::string name;
};

// What a webhdfs server is told.
std::string UserName() {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? "" : found->pw_name;
}

Result<Named> SplitName(const std::string& text, bool address) {
  Named named{text, ""};
  // A file of this machine may have a '#' in its own name.
  const size_t hash = text.rfind('#');
  const bool whole = !address && platform::FileSystem::Real().Stat(text).ok();
  if (hash != std::string::npos && !whole) {
    named.path = text.substr(0, hash);
    named.name = text.substr(hash + 1);
  } else {
    const std::string path = address ? text.substr(0, text.find('?')) : text;
    named.name = path.substr(path.rfind('/') + 1);
  }
  const bool plain = !named.name.empty() && named.name != "." && named.name != ".." &&
                     named.name.size() <= kNameBytes && named.name.find('/') == std::string::npos;
  if (plain) return named;
  return Error{ErrorCode::kInvalidArgument,
               "'" + text + "' gives no name for the file in the container's directory",
               "add one: " + named.path + "#NAME"};
}

// Only what is sure to be no archive is refused: the node looks closer.
Status CheckArchive(const std::string& path) {
  std::array<char, kHeadBytes> head{};
  std::FILE* file = std::fopen(path.c_str(), "rbe");
  if (file == nullptr) return {};  // told by who reads all of it
  const size_t count = std::fread(head.data(), 1, head.size(), file);
  std::fclose(file);
  const std::string_view text(head.data(), count);
  for (const std::string_view magic : {std::string_view("PK"),
                                       std::string_view("\x1f\x8b"),
                                       std::string_view("\xfd"
                                                        "7zXZ"),
                                       std::string_view("\x28\xb5\x2f\xfd")}) {
    if (text.starts_with(magic)) return {};
  }
  const bool tar = text.size() > kMagicAt && text.substr(kMagicAt).starts_with("ustar");
  if (tar || path.ends_with(".tar")) return {};
  return Error{ErrorCode::kInvalidArgument,
               path + " is no archive that a node can unpack",
               "tar (plain, gzip, xz, zstd) and zip (also as .jar) are unpacked; ship it as it is "
               "with -file"};
}

}  // namespace

Result<NamedResource> FindLocalFile(RmClient& rm, const std::string& text, LocalResourceType type) {
  const ResourceScheme scheme = SchemeOf(text);
  const bool address = scheme == ResourceScheme::kFile || IsRemote(scheme);
  WEIR_ASSIGN_OR_RETURN(const Named named, SplitName(text, address));
  LocalResource resource;
  if (IsRemote(scheme)) {
    platform::RemoteFileOptions options;
    options.user = UserName();
    WEIR_ASSIGN_OR_RETURN(const auto info, platform::StatRemoteFile(named.path, options));
    resource.size = info.size;
    resource.mtime_ms = info.mtime_ms;
  } else if (scheme == ResourceScheme::kFile) {
    const std::string path = named.path.substr(named.path.find(':') + 1);
    WEIR_ASSIGN_OR_RETURN(const auto info, platform::FileSystem::Real().Stat(path));
    if (info.is_directory) {
      return Error{ErrorCode::kInvalidArgument, path + " is a directory", "give a file"};
    }
    resource.size = info.size;
    resource.mtime_ms = info.mtime_ms;
    if (type == LocalResourceType::kArchive) WEIR_RETURN_IF_ERROR(CheckArchive(path));
  } else {
    const bool unknown = text.find("://") != std::string::npos;
    if (unknown) WEIR_RETURN_IF_ERROR(CheckResourceUri(text));
    if (type == LocalResourceType::kArchive) WEIR_RETURN_IF_ERROR(CheckArchive(named.path));
    WEIR_ASSIGN_OR_RETURN(resource, rm.Stage(named.path));
  }
  if (address) {
    resource.uri = named.path;
    resource.visibility = LocalResourceVisibility::kPrivate;
  }
  resource.type = type;
  return NamedResource{named.name, std::move(resource)};
}

Status AddLocalFiles(const Arguments& arguments, RmClient& rm, LaunchContext& master) {
  std::set<std::string> names;
  for (const auto& [option, type] : {std::pair("file", LocalResourceType::kFile),
                                     std::pair("archive", LocalResourceType::kArchive)}) {
    for (const std::string& text : arguments.All(option)) {
      WEIR_ASSIGN_OR_RETURN(const NamedResource file, FindLocalFile(rm, text, type));
      if (!names.insert(file.name).second) {
        return Error{ErrorCode::kInvalidArgument,
                     "two files are named '" + file.name + "', and go into the same directory",
                     "rename one: " + text + "#NAME"};
      }
      master.command.insert(master.command.end(), {"--local-resource", ToArgument(file)});
      if (SchemeOf(file.resource.uri) != ResourceScheme::kStaging) continue;
      // With the AM too, so that the ResourceManager keeps the file for the application; it needs
      // no archive unpacked.
      LocalResource kept = file.resource;
      kept.type = LocalResourceType::kFile;
      master.local_resources[file.name] = kept;
    }
  }
  return {};
}

}  // namespace weir::cli
