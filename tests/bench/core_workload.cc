#include "tests/bench/core_workload.h"

#include <cstdio>
#include <map>
#include <optional>
#include <utility>
#include <variant>

namespace weir::bench {
namespace {

constexpr int64_t kStartMillis = 1'700'000'000'000;
constexpr Resource kUnit{1, 1};
constexpr int64_t kNodesPerRack = 40;
constexpr Epoch kEpoch{1};
constexpr int64_t kRequest = 1;

rm::CoreOptions Options() {
  rm::CoreOptions options;
  options.scheduler.types = scheduler::ResourceTypes(kUnit, {1 << 20, 1 << 20});
  options.local_queues = {{"yarn.scheduler.capacity.root.queues", "default"},
                          {"yarn.scheduler.capacity.root.default.capacity", "100"},
                          {"yarn.scheduler.capacity.maximum-applications", "1000000"},
                          {"yarn.scheduler.capacity.maximum-am-resource-percent", "1"},
                          {"yarn.scheduler.capacity.resource-calculator",
                           "org.apache.hadoop.yarn.util.resource.DominantResourceCalculator"}};
  // Nothing expires while the benchmark runs on a clock that stands still.
  options.usage_interval = std::chrono::hours(24);
  return options;
}

// As long as a real one.
std::string NodeName(int64_t number) {
  char name[48];
  std::snprintf(
      name, sizeof name, "5d3c2f10-7a44-4f0e-9b1d-%012lld", static_cast<long long>(number));
  return name;
}

ContainerStatus StatusOf(const ContainerId& id, ContainerState state) {
  return {.id = id,
          .state = state,
          .exit_code = state == ContainerState::kComplete ? 0 : exit_code::kNotYet,
          .diagnostics = "",
          .resource = {}};
}

Error Unexpected(const std::string& what) {
  return {ErrorCode::kInternal, "the workload went wrong: " + what, ""};
}

}  // namespace

CoreWorkload::CoreWorkload(const CoreWorkloadShape& shape)
    : shape_(shape), now_{Instant(seconds(1000)), WallFromMillis(kStartMillis)} {
  core_ = std::make_unique<rm::ResourceManagerCore>(
      Options(),
      store::EpochRecord{.epoch = kEpoch, .cluster_timestamp = kStartMillis, .cluster_id = "bench"},
      std::vector<store::Record>{},
      now_);
  Commit(core_->Start(now_));
}

void CoreWorkload::Commit(const rm::Actions& actions) {
  uint64_t sequence = 0;
  for (const rm::Action& action : actions) {
    if (const auto* append = std::get_if<rm::Append>(&action.body)) sequence = append->sequence;
  }
  if (sequence > 0) Commit(core_->Step(rm::RecordsCommitted{sequence}, now_));
}

template <typename Answer>
Result<Answer> CoreWorkload::Call(rm::Event event) {
  const rm::CallId call{next_call_++};
  std::visit(
      [call](auto& e) {
        if constexpr (requires { e.call; }) e.call = call;
      },
      event);
  const rm::Actions actions = core_->Step(event, now_);
  std::optional<Answer> found;
  std::string error = "no answer";
  for (const rm::Action& action : actions) {
    const auto* reply = std::get_if<rm::Reply>(&action.body);
    if (reply == nullptr || reply->call != call) continue;
    if (const auto* answer = std::get_if<Answer>(&reply->answer)) found = *answer;
    if (const auto* failure = std::get_if<Error>(&reply->answer)) error = failure->ToString();
  }
  Commit(actions);
  if (!found) return Unexpected(error);
  return *std::move(found);
}

Status CoreWorkload::Start() {
  const int64_t per_node = (shape_.containers + shape_.nodes - 1) / shape_.nodes;
  for (int64_t i = 0; i < shape_.nodes; ++i) {
    NodeState node{.id = {NodeName(i)}, .session = 0, .sequence = 0};
    const std::string name = "node-" + std::to_string(i);
    WEIR_ASSIGN_OR_RETURN(const auto answer,
                          Call<RegisterNodeAnswer>(rm::RegisterNode{
                              .call = {},
                              .request = {.id = node.id,
                                          .address = {name, 45454},
                                          .http_address = name + ":8042",
                                          .rack = "/rack-" + std::to_string(i / kNodesPerRack),
                                          .capacity = kUnit * per_node,
                                          .containers = {}}}));
    node.session = answer.session;
    nodes_.push_back(std::move(node));
  }
  for (int64_t i = 0; i < shape_.applications; ++i) {
    rm::SubmitApplication submit;
    submit.user = "user";
    submit.idempotency_key = "key-" + std::to_string(i);
    submit.context.name = "application " + std::to_string(i);
    submit.context.am_resource = kUnit;
    submit.context.am_launch.command = {"/bin/true"};
    WEIR_ASSIGN_OR_RETURN(const auto id, Call<ApplicationId>(std::move(submit)));
    masters_.push_back({id, 1});
  }
  sequences_.assign(masters_.size(), 0);
  WEIR_RETURN_IF_ERROR(StartMasters());
  for (const AttemptId& attempt : masters_) {
    WEIR_ASSIGN_OR_RETURN(const auto answer,
                          Call<RegisterMasterAnswer>(rm::RegisterMaster{
                              .call = {},
                              .attempt = attempt,
                              .request = {.rpc_address = {"am", 1}, .tracking_url = ""}}));
    (void)answer;
  }
  return {};
}

Result<NodeHeartbeatAnswer> CoreWorkload::Report(size_t node,
                                                 std::vector<ContainerStatus> statuses) {
  NodeState& its = nodes_[node];
  return Call<NodeHeartbeatAnswer>(rm::NodeHeartbeat{.call = {},
                                                     .node = its.id,
                                                     .request = {.session = its.session,
                                                                 .sequence = ++its.sequence,
                                                                 .containers = std::move(statuses),
                                                                 .healthy = true,
                                                                 .health_report = "",
                                                                 .park = Duration(0)}});
}

Status CoreWorkload::StartMasters() {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    std::vector<ContainerStatus> statuses;
    do {
      WEIR_ASSIGN_OR_RETURN(const auto answer, Report(i, std::exchange(statuses, {})));
      for (const auto& start : answer.start) {
        statuses.push_back(StatusOf(start.token.id, ContainerState::kRunning));
      }
    } while (!statuses.empty());
  }
  return {};
}

Result<AllocateAnswer> CoreWorkload::Allocate(size_t application, AllocateRequest request) {
  request.sequence = ++sequences_[application];
  return Call<AllocateAnswer>(
      rm::Allocate{.call = {}, .attempt = masters_[application], .request = std::move(request)});
}

size_t CoreWorkload::IndexOf(const NodeId& id) const {
  return static_cast<size_t>(std::stoll(id.uuid.substr(id.uuid.rfind('-') + 1)));
}

Status CoreWorkload::Fill() {
  const auto each = static_cast<int32_t>(shape_.containers / shape_.applications - 1);
  for (size_t i = 0; i < masters_.size(); ++i) {
    AllocateRequest ask;
    ask.asks.push_back({.request_id = kRequest, .priority = 1, .count = each, .resource = kUnit});
    int32_t granted = 0;
    std::map<size_t, std::vector<ContainerStatus>> by_node;
    while (granted < each) {
      WEIR_ASSIGN_OR_RETURN(const auto answer, Allocate(i, std::exchange(ask, {})));
      if (answer.granted.empty()) return Unexpected("fewer containers than asked for");
      granted += static_cast<int32_t>(answer.granted.size());
      for (const auto& grant : answer.granted) {
        by_node[IndexOf(grant.token.node)].push_back(
            StatusOf(grant.token.id, ContainerState::kRunning));
      }
    }
    for (auto& [node, statuses] : by_node) {
      WEIR_ASSIGN_OR_RETURN(const auto answer, Report(node, std::move(statuses)));
      (void)answer;
    }
    // Kept answers go when two newer ones have come, as in any running application.
    for (int polls = 0; polls < 2; ++polls) {
      WEIR_ASSIGN_OR_RETURN(const auto answer, Allocate(i, {}));
      (void)answer;
    }
  }
  return Drain();
}

Status CoreWorkload::Drain() {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    std::vector<ContainerStatus> statuses;
    bool more = true;
    while (more) {
      WEIR_ASSIGN_OR_RETURN(const auto answer, Report(i, std::exchange(statuses, {})));
      for (const auto& stop : answer.stop) {
        statuses.push_back(StatusOf(stop.id, ContainerState::kComplete));
      }
      more = !answer.stop.empty() || !answer.completions_recorded.empty();
    }
    WEIR_ASSIGN_OR_RETURN(const auto last, Report(i, {}));
    (void)last;
  }
  return {};
}

Status CoreWorkload::Release() {
  const int64_t each = shape_.containers / shape_.applications;
  constexpr size_t kMastersAtATime = 100;
  for (size_t i = 0; i < masters_.size(); ++i) {
    AllocateRequest request;
    for (int64_t sequence = 2; sequence <= each; ++sequence) {
      request.releases.push_back(ContainerId::Make(masters_[i], kEpoch, sequence));
    }
    WEIR_ASSIGN_OR_RETURN(const auto answer, Allocate(i, std::move(request)));
    (void)answer;
    const bool group_ends = (i + 1) % kMastersAtATime == 0 || i + 1 == masters_.size();
    if (!group_ends) continue;
    WEIR_RETURN_IF_ERROR(Drain());
    for (size_t master = i - i % kMastersAtATime; master <= i; ++master) {
      for (int polls = 0; polls < 4; ++polls) {
        WEIR_ASSIGN_OR_RETURN(const auto told, Allocate(master, {}));
        (void)told;
      }
    }
  }
  return {};
}

Result<std::vector<rm::Event>> CoreWorkload::Heartbeats(size_t statuses) {
  std::vector<rm::NodeHeartbeat> heartbeats(nodes_.size());
  for (const AttemptId& attempt : masters_) {
    WEIR_ASSIGN_OR_RETURN(const auto reports, core_->Containers(attempt.application));
    for (const ContainerReport& report : reports) {
      if (report.state != ContainerState::kRunning) continue;
      auto& request = heartbeats[IndexOf(report.node)].request;
      if (request.containers.size() < statuses) {
        request.containers.push_back(StatusOf(report.id, ContainerState::kRunning));
      }
    }
  }
  std::vector<rm::Event> events;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    heartbeats[i].node = nodes_[i].id;
    heartbeats[i].request.session = nodes_[i].session;
    heartbeats[i].request.sequence = nodes_[i].sequence;
    if (heartbeats[i].request.containers.size() < statuses) {
      return Unexpected("a node with fewer containers than a heartbeat is to report");
    }
    events.emplace_back(std::move(heartbeats[i]));
  }
  return events;
}

bool CoreWorkload::Beat(rm::Event& event) {
  auto& heartbeat = std::get<rm::NodeHeartbeat>(event);
  heartbeat.call = {next_call_++};
  ++heartbeat.request.sequence;
  const rm::Actions actions = core_->Step(event, now_);
  const auto* reply = actions.size() == 1 ? std::get_if<rm::Reply>(&actions.front().body) : nullptr;
  return reply != nullptr && std::holds_alternative<NodeHeartbeatAnswer>(reply->answer);
}

}  // namespace weir::bench
