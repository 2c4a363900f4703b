#include "tests/sls/cluster.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "common/strings.h"
#include "tests/sls/core_options.h"
#include "tests/sls/nodes_reader.h"
#include "tests/sls/trace_reader.h"

namespace weir::sls {
namespace {

struct Outcome {
  RunFacts facts;
  QueueFigures queue;  // root.default
  std::string summary;
};

std::vector<NodePlan> Nodes(int count, const Resource& capacity) {
  Trace trace;
  trace.nodes = count;
  return *NodesOf(trace, capacity);
}

Outcome RunTrace(const std::string& text,
                 const std::vector<NodePlan>& nodes,
                 uint64_t seed = 1,
                 Duration limit = std::chrono::hours(24)) {
  const auto trace = ReadTrace("t.json", text, std::nullopt);
  EXPECT_TRUE(trace.ok()) << trace.error().ToString();
  ClusterOptions options;
  options.core = *MakeCoreOptions("", nodes);
  options.seed = seed;
  options.limit = limit;
  Cluster cluster(options, *trace, nodes);
  auto facts = cluster.Run();
  EXPECT_TRUE(facts.ok()) << facts.error().ToString();
  Recorder recorder = cluster.recorder();
  return {*facts, recorder.Queue("root.default"), recorder.Summary(*facts)};
}

// Seconds, rounded: messages take milliseconds.
int64_t Seconds(Duration duration) {
  return (ToMillis(duration) + 500) / 1000;
}
int64_t LongestWait(const QueueFigures& queue) {
  int64_t longest = 0;
  for (const int64_t wait : queue.waits) longest = std::max(longest, wait);
  return Seconds(microseconds(longest));
}

TEST(Cluster, RunsTasksInAsManyWavesAsTheNodesNeed) {
  // One node of 10 containers, of which one is the ApplicationMaster: 18 tasks of 10 s are two
  // waves of 9. Used: 1 x 20 s + 18 x 10 s of 10 x 20 s = all of it.
  const Outcome run =
      RunTrace(R"({"job.tasks": [{"count": 18, "duration.ms": 10000}]})", Nodes(1, {10'240, 10}));
  EXPECT_TRUE(run.facts.complete);
  EXPECT_EQ(Seconds(run.facts.end - run.facts.begin), 20);
  EXPECT_EQ(run.queue.granted, 18);
  EXPECT_EQ(run.queue.completed, 18);
  EXPECT_EQ(run.queue.finished, 1);
  EXPECT_EQ(LongestWait(run.queue), 10);
  EXPECT_EQ(run.queue.containers.peak(), 10);
  const int64_t used = run.queue.memory.MillionthsOf(10'240, run.facts.begin, run.facts.end);
  EXPECT_GT(used, 990'000);
  EXPECT_LE(used, 1'000'000);
}

TEST(Cluster, AsksForReducersWhenTheMapsAreDone) {
  const Outcome run = RunTrace(R"({"job.tasks": [
      {"count": 2, "duration.ms": 5000, "container.type": "map"},
      {"count": 1, "duration.ms": 9000, "container.type": "map"},
      {"count": 4, "duration.ms": 3000, "container.type": "reduce", "container.priority": 10}]})",
                               Nodes(1, {10'240, 10}));
  EXPECT_TRUE(run.facts.complete);
  EXPECT_EQ(Seconds(run.facts.end - run.facts.begin), 12);
  EXPECT_EQ(LongestWait(run.queue), 0);
  EXPECT_EQ(run.queue.containers.peak(), 5) << "four reducers and the master";
}

TEST(Cluster, AsksForDelayedTasksLater) {
  const Outcome run = RunTrace(R"({"am.type": "stream", "job.start.ms": 1000, "job.tasks": [
      {"duration.ms": 1000}, {"duration.ms": 1000, "container.delay.ms": 1800000}]})",
                               Nodes(1, {10'240, 10}));
  EXPECT_TRUE(run.facts.complete);
  EXPECT_EQ(Seconds(run.facts.end - run.facts.begin), 1802);
  EXPECT_EQ(LongestWait(run.queue), 0);
}

TEST(Cluster, CountsApplicationsWhoseAsksAreRefusedAsFailed) {
  const Outcome run = RunTrace(
      R"({"job.id": "big", "job.tasks": [{"duration.ms": 1, "container.memory-mb": 20000}]}
         {"job.id": "small", "job.tasks": [{"duration.ms": 1}]})",
      Nodes(1, {10'240, 10}));
  EXPECT_TRUE(run.facts.complete);
  EXPECT_EQ(run.queue.failed, 1);
  EXPECT_EQ(run.queue.finished, 1);
  EXPECT_NE(run.summary.find("refused_masters"), std::string::npos);
  EXPECT_NE(run.summary.find("20000"), std::string::npos) << run.summary;
}

TEST(Cluster, CountsRejectedApplications) {
  const Outcome run = RunTrace(
      R"({"job.queue.name": "nowhere", "job.count": 3, "job.tasks": [{"duration.ms": 1}]})",
      Nodes(1, {10'240, 10}));
  EXPECT_FALSE(run.facts.complete);
  EXPECT_NE(run.summary.find("\"rejected\": 3"), std::string::npos);
  EXPECT_NE(run.summary.find("\"queue\": \"nowhere\""), std::string::npos);
}

TEST(Cluster, EndsWhenNothingCanHappenAnyMoreAndSaysWhatWaits) {
  // The node is large enough for either the master or the task, not for both.
  const Outcome run = RunTrace(
      R"({"job.id": "narrow", "am.memory-mb": 6144, "job.tasks": [
           {"duration.ms": 1000, "container.memory-mb": 6144}]})",
      Nodes(1, {10'240, 10}));
  EXPECT_FALSE(run.facts.complete);
  ASSERT_EQ(run.facts.waiting.size(), 1u);
  EXPECT_NE(run.facts.waiting[0].find("narrow in root.default (RUNNING): "), std::string::npos)
      << run.facts.waiting[0];
  EXPECT_NEAR(static_cast<double>(ToMillis(run.facts.end - run.facts.begin)), 600'000, 100'000);
}

TEST(Cluster, StopsAtTheTimeLimit) {
  const Outcome run = RunTrace(
      R"({"job.tasks": [{"duration.ms": 3600000}]})", Nodes(1, {10'240, 10}), 1, seconds(100));
  EXPECT_FALSE(run.facts.complete);
  EXPECT_GE(run.facts.end - run.facts.begin, seconds(100));
  EXPECT_LT(run.facts.end - run.facts.begin, seconds(200));
}

TEST(Cluster, DoesTheSameAgainForTheSameSeedAndSomethingElseForAnother) {
  const std::string text = R"({"job.count": 5, "job.tasks": [{"count": 30, "duration.ms": 7000}]})";
  const auto nodes = Nodes(7, {8192, 8});
  const Outcome first = RunTrace(text, nodes, 5);
  EXPECT_TRUE(first.facts.complete);
  EXPECT_EQ(first.summary, RunTrace(text, nodes, 5).summary);
  EXPECT_NE(first.summary, RunTrace(text, nodes, 6).summary);
}

TEST(Cluster, NotesWhatTheQueuesHoldWithoutChangingTheRun) {
  const auto trace =
      ReadTrace("t.json", R"({"job.tasks": [{"count": 18, "duration.ms": 10000}]})", std::nullopt);
  ASSERT_TRUE(trace.ok());
  const auto nodes = Nodes(1, {10'240, 10});
  ClusterOptions options;
  options.core = *MakeCoreOptions("", nodes);
  Cluster plain(options, *trace, nodes);
  options.series_every = seconds(5);
  Cluster noted(options, *trace, nodes);
  const auto plain_facts = plain.Run();
  const auto noted_facts = noted.Run();
  ASSERT_TRUE(plain_facts.ok() && noted_facts.ok());
  EXPECT_EQ(plain.recorder().Summary(*plain_facts), noted.recorder().Summary(*noted_facts));
  EXPECT_EQ(plain.series(), "");
  // One application; 10 containers run, of the second wave 9 still wait.
  EXPECT_NE(noted.series().find(",root.default,1,0,10,9,10240,10240,9216,0,10\n"),
            std::string::npos)
      << noted.series();
}

// A full cluster of 40 GiB, where a container of 1 GiB ends every quarter of a second and the next
// one takes its place; an ask for 4 x 4 GiB of a queue that has a right to 20 GiB and holds 1. A
// node is held back for it: it waits about as long as a small container runs.
TEST(Cluster, GivesALargeAskItsTurnInAFullCluster) {
  std::string text =
      R"({"am.type": "stream", "job.queue.name": "sls_queue_1", "job.user": "ann", "job.tasks": [)";
  Random random(3);
  for (int i = 0; i < 1000; ++i) {
    text += R"({"duration.ms": )" + std::to_string(random.Between(8000, 12'000)) + "},";
  }
  text.back() = ']';
  text += R"(} {"am.type": "stream", "job.start.ms": 20000, "job.queue.name": "sls_queue_3",
      "job.tasks": [{"count": 4, "duration.ms": 30000, "container.memory-mb": 4096}]})";
  const auto trace = ReadTrace("t.json", text, std::nullopt);
  ASSERT_TRUE(trace.ok()) << trace.error().ToString();
  const auto nodes = Nodes(4, {10'240, 10});
  const std::string samples = std::string(std::getenv("WEIR_SOURCE_DIR")) + "/tests/sls/samples/";
  ClusterOptions options;
  options.core = *MakeCoreOptions(samples + "capacity-scheduler.xml", nodes);
  Cluster cluster(options, *trace, nodes);
  const auto facts = cluster.Run();
  ASSERT_TRUE(facts.ok()) << facts.error().ToString();
  EXPECT_TRUE(facts->complete);
  Recorder recorder = cluster.recorder();
  EXPECT_LE(LongestWait(recorder.Queue("root.sls_queue_3")), 15);
}

// Drawn loads over the queues of the samples, with preemption: whatever the seed, every job ends,
// nothing is lost but by preemption, and the core's sums are right all the way.
TEST(Cluster, BringsEveryDrawnJobToItsEnd) {
  const std::string samples = std::string(std::getenv("WEIR_SOURCE_DIR")) + "/tests/sls/samples/";
  std::string text = *ReadFile(samples + "mixed.json");
  // Maps of minutes: what one queue has taken does not come back by itself.
  const std::string short_maps = R"("time": {"val": 20000, "std": 5000})";
  ASSERT_NE(text.find(short_maps), std::string::npos);
  text.replace(
      text.find(short_maps), short_maps.size(), R"("time": {"val": 150000, "std": 50000})");
  int64_t preempted = 0;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    const auto trace = ReadTrace("mixed.json", text, seed);
    ASSERT_TRUE(trace.ok()) << trace.error().ToString();
    const auto nodes = *NodesOf(*trace, {10'240, 10});
    ClusterOptions options;
    options.core = *MakeCoreOptions(samples + "preemption.xml", nodes);
    options.seed = seed;
    options.check_every = 100;
    Cluster cluster(options, *trace, nodes);
    const auto facts = cluster.Run();
    ASSERT_TRUE(facts.ok()) << "seed " << seed << ": " << facts.error().ToString();
    EXPECT_TRUE(facts->complete) << "seed " << seed << ": " << Join(facts->waiting, "; ");
    Recorder recorder = cluster.recorder();
    int64_t completed = 0;
    for (const char* queue : {"root.sls_queue_1", "root.sls_queue_3"}) {
      const QueueFigures& figures = recorder.Queue(queue);
      completed += figures.completed;
      preempted += figures.preempted;
      EXPECT_EQ(figures.lost, 0) << "seed " << seed << " " << queue;
      EXPECT_EQ(figures.failed + figures.killed, 0) << "seed " << seed << " " << queue;
    }
    EXPECT_GE(completed, facts->tasks) << "seed " << seed;
  }
  EXPECT_GT(preempted, 0) << "no seed has put preemption to the test";
}

TEST(OverTime, IsTheTimeWeightedMean) {
  // 0 until 2 s, 4 until 5 s, 1 until 10 s: 12 + 5 = 17 of 8 x 10 = 21.25%.
  OverTime value;
  value.Change(4, seconds(2));
  value.Change(-3, seconds(5));
  EXPECT_EQ(value.MillionthsOf(8, seconds(0), seconds(10)), 212'500);
  EXPECT_EQ(value.peak(), 4);
  EXPECT_EQ(value.now(), 1);
  EXPECT_EQ(value.MillionthsOf(0, seconds(0), seconds(10)), 0);
  EXPECT_EQ(value.MillionthsOf(8, seconds(10), seconds(10)), 0);
}

}  // namespace
}  // namespace weir::sls
