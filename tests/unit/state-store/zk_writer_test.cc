// ZkWriter against a model of ZooKeeper whose connections go at any moment, with and without
// effect, and whose requests may come late; two writers that take over from each other. (Seed 3 is
// the one that showed that a barrier has to go past every version demanded, not only past the
// next.)
#include "state-store/protocol/zk_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/random.h"

namespace weir::store {
namespace {

using ::testing::HasSubstr;
using Kind = ZkOperation::Kind;
using Values = std::map<std::string, std::string>;

const ZkLayout kLayout("/weir", "test");

class ModelZooKeeper {
 public:
  ModelZooKeeper() {
    for (const ZkOperation& made : kLayout.MakeAll(true, "")) nodes_[made.path] = {made.data, 0};
  }
  ZkOutcome Apply(const std::vector<ZkOperation>& operations) {
    auto changed = nodes_;
    for (size_t i = 0; i < operations.size(); ++i) {
      const ZkCode code = ApplyOne(operations[i], changed);
      if (code != ZkCode::kOk) return {.code = code, .failed = i, .text = "refused"};
    }
    nodes_ = std::move(changed);
    return {};
  }
  ZkNode Read(const std::string& path) const {
    const auto found = nodes_.find(path);
    if (found == nodes_.end()) return {};
    return {.data = found->second.first, .version = found->second.second, .exists = true};
  }
  // Somebody's doing: other bytes, or none.
  void Spoil(const std::string& path, const std::optional<std::string>& bytes) {
    if (bytes) {
      nodes_[path] = {*bytes, nodes_[path].second + 1};
    } else {
      nodes_.erase(path);
    }
  }
  // The conditional write that makes a writer: the version it leaves.
  int32_t BumpEpoch() { return ++nodes_[kLayout.epoch()].second; }
  std::unordered_set<std::string> Paths() const {
    std::unordered_set<std::string> paths;
    for (const auto& [path, node] : nodes_) paths.insert(path);
    return paths;
  }
  Values Records() const {
    Values values;
    for (int bucket = 0; bucket < ZkLayout::kBuckets; ++bucket) {
      const std::string parent = kLayout.Bucket(bucket) + "/";
      for (auto at = nodes_.lower_bound(parent); at != nodes_.end(); ++at) {
        if (!at->first.starts_with(parent)) break;
        values[kLayout.KeyAt(bucket, at->first.substr(parent.size())).value()] = at->second.first;
      }
    }
    return values;
  }

 private:
  using Nodes = std::map<std::string, std::pair<std::string, int32_t>>;

  static ZkCode ApplyOne(const ZkOperation& operation, Nodes& nodes) {
    const auto found = nodes.find(operation.path);
    const bool creates =
        operation.kind == Kind::kCreate || operation.kind == Kind::kCreateEphemeral;
    if (creates && found != nodes.end()) return ZkCode::kNodeExists;
    if (creates) {
      nodes[operation.path] = {operation.data, 0};
      return ZkCode::kOk;
    }
    if (found == nodes.end()) return ZkCode::kNoNode;
    const bool any = operation.version == kAnyVersion;
    if (!any && operation.version != found->second.second) return ZkCode::kBadVersion;
    if (operation.kind == Kind::kDelete) nodes.erase(found);
    if (operation.kind == Kind::kSet) {
      found->second = {operation.data, found->second.second + 1};
    }
    return ZkCode::kOk;
  }

  Nodes nodes_;
};

// A writer with its connection.
class Client {
 public:
  Client(ModelZooKeeper& zookeeper, int64_t epoch, ZkWriter::Options options = SmallOptions())
      : zookeeper_(zookeeper),
        writer_(options, kLayout, {epoch}, zookeeper.BumpEpoch(), zookeeper.Paths(), "me") {}

  static ZkWriter::Options SmallOptions() {
    ZkWriter::Options options;
    options.window = 4;
    options.group_bytes = 600;
    return options;
  }

  void Connect() {
    connected_ = true;
    ZkActions actions;
    writer_.Connected(actions);
    Carry(actions);
  }
  void Append(std::vector<EngineOperation> batch) {
    ZkActions actions;
    writer_.Append(appended_++, std::move(batch), std::nullopt, true, actions);
    Carry(actions);
  }
  // The server works on the next request.
  void Process() {
    if (processed_ < sent_.size()) Work(sent_[processed_++]);
  }
  void Deliver() {
    if (processed_ == 0) return;
    Request request = std::move(sent_.front());
    sent_.pop_front();
    --processed_;
    Answer(request);
  }
  // The connection goes. The first `late` of the requests that were not worked on still come to the
  // server some time, the others never.
  void Cut(size_t late) {
    connected_ = false;
    for (size_t i = processed_; i < sent_.size() && i < processed_ + late; ++i) {
      if (sent_[i].multi) late_.push_back(*sent_[i].multi);
    }
    std::deque<Request> lost;
    lost.swap(sent_);
    processed_ = 0;
    for (Request& request : lost) {
      request.outcome = {.code = ZkCode::kUnknown, .failed = 0, .text = "lost"};
      request.view.outcome = request.outcome;
      Answer(request);
    }
    writer_.Disconnected();
  }
  void ProcessLate() {
    if (late_.empty()) return;
    zookeeper_.Apply(late_.front().operations);
    late_.pop_front();
  }
  void RunToIdle() {
    for (int i = 0; i < 10'000 && (!late_.empty() || !sent_.empty() || !connected_); ++i) {
      ProcessLate();
      if (!connected_) Connect();
      Process();
      Deliver();
    }
  }

  bool connected() const { return connected_; }
  size_t acknowledged() const { return acknowledged_; }
  const std::optional<Error>& ended() const { return ended_; }
  const std::vector<ErrorCode>& failures() const { return failures_; }
  size_t sent() const { return sent_.size(); }
  ZkWriter& writer() { return writer_; }
  void Carry(const ZkActions& actions) {
    for (const ZkAction& action : actions) {
      if (const auto* multi = std::get_if<SendMulti>(&action)) {
        sent_.push_back({.multi = *multi, .id = multi->id});
        largest_ = std::max(largest_, multi->operations.size());
      } else if (const auto* read = std::get_if<ReadHead>(&action)) {
        sent_.push_back({.multi = std::nullopt, .id = read->id});
      } else if (const auto* answer = std::get_if<AnswerBatch>(&action)) {
        EXPECT_EQ(answer->ticket, answered_++) << "answers come in order";
        if (answer->status.ok()) {
          EXPECT_TRUE(failures_.empty()) << "after a failure nothing succeeds";
          ++acknowledged_;
        } else {
          failures_.push_back(answer->status.error().code);
        }
      } else if (const auto* end = std::get_if<Ended>(&action)) {
        EXPECT_FALSE(ended_.has_value());
        ended_ = end->error;
      }
    }
  }
  size_t largest() const { return largest_; }

 private:
  struct Request {
    std::optional<SendMulti> multi;
    uint64_t id = 0;
    ZkOutcome outcome;
    ZkHeadView view;
  };

  void Work(Request& request) {
    if (request.multi) {
      request.outcome = zookeeper_.Apply(request.multi->operations);
      return;
    }
    request.view = {.outcome = {},
                    .epoch = zookeeper_.Read(kLayout.epoch()),
                    .head = zookeeper_.Read(kLayout.head()),
                    .holder = zookeeper_.Read(kLayout.holder())};
    request.view.holder.ours = request.view.holder.exists;
  }
  void Answer(const Request& request) {
    ZkActions actions;
    if (request.multi) {
      writer_.MultiDone(request.id, request.outcome, actions);
    } else {
      writer_.HeadRead(request.id, request.view, actions);
    }
    Carry(actions);
  }

  ModelZooKeeper& zookeeper_;
  ZkWriter writer_;
  bool connected_ = false;
  std::deque<Request> sent_;  // the first `processed_` were worked on, their answers are on the way
  size_t processed_ = 0;
  std::deque<SendMulti> late_;
  uint64_t appended_ = 0;
  uint64_t answered_ = 0;
  size_t acknowledged_ = 0;
  size_t largest_ = 0;
  std::vector<ErrorCode> failures_;
  std::optional<Error> ended_;
};

std::vector<EngineOperation> RandomBatch(Random& random, const std::string& writer, size_t number) {
  // What was written last is in the state.
  std::vector<EngineOperation> batch = {{"last/" + writer, std::to_string(number)}};
  for (uint64_t i = random.Below(4); i > 0; --i) {
    EngineOperation operation{.key = "key/" + std::to_string(random.Below(12)), .value = {}};
    if (!random.Chance(1, 4)) operation.value = writer + std::to_string(number);
    batch.push_back(std::move(operation));
  }
  return batch;
}

void Replay(const std::vector<std::vector<EngineOperation>>& batches,
            size_t count,
            Values& values) {
  for (size_t i = 0; i < count; ++i) {
    for (const EngineOperation& operation : batches[i]) {
      if (operation.value) {
        values[operation.key] = *operation.value;
      } else {
        values.erase(operation.key);
      }
    }
  }
}

// What a head may look like that cannot be read; nothing = it is gone.
const std::vector<std::optional<std::string>> kSpoiltHeads = {std::nullopt,
                                                              "",
                                                              "of YARN",
                                                              "1",
                                                              "1 -5",
                                                              "1 99999999999999999999",
                                                              "1 9223372036854775807",
                                                              std::string("\xff\0 7", 4)};

void RandomStep(Random& random, Client& client) {
  switch (random.Below(8)) {
    case 0:
      if (client.connected() && random.Chance(1, 3)) client.Cut(random.Below(4));
      return;
    case 1:
      if (!client.connected()) client.Connect();
      return;
    case 2:
      return client.ProcessLate();
    case 3:
    case 4:
      return client.Deliver();
    default:
      return client.Process();
  }
}

TEST(ZkWriter, NothingIsLostOrReorderedHoweverConnectionsGo) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    ModelZooKeeper zookeeper;
    Client client(zookeeper, 1);
    std::vector<std::vector<EngineOperation>> batches;
    for (int step = 0; step < 200; ++step) {
      if (random.Chance(1, 4)) {
        batches.push_back(RandomBatch(random, "a", batches.size()));
        client.Append(batches.back());
      }
      RandomStep(random, client);
    }
    client.RunToIdle();
    ASSERT_FALSE(client.ended().has_value()) << client.ended()->message;
    ASSERT_EQ(client.acknowledged(), batches.size());
    Values expected;
    Replay(batches, batches.size(), expected);
    ASSERT_EQ(zookeeper.Records(), expected);
  }
}

TEST(ZkWriter, WhoeverTakesOverShutsTheOtherOut) {
  size_t cut_short = 0;
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    ModelZooKeeper zookeeper;
    Client first(zookeeper, 1);
    std::unique_ptr<Client> second;
    std::vector<std::vector<EngineOperation>> batches[2];
    Values expected;
    const int takeover = static_cast<int>(random.Below(100));
    for (int step = 0; step < 200; ++step) {
      if (step == takeover) {
        // What the first has written up to now, acknowledged or not, is all it ever will.
        const Values records = zookeeper.Records();
        const size_t written =
            records.contains("last/a") ? std::stoul(records.at("last/a")) + 1 : 0;
        ASSERT_GE(written, first.acknowledged());
        Replay(batches[0], written, expected);
        ASSERT_EQ(records, expected);
        second = std::make_unique<Client>(zookeeper, 2);
        if (random.Chance(1, 2)) {
          zookeeper.Spoil(kLayout.head(), kSpoiltHeads[random.Below(kSpoiltHeads.size())]);
        }
      }
      if (random.Chance(1, 4)) {
        batches[0].push_back(RandomBatch(random, "a", batches[0].size()));
        first.Append(batches[0].back());
      }
      RandomStep(random, first);
      if (second == nullptr) continue;
      if (random.Chance(1, 4)) {
        batches[1].push_back(RandomBatch(random, "b", batches[1].size()));
        second->Append(batches[1].back());
      }
      RandomStep(random, *second);
    }
    first.RunToIdle();
    second->RunToIdle();
    ASSERT_FALSE(second->ended().has_value()) << second->ended()->message;
    ASSERT_EQ(second->acknowledged(), batches[1].size());
    Replay(batches[1], batches[1].size(), expected);
    ASSERT_EQ(zookeeper.Records(), expected);
    ASSERT_TRUE(first.ended().has_value());
    ASSERT_EQ(first.ended()->code, ErrorCode::kFenced);
    for (const ErrorCode code : first.failures()) ASSERT_EQ(code, ErrorCode::kFenced);
    cut_short += first.failures().empty() ? 0U : 1U;
  }
  EXPECT_GT(cut_short, 150U);
}

TEST(ZkWriter, AHeadThatCannotBeReadIsMadeAnew) {
  for (const std::optional<std::string>& spoilt : kSpoiltHeads) {
    SCOPED_TRACE(spoilt.value_or("(gone)"));
    ModelZooKeeper zookeeper;
    Client former(zookeeper, 1);
    former.Connect();
    former.RunToIdle();
    former.Append({{"a", "1"}});
    former.RunToIdle();
    // One that is still on its way when the other takes over.
    former.Append({{"b", "1"}});
    former.Cut(1);
    ZkWriter::Options options = Client::SmallOptions();
    options.first_number = 5000;
    Client next(zookeeper, 2, options);
    zookeeper.Spoil(kLayout.head(), spoilt);
    // The first barrier is applied, and nobody hears of it.
    next.Connect();
    for (int i = 0; i < 2; ++i) {
      next.Process();
      if (i == 0) next.Deliver();
    }
    next.Cut(0);
    next.Append({{"c", "1"}});
    next.RunToIdle();
    former.RunToIdle();
    ASSERT_FALSE(next.ended().has_value()) << next.ended()->message;
    EXPECT_EQ(zookeeper.Records(), (Values{{"a", "1"}, {"c", "1"}}));
    EXPECT_EQ(DecodeHead(zookeeper.Read(kLayout.head()).data),
              (ZkHead{.epoch = {2}, .number = 5001}));
    EXPECT_EQ(former.ended()->code, ErrorCode::kFenced);
  }
}

class ZkWriterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    client_.Connect();
    client_.RunToIdle();
  }
  ModelZooKeeper zookeeper_;
  Client client_{zookeeper_, 1};
};

TEST_F(ZkWriterTest, WhatWaitsIsWrittenTogether) {
  for (int i = 0; i < 20; ++i) client_.Append({{"k" + std::to_string(i), "v"}});
  EXPECT_EQ(client_.sent(), 4U) << "the window";
  client_.RunToIdle();
  EXPECT_EQ(client_.acknowledged(), 20U);
  EXPECT_GT(client_.largest(), 5U);
}

TEST_F(ZkWriterTest, NotesWhatAGroupHasChanged) {
  client_.Append({{"a", "1"}, {"b", std::nullopt}});
  client_.RunToIdle();
  const auto head = DecodeHead(zookeeper_.Read(kLayout.head()).data);
  ASSERT_TRUE(head.has_value());
  const auto changes = DecodeChanges(zookeeper_.Read(kLayout.ChangesPath(head->number)).data);
  ASSERT_TRUE(changes.has_value());
  EXPECT_EQ(changes->head, *head);
  EXPECT_THAT(changes->keys, ::testing::ElementsAre("a", "b"));
}

TEST_F(ZkWriterTest, ATakeoverIsSeenWithoutAWrite) {
  ZkActions actions;
  client_.writer().EpochSeen(zookeeper_.Read(kLayout.epoch()).version, actions);
  EXPECT_TRUE(actions.empty());
  client_.writer().EpochSeen(zookeeper_.BumpEpoch(), actions);
  client_.Carry(actions);
  ASSERT_TRUE(client_.ended().has_value());
  EXPECT_EQ(client_.ended()->code, ErrorCode::kFenced);
}

TEST_F(ZkWriterTest, SomebodyElsesChangesEndIt) {
  zookeeper_.Apply({{.kind = Kind::kCreate, .path = kLayout.RecordPath("a"), .data = "theirs"}});
  client_.Append({{"a", "1"}});
  client_.RunToIdle();
  ASSERT_TRUE(client_.ended().has_value());
  EXPECT_EQ(client_.ended()->code, ErrorCode::kCorruption);
  EXPECT_THAT(client_.ended()->message, HasSubstr(kLayout.RecordPath("a")));
}

TEST_F(ZkWriterTest, AHeadThatIsSpoiltUnderItEndsIt) {
  for (const std::optional<std::string>& spoilt : kSpoiltHeads) {
    SCOPED_TRACE(spoilt.value_or("(gone)"));
    ModelZooKeeper zookeeper;
    Client client(zookeeper, 1);
    client.Connect();
    client.RunToIdle();
    client.Append({{"a", "1"}});
    client.RunToIdle();
    zookeeper.Spoil(kLayout.head(), spoilt);
    client.Append({{"b", "1"}});
    client.RunToIdle();
    ASSERT_TRUE(client.ended().has_value());
    EXPECT_EQ(client.ended()->code, ErrorCode::kCorruption);
    EXPECT_THAT(client.ended()->message, HasSubstr(kLayout.head()));
    EXPECT_EQ(zookeeper.Records(), (Values{{"a", "1"}}));
  }
}

TEST_F(ZkWriterTest, ABatchAboveTheLimitIsRefusedAndNotSent) {
  client_.Append({{"a", "1"}});
  client_.Append({{"huge", std::string(2'000'000, 'x')}});
  client_.Append({{"b", "1"}});
  client_.RunToIdle();
  EXPECT_EQ(client_.acknowledged(), 1U);
  EXPECT_THAT(client_.failures(), ::testing::Each(ErrorCode::kResourceExhausted));
  EXPECT_THAT(client_.ended()->message, HasSubstr("huge"));
}

// A server that closes the connection on a large write instead of answering.
TEST_F(ZkWriterTest, AWriteThatAlwaysCutsTheConnectionFails) {
  client_.Append({{"large", std::string(500'000, 'x')}});
  for (int i = 0; i < 20 && !client_.ended(); ++i) {
    client_.Cut(0);
    client_.Connect();
    client_.Process();  // the head
    client_.Deliver();
    client_.Process();  // the barrier
    client_.Deliver();
  }
  ASSERT_TRUE(client_.ended().has_value());
  EXPECT_EQ(client_.ended()->code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(client_.ended()->remedy, HasSubstr("jute.maxbuffer"));
}

TEST(ZkLayout, NamesAreReversibleAndSafe) {
  const std::string keys[] = {"application/application_1_0001",
                              "a b%/..",
                              ".",
                              "..",
                              "\x01\xff",
                              "queue-usage/6/root.a/ann",
                              "%41"};
  for (const std::string& key : keys) {
    const std::string name = ZkLayout::Escape(key);
    EXPECT_EQ(ZkLayout::Unescape(name), key);
    EXPECT_EQ(name.find('/'), std::string::npos);
    EXPECT_NE(name, ".");
    EXPECT_NE(name, "..");
  }
  EXPECT_EQ(ZkLayout::Unescape("%4"), std::nullopt);
  EXPECT_EQ(ZkLayout::Unescape("%61"), std::nullopt) << "'a' has one name";
  EXPECT_EQ(kLayout.KeyAt(0, "no such place"), std::nullopt);
  EXPECT_EQ(DecodeHead("1 2 3"), std::nullopt);
  EXPECT_EQ(DecodeHead("x"), std::nullopt);
  EXPECT_EQ(DecodeHead("1 4611686018427387904")->number, ZkLayout::kNumberMax);
  EXPECT_EQ(DecodeHead("1 4611686018427387905"), std::nullopt);
  EXPECT_EQ(DecodeHead("8388607 1")->epoch, Epoch{8388607});
  EXPECT_EQ(DecodeHead("8388608 1"), std::nullopt);
  EXPECT_EQ(DecodeChanges("1 2\n%zz"), std::nullopt);
}

}  // namespace
}  // namespace weir::store
