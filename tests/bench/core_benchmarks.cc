// The benchmarks of the ResourceManager's whole core: heartbeats, memory.
#include <cstdio>
#include <map>
#include <sstream>
#include <utility>

#include "common/strings.h"
#include "tests/bench/bench.h"
#include "tests/bench/core_cluster.h"
#include "tests/bench/memory_role.h"
#include "tests/bench/timed_run.h"
#include "tests/support/process.h"

namespace weir::bench {
namespace {

const Resource kContainer{1024, 1};
constexpr int64_t kRounds = 20;
constexpr size_t kInTurn = 100;
constexpr int64_t kChurn = 100;  // every so many heartbeats a container ends, or one is repeated

Error Unexpected(const std::string& what) {
  return {ErrorCode::kInternal, what, ""};
}

// `count` leaves with equal shares and no other limits.
QueueLines OpenQueues(int64_t count) {
  QueueLines lines;
  std::string names;
  for (int64_t q = 0; q < count; ++q) {
    const std::string name = "q" + std::to_string(q);
    names += (names.empty() ? "" : ",") + name;
    lines.emplace_back("root." + name + ".capacity", "1w");
    lines.emplace_back("root." + name + ".user-limit-factor", "-1");
    lines.emplace_back("root." + name + ".maximum-applications", "1000000");
  }
  lines.emplace_back("root.queues", names);
  lines.emplace_back("maximum-applications", "1000000");
  lines.emplace_back("maximum-am-resource-percent", "1.0");
  lines.emplace_back("resource-calculator",
                     "org.apache.hadoop.yarn.util.resource.DominantResourceCalculator");
  return lines;
}

// One round of heartbeats: every node once, with everything that it runs.
struct Round {
  std::vector<rm::Event> events;
  std::vector<rm::Action> kept;  // what the masters are told
  int64_t answers = 0;
};

Round MakeRound(CoreCluster& cluster, int64_t& sent) {
  Round round;
  std::vector<CoreCluster::Node>& nodes = cluster.nodes();
  for (size_t i = 0; i < nodes.size(); ++i) {
    std::vector<ContainerStatus> statuses;
    statuses.reserve(nodes[i].running.size());
    for (const ContainerId& id : nodes[i].running) statuses.push_back(cluster.Running(id));
    nodes[i].to_report.clear();  // it is among them
    ++sent;
    if (sent % kChurn == 0 && !statuses.empty() && !statuses.back().id.is_application_master()) {
      statuses.back() = cluster.Complete(statuses.back().id);
      nodes[i].running.pop_back();
    }
    round.events.emplace_back(cluster.Heartbeat(i, std::move(statuses)));
    if (sent % kChurn == kChurn / 2) round.events.push_back(round.events.back());
  }
  round.kept.reserve(round.events.size());
  return round;
}

void Keep(Round& round, rm::Actions actions) {
  for (rm::Action& action : actions) {
    if (const auto* reply = std::get_if<rm::Reply>(&action.body)) {
      if (std::holds_alternative<NodeHeartbeatAnswer>(reply->answer)) {
        ++round.answers;
        continue;
      }
    }
    if (!std::holds_alternative<rm::Transitioned>(action.body)) {
      round.kept.push_back(std::move(action));
    }
  }
}

// Full nodes, and one more master that waits for whatever becomes free.
Status Fill(CoreCluster& cluster, int64_t nodes, int64_t statuses) {
  const int64_t applications = std::max<int64_t>(1, nodes / 100);
  cluster.AddNodes(nodes, kContainer * statuses);
  for (int64_t i = 0; i <= applications; ++i) {
    cluster.AddApplication("root.q" + std::to_string(i % 10), "user1", kContainer);
  }
  cluster.StartMasters();
  WEIR_RETURN_IF_ERROR(cluster.fault());
  const int64_t workers = nodes * statuses - applications - 1;
  for (int64_t i = 0; i < applications; ++i) {
    cluster.Ask(static_cast<size_t>(i), static_cast<int32_t>(workers / applications), kContainer);
  }
  cluster.Ask(static_cast<size_t>(applications), 100'000, kContainer);
  cluster.BeatAll();
  WEIR_RETURN_IF_ERROR(cluster.fault());
  for (const CoreCluster::Node& node : cluster.nodes()) {
    if (static_cast<int64_t>(node.running.size()) != statuses) {
      return Unexpected(node.id.uuid + " runs " + std::to_string(node.running.size()));
    }
  }
  return {};
}

// A second of the cluster: every node is heard, and every master whose poll was answered.
void Second(CoreCluster& cluster) {
  cluster.BeatAll();
  cluster.PollAnswered();
  cluster.Advance(seconds(1));
}

// Until what was done last is over: masters have polled again more than once, and what is written
// every minute has been.
void Wait(CoreCluster& cluster) {
  for (int i = 0; i < 65; ++i) Second(cluster);
}

// A hundred applications in each second ask for their containers.
void AskInTurn(CoreCluster& cluster, int32_t each) {
  for (size_t i = 0; i < cluster.masters().size(); ++i) {
    cluster.Ask(i, each, kContainer);
    if (i % kInTurn == kInTurn - 1) Second(cluster);
  }
}

// A hundred in each second give theirs back; some seconds later these are over.
void EndInTurn(CoreCluster& cluster) {
  const size_t count = cluster.masters().size();
  const size_t later = kInTurn * 5;
  for (size_t i = 0; i < count + later; ++i) {
    if (i < count) cluster.ReleaseAll(i);
    if (i >= later) cluster.Finish(i - later);
    if (i % kInTurn == kInTurn - 1) Second(cluster);
  }
}

}  // namespace

Result<Samples> RunHeartbeatStep(const Parameters& parameters) {
  const int64_t nodes = parameters.at("nodes");
  CoreCluster cluster({.queues = OpenQueues(10)});
  WEIR_RETURN_IF_ERROR(Fill(cluster, nodes, parameters.at("statuses")));
  const Duration apart = Duration(seconds(1)) / nodes;
  const int64_t granted_before = cluster.granted();
  RunTime time;
  int64_t answers = 0;
  int64_t sent = 0;
  for (int64_t i = 0; i < kRounds; ++i) {
    Round round = MakeRound(cluster, sent);
    Now now = cluster.now();
    const Instant begun = now.monotonic;
    const auto measured = [&]() -> Status {
      for (const rm::Event& event : round.events) {
        now.monotonic += apart;
        now.wall =
            cluster.now().wall + std::chrono::duration_cast<milliseconds>(now.monotonic - begun);
        if (cluster.core().NextDeadline() <= now.monotonic) {
          Keep(round, cluster.core().Step(rm::DeadlineReached{}, now));
        }
        Keep(round, cluster.core().Step(event, now));
      }
      return {};
    };
    WEIR_ASSIGN_OR_RETURN(const RunTime of_round, TimedRun("heartbeat-step", measured));
    time += of_round;
    answers += round.answers;
    if (round.answers != static_cast<int64_t>(round.events.size())) {
      return Unexpected("a heartbeat was not answered");
    }
    cluster.set_now(now);
    cluster.Take(std::move(round.kept));
    cluster.PollAnswered();
    WEIR_RETURN_IF_ERROR(cluster.fault());
  }
  const int64_t placed_again = cluster.granted() - granted_before;
  if (placed_again < answers / kChurn / 2) return Unexpected("what ended was not placed again");
  Samples samples{{"placed_again", {static_cast<double>(placed_again)}}};
  AddRates("heartbeats", answers, time, samples);
  return samples;
}

int RunMemoryRole(const std::vector<std::string>& words) {
  std::vector<int64_t> numbers;
  for (size_t i = 1; i < words.size(); ++i) numbers.push_back(ParseInt64(words[i]).value_or(0));
  if (numbers.size() != 3) return 2;
  const int64_t nodes = numbers[0];
  const int64_t applications = numbers[1];
  const int64_t containers = numbers[2];
  CoreCluster cluster({.queues = OpenQueues(10), .remember_running = false});
  cluster.AddNodes(nodes, kContainer * (containers / nodes + 1));
  for (int64_t i = 0; i < applications; ++i) {
    cluster.AddApplication(
        "root.q" + std::to_string(i % 10), "user" + std::to_string(i % 100), kContainer);
  }
  cluster.StartMasters();
  Wait(cluster);
  const int64_t before = ResidentBytes();
  AskInTurn(cluster, static_cast<int32_t>(containers / applications) - 1);
  Wait(cluster);
  const int64_t held = cluster.core().Summary().containers_allocated;
  const int64_t loaded = ResidentBytes();
  EndInTurn(cluster);
  Wait(cluster);
  const int64_t after = ResidentBytes();
  if (Status fault = cluster.fault(); !fault.ok()) {
    std::fprintf(stderr, "%s\n", fault.error().ToString().c_str());
    return 1;
  }
  std::printf("before %lld\nloaded %lld\nafter %lld\ngranted %lld\nheld %lld\nleft %lld\n",
              static_cast<long long>(before),
              static_cast<long long>(loaded),
              static_cast<long long>(after),
              static_cast<long long>(cluster.granted()),
              static_cast<long long>(held),
              static_cast<long long>(cluster.core().Summary().containers_allocated));
  return 0;
}

Result<Samples> RunSchedulerMemory(const Parameters& parameters) {
  const int64_t applications = parameters.at("applications");
  const int64_t workers = parameters.at("containers") / applications * applications - applications;
  const testing::CommandResult child =
      testing::RunCommand({"/proc/self/exe",
                           kMemoryRole,
                           std::to_string(parameters.at("nodes")),
                           std::to_string(applications),
                           std::to_string(parameters.at("containers"))},
                          {},
                          "",
                          seconds(600));
  if (child.exit_code != 0) return Unexpected("the measuring process: " + child.ToString());
  std::map<std::string, double> values;
  std::istringstream lines(child.out);
  std::string name;
  double value = 0;
  while (lines >> name >> value) values[name] = value;
  if (values["granted"] != static_cast<double>(workers) ||
      values["held"] != static_cast<double>(workers + applications) || values["left"] != 0) {
    return Unexpected("not what was asked for: " + child.out);
  }
  constexpr double kMib = 1 << 20;
  return Samples{{"resident_mib", {values["loaded"] / kMib}},
                 {"resident_before_mib", {values["before"] / kMib}},
                 {"resident_after_mib", {values["after"] / kMib}},
                 {"bytes_per_container",
                  {(values["loaded"] - values["before"]) / static_cast<double>(workers)}},
                 {"idle_ratio", {values["after"] / values["before"]}}};
}

}  // namespace weir::bench
