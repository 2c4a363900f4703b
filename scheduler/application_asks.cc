#include "scheduler/application_asks.h"

#include "common/check.h"

namespace weir::scheduler {

void ApplicationAsks::Set(const ContainerAsk& ask) {
  WEIR_CHECK(ask.count >= 0, "an ask is validated before it is set");
  const auto known = priorities_.find(ask.request_id);
  if (known != priorities_.end()) Erase(asks_.find({known->second, ask.request_id}));
  if (ask.count == 0) return;
  asks_.emplace(Order{ask.priority, ask.request_id}, ask);
  priorities_.emplace(ask.request_id, ask.priority);
  pending_ += ask.resource * ask.count;
  containers_ += ask.count;
}

void ApplicationAsks::TakeFromHead(int32_t count) {
  WEIR_CHECK(!asks_.empty() && asks_.begin()->second.count >= count,
             "the head wants what is granted");
  ContainerAsk& head = asks_.begin()->second;
  if (head.count == count) {
    Erase(asks_.begin());
    return;
  }
  head.count -= count;
  pending_ -= head.resource * count;
  containers_ -= count;
}

void ApplicationAsks::Erase(Asks::iterator ask) {
  pending_ -= ask->second.resource * ask->second.count;
  containers_ -= ask->second.count;
  priorities_.erase(ask->second.request_id);
  asks_.erase(ask);
}

std::string ApplicationAsks::CheckInvariants() const {
  Resource pending;
  int64_t containers = 0;
  for (const auto& [order, ask] : asks_) {
    const auto priority = priorities_.find(ask.request_id);
    if (ask.count <= 0 || order != Order{ask.priority, ask.request_id} ||
        priority == priorities_.end() || priority->second != ask.priority) {
      return "ask " + std::to_string(ask.request_id) + " is filed wrongly";
    }
    pending += ask.resource * ask.count;
    containers += ask.count;
  }
  if (priorities_.size() != asks_.size()) return "a request id has no ask";
  if (pending != pending_ || containers != containers_) {
    return "the pending sum is not that of the asks";
  }
  return "";
}

}  // namespace weir::scheduler
