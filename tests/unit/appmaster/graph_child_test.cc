// Building a graph in a child process: its answers, its faults, its time.
#include "appmaster/server/graph_child.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/temp_directory.h"

namespace weir::am {
namespace {

using ::testing::HasSubstr;
using weir::testing::TempDirectory;

// A shell script in the place of weir-graph; its output files go to the working directory.
class GraphChild : public ::testing::Test {
 protected:
  GraphChild() {
    char path[4096];
    before_ = getcwd(path, sizeof path) == nullptr ? "/" : path;
    EXPECT_EQ(chdir(directory_.path().c_str()), 0);
  }
  ~GraphChild() override { EXPECT_EQ(chdir(before_.c_str()), 0); }

  Result<std::string> Run(const std::string& script, Duration timeout = seconds(30)) {
    const std::string program = directory_ / "builder";
    weir::testing::WriteWholeFile(program, "#!/bin/sh\n" + script + "\n");
    chmod(program.c_str(), 0755);
    return RunGraphBuilder({.program = program,
                            .library = "job.so",
                            .parallelism = 4,
                            .arguments = {"a b", "-c"},
                            .timeout = timeout});
  }

  TempDirectory directory_;
  std::string before_;
};

TEST_F(GraphChild, GivesWhatTheBuilderPrintsAndPassesTheArgumentsOn) {
  const auto graph = Run("printf '%s|' \"$@\"");
  ASSERT_TRUE(graph.ok()) << graph.error().ToString();
  EXPECT_EQ(*graph, "--library|job.so|--parallelism|4|--|a b|-c|");
}

TEST_F(GraphChild, GivesTheLastLineOfAFailure) {
  const auto graph = Run("echo noise >&2; echo 'weir-graph: no entry point' >&2; exit 9");
  EXPECT_EQ(graph.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(graph.error().message, HasSubstr("no entry point"));
}

TEST_F(GraphChild, NamesTheSignalThatEndedTheProgram) {
  EXPECT_THAT(Run("kill -SEGV $$").error().message, HasSubstr("signal 11"));
}

TEST_F(GraphChild, EndsAProgramThatTakesTooLong) {
  EXPECT_EQ(Run("exec sleep 1000", milliseconds(100)).error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(GraphChild, SaysThatTheBuilderIsNotThere) {
  const auto graph =
      RunGraphBuilder({.program = "/nonexistent/weir-graph", .library = "job.so", .arguments = {}});
  EXPECT_THAT(graph.error().message, HasSubstr("/nonexistent/weir-graph"));
}

}  // namespace
}  // namespace weir::am
