// StreamJobTest: a fixture for tests that run stream jobs on a cluster. Single-threaded: owned by
// the test.
#ifndef WEIR_TESTS_INTEGRATION_STREAM_JOB_TEST_H_
#define WEIR_TESTS_INTEGRATION_STREAM_JOB_TEST_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/cluster_test.h"

namespace weir::testing {

inline constexpr const char* kModes[] = {"session", "per-job", "application"};
inline constexpr char kForever[] = "1000000000";  // records of a millisecond each, for Trial()

class StreamJobTest : public ClusterTest {
 protected:
  static std::string WordCount() { return BinaryPath("../examples/word_count.so"); }
  static std::string SequenceSum() { return BinaryPath("../examples/sequence_sum.so"); }
  static std::string Trial() { return BinaryPath("../tests/libraries/trial.so"); }

  // What StartCluster is to start, for fixtures that change it for all their tests.
  virtual ClusterOptions Adjusted(ClusterOptions options) { return options; }
  // A sanitizer takes several times the memory that the program does: then the small containers are
  // not held to their size.
  ::testing::AssertionResult StartCluster(ClusterOptions options);

  // `weir run -t MODE OPTIONS JOB...`, with small TaskManagers of two slots.
  CommandResult Run(const std::string& mode,
                    std::vector<std::string> options,
                    const std::vector<std::string>& job);
  // The same, in the background; what it says goes to Scratch(log).
  std::unique_ptr<Process> StartRun(const std::string& mode,
                                    std::vector<std::string> options,
                                    const std::vector<std::string>& job,
                                    const std::string& log);
  // `weir session start -d`; the id.
  std::string StartSession(std::vector<std::string> options = {});
  void StopSession(const std::string& id);

  // A session and its running job, and then three containers of a command, on a cluster of one
  // node: what `disturb` does to the daemons is noticed by neither, and those that come after it
  // lead on.
  void ExpectSessionGoesOn(const std::function<void()>& disturb);
  void ExpectContainersGoOn(const std::function<void()>& disturb);

  // The jobs that `weir job list` knows; an empty array when it fails.
  Json Jobs();
  // Waits until one job is in that state; its id.
  std::string AwaitJob(const std::string& state);
  // All live and ended applications, the newest first.
  Json Applications();
  // The lines of all part files, sorted.
  static std::vector<std::string> Results(const std::string& directory);
  // Nothing published and nothing left over there.
  static bool HasNoResults(const std::string& directory);
  // Files in `directory` that TaskManagers have open: they have no names yet.
  static int OpenFiles(const std::string& directory);
  // The only process of the program.
  pid_t AwaitOne(const std::string& program);

 private:
  std::vector<std::string> RunWords(const std::string& mode,
                                    std::vector<std::string> options,
                                    const std::vector<std::string>& job);
};

}  // namespace weir::testing

#endif  // WEIR_TESTS_INTEGRATION_STREAM_JOB_TEST_H_
