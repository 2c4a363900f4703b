#include "tests/sls/trace_reader.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "common/random.h"
#include "tests/sls/load_file.h"
#include "tests/sls/nodes_reader.h"

namespace weir::sls {
namespace {

constexpr char kSls[] = R"({"num.nodes": 6, "num.racks": 2}
{"am.type": "mapreduce", "job.id": "a", "job.start.ms": "500", "job.end.ms": 9000,
 "job.queue.name": "q", "job.user": "mia", "job.priority": 3, "job.label.expression": "gpu",
 "am.memory-mb": 2048, "am.vcores": 2,
 "job.tasks": [
  {"container.host": "/r1/n1", "container.start.ms": 1000, "container.end.ms": 3500,
   "container.priority": 20, "container.type": "map", "container.execution.type": "GUARANTEED",
   "container.allocation.id": 4},
  {"count": 3, "duration.ms": 70, "container.memory-mb": 4096, "container.vcores": 3,
   "container.yarn.io/gpu": 1},
  {"count": 2, "duration.ms": 70, "container.memory-mb": 4096, "container.vcores": 3,
   "container.yarn.io/gpu": 1},
  {"container.duration.ms": 10, "container.type": "reduce", "container.priority": 10,
   "container.delay.ms": 5}]}
{"job.count": 2, "job.tasks": [{"duration.ms": 1}], "reservation": 1}
)";

TEST(TraceReader, ReadsSls) {
  const auto read = ReadTrace("t.json", kSls, 9);
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_EQ(read->format, "SLS");
  EXPECT_EQ(read->nodes, 6);
  EXPECT_EQ(read->nodes_per_rack, 3);
  EXPECT_EQ(read->seed, 9u);
  EXPECT_EQ(read->ignored_fields, std::vector<std::string>{"\"reservation\""});
  ASSERT_EQ(read->jobs.size(), 3u);
  // By start: the two without one come first.
  EXPECT_EQ(read->jobs[0].name, "job_2_1");
  EXPECT_EQ(read->jobs[1].name, "job_2_2");
  EXPECT_EQ(read->jobs[1].queue, "default");
  const JobPlan& job = read->jobs[2];
  EXPECT_EQ(job.start, milliseconds(500));
  EXPECT_EQ(job.user, "mia");
  EXPECT_EQ(job.queue, "q");
  EXPECT_EQ(job.priority, 3);
  EXPECT_EQ(job.label, "gpu");
  EXPECT_EQ(job.master, (Resource{2048, 2}));
  ASSERT_EQ(job.tasks.size(), 3u);
  EXPECT_EQ(job.tasks[0].host, "n1");
  EXPECT_EQ(job.tasks[0].rack, "/r1");
  EXPECT_EQ(job.tasks[0].run, milliseconds(2500));
  EXPECT_FALSE(job.tasks[0].second);
  EXPECT_EQ(job.tasks[1].count, 5) << "alike neighbours are one";
  Resource gpu{4096, 3};
  gpu.SetNamed("yarn.io/gpu", 1);
  EXPECT_EQ(job.tasks[1].resource, gpu);
  EXPECT_TRUE(job.tasks[2].second);
  EXPECT_EQ(job.tasks[2].delay, milliseconds(5));
  EXPECT_EQ(job.tasks[2].priority, 10);
}

std::string Synth(const std::string& tasks, const std::string& top = R"("num_jobs": 200)") {
  return R"({"num_nodes": 20, "nodes_per_rack": 4, "rand_seed": 2, )" + top +
         R"(, "workloads": [{"workload_name": "w", "workload_weight": 1, "queue_name": "q",
      "job_classes": [{"class_name": "c", "user_name": "u", "class_weight": 1, "type": "stream",
        "duration": {"val": 3}, "tasks": )" +
         tasks + R"(}],
      "time_distribution": [{"time": 10, "weight": 1}, {"time": 20, "weight": 0}]}]})";
}

constexpr char kTasks[] =
    R"([{"type": "stream", "priority": 7, "count": {"val": 2}, "time": {"val": 60000, "std": 5000},
         "max_memory": {"val": 100}, "max_vcores": {"discrete": [2, 4], "weights": [1, 1]}}])";

TEST(TraceReader, DrawsSynth) {
  const auto read = ReadTrace("t.json", Synth(kTasks), std::nullopt);
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_EQ(read->format, "SYNTH");
  EXPECT_EQ(read->nodes, 20);
  EXPECT_EQ(read->nodes_per_rack, 4);
  EXPECT_EQ(read->seed, 2u);
  EXPECT_EQ(read->ignored_fields, std::vector<std::string>{"\"duration\""});
  ASSERT_EQ(read->jobs.size(), 200u);
  Duration total{0};
  int with_two = 0;
  for (const JobPlan& job : read->jobs) {
    EXPECT_GE(job.start, seconds(10));
    EXPECT_LT(job.start, seconds(20));
    EXPECT_EQ(TasksOf(job), 2);
    for (const TaskPlan& task : job.tasks) {
      EXPECT_EQ(task.priority, 7);
      EXPECT_EQ(task.resource.memory_mib, 1024) << "the least that a container has";
      total += task.run * task.count;
    }
    with_two += job.tasks[0].resource.vcores == 2 ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(ToMillis(total)) / 400, 60'000, 1000);
  EXPECT_NEAR(with_two, 100, 30);
}

TEST(TraceReader, DrawsTheSameJobsFromTheSameSeedOnly) {
  const auto first = ReadTrace("t.json", Synth(kTasks), std::nullopt);
  const auto again = ReadTrace("t.json", Synth(kTasks), 2);
  const auto other = ReadTrace("t.json", Synth(kTasks), 3);
  ASSERT_TRUE(first.ok() && again.ok() && other.ok());
  EXPECT_EQ(first->jobs, again->jobs);
  EXPECT_NE(first->jobs, other->jobs);
}

TEST(TraceReader, NamesPlaceAndFieldOfWhatIsWrong) {
  struct Case {
    std::string text;
    std::string expected;  // stands in the message
  };
  const auto job = [](const std::string& task) {
    return "\n{\"job.tasks\": [{\"duration.ms\": 1}, " + task + "]}";
  };
  const std::vector<Case> cases = {
      {"", "t.json has no jobs"},
      {"{}", "job.tasks is missing, and so is num.nodes"},
      {"{\"num.nodes\": 0}", "num.nodes is 0, out of range"},
      {"{\"num.nodes\": 3}", "has no jobs"},
      {job("{}"), "t.json:2 (byte 1): job.tasks[1].container.start.ms is missing"},
      {job("1"), "t.json:2 (byte 1): job.tasks[1] is a number"},
      {job("{\"duration.ms\": -1}"), "job.tasks[1].duration.ms is -1, out of range"},
      {job("{\"duration.ms\": 1e3}"), "job.tasks[1].duration.ms is a number, not a whole number"},
      {job("{\"duration.ms\": \"soon\"}"), "duration.ms is \"soon\", not a whole number"},
      {job("{\"duration.ms\": 99999999999999999999}"), "duration.ms is a number"},
      {job("{\"duration.ms\": 1, \"count\": 0}"), "count is 0, out of range"},
      {job("{\"duration.ms\": 1, \"count\": 1000001}"), "count is 1000001, out of range"},
      {job("{\"duration.ms\": 1, \"container.vcores\": 0}"), "container.vcores is 0"},
      {job("{\"duration.ms\": 1, \"container.memory-mb\": -5}"), "container.memory-mb is -5"},
      {job("{\"duration.ms\": 1, \"container.execution.type\": \"OPPORTUNISTIC\"}"),
       "container.execution.type is OPPORTUNISTIC"},
      {job("{\"container.start.ms\": 5, \"container.end.ms\": 4}"), "lies before"},
      {job("{\"duration.ms\": 1, \"container.type\": \"" + std::string(300, 'x') + "\"}"),
       "container.type is \"xxx"},
      {"{\"job.tasks\": []}", "job.tasks is missing or empty"},
      {"{\"job.tasks\": 3}", "job.tasks is a number"},
      {"{\"job.tasks\": [{\"duration.ms\": 1}], \"job.user\": [1]}", "job.user is an array"},
      {"{\"job.tasks\": [{\"duration.ms\": 1}], \"job.user\": \"a\\nb\"}", "job.user is \"a?b\""},
      {"{\"job.tasks\": [{\"duration.ms\": 1}], \"job.start.ms\": 5, \"job.end.ms\": 4}",
       "job.end.ms lies before"},
      {"{\"job.tasks\": [{\"duration.ms\": 1}], \"job.count\": 1000000}", "job.count is 1000000"},
      {"{\"job.tasks\": [{\"duration.ms\": 1, \"count\": 1000000}], \"job.count\": 100000}",
       "tasks make more than 1000000"},
      {Synth(kTasks) + Synth(kTasks), "a SYNTH trace is one object alone"},
      {Synth("[]"), "workloads[0].job_classes[0].tasks is missing or empty"},
      {Synth("[{}]"), "workloads[0].job_classes[0].tasks[0].count is missing"},
      {Synth(kTasks, "\"num_jobs\": 0"), "num_jobs is 0"},
      {Synth(kTasks, "\"x\": 0"), "num_jobs is missing"},
      {Synth(R"([{"count": {"val": 1e15}, "time": {"val": 1}, "max_memory": {"val": 1},
                  "max_vcores": {"val": 1}}])"),
       "tasks make more than 1000000"},
      {Synth(R"([{"count": {"val": -1}}])"), "tasks[0].count.val is out of range"},
      {Synth(R"([{"count": {"std": 1}}])"), "tasks[0].count.val is missing"},
      {Synth(R"([{"count": {"val": 1, "dist": "POISSON"}}])"), "count.dist is \"POISSON\""},
      {Synth(R"([{"count": {"discrete": []}}])"), "count.discrete has no choices"},
      {Synth(R"([{"count": {"discrete": ["x"]}}])"), "count.discrete has an element"},
      {Synth(R"([{"count": {"discrete": [1], "weights": [0]}}])"), "count.discrete has no choices"},
      {R"({"num_nodes": 1, "num_jobs": 1, "workloads": []})", "workloads has none"},
      {R"({"num_nodes": 1, "num_jobs": 1, "workloads": [{"job_classes": []}]})",
       "workloads[0].time_distribution has no time"},
      {R"({"num_nodes": 1, "num_jobs": 1, "workloads": [{"time_distribution":
          [{"time": 5, "weight": 1}, {"time": 4, "weight": 1}]}]})",
       "workloads[0].time_distribution[1].time is 4, out of range"},
      {R"({"num_nodes": 1, "num_jobs": 1, "workloads": [{"time_distribution":
          [{"time": 5, "weight": 1}], "job_classes": [{"mtasks_avg": 3}]}]})",
       "mtasks_avg belongs to the old form"},
  };
  for (const Case& each : cases) {
    const auto read = ReadTrace("t.json", each.text, std::nullopt);
    ASSERT_FALSE(read.ok()) << each.text;
    EXPECT_NE(read.error().message.find(each.expected), std::string::npos)
        << read.error().message << "\nexpected: " << each.expected;
    EXPECT_FALSE(read.error().remedy.empty()) << each.expected;
    EXPECT_LT(read.error().message.size(), 1500u);
  }
}

TEST(TraceReader, ReadsOrRefusesWhateverItIsGiven) {
  const std::vector<std::string> originals = {kSls, Synth(kTasks, "\"num_jobs\": 3")};
  constexpr std::string_view kBytes = "{}[]\",:0123456789-eE.\\\x00\xff nt";
  Random random(11);
  int taken = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string text = originals[random.Below(originals.size())];
    for (uint64_t changes = 1 + random.Below(4); changes > 0; --changes) {
      const size_t at = random.Below(text.size());
      if (random.Chance(1, 3)) {
        text.erase(at, 1 + random.Below(20));
      } else {
        text[at] = kBytes[random.Below(kBytes.size())];
      }
    }
    const auto read = ReadTrace("t.json", text, std::nullopt);
    if (read.ok()) {
      ++taken;
      EXPECT_FALSE(read->jobs.empty());
    } else {
      EXPECT_EQ(read.error().code, ErrorCode::kInvalidArgument);
    }
  }
  EXPECT_GT(taken, 0);
  EXPECT_LT(taken, 2000);
}

TEST(NodesReader, ReadsRacks) {
  IgnoredFields ignored;
  const auto nodes = ReadNodes("n.json",
                               R"({"rack": "r1", "nodes": [{"node": "a"},
                                 {"node": "b", "memory-mb": 5, "vcores": 2, "labels": "gpu",
                                  "yarn.io/gpu": 4}]}
                                 {"nodes": [{"node": "c", "color": "red"}]})",
                               {10'240, 10},
                               ignored);
  ASSERT_TRUE(nodes.ok()) << nodes.error().ToString();
  ASSERT_EQ(nodes->size(), 3u);
  EXPECT_EQ((*nodes)[0],
            (NodePlan{.host = "a", .rack = "/r1", .label = "", .capacity = {10'240, 10}}));
  Resource capacity{5, 2};
  capacity.SetNamed("yarn.io/gpu", 4);
  EXPECT_EQ((*nodes)[1],
            (NodePlan{.host = "b", .rack = "/r1", .label = "gpu", .capacity = capacity}));
  EXPECT_EQ((*nodes)[2].rack, "/default-rack");
  EXPECT_EQ(ignored, IgnoredFields{"\"color\""});
}

TEST(NodesReader, RefusesWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "has no nodes"},
      {"{}", "nodes is missing or empty"},
      {R"({"nodes": [{"node": ""}]})", "nodes[0].node is empty"},
      {R"({"nodes": [{}]})", "nodes[0].node is missing"},
      {R"({"nodes": [{"node": "a"}, {"node": "a"}]})", "nodes[1].node names a again"},
      {R"({"nodes": [{"node": "a", "vcores": "x"}]})", "nodes[0].vcores is \"x\""},
  };
  for (const auto& [text, expected] : cases) {
    IgnoredFields ignored;
    const auto nodes = ReadNodes("n.json", text, {1024, 1}, ignored);
    ASSERT_FALSE(nodes.ok()) << text;
    EXPECT_NE(nodes.error().message.find(expected), std::string::npos) << nodes.error().message;
  }
}

TEST(NodesReader, MakesTheNodesThatATraceAsksFor) {
  Trace trace;
  trace.nodes = 5;
  trace.nodes_per_rack = 2;
  const auto nodes = NodesOf(trace, {2048, 2});
  ASSERT_TRUE(nodes.ok());
  ASSERT_EQ(nodes->size(), 5u);
  EXPECT_EQ(nodes->front().host, "node1");
  EXPECT_EQ(nodes->front().rack, "/rack1");
  EXPECT_EQ(nodes->back().rack, "/rack3");

  Trace named;
  named.jobs.emplace_back();
  named.jobs[0].tasks.push_back({.host = "h1", .rack = "/r"});
  named.jobs[0].tasks.push_back({.host = "h1", .rack = "/r"});
  const auto hosts = NodesOf(named, {2048, 2});
  ASSERT_TRUE(hosts.ok());
  ASSERT_EQ(hosts->size(), 1u);
  EXPECT_EQ(hosts->front().rack, "/r");

  EXPECT_FALSE(NodesOf(Trace{}, {2048, 2}).ok());
}

TEST(LoadFile, IsTheCommonLoad) {
  for (const std::string name : {"sls-5k", "sls-5k-churn"}) {
    const auto text = MakeLoadFile(name);
    ASSERT_TRUE(text.ok());
    const auto trace = ReadTrace(name, *text, std::nullopt);
    ASSERT_TRUE(trace.ok()) << trace.error().ToString();
    EXPECT_EQ(trace->nodes, 5000);
    ASSERT_EQ(trace->jobs.size(), 2000u);
    std::map<std::string, int64_t> tasks;
    for (const JobPlan& job : trace->jobs) {
      EXPECT_LT(job.start, seconds(1));
      EXPECT_EQ(job.tasks[0].run, name == "sls-5k" ? seconds(120) : seconds(5));
      EXPECT_EQ(job.tasks[0].resource, (Resource{1024, 1}));
      tasks[job.queue] += TasksOf(job);
    }
    EXPECT_EQ(tasks["sls_queue_1"], 25'000);
    EXPECT_EQ(tasks["sls_queue_2"], 25'000);
    EXPECT_EQ(tasks["sls_queue_3"], 50'000);
  }
  EXPECT_FALSE(MakeLoadFile("sls-6k").ok());
}

}  // namespace
}  // namespace weir::sls
