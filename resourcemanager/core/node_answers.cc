// What a node is told in the answer to its heartbeat.
#include <algorithm>
#include <utility>

#include "resourcemanager/core/core_state.h"

namespace weir::rm {
namespace {

// Together well below one frame: a launch context has up to limits::kLaunchContextBytes.
constexpr size_t kStartsPerAnswer = 12;
constexpr size_t kIdsPerAnswer = 8000;

template <typename Map>
bool HasUntold(const Map& items) {
  return std::any_of(
      items.begin(), items.end(), [](const auto& item) { return item.second == kUntold; });
}

template <typename Map>
void ForgetTold(Map& items) {
  std::erase_if(items, [](const auto& item) { return item.second != kUntold; });
}

// Tells as many as fit, in order.
template <typename Map, typename Id>
void Tell(Map& items, int64_t sequence, std::vector<Id>& out) {
  for (auto& [id, told_in] : items) {
    if (out.size() >= kIdsPerAnswer) return;
    out.push_back(id);
    told_in = sequence;
  }
}

}  // namespace

void ResourceManagerCore::State::AcknowledgeAnswers(Node& node) const {
  ForgetTold(node.starts);
  ForgetTold(node.recorded);
  ForgetTold(node.finished_applications);
}

bool ResourceManagerCore::State::HasNews(const Node& node) const {
  for (const int64_t number : node.commands) {
    if (!commands.at(number).told) return true;
  }
  return node.granted_untold || HasUntold(node.starts) || HasUntold(node.recorded) ||
         HasUntold(node.finished_applications) ||
         std::any_of(node.stops.begin(), node.stops.end(), [](const auto& stop) {
           return !stop.second.told;
         });
}

void ResourceManagerCore::State::MarkDirty(Node& node) {
  if (!std::exchange(node.dirty, true)) dirty_nodes.push_back(node.index);
}

void ResourceManagerCore::State::AnswerNode(Node& node) {
  node.dirty = false;
  if (!node.polls.parked) return;
  if (!HasNews(node) && node.polls.parked->until > now.monotonic) {
    node_polls.Set(node.index, node.polls.parked->until);
    return Wait(node.polls.parked->call, WaitingNode{node.index});
  }
  const CallId call = node.polls.parked->call;
  Unpark(call);
  node.polls.parked.reset();
  NodeHeartbeatAnswer answer = MakeAnswer(node);
  node.polls.Keep(answer);
  Answer(call, std::move(answer));
}

NodeHeartbeatAnswer ResourceManagerCore::State::MakeAnswer(Node& node) {
  NodeHeartbeatAnswer answer;
  answer.epoch = epoch.epoch;
  answer.sequence = node.polls.last();
  answer.wall = now.wall;
  answer.unconfirmed = leadership->Unconfirmed(now.monotonic);
  TellStarts(node, answer);
  TellStops(node, answer);
  TellCommands(node, answer);
  Tell(node.recorded, answer.sequence, answer.completions_recorded);
  Tell(node.finished_applications, answer.sequence, answer.applications_finished);
  answer.capacity = node.granted;
  node.granted_untold = false;
  return answer;
}

void ResourceManagerCore::State::TellStarts(Node& node, NodeHeartbeatAnswer& answer) {
  for (auto& [id, told_in] : node.starts) {
    if (answer.start.size() >= kStartsPerAnswer) return;
    const ContainerSlot slot = *containers.Find(id);
    NoteTold(slot);
    const Application& application = *FindApplication(id.attempt.application);
    answer.start.push_back(
        {.token = TokenOf(slot), .launch = application.record.context.am_launch});
    told_in = answer.sequence;
    OnMasterStartTold(id);
  }
}

void ResourceManagerCore::State::TellStops(Node& node, NodeHeartbeatAnswer& answer) const {
  for (auto& [id, stop] : node.stops) {  // the untold first
    if (stop.told || answer.stop.size() >= kIdsPerAnswer) continue;
    answer.stop.push_back({.id = id, .reason = stop.reason});
  }
  for (auto& [id, stop] : node.stops) {
    if (!stop.told || answer.stop.size() >= kIdsPerAnswer) continue;
    answer.stop.push_back({.id = id, .reason = stop.reason});
  }
  for (const auto& command : answer.stop) node.stops.at(command.id).told = true;
}

}  // namespace weir::rm
