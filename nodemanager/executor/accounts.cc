#include "nodemanager/executor/accounts.h"

#include <grp.h>
#include <pwd.h>

#include <cerrno>
#include <vector>

#include "platform/file_descriptor.h"

namespace weir::nm {
namespace {

constexpr size_t kBufferMax = 1u << 20;
constexpr int kGroupsMax = 65536;  // as the kernel has it

}  // namespace

Result<std::optional<Account>> FindSystemAccount(const std::string& name) {
  std::vector<char> buffer(4096);
  passwd entry{};
  passwd* found = nullptr;
  int cause = 0;
  do {
    cause = ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (cause == ERANGE) buffer.resize(buffer.size() * 2);
  } while (cause == EINTR || (cause == ERANGE && buffer.size() <= kBufferMax));
  if (found == nullptr) {
    // What "not found" looks like differs between the databases.
    const bool unknown = cause == 0 || cause == ENOENT || cause == ESRCH || cause == EPERM;
    if (unknown) return std::optional<Account>();
    return platform::SystemError("look up", "the account '" + name + "'", cause);
  }
  std::vector<gid_t> groups(64);
  while (true) {
    int count = static_cast<int>(groups.size());
    if (::getgrouplist(entry.pw_name, entry.pw_gid, groups.data(), &count) >= 0) {
      groups.resize(static_cast<size_t>(count));
      break;
    }
    if (groups.size() >= kGroupsMax) {
      return Error{
          ErrorCode::kResourceExhausted, "the account '" + name + "' has too many groups", ""};
    }
    groups.resize(groups.size() * 2);
  }
  return std::optional<Account>(
      Account{entry.pw_name, entry.pw_uid, entry.pw_gid, {groups.begin(), groups.end()}});
}

}  // namespace weir::nm
