#include "tests/support/process_cluster.h"

#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/check.h"
#include "common/strings.h"
#include "platform/address_file.h"
#include "platform/config_keys.h"
#include "platform/file_system.h"
#include "platform/http_client.h"
#include "tests/support/wait_until.h"

namespace weir::testing {
namespace {

namespace keys = platform::keys;
using Settings = ClusterOptions::Settings;

constexpr char kAnyPort[] = "127.0.0.1:0";
constexpr Duration kPoliteTime = seconds(20);
constexpr size_t kLogTailBytes = 16 << 10;

std::string EnvironmentOr(const char* name, const std::string& fallback) {
  const char* value = std::getenv(name);
  return value == nullptr ? fallback : value;
}

// Without what the developer's shell may have set for a cluster of his own.
std::map<std::string, std::optional<std::string>> CleanEnvironment() {
  return {{"WEIR_CONF_DIR", std::nullopt},
          {"HADOOP_CONF_DIR", std::nullopt},
          {"WEIR_OPTS", std::nullopt}};
}

std::string Tail(const std::string& path) {
  if (!Exists(path)) return "(no log)\n";
  const std::string text = ReadWholeFile(path);
  if (text.size() <= kLogTailBytes) return text;
  const size_t line = text.find('\n', text.size() - kLogTailBytes);
  return "[...]\n" + text.substr(std::min(line, text.size() - 1) + 1);
}

void Overlay(const std::map<int, Settings>& all, int number, Settings& settings) {
  const auto own = all.find(number);
  if (own == all.end()) return;
  for (const auto& [key, value] : own->second) settings[key] = value;
}

// One that no other test has: of this process and `number` (from 1).
std::string LoopbackHost(int number) {
  constexpr uint32_t kPart = 64;
  constexpr uint32_t kHosts = 4;  // of a process
  const auto host = static_cast<uint32_t>(::getpid()) * kHosts + static_cast<uint32_t>(number - 1);
  return "127." + std::to_string(64 + host / kPart / kPart % kPart) + "." +
         std::to_string(host / kPart % kPart) + "." + std::to_string(1 + host % kPart);
}

}  // namespace

std::string BinaryPath(const std::string& name) {
  return EnvironmentOr("WEIR_BIN_DIR", "build-dev/bin") + "/" + name;
}

std::string SourcePath(const std::string& path) {
  return EnvironmentOr("WEIR_SOURCE_DIR", ".") + "/" + path;
}

ProcessCluster::ProcessCluster(ClusterOptions options)
    : work_dir_(directory_.path()), options_(std::move(options)) {
  WEIR_CHECK(::mkdir((work_dir_ + "/log").c_str(), 0755) == 0, "the log directory can be made");
  WEIR_CHECK(::mkdir((work_dir_ + "/conf").c_str(), 0755) == 0, "so can that of the configuration");
  if (!options_.queue_file.empty()) WriteWholeFile(QueueFile(), options_.queue_file);
  // Containers may run as others, who must get through.
  WEIR_CHECK(::chmod(work_dir_.c_str(), 0755) == 0, "the work directory is ours");
}

ProcessCluster::~ProcessCluster() {
  for (const auto& [index, process] : nodes_) process->Signal(SIGTERM);
  for (const auto& [index, process] : nodes_) process->Wait(kPoliteTime);
  for (const auto& [number, process] : resource_managers_) process->Signal(SIGTERM);
  for (const auto& [number, process] : resource_managers_) process->Wait(kPoliteTime);
  nodes_.clear();
  resource_managers_.clear();
  KillOrphans();  // only those: a ZooKeeper of the test may go on
  RemoveNotedGroups();
  CheckLogs();
  if (::testing::Test::HasFailure()) std::fprintf(stderr, "%s", Logs().c_str());
}

// Those of NodeManagers that were killed; the others have removed theirs.
void ProcessCluster::RemoveNotedGroups() const {
  for (int index = 0; index < options_.nodes; ++index) {
    std::ifstream noted(NodeDir(index) + "/cgroups");
    for (std::string top; std::getline(noted, top);) {
      std::error_code error;
      for (const auto& entry : std::filesystem::directory_iterator(top, error)) {
        if (entry.is_directory(error)) ::rmdir(entry.path().c_str());
      }
      ::rmdir(top.c_str());
    }
  }
}

Settings ProcessCluster::CommonSettings() const {
  // The tests' own user may be root.
  Settings settings = {{keys::kWorkDir, work_dir_}, {keys::kRunAsAllowRoot, "true"}};
  if (options_.resource_managers > 1) {
    settings[keys::kRmHaEnabled] = "true";
    settings[keys::kRmStoreClass] = "zookeeper";
    std::string& ids = settings[keys::kRmHaIds];
    for (int number = 1; number <= options_.resource_managers; ++number) {
      ids += (ids.empty() ? "" : ",") + RmName(number);
      settings[std::string(keys::kRmHost) + "." + RmName(number)] = LoopbackHost(number);
    }
  }
  for (const auto& [key, value] : options_.settings) settings[key] = value;
  return settings;
}

std::string ProcessCluster::RmName(int number) const {
  return options_.resource_managers == 1 ? "rm" : "rm" + std::to_string(number);
}

std::string ProcessCluster::RmDir(int number) const {
  return work_dir_ + (options_.resource_managers == 1 ? "/rm" : "/rm-" + RmName(number));
}

std::unique_ptr<Process> ProcessCluster::StartDaemon(const std::string& binary,
                                                     const std::string& name,
                                                     const Settings& settings,
                                                     const std::vector<std::string>& options,
                                                     const std::vector<std::string>& prefix) const {
  ProcessOptions process;
  process.argv = prefix;
  process.argv.push_back(BinaryPath(binary));
  process.argv.insert(process.argv.end(), options.begin(), options.end());
  for (const auto& [key, value] : settings) {
    process.argv.push_back("-D");
    process.argv.push_back(key + "=" + value);
  }
  process.environment = CleanEnvironment();
  process.directory = work_dir_;
  process.log_file = LogFile(name);
  return std::make_unique<Process>(process);
}

::testing::AssertionResult ProcessCluster::WaitForAddressFile(const std::string& name,
                                                              const std::string& path,
                                                              Process& process) const {
  const std::string pid = std::to_string(process.pid());
  bool serving = false;
  const auto waited = WaitUntil(
      [&] {
        // One of an earlier start may still be there.
        const auto addresses = platform::ReadAddressFile(path);
        serving = addresses.ok() && addresses->contains("pid") && addresses->at("pid") == pid;
        return serving || !process.IsRunning();
      },
      name + " writes its address file " + path);
  if (waited && serving) return ::testing::AssertionSuccess();
  auto failure = ::testing::AssertionFailure();
  if (!waited) failure << waited.message();
  if (waited) failure << name << " ended with " << process.Wait().value_or(-1) << " at its start";
  return failure << "\n--- its log\n" << Tail(LogFile(name));
}

::testing::AssertionResult ProcessCluster::StartResourceManager(int number) {
  Settings settings = CommonSettings();
  if (options_.resource_managers > 1) {
    settings[keys::kRmHaId] = RmName(number);
    Overlay(options_.of_resource_manager, number, settings);
  } else {
    for (const char* key : {keys::kRmClientAddress,
                            keys::kRmMasterAddress,
                            keys::kRmTrackerAddress,
                            keys::kRmAdminAddress,
                            keys::kRmHttpAddress}) {
      settings.emplace(key, kAnyPort);
    }
  }
  auto& process = resource_managers_[number];
  process = StartDaemon(
      "weir-resourcemanager", RmName(number), settings, {"--conf", work_dir_ + "/conf"});
  return WaitForAddressFile(RmName(number), RmDir(number) + "/address", *process);
}

::testing::AssertionResult ProcessCluster::StartNode(int index) {
  Settings settings = CommonSettings();
  settings.emplace(keys::kNmAddress, kAnyPort);
  settings.emplace(keys::kNmHttpAddress, kAnyPort);
  settings.emplace(keys::kNmMemoryMb, options_.node_memory_mb);
  // However full the disk of the tests is.
  settings.emplace(keys::kNmDiskMaxUsed, "100");
  settings.emplace(keys::kNmVcores, options_.node_vcores);
  settings.emplace(keys::kNmWorkDir, NodeDir(index));
  Overlay(options_.of_node, index, settings);
  const std::string name = "nm" + std::to_string(index);
  auto& process = nodes_[index];
  const auto prefix = options_.node_prefix.find(index);
  process = StartDaemon(
      "weir-nodemanager",
      name,
      settings,
      {},
      prefix == options_.node_prefix.end() ? std::vector<std::string>() : prefix->second);
  return WaitForAddressFile(name, NodeDir(index) + "/address", *process);
}

::testing::AssertionResult ProcessCluster::WaitForNodes(int count) {
  return WaitUntil(
      [&] {
        if (options_.resource_managers > 1 && ActiveResourceManager() == 0) return false;
        platform::HttpCall call;
        call.server = ResourceManagerHttp();
        call.target = "/ws/v1/cluster/metrics";
        const auto answer = platform::CallHttp(call);
        if (!answer.ok() || answer->status != 200) return false;
        const auto json = nlohmann::json::parse(answer->body, nullptr, false);
        const auto active = nlohmann::json::json_pointer("/clusterMetrics/activeNodes");
        return !json.is_discarded() && json.contains(active) && json.at(active) == count;
      },
      std::to_string(count) + " nodes are active");
}

::testing::AssertionResult ProcessCluster::Start() {
  for (int number = 1; number <= options_.resource_managers; ++number) {
    if (const auto started = StartResourceManager(number); !started) return started;
  }
  for (int i = 0; i < options_.nodes; ++i) {
    if (const auto started = StartNode(i); !started) return started;
  }
  return options_.nodes == 0 ? ::testing::AssertionSuccess() : WaitForNodes(options_.nodes);
}

Process& ProcessCluster::resource_manager(int number) {
  WEIR_CHECK(resource_managers_.contains(number), "the ResourceManager has been started");
  return *resource_managers_.at(number);
}

Process& ProcessCluster::node(int index) {
  WEIR_CHECK(nodes_.contains(index), "node " + std::to_string(index) + " has been started");
  return *nodes_.at(index);
}

std::optional<int> ProcessCluster::EndResourceManager(int number) {
  resource_manager(number).Signal(SIGTERM);
  return resource_manager(number).Wait();
}

std::optional<int> ProcessCluster::EndNode(int index) {
  node(index).Signal(SIGTERM);
  return node(index).Wait();
}

CommandResult ProcessCluster::Weir(const std::vector<std::string>& args,
                                   std::string_view standard_input,
                                   Duration limit) const {
  std::vector<std::string> argv = {BinaryPath("weir")};
  argv.insert(argv.end(), args.begin(), args.end());
  return RunCommand(argv, WeirEnvironment(), standard_input, limit);
}

std::map<std::string, std::optional<std::string>> ProcessCluster::WeirEnvironment() const {
  auto environment = CleanEnvironment();
  std::string options;
  for (const auto& [key, value] : CommonSettings()) options += "'-D" + key + "=" + value + "' ";
  environment["WEIR_OPTS"] = options;
  return environment;
}

std::string ProcessCluster::RoleOf(int number) const {
  const auto addresses = platform::ReadAddressFile(RmDir(number) + "/address");
  if (!addresses.ok() || !addresses->contains("http")) return "";
  const auto http = HostPort::Parse(addresses->at("http"));
  if (!http.ok()) return "";
  platform::HttpCall call;
  call.server = *http;
  call.target = "/ws/v1/cluster/info";
  call.timeout = seconds(2);  // it may be stopped
  const auto answer = platform::CallHttp(call);
  if (!answer.ok()) return "";
  for (const char* role : {"ACTIVE", "STANDBY"}) {
    if (answer->body.find(std::string("\"haState\":\"") + role + "\"") != std::string::npos) {
      return role;
    }
  }
  return "";
}

int ProcessCluster::ActiveResourceManager() const {
  for (const auto& [number, process] : resource_managers_) {
    if (RoleOf(number) == "ACTIVE") return number;
  }
  return 0;
}

::testing::AssertionResult ProcessCluster::AwaitActive(int number) const {
  return WaitUntil([&] { return ActiveResourceManager() == number; },
                   RmName(number) + " is active");
}

ProcessCluster::Addresses ProcessCluster::ResourceManagerAddresses() const {
  const int number = options_.resource_managers > 1 ? std::max(ActiveResourceManager(), 1) : 1;
  const auto addresses = platform::ReadAddressFile(RmDir(number) + "/address");
  EXPECT_TRUE(addresses.ok()) << addresses.error().ToString();
  return addresses.ok() ? *addresses : Addresses();
}

ProcessCluster::Addresses ProcessCluster::NodeAddresses(int index) const {
  const auto addresses = platform::ReadAddressFile(NodeDir(index) + "/address");
  EXPECT_TRUE(addresses.ok()) << addresses.error().ToString();
  return addresses.ok() ? *addresses : Addresses();
}

HostPort ProcessCluster::Address(const Addresses& addresses, const std::string& name) const {
  const auto found = addresses.find(name);
  EXPECT_NE(found, addresses.end()) << "no address '" << name << "'";
  if (found == addresses.end()) return {};
  const auto address = HostPort::Parse(found->second);
  EXPECT_TRUE(address.ok()) << found->second;
  return address.ok() ? *address : HostPort();
}

platform::Configuration ProcessCluster::Config() const {
  return platform::Configuration::FromMap(CommonSettings());
}

std::string ProcessCluster::Logs() const {
  std::string text;
  const auto names = platform::FileSystem::Real().List(work_dir_ + "/log");
  if (!names.ok()) return names.error().ToString() + "\n";
  for (const std::string& name : *names) {
    text += "=== the end of " + LogFile(name) + "\n" + Tail(LogFile(name));
  }
  return text;
}

void ProcessCluster::CheckLogs() const {
  const auto names = platform::FileSystem::Real().List(work_dir_ + "/log");
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    const std::string text = ReadWholeFile(LogFile(name));
    for (const char* fault : {"ERROR: AddressSanitizer",
                              "ERROR: LeakSanitizer",
                              "WARNING: ThreadSanitizer",
                              "runtime error: ",
                              "CHECK failed"}) {
      if (text.find(fault) != std::string::npos) {
        ADD_FAILURE() << "'" << fault << "' in the log of " << name;
      }
    }
  }
}

}  // namespace weir::testing
