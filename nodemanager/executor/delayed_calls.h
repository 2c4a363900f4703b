// DelayedCalls: one thread that calls functions when their time has come. They must not touch a
// disk or wait: what takes time is handed on to a pool.
//
// Owner: the ProcessExecutor; the destructor leaves undone what is not due. Thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_DELAYED_CALLS_H_
#define WEIR_NODEMANAGER_EXECUTOR_DELAYED_CALLS_H_

#include <functional>
#include <map>
#include <thread>

#include "common/time.h"
#include "platform/mutex.h"

namespace weir::nm {

class DelayedCalls {
 public:
  DelayedCalls();
  ~DelayedCalls();
  DelayedCalls(const DelayedCalls&) = delete;
  DelayedCalls& operator=(const DelayedCalls&) = delete;

  void After(Duration delay, std::function<void()> call);

 private:
  void Run();

  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  std::multimap<Instant, std::function<void()>> due_ WEIR_GUARDED_BY(mutex_);
  bool ending_ WEIR_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_DELAYED_CALLS_H_
