// Elections over a real ZooKeeper, through proxies that cut.
#include "state-store/zookeeper_election.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "platform/mutex.h"
#include "state-store/zookeeper_client.h"
#include "tests/support/cutting_proxy.h"
#include "tests/support/wait_until.h"
#include "tests/support/zookeeper_ensemble.h"

namespace weir::store {
namespace {

using testing::CuttingProxy;
using testing::WaitUntil;
using testing::ZooKeeperEnsemble;

// One member with its own proxy in front of the server, and what it was told.
class Member {
 public:
  Member(const std::string& name,
         uint16_t server,
         const std::string& password = "secret",
         Duration session = seconds(1))
      : proxy_(server) {
    ZookeeperElectionOptions options;
    options.session.servers = "127.0.0.1:" + std::to_string(proxy_.port());
    options.session.password = password;
    options.session.timeout = session;
    options.cluster_id = "test";
    options.member = name;
    options.name = name;
    ZookeeperElection::Handlers handlers;
    handlers.elected = [this] {
      platform::MutexLock lock(mutex_);
      leads_ = true;
      ++elections_;
    };
    handlers.deposed = [this](const std::string&) {
      platform::MutexLock lock(mutex_);
      leads_ = false;
    };
    handlers.leader_changed = [this](const std::string& leader) {
      platform::MutexLock lock(mutex_);
      leader_ = leader;
    };
    election_ = std::make_unique<ZookeeperElection>(options, std::move(handlers));
    EXPECT_TRUE(election_->Start().ok());
    election_->Stand();
  }

  ZookeeperElection& election() { return *election_; }
  CuttingProxy& proxy() { return proxy_; }
  bool leads() const {
    platform::MutexLock lock(mutex_);
    return leads_;
  }
  int elections() const {
    platform::MutexLock lock(mutex_);
    return elections_;
  }
  std::string leader() const {
    platform::MutexLock lock(mutex_);
    return leader_;
  }
  void Unplug() {
    proxy_.Close(true);
    proxy_.Cut();
  }
  void Plug() { proxy_.Close(false); }

 private:
  CuttingProxy proxy_;
  mutable platform::Mutex mutex_;
  bool leads_ WEIR_GUARDED_BY(mutex_) = false;
  int elections_ WEIR_GUARDED_BY(mutex_) = 0;
  std::string leader_ WEIR_GUARDED_BY(mutex_);
  std::unique_ptr<ZookeeperElection> election_;  // after what its handlers use
};

class ZookeeperElectionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = ZooKeeperEnsemble::WhyNot(); !why.empty()) GTEST_SKIP() << why;
    ensemble_ = std::make_unique<ZooKeeperEnsemble>(testing::ZooKeeperSettings{.sync = false});
    ASSERT_TRUE(ensemble_->Start());
  }
  // `first` is elected, `second` follows it.
  void StartTwo(Duration first_session = seconds(1)) {
    first_ = std::make_unique<Member>("rm1", ensemble_->port(0), "secret", first_session);
    ASSERT_TRUE(WaitUntil([this] { return first_->leads(); }, "the first one leads"));
    second_ = std::make_unique<Member>("rm2", ensemble_->port(0));
    ASSERT_TRUE(WaitUntil([this] { return second_->leader() == "rm1"; }, "the second one knows"));
    ASSERT_FALSE(second_->leads());
  }
  void ExpectSecondTakesOver() {
    EXPECT_TRUE(WaitUntil([this] { return second_->leads(); }, "the second one leads"));
    EXPECT_EQ(second_->leader(), "rm2");
  }

  std::unique_ptr<ZooKeeperEnsemble> ensemble_;
  std::unique_ptr<Member> first_;
  std::unique_ptr<Member> second_;
};

TEST_F(ZookeeperElectionTest, TheNextIsElectedWhenTheLeaderStops) {
  StartTwo();
  first_.reset();
  ExpectSecondTakesOver();
}

TEST_F(ZookeeperElectionTest, ALeaderThatIsCutOffIsReplacedAndHearsOfItWhenItIsBack) {
  StartTwo();
  first_->Unplug();
  ExpectSecondTakesOver();
  EXPECT_TRUE(first_->leads()) << "it cannot know";
  first_->Plug();
  EXPECT_TRUE(WaitUntil([this] { return !first_->leads(); }, "the first one is deposed"));
  EXPECT_TRUE(WaitUntil([this] { return first_->leader() == "rm2"; }, "it knows by whom"));
  second_.reset();
  EXPECT_TRUE(WaitUntil([this] { return first_->leads(); }, "it is elected again"));
  EXPECT_EQ(first_->elections(), 2);
}

TEST_F(ZookeeperElectionTest, ALeaderWhoseConnectionBreaksGoesOn) {
  StartTwo();
  for (int i = 0; i < 5; ++i) {
    first_->proxy().Cut();
    ASSERT_TRUE(WaitUntil([this] { return first_->election().connected(); }, "it is back"));
  }
  EXPECT_EQ(first_->elections(), 1);
  EXPECT_EQ(second_->elections(), 0);
}

// Nobody can be elected while there is no ZooKeeper; what leads goes on.
TEST_F(ZookeeperElectionTest, ALeaderOutlivesZooKeeper) {
  StartTwo();
  ensemble_->StopAll();
  ASSERT_TRUE(WaitUntil([this] { return !first_->election().connected(); }, "it is cut off"));
  EXPECT_TRUE(first_->leads());
  ensemble_->StartServer(0);
  ASSERT_TRUE(WaitUntil([this] { return first_->election().connected(); }, "it is back"));
  ASSERT_TRUE(WaitUntil([this] { return second_->election().connected(); }, "the other too"));
  ASSERT_TRUE(
      WaitUntil([this] { return second_->leader() == "rm1" || second_->leads(); }, "known"));
  EXPECT_NE(first_->leads(), second_->leads());
}

// Its session would last for a minute.
TEST_F(ZookeeperElectionTest, TheEndOfTheSessionOfOneThatHasGoneIsNotWaitedFor) {
  StartTwo(seconds(60));
  first_->Unplug();
  second_->election().LeaderGone("rm1");
  ExpectSecondTakesOver();
  first_->Plug();
  EXPECT_TRUE(WaitUntil([this] { return !first_->leads(); }, "the first one is deposed"));
}

// Killed, and started again before anybody could notice.
TEST_F(ZookeeperElectionTest, TheEndOfTheSessionOfAFormerRunIsNotWaitedFor) {
  first_ = std::make_unique<Member>("rm1", ensemble_->port(0), "secret", seconds(60));
  ASSERT_TRUE(WaitUntil([this] { return first_->leads(); }, "the first one leads"));
  first_->Unplug();
  Member again("rm1", ensemble_->port(0), "secret", seconds(60));
  EXPECT_TRUE(WaitUntil([&] { return again.leads(); }, "its next run leads", seconds(40)));
  first_->Plug();
  EXPECT_TRUE(WaitUntil([this] { return !first_->leads(); }, "the former run is deposed"));
  EXPECT_TRUE(again.leads());
  EXPECT_EQ(again.elections(), 1);
}

TEST_F(ZookeeperElectionTest, AWrongWordOfAnEndCostsAnElectionAndNoMore) {
  StartTwo();
  for (int i = 0; i < 5; ++i) {
    first_->election().LeaderGone("rm2");
    second_->election().LeaderGone("rm1");
    const auto settled = [this] {
      const bool one = first_->leads() != second_->leads();
      return one && first_->leader() == second_->leader() &&
             first_->leader() == (first_->leads() ? "rm1" : "rm2");
    };
    ASSERT_TRUE(WaitUntil(settled, "one leads, and both know it"));
  }
}

TEST_F(ZookeeperElectionTest, WhoRetiresIsReplacedAtOnceAndMayStandAgain) {
  StartTwo();
  first_->election().Retire();
  ExpectSecondTakesOver();
  EXPECT_FALSE(first_->leads());
  first_->election().Stand();
  second_->election().Retire();
  EXPECT_TRUE(WaitUntil([this] { return first_->leads(); }, "the first one leads again"));
}

TEST_F(ZookeeperElectionTest, AProcessThatHangsGivesTheLockBackFromAnyThread) {
  StartTwo();
  EXPECT_TRUE(first_->election().GiveUp(seconds(20)));
  ExpectSecondTakesOver();
  EXPECT_TRUE(second_->election().GiveUp(seconds(20)));
}

TEST_F(ZookeeperElectionTest, AnotherClustersSecretGetsNowhere) {
  first_ = std::make_unique<Member>("rm1", ensemble_->port(0));
  ASSERT_TRUE(WaitUntil([this] { return first_->leads(); }, "the first one leads"));
  second_ = std::make_unique<Member>("rm2", ensemble_->port(0), "other");
  ASSERT_TRUE(WaitUntil([this] { return second_->election().connected(); }, "it is connected"));
  first_.reset();
  Member third("rm3", ensemble_->port(0));
  EXPECT_TRUE(WaitUntil([&] { return third.leads(); }, "the way is free for its own members"));
  EXPECT_EQ(second_->elections(), 0);
}

// A node that somebody has made in the lock's place stays: nobody follows it as if it led.
TEST_F(ZookeeperElectionTest, ANodeThatIsNobodysLockIsNotFollowed) {
  StartTwo();
  ZooKeeperOptions session;
  session.servers = "127.0.0.1:" + std::to_string(ensemble_->port(0));
  session.password = "secret";
  ZookeeperClient client(session, [](uint64_t, ZooKeeperSession::State) {});
  ASSERT_TRUE(client.Renew().ok());
  ASSERT_TRUE(client.AwaitConnection().ok());
  ZookeeperElectionOptions options;
  options.cluster_id = "test";
  const std::string lock = options.lock();
  ASSERT_EQ(client
                .Multi({{.kind = ZkOperation::Kind::kDelete, .path = lock},
                        {.kind = ZkOperation::Kind::kCreate, .path = lock, .data = "rm1"}})
                ->code,
            ZkCode::kOk);
  EXPECT_TRUE(WaitUntil([this] { return second_->leader().empty(); }, "nobody is known to lead"));
  EXPECT_TRUE(first_->leads()) << "nobody else was elected";
  EXPECT_FALSE(second_->leads());
  ASSERT_EQ(client.Multi({{.kind = ZkOperation::Kind::kDelete, .path = lock}})->code, ZkCode::kOk);
  const auto settled = [this] {
    return first_->leads() != second_->leads() && !second_->leader().empty() &&
           first_->leader() == second_->leader();
  };
  EXPECT_TRUE(WaitUntil(settled, "one leads, and both know it"));
}

}  // namespace
}  // namespace weir::store
