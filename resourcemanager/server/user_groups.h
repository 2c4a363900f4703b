// UserGroups: the groups of local users, primary one first, from the system's databases (which may
// be slow: a directory service), with a cache.
//
// A user is looked up again after kFresh; of a user that the system does not know, or when it does
// not answer, there are no groups. At most kUsers are remembered.
//
// Owner: the daemon; `loop` must be stopped before this goes. Thread-safe.
#ifndef WEIR_RESOURCEMANAGER_SERVER_USER_GROUPS_H_
#define WEIR_RESOURCEMANAGER_SERVER_USER_GROUPS_H_

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/time.h"
#include "platform/event_loop.h"
#include "platform/mutex.h"

namespace weir::rm {

// What getgrouplist and the like say. Blocks.
std::vector<std::string> SystemGroupsOf(const std::string& user);

class UserGroups {
 public:
  static constexpr seconds kFresh{300};
  static constexpr size_t kUsers = 10'000;

  using Groups = std::vector<std::string>;
  using Done = std::function<void(const Groups&)>;
  using Resolver = std::function<Groups(const std::string& user)>;

  // `resolve` runs on `loop`, which is for nothing that must not wait.
  explicit UserGroups(platform::EventLoop& loop, Resolver resolve = SystemGroupsOf)
      : loop_(loop), resolve_(std::move(resolve)) {}
  UserGroups(const UserGroups&) = delete;
  UserGroups& operator=(const UserGroups&) = delete;

  // `done` gets them: before this returns when they are known and fresh, else on the loop.
  void Lookup(const std::string& user, Done done);
  // What is known now, however old; nothing otherwise.
  Groups Known(const std::string& user) const;

 private:
  struct Entry {
    Groups groups;
    Instant until;
  };

  void Resolve(const std::string& user, const Done& done);

  platform::EventLoop& loop_;
  const Resolver resolve_;
  mutable platform::Mutex mutex_;
  std::map<std::string, Entry> known_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_USER_GROUPS_H_
