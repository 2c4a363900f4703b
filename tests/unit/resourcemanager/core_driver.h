// CoreDriver: drives a ResourceManagerCore in virtual time, as the server would: it gives the calls
// numbers, holds actions back until their record is committed, keeps the store's image, and checks
// the invariants after every step. With a standby, what that has followed does the same as what the
// records give, from each restart on. Single-threaded.
#ifndef WEIR_TESTS_UNIT_RESOURCEMANAGER_CORE_DRIVER_H_
#define WEIR_TESTS_UNIT_RESOURCEMANAGER_CORE_DRIVER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "resourcemanager/core/resource_manager_core.h"
#include "tests/unit/resourcemanager/following_standby.h"

namespace weir::rm {

CoreOptions SmallOptions();
SubmissionContext Context(const std::string& name);

class CoreDriver {
 public:
  explicit CoreDriver(const CoreOptions& options = SmallOptions());

  // A new ResourceManager on what was committed, one epoch later. Nothing parked survives.
  void Restart();

  void Step(Event event);
  void CommitAll();
  // Runs every deadline on the way.
  void Advance(Duration duration);

  // --- calls; each gives the number of the call
  CallId Submit(const SubmissionContext& context,
                const std::string& key,
                const std::string& user = "ann");
  CallId Kill(const ApplicationId& id, const std::string& user = "ann", bool administrator = false);
  CallId Watch(const ApplicationId& id, int64_t known_version, Duration park);
  CallId RegisterNodeCall(const std::string& uuid,
                          const Resource& capacity,
                          std::vector<ContainerStatus> containers = {});
  CallId Heartbeat(const std::string& uuid, NodeHeartbeatRequest request);
  CallId RegisterMasterCall(const AttemptId& attempt);
  CallId AllocateCall(const AttemptId& attempt, AllocateRequest request);
  CallId Finish(const AttemptId& attempt, FinalStatus status = FinalStatus::kSucceeded);

  // --- answers
  bool Answered(CallId call) const { return replies.contains(call); }
  // The answer, or nullptr (also when it is of another kind).
  template <typename T>
  const T* Get(CallId call) const {
    const auto found = replies.find(call);
    return found == replies.end() ? nullptr : std::get_if<T>(&found->second);
  }
  // The error's code; nothing when the call is not answered, or with something else.
  std::optional<ErrorCode> Code(CallId call) const;

  // --- whole conversations; committed at once
  ApplicationId SubmitStored(const SubmissionContext& context, const std::string& key);
  // A heartbeat with the next sequence and no parking; its answer.
  NodeHeartbeatAnswer Beat(const std::string& uuid, std::vector<ContainerStatus> containers = {});
  void AddNode(const std::string& uuid, const Resource& capacity);
  // Starts what the node is told to start, reports it RUNNING; the ids.
  std::vector<ContainerId> StartMasters(const std::string& uuid);
  // An application whose AM runs on `uuid` and has registered.
  AttemptId RunApplication(const SubmissionContext& context,
                           const std::string& key,
                           const std::string& uuid);
  // An allocate with the next sequence and no parking; its answer.
  AllocateAnswer Ask(const AttemptId& attempt,
                     std::vector<ContainerAsk> asks = {},
                     std::vector<ContainerId> releases = {});

  ApplicationReport Report(const ApplicationId& id) const;
  NodeState StateOfNode(const std::string& uuid) const;
  Resource UsedOnNode(const std::string& uuid) const;
  bool Stored(const std::string& key) const { return store.contains(key); }
  const store::ApplicationRecord* StoredApplication(const ApplicationId& id) const;

  CallId NewCall() { return {next_call++}; }
  // What it shows of everything, in words.
  static std::string Describe(const ResourceManagerCore& core, Now now);

  CoreOptions options;
  std::unique_ptr<ResourceManagerCore> core;
  Now now;
  std::map<CallId, decltype(Reply::answer)> replies;
  std::map<std::string, store::Record> store;  // what is committed
  std::vector<Append> uncommitted;
  std::vector<Action> held;
  std::vector<Transitioned> transitions;
  std::vector<InvalidEvent> invalid;
  std::vector<ForgetStagedFiles> forgotten;
  std::vector<Noted> notes;
  std::vector<ConfirmLeadership> questions;
  std::optional<StepDown> step_down;
  std::string trace;  // every action in a line
  std::optional<FollowingStandby> standby;
  std::unique_ptr<ResourceManagerCore> followed;  // what it became at the last restart
  std::map<std::string, int64_t> sessions;
  std::map<std::string, int64_t> node_sequences;
  std::map<AttemptId, int64_t> master_sequences;
  store::EpochRecord epoch;
  uint64_t next_call = 1;

 private:
  void Do(const std::function<Actions(ResourceManagerCore&)>& step);
  void Take(Actions actions);
  void Release(const Action& action);
};

ContainerStatus Running(const ContainerId& id);
ContainerStatus Complete(const ContainerId& id, int exit_code = 0);
ContainerAsk AskFor(int64_t request_id, int32_t count, const Resource& resource);

}  // namespace weir::rm

#endif  // WEIR_TESTS_UNIT_RESOURCEMANAGER_CORE_DRIVER_H_
