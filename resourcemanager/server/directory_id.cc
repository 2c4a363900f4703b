#include "resourcemanager/server/directory_id.h"

#include <algorithm>

#include "common/strings.h"
#include "platform/crypto.h"
#include "platform/file_system.h"
#include "platform/log.h"

namespace weir::rm {
namespace {

constexpr size_t kUuidBytes = 36;
constexpr int64_t kFileBytes = 4096;
constexpr int kReadable = 0644;

bool IsUuid(std::string_view text) {
  return text.size() == kUuidBytes && std::all_of(text.begin(), text.end(), [](char c) {
           return c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

Result<std::string> ReadOrMakeDirectoryId(const std::string& file) {
  platform::FileSystem& files = platform::FileSystem::Real();
  const auto text = files.ReadFile(file, kFileBytes);
  if (text.ok() && IsUuid(Trim(*text))) return std::string(Trim(*text));
  if (text.ok()) platform::LogWarn("rm.role", file, "does not hold an id: it gets a new one");
  if (!text.ok() && text.error().code != ErrorCode::kNotFound) return text.error();
  std::string made = platform::RandomUuid();
  WEIR_RETURN_IF_ERROR(platform::WriteFileAtomically(files, file, made + "\n", kReadable));
  return made;
}

}  // namespace weir::rm
