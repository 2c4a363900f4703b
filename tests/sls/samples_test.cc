// The program itself: the sample traces with the summaries that are expected of them, and its exit
// codes.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "common/strings.h"
#include "tests/support/process.h"
#include "tests/support/temp_directory.h"

namespace weir::sls {
namespace {

using testing::CommandResult;
using testing::ReadWholeFile;
using testing::RunCommand;
using testing::TempDirectory;

std::string FromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}
std::string Program() {
  return FromEnvironment("WEIR_BIN_DIR") + "/weir-sls";
}
std::string Samples() {
  return FromEnvironment("WEIR_SOURCE_DIR") + "/tests/sls/samples";
}

struct Sample {
  std::string trace;
  std::string queues;
  std::string nodes;
  // Small enough that its figures follow from the rules of the queues, not from which of two equal
  // nodes or applications was taken.
  bool pinned = true;
};

std::vector<std::string> CommandFor(const Sample& sample) {
  std::vector<std::string> words = {Program(),
                                    "--trace",
                                    Samples() + "/" + sample.trace + ".json",
                                    "--queues",
                                    Samples() + "/" + sample.queues + ".xml"};
  if (!sample.nodes.empty()) {
    words.insert(words.end(), {"--nodes", Samples() + "/" + sample.nodes + ".json"});
  }
  return words;
}

// Without what every harmless change of the core changes as well.
std::string Essence(const std::string& summary) {
  std::string essence;
  for (const std::string_view line : Split(summary, '\n')) {
    if (line.find("\"trace_hash\"") != std::string_view::npos) continue;
    if (line.find("\"events\"") != std::string_view::npos) continue;
    essence += std::string(line) + "\n";
  }
  return essence;
}

TEST(Samples, GiveTheExpectedSummariesAndTheSameBytesAgain) {
  const std::vector<Sample> samples = {
      {"stream", "capacity-scheduler", ""},
      {"two_queues", "capacity-scheduler", "nodes"},
      {"mixed", "capacity-scheduler", "", false},
      {"preemption", "preemption", ""},
      {"labels", "labels", "labels_nodes"},
  };
  for (const Sample& sample : samples) {
    const std::vector<std::string> command = CommandFor(sample);
    const CommandResult first = RunCommand(command);
    ASSERT_EQ(first.exit_code, 0) << first.ToString();
    EXPECT_NE(first.out.find("\"complete\": true"), std::string::npos) << first.out;
    EXPECT_EQ(RunCommand(command).out, first.out) << sample.trace;
    const std::string expected_file = Samples() + "/expected/" + sample.trace + ".json";
    if (sample.pinned) {
      EXPECT_EQ(Essence(first.out), Essence(ReadWholeFile(expected_file)))
          << "when the change is meant: " << Join(command, " ") << " --output " << expected_file;
    }

    // The seed decides when nodes register: the same end, by other ways.
    std::vector<std::string> other_seed = command;
    other_seed.insert(other_seed.end(), {"--seed", "12345"});
    const CommandResult other = RunCommand(other_seed);
    EXPECT_EQ(other.exit_code, 0) << other.ToString();
    EXPECT_NE(other.out, first.out) << sample.trace;
  }
}

TEST(Program, GeneratesALoadThatItReads) {
  const TempDirectory directory;
  const std::string load = directory / "load.json";
  const CommandResult generated =
      RunCommand({Program(), "--generate", "sls-5k-churn", "--output", load});
  ASSERT_EQ(generated.exit_code, 0) << generated.ToString();
  EXPECT_EQ(RunCommand({Program(), "--generate", "sls-5k-churn"}).out, ReadWholeFile(load));
  // Without the three queues nobody takes the jobs.
  const CommandResult run = RunCommand({Program(), "--trace", load});
  EXPECT_EQ(run.exit_code, 1) << run.err;
  EXPECT_NE(run.out.find("\"rejected\": 2000"), std::string::npos) << run.out;
}

TEST(Program, SaysWhatIsWrongWithItsArgumentsAndFiles) {
  const TempDirectory directory;
  const std::string broken = directory / "broken.json";
  testing::WriteWholeFile(broken, "{\"num.nodes\": 3}\n{\"job.tasks\": [{}]}");
  const std::string queues = directory / "queues.xml";
  testing::WriteWholeFile(queues,
                          "<configuration><property>\n"
                          "<name>yarn.scheduler.capacity.root.queues</name><value>a</value>\n"
                          "</property></configuration>");
  const std::string stream = Samples() + "/stream.json";
  struct Case {
    std::vector<std::string> words;
    std::string expected;  // on standard error
  };
  const std::vector<Case> cases = {
      {{}, "give --trace or --generate"},
      {{"--trace"}, "--trace is not known or lacks its value"},
      {{"--trace", stream, "--generate", "sls-5k"}, "give --trace or --generate"},
      {{"--what", "x"}, "--what is not known"},
      {{"--trace", stream, "--seed", "many"}, "--seed is \"many\""},
      {{"--trace", stream, "--node-vcores", "0"}, "--node-vcores is \"0\""},
      {{"--generate", "sls-6k"}, "sls-5k and sls-5k-churn"},
      {{"--trace", "/nonexistent.json"}, "/nonexistent.json cannot be read"},
      {{"--trace", broken}, "broken.json:2 (byte 17): job.tasks[0].container.start.ms is missing"},
      {{"--trace", stream, "--queues", queues}, "queues.xml:1"},
      {{"--trace", stream, "--queues", "/nonexistent.xml"}, "/nonexistent.xml"},
      {{"--trace", stream, "--nodes", broken}, "broken.json:1 (byte 0): nodes is missing"},
  };
  for (const Case& each : cases) {
    std::vector<std::string> words = {Program()};
    words.insert(words.end(), each.words.begin(), each.words.end());
    const CommandResult result = RunCommand(words);
    EXPECT_EQ(result.exit_code, 2) << Join(words, " ") << "\n" << result.ToString();
    EXPECT_NE(result.err.find(each.expected), std::string::npos) << result.err;
    EXPECT_EQ(result.out, "");
  }
  EXPECT_EQ(RunCommand({Program(), "--help"}).exit_code, 0);
}

}  // namespace
}  // namespace weir::sls
