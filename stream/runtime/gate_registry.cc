#include "stream/runtime/gate_registry.h"

#include <algorithm>
#include <utility>

namespace weir::stream {

using platform::MutexLock;

void GateRegistry::AttachNow(const std::shared_ptr<InputGate>& gate, const Request& request) {
  const bool attached =
      gate->Attach(request.vertex, request.subtask, request.sender, [&](size_t channel) {
        request.on_attached(gate, channel);
      });
  if (attached) return;
  request.sender->Close("task " + request.execution + " does not read from subtask " +
                        std::to_string(request.subtask) + " of vertex " +
                        std::to_string(request.vertex) + ", or does so already");
}

void GateRegistry::Attach(Request request, Instant now) {
  std::shared_ptr<InputGate> gate;
  {
    MutexLock lock(mutex_);
    const auto found = gates_.find(request.execution);
    if (found != gates_.end()) {
      gate = found->second;
    } else if (waiting_.size() < kWaitingMax) {
      waiting_.push_back({std::move(request), now + milliseconds(kAttachMillisMax)});
      return;
    }
  }
  if (gate == nullptr) {
    request.sender->Close("too many channels wait for tasks that are not deployed here");
    return;
  }
  AttachNow(gate, request);
}

bool GateRegistry::Register(const std::string& execution, std::shared_ptr<InputGate> gate) {
  std::vector<Request> ready;
  {
    MutexLock lock(mutex_);
    if (!gates_.emplace(execution, gate).second) return false;
    for (Waiting& each : waiting_) {
      if (each.request.execution == execution) ready.push_back(std::move(each.request));
    }
    std::erase_if(waiting_, [](const Waiting& each) { return each.request.sender == nullptr; });
  }
  for (const Request& request : ready) AttachNow(gate, request);
  return true;
}

void GateRegistry::Unregister(const std::string& execution) {
  MutexLock lock(mutex_);
  gates_.erase(execution);
}

void GateRegistry::Expire(Instant now) {
  std::vector<Request> late;
  {
    MutexLock lock(mutex_);
    for (Waiting& each : waiting_) {
      if (each.deadline <= now) late.push_back(std::move(each.request));
    }
    std::erase_if(waiting_, [](const Waiting& each) { return each.request.sender == nullptr; });
  }
  for (const Request& request : late) {
    request.sender->Close("task " + request.execution + " was not deployed within " +
                          std::to_string(kAttachMillisMax / 1000) + " s");
  }
}

size_t GateRegistry::waiting() const {
  MutexLock lock(mutex_);
  return waiting_.size();
}

}  // namespace weir::stream
