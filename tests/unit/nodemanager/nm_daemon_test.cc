// weir-nodemanager as a process, between a ResourceManager and an ApplicationMaster that are this
// test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "node_manager_process.h"
#include "nodemanager/executor/process_identity.h"
#include "platform/file_system.h"

namespace weir::nm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using weir::testing::Process;
using weir::testing::WaitUntil;
TEST_F(NodeManagerProcess, RegistersWithWhatItIsAndKeepsItsIdentity) {
  StartNode();
  const RegisterNodeRequest first = rm_->last_registration();
  EXPECT_EQ(first.capacity, (Resource{2048, 8}));
  EXPECT_EQ(first.address, container_address_);
  EXPECT_EQ(first.http_address, http_address_.ToString());
  node_->Signal(SIGTERM);
  EXPECT_EQ(node_->Wait(), 0);
  EXPECT_EQ(rm_->unregistrations(), 1);
  EXPECT_FALSE(weir::testing::Exists(directory_ / "nm/address"));
  StartNode();
  EXPECT_EQ(rm_->last_registration().id, first.id);
}

TEST_F(NodeManagerProcess, RunsWhatTheRmStartsAndForgetsItOnceRecorded) {
  StartNode();
  StartByRm(1, Shell("echo hello; echo bad >&2; exit 4"));
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kComplete));
  const auto status = rm_->StatusOf(IdOf(1));
  EXPECT_EQ(status->exit_code, 4);
  EXPECT_THAT(status->diagnostics, HasSubstr("bad"));
  EXPECT_TRUE(WaitUntil(
      [&] { return !weir::testing::Exists(directory_ / "nm/containers/" + IdOf(1).ToString()); },
      "the notes to go"));
  EXPECT_THAT(Get("/ws/v1/node/containers").body, HasSubstr("\"container\":[]"));
  // Its logs stay.
  const std::string id = IdOf(1).ToString();
  EXPECT_EQ(Get("/ws/v1/node/containerlogs/" + id + "/stdout").body, "hello\n");
  EXPECT_THAT(Get("/ws/v1/node/containers/" + id + "/logs").body, HasSubstr("stderr"));
}

TEST_F(NodeManagerProcess, AnApplicationMasterStartsWatchesAndStopsItsContainers) {
  StartNode();
  ASSERT_TRUE(AwaitRegistered());
  auto client = Connect();
  const ContainerTokenIdentifier token = rm_->Token(kAttempt, 2);
  ASSERT_TRUE(Start(*client, rm_->keys().Sign(token), Shell("sleep 1000")).ok());
  ASSERT_TRUE(Start(*client, rm_->keys().Sign(token), Shell("sleep 1000")).ok()) << "repeated";
  const auto running = Watch(*client, token.id, ContainerState::kNew);
  ASSERT_TRUE(running.ok()) << running.error().ToString();
  EXPECT_EQ(running->state, ContainerState::kRunning);
  ASSERT_TRUE(AwaitState(token.id, ContainerState::kRunning));

  ApplicationId another = kAttempt.application;
  ++another.sequence;
  auto other = Connect({another, 1});
  const auto refused = Watch(*other, token.id, ContainerState::kNew);
  EXPECT_EQ(refused.error().code, ErrorCode::kPermissionDenied);

  const Status stopped =
      client->Call(kCall, [&](auto& c) { c.stopContainer(token.id.ToString()); });
  EXPECT_TRUE(stopped.ok());
  const auto ended = Watch(*client, token.id, ContainerState::kRunning);
  ASSERT_TRUE(ended.ok());
  EXPECT_EQ(ended->exit_code, exit_code::kKilledByApplicationMaster);
  EXPECT_THAT(ended->diagnostics, HasSubstr("stopped by its ApplicationMaster"));
  EXPECT_THAT(FindStrays(token.id, 0), IsEmpty());
}

TEST_F(NodeManagerProcess, AnApplicationMasterThatComesTooEarlyIsToldToTryAgain) {
  rm_->RefuseRegistrations(true);
  StartNode();
  auto client = Connect();
  const auto start = [&] {
    return Start(*client, rm_->keys().Sign(rm_->Token(kAttempt, 2)), Shell("true"));
  };
  EXPECT_EQ(start().error().code, ErrorCode::kUnavailable);
  rm_->RefuseRegistrations(false);
  ASSERT_TRUE(AwaitRegistered());
  const Status started = start();
  EXPECT_TRUE(started.ok()) << started.error().ToString();
}

// Between two keys nobody is refused for good but who comes with one that was replaced.
TEST_F(NodeManagerProcess, FollowsTheKeysOfTokensAsTheyAreReplaced) {
  StartNode();
  ASSERT_TRUE(AwaitRegistered());
  const std::map<int, std::string> first = rm_->keys().keys();
  const platform::SignedToken early = rm_->keys().Sign(rm_->Token(kAttempt, 2));
  auto before = Connect();
  ASSERT_TRUE(Start(*before, early, Shell("sleep 1000")).ok());

  std::map<int, std::string> both = first;
  both[2] = std::string(32, 'n');
  rm_->UseKeys(platform::TokenKeys(both, 2));
  auto after = Connect();
  const platform::SignedToken late = rm_->keys().Sign(rm_->Token(kAttempt, 3));
  EXPECT_EQ(Start(*after, late, Shell("sleep 1000")).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(Start(*before, late, Shell("sleep 1000")).error().code, ErrorCode::kUnavailable)
      << "nor on a connection that was made before";
  rm_->Command({});  // an answer, which brings the keys
  ASSERT_TRUE(WaitUntil([&] { return Start(*after, late, Shell("sleep 1000")).ok(); },
                        "the new key is known"));
  EXPECT_TRUE(Start(*after, early, Shell("sleep 1000")).ok()) << "the one before holds";

  both.erase(1);
  both[3] = std::string(32, 'm');
  rm_->UseKeys(platform::TokenKeys(both, 3));
  const auto told_dropped = [&] {
    rm_->Command({});
    const Status refused = Start(*after, early, Shell("sleep 1000"));
    return !refused.ok() && refused.error().code == ErrorCode::kUnauthenticated &&
           refused.error().message.find("too old") != std::string::npos;
  };
  EXPECT_TRUE(WaitUntil(told_dropped, "the first key is gone"));
  EXPECT_TRUE(Watch(*before, rm_->Token(kAttempt, 2).id, ContainerState::kNew).ok())
      << "who is connected goes on";
}

TEST_F(NodeManagerProcess, AStartIsRefusedWithoutTheRightToken) {
  StartNode();
  ASSERT_TRUE(AwaitRegistered());
  auto client = Connect();
  platform::SignedToken forged = rm_->keys().Sign(rm_->Token(kAttempt, 2));
  forged.mac[0] = static_cast<char>(forged.mac[0] ^ 1);
  EXPECT_EQ(Start(*client, forged, Shell("true")).error().code, ErrorCode::kUnauthenticated);
  ContainerTokenIdentifier old = rm_->Token(kAttempt, 2);
  old.epoch = Epoch{2};
  EXPECT_EQ(Start(*client, rm_->keys().Sign(old), Shell("true")).error().code, ErrorCode::kFenced);
  const ContainerTokenIdentifier foreign = rm_->Token({kAttempt.application, 9}, 2);
  EXPECT_EQ(Start(*client, rm_->keys().Sign(foreign), Shell("true")).error().code,
            ErrorCode::kPermissionDenied);
  EXPECT_THAT(Get("/ws/v1/node/containers").body, HasSubstr("\"container\":[]"));
}

TEST_F(NodeManagerProcess, ServesPartsOfLogsAndNothingElseOfTheDisk) {
  StartNode();
  StartByRm(1, Shell("printf 0123456789; ln -s /etc/passwd $LOG_DIRS/link; sleep 1000"));
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kRunning));
  const std::string id = IdOf(1).ToString();
  const std::string base = "/ws/v1/node/containerlogs/" + id;
  ASSERT_TRUE(WaitUntil([&] { return Get(base + "/stdout").body == "0123456789"; }, "the output"));
  EXPECT_EQ(Get(base + "/stdout?size=-3").body, "789");
  EXPECT_EQ(Get(base + "/stdout?size=-300").body, "0123456789");
  EXPECT_EQ(Get(base + "/stdout?size=4").body, "0123");
  EXPECT_EQ(Get(base + "/stdout?offset=2&length=3").body, "234");
  EXPECT_EQ(Get(base + "/stdout?offset=99").body, "");
  EXPECT_EQ(Get(base + "/stdout?size=x").status, 400);
  for (const char* name : {"link", "nothing", "%2e%2e", "..%2fstdout", "stdout%00"}) {
    const int status = Get(base + "/" + name).status;
    EXPECT_TRUE(status == 404 || status == 400) << name << " gave " << status;
  }
  EXPECT_EQ(Get("/ws/v1/node/containers/nonsense").status, 400);
  const auto container = nlohmann::json::parse(Get("/ws/v1/node/containers/" + id).body);
  EXPECT_EQ(container["container"]["state"], "RUNNING");
  EXPECT_EQ(container["container"]["user"], "ann");
}

TEST_F(NodeManagerProcess, ContainersRunOnWhileTheRmIsAwayAndAreToldToTheNext) {
  StartNode();
  StartByRm(1, Shell("sleep 1000"));
  StartByRm(2, Shell("until [ -e go ]; do sleep 0.02; done; exit 6"));
  const ContainerId long_one = IdOf(1);
  const ContainerId short_one = IdOf(2);
  ASSERT_TRUE(AwaitState(long_one, ContainerState::kRunning));
  ASSERT_TRUE(AwaitState(short_one, ContainerState::kRunning));
  StartRm(4);
  weir::testing::WriteWholeFile(directory_ / "nm/local/usercache/ann/appcache/" +
                                    kAttempt.application.ToString() + "/" + short_one.ToString() +
                                    "/go",
                                "");
  ASSERT_TRUE(AwaitState(long_one, ContainerState::kRunning));
  ASSERT_TRUE(AwaitState(short_one, ContainerState::kComplete));
  EXPECT_EQ(rm_->StatusOf(short_one)->exit_code, 6);
  NodeHeartbeatAnswer stop;
  stop.stop.push_back({long_one, StopReason::kApplicationEnded});
  rm_->Command(std::move(stop));
  ASSERT_TRUE(AwaitState(long_one, ContainerState::kComplete));
  EXPECT_EQ(rm_->StatusOf(long_one)->exit_code, exit_code::kKilledAfterApplicationEnd);
}

TEST_F(NodeManagerProcess, SigtermStopsContainersTellsTheRmAndEnds) {
  StartNode();
  StartByRm(1, Shell("trap '' TERM; sleep 1000 & sleep 1000"));
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kRunning));
  node_->Signal(SIGTERM);
  EXPECT_EQ(node_->Wait(), 0);
  EXPECT_EQ(rm_->StatusOf(IdOf(1))->state, ContainerState::kComplete);
  EXPECT_THAT(rm_->StatusOf(IdOf(1))->diagnostics, HasSubstr("shutting down"));
  EXPECT_EQ(rm_->unregistrations(), 1);
  EXPECT_THAT(FindStrays(IdOf(1), 0), IsEmpty());
}

TEST_F(NodeManagerProcess, OneNodeManagerPerDirectoryAndOneClearLineForTheSecond) {
  StartNode();
  const auto second = weir::testing::RunCommand(Arguments());
  EXPECT_EQ(second.exit_code, 11) << second.ToString();
  EXPECT_THAT(second.err, HasSubstr("another NodeManager works in"));
  EXPECT_EQ(rm_->registrations(), 1);
}

TEST_F(NodeManagerProcess, BadConfigurationIsOneLinePerFaultAndExitCodeTwo) {
  auto arguments = Arguments();
  for (const char* bad : {"yarn.nodemanager.resource.memory-mb=lots",
                          "yarn.nodemanager.address=0.0.0.0:0",
                          "yarn.nodemanager.local-dirs=here"}) {
    arguments.insert(arguments.end(), {"-D", bad});
  }
  const auto result = weir::testing::RunCommand(arguments);
  EXPECT_EQ(result.exit_code, 2) << result.ToString();
  EXPECT_THAT(result.err, HasSubstr("memory-mb"));
  EXPECT_THAT(result.err, HasSubstr("0.0.0.0"));
  EXPECT_THAT(result.err, HasSubstr("'here'"));
}

}  // namespace
}  // namespace weir::nm
