// Real weir-taskmanager processes under a real JobManager: jobs, failures, deaths, bad libraries.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <cstdlib>
#include <future>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "platform/authenticators.h"
#include "platform/crypto.h"
#include "platform/door.h"
#include "platform/thrift_server.h"
#include "stream/jobmanager/server/services.h"
#include "tests/support/process.h"
#include "tests/support/temp_directory.h"
#include "tests/support/wait_until.h"

namespace weir::stream {
namespace {

using testing::Process;
using testing::ReadWholeFile;
using testing::RunCommand;
using testing::TempDirectory;
using testing::WriteWholeFile;

constexpr char kSecret[] = "0123456789abcdef0123456789abcdef";
const AttemptId kAttempt{{1'700'000'000'000, 1}, 1};

std::string BuildDir() {
  const char* bin = std::getenv("WEIR_BIN_DIR");
  return bin == nullptr ? "." : std::string(bin) + "/..";
}

class Listener final : public JobManagerListener {
 public:
  void OnWorkerRegistered(const ContainerId&) override {}
  void OnWorkerGivenUp(const ContainerId&, const std::string&) override {}
  void OnStepped() override {}
  void OnStopRequested() override {}
};

class TaskManagerProcessTest : public ::testing::Test {
 protected:
  TaskManagerProcessTest() {
    core_loop_.Start();
    io_loop_.Start();
    platform::ThriftListenerOptions options;
    options.address = {"127.0.0.1", 0};
    options.authenticator = platform::MakeTaskManagerAuthenticator(kSecret, kAttempt);
    options.door = platform::MakeDoor(security::Service::kTasks);
    options.factory = MakeTaskService(jobs_);
    address_ = server_.Listen(std::move(options)).value().ToString();
    WriteWholeFile(directory_ / "worker.secret", kSecret);
    EXPECT_EQ(chmod((directory_ / "worker.secret").c_str(), 0400), 0);
  }
  ~TaskManagerProcessTest() override {
    workers_.clear();
    server_.Close();
    io_loop_.Stop();
    core_loop_.Stop();
  }

  static ContainerId Container(size_t index) {
    return ContainerId::Make(kAttempt, Epoch{1}, static_cast<int64_t>(index) + 2);
  }
  Process& StartWorker(const std::string& secret_directory = "") {
    const size_t index = workers_.size();
    const std::string home = directory_ / ("worker" + std::to_string(index));
    EXPECT_EQ(mkdir(home.c_str(), 0700), 0);
    testing::ProcessOptions options;
    options.argv = {BuildDir() + "/bin/weir-taskmanager"};
    options.environment = {
        {"CONTAINER_ID", Container(index).ToString()},
        {"WEIR_SECRETS_DIR", secret_directory.empty() ? directory_.path() : secret_directory},
        {"WEIR_JOBMANAGER_ADDRESS", address_},
        {"WEIR_TASK_SLOTS", "2"},
        {"WEIR_CONF_DIR", home},
        {"PWD", home}};
    options.directory = home;
    options.log_file = directory_ / ("worker" + std::to_string(index) + ".log");
    workers_.push_back(std::make_unique<Process>(options));
    return *workers_.back();
  }
  std::string Log(size_t index) {
    return ReadWholeFile(directory_ / ("worker" + std::to_string(index) + ".log"));
  }

  JobId Submit(const std::string& library,
               const std::vector<std::string>& arguments,
               int32_t parallelism,
               const std::string& graph_arguments_suffix = "") {
    std::vector<std::string> command = {BuildDir() + "/bin/weir-graph",
                                        "--library",
                                        library,
                                        "--parallelism",
                                        std::to_string(parallelism),
                                        "--"};
    for (const auto& argument : arguments) command.push_back(argument + graph_arguments_suffix);
    const auto graph = RunCommand(command);
    EXPECT_EQ(graph.exit_code, 0) << graph.ToString();
    JobSpec spec;
    spec.name = "test";
    spec.arguments = arguments;
    spec.parallelism = parallelism;
    spec.graph = JobGraph::FromText(graph.out).value();
    spec.graph_sha256 = platform::Sha256Hex(graph.out);
    std::promise<Result<JobId>> submitted;
    jobs_.SubmitWithFile(
        spec, library, [&](Result<JobId> id) { submitted.set_value(std::move(id)); });
    auto id = submitted.get_future().get();
    EXPECT_TRUE(id.ok()) << (id.ok() ? "" : id.error().ToString());
    return id.value();
  }
  JobReport Watch(const JobId& id, int64_t version) {
    std::promise<Result<JobReport>> watched;
    jobs_.Watch(id, version, seconds(1), [&](Result<JobReport> report) {
      watched.set_value(std::move(report));
    });
    return watched.get_future().get().value();
  }
  // The report that satisfies `condition`.
  JobReport WaitFor(const JobId& id, const std::function<bool(const JobReport&)>& condition) {
    JobReport report;
    report.version = -1;
    EXPECT_TRUE(testing::WaitUntil(
        [&] {
          report = Watch(id, report.version);
          return condition(report);
        },
        "the job's state"));
    return report;
  }
  JobReport WaitForEnd(const JobId& id) {
    return WaitFor(id, [](const JobReport& report) { return IsTerminal(report.state); });
  }
  void CancelJob(const JobId& id) {
    std::promise<Status> canceled;
    jobs_.Cancel(id, [&](Status status) { canceled.set_value(std::move(status)); });
    EXPECT_TRUE(canceled.get_future().get().ok());
  }

  TempDirectory directory_;
  Listener listener_;
  platform::EventLoop core_loop_{"core"};
  platform::EventLoop io_loop_{"io"};
  JobManager jobs_{core_loop_, {}, directory_ / "blobs", listener_};
  platform::ThriftServer server_{io_loop_};
  std::string address_;
  std::vector<std::unique_ptr<Process>> workers_;
};

std::string WordCountLibrary() {
  return BuildDir() + "/examples/word_count.so";
}
std::string SequenceLibrary() {
  return BuildDir() + "/examples/sequence_sum.so";
}

std::map<std::string, int64_t> CountWords(const std::string& text) {
  std::map<std::string, int64_t> counts;
  std::istringstream in(text);
  for (std::string word; in >> word;) ++counts[word];
  return counts;
}

std::map<std::string, int64_t> ReadCounts(const std::vector<std::string>& outputs) {
  std::map<std::string, int64_t> counts;
  for (const std::string& output : outputs) {
    std::istringstream in(ReadWholeFile(output));
    std::string word;
    for (int64_t count = 0; in >> word >> count;) {
      EXPECT_TRUE(counts.emplace(word, count).second) << word << " twice";
    }
  }
  return counts;
}

TEST_F(TaskManagerProcessTest, TwoTaskManagersCountWordsAsOneProgramWould) {
  StartWorker();
  StartWorker();
  std::string text;
  for (int i = 0; i < 20'000; ++i) {
    text += "word" + std::to_string(i * i % 997) + (i % 7 == 0 ? "\n" : " ");
  }
  WriteWholeFile(directory_ / "text", text);
  const JobReport report = WaitForEnd(Submit(
      WordCountLibrary(), {"--input", directory_ / "text", "--output", directory_ / "out"}, 4));
  EXPECT_EQ(report.state, JobState::kFinished) << report.failure;
  EXPECT_EQ(report.outputs.size(), 4u);
  EXPECT_EQ(ReadCounts(report.outputs), CountWords(text));
  EXPECT_EQ(report.vertices.at(0).counters.records_out, 20'000);
  EXPECT_EQ(report.vertices.at(1).counters.records_in, 20'000);
}

TEST_F(TaskManagerProcessTest, ASessionRunsSeveralJobsOfOneLibrary) {
  StartWorker();
  std::vector<JobId> jobs;
  for (int i = 0; i < 3; ++i) {
    jobs.push_back(Submit(
        SequenceLibrary(), {"1", "100000", "7", directory_ / ("out" + std::to_string(i))}, 2));
  }
  for (const JobId& id : jobs) {
    const JobReport report = WaitForEnd(id);
    EXPECT_EQ(report.state, JobState::kFinished) << report.failure;
    int64_t total = 0;
    for (const auto& [bucket, sum] : ReadCounts(report.outputs)) total += sum;
    EXPECT_EQ(total, int64_t{100'000} * 100'001 / 2);
  }
}

TEST_F(TaskManagerProcessTest, ACanceledJobEndsAndLeavesNoFile) {
  StartWorker();
  StartWorker();
  const std::string output = directory_ / "out";
  const JobId id = Submit(SequenceLibrary(), {"1", "9000000000000000000", "1000", output}, 4);
  WaitFor(id, [](const JobReport& report) { return report.source_records > 0; });
  CancelJob(id);
  EXPECT_EQ(WaitForEnd(id).state, JobState::kCanceled);
  EXPECT_TRUE(testing::WaitUntil(
      [&] {
        return RunCommand({"ls", "-A", output}).out.empty();
      },
      "an empty directory"));
}

TEST_F(TaskManagerProcessTest, AKilledTaskManagerFailsItsJobAndTheOtherLivesOn) {
  StartWorker();
  StartWorker();
  const JobId id = Submit(SequenceLibrary(), {"1", "9000000000000000000", "1000"}, 4);
  WaitFor(id, [](const JobReport& report) { return report.source_records > 0; });
  workers_[1]->Kill();
  core_loop_.Post([this] { jobs_.Handle(WorkerEnded{Container(1), "killed by the test"}); });
  const JobReport report = WaitForEnd(id);
  EXPECT_EQ(report.state, JobState::kFailed);
  EXPECT_NE(report.failure.find("lost"), std::string::npos) << report.failure;
  const JobReport next = WaitForEnd(Submit(SequenceLibrary(), {"1", "10", "2"}, 2));
  EXPECT_EQ(next.state, JobState::kFinished) << next.failure;
}

TEST_F(TaskManagerProcessTest, AProgramThatBuildsAnotherGraphIsRefusedByItsHash) {
  StartWorker();
  const std::string output = directory_ / "out";
  const JobReport report = WaitForEnd(Submit(SequenceLibrary(), {"1", "10", "2", output}, 1, "0"));
  EXPECT_EQ(report.state, JobState::kFailed);
  EXPECT_NE(report.failure.find("built another graph"), std::string::npos) << report.failure;
}

TEST_F(TaskManagerProcessTest, AnOutputDirectoryWithResultsFailsTheJobBeforeItReads) {
  StartWorker();
  const std::string output = directory_ / "out";
  EXPECT_EQ(mkdir(output.c_str(), 0700), 0);
  WriteWholeFile(output + "/part-00000", "old\n");
  const JobReport report = WaitForEnd(Submit(SequenceLibrary(), {"1", "10", "2", output}, 1));
  EXPECT_EQ(report.state, JobState::kFailed);
  EXPECT_NE(report.failure.find(output + " already has results"), std::string::npos)
      << report.failure;
  EXPECT_EQ(ReadWholeFile(output + "/part-00000"), "old\n");
}

TEST_F(TaskManagerProcessTest, ShutDownAndSignalsEndTheProcessWithTheirCodes) {
  Process& told = StartWorker();
  const JobReport report = WaitForEnd(Submit(SequenceLibrary(), {"1", "10", "2"}, 1));
  EXPECT_EQ(report.state, JobState::kFinished) << report.failure;
  core_loop_.Post([this] { jobs_.Handle(ShutDownWorker{Container(0)}); });
  EXPECT_EQ(told.Wait(), 0) << Log(0);
  Process& killed = StartWorker();
  ASSERT_TRUE(testing::WaitUntil([&] { return Log(1).find("started") != std::string::npos; },
                                 "a worker that started"));
  killed.Signal(SIGTERM);
  EXPECT_EQ(killed.Wait(), 128 + SIGTERM) << Log(1);
}

TEST_F(TaskManagerProcessTest, AWrongSecretEndsTheProcessWithTheReason) {
  const std::string secrets = directory_ / "wrong";
  EXPECT_EQ(mkdir(secrets.c_str(), 0700), 0);
  WriteWholeFile(secrets + "/worker.secret", "another secret, long enough");
  EXPECT_EQ(chmod((secrets + "/worker.secret").c_str(), 0400), 0);
  EXPECT_EQ(StartWorker(secrets).Wait(), 1);
  EXPECT_NE(Log(0).find("refuses us"), std::string::npos) << Log(0);
}

}  // namespace
}  // namespace weir::stream
