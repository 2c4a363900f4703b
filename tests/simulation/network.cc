#include "tests/simulation/network.h"

namespace weir::simulation {

void Network::Send(const std::string& from,
                   const std::string& to,
                   const std::string& what,
                   const std::function<void()>& deliver) {
  if (!Reachable(from, to)) {
    trace_.Line(from, what + " to " + to + " is cut off");
    return;
  }
  if (faults_.LoseMessage()) {
    trace_.Line(from, what + " to " + to + " is lost");
    return;
  }
  queue_.After(faults_.MessageDelay(), deliver);
  if (faults_.DuplicateMessage()) {
    trace_.Line(from, what + " to " + to + " is duplicated");
    queue_.After(faults_.MessageDelay(), deliver);
  }
}

void Network::Isolate(const std::string& host, Duration time) {
  trace_.Line(host, "is isolated for " + std::to_string(ToMillis(time)) + " ms");
  isolated_[host] = queue_.now() + time;
}

void Network::Cut(const std::string& from, const std::string& to, Duration time) {
  trace_.Line(from, "does not reach " + to + " for " + std::to_string(ToMillis(time)) + " ms");
  cut_[{from, to}] = queue_.now() + time;
}

bool Network::Reachable(const std::string& from, const std::string& to) {
  if (Isolated(from) || Isolated(to)) return false;
  const auto found = cut_.find({from, to});
  return found == cut_.end() || found->second <= queue_.now();
}

bool Network::Isolated(const std::string& host) {
  const auto found = isolated_.find(host);
  if (found == isolated_.end()) return false;
  if (queue_.now() < found->second) return true;
  isolated_.erase(found);
  return false;
}

}  // namespace weir::simulation
