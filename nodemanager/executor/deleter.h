// Deleter: one thread that removes directories, at once or after the delay for debugging
// (yarn.nodemanager.delete.debug-delay-sec), so that removals hold up nothing else.
//
// Owner: the ProcessExecutor; the destructor leaves undone what is not due (the sweep at the next
// start does it). Thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_DELETER_H_
#define WEIR_NODEMANAGER_EXECUTOR_DELETER_H_

#include <functional>
#include <map>
#include <thread>

#include "common/time.h"
#include "platform/mutex.h"

namespace weir::nm {

class Deleter {
 public:
  Deleter();
  ~Deleter();
  Deleter(const Deleter&) = delete;
  Deleter& operator=(const Deleter&) = delete;

  void After(Duration delay, std::function<void()> removal);

 private:
  void Run();

  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  std::multimap<Instant, std::function<void()>> due_ WEIR_GUARDED_BY(mutex_);
  bool ending_ WEIR_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_DELETER_H_
