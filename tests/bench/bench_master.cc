#include "tests/bench/bench_master.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <optional>
#include <thread>

#include "appmaster/client/master_client.h"
#include "appmaster/client/master_environment.h"
#include "appmaster/client/node_client.h"
#include "common/check.h"
#include "common/strings.h"
#include "platform/clock.h"
#include "platform/event_loop.h"
#include "platform/mutex.h"

namespace weir::bench {
namespace {

// Between two asks, so that the poll is parked again at the ResourceManager when the ask goes out.
constexpr Duration kSettle = milliseconds(2);
const Resource kSize{256, 1};

// Asks for one container at a time. In allocate mode a grant ends the sample and the container is
// given back; in launch mode the container is started and its child's word ends the sample.
class MeasuringMaster : public am::MasterListener {
 public:
  MeasuringMaster(const am::MasterEnvironment& environment, bool launch, int64_t count)
      : environment_(environment), launch_(launch), count_(count), loop_("bench-master") {}

  // Blocks until all samples are there and in `file`, or the ResourceManager gave up on us; then
  // tells the ResourceManager how it went.
  Status Run(const std::string& file);

 private:
  void OnRegistered(const am::MasterRegistration&) override {
    if (!started_) Ask();
    started_ = true;
  }
  void OnAllocation(const wire::ReceivedAllocation& allocation) override;
  void OnMasterLost(const Error& last) override { End(last); }
  void OnRejected(const Error& error) override { End(error); }

  void Ask();
  void OnGranted(const wire::ReceivedGrant& grant);
  void OnChildRunning(Instant began);
  void Record(Instant end);
  void End(Status status);
  Status WaitForEnd();
  Status Finish(FinalStatus final_status);
  void ReadChildren();  // on its own thread

  const am::MasterEnvironment environment_;
  const bool launch_;
  const int64_t count_;
  const std::string fifo_ = "child.fifo";
  platform::EventLoop loop_;
  std::unique_ptr<am::MasterClient> master_;
  std::unique_ptr<am::NodeClient> nodes_;

  // Of the loop.
  bool started_ = false;
  int64_t request_ = 0;
  Instant asked_;
  ContainerId current_;
  std::vector<double> samples_;

  platform::Mutex mutex_;
  platform::ConditionVariable ended_;
  bool over_ WEIR_GUARDED_BY(mutex_) = false;
  Status status_ WEIR_GUARDED_BY(mutex_);
};

void MeasuringMaster::Ask() {
  ++request_;
  asked_ = platform::MonotonicNow();
  master_->SetAsk({.request_id = request_, .priority = 1, .count = 1, .resource = kSize});
}

void MeasuringMaster::OnAllocation(const wire::ReceivedAllocation& allocation) {
  for (const auto& grant : allocation.granted) OnGranted(grant);
  for (const auto& status : allocation.completed) {
    if (status.id != current_) continue;
    if (launch_ && status.exit_code != 0) {
      End(Error{ErrorCode::kInternal, "a child failed: " + status.diagnostics, ""});
      return;
    }
    current_ = {};
    if (static_cast<int64_t>(samples_.size()) == count_) {
      End({});
    } else {
      loop_.At(platform::MonotonicNow() + kSettle, [this] { Ask(); });
    }
  }
}

void MeasuringMaster::OnGranted(const wire::ReceivedGrant& grant) {
  const Instant granted = platform::MonotonicNow();
  current_ = grant.id;
  if (!launch_) {
    Record(granted);
    master_->Release(grant.id);
    return;
  }
  char directory[4096];
  WEIR_CHECK(getcwd(directory, sizeof directory) != nullptr, "a container has a directory");
  LaunchContext launch;
  launch.command = {"{{WEIR_HOME}}/bin/weir-bench-child", std::string(directory) + "/" + fifo_};
  nodes_->Start(grant, std::move(launch), [this](Status status) {
    if (!status.ok()) End(std::move(status));
  });
}

void MeasuringMaster::Record(Instant end) {
  samples_.push_back(static_cast<double>((end - asked_).count()) / 1000.0);
}

void MeasuringMaster::End(Status status) {
  platform::MutexLock lock(mutex_);
  if (over_) return;
  over_ = true;
  status_ = std::move(status);
  ended_.NotifyAll();
}

void MeasuringMaster::ReadChildren() {
  // Open for writing too, so that the pipe does not end when a child closes it.
  const int pipe = open(fifo_.c_str(), O_RDWR | O_CLOEXEC);
  int64_t nanos = 0;
  while (pipe >= 0 && read(pipe, &nanos, sizeof nanos) == sizeof nanos && nanos != 0) {
    loop_.Post([this, nanos] { Record(Instant(Duration(nanos))); });
  }
  close(pipe);
}

Status MeasuringMaster::WaitForEnd() {
  platform::MutexLock lock(mutex_);
  while (!over_) ended_.Wait(mutex_);
  return status_;
}

Status MeasuringMaster::Finish(FinalStatus final_status) {
  platform::Mutex mutex;
  platform::ConditionVariable changed;
  std::optional<Status> told;
  loop_.Post([&] {
    const Instant deadline = platform::MonotonicNow() + seconds(10);
    master_->Finish({.final_status = final_status}, deadline, [&](Status status) {
      platform::MutexLock lock(mutex);
      told = std::move(status);
      changed.NotifyAll();
    });
  });
  platform::MutexLock lock(mutex);
  while (!told) changed.Wait(mutex);
  return *told;
}

// Whole or not at all: the benchmark reads the file when the application has finished.
Status WriteSamples(const std::vector<double>& samples, const std::string& file) {
  const std::string part = file + ".part";
  std::ofstream out(part);
  for (const double sample : samples) out << sample << "\n";
  out.close();
  if (!out || std::rename(part.c_str(), file.c_str()) != 0) {
    return Error{ErrorCode::kUnavailable, "cannot write " + file, ""};
  }
  return {};
}

Status MeasuringMaster::Run(const std::string& file) {
  if (mkfifo(fifo_.c_str(), 0600) != 0) {
    return Error{ErrorCode::kUnavailable, "cannot make a pipe in the container's directory", ""};
  }
  std::thread reader([this] { ReadChildren(); });
  loop_.Start();
  loop_.PostAndWait([this] {
    nodes_ = std::make_unique<am::NodeClient>(
        loop_, environment_.cluster_id, am::NodeClientOptions{.threads = 1});
    master_ =
        std::make_unique<am::MasterClient>(loop_, environment_, am::MasterProtocolOptions{}, *this);
    master_->Start({});
  });
  Status status = WaitForEnd();
  if (status.ok()) {
    std::vector<double> samples;
    loop_.PostAndWait([&] { samples = samples_; });
    status = WriteSamples(samples, file);
  }
  const Status told = Finish(status.ok() ? FinalStatus::kSucceeded : FinalStatus::kFailed);
  loop_.Stop();
  master_->Close();
  nodes_->Close();
  // A zero ends the reader.
  const int pipe = open(fifo_.c_str(), O_RDWR | O_CLOEXEC);
  const int64_t zero = 0;
  const bool written = write(pipe, &zero, sizeof zero) == sizeof zero;
  WEIR_CHECK(written, "a pipe that is open for reading takes eight bytes");
  reader.join();
  close(pipe);
  WEIR_RETURN_IF_ERROR(status);
  return told;
}

}  // namespace

int RunAsMaster(const std::vector<std::string>& words) {
  const auto count = words.size() == 4 ? ParseInt64(words[2]) : std::nullopt;
  if (!count) {
    std::fputs("usage: weir-bench --as-master allocate|launch COUNT FILE\n", stderr);
    return 2;
  }
  const auto environment = am::ReadMasterEnvironment();
  if (!environment.ok()) {
    std::fprintf(stderr, "weir-bench: %s\n", environment.error().ToString().c_str());
    return 1;
  }
  MeasuringMaster master(*environment, words[1] == "launch", *count);
  const Status status = master.Run(words[3]);
  if (!status.ok()) std::fprintf(stderr, "weir-bench: %s\n", status.error().ToString().c_str());
  return status.ok() ? 0 : 1;
}

}  // namespace weir::bench
