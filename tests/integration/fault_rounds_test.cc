// Rounds of faults on a whole cluster, with applications and a session that run through them. In
// the end, and after each round, the containers' own journals are judged: nothing that was
// acknowledged is lost, nothing runs twice, nothing is disturbed that nothing was done to, nothing
// is left.
//
//   WEIR_ROUNDS   how many rounds (2)
//   WEIR_EACH     1 = before them a round for each kind of fault
//   WEIR_SEED     seed of the first one (272; the next has the next number); so a round can be had
//                 again with WEIR_ROUNDS=1 and its seed
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "client/rm_client.h"
#include "common/strings.h"
#include "platform/clock.h"
#include "tests/integration/container_journal.h"
#include "tests/integration/fault_cluster.h"

namespace weir::testing {
namespace {

constexpr int kRounds = 2;
constexpr uint64_t kSeed = 272;  // who is active dies while a node is unplugged, and so on
constexpr int kMasters = 3;
constexpr int kWorkers = 2;               // of each application of a command
constexpr int64_t kAliveWithinMs = 1000;  // a sign of life that is older is none
constexpr char kNever[] = "never";

bool IsSet(const char* variable) {
  const char* text = std::getenv(variable);
  return text != nullptr && std::string_view(text) == "1";
}

uint64_t NumberFrom(const char* variable, uint64_t fallback) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return fallback;
  const auto number = ParseInt64(text);
  EXPECT_TRUE(number.has_value() && *number > 0) << variable << " is '" << text << "'";
  return number ? static_cast<uint64_t>(*number) : fallback;
}

// How long something is as it is: the length of a fault.
void PauseUntil(Instant due) {
  for (Instant now = platform::MonotonicNow(); now < due; now = platform::MonotonicNow()) {
    ::poll(nullptr, 0, static_cast<int>(ToMillis(due - now)) + 1);
  }
}

ContainerId ContainerOf(pid_t pid) {
  const std::string environment = ReadWholeFile("/proc/" + std::to_string(pid) + "/environ");
  for (const std::string_view variable : Split(environment, '\0')) {
    constexpr std::string_view kName = "CONTAINER_ID=";
    if (!variable.starts_with(kName)) continue;
    const auto id = ContainerId::Parse(variable.substr(kName.size()));
    if (id.ok()) return *id;
  }
  return {};
}

// One that is submitted while a fault is at work.
struct Probe {
  std::string task;
  std::unique_ptr<Process> submission;
};

class FaultRounds : public FaultCluster {
 protected:
  void StartWorkload();
  static FaultPlanOptions PlanOptions();
  // `origin`: where the plan is from, for the report.
  void RunRound(uint64_t number, const std::string& origin, const PlannedFaults& plan);
  void EndWorkload();

  void KillMaster() override;
  int NodeToUnplug() override;
  void OnUnplugged(int node, Duration length) override;

 private:
  std::vector<std::string> Journal(const std::string& task, const std::string& go) const {
    return {"/bin/sh", Scratch("journal.sh"), task, Scratch(go)};
  }
  std::string SubmitContext(const SubmissionContext& context);
  std::string SubmitCommand(const std::string& task, const std::string& go);
  std::string SubmitMaster(const std::string& task);
  Probe SubmitProbe(const std::string& task) const;
  void CheckProbe(Probe& probe);

  std::vector<Life> Lives() const { return ReadJournals(Scratch("journals")); }
  bool MayEnd(const Life& life) const;
  // The latest life of the task; none = it never lived.
  std::optional<Life> LatestLife(const std::string& task) const;
  ::testing::AssertionResult AwaitAlive(const std::string& task, int64_t since);
  void AwaitAllAlive(int64_t since);
  // What something was done to, or was replaced, is over.
  void AwaitReplacedGone();
  void Harm(const PlannedFaults& plan, std::vector<Probe>& probes);
  void CheckSession();
  void Report(uint64_t number, const std::string& origin, const PlannedFaults& plan) const;

  std::string session_;
  std::unique_ptr<Process> job_client_;
  pid_t session_master_ = 0;
  pid_t session_worker_ = 0;
  std::string long_one_;
  std::vector<std::string> masters_;

  std::set<AttemptId> killed_attempts_;  // their ApplicationMasters were
  std::set<ContainerId> cut_off_;        // for longer than the lease

  // Of the round.
  std::string application_;
  std::string name_;
  int64_t began_ms_ = 0;
  int64_t healed_ms_ = 0;
  int64_t first_container_ms_ = -1;
  int64_t whole_ms_ = -1;
};

std::string FaultRounds::SubmitContext(const SubmissionContext& context) {
  cli::RmClient rm(cluster().Config());
  const auto id = rm.Submit(context);
  EXPECT_TRUE(id.ok()) << id.error().ToString();
  return id.ok() ? id->ToString() : "";
}

// As `weir application -submit` does it, but with more attempts.
std::string FaultRounds::SubmitCommand(const std::string& task, const std::string& go) {
  SubmissionContext context;
  context.name = task;
  context.type = "weir-command";
  context.am_resource = {256, 1};
  context.max_attempts = 1000;
  context.am_launch.command = {"{{WEIR_HOME}}/bin/weir-command-master",
                               "--containers",
                               std::to_string(kWorkers),
                               "--memory",
                               "64",
                               "--spread",
                               "nodes",
                               "--"};
  const auto words = Journal(task, go);
  auto& command = context.am_launch.command;
  command.insert(command.end(), words.begin(), words.end());
  return SubmitContext(context);
}

// An ApplicationMaster that says nothing to anybody: only its node's lease, or a kill, ends it.
std::string FaultRounds::SubmitMaster(const std::string& task) {
  SubmissionContext context;
  context.name = task;
  context.type = "TEST";
  context.label = kFar;
  context.am_resource = {64, 1};
  context.max_attempts = 1000;
  context.am_launch.command = Journal(task, kNever);
  return SubmitContext(context);
}

Probe FaultRounds::SubmitProbe(const std::string& task) const {
  ProcessOptions process;
  process.argv = {
      BinaryPath("weir"), "application", "-submit", "-memory", "64", "-name", task, "--"};
  const auto words = Journal(task, "now");
  process.argv.insert(process.argv.end(), words.begin(), words.end());
  process.environment = cluster().WeirEnvironment();
  process.log_file = Scratch(task + ".log");
  return {task + "0", std::make_unique<Process>(process)};
}

void FaultRounds::StartWorkload() {
  ASSERT_EQ(RunCommand({"mkdir", Scratch("journals")}).exit_code, 0);
  ASSERT_EQ(RunCommand({"chmod", "777", Scratch("journals")}).exit_code, 0);
  WriteWholeFile(Scratch("journal.sh"), JournalScript(Scratch("journals")));
  WriteWholeFile(Scratch("now"), "");
  for (int i = 0; i < kMasters; ++i) {
    masters_.push_back(SubmitMaster("master" + std::to_string(i)));
  }
  long_one_ = SubmitCommand("long", "go-long");
  session_ = StartSession();
  job_client_ = StartRun(
      "session", {"-p", "2"}, {Trial(), "steady", kForever, Scratch("sums")}, "client.log");
  AwaitJob("RUNNING");
  session_master_ = AwaitOne("weir-appmaster");
  session_worker_ = AwaitOne("weir-taskmanager");
}

std::optional<Life> FaultRounds::LatestLife(const std::string& task) const {
  std::optional<Life> latest;
  for (const Life& life : Lives()) {
    if (life.task == task) latest = life;
  }
  return latest;
}

::testing::AssertionResult FaultRounds::AwaitAlive(const std::string& task, int64_t since) {
  std::optional<Life> life;
  const auto waited = WaitUntil(
      [&] {
        life = LatestLife(task);
        return life.has_value() && life->last_ms > since && !MayEnd(*life) && !life->ended;
      },
      task + " lives");
  if (waited) return waited;
  return ::testing::AssertionFailure()
         << waited.message() << "; last: " << (life ? life->ToString() : "never");
}

bool FaultRounds::MayEnd(const Life& life) const {
  return killed_attempts_.contains(life.container.attempt) || cut_off_.contains(life.container);
}

void FaultRounds::KillMaster() {
  ContainerId master;
  const auto found = WaitUntil(
      [&] {
        for (const pid_t pid : ProcessesOf("weir-command-master")) {
          master = ContainerOf(pid);
          if (master.attempt.application.ToString() != application_) continue;
          ::kill(pid, SIGKILL);
          return true;
        }
        return false;
      },
      "the application's master runs");
  EXPECT_TRUE(found);
  killed_attempts_.insert(master.attempt);
}

int FaultRounds::NodeToUnplug() {
  const auto life = LatestLife("master0");
  EXPECT_TRUE(life.has_value());
  return NodeOf(life ? life->host : HostOf(kNodes - 1));
}

void FaultRounds::OnUnplugged(int node, Duration length) {
  if (length < kNodeExpiry) return;  // then nobody may have noticed
  for (const Life& life : Lives()) {
    const bool lived = life.last_ms > began_ms_ - kAliveWithinMs && !life.ended;
    if (life.host == HostOf(node) && lived) cut_off_.insert(life.container);
  }
}

// Faults begin one after the other, a probe after each, and end when each is due.
void FaultRounds::Harm(const PlannedFaults& plan, std::vector<Probe>& probes) {
  std::vector<std::pair<Instant, Heal>> heals;
  began_ms_ = UptimeMs();
  for (const Fault& fault : plan.faults) {
    if (!heals.empty()) PauseUntil(platform::MonotonicNow() + plan.between);
    Heal heal = Inject(fault);
    heals.emplace_back(platform::MonotonicNow() + fault.length, std::move(heal));
    probes.push_back(SubmitProbe("probe-" + name_ + "-" + std::to_string(probes.size()) + "-"));
  }
  std::sort(heals.begin(), heals.end(), [](const auto& one, const auto& other) {
    return one.first < other.first;
  });
  for (const auto& [due, heal] : heals) {
    PauseUntil(due);
    heal();
  }
  healed_ms_ = UptimeMs();
}

void FaultRounds::CheckProbe(Probe& probe) {
  const std::string log = Scratch(probe.task.substr(0, probe.task.size() - 1) + ".log");
  const auto code = probe.submission->Wait(seconds(120));
  ASSERT_TRUE(code.has_value()) << "the submission of " << probe.task << " hangs";
  std::string id;
  const std::string output = ReadWholeFile(log);
  for (const std::string_view line : Split(output, '\n')) {
    if (line.starts_with("application_")) id = std::string(line);
  }
  if (*code != 0) {
    std::printf("  %s was not taken: %s", probe.task.c_str(), output.c_str());
    return;
  }
  EXPECT_TRUE(AwaitFinalStatus(id, "SUCCEEDED")) << "acknowledged: " << id << " " << probe.task;
  int lives = 0;
  for (const Life& life : Lives()) {
    if (life.task != probe.task) continue;
    ++lives;
    EXPECT_TRUE(life.ended) << life.ToString();
    if (first_container_ms_ < 0) first_container_ms_ = life.first_ms - began_ms_;
  }
  EXPECT_EQ(lives, 1) << probe.task << " ran as often";
}

void FaultRounds::AwaitAllAlive(int64_t since) {
  std::vector<std::string> tasks;
  for (int i = 0; i < kMasters; ++i) tasks.push_back("master" + std::to_string(i));
  for (int i = 0; i < kWorkers; ++i) {
    tasks.push_back("long" + std::to_string(i));
    tasks.push_back(name_ + "-" + std::to_string(i));
  }
  for (const std::string& task : tasks) EXPECT_TRUE(AwaitAlive(task, since));
}

void FaultRounds::AwaitReplacedGone() {
  EXPECT_TRUE(WaitUntil(
      [this] {
        const auto lives = Lives();
        const int64_t now = UptimeMs();
        return std::none_of(lives.begin(), lives.end(), [&](const Life& life) {
          return MayEnd(life) && life.last_ms > now - kAliveWithinMs;
        });
      },
      "no container of a former attempt lives"));
}

void FaultRounds::CheckSession() {
  EXPECT_TRUE(AwaitState(session_, "RUNNING"));
  EXPECT_TRUE(AwaitState(long_one_, "RUNNING"));
  EXPECT_TRUE(IsAlive(session_master_));
  EXPECT_TRUE(IsAlive(session_worker_));
  EXPECT_TRUE(job_client_->IsRunning()) << ReadWholeFile(Scratch("client.log"));
}

FaultPlanOptions FaultRounds::PlanOptions() {
  FaultPlanOptions options;
  options.nodes = kNodes;
  options.can_unplug = why_no_namespaces().empty();
  options.session = kSession;
  options.lost_after = kNodeExpiry + seconds(5);
  return options;
}

void FaultRounds::RunRound(uint64_t number, const std::string& origin, const PlannedFaults& plan) {
  name_ = "round" + std::to_string(number);
  first_container_ms_ = -1;
  application_ = SubmitCommand(name_ + "-", "go-" + name_);
  ASSERT_NO_FATAL_FAILURE(AwaitAllAlive(UptimeMs() - kAliveWithinMs));
  ASSERT_FALSE(HasFailure());

  std::vector<Probe> probes;
  Harm(plan, probes);
  EXPECT_TRUE(AwaitWhole());
  for (Probe& probe : probes) ASSERT_NO_FATAL_FAILURE(CheckProbe(probe));
  AwaitAllAlive(UptimeMs());
  probes.clear();
  probes.push_back(SubmitProbe("after-" + name_ + "-"));
  ASSERT_NO_FATAL_FAILURE(CheckProbe(probes.front()));
  whole_ms_ = UptimeMs() - healed_ms_;
  CheckSession();
  AwaitReplacedGone();
  WriteWholeFile(Scratch("go-" + name_), "");
  EXPECT_TRUE(AwaitFinalStatus(application_, "SUCCEEDED"));
  for (const std::string& fault :
       FindFaults(Lives(), healed_ms_, [this](const Life& life) { return MayEnd(life); })) {
    ADD_FAILURE() << fault;
  }
  Report(number, origin, plan);
}

void FaultRounds::Report(uint64_t number,
                         const std::string& origin,
                         const PlannedFaults& plan) const {
  int64_t silence = 0;
  std::vector<Life> of_round;
  for (const Life& life : Lives()) {
    if (life.last_ms > began_ms_) silence = std::max(silence, life.longest_silence_ms);
    if (life.task.starts_with(name_ + "-")) of_round.push_back(life);
  }
  const int64_t overlap = LongestOverlapMs(of_round);
  std::string faults;
  for (const Fault& fault : plan.faults) faults += (faults.empty() ? "" : " ") + fault.ToString();
  std::printf(
      "round %llu %s: %s: first_container_ms=%lld whole_ms=%lld longest_silence_ms=%lld "
      "attempts_overlap_ms=%lld verdict=%s\n",
      static_cast<unsigned long long>(number),
      origin.c_str(),
      faults.c_str(),
      static_cast<long long>(first_container_ms_),
      static_cast<long long>(whole_ms_),
      static_cast<long long>(silence),
      static_cast<long long>(overlap),
      HasFailure() ? "FAILED" : "ok");
  std::fflush(stdout);
}

void FaultRounds::EndWorkload() {
  const CommandResult cancel = cluster().Weir({"job", "cancel", AwaitJob("RUNNING")});
  EXPECT_EQ(cancel.exit_code, 0) << cancel.ToString();
  EXPECT_TRUE(job_client_->Wait().has_value());
  StopSession(session_);
  WriteWholeFile(Scratch("go-long"), "");
  EXPECT_TRUE(AwaitFinalStatus(long_one_, "SUCCEEDED"));
  for (const std::string& master : masters_) {
    const CommandResult killed = cluster().Weir({"application", "-kill", master});
    EXPECT_EQ(killed.exit_code, 0) << killed.ToString();
    EXPECT_TRUE(AwaitState(master, "KILLED"));
  }
  leaves_applications_ = false;
}

TEST_F(FaultRounds, LoseNothingRunNothingTwiceAndDisturbNothing) {
  const uint64_t rounds = NumberFrom("WEIR_ROUNDS", kRounds);
  const uint64_t seed = NumberFrom("WEIR_SEED", kSeed);
  std::printf("%llu rounds from seed %llu%s\n",
              static_cast<unsigned long long>(rounds),
              static_cast<unsigned long long>(seed),
              why_no_namespaces().empty()
                  ? ""
                  : (", no node is unplugged: " + why_no_namespaces()).c_str());
  leaves_applications_ = true;  // when it fails
  ASSERT_NO_FATAL_FAILURE(StartFaultCluster());
  ASSERT_NO_FATAL_FAILURE(StartWorkload());
  uint64_t number = 0;
  if (IsSet("WEIR_EACH")) {
    for (const PlannedFaults& plan : EachFault(PlanOptions())) {
      if (!HasFailure()) RunRound(++number, "of each kind", plan);
    }
  }
  for (uint64_t round = 0; round < rounds && !HasFailure(); ++round) {
    const uint64_t drawn = seed + round;
    RunRound(++number, "seed " + std::to_string(drawn), DrawFaults(drawn, PlanOptions()));
  }
  if (HasFailure()) return;
  EndWorkload();
}

}  // namespace
}  // namespace weir::testing
