// ProcessCluster: a real ResourceManager and real NodeManagers, each a process, for one test.
//
// Everything lives in a temporary directory:
//   <work>/                 weir.work.dir of all; the RM's address file is <work>/rm/address
//   <work>/rm-rm<i>/        instead, of each of several RMs, from 1
//   <work>/nm<i>/           weir.nodemanager.work.dir of node i, from 0
//   <work>/conf/            the RM's configuration directory, with capacity-scheduler.xml
//   <work>/log/{rm,rm<i>,nm<i>}  standard output and error of the daemons, all starts one after
//   another
// All ports are 0; several RMs have the default ones, each on a loopback host of its own. The
// programs come from WEIR_BIN_DIR. Daemons may be killed, ended and started again one by one. At
// the end everything is ended politely, then killed, and no process is left; when the test has
// failed, the ends of the logs are printed. What a sanitizer said in a log fails the test.
//
// Single-threaded: create it, start daemons and destroy it on one thread (a daemon dies with the
// thread that started it). Weir() is thread-safe.
#ifndef WEIR_TESTS_SUPPORT_PROCESS_CLUSTER_H_
#define WEIR_TESTS_SUPPORT_PROCESS_CLUSTER_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/hostport.h"
#include "platform/hadoop_xml_config.h"
#include "tests/support/process.h"
#include "tests/support/temp_directory.h"

namespace weir::testing {

// A program of the build, by name.
std::string BinaryPath(const std::string& name);
// A file of the source tree, by its path from the root.
std::string SourcePath(const std::string& path);

struct ClusterOptions {
  using Settings = std::map<std::string, std::string>;
  int nodes = 1;
  int resource_managers = 1;  // more: with high availability; `settings` say where ZooKeeper is
  Settings settings;          // of all daemons and commands, over our own
  std::map<int, Settings> of_node;                // of one node's daemon, over those
  std::map<int, Settings> of_resource_manager{};  // of one of several RMs, likewise
  // Before the program of one node's daemon: who starts it elsewhere, as the same process.
  std::map<int, std::vector<std::string>> node_prefix{};
  std::string node_memory_mb = "4096";
  std::string node_vcores = "8";
  std::string queue_file{};  // what capacity-scheduler.xml says at the start; "" = there is none
};

class ProcessCluster {
 public:
  using Addresses = std::map<std::string, std::string>;  // as in address files

  explicit ProcessCluster(ClusterOptions options = {});
  ~ProcessCluster();
  ProcessCluster(const ProcessCluster&) = delete;
  ProcessCluster& operator=(const ProcessCluster&) = delete;

  // The RMs and every node; returns when all nodes are registered.
  ::testing::AssertionResult Start();
  // One daemon; returns when its address file is there. Requires: it does not run.
  ::testing::AssertionResult StartResourceManager(int number = 1);
  ::testing::AssertionResult StartNode(int index);
  ::testing::AssertionResult WaitForNodes(int count);

  // Requires: the daemon has been started. SIGKILL as Process::Kill, Signal and Wait do it.
  Process& resource_manager(int number = 1);
  Process& node(int index);
  // SIGTERM to one daemon, and its exit code.
  std::optional<int> EndResourceManager(int number = 1);
  std::optional<int> EndNode(int index);

  // `weir ARGS` as the user of this test, against this cluster.
  CommandResult Weir(const std::vector<std::string>& args,
                     std::string_view standard_input = "",
                     Duration limit = seconds(120)) const;
  // What makes a `weir` that is started otherwise belong to this cluster.
  std::map<std::string, std::optional<std::string>> WeirEnvironment() const;

  // What one of several RMs says of itself: ACTIVE or STANDBY; "" when it says nothing.
  std::string RoleOf(int number) const;
  // Of several RMs the number of the one that says of itself that it is active; 0 = none does now.
  int ActiveResourceManager() const;
  ::testing::AssertionResult AwaitActive(int number) const;

  // From the address files; a failure of the test when there is none. Of several RMs the active
  // one's, else the first one's.
  Addresses ResourceManagerAddresses() const;
  Addresses NodeAddresses(int index) const;
  HostPort Address(const Addresses& addresses, const std::string& name) const;
  HostPort ResourceManagerHttp() const { return Address(ResourceManagerAddresses(), "http"); }

  // What the commands see, for clients within the test.
  platform::Configuration Config() const;
  const std::string& work_dir() const { return work_dir_; }
  std::string NodeDir(int index) const { return work_dir_ + "/nm" + std::to_string(index); }
  // The last lines of every daemon's log.
  std::string Logs() const;
  // capacity-scheduler.xml of the RM, for who wants to change it.
  std::string QueueFile() const { return work_dir_ + "/conf/capacity-scheduler.xml"; }
  std::string LogFile(const std::string& daemon) const { return work_dir_ + "/log/" + daemon; }

 private:
  ClusterOptions::Settings CommonSettings() const;
  std::string RmName(int number) const;  // "rm", or "rm2"
  std::string RmDir(int number) const;
  std::unique_ptr<Process> StartDaemon(const std::string& binary,
                                       const std::string& name,
                                       const ClusterOptions::Settings& settings,
                                       const std::vector<std::string>& options = {},
                                       const std::vector<std::string>& prefix = {}) const;
  ::testing::AssertionResult WaitForAddressFile(const std::string& name,
                                                const std::string& path,
                                                Process& process) const;
  void CheckLogs() const;
  void RemoveNotedGroups() const;

  const TempDirectory directory_;
  const std::string work_dir_;
  const ClusterOptions options_;
  std::map<int, std::unique_ptr<Process>> resource_managers_;
  std::map<int, std::unique_ptr<Process>> nodes_;
};

}  // namespace weir::testing

#endif  // WEIR_TESTS_SUPPORT_PROCESS_CLUSTER_H_
