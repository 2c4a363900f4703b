#include "nodemanager/executor/progress_reporter.h"

#include <pthread.h>

#include <utility>

namespace weir::nm {

using platform::MutexLock;

ProgressReporter::ProgressReporter(Duration period, std::function<void()> report)
    : period_(period), report_(std::move(report)), thread_([this] { Run(); }) {}

ProgressReporter::~ProgressReporter() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
  }
  changed_.NotifyAll();
  thread_.join();
}

void ProgressReporter::Run() {
  pthread_setname_np(pthread_self(), "nm-progress");
  while (true) {
    {
      MutexLock lock(mutex_);
      if (!ending_) changed_.WaitFor(mutex_, period_);
      if (ending_) return;
    }
    report_();
  }
}

}  // namespace weir::nm
