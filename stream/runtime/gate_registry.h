// GateRegistry: the tasks of this process that read from channels, by execution id, and the senders
// that came before their task was deployed.
//
// A sender that names an unknown task waits for it, at most kAttachMillisMax and at most
// kWaitingMax of them; then it is closed with the cause. Owner: the TaskManager; outlives tasks and
// connections. Thread-safe; callbacks are called without a lock.
#ifndef WEIR_STREAM_RUNTIME_GATE_REGISTRY_H_
#define WEIR_STREAM_RUNTIME_GATE_REGISTRY_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/time.h"
#include "platform/mutex.h"
#include "stream/runtime/channel.h"

namespace weir::stream {

class GateRegistry {
 public:
  static constexpr size_t kWaitingMax = 65'536;
  static constexpr int64_t kAttachMillisMax = 60'000;

  // Called with the gate and the channel before any credit is granted.
  using OnAttached = std::function<void(std::shared_ptr<InputGate>, size_t channel)>;
  struct Request {
    std::string execution;  // of the reading task
    int32_t vertex = 0;     // the writing task
    int32_t subtask = 0;
    std::shared_ptr<ChannelSender> sender;
    OnAttached on_attached;
  };

  // Now or when the task comes. The sender is closed when the task does not read from it, when it
  // is attached already, or when too many wait.
  void Attach(Request request, Instant now);
  // False when the execution is registered already.
  [[nodiscard]] bool Register(const std::string& execution, std::shared_ptr<InputGate> gate);
  // What comes later for it waits as for an unknown task.
  void Unregister(const std::string& execution);
  // Closes the senders that have waited too long.
  void Expire(Instant now);
  size_t waiting() const;

 private:
  struct Waiting {
    Request request;
    Instant deadline;
  };
  static void AttachNow(const std::shared_ptr<InputGate>& gate, const Request& request);

  mutable platform::Mutex mutex_;
  std::map<std::string, std::shared_ptr<InputGate>> gates_ WEIR_GUARDED_BY(mutex_);
  std::vector<Waiting> waiting_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir::stream

#endif  // WEIR_STREAM_RUNTIME_GATE_REGISTRY_H_
