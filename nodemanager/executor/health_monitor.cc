#include "nodemanager/executor/health_monitor.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "nodemanager/executor/directory_check.h"
#include "platform/clock.h"

namespace weir::nm {

using platform::MutexLock;

HealthMonitor::HealthMonitor(HealthMonitorOptions options,
                             platform::FileSystem& files,
                             EventSink sink)
    : options_(std::move(options)), files_(files), sink_(std::move(sink)) {
  if (!options_.check_directories) return;
  const auto add = [this](const std::string& path, DirectoryKind kind) {
    auto look = std::make_unique<Look>();
    look->path = path;
    look->kind = kind;
    look->thread = std::make_unique<WorkerPool>("nm-disk-check", 1, 1);
    looks_.push_back(std::move(look));
  };
  for (const std::string& path : options_.local) add(path, DirectoryKind::kLocal);
  for (const std::string& path : options_.log) add(path, DirectoryKind::kLog);
}

HealthMonitor::~HealthMonitor() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
  }
  changed_.NotifyAll();
  for (std::thread& thread : threads_) thread.join();
  // Joins those that look; they use the rest.
  for (auto& look : looks_) look->thread.reset();
}

bool HealthMonitor::ending() {
  MutexLock lock(mutex_);
  return ending_;
}

void HealthMonitor::BeginLook(Look& look) {
  if (look.under_way) return;
  look.under_way = look.thread->Submit([this, &look] {
    DirectorySample sample = CheckDirectory(files_, look.path, look.kind);
    {
      MutexLock lock(mutex_);
      look.last = std::move(sample);
      look.under_way = false;
    }
    changed_.NotifyAll();
  });
}

void HealthMonitor::CheckAll() {
  const Instant deadline = platform::MonotonicNow() + options_.patience;
  std::vector<DirectorySample> samples;
  {
    MutexLock lock(mutex_);
    for (auto& look : looks_) BeginLook(*look);
    const auto busy = [&] {
      return std::any_of(
          looks_.begin(), looks_.end(), [](const auto& look) { return look->under_way; });
    };
    while (busy() && !ending_) {
      const Duration left = deadline - platform::MonotonicNow();
      if (left <= Duration{0}) break;
      changed_.WaitFor(mutex_, left);
    }
    if (ending_) return;
    for (const auto& look : looks_) {
      DirectorySample sample{.path = look->path, .kind = look->kind};
      if (!look->under_way) {
        sample = look->last;
      } else {
        sample.fault = "the disk does not answer within " +
                       std::to_string(ToMillis(options_.patience)) + " ms";
      }
      samples.push_back(std::move(sample));
    }
  }
  sink_(DirectoriesChecked{std::move(samples)});
}

void HealthMonitor::Start() {
  if (!looks_.empty()) threads_.emplace_back([this] { FollowDirectories(); });
  for (const HealthScript& script : options_.scripts) {
    threads_.emplace_back([this, &script] { FollowScript(script); });
  }
}

void HealthMonitor::FollowDirectories() {
  pthread_setname_np(pthread_self(), "nm-health");
  do CheckAll();
  while (Pause(options_.interval));
}

void HealthMonitor::FollowScript(const HealthScript& script) {
  pthread_setname_np(pthread_self(), "nm-script");
  do {
    ScriptResult result = RunHealthScript(script, [this] { return ending(); });
    if (ending()) return;
    sink_(HealthScriptRan{std::move(result)});
  } while (Pause(script.interval));
}

bool HealthMonitor::Pause(Duration pause) {
  const Instant until = platform::MonotonicNow() + pause;
  MutexLock lock(mutex_);
  while (!ending_) {
    const Duration left = until - platform::MonotonicNow();
    if (left <= Duration{0}) return true;
    changed_.WaitFor(mutex_, left);
  }
  return false;
}

}  // namespace weir::nm
