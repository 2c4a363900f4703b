#include "state-store/records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/limits.h"
#include "common/strings.h"
#include "state-store/records_bytes.h"
#include "state-store/records_envelope.h"
#include "tests/store/damage.h"
#include "tests/store/sample_records.h"

namespace weir::store {
namespace {

using ::testing::HasSubstr;

TEST(Records, RoundTrip) {
  for (const Record& record : SampleRecords()) {
    const Result<std::string> bytes = Encode(record);
    ASSERT_TRUE(bytes.ok()) << bytes.error().ToString();
    const Result<Record> back = Decode(KeyOf(record), *bytes);
    ASSERT_TRUE(back.ok()) << back.error().ToString();
    EXPECT_TRUE(*back == record) << KeyOf(record);
  }
}

TEST(Records, KeysNameWhatTheyHold) {
  EXPECT_EQ(KeyOf(SampleApplication(12)), "application/application_1700000000000_0012");
  EXPECT_EQ(KeyOf(SampleAttempt(12)), "attempt/appattempt_1700000000000_0012_000001");
  EXPECT_EQ(KeyOf(SampleNode(4)), "node/node-4");
  EXPECT_EQ(KeyOf(EpochRecord{}), "epoch");
  EXPECT_EQ(KeyOf(TokenKeysRecord{}), "token-keys");
  EXPECT_EQ(KeyOf(SampleQueueConfiguration()), "queue-configuration/000000000012/0001");
  EXPECT_EQ(KeyOf(LabelsRecord{}), "labels");
  EXPECT_EQ(KeyOf(NodeSettingsRecord{.node = "host:1"}), "node-settings/host:1");
  EXPECT_EQ(KeyOf(SampleApplicationUsage()), "application-usage/application_1700000000000_0001");
  EXPECT_EQ(KeyOf(QueueUsageRecord{.queue = "root.a", .user = "ann"}), "queue-usage/6/root.a/ann");
}

TEST(Records, NoTwoQueuesAndUsersShareAKey) {
  EXPECT_NE(QueueUsageKey("root.a/b", "c"), QueueUsageKey("root.a", "b/c"));
}

// What is on disks must stay readable: these bytes may not change without a new version.
TEST(Records, FormatStays) {
  const Result<std::string> node = Encode(SampleNode(1));
  ASSERT_TRUE(node.ok());
  EXPECT_EQ(HexEncode(node->substr(0, node->size() - 8)),
            "0703"
            "066e6f64652d31"
            "093132372e302e302e31"
            "9cc605"
            "0e3132372e302e302e313a38303432"
            "0d2f64656661756c742d7261636b"
            "808001"
            "10"
            "020c7961726e2e696f2f6670676102"
            "0b7961726e2e696f2f67707508");
  EXPECT_EQ(HexEncode(node->substr(node->size() - 8)), "cb92e4cb38f3d624");
}

// A store that an older ResourceManager left behind: what it did not say has its default.
TEST(Records, TheFormerVersionIsStillRead) {
  std::string bytes = HexDecode(
                          "0103"
                          "066e6f64652d31"
                          "093132372e302e302e31"
                          "9cc605"
                          "0e3132372e302e302e313a38303432"
                          "0d2f64656661756c742d7261636b"
                          "808001"
                          "10"
                          "2ca3cd7f53051882")
                          .value();
  const Result<Record> back = Decode("node/node-1", bytes);
  ASSERT_TRUE(back.ok()) << back.error().ToString();
  NodeRecord expected = SampleNode(1);
  expected.capacity.named.clear();
  EXPECT_TRUE(*back == Record(expected));
}

// Its fields come last, so an older record is a newer one without them.
TEST(Records, AnAttemptOfTheFormerVersionDoesNotSayWhenItEnded) {
  AttemptRecord attempt = SampleAttempt(1);
  attempt.ended = {};
  attempt.node_at_fault = false;
  std::string bytes = Encode(attempt).value();
  bytes.erase(bytes.size() - 10, 2);
  bytes[0] = 5;
  Reseal(bytes);
  const Result<Record> back = Decode(KeyOf(attempt), bytes);
  ASSERT_TRUE(back.ok()) << back.error().ToString();
  EXPECT_TRUE(*back == Record(attempt));
}

// Which of its keys signed was not said: the highest did.
TEST(Records, TokenKeysOfTheFormerVersionAreStillRead) {
  std::string bytes = HexDecode(
                          "0605"
                          "02"
                          "0204aabbccdd"
                          "04020001"
                          "0000000000000000")
                          .value();
  Reseal(bytes);
  const Result<Record> back = Decode("token-keys", bytes);
  ASSERT_TRUE(back.ok()) << back.error().ToString();
  const TokenKeysRecord expected{.keys = {{1, "\xaa\xbb\xcc\xdd"}, {2, std::string("\0\1", 2)}}};
  EXPECT_TRUE(*back == Record(expected));
}

TEST(Records, TokenKeysWithoutTheOneThatSignsAreDamaged) {
  TokenKeysRecord record = SampleTokenKeys();
  record.signer = 3;
  const Result<Record> back = Decode("token-keys", Encode(record).value());
  ASSERT_FALSE(back.ok());
  EXPECT_THAT(back.error().message, HasSubstr("a signing key that is not there"));
}

TEST(Records, RefusesAMutatedRecordOrReadsTheSame) {
  Random random(20261121);
  const std::vector<Record> samples = SampleRecords();
  for (int i = 0; i < 10'000; ++i) {
    const Record& record = samples[random.Below(samples.size())];
    std::string bytes = Encode(record).value();
    for (uint64_t n = 1 + random.Below(3); n > 0; --n) Mutate(random, bytes);
    const Result<Record> back = Decode(KeyOf(record), bytes);
    if (back.ok()) {
      EXPECT_TRUE(*back == record);
    } else {
      EXPECT_EQ(back.error().code, ErrorCode::kCorruption);
    }
  }
}

TEST(Records, WhatDecodesEncodesToTheSameBytes) {
  Random random(4242);
  const std::vector<Record> samples = SampleRecords();
  int accepted = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Record& record = samples[random.Below(samples.size())];
    std::string bytes = Encode(record).value();
    for (uint64_t n = 1 + random.Below(3); n > 0; --n) Mutate(random, bytes);
    Reseal(bytes);
    const Result<Record> back = Decode(KeyOf(record), bytes);
    if (!back.ok()) {
      EXPECT_EQ(back.error().code, ErrorCode::kCorruption);
      continue;
    }
    if (bytes[0] != kRecordVersion) continue;  // an older one is written anew as the newest
    ++accepted;
    EXPECT_EQ(Encode(*back).value(), bytes);
  }
  EXPECT_GT(accepted, 100) << "the fields are hardly put to the test";
}

TEST(Records, NamesTheDamage) {
  const std::string good = Encode(SampleNode(1)).value();
  const std::string key = KeyOf(SampleNode(1));
  struct Case {
    std::string key;
    std::string bytes;
    std::string expected;
  };
  std::string flipped = good;
  flipped[5] = static_cast<char>(flipped[5] ^ 1);
  std::string newer = good;
  newer[0] = kRecordVersion + 1;
  std::string longer = good.substr(0, good.size() - 8) + std::string(9, 'x');
  Reseal(longer);
  std::string other_kind = good;
  other_kind[1] = 90;
  Reseal(other_kind);
  const Case cases[] = {
      {key, "", "record node/node-1 is damaged: truncated"},
      {key, flipped, "record node/node-1 is damaged: its checksum does not match"},
      {key, newer, "record node/node-1 has the unknown version 8"},
      {key, longer, "record node/node-1 is damaged: bytes after its end"},
      {key, other_kind, "record node/node-1 is damaged: its kind 90 is unknown"},
      {"node/node-2", good, "record node/node-2 is damaged: it is the record of node/node-1"},
      {"\x01\xff", good, "record 0x01ff is damaged: it is the record of node/node-1"},
      {key, std::string(limits::kRecordBytes + 1, 'a'), "is damaged: it has 262145 bytes"},
  };
  for (const Case& c : cases) {
    const Result<Record> back = Decode(c.key, c.bytes);
    ASSERT_FALSE(back.ok()) << c.expected;
    EXPECT_EQ(back.error().code, ErrorCode::kCorruption);
    EXPECT_THAT(back.error().message, HasSubstr(c.expected));
  }
}

TEST(Records, TellsANewerVersionFromDamage) {
  std::string bytes = Encode(SampleNode(1)).value();
  EXPECT_FALSE(IsOfNewerVersion(bytes));
  bytes[0] = kRecordVersion + 1;
  EXPECT_FALSE(IsOfNewerVersion(bytes)) << "a flipped bit is damage";
  Reseal(bytes);
  EXPECT_TRUE(IsOfNewerVersion(bytes));
  EXPECT_FALSE(IsOfNewerVersion(""));
}

TEST(Records, RefusesToEncodeMoreThanTheLimit) {
  ApplicationRecord record = SampleApplication(1);
  record.diagnostics.clear();
  record.diagnostics.assign(limits::kRecordBytes - Encode(record).value().size() - 2, 'd');
  const Result<std::string> largest = Encode(record);
  ASSERT_TRUE(largest.ok()) << largest.error().ToString();
  EXPECT_EQ(largest->size(), limits::kRecordBytes);
  EXPECT_TRUE(Decode(KeyOf(record), *largest).ok());
  record.diagnostics += 'd';
  const Result<std::string> over = Encode(record);
  ASSERT_FALSE(over.ok());
  EXPECT_EQ(over.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(over.error().message, HasSubstr("application/application_1700000000000_0001"));
  EXPECT_THAT(over.error().message, HasSubstr("262145"));
}

}  // namespace
}  // namespace weir::store
