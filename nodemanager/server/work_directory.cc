#include "nodemanager/server/work_directory.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "common/strings.h"
#include "platform/crypto.h"
#include "platform/file_system.h"

namespace weir::nm {
namespace {

constexpr size_t kUuidCharacters = 36;
constexpr int64_t kIdFileBytes = 4096;
constexpr int kReadable = 0644;

bool IsUuid(std::string_view text) {
  if (text.size() != kUuidCharacters) return false;
  std::string digits;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash != (text[i] == '-')) return false;
    if (!dash) digits += text[i];
  }
  return HexDecode(digits).has_value();
}

}  // namespace

Result<platform::FileDescriptor> LockDirectory(const std::string& lock_file) {
  platform::FileDescriptor fd(::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return platform::SystemError("open", lock_file, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  if (errno != EWOULDBLOCK) return platform::SystemError("lock", lock_file, errno);
  return Error{ErrorCode::kFailedPrecondition,
               "another NodeManager works in " + lock_file.substr(0, lock_file.rfind('/')),
               "stop it, or set weir.nodemanager.work.dir to another directory"};
}

Result<NodeId> ReadOrCreateNodeId(const std::string& id_file) {
  platform::FileSystem& files = platform::FileSystem::Real();
  const auto text = files.ReadFile(id_file, kIdFileBytes);
  if (text.ok()) {
    const std::string uuid(Trim(*text));
    if (IsUuid(uuid)) return NodeId{uuid};
    return Error{ErrorCode::kCorruption,
                 id_file + " does not hold a node's id",
                 "remove it: the node then joins as a new one"};
  }
  if (text.error().code != ErrorCode::kNotFound) return text.error();
  const std::string uuid = platform::RandomUuid();
  WEIR_RETURN_IF_ERROR(platform::WriteFileAtomically(files, id_file, uuid + "\n", kReadable));
  return NodeId{uuid};
}

}  // namespace weir::nm
