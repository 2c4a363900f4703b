#include "nodemanager/executor/process_watcher.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "platform/log.h"

namespace weir::nm {
namespace {

using platform::FileDescriptor;
using platform::MutexLock;

constexpr int kDrainTickMs = 20;
constexpr size_t kLineBytes = 4096;  // of a report; more is no report
constexpr int kFirmKill = 3;         // from this SIGKILL on, the launcher is not relied upon
constexpr int kRemovals = 50;        // of an empty cgroup; then the next sweep does it

// What epoll gives back: key and which descriptor.
enum class Which : uint64_t { kReport = 0, kProcess = 1 };
uint64_t Tag(uint64_t key, Which which) {
  return key << 1 | static_cast<uint64_t>(which);
}

Status Add(int epoll, int fd, uint64_t tag) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0) return {};
  return platform::SystemError("watch", "a container's launcher", errno);
}

void SendSignal(const FileDescriptor& process, int signal) {
  ::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0);
}

// What weir-launch takes each for is said in launch/launch_format.h.
void Send(WatchedProcess& process, SignalKind kind) {
  switch (kind) {
    case SignalKind::kTerminate:
      return SendSignal(process.process, SIGTERM);
    case SignalKind::kDumpThreads:
      return SendSignal(process.process, SIGQUIT);
    case SignalKind::kAskToEnd:
      return SendSignal(process.process, SIGUSR2);
    case SignalKind::kKill:
      break;
  }
  SendSignal(process.process, SIGUSR1);
  SendSignal(process.process, SIGCONT);
  if (++process.kills < kFirmKill) return;
  // It has had its time. Its end makes a search for the rest.
  SendSignal(process.process, SIGKILL);
}

// All there is in the pipe. False at its end.
bool ReadPipe(const FileDescriptor& pipe, std::string& pending) {
  std::array<char, 512> chunk{};
  while (pipe.valid() && pending.size() < kLineBytes) {
    const ssize_t count = ::read(pipe.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN;
    if (count == 0) return false;
    pending.append(chunk.data(), static_cast<size_t>(count));
  }
  return pipe.valid() && pending.size() < kLineBytes;
}

void TakeLines(WatchedProcess& process, std::vector<Event>& events) {
  size_t end = 0;
  while ((end = process.pending.find('\n')) != std::string::npos) {
    const std::string line = process.pending.substr(0, end);
    process.pending.erase(0, end + 1);
    if (line.starts_with("started ") && !process.started) {
      process.started = true;
      events.emplace_back(Launched{process.id});
    } else if (auto last = ParseLaunchEnd(line, process.program)) {
      process.end = *std::move(last);
    }
  }
}

bool IsTold(const LaunchEnd& end) {
  return end.outcome.has_value() || end.failure.has_value();
}

}  // namespace

Result<std::unique_ptr<ProcessWatcher>> ProcessWatcher::Start(EventSink sink,
                                                              ContainerGroups* groups) {
  FileDescriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return platform::SystemError("make", "an epoll descriptor", errno);
  FileDescriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return platform::SystemError("make", "an eventfd", errno);
  WEIR_RETURN_IF_ERROR(Add(epoll.get(), wake.get(), Tag(0, Which::kProcess)));
  return std::unique_ptr<ProcessWatcher>(
      new ProcessWatcher(std::move(sink), groups, std::move(epoll), std::move(wake)));
}

ProcessWatcher::ProcessWatcher(EventSink sink,
                               ContainerGroups* groups,
                               FileDescriptor epoll,
                               FileDescriptor wake)
    : sink_(std::move(sink)),
      groups_(groups),
      epoll_(std::move(epoll)),
      wake_(std::move(wake)),
      thread_([this] { Run(); }) {}

ProcessWatcher::~ProcessWatcher() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
  }
  const uint64_t one = 1;
  static_cast<void>(!::write(wake_.get(), &one, sizeof one));
  thread_.join();
}

void ProcessWatcher::TellEndsTo(EndSink sink) {
  MutexLock lock(
      mutex_);  // the thread reads it when something was watched, which takes the lock too
  end_sink_ = std::move(sink);
}

Status ProcessWatcher::Watch(WatchedProcess process) {
  MutexLock lock(mutex_);
  if (!process.process.valid()) {
    gone_.push_back(std::move(process));
    const uint64_t one = 1;
    static_cast<void>(!::write(wake_.get(), &one, sizeof one));
    return {};
  }
  const uint64_t key = ++last_key_;
  const int report = process.report.get();
  const int launcher = process.process.get();
  watched_.emplace(key, std::move(process));
  Status status;
  if (report >= 0) status = Add(epoll_.get(), report, Tag(key, Which::kReport));
  if (status.ok()) status = Add(epoll_.get(), launcher, Tag(key, Which::kProcess));
  // The descriptors of a half-made watch leave epoll when they are closed.
  if (!status.ok()) watched_.erase(key);
  return status;
}

std::vector<Launcher> ProcessWatcher::Launchers() const {
  MutexLock lock(mutex_);
  std::vector<Launcher> launchers;
  launchers.reserve(watched_.size());
  for (const auto& [key, process] : watched_) {
    launchers.push_back({process.id, process.launcher.pid});
  }
  return launchers;
}

void ProcessWatcher::SignalContainer(const ContainerId& id, SignalKind kind) {
  MutexLock lock(mutex_);
  for (auto& [key, process] : watched_) {
    if (process.id == id) Send(process, kind);
  }
}

void ProcessWatcher::Run() {
  pthread_setname_np(pthread_self(), "nm-watcher");
  while (true) {
    std::array<epoll_event, 64> ready{};
    const int count = ::epoll_wait(epoll_.get(),
                                   ready.data(),
                                   static_cast<int>(ready.size()),
                                   draining_.empty() ? -1 : kDrainTickMs);
    std::vector<Event> events;
    {
      MutexLock lock(mutex_);
      if (ending_) return;
      for (int i = 0; i < count; ++i) {
        const uint64_t tag = ready[static_cast<size_t>(i)].data.u64;
        if (tag == Tag(0, Which::kProcess)) {
          uint64_t wakes = 0;
          static_cast<void>(!::read(wake_.get(), &wakes, sizeof wakes));
          continue;
        }
        if ((tag & 1) == static_cast<uint64_t>(Which::kReport)) {
          OnReport(tag >> 1, events);
        } else {
          OnEnded(tag >> 1, events);
        }
      }
      for (WatchedProcess& process : std::exchange(gone_, {})) {
        Conclude(std::move(process));
      }
    }
    Drain(events);
    for (Event& event : events) sink_(std::move(event));
  }
}

void ProcessWatcher::OnReport(uint64_t key, std::vector<Event>& events) {
  const auto it = watched_.find(key);
  if (it == watched_.end()) return;
  const bool open = ReadPipe(it->second.report, it->second.pending);
  TakeLines(it->second, events);
  // A pipe at its end is always readable.
  if (!open) it->second.report.Close();
}

void ProcessWatcher::OnEnded(uint64_t key, std::vector<Event>& events) {
  const auto it = watched_.find(key);
  if (it == watched_.end()) return;
  WatchedProcess process = std::move(it->second);
  watched_.erase(it);
  siginfo_t info{};
  ::waitid(P_PIDFD, static_cast<id_t>(process.process.get()), &info, WEXITED);
  process.process.Close();
  static_cast<void>(ReadPipe(process.report, process.pending));
  process.report.Close();
  TakeLines(process, events);
  Conclude(std::move(process));
}

void ProcessWatcher::Conclude(WatchedProcess process) {
  if (!IsTold(process.end)) {
    if (auto end = process.notes.ReadEnd(process.program)) process.end = *std::move(end);
  }
  if (!IsTold(process.end)) {
    platform::LogWarn(
        "nm.launch", process.id.ToString(), "its launcher was killed; searching for what it left");
  }
  draining_.push_back(std::move(process));
}

// No process of it is left, and no cgroup.
bool ProcessWatcher::IsGone(WatchedProcess& process) {
  if (groups_ != nullptr && !groups_->IsEmpty(process.id)) {
    groups_->Kill(process.id);
    return false;
  }
  if (!IsTold(process.end)) {
    // A pid that is another's by now says that nobody is left in the session of its number. It may
    // still be the launcher's own: as long as its parent, which is not always we, has not reaped
    // it.
    const auto holder = IdentifyProcess(process.launcher.pid);
    const bool reused = holder && holder->start_ticks != process.launcher.start_ticks;
    if (KillStrays(process.id, reused ? 0 : process.launcher.pid, process.uid) > 0) return false;
  }
  if (groups_ == nullptr || !groups_->usable()) return true;
  if (!process.memory) process.memory = groups_->MemoryOf(process.id);
  const Status removed = groups_->Remove(process.id);
  if (removed.ok()) return true;
  if (++process.removals < kRemovals) return false;
  platform::LogError("nm.cgroups",
                     process.id.ToString(),
                     "its cgroup is empty and cannot be removed; a later sweep tries again",
                     {{"cause", removed.error().ToString()}});
  return true;
}

void ProcessWatcher::TellEnd(WatchedProcess& process, std::vector<Event>& events) {
  if (!process.started || process.end.failure) {
    Error error{ErrorCode::kUnavailable,
                "'" + process.program + "': weir-launch was killed before it could start it",
                ""};
    const bool of_node = !process.end.failure || process.end.of_node;
    events.emplace_back(
        LaunchFailed{process.id, process.end.failure.value_or(std::move(error)), of_node});
    return;
  }
  ExitOutcome lost;
  lost.kind = ExitKind::kLost;
  ExitOutcome outcome = process.end.outcome.value_or(lost);
  outcome.group = process.memory;
  if (end_sink_) {
    // What came before the end is told before it.
    for (Event& event : std::exchange(events, {})) sink_(std::move(event));
    return end_sink_(process, std::move(outcome));
  }
  AddCircumstances(process.directory, process.stderr_path, outcome);
  events.emplace_back(Exited{process.id, std::move(outcome)});
  events.emplace_back(Drained{process.id});
}

void ProcessWatcher::Drain(std::vector<Event>& events) {
  std::vector<WatchedProcess> still;
  for (WatchedProcess& process : draining_) {
    if (IsGone(process)) {
      TellEnd(process, events);
    } else {
      still.push_back(std::move(process));
    }
  }
  draining_ = std::move(still);
}

}  // namespace weir::nm
