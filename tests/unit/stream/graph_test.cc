// The job graph's text form: round trips, every refusal, damaged text, key groups.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "common/random.h"
#include "stream/graph/job_graph.h"
#include "stream/graph/key_groups.h"

namespace weir::stream {
namespace {

constexpr char kWordCount[] =
    "weir-job-graph 1\n"
    "job \"word count\" parallelism 4\n"
    "vertex 0 parallelism 4 source text-files \"/data/a b.txt\" operators \"source: text\" "
    "\"flat_map\"\n"
    "vertex 1 parallelism 4 sink text-files \"/out\" operators \"reduce\" \"sink: text\"\n"
    "edge 0 -> 1 hash\n";

JobGraph WordCount() {
  JobGraph graph;
  graph.name = "word count";
  graph.parallelism = 4;
  JobVertex source;
  source.parallelism = 4;
  source.operators = {"source: text", "flat_map"};
  source.source = SourceKind::kTextFiles;
  source.source_paths = {"/data/a b.txt"};
  JobVertex sink;
  sink.id = 1;
  sink.parallelism = 4;
  sink.operators = {"reduce", "sink: text"};
  sink.sink = SinkKind::kTextFiles;
  sink.sink_path = "/out";
  graph.vertices = {source, sink};
  graph.edges = {{0, 1, Partitioning::kHash}};
  return graph;
}

std::string FaultOf(std::string_view text) {
  const Result<JobGraph> graph = JobGraph::FromText(text);
  return graph.ok() ? "accepted" : graph.error().ToString();
}

std::string WithChange(const std::string& from, const std::string& to) {
  std::string text = kWordCount;
  const size_t place = text.find(from);
  EXPECT_NE(place, std::string::npos) << from;
  return text.replace(place, from.size(), to);
}

TEST(JobGraphTest, TextIsTheDocumentedOne) {
  EXPECT_EQ(WordCount().ToText(), kWordCount);
  const Result<JobGraph> graph = JobGraph::FromText(kWordCount);
  ASSERT_TRUE(graph.ok()) << graph.error().ToString();
  EXPECT_EQ(*graph, WordCount());
  EXPECT_EQ(graph->SlotsNeeded(), 4);
  EXPECT_EQ(graph->vertices[0].Name(), "source: text -> flat_map");
}

TEST(JobGraphTest, EveryByteOfANameSurvives) {
  JobGraph graph = WordCount();
  graph.name.clear();
  for (int byte = 0; byte < 256; ++byte) graph.name += static_cast<char>(byte);
  graph.vertices[0].source_paths = {"/\"quoted\"\\", "/line\nfeed\t\r", "/\x01\x7f\xff"};
  const Result<JobGraph> back = JobGraph::FromText(graph.ToText());
  ASSERT_TRUE(back.ok()) << back.error().ToString();
  EXPECT_EQ(*back, graph);
}

TEST(JobGraphTest, RandomGraphsSurviveTheTrip) {
  Random random(7);
  for (int round = 0; round < 200; ++round) {
    JobGraph graph = WordCount();
    const auto middle = static_cast<int32_t>(random.Below(20));
    graph.edges.clear();
    graph.vertices[1].id = middle + 1;
    for (int32_t id = 1; id <= middle; ++id) {
      JobVertex vertex;
      vertex.id = id;
      vertex.parallelism = static_cast<int32_t>(random.Between(1, 100));
      vertex.operators.assign(1 + random.Below(3), "op " + std::to_string(random.Next()));
      graph.vertices.insert(graph.vertices.end() - 1, vertex);
    }
    for (int32_t id = 1; id <= middle + 1; ++id) {
      const auto kind = random.Chance(1, 2) ? Partitioning::kHash : Partitioning::kRebalance;
      graph.edges.push_back({id - 1, id, kind});
    }
    const Result<JobGraph> back = JobGraph::FromText(graph.ToText());
    ASSERT_TRUE(back.ok()) << back.error().ToString() << "\n" << graph.ToText();
    EXPECT_EQ(*back, graph);
  }
}

TEST(JobGraphTest, EveryFaultIsNamedWithItsPlace) {
  struct Case {
    std::string from, to, fault;
  };
  const std::vector<Case> cases = {
      {"weir-job-graph 1", "weir-job-graph 2", "line 1: is not 'weir-job-graph 1'"},
      {"job \"word", "task \"word", "line 2: expected 'job', found 'task'"},
      {"\"word count\"", "word", "line 2: a quoted string is missing"},
      {"\"word count\"", "\"\"", "the job has an empty name"},
      {"count\" parallelism 4", "count\" parallelism 0", "the job has parallelism 0"},
      {"count\" parallelism 4", "count\" parallelism 4 5", "line 2: '5' is one word too many"},
      {"count\" parallelism 4", "count\" parallelism", "line 2: a word is missing"},
      {"count\" parallelism 4", "count\"  parallelism 4", "line 2: expected 'parallelism'"},
      {"vertex 0 parallelism 4", "vertex 0 parallelism 0", "vertex 0 has parallelism 0"},
      {"vertex 0 parallelism 4", "vertex 0 parallelism 32769", "vertex 0 has parallelism 32769"},
      {"vertex 0 parallelism 4", "vertex 0 parallelism 04", "line 3: '04' is not a number"},
      {"vertex 0 parallelism 4", "vertex 0 parallelism -4", "line 3: '-4' is not a number"},
      {"vertex 0 parallelism 4", "vertex 0 parallelism 99999999999", "is not a number"},
      {"vertex 1 ", "vertex 2 ", "line 4: vertex 2 is out of order"},
      {"vertex 1 ", "vertices 1 ", "line 4: expected 'edge', found 'vertices'"},
      {"source text-files", "source kafka", "line 3: 'kafka' is not a kind of source"},
      {"source text-files \"/data/a b.txt\"", "source text-files", "names none"},
      {"source text-files \"/data/a b.txt\" ",
       "",
       "vertex 0 (source: text -> flat_map) has neither"},
      {"\"/data/a b.txt\"", "\"data.txt\"", "which is not absolute"},
      {"sink text-files \"/out\"", "sink hole", "line 4: 'hole' is not a kind of sink"},
      {"sink text-files \"/out\" ", "", "vertex 1 (reduce -> sink: text) has no sink"},
      {"\"flat_map\"", "\"flat_map", "line 3: a quoted string has no end"},
      {"\"flat_map\"", "\"flat\\_map\"", "line 3: a string has an unknown escape"},
      {"\"flat_map\"", "\"flat\\x5fmap\"", "line 3: is not in the canonical spelling"},
      {"\"reduce\" \"sink: text\"", "", "line 4: "},
      {"edge 0 -> 1 hash", "edge 0 -> 1 magic", "line 5: 'magic' is not a partitioning"},
      {"edge 0 -> 1 hash", "edge 0 -> 7 hash", "leads to a vertex that does not exist"},
      {"edge 0 -> 1 hash", "edge 1 -> 0 hash", "no cycles"},
      {"edge 0 -> 1 hash", "edge 0 -> 0 hash", "no cycles"},
      {"edge 0 -> 1 hash", "edge 0 -> 1 hash\nedge 0 -> 1 hash", "given twice"},
      {"edge 0 -> 1 hash\n", "edge 0 -> 1 hash", "line 5: the line has no end"},
      {"edge 0 -> 1 hash\n", "edge 0 -> 1 hash\n\n", "line 6: expected 'edge', found ''"},
      {"edge 0 -> 1 hash\n", "", "flat_map) has no sink"},
  };
  for (const Case& each : cases) {
    const std::string text = WithChange(each.from, each.to);
    EXPECT_NE(FaultOf(text).find(each.fault), std::string::npos)
        << each.to << " gave: " << FaultOf(text);
  }
  EXPECT_NE(FaultOf("").find("line 1: the text ends too early"), std::string::npos);
  EXPECT_NE(FaultOf("weir-job-graph 1\n").find("line 2"), std::string::npos);
  EXPECT_NE(FaultOf("weir-job-graph 1\njob \"x\" parallelism 1\n").find("no source"),
            std::string::npos);
  EXPECT_NE(FaultOf(std::string(kGraphTextBytes + 1, 'x')).find("bytes"), std::string::npos);
}

TEST(JobGraphTest, RefusesForwardBetweenDifferentParallelismAndSharedSinks) {
  JobGraph graph = WordCount();
  graph.edges[0].partitioning = Partitioning::kForward;
  EXPECT_TRUE(graph.Validate().ok());
  graph.vertices[1].parallelism = 2;
  EXPECT_NE(graph.Validate().error().message.find("forward between parallelism 4 and 2"),
            std::string::npos);
  graph = WordCount();
  graph.vertices.push_back(graph.vertices[1]);
  graph.vertices[2].id = 2;
  graph.edges.push_back({0, 2, Partitioning::kHash});
  EXPECT_NE(graph.Validate().error().message.find("two sinks write to /out"), std::string::npos);
}

TEST(JobGraphTest, MoreThanAThousandVerticesAreRefused) {
  std::string text = "weir-job-graph 1\njob \"x\" parallelism 1\n";
  for (int i = 0; i <= 1000; ++i) {
    text += "vertex " + std::to_string(i) +
            " parallelism 1 source sequence sink print operators \"x\"\n";
  }
  EXPECT_NE(FaultOf(text).find("more than 1000 vertices"), std::string::npos);
}

// Whatever a damaged text is read as, it is either refused or the canonical text of that graph.
TEST(JobGraphTest, DamagedTextIsRefusedOrCanonical) {
  Random random(11);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = kWordCount;
    for (uint64_t change = 0; change <= random.Below(3); ++change) {
      const size_t place = random.Below(text.size());
      switch (random.Below(4)) {
        case 0:
          text[place] = static_cast<char>(random.Below(256));
          break;
        case 1:
          text.erase(place, 1 + random.Below(8));
          break;
        case 2:
          text.insert(place, 1, "\\\" \n0x"[random.Below(6)]);
          break;
        default:
          text.insert(place, text.substr(random.Below(text.size()), random.Below(40)));
      }
    }
    const Result<JobGraph> graph = JobGraph::FromText(text);
    if (!graph.ok()) {
      EXPECT_EQ(graph.error().code, ErrorCode::kInvalidArgument);
      continue;
    }
    ++accepted;
    EXPECT_EQ(graph->ToText(), text);
  }
  EXPECT_GT(accepted, 0);
}

TEST(KeyGroupsTest, GroupsAreSharedOutEvenlyAndInOrder) {
  for (const int32_t parallelism : {1, 2, 3, 4, 7, 85, 86, 128, 1000, 32768}) {
    const int32_t groups = KeyGroupCount(parallelism);
    ASSERT_GE(groups, parallelism);
    std::map<int32_t, int32_t> owned;
    int32_t before = 0;
    for (int32_t group = 0; group < groups; ++group) {
      const int32_t owner = OwnerOfKeyGroup(group, groups, parallelism);
      EXPECT_GE(owner, before);
      before = owner;
      ++owned[owner];
    }
    EXPECT_EQ(owned.size(), static_cast<size_t>(parallelism));
    EXPECT_EQ(owned.rbegin()->first, parallelism - 1);
    for (const auto& [owner, count] : owned) {
      EXPECT_GE(count, groups / parallelism);
      EXPECT_LE(count, groups / parallelism + 1);
    }
  }
}

}  // namespace
}  // namespace weir::stream
