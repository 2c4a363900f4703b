#include "resourcemanager/server/user_groups.h"

#include <grp.h>
#include <pwd.h>
#include <sys/types.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "platform/clock.h"
#include "platform/log.h"

namespace weir::rm {
namespace {

constexpr size_t kFirstBuffer = 4096;
constexpr size_t kLargestBuffer = size_t{1} << 20;
constexpr int kFirstGroups = 64;
constexpr int kMostGroups = 65'536;  // of one user, as in Linux

// Calls one of the get...r functions with a buffer that is large enough for it.
template <typename Call>
bool WithBuffer(const Call& call) {
  for (size_t size = kFirstBuffer; size <= kLargestBuffer; size *= 4) {
    std::vector<char> buffer(size);
    const int failed = call(buffer);
    if (failed != ERANGE) return failed == 0;
  }
  return false;
}

std::optional<gid_t> PrimaryGroupOf(const std::string& user) {
  std::optional<gid_t> group;
  WithBuffer([&](std::vector<char>& buffer) {
    passwd entry{};
    passwd* found = nullptr;
    const int failed = getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (failed == 0 && found != nullptr) group = found->pw_gid;
    return failed;
  });
  return group;
}

// A group without a name counts under its number.
std::string GroupName(gid_t id) {
  std::string name = std::to_string(id);
  WithBuffer([&](std::vector<char>& buffer) {
    group entry{};
    group* found = nullptr;
    const int failed = getgrgid_r(id, &entry, buffer.data(), buffer.size(), &found);
    if (failed == 0 && found != nullptr) name = found->gr_name;
    return failed;
  });
  return name;
}

std::vector<gid_t> GroupIdsOf(const std::string& user, gid_t primary) {
  for (int size = kFirstGroups; size <= kMostGroups; size *= 4) {
    std::vector<gid_t> ids(static_cast<size_t>(size));
    int count = size;
    if (getgrouplist(user.c_str(), primary, ids.data(), &count) < 0) continue;
    ids.resize(static_cast<size_t>(count));
    return ids;
  }
  return {primary};
}

}  // namespace

std::vector<std::string> SystemGroupsOf(const std::string& user) {
  const std::optional<gid_t> primary = PrimaryGroupOf(user);
  if (!primary) {
    platform::LogWarn("rm.groups", user, "the system does not know the user: it has no groups");
    return {};
  }
  std::vector<std::string> names{GroupName(*primary)};
  for (const gid_t id : GroupIdsOf(user, *primary)) {
    if (id != *primary) names.push_back(GroupName(id));
  }
  return names;
}

void UserGroups::Lookup(const std::string& user, Done done) {
  Groups groups;
  {
    const platform::MutexLock lock(mutex_);
    const auto found = known_.find(user);
    if (found == known_.end() || found->second.until < platform::MonotonicNow()) {
      loop_.Post([this, user, done = std::move(done)] { Resolve(user, done); });
      return;
    }
    groups = found->second.groups;
  }
  done(groups);
}

UserGroups::Groups UserGroups::Known(const std::string& user) const {
  const platform::MutexLock lock(mutex_);
  const auto found = known_.find(user);
  return found == known_.end() ? Groups{} : found->second.groups;
}

void UserGroups::Resolve(const std::string& user, const Done& done) {
  // Another call may have asked for the same user while this one waited.
  Groups groups;
  bool fresh = false;
  {
    const platform::MutexLock lock(mutex_);
    const auto found = known_.find(user);
    fresh = found != known_.end() && found->second.until >= platform::MonotonicNow();
    if (fresh) groups = found->second.groups;
  }
  if (!fresh) {
    groups = resolve_(user);
    const platform::MutexLock lock(mutex_);
    // Users are real accounts of this machine: to be over the bound is rare, and costs look-ups.
    if (known_.size() >= kUsers && !known_.contains(user)) known_.clear();
    known_[user] = {groups, platform::MonotonicNow() + kFresh};
  }
  done(groups);
}

}  // namespace weir::rm
