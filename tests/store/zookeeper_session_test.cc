// Sessions with ZooKeeper whose first server refuses connections.
#include "state-store/zookeeper_session.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "tests/support/wait_until.h"
#include "tests/support/zookeeper_ensemble.h"

namespace weir::store {
namespace {

using testing::WaitUntil;
using testing::ZooKeeperEnsemble;

ZooKeeperOptions OptionsOf(const std::string& servers) {
  ZooKeeperOptions options;
  options.servers = servers;
  options.password = "secret";
  return options;
}

constexpr const char* kRefuses = "127.0.0.1:1";  // nobody listens there

// The client's thread may have been refused before the one that opens goes on: now and then, so
// many times.
TEST(ZookeeperSession, OpensWhileEveryServerRefuses) {
  for (int i = 0; i < 1000; ++i) {
    const auto session =
        ZooKeeperSession::Open(OptionsOf(kRefuses), [](ZooKeeperSession::State) {});
    ASSERT_TRUE(session.ok()) << "opening " << i << ": " << session.error().message;
  }
}

TEST(ZookeeperSession, HasItsCredentialOnTheFirstServerThatAnswers) {
  if (const std::string why = ZooKeeperEnsemble::WhyNot(); !why.empty()) GTEST_SKIP() << why;
  ZooKeeperEnsemble ensemble;
  ASSERT_TRUE(ensemble.Start());
  std::atomic<bool> connected{false};
  const auto session =
      ZooKeeperSession::Open(OptionsOf(std::string(kRefuses) + "," + ensemble.address()),
                             [&](ZooKeeperSession::State state) {
                               if (state == ZooKeeperSession::State::kConnected) connected = true;
                             });
  ASSERT_TRUE(session.ok());
  ASSERT_TRUE(WaitUntil([&] { return connected.load(); }, "a connection"));
  // Only its creator may read it: without a credential there is none, and it is refused.
  std::atomic<int> answers{0};
  std::atomic<bool> made{false};
  (*session)->Multi({{.kind = ZkOperation::Kind::kCreate, .path = "/mine", .data = "x"}},
                    [&](const ZkOutcome& outcome) {
                      made = outcome.code == ZkCode::kOk;
                      ++answers;
                    });
  std::atomic<bool> read{false};
  (*session)->Get("/mine", [&](const ZkOutcome& outcome, const ZkNode& node) {
    read = outcome.code == ZkCode::kOk && node.data == "x";
    ++answers;
  });
  ASSERT_TRUE(WaitUntil([&] { return answers == 2; }, "two answers"));
  EXPECT_TRUE(made);
  EXPECT_TRUE(read);
}

}  // namespace
}  // namespace weir::store
