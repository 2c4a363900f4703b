// The list of the benchmarks.
#include "tests/bench/bench.h"

namespace weir::bench {
namespace {

std::vector<Benchmark> OverTheWire() {
  return {
      {"allocate-latency",
       "A real ResourceManager with its LevelDB store on disk, real NodeManager processes and an "
       "ApplicationMaster in a container, over loopback; one ask at a time while the poll is "
       "parked, "
       "from the ask to its granted container, while another client submits applications.",
       {{"runs", 5}, {"nodes", 10}, {"asks", 1000}, {"submissions-per-second", 20}},
       {{"ask_to_answer_p50_us", "ask_to_answer_us", Statistic::kP50},
        {"ask_to_answer_p99_us", "ask_to_answer_us", Statistic::kP99},
        {"submissions", "submission_us", Statistic::kCount}},
       RunAllocateLatency},
      {"launch-latency",
       "A real cluster of one NodeManager; one container at a time, from the ask to the first "
       "instruction of the child's main, which reports the monotonic clock through a pipe.",
       {{"runs", 5}, {"nodes", 1}, {"launches", 200}},
       {{"ask_to_running_p50_us", "ask_to_running_us", Statistic::kP50},
        {"ask_to_running_p99_us", "ask_to_running_us", Statistic::kP99}},
       RunLaunchLatency},
      {"localise",
       "The NodeManager's cache of local resources with its threads and a real disk, and a staging "
       "server over loopback: all containers ask for all resources at once while nothing is there, "
       "then as many again one after the other. cache_hit_added_us is what resources that are "
       "there "
       "add to the start of a container.",
       {{"runs", 5}, {"containers", 1000}, {"resources", 20}, {"resource-mb", 10}},
       {{"downloads", "downloads", Statistic::kMean},
        {"cache_hit_added_us", "cache_hit_us", Statistic::kP50},
        {"cache_hit_added_p99_us", "cache_hit_us", Statistic::kP99},
        {"all_ms", "all_ms", Statistic::kMean}},
       RunLocalise},
  };
}

std::vector<Benchmark> OfTheNode() {
  return {
      {"nm-overhead",
       "A real cluster of one NodeManager with --containers containers that sleep and the default "
       "checks on: the CPU time of the NodeManager's process over --seconds, its resident memory, "
       "and that of the weir-launch processes.",
       {{"runs", 5}, {"containers", 200}, {"seconds", 30}},
       {{"cpu_percent", "cpu_percent", Statistic::kMean},
        {"resident_mib", "resident_mib", Statistic::kMean},
        {"launch_resident_mib", "launch_resident_mib", Statistic::kMean}},
       RunNmOverhead},
      {"launch",
       "The NodeManager's executor in this process, which holds --ballast-mib of memory: from the "
       "start request until the first bytes that the child writes are read here, each child in a "
       "cgroup of its own with memory, cpu and pids limits; first --serial one after "
       "the other, then --burst at once. Needs root.",
       {{"runs", 5}, {"serial", 1000}, {"burst", 200}, {"ballast-mib", 0}},
       {{"serial_p50_us", "serial_us", Statistic::kP50},
        {"serial_p99_us", "serial_us", Statistic::kP99},
        {"burst_launches_per_second", "burst_launches_per_second", Statistic::kMean}},
       RunLaunch},
      {"kill",
       "The same executor: from the kill request of a container that runs sleep to the report "
       "that no process and no cgroup of it is left. Needs root.",
       {{"runs", 5}, {"kills", 500}},
       {{"p50_us", "kill_us", Statistic::kP50}, {"p99_us", "kill_us", Statistic::kP99}},
       RunKill},
  };
}

std::vector<Benchmark> OfDecisions() {
  return {
      {"scheduler-allocate",
       "The scheduling engine alone: two leaf queues with guarantees 100,000 and 1,000,000 MiB, "
       "one "
       "application in each, half of the asks each, every ask one container of 10 MiB and 1 vcore "
       "under its own request id; nodes with just enough room. The time runs from before the first "
       "ask until the last container has its id, node and resource.",
       {{"runs", 5}, {"nodes", 5000}, {"asks", 100'000}},
       {{"decisions_per_second", "decisions_per_second", Statistic::kMean},
        {"decisions_per_cpu_second", "decisions_per_cpu_second", Statistic::kMean}},
       RunSchedulerAllocate},
      {"scheduler-reject",
       "The scheduling engine alone: every user is over the limit, two nodes have room. Each "
       "update "
       "applies fresh usage of a node and offers its free space; with --churn N every Nth update "
       "also releases a container and places another.",
       {{"runs", 5},
        {"types", 2},
        {"queues", 1},
        {"applications", 100},
        {"churn", 0},
        {"updates", 2'000'000}},
       {{"updates_per_second", "updates_per_second", Statistic::kMean},
        {"updates_per_cpu_second", "updates_per_cpu_second", Statistic::kMean}},
       RunSchedulerReject},
      {"scheduler-gang",
       "The scheduling engine alone: gangs of --size containers, asked one after the other by 100 "
       "applications in two queues, all at once or none, packed or with --spread over the nodes.",
       {{"runs", 5}, {"nodes", 5000}, {"gangs", 10'000}, {"size", 100}, {"spread", 0}},
       {{"containers_per_second", "containers_per_second", Statistic::kMean},
        {"containers_per_cpu_second", "containers_per_cpu_second", Statistic::kMean}},
       RunSchedulerGang},
  };
}

std::vector<Benchmark> OfPolicies() {
  return {
      {"scheduler-preempt",
       "The scheduling engine alone: half of the queues hold the whole cluster, the other half ask "
       "for their guarantee; four rounds of the preemption monitor, step by step.",
       {{"runs", 5}, {"nodes", 5000}, {"queues", 100}, {"containers", 100'000}},
       {{"round_ms", "round_ms", Statistic::kMax},
        {"longest_step_ms", "step_ms", Statistic::kMax},
        {"longest_step_cpu_ms", "step_cpu_ms", Statistic::kMax},
        {"warned", "warned", Statistic::kMean}},
       RunSchedulerPreempt},
      {"scheduler-flood",
       "The scheduling engine alone: one queue's decisions, ask by ask, without and with --flood "
       "unplaceable asks of a thousand sizes waiting in another queue.",
       {{"runs", 5}, {"nodes", 5000}, {"asks", 20'000}, {"flood", 1'000'000}},
       {{"slowdown", "slowdown", Statistic::kMean},
        {"cpu_slowdown", "cpu_slowdown", Statistic::kMean},
        {"quiet_decisions_per_second", "quiet_decisions_per_second", Statistic::kMean},
        {"flooded_decisions_per_second", "flooded_decisions_per_second", Statistic::kMean}},
       RunSchedulerFlood},
  };
}

std::vector<Benchmark> OfTheCore() {
  return {
      {"scheduler-memory",
       "The ResourceManager's whole core with the scheduler, driven through its events, in a "
       "process of its own: resident memory with --applications running masters, with "
       "--containers running containers (the masters' are among them), and after all is over. "
       "bytes_per_container is what the containers add; idle_ratio is the end to the beginning.",
       {{"runs", 5}, {"nodes", 5000}, {"applications", 10'000}, {"containers", 1'000'000}},
       {{"resident_mib", "resident_mib", Statistic::kMean},
        {"bytes_per_container", "bytes_per_container", Statistic::kMean},
        {"idle_ratio", "idle_ratio", Statistic::kMean},
        {"resident_before_mib", "resident_before_mib", Statistic::kMean},
        {"resident_after_mib", "resident_after_mib", Statistic::kMean}},
       RunSchedulerMemory},
      {"heartbeat-step",
       "The ResourceManager's whole core, without the wire: heartbeats of full nodes, one after "
       "the other, twenty of each, with the status of every running container in each; every "
       "hundredth is repeated, and with every hundredth a container ends whose place goes to a "
       "waiting ask. Heartbeats are made before the clock starts; it stops when the last answer "
       "is there.",
       {{"runs", 5}, {"nodes", 5000}, {"statuses", 10}},
       {{"heartbeats_per_second", "heartbeats_per_second", Statistic::kMean},
        {"heartbeats_per_cpu_second", "heartbeats_per_cpu_second", Statistic::kMean},
        {"placed_again", "placed_again", Statistic::kMean}},
       RunHeartbeatStep},
  };
}

std::vector<Benchmark> OfTheStores() {
  const std::vector<std::string> stores = {"leveldb", "filesystem", "zookeeper"};
  return {
      {"submit-durable",
       "A real ResourceManager without nodes and its state store, on disk or in three ZooKeeper "
       "servers on this machine: --clients clients, each with a socket of its own and one "
       "submission of 1 KB under way, and the next one when that is acknowledged, for --ms (and "
       "for 100,000 submissions, more than which may not wait). raw_store is the store alone, in "
       "this process, with as many records under way; of_multis and raw_store_of_multis are both "
       "rates beside that of bare multis of the same shape, as many under way, on the same "
       "servers.",
       {{"runs", 5}, {"store", 0}, {"clients", 64}, {"ms", 3000}},
       {{"submissions_per_second", "submissions_per_second", Statistic::kMean},
        {"p50_ms", "submission_ms", Statistic::kP50},
        {"p99_ms", "submission_ms", Statistic::kP99},
        {"raw_store_per_second", "raw_store_per_second", Statistic::kMean},
        {"raw_store_p50_ms", "store_ms", Statistic::kP50},
        {"raw_store_p99_ms", "store_ms", Statistic::kP99},
        {"multis_per_second", "multis_per_second", Statistic::kMean},
        {"of_multis", "of_multis", Statistic::kMean},
        {"raw_store_of_multis", "raw_store_of_multis", Statistic::kMean}},
       RunSubmitDurable,
       WhyNotSubmitDurable,
       {{"store", stores}}},
      {"recover",
       "A state store with --applications applications of 1 KB, each with an ApplicationMaster on "
       "one of 100 nodes: from opening it to having taken it over and loaded every record. Then "
       "two ResourceManagers over it, five times: the active one is killed when the other one has "
       "followed the store; warm_takeover is from the lock to serving, by its log, as of "
       "'failover'.",
       {{"runs", 3}, {"store", 0}, {"applications", 10'000}},
       {{"load_seconds", "load_seconds", Statistic::kMean},
        {"warm_takeover_seconds", "warm_takeover_seconds", Statistic::kP50},
        {"warm_takeover_max_seconds", "warm_takeover_seconds", Statistic::kMax},
        {"records", "records", Statistic::kMean}},
       RunRecover,
       WhyNotRecover,
       {{"store", stores}}},
  };
}

std::vector<Benchmark> OfHighAvailability() {
  return {
      {"failover",
       "Two ResourceManagers over --zookeepers servers of ZooKeeper, with sessions of --session "
       "ms; "
       "--nodes NodeManagers over sockets, real ones but for the processes of their containers, "
       "which are notes in a journal; --applications with --containers in all, their "
       "ApplicationMasters with the real client library, all in one process. The active "
       "ResourceManager is killed --kills times (SIGKILL) and started again as standby. "
       "first_new_container: from the kill to the start, at its node, of the first container that "
       "the next one has granted to an ApplicationMaster. takeover: from the lock to serving, by "
       "its log. all_back: until every node and ApplicationMaster is registered, and 20 asks from "
       "around the kill are met. lost, duplicated and disturbed are judged by the journal.",
       {{"runs", 1},
        {"nodes", 100},
        {"applications", 1000},
        {"containers", 10'000},
        {"session", 1000},
        {"zookeepers", 1},
        {"kills", 30}},
       {{"first_new_container_p50_ms", "first_new_container_ms", Statistic::kP50},
        {"first_new_container_p99_ms", "first_new_container_ms", Statistic::kP99},
        {"takeover_ms", "takeover_ms", Statistic::kP50},
        {"takeover_max_ms", "takeover_ms", Statistic::kMax},
        {"all_back_p50_ms", "all_back_ms", Statistic::kP50},
        {"lost", "lost", Statistic::kMax},
        {"duplicated", "duplicated", Statistic::kMax},
        {"disturbed", "disturbed", Statistic::kMax}},
       RunFailover},
  };
}

}  // namespace

const std::vector<Benchmark>& Benchmarks() {
  static const std::vector<Benchmark> kBenchmarks = [] {
    std::vector<Benchmark> all = OverTheWire();
    for (const auto& part : {OfTheNode(),
                             OfDecisions(),
                             OfPolicies(),
                             OfTheCore(),
                             OfTheStores(),
                             OfHighAvailability()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return kBenchmarks;
}

}  // namespace weir::bench
