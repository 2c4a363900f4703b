// failover: two ResourceManagers over ZooKeeper, the active one killed again and again, under nodes
// and ApplicationMasters that are simulated but for their conversations (failover_load.h).
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <cstdio>

#include "client/rm_client.h"
#include "platform/clock.h"
#include "platform/config_keys.h"
#include "platform/log.h"
#include "tests/bench/bench.h"
#include "tests/bench/failover_load.h"
#include "tests/bench/failover_log.h"
#include "tests/support/process_cluster.h"
#include "tests/support/wait_until.h"
#include "tests/support/zookeeper_ensemble.h"

namespace weir::bench {
namespace {

using testing::ClusterOptions;
using testing::ProcessCluster;
using testing::ZooKeeperEnsemble;

constexpr Duration kPatience = seconds(300);
// Around each kill so many ApplicationMasters ask for a container just before, and as many just
// after it.
constexpr size_t kAskers = 10;
constexpr int64_t kRoom = 4;  // so much more than all containers take
// A tick of ZooKeeper is 2 s as it comes; a session is at least two ticks.
constexpr int64_t kUsualTickMs = 2000;
constexpr int64_t kShortTickMs = 200;

double InMs(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

// Thousands of connections end in this process.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

ClusterOptions OptionsFor(const Parameters& parameters, const ZooKeeperEnsemble& zookeeper) {
  ClusterOptions options;
  options.nodes = 0;
  options.resource_managers = 2;
  options.settings[platform::keys::kZkAddress] = zookeeper.address();
  options.settings[platform::keys::kZkTimeout] = std::to_string(parameters.at("session"));
  options.settings["yarn.scheduler.minimum-allocation-mb"] =
      std::to_string(kFailoverContainer.memory_mib);
  // Small applications: their ApplicationMasters may take as much of the queue as they need.
  options.queue_file =
      "<configuration><property><name>yarn.scheduler.capacity.root.queues</name>"
      "<value>default</value></property><property>"
      "<name>yarn.scheduler.capacity.root.default.capacity</name><value>100</value></property>"
      "<property><name>yarn.scheduler.capacity.maximum-am-resource-percent</name>"
      "<value>1.0</value></property></configuration>";
  return options;
}

class FailoverRun {
 public:
  explicit FailoverRun(const Parameters& parameters, const ZooKeeperEnsemble& zookeeper)
      : parameters_(parameters), cluster_(OptionsFor(parameters, zookeeper)) {}

  Result<Samples> Run();

 private:
  Status Start();
  Status Submit(int64_t workers);
  Status Kill(int64_t number);
  Status AwaitFailover(Epoch before, Instant killed);
  Status AwaitWarm(int number);
  Status Judge();
  // Waits until the condition holds, which may also give up.
  Status Await(const std::function<Result<bool>()>& condition, const std::string& what);
  int64_t PerApplication() const {
    return parameters_.at("containers") / parameters_.at("applications");
  }

  const Parameters& parameters_;
  ProcessCluster cluster_;
  std::unique_ptr<FailoverLoad> load_;
  std::unique_ptr<cli::RmClient> client_;
  size_t applications_ = 0;
  Samples samples_;
};

Status FailoverRun::Await(const std::function<Result<bool>()>& condition, const std::string& what) {
  Status status;
  const auto came = testing::WaitUntil(
      [&] {
        const Result<bool> holds = condition();
        if (!holds.ok()) status = holds.error();
        return !holds.ok() || *holds;
      },
      what,
      kPatience);
  if (!came) status = Error{ErrorCode::kDeadlineExceeded, "in vain: " + what, ""};
  if (status.ok()) return {};
  return Error{status.error().code,
               status.error().message + "\n" + load_->Unsettled() + "\n" + cluster_.Logs(),
               ""};
}

Status FailoverRun::Start() {
  if (!cluster_.Start()) return Error{ErrorCode::kInternal, cluster_.Logs(), ""};
  if (!testing::WaitUntil([&] { return cluster_.ActiveResourceManager() != 0; }, "one is active")) {
    return Error{ErrorCode::kInternal, "none is active\n" + cluster_.Logs(), ""};
  }
  WEIR_RETURN_IF_ERROR(platform::StartLog(cluster_.LogFile("load"), platform::LogLevel::kError));
  WEIR_ASSIGN_OR_RETURN(const std::string secret,
                        platform::ReadSecretFile(cluster_.work_dir() + "/cluster.secret"));
  const int64_t nodes = parameters_.at("nodes");
  const int64_t per_node = kRoom * (parameters_.at("containers") / nodes + 1);
  load_ = std::make_unique<FailoverLoad>(
      cluster_.Config(),
      FailoverLoad::Options{
          .nodes = nodes, .node_capacity = kFailoverContainer * per_node, .secret = secret});
  WEIR_RETURN_IF_ERROR(load_->Start());
  WEIR_RETURN_IF_ERROR(
      Await([&] { return Result<bool>(load_->NodesBackSince(Epoch{})); }, "the nodes register"));
  client_ = std::make_unique<cli::RmClient>(cluster_.Config());
  for (int64_t i = 0; i < parameters_.at("applications"); ++i) {
    WEIR_RETURN_IF_ERROR(Submit(PerApplication() - 1));
  }
  return Await([&] { return load_->MastersSettledSince(Epoch{}, applications_); },
               "all containers run");
}

Status FailoverRun::Submit(int64_t workers) {
  SubmissionContext context;
  context.name = "bench-failover";
  context.type = "bench";
  context.am_resource = kFailoverContainer;
  context.am_launch.command = {"master"};
  context.am_launch.environment[kFailoverWorkers] = std::to_string(workers);
  context.max_attempts = 2;
  WEIR_ASSIGN_OR_RETURN(const ApplicationId id, client_->Submit(context));
  load_->journal().Acknowledged(id);
  ++applications_;
  return {};
}

Status FailoverRun::Kill(int64_t number) {
  const int active = cluster_.ActiveResourceManager();
  const int standby = 3 - active;
  if (active == 0) return Error{ErrorCode::kInternal, "none is active\n" + cluster_.Logs(), ""};
  const Epoch before = load_->epoch();
  const std::string log = cluster_.LogFile("rm" + std::to_string(standby));
  const size_t log_begin = testing::ReadWholeFile(log).size();
  const auto first = static_cast<size_t>(number) * 2 * kAskers;
  // What is acknowledged just before, and what is under way meanwhile.
  WEIR_RETURN_IF_ERROR(Submit(0));
  load_->AskForOneMore(first, kAskers);
  const Instant killed = platform::MonotonicNow();
  cluster_.resource_manager(active).Signal(SIGKILL);
  load_->AskForOneMore(first + kAskers, kAskers);
  cluster_.resource_manager(active).Kill();  // waits for its end
  WEIR_RETURN_IF_ERROR(AwaitFailover(before, killed));
  WEIR_ASSIGN_OR_RETURN(const Takeover takeover,
                        ReadTakeover(testing::ReadWholeFile(log).substr(log_begin)));
  samples_["takeover_ms"].push_back(static_cast<double>(takeover.ms));
  load_->GiveBack();
  WEIR_RETURN_IF_ERROR(Await([&] { return load_->MastersSettledSince(before, applications_); },
                             "what was given back has ended"));
  return AwaitWarm(active);
}

Status FailoverRun::AwaitFailover(Epoch before, Instant killed) {
  WEIR_RETURN_IF_ERROR(
      Await([&] { return Result<bool>(load_->journal().FirstWorkerSince(before).has_value()); },
            "a new container starts"));
  samples_["first_new_container_ms"].push_back(
      InMs(*load_->journal().FirstWorkerSince(before) - killed));
  WEIR_RETURN_IF_ERROR(
      Await([&] { return Result<bool>(load_->NodesBackSince(before)); }, "all nodes are back"));
  WEIR_RETURN_IF_ERROR(Await([&] { return load_->MastersSettledSince(before, applications_); },
                             "all ApplicationMasters are back"));
  samples_["all_back_ms"].push_back(InMs(platform::MonotonicNow() - killed));
  return {};
}

Status FailoverRun::AwaitWarm(int number) {
  const std::string log = cluster_.LogFile("rm" + std::to_string(number));
  const size_t begin = testing::ReadWholeFile(log).size();
  if (!cluster_.StartResourceManager(number)) {
    return Error{ErrorCode::kInternal, "it does not start again\n" + cluster_.Logs(), ""};
  }
  return Await(
      [&] { return Result<bool>(FollowsTheStore(testing::ReadWholeFile(log).substr(begin))); },
      "the standby is warm");
}

Status FailoverRun::Judge() {
  FailoverBooks books;
  WEIR_ASSIGN_OR_RETURN(const auto applications, client_->List({}));
  for (const ApplicationReport& application : applications) {
    if (IsTerminal(application.state)) continue;
    books.applications.insert(application.id);
    WEIR_ASSIGN_OR_RETURN(const auto containers, client_->Containers(application.id));
    for (const ContainerReport& container : containers) {
      if (container.state != ContainerState::kComplete) books.containers.insert(container.id);
    }
  }
  const FailoverVerdict verdict = load_->journal().Judge(books);
  samples_["lost"] = {static_cast<double>(verdict.lost.size())};
  samples_["duplicated"] = {static_cast<double>(verdict.duplicated.size())};
  samples_["disturbed"] = {static_cast<double>(verdict.disturbed.size())};
  const bool clean =
      verdict.lost.empty() && verdict.duplicated.empty() && verdict.disturbed.empty();
  if (!clean) std::fprintf(stderr, "%s", verdict.ToString().c_str());
  return {};
}

Result<Samples> FailoverRun::Run() {
  WEIR_RETURN_IF_ERROR(Start());
  for (int64_t number = 0; number < parameters_.at("kills"); ++number) {
    WEIR_RETURN_IF_ERROR(Kill(number));
  }
  WEIR_RETURN_IF_ERROR(Judge());
  return samples_;
}

}  // namespace

Result<Samples> RunFailover(const Parameters& parameters) {
  if (const std::string why = ZooKeeperEnsemble::WhyNot(); !why.empty()) {
    return Error{ErrorCode::kFailedPrecondition, why, ""};
  }
  const int64_t servers = parameters.at("zookeepers");
  const bool each_has_one = parameters.at("containers") >= parameters.at("applications");
  if ((servers != 1 && servers != 3) || parameters.at("nodes") < 1 ||
      parameters.at("applications") < 1 || parameters.at("kills") < 1 || !each_has_one) {
    return Error{ErrorCode::kInvalidArgument,
                 "failover needs 1 or 3 zookeepers, at least one node, application and kill, and a "
                 "container for each application",
                 ""};
  }
  RaiseDescriptorLimit();
  testing::ZooKeeperSettings settings;
  settings.servers = static_cast<int>(servers);
  settings.heap_mb = 512;
  settings.tick_ms =
      static_cast<int>(parameters.at("session") < 2 * kUsualTickMs ? kShortTickMs : kUsualTickMs);
  ZooKeeperEnsemble zookeeper(settings);
  if (!zookeeper.Start()) return Error{ErrorCode::kUnavailable, "ZooKeeper does not start", ""};
  FailoverRun run(parameters, zookeeper);
  return run.Run();
}

}  // namespace weir::bench
