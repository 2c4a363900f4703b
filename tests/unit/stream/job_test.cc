// Whole jobs over two TaskManagers' data planes: results, back-pressure, cancellation, failures.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/random.h"
#include "stream/api/data_stream.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_directory.h"
#include "tests/support/wait_until.h"
#include "tests/unit/stream/mini_cluster.h"

namespace weir::stream {
namespace {

using WordCounts = std::map<std::string, int64_t>;

std::string RandomText(uint64_t seed, size_t words) {
  Random random(seed);
  std::string text;
  for (size_t i = 0; i < words; ++i) {
    const size_t length = 1 + random.Below(random.Chance(1, 50) ? 60 : 4);
    for (size_t c = 0; c < length; ++c) text += static_cast<char>('a' + random.Below(6));
    text += " \n\t\r  \v\f\n"[random.Below(9)];
  }
  return text;
}

WordCounts CountPlainly(const std::string& text) {
  WordCounts counts;
  std::string word;
  for (const char c : text + " ") {
    if (c != ' ' && !(c >= '\t' && c <= '\r')) {
      word += c;
    } else if (!word.empty()) {
      ++counts[word];
      word.clear();
    }
  }
  return counts;
}

void Split(std::string_view line, Collector<std::string_view>& out) {
  size_t at = 0;
  while ((at = line.find_first_not_of(" \t\r\v\f", at)) != std::string_view::npos) {
    const size_t end = std::min(line.find_first_of(" \t\r\v\f", at), line.size());
    out.Collect(line.substr(at, end - at));
    at = end;
  }
}

void WordCount(StreamEnvironment& env,
               const std::string& input,
               const std::string& output,
               ReduceMode mode = ReduceMode::kAtEnd) {
  env.ReadTextFiles({input})
      .FlatMap<std::string_view>(Split)
      .Map([](std::string_view word) { return std::pair(word, int64_t{1}); })
      .KeyBy([](const auto& count) { return count.first; })
      .Sum(mode)
      .WriteTextFiles(output);
}

// Of the committed part files; a word in two lines or two files is a failure.
WordCounts ReadCounts(const std::map<TaskKey, TaskOutcome>& outcomes) {
  WordCounts counts;
  for (const auto& [key, outcome] : outcomes) {
    if (!outcome.output) continue;
    EXPECT_FALSE(platform::FileSystem::Real().Stat(outcome.output->final).ok());
    EXPECT_TRUE(CommitFile(platform::FileSystem::Real(), *outcome.output).ok());
    EXPECT_TRUE(CommitFile(platform::FileSystem::Real(), *outcome.output).ok()) << "twice";
    std::istringstream in(testing::ReadWholeFile(outcome.output->final));
    std::string word;
    for (int64_t count = 0; in >> word >> count;) {
      EXPECT_TRUE(counts.emplace(word, count).second) << word << " twice";
    }
  }
  return counts;
}

class JobTest : public ::testing::Test {
 protected:
  JobTest() : null_(open("/dev/null", O_WRONLY | O_CLOEXEC)) {}
  ~JobTest() override { close(null_); }

  testing::TempDirectory directory_;
  std::vector<std::unique_ptr<MiniTaskManager>> managers_ = MakeManagers(2);
  int null_;
};

TEST_F(JobTest, WordCountOverTwoTaskManagersEqualsAPlainCount) {
  const std::string text = RandomText(1, 200'000);
  const std::string input = directory_.path() + "/text";
  testing::WriteWholeFile(input, text);
  for (const int32_t parallelism : {1, 4, 5}) {
    const std::string output = directory_.path() + "/out" + std::to_string(parallelism);
    MiniJob job(managers_,
                MakeProgram(parallelism, [&](auto& env) { WordCount(env, input, output); }),
                SplitFile(input, parallelism),
                null_);
    job.DeployAll();
    const auto outcomes = job.Wait();
    EXPECT_EQ(Failures(outcomes), "");
    EXPECT_EQ(ReadCounts(outcomes), CountPlainly(text));
    int64_t bytes = 0;
    int64_t sent = 0;
    int64_t received = 0;
    for (int32_t i = 0; i < parallelism; ++i) {
      bytes += job.counters({0, i}).bytes_in;
      sent += job.counters({0, i}).records_out;
      received += job.counters({1, i}).records_in;
    }
    EXPECT_EQ(bytes, static_cast<int64_t>(text.size()));
    EXPECT_EQ(sent, 200'000);
    EXPECT_EQ(received, 200'000);
  }
}

TEST_F(JobTest, ReadersDeployedBeforeOrAfterWritersGiveTheSameResult) {
  const std::string input = directory_.path() + "/text";
  const std::string text = RandomText(2, 2'000);
  testing::WriteWholeFile(input, text);
  const std::vector<std::vector<TaskKey>> orders = {{{0, 0}, {0, 1}, {1, 1}, {1, 0}},
                                                    {{1, 0}, {0, 1}, {0, 0}, {1, 1}}};
  for (size_t i = 0; i < orders.size(); ++i) {
    const std::string output = directory_.path() + "/out" + std::to_string(i);
    MiniJob job(managers_,
                MakeProgram(2, [&](auto& env) { WordCount(env, input, output); }),
                SplitFile(input, 2),
                null_);
    for (const TaskKey& key : orders[i]) job.Deploy(key);
    const auto outcomes = job.Wait();
    EXPECT_EQ(Failures(outcomes), "");
    EXPECT_EQ(ReadCounts(outcomes), CountPlainly(text));
  }
}

TEST_F(JobTest, EveryUpdateEmitsOneLinePerRecord) {
  const std::string input = directory_.path() + "/text";
  testing::WriteWholeFile(input, "a b a\na b\n");
  const std::string output = directory_.path() + "/out";
  MiniJob job(
      managers_,
      MakeProgram(1, [&](auto& env) { WordCount(env, input, output, ReduceMode::kEveryUpdate); }),
      SplitFile(input, 1),
      null_);
  job.DeployAll();
  const auto outcomes = job.Wait();
  ASSERT_EQ(Failures(outcomes), "");
  const PendingFile& result = *outcomes.at({1, 0}).output;
  EXPECT_TRUE(CommitFile(platform::FileSystem::Real(), result).ok());
  EXPECT_EQ(testing::ReadWholeFile(result.final), "a 1\nb 1\na 2\na 3\nb 2\n");
}

TEST_F(JobTest, ForksUnionsFiltersAndRebalancesKeepEveryRecord) {
  const std::string output = directory_.path() + "/out";
  const auto build = [&](StreamEnvironment& env) {
    const auto numbers = env.FromSequence(1, 10'000);
    const auto even = numbers.Filter([](int64_t n) { return n % 2 == 0; }).Name("even");
    const auto odd =
        numbers.Rebalance().Filter([](int64_t n) { return n % 2 == 1; }).SetParallelism(3);
    even.Union(odd)
        .Map([](int64_t n) { return std::pair(n % 10, n); })
        .KeyBy([](const auto& record) { return record.first; })
        .Reduce(
            [](const auto& a, const auto& b) { return std::pair(a.first, a.second + b.second); })
        .WriteTextFiles(output);
  };
  const auto program = MakeProgram(2, build);
  MiniJob job(managers_, program, {}, null_);
  job.DeployAll();
  const auto outcomes = job.Wait();
  EXPECT_EQ(Failures(outcomes), "") << program->graph.ToText();
  const WordCounts sums = ReadCounts(outcomes);
  ASSERT_EQ(sums.size(), 10u) << program->graph.ToText();
  for (int64_t digit = 0; digit < 10; ++digit) {
    int64_t expected = 0;
    for (int64_t n = digit == 0 ? 10 : digit; n <= 10'000; n += 10) expected += n;
    EXPECT_EQ(sums.at(std::to_string(digit)), expected);
  }
}

TEST_F(JobTest, PrintPrefixesLinesWithTheSubtask) {
  for (const int32_t parallelism : {1, 2}) {
    const std::string path = directory_.path() + "/print" + std::to_string(parallelism);
    const int fd = open(path.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    const auto program =
        MakeProgram(parallelism, [](auto& env) { env.FromSequence(1, 4).Print(); });
    MiniJob job(managers_, program, {}, fd);
    job.DeployAll();
    EXPECT_EQ(Failures(job.Wait()), "");
    close(fd);
    std::vector<std::string> lines;
    std::istringstream in(testing::ReadWholeFile(path));
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    std::sort(lines.begin(), lines.end());
    const std::vector<std::string> plain = {"1", "2", "3", "4"};
    const std::vector<std::string> prefixed = {"1> 1", "1> 2", "2> 3", "2> 4"};
    EXPECT_EQ(lines, parallelism == 1 ? plain : prefixed);
  }
}

TEST_F(JobTest, RecordsLargerThanABufferArriveWhole) {
  const std::string output = directory_.path() + "/out";
  const auto program = MakeProgram(2, [&](auto& env) {
    env.FromSequence(0, 39)
        .Map([](int64_t n) {
          return std::string(static_cast<size_t>(n) * 10'000, static_cast<char>('a' + n % 26));
        })
        .Rebalance()
        .Map([](const std::string& big) {
          const bool pure = big.find_first_not_of(big.substr(0, 1)) == std::string::npos;
          return std::pair(big.size() + (pure ? 0 : 1), int64_t{1});
        })
        .WriteTextFiles(output);
  });
  MiniJob job(managers_, program, {}, null_);
  job.DeployAll();
  const auto outcomes = job.Wait();
  EXPECT_EQ(Failures(outcomes), "");
  WordCounts expected;
  for (int64_t n = 0; n < 40; ++n) expected[std::to_string(n * 10'000)] = 1;
  EXPECT_EQ(ReadCounts(outcomes), expected);
}

// A reader that does nothing until told bounds what its writers can send.
TEST_F(JobTest, ASlowReaderHoldsUpItsWritersWithinItsCredits) {
  static std::atomic<bool> open_gate;
  static std::atomic<int64_t> produced;
  open_gate = false;
  produced = 0;
  const auto program = MakeProgram(2, [](auto& env) {
    env.FromSequence(1, 2'000'000)
        .Map([](int64_t n) {
          produced.fetch_add(1, std::memory_order_relaxed);
          return n;
        })
        .KeyBy([](int64_t n) { return n; })
        .Reduce([](int64_t& sum, int64_t) { ++sum; })
        .Filter([](int64_t) { return false; })
        .Print();
  });
  MiniJob job(managers_, program, {}, null_);
  // Writers only: nobody takes.
  job.Deploy({0, 0});
  job.Deploy({0, 1});
  job.Deploy({1, 0});
  // Both writers stop when they first fill a channel to the reader that is not there; how far they
  // have come is bounded at any moment.
  const auto full_buffer = static_cast<int64_t>(kBufferBytes / sizeof(int64_t));
  ASSERT_TRUE(testing::WaitUntil([&] { return produced > 2 * full_buffer; }, "full buffers"));
  const int64_t credits = job.gate({1, 0}).credits_per_channel() + 2;
  EXPECT_LE(produced, 2 * 2 * 2 * (credits + 1) * full_buffer);
  EXPECT_LE(job.gate({1, 0}).buffers_waiting(), 2u * static_cast<size_t>(credits));
  job.Deploy({1, 1});
  EXPECT_EQ(Failures(job.Wait()), "");
  EXPECT_EQ(produced, 2'000'000);
}

TEST_F(JobTest, CancellationWakesTasksThatWait) {
  const auto program = MakeProgram(2, [](auto& env) {
    env.FromSequence(1, INT64_MAX)
        .KeyBy([](int64_t n) { return n % 1000; })
        .Reduce([](int64_t& sum, int64_t n) { sum = n; })
        .Print();
  });
  MiniJob job(managers_, program, {}, null_);
  job.Deploy({0, 0});
  job.Deploy({1, 1});  // one reader waits for a writer, one writer for a reader
  ASSERT_TRUE(testing::WaitUntil([&] { return job.counters({0, 0}).records_in > 0; }, "records"));
  job.Cancel();
  for (const auto& [key, outcome] : job.Wait()) EXPECT_EQ(outcome.end, TaskEnd::kCanceled);
}

TEST_F(JobTest, AnExceptionOfTheProgramFailsItsTaskAndItsNeighboursWithTheCause) {
  const std::string output = directory_.path() + "/out";
  const auto program = MakeProgram(2, [&](auto& env) {
    env.FromSequence(1, 1'000'000)
        .Map([](int64_t n) {
          if (n == 700'000) throw std::runtime_error("cannot digest 700000");
          return n;
        })
        .Name("digest")
        .KeyBy([](int64_t n) { return n; })
        .Reduce([](int64_t& sum, int64_t) { ++sum; })
        .WriteTextFiles(output);
  });
  MiniJob job(managers_, program, {}, null_);
  job.DeployAll();
  const auto outcomes = job.Wait();
  EXPECT_EQ(outcomes.at({0, 1}).failure,
            "source: sequence -> digest (2/2) threw: cannot digest 700000");
  for (const TaskKey& key : {TaskKey(1, 0), TaskKey(1, 1)}) {
    EXPECT_TRUE(outcomes.at(key).failure.starts_with(kInheritedFailure)) << Failures(outcomes);
    EXPECT_NE(outcomes.at(key).failure.find("cannot digest 700000"), std::string::npos);
  }
  EXPECT_EQ(platform::FileSystem::Real().List(output)->size(), 0u) << "no file is left";
}

TEST_F(JobTest, ALostTaskManagerFailsTheTasksOfTheOtherWithItsAddress) {
  const auto program = MakeProgram(2, [](auto& env) {
    env.FromSequence(1, INT64_MAX)
        .KeyBy([](int64_t n) { return n % 1000; })
        .Reduce([](int64_t& sum, int64_t n) { sum = n; })
        .Print();
  });
  MiniJob job(managers_, program, {}, null_);
  job.DeployAll();
  ASSERT_TRUE(testing::WaitUntil(
      [&] {
        return job.counters({1, 0}).records_in > 0 && job.counters({1, 1}).records_in > 0;
      },
      "records"));
  managers_[1]->exchange.Close();
  const auto outcomes = job.Wait();
  // It hears of it from the connection itself, or first from the source beside it, whose own broke.
  const std::string& failure = outcomes.at({1, 0}).failure;
  const bool itself = failure.find("TaskManager worker-1 is lost") != std::string::npos;
  const bool by_its_source = failure.find("the connection to TaskManager") != std::string::npos &&
                             failure.find("is lost") != std::string::npos;
  EXPECT_TRUE(itself || by_its_source) << Failures(outcomes);
  EXPECT_TRUE(failure.starts_with(kInheritedFailure));
}

TEST_F(JobTest, AnOutputDirectoryWithResultsIsRefused) {
  const std::string input = directory_.path() + "/text";
  const std::string output = directory_.path() + "/out";
  testing::WriteWholeFile(input, "a\n");
  ASSERT_TRUE(platform::FileSystem::Real().MakeDirectories(output, 0755).ok());
  testing::WriteWholeFile(output + "/part-00000", "old\n");
  MiniJob job(managers_,
              MakeProgram(1, [&](auto& env) { WordCount(env, input, output); }),
              SplitFile(input, 1),
              null_);
  job.DeployAll();
  const std::string failure = job.Wait().at({1, 0}).failure;
  EXPECT_NE(failure.find("output directory " + output + " already has results"), std::string::npos)
      << failure;
  EXPECT_EQ(testing::ReadWholeFile(output + "/part-00000"), "old\n");
}

TEST_F(JobTest, PublishingNeverReplacesAnotherFileAndRenamesWhereItCannotLink) {
  platform::FileSystem& files = platform::FileSystem::Real();
  const PendingFile file{directory_.path() + "/.hidden", directory_.path() + "/part-00000"};
  testing::WriteWholeFile(file.in_progress, "ours");
  testing::WriteWholeFile(file.final, "of another job");
  testing::FaultyFileSystem linkless(files);
  for (platform::FileSystem* each : {&files, static_cast<platform::FileSystem*>(&linkless)}) {
    linkless.FailCall(2, {ErrorCode::kFailedPrecondition, "no links here", ""});
    EXPECT_EQ(CommitFile(*each, file).error().code, ErrorCode::kAlreadyExists);
    EXPECT_EQ(testing::ReadWholeFile(file.final), "of another job");
    EXPECT_EQ(testing::ReadWholeFile(file.in_progress), "ours");
  }
  ASSERT_TRUE(files.Remove(file.final).ok());
  linkless.Heal();
  linkless.FailCall(2, {ErrorCode::kFailedPrecondition, "no links here", ""});
  EXPECT_TRUE(CommitFile(linkless, file).ok());
  EXPECT_TRUE(CommitFile(linkless, file).ok()) << "twice";
  EXPECT_EQ(testing::ReadWholeFile(file.final), "ours");
  EXPECT_FALSE(files.Stat(file.in_progress).ok());
}

// Whatever becomes of the TaskManager: what it has not published is not there.
TEST_F(JobTest, AResultHasNoNameUntilItIsPublished) {
  platform::FileSystem& files = platform::FileSystem::Real();
  const std::string output = directory_.path() + "/out";
  const auto program =
      MakeProgram(1, [&](auto& env) { env.FromSequence(1, 3).WriteTextFiles(output); });
  PendingFile kept;
  {
    MiniJob job(managers_, program, {}, null_);
    job.DeployAll();
    kept = *job.Wait().at({0, 0}).output;
  }
  EXPECT_EQ(files.List(output).value(), std::vector<std::string>{});
  testing::WriteWholeFile(kept.final, "of another job");
  EXPECT_EQ(CommitFile(files, kept).error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(testing::ReadWholeFile(kept.in_progress), "1\n2\n3\n") << "proves whose part is whose";
  ASSERT_TRUE(files.Remove(kept.final).ok());
  EXPECT_TRUE(CommitFile(files, kept).ok());
  EXPECT_TRUE(CommitFile(files, kept).ok()) << "twice";
  EXPECT_TRUE(DiscardFile(files, kept).ok());
  kept = {};
  EXPECT_EQ(files.List(output).value(), std::vector<std::string>{"part-00000"});
  EXPECT_EQ(testing::ReadWholeFile(output + "/part-00000"), "1\n2\n3\n");
}

TEST_F(JobTest, AResultIsHiddenWhereThereAreNoFilesWithoutAName) {
  testing::FaultyFileSystem named_only(platform::FileSystem::Real());
  named_only.FailCall(4, {ErrorCode::kFailedPrecondition, "no such files here", ""});
  const std::string output = directory_.path() + "/out";
  const auto program =
      MakeProgram(1, [&](auto& env) { env.FromSequence(1, 3).WriteTextFiles(output); });
  MiniJob job(managers_, program, {}, null_, named_only);
  job.DeployAll();
  const TaskOutcome outcome = job.Wait().at({0, 0});
  ASSERT_TRUE(outcome.output) << outcome.failure;
  EXPECT_EQ(testing::ReadWholeFile(outcome.output->in_progress), "1\n2\n3\n");
  EXPECT_TRUE(CommitFile(named_only, *outcome.output).ok());
  EXPECT_EQ(testing::ReadWholeFile(outcome.output->final), "1\n2\n3\n");
}

TEST_F(JobTest, AMissingInputFileIsNamed) {
  const std::string input = directory_.path() + "/absent";
  MiniJob job(managers_,
              MakeProgram(1, [&](auto& env) { env.ReadTextFiles({input}).Print(); }),
              {{{0, 0}, {{input, 0, 10}}}},
              null_);
  job.DeployAll();
  EXPECT_EQ(job.Wait().at({0, 0}).failure,
            "cannot open input file " + input + ": No such file or directory");
}

TEST_F(JobTest, AFullDiskFailsTheTaskWithPathAndCause) {
  testing::FaultyFileSystem disk(platform::FileSystem::Real());
  disk.FailFromCall(5, {ErrorCode::kResourceExhausted, "No space left on device", ""});
  const std::string output = directory_.path() + "/out";
  const auto program =
      MakeProgram(1, [&](auto& env) { env.FromSequence(1, 1'000'000).WriteTextFiles(output); });
  MiniJob job(managers_, program, {}, null_, disk);
  job.DeployAll();
  const std::string failure = job.Wait().at({0, 0}).failure;
  EXPECT_TRUE(failure.starts_with("cannot write output: ")) << failure;
  EXPECT_NE(failure.find(output + "/.part-job-0-execution-0-0.inprogress: No space left on device"),
            std::string::npos)
      << failure;
}

}  // namespace
}  // namespace weir::stream
