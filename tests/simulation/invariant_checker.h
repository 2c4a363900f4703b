// InvariantChecker: what must hold after every step, whatever went wrong. The first broken one is
// kept in words, and ends the run.
//
//   no acknowledged application is lost; one application per idempotency key
//   what a client was told of an end is durable, and never changes
//   an ApplicationMaster is started only after its attempt's record is durable
//   no attempt is accepted after a later one of its application
//   what runs on a node fits in it, as the RM counts, as the NM counts, and in truth
//   a container is never launched twice for one try, nor after its completion was recorded
//   a master is told of each end in one answer, until it registers or releases the container again,
//   and in words unless it is a success
//   a node that is to go gets nothing new; no more nodes are given up per minute than may be
//   the cores' own invariants (the RM's include the scheduler's); no invalid state-event pair
//
// Single-threaded.
#ifndef WEIR_TESTS_SIMULATION_INVARIANT_CHECKER_H_
#define WEIR_TESTS_SIMULATION_INVARIANT_CHECKER_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/application.h"
#include "common/ids.h"
#include "common/master_messages.h"
#include "common/node_messages.h"
#include "resourcemanager/core/resource_manager_core.h"
#include "tests/simulation/durable_state.h"

namespace weir::simulation {

class InvariantChecker {
 public:
  explicit InvariantChecker(const DurableState& store) : store_(store) {}

  // Keeps the first.
  void Fail(const std::string& what);
  bool failed() const { return !failure_.empty(); }
  const std::string& failure() const { return failure_; }

  // --- the RM says so to somebody
  void Acknowledged(const std::string& key, const ApplicationId& id);
  void Reported(const ApplicationReport& report);
  void Accepted(const AttemptId& attempt);
  void StartTold(const StartContainerCommand& command);
  void CompletionRecorded(const ContainerId& container);
  // A master's registration is answered, by the RM of that epoch; its poll is.
  void Registered(Epoch epoch, const AttemptId& attempt);
  void Polled(const AttemptId& attempt, const AllocateAnswer& answer);
  // It asks for that: who releases what an earlier RM granted is told that it is over.
  void Released(Epoch epoch, const AttemptId& attempt, const std::vector<ContainerId>& containers);
  // A node is given up for its silence, by the RM's own clock; the RM began anew.
  void NodeExpired(Instant when, size_t nodes);
  void ResourceManagerBegan();
  // --- a node
  // `retry`: how often it was started in its place before.
  void Launched(const ContainerId& container, int64_t retry = 0);

  // `newest`: nobody has begun a later epoch. One that has been deposed and does not know it yet
  // knows less.
  void AfterResourceManagerStep(const rm::ResourceManagerCore& core, Now now, bool newest);

  const std::map<std::string, ApplicationId>& acknowledged() const { return acknowledged_; }

 private:
  struct Outcome {
    ApplicationState state = ApplicationState::kNew;
    FinalStatus final_status = FinalStatus::kUndefined;
    bool operator==(const Outcome&) const = default;
  };

  const DurableState& store_;
  std::string failure_;
  std::map<std::string, ApplicationId> acknowledged_;  // by idempotency key
  std::map<ApplicationId, Outcome> ends_;
  std::map<ApplicationId, int32_t> accepted_;  // the latest attempt
  std::map<NodeId, Resource> used_;            // after the step before
  std::map<NodeId, Resource> used_earlier_;    // at most, under earlier ResourceManagers
  std::set<NodeId> going_;
  std::vector<Instant> expired_;
  std::set<std::pair<ContainerId, int64_t>> launched_;
  std::set<ContainerId> completed_;
  // In which answer to the attempt, since it registered with the RM of the epoch.
  std::map<std::pair<Epoch, AttemptId>, std::map<ContainerId, int64_t>> told_ends_;
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_INVARIANT_CHECKER_H_
