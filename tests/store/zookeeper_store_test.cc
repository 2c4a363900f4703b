// The ZooKeeper store against a real server, or three, through a proxy that cuts: what happens when
// connections, sessions and servers go, and what is refused.
#include "state-store/zookeeper_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <string>

#include "state-store/protocol/zk_layout.h"
#include "state-store/zookeeper_client.h"
#include "state-store/zookeeper_election.h"
#include "tests/store/sample_records.h"
#include "tests/store/store_fixture.h"
#include "tests/support/cutting_proxy.h"
#include "tests/support/wait_until.h"
#include "tests/support/zookeeper_ensemble.h"

namespace weir::store {
namespace {

using testing::CuttingProxy;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using testing::WaitUntil;
using testing::ZooKeeperEnsemble;
using testing::ZooKeeperSettings;

size_t NodesIn(StateStore& store) {
  const Result<LoadedState> state = store.Load();
  EXPECT_TRUE(state.ok()) << state.error().ToString();
  if (!state.ok()) return 0;
  EXPECT_TRUE(state->quarantined.empty());
  size_t nodes = 0;
  for (const Record& record : state->records) nodes += std::holds_alternative<NodeRecord>(record);
  return nodes;
}

class ZookeeperStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = ZooKeeperEnsemble::WhyNot(); !why.empty()) GTEST_SKIP() << why;
  }
  void StartEnsemble(const ZooKeeperSettings& settings = {.sync = false}) {
    ensemble_ = std::make_unique<ZooKeeperEnsemble>(settings);
    ASSERT_TRUE(ensemble_->Start());
  }
  ZookeeperStoreOptions Options(const std::string& address = "") {
    ZookeeperStoreOptions options;
    options.session.servers = address.empty() ? ensemble_->address() : address;
    options.session.password = "secret";
    options.session.timeout = seconds(2);
    options.cluster_id = "test";
    return options;
  }
  static std::string Loopback(uint16_t port) { return "127.0.0.1:" + std::to_string(port); }
  static Result<EpochRecord> Become(StateStore& store) {
    return store.Open({.wall_millis = kSampleTimestamp, .cluster_id = "test"});
  }

  // Somebody else's way to the nodes.
  ZookeeperClient& Direct() {
    if (direct_ == nullptr) {
      direct_ = std::make_unique<ZookeeperClient>(Options().session,
                                                  [](uint64_t, ZooKeeperSession::State) {});
      EXPECT_TRUE(direct_->Renew().ok());
      EXPECT_TRUE(direct_->AwaitConnection().ok());
    }
    return *direct_;
  }
  // Other bytes, or none.
  void Spoil(const std::string& path, const std::optional<std::string>& bytes) {
    const auto kind = bytes ? ZkOperation::Kind::kSet : ZkOperation::Kind::kDelete;
    EXPECT_EQ(Direct().Multi({{.kind = kind, .path = path, .data = bytes.value_or("")}})->code,
              ZkCode::kOk);
  }

  std::unique_ptr<ZooKeeperEnsemble> ensemble_;
  std::unique_ptr<ZookeeperClient> direct_;
};

TEST_F(ZookeeperStoreTest, IsClosedAlthoughAnAnswerNeverComes) {
  StartEnsemble();
  CuttingProxy proxy(ensemble_->port(0));
  ZookeeperStoreOptions options = Options(Loopback(proxy.port()));
  options.session.patience = milliseconds(200);
  const auto store = OpenZookeeperStore(options).value();
  const Epoch epoch = Become(*store)->epoch;
  proxy.SwallowAnswers(true);
  std::promise<Status> stored;
  store->Append(
      {Put{SampleNode(1)}}, epoch, [&](const Status& status) { stored.set_value(status); });
  store->Close();
  EXPECT_FALSE(stored.get_future().get().ok());
}

TEST_F(ZookeeperStoreTest, CutConnectionsLoseAndRepeatNothing) {
  StartEnsemble();
  CuttingProxy proxy(ensemble_->port(0));
  const auto store = OpenZookeeperStore(Options(Loopback(proxy.port()))).value();
  const Epoch epoch = Become(*store)->epoch;
  constexpr int kRounds = 12;
  constexpr int kAppends = 100;
  Answers answers;
  int number = 0;
  for (int round = 0; round < kRounds; ++round) {
    // Every other time requests get through and their answers do not.
    const int64_t swallowed = proxy.swallowed_bytes();
    proxy.SwallowAnswers(round % 2 == 0);
    for (int i = 0; i < kAppends; ++i, ++number) {
      store->Append({Put{SampleNode(number)}, Delete{KeyOf(SampleNode(number - 1))}},
                    epoch,
                    answers.Next(number));
    }
    if (round % 2 == 0) {
      ASSERT_TRUE(WaitUntil([&] { return proxy.swallowed_bytes() > swallowed; }, "an answer"));
    }
    proxy.Cut();
    proxy.SwallowAnswers(false);
    const auto all = answers.Wait(static_cast<size_t>(number));
    for (const auto& [at, status] : all) ASSERT_TRUE(status.ok()) << status.error().ToString();
  }
  EXPECT_EQ(NodesIn(*store), 1U);
}

TEST_F(ZookeeperStoreTest, GoesOnAfterItsSessionHasExpired) {
  StartEnsemble();
  CuttingProxy proxy(ensemble_->port(0));
  ZookeeperStoreOptions options = Options(Loopback(proxy.port()));
  options.session.timeout = milliseconds(400);
  const auto store = OpenZookeeperStore(options).value();
  const Epoch epoch = Become(*store)->epoch;
  ASSERT_TRUE(AppendAndWait(*store, {Put{SampleNode(1)}}, epoch).ok());
  proxy.Close(true);
  Answers answers;
  store->Append({Put{SampleNode(2)}}, epoch, answers.Next(2));
  // Its ephemeral node goes with the session.
  ZookeeperClient direct(Options().session, [](uint64_t, ZooKeeperSession::State) {});
  ASSERT_TRUE(direct.Renew().ok());
  ASSERT_TRUE(direct.AwaitConnection().ok());
  const std::string holder = ZkLayout("/weir", "test").holder();
  ASSERT_TRUE(WaitUntil([&] { return !direct.Get(holder)->exists; }, "the session expires"));
  proxy.Close(false);
  EXPECT_TRUE(answers.Wait(1)[0].second.ok());
  EXPECT_TRUE(AppendAndWait(*store, {Put{SampleNode(3)}}, epoch).ok());
  EXPECT_EQ(NodesIn(*store), 3U);
  EXPECT_TRUE(direct.Get(holder)->exists) << "the new session holds it again";
}

TEST_F(ZookeeperStoreTest, WaitsForServersThatAreAway) {
  StartEnsemble();
  const auto store = OpenZookeeperStore(Options()).value();
  const Epoch epoch = Become(*store)->epoch;
  ASSERT_TRUE(AppendAndWait(*store, {Put{SampleNode(0)}}, epoch).ok());
  ensemble_->StopServer(0);
  std::promise<bool> confirmed;
  store->Confirm([&confirmed](bool ours) { confirmed.set_value(ours); });
  EXPECT_FALSE(confirmed.get_future().get()) << "nobody can be asked";
  Answers answers;
  constexpr int kAppends = 50;
  for (int i = 1; i <= kAppends; ++i) {
    store->Append({Put{SampleNode(i)}}, epoch, answers.Next(i));
  }
  ensemble_->StartServer(0);
  for (const auto& [at, status] : answers.Wait(kAppends)) {
    EXPECT_TRUE(status.ok()) << at << status.error().ToString();
  }
  EXPECT_EQ(NodesIn(*store), kAppends + 1U);
}

TEST_F(ZookeeperStoreTest, TheLeaderOfThreeServersMayDie) {
  StartEnsemble({.servers = 3, .sync = false});
  ZookeeperStoreOptions options = Options();
  options.session.timeout = seconds(10);
  const auto store = OpenZookeeperStore(options).value();
  const Epoch epoch = Become(*store)->epoch;
  constexpr int kAppends = 400;
  Answers answers;
  for (int i = 0; i < kAppends; ++i) {
    if (i == kAppends / 2) {
      answers.Wait(kAppends / 4);
      const int leader = ensemble_->Leader();
      ASSERT_GE(leader, 0);
      ensemble_->StopServer(static_cast<size_t>(leader));
    }
    store->Append({Put{SampleNode(i)}}, epoch, answers.Next(i));
  }
  for (const auto& [at, status] : answers.Wait(kAppends)) {
    ASSERT_TRUE(status.ok()) << at << status.error().ToString();
  }
  EXPECT_EQ(NodesIn(*store), size_t{kAppends});
}

TEST_F(ZookeeperStoreTest, LearnsThatItWasTakenOverWithoutAWrite) {
  StartEnsemble();
  const auto first = OpenZookeeperStore(Options()).value();
  std::promise<Error> lost;
  first->OnFenced([&lost](const Error& error) { lost.set_value(error); });
  ASSERT_TRUE(Become(*first).ok());
  const auto second = OpenZookeeperStore(Options()).value();
  ASSERT_TRUE(Become(*second).ok());
  std::future<Error> told = lost.get_future();
  ASSERT_EQ(told.wait_for(std::chrono::seconds(60)), std::future_status::ready);
  EXPECT_EQ(told.get().code, ErrorCode::kFenced);
}

TEST_F(ZookeeperStoreTest, WithoutTakingOverASecondWriterIsRefusedByName) {
  StartEnsemble();
  ZookeeperStoreOptions options = Options();
  options.session.timeout = milliseconds(400);
  options.home = "the first one's directory";
  const auto first = OpenZookeeperStore(options).value();
  ASSERT_TRUE(Become(*first).ok());
  const OpenRequest polite{
      .wall_millis = kSampleTimestamp, .cluster_id = "test", .take_over = false};
  options.home = "the second one's directory";
  const auto second = OpenZookeeperStore(options).value();
  const Result<EpochRecord> refused = second->Open(polite);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(refused.error().message,
              HasSubstr("in use by another ResourceManager (process " + std::to_string(getpid())));
  first->Close();
  EXPECT_TRUE(second->Open(polite).ok());
}

// Where a former run lives on against all expectation, it is shut out like any other.
TEST_F(ZookeeperStoreTest, AWriterOfTheSameDirectoryIsNotWaitedForAndIsShutOut) {
  StartEnsemble();
  ZookeeperStoreOptions options = Options();
  options.session.timeout = seconds(60);
  options.home = "a directory";
  const auto first = OpenZookeeperStore(options).value();
  const Epoch former = Become(*first)->epoch;
  ASSERT_TRUE(AppendAndWait(*first, {Put{SampleNode(1)}}, former).ok());
  const OpenRequest polite{
      .wall_millis = kSampleTimestamp, .cluster_id = "test", .take_over = false};
  const auto second = OpenZookeeperStore(options).value();
  const auto epoch = second->Open(polite);
  ASSERT_TRUE(epoch.ok()) << epoch.error().ToString();
  const Status late = AppendAndWait(*first, {Put{SampleNode(2)}}, former);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, ErrorCode::kFenced);
  EXPECT_TRUE(AppendAndWait(*second, {Put{SampleNode(3)}}, epoch->epoch).ok());
}

TEST_F(ZookeeperStoreTest, NamesWhatIsWrongWithThePlace) {
  StartEnsemble();
  {
    const auto store = OpenZookeeperStore(Options()).value();
    ASSERT_TRUE(Become(*store).ok());
  }
  ZookeeperStoreOptions options = Options();
  options.session.password = "another secret";
  const auto other_secret = OpenZookeeperStore(options);
  ASSERT_FALSE(other_secret.ok());
  EXPECT_EQ(other_secret.error().code, ErrorCode::kPermissionDenied);
  EXPECT_THAT(other_secret.error().message, HasSubstr("another cluster secret"));

  const auto no_chroot = OpenZookeeperStore(Options(ensemble_->address() + "/no/such"));
  ASSERT_FALSE(no_chroot.ok());
  EXPECT_THAT(no_chroot.error().message, HasSubstr("the path /no/such"));
  EXPECT_THAT(no_chroot.error().remedy, HasSubstr("create /no/such"));

  options = Options("127.0.0.1:1");
  options.session.patience = milliseconds(300);
  const auto nobody = OpenZookeeperStore(options);
  ASSERT_FALSE(nobody.ok());
  EXPECT_EQ(nobody.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(nobody.error().message, HasSubstr("127.0.0.1:1"));

  EXPECT_FALSE(OpenZookeeperStore(Options("not an address")).ok());
}

TEST_F(ZookeeperStoreTest, AnotherOnesNodesAreLeftAlone) {
  StartEnsemble();
  ZookeeperClient client(Options().session, [](uint64_t, ZooKeeperSession::State) {});
  ASSERT_TRUE(client.Renew().ok());
  ASSERT_TRUE(client.AwaitConnection().ok());
  const auto make = [&client](const std::string& path, const std::string& data) {
    EXPECT_EQ(
        client.Multi({{.kind = ZkOperation::Kind::kCreate, .path = path, .data = data}})->code,
        ZkCode::kOk)
        << path;
  };
  make("/weir", "");
  make("/weir/test", "");
  make("/weir/test/ZKRMStateRoot", "of YARN");
  const auto store = OpenZookeeperStore(Options()).value();
  const Result<EpochRecord> refused = Become(*store);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(refused.error().message, HasSubstr("ZKRMStateRoot"));

  ASSERT_EQ(
      client.Multi({{.kind = ZkOperation::Kind::kDelete, .path = "/weir/test/ZKRMStateRoot"}})
          ->code,
      ZkCode::kOk);
  ASSERT_TRUE(Become(*store).ok());
  const ZkLayout layout("/weir", "test");
  make(layout.Bucket(7) + "/foreign", "what is this");
  const LoadedState state = store->Load().value();
  ASSERT_THAT(state.quarantined, SizeIs(1));
  EXPECT_THAT(state.quarantined[0], HasSubstr(layout.Bucket(7) + "/foreign"));
}

// Whoever opens the store makes the head anew and names what it was; who reads or follows loses
// nothing by it, whether it has heard of what came before or not.
TEST_F(ZookeeperStoreTest, AHeadThatCannotBeReadIsNamedAndMadeAnew) {
  StartEnsemble();
  const std::string head = ZkLayout("/weir", "test").head();
  const auto follower = OpenZookeeperStore(Options()).value();
  size_t nodes = 0;
  for (const std::optional<std::string>& spoilt :
       {std::optional<std::string>("of YARN"), std::optional<std::string>()}) {
    SCOPED_TRACE(spoilt.value_or("(gone)"));
    for (const bool is_spoilt : {false, true, false}) {
      if (is_spoilt) Spoil(head, spoilt);
      const auto store = OpenZookeeperStore(Options()).value();
      // Before it is opened and after.
      for (const bool opened : {false, true}) {
        if (opened) {
          ASSERT_TRUE(Become(*store).ok());
        }
        const LoadedState state = store->Load().value();
        EXPECT_THAT(state.quarantined, SizeIs(is_spoilt ? 1 : 0));
        for (const std::string& named : state.quarantined) {
          EXPECT_THAT(named, HasSubstr(head));
          EXPECT_THAT(named, HasSubstr(spoilt.value_or("missing")));
        }
      }
      const Epoch epoch = Become(*store)->epoch;
      for (int i = 0; i < 3; ++i) {
        const NodeRecord record = SampleNode(static_cast<int>(nodes++));
        ASSERT_TRUE(AppendAndWait(*store, {Put{record}}, epoch).ok());
      }
      EXPECT_EQ(NodesIn(*store), nodes);
      ASSERT_TRUE(follower->Follow().ok());
      EXPECT_EQ(NodesIn(*follower), nodes);
    }
  }
}

TEST_F(ZookeeperStoreTest, AServerThatTakesLessFailsTheWriteWithTheCause) {
  StartEnsemble({.jute_max_buffer = 200'000, .sync = false});
  const auto store = OpenZookeeperStore(Options()).value();
  const Epoch epoch = Become(*store)->epoch;
  ApplicationRecord large = SampleApplication(1);
  large.diagnostics.assign(250'000, 'd');
  const Status refused = AppendAndWait(*store, {Put{large}}, epoch);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(refused.error().remedy, HasSubstr("jute.maxbuffer"));
}

TEST_F(ZookeeperStoreTest, IsRemovedWholeButNotWhileSomebodyHasIt) {
  StartEnsemble();
  EXPECT_EQ(FormatZookeeperStore(Options()).error().code, ErrorCode::kNotFound);
  auto store = OpenZookeeperStore(Options()).value();
  const Epoch epoch = Become(*store)->epoch;
  for (int i = 0; i < 700; ++i) store->Append({Put{SampleNode(i)}}, epoch, [](const Status&) {});
  const Status held = FormatZookeeperStore(Options());
  ASSERT_FALSE(held.ok());
  EXPECT_EQ(held.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(held.error().message, HasSubstr("process " + std::to_string(getpid())));
  store->Close();
  // Nobody has it open, but one leads, and might at any moment.
  ZookeeperElectionOptions election;
  election.session = Options().session;
  election.cluster_id = "test";
  election.member = "rm2 http=127.0.0.1:1";
  ZookeeperStoreOptions with_election = Options();
  with_election.election_lock = election.lock();
  {
    std::promise<void> elected;
    ZookeeperElection leader(election,
                             {.elected = [&] { elected.set_value(); },
                              .deposed = [](const std::string&) {},
                              .leader_changed = [](const std::string&) {}});
    ASSERT_TRUE(leader.Start().ok());
    leader.Stand();
    ASSERT_EQ(elected.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready);
    const Status led = FormatZookeeperStore(with_election);
    ASSERT_FALSE(led.ok());
    EXPECT_EQ(led.error().code, ErrorCode::kFailedPrecondition);
    EXPECT_THAT(led.error().message, HasSubstr("(rm2 http=127.0.0.1:1) is elected"));
    EXPECT_THAT(led.error().message, HasSubstr(election.lock()));
  }
  const Status removed = FormatZookeeperStore(with_election);
  ASSERT_TRUE(removed.ok()) << removed.error().ToString();
  store = OpenZookeeperStore(Options()).value();
  EXPECT_TRUE(store->Load()->records.empty());
  const Result<EpochRecord> expected =
      store->Open({.wall_millis = 1, .cluster_id = "test", .at_least = {3}, .must_exist = true});
  ASSERT_FALSE(expected.ok());
  EXPECT_THAT(expected.error().message, HasSubstr("is empty"));
  EXPECT_EQ(Become(*store)->epoch, Epoch{1});
}

}  // namespace
}  // namespace weir::store
