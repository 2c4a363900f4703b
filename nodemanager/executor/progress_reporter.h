// ProgressReporter: one thread that tells now and then how far localizations have come.
//
// Owner: the ProcessExecutor; the destructor joins. Thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_PROGRESS_REPORTER_H_
#define WEIR_NODEMANAGER_EXECUTOR_PROGRESS_REPORTER_H_

#include <functional>
#include <thread>

#include "common/time.h"
#include "platform/mutex.h"

namespace weir::nm {

class ProgressReporter {
 public:
  // `report` is called every `period`, from the thread.
  ProgressReporter(Duration period, std::function<void()> report);
  ~ProgressReporter();
  ProgressReporter(const ProgressReporter&) = delete;
  ProgressReporter& operator=(const ProgressReporter&) = delete;

 private:
  void Run();

  const Duration period_;
  const std::function<void()> report_;
  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  bool ending_ WEIR_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_PROGRESS_REPORTER_H_
