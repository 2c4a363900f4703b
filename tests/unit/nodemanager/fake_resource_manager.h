// FakeResourceManager: the tracker port of an RM that does what a test says: registers a node under
// the epoch it is given, parks heartbeats, and answers them with queued commands. It records ends
// as soon as it hears of them, unless told otherwise. Thread-safe.
#ifndef WEIR_TESTS_UNIT_NODEMANAGER_FAKE_RESOURCE_MANAGER_H_
#define WEIR_TESTS_UNIT_NODEMANAGER_FAKE_RESOURCE_MANAGER_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "common/node_messages.h"
#include "platform/event_loop.h"
#include "platform/mutex.h"
#include "platform/rpc_security.h"
#include "platform/thrift_server.h"

namespace weir::nm {

class FakeResourceManager {
 public:
  // `address`: port 0 = any.
  FakeResourceManager(const std::string& cluster_secret, int64_t epoch, HostPort address);
  ~FakeResourceManager();

  HostPort address() const { return address_; }
  platform::TokenKeys keys();
  // From now on. Tokens are signed with them, and nodes are given them.
  void UseKeys(platform::TokenKeys keys);
  ContainerTokenIdentifier Token(const AttemptId& attempt, int64_t number);

  // Goes out with the next answer, at once when a heartbeat is parked.
  void Command(NodeHeartbeatAnswer answer);
  void RecordEnds(bool record);
  // Of the registrations from now on; 0 = none is named.
  void GiveLease(Duration lease);
  // Refuses everybody from now on, and whoever is parked, as not the active one; or no more.
  void StandBy(bool standby);
  // As a standby does; they are counted all the same.
  void RefuseRegistrations(bool refuse);
  // What was said last about a container; nothing when it was never named.
  std::optional<ContainerStatus> StatusOf(const ContainerId& id);
  RegisterNodeRequest last_registration();
  int registrations();
  int64_t session();  // of the last registration; sessions grow over epochs too
  int unregistrations();

 private:
  friend class FakeTrackerHandler;
  using Parked = platform::Responder<NodeHeartbeatAnswer>;

  Result<RegisterNodeAnswer> OnRegister(RegisterNodeRequest request);
  void OnHeartbeat(const NodeHeartbeatRequest& request, const Parked& responder);
  void OnUnregister();
  int64_t SessionNow() const WEIR_REQUIRES(mutex_);
  void Hear(const ContainerStatus& status) WEIR_REQUIRES(mutex_);
  void AnswerParked() WEIR_REQUIRES(mutex_);

  const Epoch epoch_;
  HostPort address_;
  platform::Mutex keys_mutex_;  // taken when answers are translated, with the other one held
  platform::TokenKeys keys_ WEIR_GUARDED_BY(keys_mutex_);
  platform::Mutex mutex_;
  RegisterNodeRequest registration_ WEIR_GUARDED_BY(mutex_);
  int registrations_ WEIR_GUARDED_BY(mutex_) = 0;
  int unregistrations_ WEIR_GUARDED_BY(mutex_) = 0;
  bool standby_ WEIR_GUARDED_BY(mutex_) = false;
  bool refuse_registrations_ WEIR_GUARDED_BY(mutex_) = false;
  Duration lease_ WEIR_GUARDED_BY(mutex_){0};
  bool record_ends_ WEIR_GUARDED_BY(mutex_) = true;
  std::map<ContainerId, ContainerStatus> statuses_ WEIR_GUARDED_BY(mutex_);
  std::optional<NodeHeartbeatAnswer> pending_ WEIR_GUARDED_BY(mutex_);
  std::optional<Parked> parked_ WEIR_GUARDED_BY(mutex_);
  int64_t parked_sequence_ WEIR_GUARDED_BY(mutex_) = 0;  // the last one of the session
  platform::EventLoop loop_{"fake-rm"};
  platform::ThriftServer server_{loop_};
};

}  // namespace weir::nm

#endif  // WEIR_TESTS_UNIT_NODEMANAGER_FAKE_RESOURCE_MANAGER_H_
