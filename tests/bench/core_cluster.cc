#include "tests/bench/core_cluster.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace weir::bench {
namespace {

constexpr int64_t kStartMillis = 1'700'000'000'000;
constexpr Duration kPark = seconds(10);

// A call says who makes it: kind, index, and a number that makes it unique.
enum class Caller : uint64_t { kOther = 0, kNode = 1, kMaster = 2 };
constexpr int kCallerShift = 60;
constexpr int kIndexShift = 36;
constexpr uint64_t kIndexMask = (uint64_t{1} << (kCallerShift - kIndexShift)) - 1;
constexpr uint64_t kNumberMask = (uint64_t{1} << kIndexShift) - 1;

rm::CallId CallOf(Caller caller, size_t index, uint64_t number) {
  return {static_cast<uint64_t>(caller) << kCallerShift | index << kIndexShift |
          (number & kNumberMask)};
}
Caller CallerOf(rm::CallId call) {
  return static_cast<Caller>(call.value >> kCallerShift);
}
size_t IndexOf(rm::CallId call) {
  return static_cast<size_t>(call.value >> kIndexShift & kIndexMask);
}

// As long as a real one.
NodeId IdOf(size_t index) {
  const std::string number = std::to_string(index);
  return {"5d3c2f10-7a44-4f0e-9b1d-" + std::string(12 - number.size(), '0') + number};
}

rm::CoreOptions OptionsFor(const QueueLines& queues) {
  rm::CoreOptions options;
  options.scheduler.types = scheduler::ResourceTypes({1024, 1}, {1 << 20, 1 << 10});
  for (const auto& [name, value] : queues) {
    options.local_queues.push_back({"yarn.scheduler.capacity." + name, value});
  }
  return options;
}

}  // namespace

CoreCluster::CoreCluster(const Options& options)
    : options_(options), now_{Instant(seconds(1000)), WallFromMillis(kStartMillis)} {
  const store::EpochRecord epoch{
      .epoch = {1}, .cluster_timestamp = kStartMillis, .cluster_id = "bench"};
  core_ = std::make_unique<rm::ResourceManagerCore>(
      OptionsFor(options.queues), epoch, std::vector<store::Record>{}, now_);
  Take(core_->Start(now_));
}

void CoreCluster::Fail(const std::string& what) {
  if (fault_.ok()) fault_ = Error{ErrorCode::kInternal, what, ""};
}

void CoreCluster::Step(const rm::Event& event) {
  Take(core_->Step(event, now_));
}

void CoreCluster::Take(rm::Actions actions) {
  for (rm::Action& action : actions) {
    if (const auto* append = std::get_if<rm::Append>(&action.body)) {
      appended_ = append->sequence;
    } else if (action.after_record > 0) {
      held_.push_back(std::move(action));
    } else {
      Perform(action);
    }
  }
  if (appended_ == 0) return;
  const uint64_t sequence = std::exchange(appended_, 0);
  for (const rm::Action& action : std::exchange(held_, {})) Perform(action);
  Step(rm::RecordsCommitted{sequence});
}

void CoreCluster::Perform(const rm::Action& action) {
  if (const auto* reply = std::get_if<rm::Reply>(&action.body)) return OnReply(*reply);
  if (const auto* invalid = std::get_if<rm::InvalidEvent>(&action.body)) {
    Fail(std::string(invalid->machine) + " " + invalid->subject.ToString() + " in " +
         std::string(invalid->state) + " got " + std::string(invalid->event));
  }
}

void CoreCluster::OnReply(const rm::Reply& reply) {
  const size_t index = IndexOf(reply.call);
  if (const auto* error = std::get_if<Error>(&reply.answer)) {
    // The poll that a newer call, or the end, took the place of.
    const bool over = CallerOf(reply.call) == Caller::kMaster && error->code == ErrorCode::kAborted;
    if (!over) Fail(error->ToString());
  } else if (const auto* registered = std::get_if<RegisterNodeAnswer>(&reply.answer)) {
    nodes_[index].session = registered->session;
  } else if (const auto* beat = std::get_if<NodeHeartbeatAnswer>(&reply.answer)) {
    OnNodeAnswer(nodes_[index], *beat);
  } else if (const auto* answer = std::get_if<AllocateAnswer>(&reply.answer)) {
    if (CallerOf(reply.call) == Caller::kMaster) OnMasterAnswer(masters_[index], *answer);
  }
}

ContainerStatus CoreCluster::Running(const ContainerId& id) const {
  return {.id = id,
          .state = ContainerState::kRunning,
          .exit_code = exit_code::kNotYet,
          .diagnostics = "",
          .resource = {1024, 1}};
}

ContainerStatus CoreCluster::Complete(const ContainerId& id) const {
  return {.id = id,
          .state = ContainerState::kComplete,
          .exit_code = exit_code::kSuccess,
          .diagnostics = "",
          .resource = {1024, 1}};
}

void CoreCluster::Report(Node& node, const ContainerId& id) {
  node.to_report.push_back(Running(id));
  if (options_.remember_running) node.running.push_back(id);
}

void CoreCluster::OnNodeAnswer(Node& node, const NodeHeartbeatAnswer& answer) {
  for (const StartContainerCommand& command : answer.start) {
    Report(node, command.token.id);
    Master& master =
        masters_[static_cast<size_t>(command.token.id.attempt.application.sequence) - 1];
    master.attempt = command.token.id.attempt;
    master.node = static_cast<int32_t>(&node - nodes_.data());
  }
  for (const StopContainerCommand& command : answer.stop) {
    std::erase(node.running, command.id);
    node.to_report.push_back(Complete(command.id));
  }
}

CoreCluster::Node& CoreCluster::NodeOf(const NodeId& id) {
  size_t index = 0;
  const std::string number = id.uuid.substr(id.uuid.rfind('-') + 1);
  std::from_chars(number.data(), number.data() + number.size(), index);
  return nodes_[index];
}

void CoreCluster::OnMasterAnswer(Master& master, const AllocateAnswer& answer) {
  master.answered = true;
  for (const ContainerGrant& grant : answer.granted) {
    ++master.granted;
    ++granted_;
    Report(NodeOf(grant.token.node), grant.token.id);
  }
  master.completed += static_cast<int64_t>(answer.completed.size());
}

void CoreCluster::AddNodes(int64_t count, const Resource& each) {
  for (int64_t i = 0; i < count; ++i) {
    const size_t index = nodes_.size();
    const std::string name = "node-" + std::to_string(index);
    const NodeId id = IdOf(index);
    nodes_.push_back({.id = id});
    Step(rm::RegisterNode{.call = CallOf(Caller::kNode, index, 0),
                          .request = {.id = id,
                                      .address = {name + ".example", 45454},
                                      .http_address = name + ".example:8042",
                                      .rack = "/rack-" + std::to_string(index / 40),
                                      .capacity = each,
                                      .containers = {}}});
  }
}

void CoreCluster::AddApplication(const std::string& queue,
                                 const std::string& user,
                                 const Resource& master) {
  const size_t index = masters_.size();
  masters_.emplace_back();
  SubmissionContext context;
  context.name = "application " + std::to_string(index);
  context.type = "BENCH";
  context.queue = queue;
  context.am_resource = master;
  context.am_launch.command = {"/bin/true"};
  Step(rm::SubmitApplication{.call = CallOf(Caller::kOther, 0, next_call_++),
                             .user = user,
                             .idempotency_key = "key " + std::to_string(index),
                             .context = context});
  Advance(Duration(0));
}

void CoreCluster::StartMasters() {
  size_t started = 0;
  size_t before = 0;
  do {  // an answer has a few start commands
    BeatAll();
    before = started;
    started = static_cast<size_t>(std::count_if(
        masters_.begin(), masters_.end(), [](const Master& each) { return each.node >= 0; }));
  } while (started > before);
  if (started < masters_.size()) return Fail("a master was not started");
  for (size_t i = 0; i < masters_.size(); ++i) Register(i);
  BeatAll();
}

rm::NodeHeartbeat CoreCluster::Heartbeat(size_t index, std::vector<ContainerStatus> statuses) {
  Node& node = nodes_[index];
  ++node.sequence;
  return {.call = CallOf(Caller::kNode, index, static_cast<uint64_t>(node.sequence)),
          .node = node.id,
          .request = {.session = node.session,
                      .sequence = node.sequence,
                      .containers = std::move(statuses),
                      .healthy = true,
                      .health_report = "",
                      .park = Duration(0)}};
}

void CoreCluster::BeatAll() {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    Step(Heartbeat(i, std::exchange(nodes_[i].to_report, {})));
  }
}

void CoreCluster::Register(size_t index) {
  Master& master = masters_[index];
  Step(rm::RegisterMaster{.call = CallOf(Caller::kMaster, index, next_call_++),
                          .attempt = master.attempt,
                          .request = {.rpc_address = {"am.example", 4000}, .tracking_url = ""}});
}

void CoreCluster::Poll(size_t index,
                       std::vector<ContainerAsk> asks,
                       std::vector<ContainerId> releases) {
  Master& master = masters_[index];
  master.answered = false;
  Step(rm::Allocate{.call = CallOf(Caller::kMaster, index, next_call_++),
                    .attempt = master.attempt,
                    .request = {.sequence = ++master.sequence,
                                .asks = std::move(asks),
                                .releases = std::move(releases),
                                .progress = 0.5F,
                                .park = kPark}});
}

void CoreCluster::Ask(size_t index, int32_t count, const Resource& each) {
  Poll(index, {{.request_id = 1, .priority = 1, .count = count, .resource = each}});
  Advance(Duration(0));  // decisions are taken in bounded steps
  while (masters_[index].answered && fault_.ok()) {
    Poll(index, {});
    Advance(Duration(0));
  }
}

void CoreCluster::PollAnswered() {
  for (size_t i = 0; i < masters_.size() && fault_.ok(); ++i) {
    while (masters_[i].attempt.number > 0 && masters_[i].answered && fault_.ok()) Poll(i, {});
  }
}

void CoreCluster::ReleaseAll(size_t index) {
  const Master& master = masters_[index];
  std::vector<ContainerId> releases;
  for (int64_t i = 2; i <= master.granted + 1; ++i) {
    releases.push_back(ContainerId::Make(master.attempt, core_->epoch(), i));
  }
  Poll(index, {}, std::move(releases));
}

void CoreCluster::Finish(size_t index) {
  Master& master = masters_[index];
  Step(rm::FinishMaster{
      .call = CallOf(Caller::kMaster, index, next_call_++),
      .attempt = master.attempt,
      .request = {.final_status = FinalStatus::kSucceeded, .diagnostics = "", .tracking_url = ""}});
  const ContainerId container = ContainerId::Make(master.attempt, core_->epoch(), 1);
  Node& node = nodes_[static_cast<size_t>(master.node)];
  std::erase(node.running, container);
  node.to_report.push_back(Complete(container));
  master.attempt = {};
}

void CoreCluster::Advance(Duration duration) {
  now_.monotonic += duration;
  now_.wall += std::chrono::duration_cast<milliseconds>(duration);
  while (core_->NextDeadline() <= now_.monotonic && fault_.ok()) Step(rm::DeadlineReached{});
}

}  // namespace weir::bench
