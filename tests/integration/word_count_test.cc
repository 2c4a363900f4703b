// Counts real texts with Weir in every mode and compares with what coreutils count.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/integration/stream_job_test.h"

namespace weir::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;

// Without optimisation, or with a sanitizer, a smaller text has to do.
#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr int64_t kTextBytes = 105'000'000;
#else
constexpr int64_t kTextBytes = 12'000'000;
#endif

class CountsWords : public StreamJobTest {
 protected:
  static void Shell(const std::string& script) {
    const CommandResult done =
        RunCommand({"/bin/bash", "-c", "set -euo pipefail; " + script}, {}, "", seconds(240));
    ASSERT_EQ(done.exit_code, 0) << script << "\n" << done.ToString();
  }
  // Concatenates this machine's headers and scripts, again and again, to exactly kTextBytes.
  void MakeText() {
    const std::string text = Scratch("text.txt");
    const std::string list = Scratch("files");
    Shell("export LC_ALL=C; find /usr/include /usr/share/perl /usr/lib/python3 " +
          SourcePath("common") +
          " -type f '(' -name '*.h' -o -name '*.hpp' -o -name '*.pm' -o -name '*.py' ')' "
          "2>/dev/null | sort > " +
          list + " || true; test -s " + list + "; : > " + text + "; while [ $(stat -c %s " + text +
          ") -lt " + std::to_string(kTextBytes) + " ]; do tr '\\n' '\\0' < " + list +
          " | xargs -0 cat | head -c " + std::to_string(kTextBytes) + " >> " + text +
          " || true; done; truncate -s " + std::to_string(kTextBytes) + " " + text);
  }
  // "word count", sorted.
  void CountWithCoreutils(const std::string& files, const std::string& result) {
    Shell("export LC_ALL=C; for f in " + files +
          "; do cat $f; echo; done | tr -s '[:space:]' '\\n' | grep -av '^$' | sort" +
          " --parallel=2 -S 512M -T " + Scratch("") +
          " | uniq -c | sed -E 's/^ *([0-9]+) (.*)$/\\2 \\1/' | sort > " + Scratch(result));
  }
  void ExpectCounts(const std::string& directory, const std::string& expected) {
    Shell("export LC_ALL=C; sort " + Scratch(directory) + "/part-* > " + Scratch("actual"));
    Shell("cmp " + Scratch("actual") + " " + Scratch(expected));
  }
  CommandResult Count(const std::string& mode,
                      std::vector<std::string> options,
                      const std::vector<std::string>& inputs,
                      const std::string& directory) {
    std::vector<std::string> job = {WordCount(), "--input"};
    for (const std::string& input : inputs) job.push_back(Scratch(input));
    job.insert(job.end(), {"--output", Scratch(directory)});
    return Run(mode, std::move(options), job);
  }
};

TEST_F(CountsWords, OfALargeTextAsCoreutilsDoInAllThreeModes) {
  ASSERT_TRUE(StartCluster(SmallContainers(2)));
  ASSERT_NO_FATAL_FAILURE(MakeText());
  ASSERT_NO_FATAL_FAILURE(CountWithCoreutils(Scratch("text.txt"), "expected"));
  ASSERT_EQ(fs::file_size(Scratch("text.txt")), static_cast<uintmax_t>(kTextBytes));
  const std::string session = StartSession();
  for (const char* mode : {"session", "per-job", "application"}) {
    SCOPED_TRACE(mode);
    const CommandResult run = Count(mode, {"-p", "4"}, {"text.txt"}, std::string("counts-") + mode);
    ASSERT_EQ(run.exit_code, 0) << run.ToString();
    EXPECT_THAT(run.err, HasSubstr("TaskManagers 2/2"));
    EXPECT_THAT(run.out, HasSubstr("FINISHED"));
    ExpectCounts(std::string("counts-") + mode, "expected");
    if (mode != std::string("session")) continue;
    const CommandResult workers =
        cluster().Weir({"logs", "-applicationId", session, "--role", "taskmanager"});
    EXPECT_EQ(workers.exit_code, 0) << workers.ToString();
    EXPECT_THAT(
        workers.out,
        AllOf(HasSubstr("_000002 on"), HasSubstr("_000003 on"), Not(HasSubstr("_000001 on"))));
    const CommandResult master =
        cluster().Weir({"logs", "-applicationId", session, "--role", "am"});
    EXPECT_THAT(master.out, AllOf(HasSubstr("_000001 on"), Not(HasSubstr("_000002 on"))));
  }
  StopSession(session);
}

TEST_F(CountsWords, OfDirectoriesAndSeveralFilesWithAnyParallelism) {
  ASSERT_TRUE(StartCluster(SmallContainers(2)));
  fs::create_directories(Scratch("texts/deep"));
  WriteWholeFile(Scratch("texts/a"), "to be or not to be\n");
  WriteWholeFile(Scratch("texts/b"), "\n\n  that\tis the\r\nquestion");  // no end of line
  WriteWholeFile(Scratch("texts/empty"), "");
  WriteWholeFile(Scratch("texts/_hidden"), "not counted\n");
  WriteWholeFile(Scratch("more"), "be \xff\xfe be\n" + std::string(100'000, 'x') + "\n");
  ASSERT_NO_FATAL_FAILURE(CountWithCoreutils(
      Scratch("texts/a") + " " + Scratch("texts/b") + " " + Scratch("more"), "expected"));
  const std::string session = StartSession();
  for (const char* parallelism : {"1", "3", "4"}) {
    SCOPED_TRACE(parallelism);
    const std::string directory = std::string("counts-") + parallelism;
    const CommandResult run = Count("session", {"-p", parallelism}, {"texts", "more"}, directory);
    ASSERT_EQ(run.exit_code, 0) << run.ToString();
    ExpectCounts(directory, "expected");
  }
  StopSession(session);
}

}  // namespace
}  // namespace weir::testing
