#include "nodemanager/executor/log_watch.h"

#include <pthread.h>

#include <algorithm>
#include <set>
#include <utility>

#include "platform/clock.h"
#include "platform/log.h"

namespace weir::nm {

using platform::MutexLock;

LogWatch::LogWatch(const ContainerDirectories& directories,
                   LogLimits limits,
                   TellExcess tell,
                   LogFileCalls& calls)
    : directories_(directories),
      limits_(limits),
      tell_(std::move(tell)),
      calls_(calls),
      thread_([this] { Run(); }) {}

LogWatch::~LogWatch() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
  }
  changed_.NotifyAll();
  thread_.join();
}

void LogWatch::Update(std::vector<ContainerId> running) {
  {
    MutexLock lock(mutex_);
    running_ = std::move(running);
    updated_ = true;
  }
  changed_.NotifyAll();
}

LogWatchReport LogWatch::Report() const {
  MutexLock lock(mutex_);
  return report_;
}

Instant LogWatch::TakeUpdate(Instant now) {
  if (std::exchange(updated_, false)) {
    const std::set<ContainerId> running(running_.begin(), running_.end());
    for (const ContainerId& id : running) watched_.try_emplace(id, Watched{.due = now});
    for (auto& [id, watched] : watched_) {
      if (!watched.running || running.contains(id)) continue;
      // It has written its last byte: once more, and never again.
      watched.running = false;
      watched.due = now;
    }
  }
  Instant next = now + limits_.period;
  for (const auto& [id, watched] : watched_) next = std::min(next, watched.due);
  return next;
}

void LogWatch::Run() {
  pthread_setname_np(pthread_self(), "nm-logs");
  while (true) {
    {
      MutexLock lock(mutex_);
      while (!ending_) {
        const Instant now = platform::MonotonicNow();
        const Instant next = TakeUpdate(now);
        if (next <= now) break;
        changed_.WaitFor(mutex_, next - now);
      }
      if (ending_) return;
    }
    const Instant now = platform::MonotonicNow();
    for (auto it = watched_.begin(); it != watched_.end();) {
      auto& [id, watched] = *it;
      const bool stays = watched.due > now || Look(id, watched, now);
      it = stays ? std::next(it) : watched_.erase(it);
    }
  }
}

bool LogWatch::Look(const ContainerId& id, Watched& watched, Instant now) {
  const auto directory = LogDirectory::Open(directories_, id);
  const auto pass = directory.ok() ? CutLogs(*directory, limits_, LogCutting::kPunch, calls_)
                                   : Result<LogPass>(directory.error());
  const bool failed = Count(id, pass, watched);
  watched.due = now + limits_.period;
  if (!watched.running) return failed && --watched.looks_left > 0;
  if (!pass.ok()) return true;  // not there yet, or gone
  int64_t grown = 0;
  for (const auto& [name, end] : pass->ends) grown = std::max(grown, end - watched.ends[name]);
  // A disk that fails is not asked faster.
  if (watched.looked != Instant{} && !failed) {
    watched.due = now + NextLook(limits_, grown, now - watched.looked);
  }
  watched.looked = now;
  watched.ends = pass->ends;
  if (limits_.directory_bytes > 0 && watched.directory_due <= now) {
    CheckDirectory(*directory, watched, now);
  }
  return true;
}

bool LogWatch::Count(const ContainerId& id, const Result<LogPass>& pass, Watched& watched) {
  std::vector<Error> errors;
  if (pass.ok()) {
    errors = pass->errors;
  } else if (pass.error().code != ErrorCode::kNotFound) {
    errors.push_back(pass.error());
  }
  const std::string failure = errors.empty() ? "" : errors.front().ToString();
  if (!failure.empty() && failure != watched.failure) {
    platform::LogWarn("nm.logs",
                      id.ToString(),
                      "a log that is too large could not be cut; trying on",
                      {{"cause", failure}});
  } else if (failure.empty() && !watched.failure.empty()) {
    platform::LogInfo("nm.logs", id.ToString(), "its logs can be cut again");
  }
  watched.failure = failure;
  MutexLock lock(mutex_);
  report_.cut_bytes += pass.ok() ? pass->cut : 0;
  report_.errors += static_cast<int64_t>(errors.size());
  return !errors.empty();
}

void LogWatch::CheckDirectory(const LogDirectory& directory, Watched& watched, Instant now) {
  watched.directory_due = now + limits_.directory_period;
  const int64_t bytes = DiskUsage(directory);
  if (bytes <= limits_.directory_bytes || std::exchange(watched.told, true)) return;
  {
    MutexLock lock(mutex_);
    ++report_.killed;
  }
  tell_(directory.id(),
        "killed because its log directory holds " + std::to_string(bytes) + " bytes of at most " +
            std::to_string(limits_.directory_bytes) +
            " (yarn.nodemanager.container-log-monitor.dir-size-limit-bytes)");
}

}  // namespace weir::nm
