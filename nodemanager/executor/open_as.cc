#include "nodemanager/executor/open_as.h"

#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "common/check.h"

namespace weir::nm {
namespace {

using platform::FileDescriptor;
using platform::SystemError;

// The library's setgroups is for all threads, the system's for this one.
bool SetThreadGroups(const std::vector<gid_t>& groups) {
  return ::syscall(SYS_setgroups, groups.size(), groups.data()) == 0;
}

// The ids that count for files. With a uid other than root's the thread also loses the capabilities
// to pass over permissions, until it is back.
class FileRights {
 public:
  explicit FileRights(const Account& account) {
    const int count = ::getgroups(0, nullptr);
    groups_.resize(count > 0 ? static_cast<size_t>(count) : 0);
    if (count < 0 || ::getgroups(count, groups_.data()) != count) return;
    own_uid_ = static_cast<uid_t>(::setfsuid(static_cast<uid_t>(-1)));
    own_gid_ = static_cast<gid_t>(::setfsgid(static_cast<gid_t>(-1)));
    const std::vector<gid_t> groups(account.groups.begin(), account.groups.end());
    if (!SetThreadGroups(groups)) return;
    changed_ = true;
    const auto uid = static_cast<uid_t>(account.uid);
    const auto gid = static_cast<gid_t>(account.gid);
    ::setfsgid(gid);
    ::setfsuid(uid);
    // They say what was before, not whether it worked.
    taken_ = static_cast<gid_t>(::setfsgid(static_cast<gid_t>(-1))) == gid &&
             static_cast<uid_t>(::setfsuid(static_cast<uid_t>(-1))) == uid;
  }
  ~FileRights() {
    if (!changed_) return;
    ::setfsuid(own_uid_);
    ::setfsgid(own_gid_);
    const bool back = SetThreadGroups(groups_) &&
                      static_cast<uid_t>(::setfsuid(static_cast<uid_t>(-1))) == own_uid_ &&
                      static_cast<gid_t>(::setfsgid(static_cast<gid_t>(-1))) == own_gid_;
    WEIR_CHECK(back, "a thread gets its own rights back");
  }
  FileRights(const FileRights&) = delete;
  FileRights& operator=(const FileRights&) = delete;
  bool taken() const { return taken_; }

 private:
  std::vector<gid_t> groups_;
  uid_t own_uid_ = 0;
  gid_t own_gid_ = 0;
  bool changed_ = false;
  bool taken_ = false;
};

}  // namespace

Result<FileDescriptor> OpenAs(const Account* account, const std::string& path) {
  constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  int fd = -1;
  int cause = EPERM;
  if (account == nullptr) {
    fd = ::open(path.c_str(), kFlags);
    cause = errno;
  } else {
    const FileRights rights(*account);
    if (rights.taken()) {
      fd = ::open(path.c_str(), kFlags);
      cause = errno;
    }
  }
  if (fd >= 0) return FileDescriptor(fd);
  Error error = SystemError("open", path, cause);
  if (account != nullptr) error.message += " (as user '" + account->name + "')";
  return error;
}

}  // namespace weir::nm
