// RmCredentials: what the ResourceManager gave this node at registration: the keys with which
// tokens are verified, and where staged files are. Thread-safe.
#ifndef WEIR_NODEMANAGER_SERVER_RM_CREDENTIALS_H_
#define WEIR_NODEMANAGER_SERVER_RM_CREDENTIALS_H_

#include <utility>

#include "common/hostport.h"
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
