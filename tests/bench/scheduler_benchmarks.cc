// The benchmarks of the scheduling engine alone: decisions, refusals, gangs, preemption, flood.
#include <chrono>
#include <ctime>
#include <iterator>
#include <memory>
#include <utility>

#include "scheduler/config/queue_configuration_parser.h"
#include "tests/bench/bench.h"
#include "tests/bench/scheduler_workload.h"
#include "tests/bench/timed_run.h"

namespace weir::bench {
namespace {

using scheduler::Allocation;
using scheduler::ApplicationSlot;
using scheduler::CapacityScheduler;
using scheduler::NodeSlot;

constexpr size_t kStep = 1000;  // decisions per call, as the ResourceManager's core asks for them

Error Unexpected(const std::string& what) {
  return {ErrorCode::kInternal, what, ""};
}

// Places until nothing more can be; delivers everything.
void PlaceAll(CapacityScheduler& scheduler, Now now, Deliveries& deliveries) {
  std::vector<Allocation> allocations;
  allocations.reserve(kStep);
  bool more = true;
  while (more) {
    more = scheduler.Schedule(now, kStep, allocations);
    deliveries.Take(allocations);
  }
}

// A moment on both clocks.
struct Moment {
  std::chrono::steady_clock::time_point clock = std::chrono::steady_clock::now();
  std::clock_t cpu = std::clock();
};

// The tree of YuniKorn's performance test: two leaves with guarantees, no other limits.
QueueLines TwoQueues() {
  return {
      {"root.queues", "a,b"},
      {"root.capacity", "[memory=1100000,vcores=20000]"},
      {"root.a.capacity", "[memory=100000,vcores=10000]"},
      {"root.b.capacity", "[memory=1000000,vcores=10000]"},
      {"root.a.user-limit-factor", "-1"},
      {"root.b.user-limit-factor", "-1"},
      {"maximum-applications", "1000000"},
      {"maximum-am-resource-percent", "1.0"},
      {"resource-calculator", "org.apache.hadoop.yarn.util.resource.DominantResourceCalculator"}};
}

// root -> 000..NNN with equal percentages.
QueueLines ManyQueues(int64_t count, const std::string& user_limit_factor) {
  QueueLines lines;
  std::string names;
  for (int64_t q = 0; q < count; ++q) {
    const std::string name = "q" + std::to_string(q);
    names += (names.empty() ? "" : ",") + name;
    lines.emplace_back("root." + name + ".capacity", "1w");
    lines.emplace_back("root." + name + ".user-limit-factor", user_limit_factor);
    lines.emplace_back("root." + name + ".maximum-applications", "1000000");
  }
  lines.emplace_back("root.queues", names);
  lines.emplace_back("maximum-applications", "1000000");
  lines.emplace_back("maximum-am-resource-percent", "1.0");
  lines.emplace_back("resource-calculator",
                     "org.apache.hadoop.yarn.util.resource.DominantResourceCalculator");
  return lines;
}

Resource WithNamed(Resource resource, int64_t types, int64_t amount) {
  for (int64_t i = 1; i + 2 <= types; ++i) resource.SetNamed("type-" + std::to_string(i), amount);
  return resource;
}

// Queues of equal shares, with the preemption monitor on.
Result<std::unique_ptr<CapacityScheduler>> MakePreempting(int64_t queues) {
  WEIR_ASSIGN_OR_RETURN(scheduler::ResourceTypes types, MakeTypes({}));
  scheduler::ParserInput input{.types = types};
  for (const auto& [name, value] : ManyQueues(queues, "-1")) {
    input.properties.push_back({.name = "yarn.scheduler.capacity." + name, .value = value});
  }
  input.properties.push_back(
      {.name = "yarn.resourcemanager.scheduler.monitor.enable", .value = "true"});
  auto parsed = scheduler::ParseQueueConfiguration(input);
  if (parsed.configuration == nullptr) return Unexpected(parsed.faults.front().ToString());
  return std::make_unique<CapacityScheduler>(scheduler::SchedulerOptions{.types = std::move(types)},
                                             std::move(parsed.configuration));
}

// Half of the queues have taken the whole cluster, with ten applications each; the other half asks
// for its guarantee.
Status FillAndStarve(CapacityScheduler& scheduler, const Parameters& parameters) {
  const int64_t queues = parameters.at("queues");
  const int64_t containers = parameters.at("containers");
  const int64_t per_node = containers / parameters.at("nodes");
  AddNodes(scheduler, parameters.at("nodes"), Resource{10 * per_node, per_node});
  Deliveries deliveries(scheduler);
  int64_t number = 0;
  const auto ask = [&](int64_t queue, const std::string& user, int64_t count) {
    const ApplicationSlot slot =
        AddApplication(scheduler, "root.q" + std::to_string(queue), user, ++number);
    return SetAsk(
        scheduler,
        slot,
        {.request_id = 1, .count = static_cast<int32_t>(count), .resource = Resource{10, 1}},
        {});
  };
  const int64_t greedy = queues / 2;
  for (int64_t i = 0; i < greedy * 10; ++i) {
    WEIR_RETURN_IF_ERROR(ask(i / 10, "user1", containers / greedy / 10));
  }
  PlaceAll(scheduler, {}, deliveries);
  for (int64_t q = greedy; q < queues; ++q) {
    WEIR_RETURN_IF_ERROR(ask(q, "user2", containers / queues));
  }
  PlaceAll(scheduler, {}, deliveries);
  return {};
}

}  // namespace

Result<Samples> RunSchedulerAllocate(const Parameters& parameters) {
  const int64_t nodes = parameters.at("nodes");
  const int64_t asks = parameters.at("asks");
  WEIR_ASSIGN_OR_RETURN(auto scheduler, MakeScheduler(TwoQueues(), {}));
  const int64_t per_node = asks / nodes + 1;
  AddNodes(*scheduler, nodes, Resource{10 * per_node, per_node});
  const ApplicationSlot first = AddApplication(*scheduler, "root.a", "user1", 1);
  const ApplicationSlot second = AddApplication(*scheduler, "root.b", "user2", 2);
  Deliveries deliveries(*scheduler);
  PlaceAll(*scheduler, {}, deliveries);  // activates both
  const auto measured = [&]() -> Status {
    for (const ApplicationSlot application : {first, second}) {
      for (int64_t i = 0; i < asks / 2; ++i) {
        WEIR_RETURN_IF_ERROR(SetAsk(*scheduler,
                                    application,
                                    {.request_id = i, .count = 1, .resource = Resource{10, 1}},
                                    {}));
      }
    }
    PlaceAll(*scheduler, {}, deliveries);
    return {};
  };
  WEIR_ASSIGN_OR_RETURN(const RunTime time, TimedRun("scheduler-allocate", measured));
  if (deliveries.count() != asks / 2 * 2) {
    return Unexpected("placed " + std::to_string(deliveries.count()) + " of " +
                      std::to_string(asks));
  }
  Samples samples;
  AddRates("decisions", deliveries.count(), time, samples);
  return samples;
}

Result<Samples> RunSchedulerReject(const Parameters& parameters) {
  const int64_t types = parameters.at("types");
  const int64_t queues = parameters.at("queues");
  const int64_t applications = parameters.at("applications") + queues;
  const int64_t churn = parameters.at("churn");
  const int64_t updates = parameters.at("updates");
  if (types < 2 || types > 16) return Unexpected("--types is from 2 to 16");
  const WorkloadTypes resource_types{.minimum = {1024, 1}, .named = static_cast<int>(types) - 2};
  WEIR_ASSIGN_OR_RETURN(auto scheduler, MakeScheduler(ManyQueues(queues, "100"), resource_types));
  const std::vector<NodeSlot> nodes = AddNodes(
      *scheduler, 2, WithNamed({1024 * applications, applications}, types, 10 * applications));
  const ContainerAsk ask{
      .request_id = 1, .priority = 1, .count = 1, .resource = WithNamed({1024, 1}, types, 10)};
  std::vector<Allocation> held;
  const auto add = [&](int64_t from, int64_t to) -> Status {
    for (int64_t i = from; i < to; ++i) {
      const ApplicationSlot slot =
          AddApplication(*scheduler, "root.q" + std::to_string(i % queues), "user1", i);
      WEIR_RETURN_IF_ERROR(SetAsk(*scheduler, slot, ask, {}));
    }
    while (scheduler->Schedule({}, kStep, held)) {
    }
    return {};
  };
  // One container per queue, then a user limit of nothing: everybody else is over it.
  WEIR_RETURN_IF_ERROR(add(0, queues));
  WEIR_ASSIGN_OR_RETURN(auto closed, ReadQueues(ManyQueues(queues, "0.0"), scheduler->types()));
  WEIR_RETURN_IF_ERROR(scheduler->Reconfigure(closed, {}));
  WEIR_RETURN_IF_ERROR(add(queues, applications));
  if (std::ssize(held) != queues) return Unexpected("the user limit does not hold");

  std::vector<Allocation> placed;
  const auto measured = [&]() -> Status {
    size_t next = 0;
    for (int64_t i = 0; i < updates; ++i) {
      const NodeSlot node = nodes[static_cast<size_t>(i % 2)];
      scheduler->UpdateNode(node, {.memory_mib = i & 0xffff, .milli_vcores = i & 0xff});
      const bool release = churn > 0 && i % churn == churn - 1;
      if (release) {
        scheduler->Release(held[next].container);
        next = (next + 1) % held.size();
      }
      placed.clear();
      scheduler->Schedule({}, kStep, placed);
      if (!release) {
        if (!placed.empty()) return Unexpected("placed over the user limit");
        continue;
      }
      if (placed.size() != 1) return Unexpected("a freed place was not taken");
      held[next == 0 ? held.size() - 1 : next - 1] = placed.front();
      WEIR_RETURN_IF_ERROR(SetAsk(*scheduler, placed.front().application, ask, {}));
    }
    return {};
  };
  WEIR_ASSIGN_OR_RETURN(const RunTime time, TimedRun("scheduler-reject", measured));
  Samples samples;
  AddRates("updates", updates, time, samples);
  return samples;
}

Result<Samples> RunSchedulerGang(const Parameters& parameters) {
  const int64_t nodes = parameters.at("nodes");
  const int64_t gangs = parameters.at("gangs");
  const int64_t size = parameters.at("size");
  const bool spread = parameters.at("spread") != 0;
  WEIR_ASSIGN_OR_RETURN(auto scheduler, MakeScheduler(TwoQueues(), {}));
  const int64_t per_node = gangs * size / nodes + 1;
  AddNodes(*scheduler, nodes, Resource{10 * per_node, per_node});
  Deliveries deliveries(*scheduler);
  std::vector<ApplicationSlot> applications;
  for (int64_t i = 0; i < 100; ++i) {
    applications.push_back(
        AddApplication(*scheduler, i % 2 == 0 ? "root.a" : "root.b", "user1", i));
  }
  PlaceAll(*scheduler, {}, deliveries);
  const auto measured = [&]() -> Status {
    for (int64_t i = 0; i < gangs; ++i) {
      WEIR_RETURN_IF_ERROR(SetAsk(*scheduler,
                                  applications[static_cast<size_t>(i % 100)],
                                  {.request_id = i,
                                   .count = static_cast<int32_t>(size),
                                   .resource = Resource{10, 1},
                                   .gang = true,
                                   .spread = spread ? Spread::kNodes : Spread::kPack},
                                  {}));
      PlaceAll(*scheduler, {}, deliveries);
    }
    return {};
  };
  WEIR_ASSIGN_OR_RETURN(const RunTime time, TimedRun("scheduler-gang", measured));
  if (deliveries.count() != gangs * size) {
    return Unexpected("placed " + std::to_string(deliveries.count()) + " containers");
  }
  Samples samples;
  AddRates("containers", deliveries.count(), time, samples);
  return samples;
}

Result<Samples> RunSchedulerPreempt(const Parameters& parameters) {
  WEIR_ASSIGN_OR_RETURN(auto scheduler, MakePreempting(parameters.at("queues")));
  WEIR_RETURN_IF_ERROR(FillAndStarve(*scheduler, parameters));
  Samples samples;
  Now now;
  size_t notices = 0;
  for (int round = 0; round < 4; ++round) {
    double in_round = 0;
    bool more = true;
    while (more) {
      const Moment begun;
      more = scheduler->PreemptionStep(now);
      const Moment ended;
      const double milliseconds =
          std::chrono::duration<double, std::milli>(ended.clock - begun.clock).count();
      in_round += milliseconds;
      samples["step_ms"].push_back(milliseconds);
      samples["step_cpu_ms"].push_back(1e3 * static_cast<double>(ended.cpu - begun.cpu) /
                                       CLOCKS_PER_SEC);
    }
    samples["round_ms"].push_back(in_round);
    notices += scheduler->TakeNotices().size();
    now.monotonic += std::chrono::milliseconds(3000);
  }
  if (notices == 0) return Unexpected("nothing was warned");
  samples["warned"] = {static_cast<double>(notices)};
  return samples;
}

Result<Samples> RunSchedulerFlood(const Parameters& parameters) {
  const int64_t nodes = parameters.at("nodes");
  const int64_t flood = parameters.at("flood");
  const int64_t asks = parameters.at("asks");
  const auto run = [&](int64_t flooding) -> Result<RunTime> {
    WEIR_ASSIGN_OR_RETURN(auto scheduler, MakeScheduler(TwoQueues(), {}));
    const int64_t per_node = asks / nodes + 1;
    AddNodes(*scheduler, nodes, Resource{10 * per_node, per_node});
    const ApplicationSlot quiet = AddApplication(*scheduler, "root.a", "user1", 1);
    const ApplicationSlot loud = AddApplication(*scheduler, "root.b", "user2", 2);
    Deliveries deliveries(*scheduler);
    PlaceAll(*scheduler, {}, deliveries);
    // Each too large for any node, and each of another size.
    for (int64_t i = 0; i < flooding; ++i) {
      WEIR_RETURN_IF_ERROR(SetAsk(
          *scheduler,
          loud,
          {.request_id = i, .count = 1, .resource = Resource{10 * per_node + 1 + i % 1000, 1}},
          {}));
    }
    PlaceAll(*scheduler, {}, deliveries);
    const auto measured = [&]() -> Status {
      for (int64_t i = 0; i < asks; ++i) {
        WEIR_RETURN_IF_ERROR(SetAsk(
            *scheduler, quiet, {.request_id = i, .count = 1, .resource = Resource{10, 1}}, {}));
        PlaceAll(*scheduler, {}, deliveries);
      }
      return {};
    };
    WEIR_ASSIGN_OR_RETURN(const RunTime time, TimedRun("scheduler-flood", measured));
    if (deliveries.count() != asks) return Unexpected("the quiet queue did not get its containers");
    return time;
  };
  WEIR_ASSIGN_OR_RETURN(const RunTime quiet, run(0));
  WEIR_ASSIGN_OR_RETURN(const RunTime flooded, run(flood));
  Samples samples{{"slowdown", {flooded.seconds / quiet.seconds}},
                  {"cpu_slowdown", {flooded.cpu_seconds / quiet.cpu_seconds}}};
  AddRates("quiet_decisions", asks, quiet, samples);
  AddRates("flooded_decisions", asks, flooded, samples);
  return samples;
}

}  // namespace weir::bench
