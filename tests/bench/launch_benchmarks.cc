// launch and kill: the NodeManager's executor with its cgroups, in this process, so that this
// process may be as large as a NodeManager can get. Needs root, as its cgroups do.
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <memory>

#include "nodemanager/executor/container_groups.h"
#include "nodemanager/executor/process_executor.h"
#include "platform/clock.h"
#include "platform/mutex.h"
#include "tests/bench/bench.h"
#include "tests/support/process_cluster.h"
#include "tests/support/temp_directory.h"

namespace weir::bench {
namespace {

constexpr size_t kBytesPerMib = size_t{1} << 20;
constexpr Duration kPatience = seconds(30);
constexpr int kPipeWaitMs = 30'000;

ContainerId IdOf(int64_t number) {
  return ContainerId::Make({{1'700'000'000'000, 1}, 1}, Epoch{1}, number);
}

// Memory that is there, as in a NodeManager with much to remember.
class Ballast {
 public:
  explicit Ballast(int64_t mib) : bytes_(static_cast<size_t>(mib) * kBytesPerMib) {
    if (bytes_ == 0) return;
    memory_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory_ == MAP_FAILED) return;
    // Pages of 4 KiB, as a heap that grew bit by bit has them.
    madvise(memory_, bytes_, MADV_NOHUGEPAGE);
    auto* bytes = static_cast<volatile char*>(memory_);
    for (size_t at = 0; at < bytes_; at += 4096) bytes[at] = 1;
  }
  ~Ballast() {
    if (bytes_ > 0 && memory_ != MAP_FAILED) munmap(memory_, bytes_);
  }
  Ballast(const Ballast&) = delete;
  Ballast& operator=(const Ballast&) = delete;
  bool ok() const { return memory_ != MAP_FAILED; }

 private:
  const size_t bytes_;
  void* memory_ = nullptr;
};

// A node with nothing but its executor; keeps when each container's end was told.
class Node {
 public:
  Node() : directories_({path() + "/local"}, {path() + "/log"}, path() + "/notes") {}
  ~Node() {
    executor_.reset();
    if (groups_) {
      static_cast<void>(groups_->SweepOthers(kPatience));
      groups_->End();
    }
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  Status Start() {
    nm::CgroupOptions cgroups;
    cgroups.name = "weir-bench-" + std::to_string(::getpid());
    cgroups.pids_limit = 64;
    cgroups.required = true;
    cgroups.machine_cores = static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN));
    cgroups.cpu = {true, 8, cgroups.machine_cores};
    auto& files = platform::FileSystem::Real();
    groups_ = nm::ContainerGroups::Start(cgroups, files);
    WEIR_RETURN_IF_ERROR(groups_->CheckRequired());
    nm::ProcessExecutorOptions options;
    options.launch_binary = testing::BinaryPath("weir-launch");
    options.weir_home = "/";
    options.groups = groups_.get();
    WEIR_ASSIGN_OR_RETURN(
        executor_,
        nm::ProcessExecutor::Start(
            options, files, directories_, [this](nm::Event event) { Take(std::move(event)); }));
    if (::mkfifo(fifo().c_str(), 0600) != 0) {
      return Error{ErrorCode::kUnavailable, "cannot make a pipe", ""};
    }
    // Open for writing too, so that the pipe does not end when a child closes it.
    pipe_ = platform::FileDescriptor(::open(fifo().c_str(), O_RDWR | O_CLOEXEC));
    return {};
  }

  std::string fifo() const { return path() + "/fifo"; }

  // As far as RUNNING, as the core does it: localised, then launched.
  void Launch(int64_t number, const std::vector<std::string>& command) {
    ContainerTokenIdentifier token;
    token.id = IdOf(number);
    token.user = "bench";
    token.resource = {64, 1};
    LaunchContext launch;
    launch.command = command;
    executor_->Localize(token, launch, {});
  }
  void Signal(int64_t number) {
    executor_->SignalContainer(IdOf(number), nm::SignalKind::kTerminate);
  }
  Result<Instant> AwaitEnd(int64_t number) { return Await(number, &Node::ended_); }
  Status AwaitRunning(int64_t number) {
    WEIR_RETURN_IF_ERROR(Await(number, &Node::running_));
    return {};
  }

  // Reads the next child's word; when that was there.
  Result<Instant> ReadWord() {
    pollfd ready{pipe_.get(), POLLIN, 0};
    int64_t word = 0;
    if (::poll(&ready, 1, kPipeWaitMs) != 1 ||
        ::read(pipe_.get(), &word, sizeof word) != sizeof word) {
      return Failure("a child did not write");
    }
    return platform::MonotonicNow();
  }

 private:
  std::string path() const { return directory_.path(); }

  void Take(nm::Event event) {
    const Instant now = platform::MonotonicNow();
    // The core's part, without its bookkeeping.
    if (const auto* done = std::get_if<nm::LocalizationDone>(&event)) executor_->Launch(done->id);
    platform::MutexLock lock(mutex_);
    if (const auto* running = std::get_if<nm::Launched>(&event)) running_[running->id] = now;
    if (const auto* drained = std::get_if<nm::Drained>(&event)) {
      ended_[drained->id] = now;
      executor_->CleanUp(drained->id);
      executor_->Forget(drained->id);
    }
    if (const auto* failed = std::get_if<nm::LaunchFailed>(&event)) failure_ = failed->error;
    if (const auto* failed = std::get_if<nm::LocalizationFailed>(&event)) failure_ = failed->error;
    changed_.NotifyAll();
  }

  Error Failure(const std::string& what) {
    platform::MutexLock lock(mutex_);
    return {ErrorCode::kInternal, what + (failure_ ? ": " + failure_->ToString() : ""), ""};
  }

  Result<Instant> Await(int64_t number, std::map<ContainerId, Instant> Node::*times) {
    const Instant deadline = platform::MonotonicNow() + kPatience;
    platform::MutexLock lock(mutex_);
    const std::map<ContainerId, Instant>& when = this->*times;
    while (!when.contains(IdOf(number))) {
      const Duration left = deadline - platform::MonotonicNow();
      if (left <= Duration{0} || failure_) {
        return Error{ErrorCode::kInternal,
                     "container " + std::to_string(number) + " did not get there" +
                         (failure_ ? ": " + failure_->ToString() : ""),
                     ""};
      }
      changed_.WaitFor(mutex_, left);
    }
    return when.at(IdOf(number));
  }

  const testing::TempDirectory directory_;
  const nm::ContainerDirectories directories_;
  platform::FileDescriptor pipe_;
  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  std::map<ContainerId, Instant> running_ WEIR_GUARDED_BY(mutex_);
  std::map<ContainerId, Instant> ended_ WEIR_GUARDED_BY(mutex_);
  std::optional<Error> failure_ WEIR_GUARDED_BY(mutex_);
  std::unique_ptr<nm::ContainerGroups> groups_;
  std::unique_ptr<nm::ProcessExecutor> executor_;
};

double Micros(Duration duration) {
  return static_cast<double>(duration.count()) / 1000.0;
}

std::vector<std::string> Child(const Node& node) {
  return {testing::BinaryPath("weir-bench-child"), node.fifo()};
}

}  // namespace

Result<Samples> RunLaunch(const Parameters& parameters) {
  const Ballast ballast(parameters.at("ballast-mib"));
  if (!ballast.ok()) return Error{ErrorCode::kResourceExhausted, "no memory for the ballast", ""};
  Node node;
  WEIR_RETURN_IF_ERROR(node.Start());
  Samples samples;
  int64_t number = 0;
  for (int64_t i = 0; i < parameters.at("serial"); ++i) {
    const Instant begin = platform::MonotonicNow();
    node.Launch(++number, Child(node));
    WEIR_ASSIGN_OR_RETURN(const Instant word, node.ReadWord());
    samples["serial_us"].push_back(Micros(word - begin));
    WEIR_RETURN_IF_ERROR(node.AwaitEnd(number));
  }
  const int64_t burst = parameters.at("burst");
  const int64_t first = number + 1;
  const Instant begin = platform::MonotonicNow();
  Instant last = begin;
  for (int64_t i = 0; i < burst; ++i) node.Launch(++number, Child(node));
  for (int64_t i = 0; i < burst; ++i) {
    WEIR_ASSIGN_OR_RETURN(const Instant word, node.ReadWord());
    last = std::max(last, word);
  }
  const double taken = std::chrono::duration<double>(last - begin).count();
  samples["burst_launches_per_second"].push_back(static_cast<double>(burst) / taken);
  for (int64_t i = first; i <= number; ++i) WEIR_RETURN_IF_ERROR(node.AwaitEnd(i));
  return samples;
}

Result<Samples> RunKill(const Parameters& parameters) {
  Node node;
  WEIR_RETURN_IF_ERROR(node.Start());
  Samples samples;
  for (int64_t number = 1; number <= parameters.at("kills"); ++number) {
    node.Launch(number, {"/bin/sleep", "1000"});
    WEIR_RETURN_IF_ERROR(node.AwaitRunning(number));
    const Instant begin = platform::MonotonicNow();
    node.Signal(number);
    WEIR_ASSIGN_OR_RETURN(const Instant end, node.AwaitEnd(number));
    samples["kill_us"].push_back(Micros(end - begin));
  }
  return samples;
}

}  // namespace weir::bench
