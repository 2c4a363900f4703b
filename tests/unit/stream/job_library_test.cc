// weir-graph on good libraries and on every kind of bad one.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "stream/graph/job_graph.h"
#include "tests/support/process.h"
#include "tests/support/temp_directory.h"

namespace weir::stream {
namespace {

using testing::CommandResult;

std::string BuildDir() {
  const char* bin = std::getenv("WEIR_BIN_DIR");
  return bin == nullptr ? "." : std::string(bin) + "/..";
}
std::string TestLibrary(const std::string& name) {
  return BuildDir() + "/tests/libraries/test_" + name + ".so";
}

CommandResult Graph(const std::string& library,
                    const std::vector<std::string>& arguments,
                    int parallelism = 2) {
  std::vector<std::string> command = {BuildDir() + "/bin/weir-graph",
                                      "--library",
                                      library,
                                      "--parallelism",
                                      std::to_string(parallelism),
                                      "--"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return testing::RunCommand(command);
}

void ExpectRefused(const CommandResult& result, const std::string& why) {
  EXPECT_EQ(result.exit_code, 9) << result.ToString();
  EXPECT_EQ(result.out, "");
  EXPECT_NE(result.err.find(why), std::string::npos) << result.err;
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
}

TEST(JobLibraryTest, PrintsTheGraphOfAnExample) {
  const auto result = Graph(
      BuildDir() + "/examples/word_count.so", {"--input", "/a", "/b c", "--output", "/out"}, 3);
  ASSERT_EQ(result.exit_code, 0) << result.ToString();
  EXPECT_EQ(result.out,
            "weir-job-graph 1\n"
            "job \"word count\" parallelism 3\n"
            "vertex 0 parallelism 3 source text-files \"/a\" \"/b c\" operators \"source: text\" "
            "\"flat_map\" \"map\"\n"
            "vertex 1 parallelism 3 sink text-files \"/out\" operators \"sum\" \"sink: text\"\n"
            "edge 0 -> 1 hash\n");
  EXPECT_TRUE(JobGraph::FromText(result.out).ok());
}

TEST(JobLibraryTest, EachBadLibraryGetsItsOwnLine) {
  const testing::TempDirectory directory;
  testing::WriteWholeFile(directory / "text.so", "not a library");
  ExpectRefused(Graph(directory / "absent.so", {}), "absent.so: No such file or directory");
  ExpectRefused(Graph(directory.path(), {}), "is not a shared library: it is not a file");
  ExpectRefused(Graph(directory / "text.so", {}), "text.so is not a shared library that loads");
  ExpectRefused(Graph(TestLibrary("no_entry"), {}), "has no entry point (weir_stream_job_abi)");
  ExpectRefused(Graph(TestLibrary("other_abi"), {}),
                "was built against another version: it says 'weir-stream-abi 0 ancient'");
}

TEST(JobLibraryTest, EachMisbehaviourOfTheProgramGetsItsOwnLine) {
  const std::string library = TestLibrary("misbehaving");
  ExpectRefused(Graph(library, {"throw"}), "threw while the graph was built: no such input");
  ExpectRefused(Graph(library, {"throw-int"}), "something that is not a std::exception");
  ExpectRefused(Graph(library, {}), "threw while the graph was built: vector::_M_range_check");
  ExpectRefused(Graph(library, {"exit"}), "ended its process while the graph was built");
  ExpectRefused(Graph(library, {"empty"}), "the job has no source");
  ExpectRefused(Graph(library, {"no-sink"}), "has no sink");
  ExpectRefused(Graph(library, {"parallelism"}), "'source: sequence' has parallelism 0");
  ExpectRefused(Graph(library, {"relative"}), "\"text.txt\", which is not absolute");
  ExpectRefused(Graph(BuildDir() + "/examples/sequence_sum.so", {"1", "2", "3"}, 0),
                "'source: sequence' has parallelism 0");
  EXPECT_EQ(Graph(library, {"abort"}).exit_code, 128 + SIGABRT);
}

TEST(JobLibraryTest, WhatTheProgramPrintsIsNotPartOfTheGraph) {
  const auto result = Graph(TestLibrary("misbehaving"), {"chatty"});
  ASSERT_EQ(result.exit_code, 0) << result.ToString();
  EXPECT_TRUE(JobGraph::FromText(result.out).ok()) << result.out;
  EXPECT_NE(result.err.find("printed by the program"), std::string::npos);
}

TEST(JobLibraryTest, WrongUsageIsToldApart) {
  const std::string program = BuildDir() + "/bin/weir-graph";
  EXPECT_EQ(testing::RunCommand({program}).exit_code, 2);
  EXPECT_EQ(testing::RunCommand({program, "--library", "x", "--parallelism", "many"}).exit_code, 2);
  EXPECT_EQ(testing::RunCommand({program, "--help"}).exit_code, 0);
}

}  // namespace
}  // namespace weir::stream
