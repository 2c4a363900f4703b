// What ResourceManagers remember of a store that they share in ZooKeeper, and what that keeps them
// from.
#include "state-store/store_note.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "platform/file_system.h"
#include "platform/rpc_security.h"
#include "state-store/protocol/zk_layout.h"
#include "state-store/zookeeper_client.h"
#include "state-store/zookeeper_store.h"
#include "tests/store/sample_records.h"
#include "tests/store/store_fixture.h"
#include "tests/support/zookeeper_ensemble.h"

namespace weir::store {
namespace {

using ::testing::HasSubstr;
using testing::ZooKeeperEnsemble;

class StoreNoteTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = ZooKeeperEnsemble::WhyNot(); !why.empty()) GTEST_SKIP() << why;
    ensemble_ = std::make_unique<ZooKeeperEnsemble>(testing::ZooKeeperSettings{.sync = false});
    ASSERT_TRUE(ensemble_->Start());
    const auto secret = platform::ReadOrCreateSecretFile(directory_ / "cluster.secret");
    ASSERT_TRUE(secret.ok());
    password_ = ZookeeperPassword(*secret);
  }

  // What the ResourceManager `id` has in its configuration.
  StoreOptions OptionsOf(const std::string& id, const std::string& cluster = "weir") const {
    StoreOptions options;
    options.kind = StoreKind::kZookeeper;
    options.cluster_id = cluster;
    options.servers = ensemble_->address();
    options.parent = "/weir";
    options.value_bytes = 1'000'000;
    options.secret_file = directory_ / "cluster.secret";
    options.high_availability = true;
    options.note_file = directory_ / (id + "-store-note");
    return options;
  }
  ZookeeperStoreOptions InZookeeper() const {
    ZookeeperStoreOptions options;
    options.session.servers = ensemble_->address();
    options.session.password = password_;
    options.cluster_id = "weir";
    return options;
  }
  // As a ResourceManager that becomes active, and ends.
  static Result<EpochRecord> Lead(const StoreOptions& options) {
    WEIR_ASSIGN_OR_RETURN(const auto store, OpenStateStore(options));
    WEIR_ASSIGN_OR_RETURN(const OpenRequest request, RequestFor(options, WallFromMillis(1)));
    WEIR_ASSIGN_OR_RETURN(const EpochRecord epoch, store->Open(request));
    WEIR_RETURN_IF_ERROR(NoteOpened(options, epoch));
    return epoch;
  }
  // As a standby.
  static void Follow(const StoreOptions& options) {
    const auto store = OpenStateStore(options).value();
    ASSERT_TRUE(store->Follow().ok());
    const std::optional<Epoch> epoch = store->FollowedEpoch();
    if (epoch) {
      ASSERT_TRUE(NoteFollowed(options, *epoch).ok());
    }
  }

  TemporaryDirectory directory_;
  std::unique_ptr<ZooKeeperEnsemble> ensemble_;
  std::string password_;
};

TEST_F(StoreNoteTest, WhoHasOnlyFollowedIsNotContentWithAnEmptyStoreEither) {
  const StoreOptions rm1 = OptionsOf("rm1");
  const StoreOptions rm2 = OptionsOf("rm2");
  Follow(rm2);
  EXPECT_FALSE(ReadStoreNote(rm2.note_file)->has_value()) << "there is nothing yet to remember";
  for (const int64_t epoch : {1, 2}) {
    ASSERT_EQ(Lead(rm1)->epoch, Epoch{epoch});
    Follow(rm2);
    const std::optional<StoreNote> note = *ReadStoreNote(rm2.note_file);
    ASSERT_TRUE(note.has_value());
    EXPECT_EQ(note->place, rm2.Place());
    EXPECT_EQ(note->epoch, Epoch{epoch});
  }
  ASSERT_TRUE(FormatZookeeperStore(InZookeeper()).ok());  // and nobody was told
  Follow(rm2);
  const Result<EpochRecord> refused = Lead(rm2);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(refused.error().message, HasSubstr("is empty"));
  EXPECT_THAT(refused.error().message, HasSubstr("under epoch 2"));
  EXPECT_THAT(refused.error().remedy, HasSubstr("weir rm store format"));
}

TEST_F(StoreNoteTest, AnOlderStoreThanTheOneRememberedDoesNotLowerTheEpoch) {
  const StoreOptions rm1 = OptionsOf("rm1");
  const StoreNote note{.place = rm1.Place(), .epoch = {7}};
  ASSERT_TRUE(WriteStoreNote(rm1.note_file, note).ok());
  ASSERT_EQ(Lead(OptionsOf("rm2"))->epoch, Epoch{1});
  Follow(rm1);
  EXPECT_EQ(ReadStoreNote(rm1.note_file)->value().epoch, Epoch{7});
  EXPECT_EQ(Lead(rm1)->epoch, Epoch{8});
}

// Under a mistyped cluster id there is nothing in ZooKeeper, and that is not taken for a new
// cluster.
TEST_F(StoreNoteTest, AnotherClusterIdIsNotBegunOnAnEmptyStoreUnasked) {
  const StoreOptions rm1 = OptionsOf("rm1");
  const StoreOptions rm2 = OptionsOf("rm2");
  ASSERT_TRUE(Lead(rm1).ok());
  Follow(rm2);
  for (const std::string id : {"rm1", "rm2"}) {
    const StoreOptions mistyped = OptionsOf(id, "wier");
    Follow(mistyped);
    const Result<EpochRecord> refused = Lead(mistyped);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
    EXPECT_THAT(refused.error().message, HasSubstr("is empty"));
    EXPECT_THAT(refused.error().message, HasSubstr("cluster 'weir', not to 'wier'"));
    EXPECT_THAT(refused.error().remedy, HasSubstr("cluster-id to 'weir' again"));
    EXPECT_THAT(refused.error().remedy, HasSubstr("weir rm store format"));
  }
  EXPECT_EQ(Lead(rm1)->epoch, Epoch{2}) << "as it was";
  // If it was meant, that is said once, and holds from then on.
  const StoreOptions meant = OptionsOf("rm1", "wier");
  ASSERT_TRUE(FormatStateStore(meant, {meant.note_file}).ok());
  EXPECT_EQ(Lead(meant)->epoch, Epoch{3});
  EXPECT_EQ(Lead(meant)->epoch, Epoch{4});
  EXPECT_FALSE(OpenStateStore(rm1).value()->Load()->records.empty()) << "the other one stays";
}

// rm1 led at 5, then rm2 led at 7; the store's own word is sound, damaged or gone.
TEST_F(StoreNoteTest, NoEpochComesAgainAfterAStoreWasEmptied) {
  const StoreOptions rm1 = OptionsOf("rm1");
  const ZkLayout layout("/weir", "weir");
  ZookeeperClient client(InZookeeper().session, [](uint64_t, ZooKeeperSession::State) {});
  ASSERT_TRUE(client.Renew().ok());
  ASSERT_TRUE(client.AwaitConnection().ok());
  const auto change = [&client](ZkOperation operation) {
    EXPECT_EQ(client.Multi({std::move(operation)})->code, ZkCode::kOk);
  };
  const std::function<void()> harms[] = {
      [] {},
      [&] { change({.kind = ZkOperation::Kind::kSet, .path = layout.epoch(), .data = "spoilt"}); },
      [&] { change({.kind = ZkOperation::Kind::kDelete, .path = layout.epoch(), .data = ""}); }};
  Epoch last{4};
  for (const auto& harm : harms) {
    const StoreNote note{.place = rm1.Place(), .epoch = last, .emptied = true};
    ASSERT_TRUE(WriteStoreNote(rm1.note_file, note).ok());
    ASSERT_EQ(Lead(rm1)->epoch, Epoch{last.value + 1});
    ASSERT_EQ(Lead(OptionsOf("rm2"))->epoch, Epoch{last.value + 2});
    ASSERT_EQ(Lead(OptionsOf("rm2"))->epoch, Epoch{last.value + 3});
    harm();
    const Result<Epoch> known = FormatStateStore(rm1, {rm1.note_file});
    ASSERT_TRUE(known.ok()) << known.error().ToString();
    EXPECT_EQ(*known, Epoch{last.value + 3});
    EXPECT_EQ(Lead(rm1)->epoch, Epoch{last.value + 4});
    last.value += 4;
  }
}

TEST_F(StoreNoteTest, NoEpochComesAgainWhenTheStoresOwnIsDamagedOrGone) {
  const StoreOptions rm1 = OptionsOf("rm1");
  const ZkLayout layout("/weir", "weir");
  ZookeeperClient client(InZookeeper().session, [](uint64_t, ZooKeeperSession::State) {});
  ASSERT_TRUE(client.Renew().ok());
  ASSERT_TRUE(client.AwaitConnection().ok());
  Epoch last{0};
  for (const auto kind : {ZkOperation::Kind::kSet, ZkOperation::Kind::kDelete}) {
    ASSERT_EQ(Lead(rm1)->epoch, Epoch{last.value + 1});
    ASSERT_EQ(Lead(OptionsOf("rm2"))->epoch, Epoch{last.value + 2});
    ASSERT_EQ(client.Multi({{.kind = kind, .path = layout.epoch(), .data = "spoilt"}})->code,
              ZkCode::kOk);
    // The note says less than the head.
    EXPECT_EQ(Lead(rm1)->epoch, Epoch{last.value + 3});
    last.value += 3;
  }
}

// Each machine is told for itself; on the second one there is no store any more.
TEST_F(StoreNoteTest, AStoreThatIsGoneIsForgottenByWhoRemembersIt) {
  const StoreOptions rm1 = OptionsOf("rm1");
  const StoreOptions rm2 = OptionsOf("rm2");
  EXPECT_EQ(FormatStateStore(rm1, {rm1.note_file}).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(Lead(rm1).ok());
  ASSERT_TRUE(Lead(rm2).ok());
  for (const StoreOptions& options : {rm1, rm2}) {
    const Result<Epoch> known = FormatStateStore(options, {options.note_file});
    ASSERT_TRUE(known.ok()) << known.error().ToString();
    EXPECT_EQ(*known, Epoch{2});
  }
  EXPECT_EQ(Lead(rm2)->epoch, Epoch{3});
}

}  // namespace
}  // namespace weir::store
