// RmCredentials: what the ResourceManager gave this node: the keys with which tokens are verified,
// and where staged files are; both at registration, and newer keys in answers to heartbeats.
// Thread-safe.
#ifndef WEIR_NODEMANAGER_SERVER_RM_CREDENTIALS_H_
#define WEIR_NODEMANAGER_SERVER_RM_CREDENTIALS_H_

#include <string>
#include <utility>

#include "common/hostport.h"
#include "common/result.h"
#include "platform/mutex.h"
#include "platform/rpc_security.h"

namespace weir::nm {

class RmCredentials {
 public:
  void Set(platform::TokenKeys keys, HostPort rm_http) {
    platform::MutexLock lock(mutex_);
    keys_ = std::move(keys);
    rm_http_ = std::move(rm_http);
  }
  // Those of an answer that was long under way are left out.
  void Renew(platform::TokenKeys keys) {
    platform::MutexLock lock(mutex_);
    if (keys.version() > keys_.version()) keys_ = std::move(keys);
  }
  // A token that the ResourceManager may have signed with a key that is on its way here is to be
  // shown again.
  Status CheckKnown(const platform::SignedToken& token) const {
    platform::MutexLock lock(mutex_);
    if (!keys_.keys().empty() && token.key_id <= keys_.newest()) return {};
    return Error{ErrorCode::kUnavailable,
                 keys_.keys().empty() ? "the node is not registered with the ResourceManager"
                                      : "the node does not know key " +
                                            std::to_string(token.key_id) + " of tokens yet",
                 "try again soon"};
  }
  // Without any before the first registration: nothing verifies then.
  platform::TokenKeys keys() const {
    platform::MutexLock lock(mutex_);
    return keys_;
  }
  HostPort rm_http() const {
    platform::MutexLock lock(mutex_);
    return rm_http_;
  }

 private:
  mutable platform::Mutex mutex_;
  platform::TokenKeys keys_ WEIR_GUARDED_BY(mutex_);
  HostPort rm_http_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_RM_CREDENTIALS_H_
