#include "tests/sls/resource_manager.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace weir::sls {
namespace {

constexpr int64_t kStartMillis = 1'700'000'000'000;

Now At(Instant when) {
  return {when, WallFromMillis(kStartMillis + ToMillis(when.time_since_epoch()))};
}

store::EpochRecord FirstEpoch() {
  store::EpochRecord epoch;
  epoch.epoch = {1};
  epoch.cluster_timestamp = kStartMillis;
  epoch.cluster_id = "sls";
  return epoch;
}

std::vector<store::Record> FirstRecords(const std::map<std::string, bool>& labels) {
  if (labels.empty()) return {};
  return {store::LabelsRecord{labels}};
}

}  // namespace

ResourceManager::ResourceManager(EventQueue& queue,
                                 Recorder& recorder,
                                 const rm::CoreOptions& options,
                                 const std::map<std::string, bool>& labels,
                                 OnTransition on_transition)
    : queue_(queue),
      recorder_(recorder),
      on_transition_(std::move(on_transition)),
      core_(options, FirstEpoch(), FirstRecords(labels), At(queue.now())) {
  Execute(core_.Start(now()));
}

Now ResourceManager::now() const {
  return At(queue_.now());
}

void ResourceManager::Call(rm::Event request, ReplyTo reply) {
  queue_.After(kLatency, [this, request = std::move(request), reply = std::move(reply)]() mutable {
    const rm::CallId call{next_call_++};
    calls_.emplace(call.value, std::move(reply));
    std::visit(
        [call](auto& e) {
          if constexpr (requires { e.call; }) e.call = call;
        },
        request);
    Step(request);
  });
}

void ResourceManager::Step(const rm::Event& event) {
  Execute(core_.Step(event, now()));
}

void ResourceManager::Execute(rm::Actions actions) {
  for (rm::Action& action : actions) {
    if (action.after_record > committed_) {
      held_[action.after_record].push_back(std::move(action));
    } else {
      Perform(action);
    }
  }
  ArmDeadline();
}

void ResourceManager::Perform(rm::Action& action) {
  if (auto* reply = std::get_if<rm::Reply>(&action.body)) {
    auto call = calls_.extract(reply->call.value);
    if (call.empty()) return;
    queue_.After(kLatency,
                 [reply_to = std::move(call.mapped()), answer = std::move(reply->answer)] {
                   reply_to(answer);
                 });
  } else if (const auto* append = std::get_if<rm::Append>(&action.body)) {
    appended_ = append->sequence;
    if (std::exchange(committing_, true)) return;
    queue_.After(kStoreLatency, [this] { Commit(appended_); });
  } else if (const auto* transition = std::get_if<rm::Transitioned>(&action.body)) {
    recorder_.Transition(queue_.now().time_since_epoch(),
                         transition->subject.ToString(),
                         transition->from,
                         transition->event,
                         transition->to);
    on_transition_(*transition);
  } else if (const auto* invalid = std::get_if<rm::InvalidEvent>(&action.body)) {
    if (fault_.empty()) {
      fault_ = "invalid event " + std::string(invalid->event) + " in state " +
               std::string(invalid->state) + " of " + invalid->subject.ToString();
    }
  } else if (const auto* step_down = std::get_if<rm::StepDown>(&action.body)) {
    if (fault_.empty()) fault_ = "the core steps down: " + step_down->error.ToString();
  }
}

void ResourceManager::Commit(uint64_t sequence) {
  committing_ = false;
  committed_ = sequence;
  Step(rm::RecordsCommitted{sequence});
  while (!held_.empty() && held_.begin()->first <= committed_) {
    auto actions = std::move(held_.begin()->second);
    held_.erase(held_.begin());
    for (rm::Action& action : actions) Perform(action);
  }
  if (appended_ > committed_ && !std::exchange(committing_, true)) {
    queue_.After(kStoreLatency, [this] { Commit(appended_); });
  }
}

void ResourceManager::ArmDeadline() {
  const Instant next = core_.NextDeadline();
  if (next == kNever || (armed_ > queue_.now() && armed_ <= next)) return;
  armed_ = std::max(next, queue_.now());
  queue_.At(armed_, [this, when = armed_] {
    if (armed_ != when) return;  // an earlier one was armed since
    armed_ = kNever;
    if (core_.NextDeadline() > queue_.now()) return ArmDeadline();
    Step(rm::DeadlineReached{});
  });
}

}  // namespace weir::sls
