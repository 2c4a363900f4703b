// ZookeeperClient: a ZooKeeper session that is renewed when it expires, with calls that wait; what
// the store's Open and Load, and its removal, are made of.
//
// Thread rule: the calls that wait may come from any thread but the client's own callbacks; Renew
// and Close from one thread at a time, not from a callback. What is under way then ends as unknown.
#ifndef WEIR_STATE_STORE_ZOOKEEPER_CLIENT_H_
#define WEIR_STATE_STORE_ZOOKEEPER_CLIENT_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/result.h"
#include "platform/mutex.h"
#include "state-store/zookeeper_session.h"

namespace weir::store {

class ZookeeperClient {
 public:
  // `changed` is told of every change of the session with that number, on the client's thread.
  using StateHandler = std::function<void(uint64_t session, ZooKeeperSession::State)>;
  ZookeeperClient(ZooKeeperOptions options, StateHandler changed);
  ~ZookeeperClient() { Close(); }

  // Opens the session, or another one in place of the one that is over.
  Status Renew();
  void Close();
  std::shared_ptr<ZooKeeperSession> session() const;
  uint64_t session_number() const { return number_; }
  const std::string& servers() const { return options_.servers; }

  // kUnavailable: no connection in time; kPermissionDenied: the credential was refused.
  Status AwaitConnection();
  // Errors of all: kUnavailable (no answer in time, or the connection went and the outcome is
  // unknown), kPermissionDenied. What is not there is an answer.
  Result<ZkNode> Get(const std::string& path);
  Result<std::vector<std::string>> Children(const std::string& path);
  Result<ZkOutcome> Multi(std::vector<ZkOperation> operations);
  // Many at once, a bounded number under way. A path that is not there gives no children, and a
  // node that does not exist.
  Result<std::vector<std::vector<std::string>>> ChildrenOfAll(
      const std::vector<std::string>& paths);
  Result<std::vector<ZkNode>> GetAll(const std::vector<std::string>& paths);

  Error Unavailable(const std::string& what) const;
  Error Refused(const std::string& path, const ZkOutcome& outcome) const;

 private:
  template <typename Value, typename Ask>
  Result<std::vector<Value>> AskAll(const std::vector<std::string>& paths, const Ask& ask);

  const ZooKeeperOptions options_;
  const StateHandler changed_;
  std::atomic<uint64_t> number_{0};  // of the newest session
  mutable platform::Mutex mutex_;
  platform::ConditionVariable state_changed_;
  std::shared_ptr<ZooKeeperSession> session_ WEIR_GUARDED_BY(mutex_);
  ZooKeeperSession::State state_ WEIR_GUARDED_BY(mutex_) = ZooKeeperSession::State::kConnecting;
};

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_ZOOKEEPER_CLIENT_H_
