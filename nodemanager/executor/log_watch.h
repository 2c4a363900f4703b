// LogWatch: one thread that holds the logs of the containers of this node to their limits.
//
// Every period it looks at all containers that are here, sooner at those that write fast; once
// more at each that has ended, and, when a disk fails just then, for a minute or so until it does
// not. That a log cannot be cut is told once, and once that it can again. Owner: the daemon; what
// it tells excess to must outlive it. Update and Report are thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_LOG_WATCH_H_
#define WEIR_NODEMANAGER_EXECUTOR_LOG_WATCH_H_

#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "nodemanager/executor/log_limits.h"
#include "platform/mutex.h"

namespace weir::nm {

struct LogWatchReport {
  int64_t cut_bytes = 0;
  int64_t killed = 0;  // containers over their limit
  int64_t errors = 0;  // files that could not be cut, or looked at, each time
};

class LogWatch {
 public:
  // The container's directory is over its limit, in words.
  using TellExcess = std::function<void(const ContainerId&, const std::string& words)>;

  LogWatch(const ContainerDirectories& directories,
           LogLimits limits,
           TellExcess tell,
           LogFileCalls& calls = LogFileCalls::Real());
  ~LogWatch();
  LogWatch(const LogWatch&) = delete;
  LogWatch& operator=(const LogWatch&) = delete;

  // The containers that run here now.
  void Update(std::vector<ContainerId> running);
  LogWatchReport Report() const;

 private:
  struct Watched {
    Instant due;
    Instant looked{};  // last
    Instant directory_due{};
    std::map<std::string, int64_t> ends;
    bool running = true;
    bool told = false;
    std::string failure;  // of the look before
    int looks_left = kLastLooks;
  };
  static constexpr int kLastLooks = 60;  // at one that has ended, while they fail

  void Run();
  // False: nothing is left to be done for it.
  bool Look(const ContainerId& id, Watched& watched, Instant now);
  // True: something failed.
  bool Count(const ContainerId& id, const Result<LogPass>& pass, Watched& watched);
  void CheckDirectory(const LogDirectory& directory, Watched& watched, Instant now);
  // Takes over who runs; when the next look is due.
  Instant TakeUpdate(Instant now) WEIR_REQUIRES(mutex_);

  const ContainerDirectories& directories_;
  const LogLimits limits_;
  const TellExcess tell_;
  LogFileCalls& calls_;
  std::map<ContainerId, Watched> watched_;  // of the thread
  mutable platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  std::vector<ContainerId> running_ WEIR_GUARDED_BY(mutex_);
  bool updated_ WEIR_GUARDED_BY(mutex_) = false;
  bool ending_ WEIR_GUARDED_BY(mutex_) = false;
  LogWatchReport report_ WEIR_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_LOG_WATCH_H_
