// ClusterTest: a fixture with one cluster of processes and the questions its tests ask.
//
// After every test all that its applications started must be gone: the NodeManagers have no
// descendants, and the directories of the containers are removed. A test that ends with
// applications still running says so with `leaves_applications_`.
//
// Single-threaded: owned by the test.
#ifndef WEIR_TESTS_INTEGRATION_CLUSTER_TEST_H_
#define WEIR_TESTS_INTEGRATION_CLUSTER_TEST_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/process_cluster.h"
#include "tests/support/wait_until.h"

namespace weir::testing {

using Json = nlohmann::json;

// Exactly one line, and it is the only one.
MATCHER(IsOneLine, "is one line") {
  return !arg.empty() && arg.find('\n') == arg.size() - 1;
}

class ClusterTest : public ::testing::Test {
 protected:
  // Small containers (from 64 MiB) and a short time between SIGTERM and SIGKILL.
  static ClusterOptions SmallContainers(int nodes);

  // Requires: not called before in this test.
  ::testing::AssertionResult StartCluster(ClusterOptions options);
  void TearDown() override;

  ProcessCluster& cluster() const { return *cluster_; }
  // A directory of the test that containers can write to.
  std::string Scratch(const std::string& name) const { return scratch_ + "/" + name; }

  // `weir application -submit OPTIONS -- COMMAND`; the id, "" and a failure when refused.
  std::string Submit(std::vector<std::string> options, const std::vector<std::string>& command);
  std::string SubmitShell(std::vector<std::string> options, const std::string& script) {
    return Submit(std::move(options), {"/bin/sh", "-c", script});
  }

  // From the RM's REST port; null when there is no such thing or no answer.
  Json Rest(const std::string& target);
  Json Application(const std::string& id);
  // The id of the key that signs tokens; 0 when the ResourceManager does not say.
  int SigningKey();
  ::testing::AssertionResult AwaitSigningKey(int key);
  // What `weir application -status` says.
  std::string StatusText(const std::string& id);
  ::testing::AssertionResult AwaitState(const std::string& id, const std::string& state);
  // However it got there: FINISHED, FAILED or KILLED.
  ::testing::AssertionResult AwaitFinalStatus(const std::string& id, const std::string& status);
  ::testing::AssertionResult AwaitFile(const std::string& path);

  // Waits for a file that holds the number of a process; 0 and a failure when it does not come.
  pid_t AwaitPid(const std::string& path);
  ::testing::AssertionResult AwaitGone(pid_t pid);
  // No process and no directory of a container is left on any node.
  ::testing::AssertionResult AwaitNoContainers();
  // "<node dir>/.../<container>" of all that are there now.
  std::vector<std::string> ContainerDirectories();

  bool leaves_applications_ = false;

 private:
  bool AnyContainerProcess();

  std::string scratch_;
  int nodes_ = 0;
  std::unique_ptr<ProcessCluster> cluster_;
};

// Whatever is below a directory now; what goes while it is looked at is left out.
std::vector<std::filesystem::path> PathsBelow(const std::string& directory);
// Of the process; 0 when it does not live.
int64_t ResidentKib(pid_t pid);
bool IsAlive(pid_t pid);
// A variable that the process was started with; "" and a failure when it has none.
std::string EnvironmentOf(pid_t pid, const std::string& name);
// Descendants of the test that run the program of this name.
std::vector<pid_t> ProcessesOf(const std::string& program);

}  // namespace weir::testing

#endif  // WEIR_TESTS_INTEGRATION_CLUSTER_TEST_H_
