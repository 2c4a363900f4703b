#include "state-store/leveldb_status.h"

#include <cerrno>
#include <cstring>
#include <initializer_list>

namespace weir::store {
namespace {

bool EndsWith(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

bool CausedBy(const std::string& text, std::initializer_list<int> numbers) {
  for (const int number : numbers) {
    if (EndsWith(text, std::strerror(number))) return true;
  }
  return false;
}

// "lock <directory>/LOCK: ..." says that taking the lock failed, not that the file could not be
// made.
bool IsLock(const std::string& text) {
  return text.find(": lock ") != std::string::npos &&
         (CausedBy(text, {EAGAIN, EACCES}) ||
          text.find("already held by process") != std::string::npos);
}

}  // namespace

Error TranslateLevelDbStatus(const leveldb::Status& status,
                             const std::string& what,
                             const std::string& directory) {
  const std::string text = status.ToString();
  if (IsLock(text)) {
    return {ErrorCode::kFailedPrecondition,
            "the state store " + directory + " is in use by another ResourceManager",
            "stop that one, or give this one another directory"};
  }
  const std::string message = "cannot " + what + " the state store " + directory + ": " + text;
  if (CausedBy(text, {ENOSPC, EDQUOT, EFBIG})) {
    return {ErrorCode::kResourceExhausted, message, "free space there and start again"};
  }
  if (CausedBy(text, {EACCES, EPERM, EROFS})) {
    return {ErrorCode::kPermissionDenied, message, "give the ResourceManager's user access to it"};
  }
  // Reading past the end of a table that was cut is an "invalid argument" to LevelDB.
  if (status.IsCorruption() || CausedBy(text, {EINVAL})) {
    return {ErrorCode::kCorruption, message, "restore it from a copy, or start with an empty one"};
  }
  return {ErrorCode::kUnavailable, message, "check the disk and the directory"};
}

}  // namespace weir::store
