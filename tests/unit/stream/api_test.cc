// The API's parts: serialisers, hashes, the table of keys, chains, shares of a sequence.
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "common/random.h"
#include "stream/api/data_stream.h"
#include "stream/api/program.h"

namespace weir::stream {
namespace {

enum class Colour : uint8_t { kRed, kBlue };

struct Visit {
  std::string page;
  int64_t count = 0;
  std::vector<std::pair<std::string, double>> parts;
  Colour colour = Colour::kRed;
  template <typename Archive>
  void Serialize(Archive& archive) {
    archive(page, count, parts, colour);
  }
  bool operator==(const Visit&) const = default;
};

template <typename T>
void ExpectRoundTrip(const T& value) {
  ByteWriter out;
  WriteRecord(value, out);
  ByteReader in(out.view());
  T back{};
  ReadRecord(in, back);
  EXPECT_FALSE(in.failed());
  EXPECT_TRUE(in.AtEnd());
  EXPECT_EQ(back, value);
  // Every truncation is noticed.
  for (size_t size = 0; size < out.size(); ++size) {
    ByteReader cut(out.view().substr(0, size));
    T ignored{};
    ReadRecord(cut, ignored);
    EXPECT_TRUE(cut.failed()) << size << " of " << out.size();
  }
}

TEST(SerializerTest, EveryTypeComesBackAndTruncationIsNoticed) {
  ExpectRoundTrip<int8_t>(-3);
  ExpectRoundTrip<uint16_t>(65535);
  ExpectRoundTrip(std::numeric_limits<int64_t>::min());
  ExpectRoundTrip(0.1);
  ExpectRoundTrip(true);
  ExpectRoundTrip(std::string());
  ExpectRoundTrip(std::string(300, 'x') + '\0');
  ExpectRoundTrip(std::string_view("a view"));
  ExpectRoundTrip(std::pair(std::string("key"), int64_t{7}));
  ExpectRoundTrip(std::tuple(1, std::string("two"), 3.0));
  ExpectRoundTrip(std::vector<std::string>{"a", "", "ccc"});
  ExpectRoundTrip(std::vector<bool>{true, false});
  ExpectRoundTrip(Visit{"/index", 12, {{"head", 0.5}, {"", -1.0}}, Colour::kBlue});
}

TEST(SerializerTest, DamagedBytesNeitherCrashNorGrow) {
  Random random(3);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random.Below(40), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.Below(256));
    ByteReader in(bytes);
    Visit visit;
    ReadRecord(in, visit);
    EXPECT_LE(visit.parts.size(), bytes.size());
    EXPECT_LE(visit.page.size(), bytes.size());
  }
}

TEST(KeyHashTest, IsTheSameEverywhereAndForViewsAndStrings) {
  EXPECT_EQ(HashBytes(""), KeyHasher<std::string>()(""));
  KeyHasher<std::pair<std::string_view, int32_t>> of_view;
  KeyHasher<std::pair<std::string, int32_t>> of_string;
  EXPECT_EQ(of_view({"key", 1}), of_string({"key", 1}));
  // Fixed values: records of a job may be hashed on different machines and by different versions.
  EXPECT_EQ(HashBytes("a") == HashBytes("b"), false);
  std::map<int32_t, int> groups;
  for (int i = 0; i < 100'000; ++i) {
    ++groups[KeyGroupOf(HashBytes("word" + std::to_string(i)), 128)];
  }
  ASSERT_EQ(groups.size(), 128u);
  for (const auto& [group, count] : groups) {
    EXPECT_GT(count, 781 * 3 / 4);
    EXPECT_LT(count, 781 * 5 / 4);
  }
}

TEST(KeyedTableTest, AgreesWithAMapAndKeepsTheOrderOfInsertion) {
  Random random(5);
  KeyedTable<std::string, int64_t> table;
  std::map<std::string, int64_t> model;
  std::vector<std::string> order;
  KeyHasher<std::string_view> hash;
  for (int i = 0; i < 100'000; ++i) {
    const std::string key = "k" + std::to_string(random.Below(20'000));
    const auto [entry, is_new] =
        table.FindOrInsert(hash(key), std::string_view(key), [] { return int64_t{0}; });
    EXPECT_EQ(is_new, !model.contains(key));
    if (is_new) order.push_back(key);
    ++entry->value;
    ++model[key];
  }
  ASSERT_EQ(table.size(), model.size());
  size_t at = 0;
  for (const auto& entry : table) {
    EXPECT_EQ(entry.key, order[at++]);
    EXPECT_EQ(entry.value, model.at(entry.key));
  }
}

// --- chaining

JobGraph GraphOf(int32_t parallelism, const std::function<void(StreamEnvironment&)>& build) {
  auto env = std::make_unique<StreamEnvironment>(parallelism);
  build(*env);
  const Result<JobProgram> program = BuildProgram(std::move(env));
  EXPECT_TRUE(program.ok()) << (program.ok() ? "" : program.error().ToString());
  return program.ok() ? program->graph : JobGraph{};
}

std::string Shape(const JobGraph& graph) {
  std::string shape;
  for (const JobVertex& vertex : graph.vertices) {
    shape += vertex.Name() + " x" + std::to_string(vertex.parallelism) + "\n";
  }
  for (const JobEdge& edge : graph.edges) {
    shape += std::to_string(edge.from) + ">" + std::to_string(edge.to) + " " +
             std::string(PartitioningName(edge.partitioning)) + "\n";
  }
  return shape;
}

const auto kSame = [](int64_t n) { return n; };

TEST(ChainingTest, OneToOneOperatorsShareAVertex) {
  EXPECT_EQ(Shape(GraphOf(3, [](auto& env) { env.FromSequence(1, 9).Map(kSame).Print(); })),
            "source: sequence -> map -> sink: print x3\n");
}

TEST(ChainingTest, AnotherParallelismBreaksTheChainAndRebalances) {
  EXPECT_EQ(Shape(GraphOf(
                3, [](auto& env) { env.FromSequence(1, 9).Map(kSame).SetParallelism(2).Print(); })),
            "source: sequence x3\nmap x2\nsink: print x3\n0>1 rebalance\n1>2 rebalance\n");
}

TEST(ChainingTest, KeyByAndRebalanceBreakTheChainEvenWithOneTask) {
  EXPECT_EQ(
      Shape(GraphOf(
          1, [](auto& env) { env.FromSequence(1, 9).KeyBy(kSame).Sum().Rebalance().Print(); })),
      "source: sequence x1\nsum x1\nsink: print x1\n0>1 hash\n1>2 rebalance\n");
}

TEST(ChainingTest, AForkEndsTheChainWithForwardEdges) {
  EXPECT_EQ(Shape(GraphOf(2,
                          [](auto& env) {
                            const auto numbers = env.FromSequence(1, 9).Map(kSame);
                            numbers.Filter([](int64_t) { return true; }).Print().Name("one");
                            numbers.Print().Name("two");
                          })),
            "source: sequence -> map x2\nfilter -> one x2\ntwo x2\n0>1 forward\n0>2 forward\n");
}

TEST(ChainingTest, SourcesComeFirstAndAUnionHasSeveralInputs) {
  EXPECT_EQ(Shape(GraphOf(1,
                          [](auto& env) {
                            const auto first = env.FromSequence(1, 2).Rebalance().Map(kSame);
                            first.Union(env.FromSequence(3, 4)).Print();
                          })),
            "source: sequence x1\nsource: sequence x1\nmap x1\nunion -> sink: print x1\n"
            "0>2 rebalance\n1>3 forward\n2>3 forward\n");
}

// --- sources

class SequenceContext final : public TaskContext {
 public:
  using TaskContext::TaskContext;
  LineSource& line_source() override { std::abort(); }
  LineSink& line_sink() override { std::abort(); }
  void Fail(std::string_view) override {}
  void FlushIfDue() override {}
};

class Numbers final : public Collector<int64_t> {
 public:
  void Collect(const int64_t& value) override { values.push_back(value); }
  std::vector<int64_t> values;
};

TEST(SequenceSourceTest, SharesAreContiguousAndComplete) {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const std::vector<std::pair<int64_t, int64_t>> ranges = {
      {1, 100}, {1, 1}, {-5, 4}, {kMax - 6, kMax}, {kMin, kMin + 8}, {5, 4}};
  for (const auto& [first, last] : ranges) {
    for (const int32_t parts : {1, 2, 3, 7, 20}) {
      Numbers numbers;
      for (int32_t part = 0; part < parts; ++part) {
        SequenceContext context(part, parts);
        Collector<int64_t>* out = &numbers;
        SequenceSourceInstance(context, first, last, out).Run();
      }
      std::vector<int64_t> expected;
      if (first <= last) {
        for (int64_t n = first;; ++n) {
          expected.push_back(n);
          if (n == last) break;
        }
      }
      EXPECT_EQ(numbers.values, expected) << first << ".." << last << " in " << parts;
    }
  }
}

}  // namespace
}  // namespace weir::stream
