// weir-nodemanager as a process, between a ResourceManager and an ApplicationMaster that are the
// test.
//
// Everything is in one temporary directory: weir.work.dir of the node, its log in "log". Owner: one
// test; single-threaded.
#ifndef WEIR_TESTS_UNIT_NODEMANAGER_NODE_MANAGER_PROCESS_H_
#define WEIR_TESTS_UNIT_NODEMANAGER_NODE_MANAGER_PROCESS_H_

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fake_resource_manager.h"
#include "gen/ContainerManagementService.h"
#include "platform/address_file.h"
#include "platform/http_client.h"
#include "platform/thrift_client.h"
#include "tests/support/process.h"
#include "tests/support/process_cluster.h"
#include "tests/support/temp_directory.h"
#include "tests/support/wait_until.h"
#include "wire/codec.h"

namespace weir::nm {

using NmClient = platform::ThriftClient<idl::ContainerManagementServiceClient>;

inline constexpr char kSecret[] = "a secret of the whole cluster";
// Of this process only: others may run the same test beside it.
inline const AttemptId kAttempt{{1'700'000'000'000 + ::getpid(), 1}, 1};
inline constexpr seconds kCall{20};

inline LaunchContext Shell(const std::string& script) {
  LaunchContext launch;
  launch.command = {"/bin/sh", "-c", script};
  return launch;
}

class NodeManagerProcess : public ::testing::Test {
 protected:
  NodeManagerProcess() {
    weir::testing::WriteWholeFile(directory_ / "secret", kSecret);
    EXPECT_EQ(::chmod((directory_ / "secret").c_str(), 0600), 0);
    StartRm(3);
  }
  ~NodeManagerProcess() override {
    if (node_) {
      node_->Signal(SIGTERM);
      EXPECT_TRUE(node_->Wait()) << "it does not end";
      node_.reset();
    }
    if (HasFailure()) std::fputs(weir::testing::ReadWholeFile(directory_ / "log").c_str(), stderr);
    weir::testing::KillDescendants();
  }

  void StartRm(int64_t epoch) {
    HostPort address = rm_ ? rm_->address() : HostPort{"127.0.0.1", 0};
    rm_.reset();
    rm_ = std::make_unique<FakeResourceManager>(kSecret, epoch, address);
  }
  // Of every NodeManager that is started from now on.
  void Configure(const std::string& setting) { settings_.push_back(setting); }
  std::vector<std::string> Arguments() const {
    std::vector<std::string> arguments = {weir::testing::BinaryPath("weir-nodemanager")};
    for (const std::string& setting :
         {"weir.work.dir=" + directory_.path(),
          "weir.cluster.secret.file=" + (directory_ / "secret"),
          "yarn.resourcemanager.resource-tracker.address=" + rm_->address().ToString(),
          std::string("yarn.nodemanager.address=127.0.0.1:0"),
          std::string("yarn.nodemanager.webapp.address=127.0.0.1:0"),
          std::string("yarn.nodemanager.resource.memory-mb=2048"),
          // The fake ResourceManager's user has no account here.
          std::string("weir.nodemanager.run-as=off"),
          std::string("yarn.nodemanager.sleep-delay-before-sigkill.ms=300")}) {
      arguments.insert(arguments.end(), {"-D", setting});
    }
    for (const std::string& setting : settings_) {
      arguments.insert(arguments.end(), {"-D", setting});
    }
    return arguments;
  }
  void StartNode(const std::map<std::string, std::optional<std::string>>& environment = {}) {
    const int before = rm_->registrations();
    weir::testing::ProcessOptions options;
    options.argv = Arguments();
    options.environment = environment;
    options.log_file = directory_ / "log";
    node_ = std::make_unique<weir::testing::Process>(options);
    ASSERT_TRUE(weir::testing::WaitUntil([&] { return rm_->registrations() > before; },
                                         "the registration"));
    const auto addresses = platform::ReadAddressFile(directory_ / "nm/address");
    ASSERT_TRUE(addresses.ok());
    container_address_ = *HostPort::Parse(addresses->at("container"));
    http_address_ = *HostPort::Parse(addresses->at("http"));
  }
  ::testing::AssertionResult AwaitRegistered() {
    return weir::testing::WaitUntil(
        [&] {
          return Get("/ws/v1/node/info").body.find("\"registered\":true") != std::string::npos;
        },
        "the node to know that it is registered");
  }
  ContainerId IdOf(int64_t number) { return rm_->Token(kAttempt, number).id; }
  void StartByRm(int64_t number, const LaunchContext& launch) {
    NodeHeartbeatAnswer answer;
    answer.start.push_back({rm_->Token(kAttempt, number), launch});
    rm_->Command(std::move(answer));
  }
  ::testing::AssertionResult AwaitState(const ContainerId& id, ContainerState state) {
    return weir::testing::WaitUntil(
        [&] {
          const auto status = rm_->StatusOf(id);
          return status && status->state == state;
        },
        id.ToString() + " " + std::string(ContainerStateName(state)));
  }
  std::unique_ptr<NmClient> Connect(const AttemptId& attempt = kAttempt) {
    const auto token = rm_->keys().Sign(NmTokenIdentifier{attempt, rm_->last_registration().id});
    platform::Endpoint endpoint;
    endpoint.address = container_address_;
    platform::HelloIdentity identity;
    identity.cluster_id = "weir";
    identity.token = &token;
    return std::make_unique<NmClient>(endpoint, identity);
  }
  static Status Start(NmClient& client,
                      const platform::SignedToken& token,
                      const LaunchContext& launch) {
    idl::StartContainerRequest request;
    request.__set_container_token(wire::ToWire(token));
    request.__set_launch(wire::ToWire(launch));
    return client.Call(kCall, [&](auto& c) { c.startContainer(request); });
  }
  static Result<ContainerStatus> Watch(NmClient& client,
                                       const ContainerId& id,
                                       ContainerState known) {
    const auto status = client.Call(kCall, [&](auto& c) {
      idl::ContainerStatus answer;
      c.containerStatus(answer, id.ToString(), static_cast<int32_t>(known), 10'000);
      return answer;
    });
    if (!status.ok()) return status.error();
    return wire::FromWire(*status);
  }
  platform::HttpAnswer Get(const std::string& target) {
    platform::HttpCall call;
    call.server = http_address_;
    call.target = target;
    auto answer = platform::CallHttp(call);
    EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().ToString());
    return answer.ok() ? *std::move(answer) : platform::HttpAnswer{};
  }

  const weir::testing::TempDirectory directory_;
  std::vector<std::string> settings_;  // "key=value", over those of every test
  std::unique_ptr<FakeResourceManager> rm_;
  std::unique_ptr<weir::testing::Process> node_;
  HostPort container_address_;
  HostPort http_address_;
};

}  // namespace weir::nm

#endif  // WEIR_TESTS_UNIT_NODEMANAGER_NODE_MANAGER_PROCESS_H_
