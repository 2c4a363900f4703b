// What follows a failure of an attempt: whether it counts, how long the next one waits, and which
// nodes it is kept away from.
#include <algorithm>
#include <iterator>
#include <utility>

#include "resourcemanager/core/core_state.h"

namespace weir::rm {
namespace {

// How long an ApplicationMaster waits for another node than those where one has failed.
constexpr Duration kAvoidMost = seconds(60);

}  // namespace

int32_t ResourceManagerCore::State::AttemptLimit(const Application& application) const {
  const int32_t asked = application.record.context.max_attempts;
  return asked == 0 ? options.max_attempts : std::min(asked, options.max_attempts);
}

bool ResourceManagerCore::State::IsRecent(const Application& application,
                                          const ApplicationAttempt& attempt,
                                          Now at) const {
  const Duration validity = application.record.context.attempt_failures_validity;
  return validity == Duration(0) || attempt.ended + validity > at.wall;
}

int32_t ResourceManagerCore::State::CountedFailures(const Application& application, Now at) const {
  return static_cast<int32_t>(
      std::count_if(application.attempts.begin(), application.attempts.end(), [&](const auto& one) {
        return one->counted && IsRecent(application, *one, at);
      }));
}

std::string ResourceManagerCore::State::LastFailureWords(const Application& application) const {
  const ApplicationAttempt& last = *application.current();
  const Duration validity = application.record.context.attempt_failures_validity;
  std::string limit = "maximum " + std::to_string(AttemptLimit(application));
  if (application.attempts.size() >= kAttemptsMax) {
    limit = "more attempts than " + std::to_string(kAttemptsMax) + " nobody gets";
  } else if (validity > Duration(0)) {
    limit += "; " + std::to_string(CountedFailures(application, now)) + " within " +
             std::to_string(ToMillis(validity)) + " ms";
  }
  return "Application " + application.id().ToString() + " failed " +
         std::to_string(application.attempts.size()) + " times (" + limit +
         "): " + last.id.ToString() + ": " + last.diagnostics;
}

int32_t ResourceManagerCore::State::FailuresInARow(const Application& application) const {
  int32_t row = 0;
  for (auto it = application.attempts.rbegin(); it != application.attempts.rend(); ++it) {
    const ApplicationAttempt& attempt = **it;
    if (!IsFinal(attempt.state)) continue;  // the one that is to wait
    if (!attempt.counted) {
      if (row == 0) return 0;  // what the cluster did to it is repeated at once
      continue;
    }
    ++row;
    if (attempt.ended - attempt.started >= options.attempt_pause_reset) break;
  }
  return row;
}

Duration ResourceManagerCore::State::PauseAfterFailures(const Application& application) const {
  const int32_t row = FailuresInARow(application);
  if (row == 0) return Duration(0);
  Duration pause = options.attempt_pause;
  for (int32_t i = 1; i < row && pause < options.longest_attempt_pause; ++i) pause *= 2;
  return std::min(pause, options.longest_attempt_pause);
}

// By the clock on the wall, so that a ResourceManager that is started meanwhile goes on waiting;
// however that clock jumps, never longer than the whole pause.
bool ResourceManagerCore::State::PauseBefore(Application& application, WallTime failed) {
  const Duration pause = PauseAfterFailures(application);
  const Duration over = now.wall - failed;
  const Duration left = std::min(pause, over > pause ? Duration(0) : pause - over);
  if (left <= Duration(0)) return false;
  application.pause = pause;
  application.paused_until = now.wall + std::chrono::ceil<milliseconds>(left);
  pause_deadlines.Set(application.id(), now.monotonic + left);
  Touch(application);
  return true;
}

void ResourceManagerCore::State::OnPauseOver(Application& application) {
  // It may be being killed.
  if (application.state != RmApplicationState::kAccepted) return;
  ApplicationAttempt& attempt = *application.current();
  if (attempt.state == RmAttemptState::kNew) return AskForMaster(application, attempt);
  // The others may never have the room, and a node that has failed once is better than none.
  if (attempt.avoided.empty()) return;
  EndAvoiding(attempt);
  place = true;
  Touch(application);
}

std::string ResourceManagerCore::State::PauseWords(const Application& application) const {
  const int32_t row = FailuresInARow(application);
  const int64_t pause = ToMillis(application.pause);
  const std::string seconds =
      pause % 1000 == 0 ? std::to_string(pause / 1000) + " s" : std::to_string(pause) + " ms";
  return "the next attempt asks for its container " + seconds + " after the last failure, at " +
         ToIso8601(application.paused_until) + ": " + std::to_string(row) +
         (row == 1 ? " failure" : " failures in a row");
}

std::vector<std::string> ResourceManagerCore::State::NodesToAvoid(
    const Application& application) const {
  std::vector<std::string> ids;
  if (options.avoided_nodes_share <= 0) return ids;
  for (const auto& attempt : application.attempts) {
    if (attempt->node_at_fault && IsRecent(application, *attempt, now)) {
      ids.push_back(attempt->am_node.uuid);
    }
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

bool ResourceManagerCore::State::IsOpen(const Node& node) {
  return node.slot && node.state == NodeState::kRunning && node.silent_at == kNever;
}

ResourceManagerCore::State::OpenNodes ResourceManagerCore::State::CountOpenNodes() const {
  OpenNodes open;
  for (const auto& [id, node] : nodes) {
    if (IsOpen(*node)) ++open[sched->node_label(*node->slot)];
  }
  return open;
}

// As YARN: when the share of nodes to avoid reaches the threshold, none is avoided any more.
void ResourceManagerCore::State::AvoidNodes(Application& application,
                                            ApplicationAttempt& attempt,
                                            const OpenNodes& open) {
  std::vector<std::string> ids = NodesToAvoid(application);
  int32_t lost = 0;
  for (const std::string& id : ids) {
    const Node* node = FindNode(NodeId{id});
    const bool counts = node != nullptr && IsOpen(*node);
    lost += counts && sched->node_label(*node->slot) == attempt.am_label ? 1 : 0;
  }
  const auto there = open.find(attempt.am_label);
  // Awaited ones may come back: the first node that does is not the only one.
  const int32_t all = (there == open.end() ? 0 : there->second) + awaited_nodes;
  if (lost >= options.avoided_nodes_share * all) ids.clear();
  if (ids == attempt.avoided) return;
  std::vector<std::string> no_more;
  std::set_difference(attempt.avoided.begin(),
                      attempt.avoided.end(),
                      ids.begin(),
                      ids.end(),
                      std::back_inserter(no_more));
  sched->ChangeBlacklist(*attempt.slot, ids, no_more);
  attempt.avoided = std::move(ids);
  place = true;
  Touch(application);
}

void ResourceManagerCore::State::BeginAvoiding(Application& application,
                                               ApplicationAttempt& attempt) {
  if (NodesToAvoid(application).empty()) return;
  avoiding.insert(attempt.id);
  pause_deadlines.Set(application.id(), now.monotonic + kAvoidMost);
  AvoidNodes(application, attempt, CountOpenNodes());
}

// Its workers may go there.
void ResourceManagerCore::State::EndAvoiding(ApplicationAttempt& attempt) {
  if (avoiding.erase(attempt.id) == 0 || attempt.avoided.empty()) return;
  sched->ChangeBlacklist(*attempt.slot, {}, std::exchange(attempt.avoided, {}));
}

void ResourceManagerCore::State::AvoidNodesAnew() {
  if (!std::exchange(open_nodes_differ, false) || avoiding.empty()) return;
  const OpenNodes open = CountOpenNodes();
  for (const AttemptId& id : avoiding) {
    AvoidNodes(*FindApplication(id.application), *FindAttempt(id), open);
  }
}

std::vector<std::string> ResourceManagerCore::State::NamesOfAvoided(
    const Application& application) const {
  std::vector<std::string> names;
  if (IsOver(application.state)) return names;
  for (const std::string& id : NodesToAvoid(application)) {
    const Node* node = FindNode(NodeId{id});
    names.push_back(node == nullptr ? id : node->record.address.ToString());
  }
  return names;
}

std::string ResourceManagerCore::State::AvoidedWords(const Application& application) const {
  std::string words = "the ApplicationMaster waits for room on a node where it has not failed:";
  for (const std::string& name : NamesOfAvoided(application)) {
    words += (words.back() == ':' ? " not " : ", ") + name;
  }
  return words;
}

}  // namespace weir::rm
