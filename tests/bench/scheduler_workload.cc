#include "tests/bench/scheduler_workload.h"

#include <benchmark/benchmark.h>

#include <utility>

#include "scheduler/config/queue_configuration_parser.h"

namespace weir::bench {

Result<scheduler::ResourceTypes> MakeTypes(const WorkloadTypes& types) {
  std::vector<scheduler::ResourceType> named;
  for (int i = 1; i <= types.named; ++i) {
    named.push_back({.name = "type-" + std::to_string(i), .maximum = Resource::kNamedMax});
  }
  return scheduler::ResourceTypes::Make(types.minimum, types.maximum, std::move(named));
}

Result<std::shared_ptr<const scheduler::QueueConfiguration>> ReadQueues(
    const QueueLines& lines, const scheduler::ResourceTypes& types) {
  scheduler::ParserInput input{.types = types};
  for (const auto& [name, value] : lines) {
    input.properties.push_back({.name = "yarn.scheduler.capacity." + name, .value = value});
  }
  scheduler::ParsedQueueConfiguration parsed = scheduler::ParseQueueConfiguration(input);
  if (parsed.configuration == nullptr) {
    return Error{ErrorCode::kInvalidArgument, parsed.faults.front().ToString(), ""};
  }
  return std::move(parsed.configuration);
}

Result<std::unique_ptr<scheduler::CapacityScheduler>> MakeScheduler(const QueueLines& lines,
                                                                    const WorkloadTypes& types) {
  WEIR_ASSIGN_OR_RETURN(scheduler::ResourceTypes resource_types, MakeTypes(types));
  WEIR_ASSIGN_OR_RETURN(auto configuration, ReadQueues(lines, resource_types));
  return std::make_unique<scheduler::CapacityScheduler>(
      scheduler::SchedulerOptions{.types = std::move(resource_types)}, std::move(configuration));
}

std::vector<scheduler::NodeSlot> AddNodes(scheduler::CapacityScheduler& scheduler,
                                          int64_t count,
                                          const Resource& each) {
  std::vector<scheduler::NodeSlot> nodes;
  nodes.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    const std::string name = "node-" + std::to_string(i);
    nodes.push_back(
        scheduler.AddNode(NodeId{name}, name, "/rack-" + std::to_string(i / 40), "", each));
  }
  return nodes;
}

scheduler::ApplicationSlot AddApplication(scheduler::CapacityScheduler& scheduler,
                                          const std::string& queue,
                                          const std::string& user,
                                          int64_t number) {
  return scheduler.AddApplication(
      {.id = {{1, static_cast<int32_t>(number)}, 1}, .queue = queue, .user = user, .order = number},
      Now{});
}

Status SetAsk(scheduler::CapacityScheduler& scheduler,
              scheduler::ApplicationSlot application,
              const ContainerAsk& ask,
              Now now) {
  WEIR_ASSIGN_OR_RETURN(const ContainerAsk valid, scheduler.Validate(application, ask));
  scheduler.SetAsk(application, valid, now);
  return {};
}

void Deliveries::Take(std::vector<scheduler::Allocation>& allocations) {
  for (const scheduler::Allocation& each : allocations) {
    const ContainerId id = ContainerId::Make({{1, each.application.value}, 1}, Epoch{1}, ++count_);
    const Resource& resource = scheduler_.resource(each.shape);
    const NodeId& node = scheduler_.node_id(each.node);
    digest_ = digest_ * 31 + static_cast<uint64_t>(id.number) +
              static_cast<uint64_t>(resource.memory_mib) + node.uuid.size() +
              static_cast<uint64_t>(each.request_id);
  }
  benchmark::DoNotOptimize(digest_);
  allocations.clear();
}

}  // namespace weir::bench
