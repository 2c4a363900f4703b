// Recovery: from what earlier ResourceManagers have stored (following.cc) to the state in which
// this one begins to lead.
//
// Applications that ended keep their end; the others go on (resume.cc). Known nodes are awaited:
// they have the time of their expiry to register again, then they are LOST. Damaged records never
// stop a start: what lacks its application is deleted, a missing attempt is shown as failed.
#include <algorithm>
#include <iterator>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "resourcemanager/core/core_state.h"
#include "resourcemanager/core/node_lease.h"

namespace weir::rm {
namespace {

constexpr std::string_view kStagingScheme = "staging:";
constexpr std::string_view kAllQueues = "root";
// The newest of those that went on unseen are told, and as many nodes; to look for the former takes
// so many steps at most.
constexpr size_t kToldNodes = 200;
constexpr size_t kToldApplications = 200;
constexpr size_t kLookedAt = 2000;

}  // namespace

void ResourceManagerCore::State::Begin(const store::EpochRecord& own,
                                       const LeadershipOptions& leads) {
  epoch = own;
  started = now.wall;
  // Sessions of an older epoch never equal one of this epoch.
  next_session = (epoch.epoch.value << 32) + 1;
  next_command = (epoch.epoch.value << 32) + 1;
  options.leadership = leads;
  leadership.emplace(leads, NodeLease(options.node_lease, options.node_expiry), now.monotonic);
  counters.submitted = static_cast<int64_t>(applications.size());
  constexpr int32_t kLast = std::numeric_limits<int32_t>::max();
  const auto later = applications.upper_bound({epoch.cluster_timestamp, kLast});
  if (later != applications.begin()) {
    const ApplicationId& last = std::prev(later)->first;
    if (last.cluster_timestamp == epoch.cluster_timestamp) next_application = last.sequence + 1;
  }
  if (applied_queues.back().parts == 0) applied_queues.back().about.applied = now.wall;
  // What was counted from zero on by either clock.
  const Duration monotonic = now.monotonic.time_since_epoch();
  master_deadlines.Shift(monotonic);
  queue_deadlines.Shift(monotonic);
  lifetime_deadlines.Shift(monotonic - now.wall.time_since_epoch());
  BeginAwaitingNodes();
}

void ResourceManagerCore::State::BeginAwaitingNodes() {
  gone.clear();
  removal_deadlines = {};  // UseListsOfTheStart sets them
  // They came in some order, by which what is said to several nodes would be said.
  nodes_by_index.clear();
  for (const auto& [id, node] : nodes) {
    node->index = static_cast<int32_t>(nodes_by_index.size());
    nodes_by_index.push_back(node.get());
    node_indices.insert_or_assign(id.uuid, node->index);
    if (node->awaited) node_deadlines.Set(node->index, now.monotonic + options.node_expiry);
    if (node->gone_at == kNever) continue;
    node->gone_at = now.monotonic;
    gone.emplace(now.monotonic, node->index);
  }
  for (const auto& [id, record] : decommissions) {
    if (!record.done) SetDecommissionDeadline(*FindNode(id), record.deadline);
  }
}

// They are told here, as they would be of whoever had gone on just now.
void ResourceManagerCore::State::TellOfResumed() {
  size_t told_nodes = 0;
  for (const auto& [id, node] : nodes) {
    if (++told_nodes > kToldNodes) break;
    const SharedText address("address=" + node->record.address.ToString());
    const auto tell = [&](NodeEvent event, NodeState to) {
      Emit(Transitioned{
          "node", Subject(node->name), Name(NodeState::kNew), Name(event), Name(to), address});
    };
    tell(NodeEvent::kRecover, NodeState::kNew);
    if (node->state != NodeState::kNew) tell(NodeEvent::kDecommission, node->state);
  }
  std::vector<const Application*> told;
  size_t looked_at = 0;
  for (auto it = applications.rbegin(); it != applications.rend(); ++it) {
    if (++looked_at > kLookedAt || told.size() >= kToldApplications) break;
    if (it->second->resumed) told.push_back(it->second.get());
  }
  for (auto it = told.rbegin(); it != told.rend(); ++it) {
    const Application& application = **it;
    const ApplicationAttempt& attempt = *application.current();
    const bool has_master = attempt.state == RmAttemptState::kLaunched;
    Emit(Transitioned{"application",
                      Subject(application.id()),
                      Name(RmApplicationState::kSubmitted),
                      Name(ApplicationEvent::kAccepted),
                      Name(application.state),
                      {}});
    Emit(Transitioned{"attempt",
                      Subject(attempt.id),
                      Name(RmAttemptState::kNew),
                      Name(has_master ? AttemptEvent::kRecover : AttemptEvent::kStart),
                      Name(attempt.state),
                      {}});
  }
  const size_t all = live_applications - to_resume.size();
  if (all <= told.size()) return;
  Emit(Noted{"server",
             "-",
             std::to_string(all) + " applications go on, of which the newest are told",
             false});
}

void ResourceManagerCore::State::BeginWithWhatIsLoaded() {
  BeginBarrier();
  FindQueues();
  TellOfResumed();
  for (const auto& id : std::exchange(to_resume, {})) Resume(*FindApplication(id));
  DeleteOrphans();
  UseListsOfTheStart();
  if (applied_queues.back().parts == 0) {  // chosen just now
    AppliedQueues chosen = std::move(applied_queues.back());
    applied_queues.pop_back();
    Append(RecordsOf(chosen));
    KeepVersion(std::move(chosen));
  }
  for (Noted& note : start_notes) Emit(std::move(note));
  start_notes.clear();
  DropOldestCompleted();
  AskWhetherLeading();
}

void ResourceManagerCore::State::DeleteOrphans() {
  std::vector<store::StoreOperation> batch;
  for (const std::string& key : std::exchange(orphans, {})) batch.push_back(store::Delete{key});
  if (!batch.empty()) Append(std::move(batch));
}

void ResourceManagerCore::State::BeginBarrier() {
  if (awaited_nodes == 0 || options.recovery_wait <= Duration(0)) return;
  const bool limited = options.recovery_wait != CoreOptions::kUntilAllAreSettled;
  if (limited) barrier_ends = now.monotonic + options.recovery_wait;
  held_to_guarantees = true;
  sched->HoldToGuarantees(true);
  Emit(Noted{
      "queues",
      std::string(kAllQueues),
      "get no more than their guarantees of what is there until the " +
          std::to_string(awaited_nodes) + " nodes of before are back or lost" +
          (limited ? ", for " + std::to_string(ToMillis(options.recovery_wait)) + " ms at most"
                   : ""),
      false});
}

void ResourceManagerCore::State::EndBarrier(const std::string& why) {
  if (!std::exchange(held_to_guarantees, false)) return;
  barrier_ends = kNever;
  sched->HoldToGuarantees(false);
  place = true;
  Emit(Noted{"queues",
             std::string(kAllQueues),
             "are not held to their guarantees any more: " + why,
             false});
}

void ResourceManagerCore::State::UseStagedFiles(const Application& application, int32_t change) {
  for (const auto& [name, resource] : application.record.context.am_launch.local_resources) {
    if (!resource.uri.starts_with(kStagingScheme)) continue;
    int32_t& uses = staged_uses[resource.sha256];
    uses += change;
    if (uses == 0) staged_uses.erase(resource.sha256);
  }
}

std::vector<std::string> ResourceManagerCore::State::UnusedStagedFiles(
    const Application& application) const {
  std::vector<std::string> unused;
  for (const auto& [name, resource] : application.record.context.am_launch.local_resources) {
    if (!resource.uri.starts_with(kStagingScheme)) continue;
    if (!staged_uses.contains(resource.sha256)) unused.push_back(resource.sha256);
  }
  std::sort(unused.begin(), unused.end());
  unused.erase(std::unique(unused.begin(), unused.end()), unused.end());
  return unused;
}

}  // namespace weir::rm
