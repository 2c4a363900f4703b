#include "nodemanager/core/node_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/strings.h"
#include "core_driver.h"

namespace weir::nm {
namespace {

using testing::HasSubstr;

ContainerRecord FullRecord() {
  return {.token = {.id = IdOf(7),
                    .node = kNode,
                    .resource = {.memory_mib = 512, .vcores = 1, .named = {{"yarn.io/gpu", 2}}},
                    .user = "ann",
                    .expires = WallFromMillis(1'700'000'600'000),
                    .epoch = Epoch{3},
                    .node_session = 4},
          .phase = RecordedPhase::kComplete,
          .on_lease_end = LeaseEnd::kKeep,
          .stop = RecordedStop{StopCause::kLeaseEnded, "20 s", WallFromMillis(1'700'000'001'000)},
          .started = WallFromMillis(1'700'000'000'500),
          .finished = WallFromMillis(1'700'000'002'000),
          .exit_code = -100,
          .diagnostics = "why"};
}

IndicesRecord Indices() {
  return {IdOf(7), {{"card", {9}}, {"yarn.io/gpu", {0, 2}}}};
}

ResizeRecord Resize() {
  return {IdOf(7), 12, {.memory_mib = 2048, .vcores = 2, .named = {{"yarn.io/gpu", 2}}}};
}

std::vector<NodeRecord> OneOfEach() {
  LaunchContext launch = SleepForEver();
  launch.secrets["am.token"] = std::string("\0bytes", 6);
  launch.on_lease_end = LeaseEnd::kKeep;
  return {FullRecord(),
          ContainerRecord{.token = {.id = IdOf(8), .node = kNode}},
          LaunchRecord{IdOf(7), launch},
          ConversationRecord{5, Epoch{3}, seconds(1234), seconds(25)},
          MachineRecord{"a boot", 45454, 8042},
          Indices(),
          Resize()};
}

TEST(NodeRecords, ComeBackAsTheyWere) {
  for (const NodeRecord& record : OneOfEach()) {
    const auto bytes = Encode(record);
    ASSERT_TRUE(bytes.ok()) << bytes.error().ToString();
    const auto back = Decode(KeyOf(record), *bytes);
    ASSERT_TRUE(back.ok()) << back.error().ToString();
    EXPECT_EQ(*back, record);
  }
}

// As the NodeManagers that are out there have written them: one of today has to read them. A row
// that no longer holds is a record that an upgrade would lose; new kinds of records get rows.
TEST(NodeRecords, WhatEarlierNodeManagersHaveWrittenIsRead) {
  LaunchContext launch = SleepForEver();
  launch.secrets["am.token"] = std::string("\0bytes", 6);
  launch.on_lease_end = LeaseEnd::kKeep;
  const struct {
    NodeRecord record;
    const char* bytes;
  } rows[] = {
      {FullRecord(),
       "040180a0abfef96202028e80808080c001066e6f64652d31800802010b7961726e2e696f2f677075"
       "0403616e6e80bff4fef9620608060401120432302073d0afabfef962e8a7abfef96200a0bfabfef9"
       "62c701037768799baac2eb41c6e0a1"},
      {ContainerRecord{.token = {.id = IdOf(8), .node = kNode}},
       "040180a0abfef96202029080808080c001066e6f64652d3100000000000000020200000000cf0f00"
       "ebd83bdbb7b18d02"},
      {LaunchRecord{IdOf(7), launch},
       "040280a0abfef96202028e80808080c001020a2f62696e2f736c6565700731303030303030000001"
       "08616d2e746f6b656e06006279746573020000000004593acec00d3c00db"},
      {ConversationRecord{5, Epoch{3}, seconds(1234), seconds(25)},
       "04030a0680d08d82ea4780e8eda1ba01fa763da993dc715e"},
      {MachineRecord{"a boot", 45454, 8042}, "0404066120626f6f749cc605d47d2322baea16f794bd"},
      {Indices(),
       "050580a0abfef96202028e80808080c00102046361726401120b7961726e2e696f2f6770750200043"
       "91f89466920ef5f"},
      {Resize(),
       "050680a0abfef96202028e80808080c00118802004010b7961726e2e696f2f677075047badc310220"
       "5925f"},
  };
  for (const auto& row : rows) {
    const auto bytes = HexDecode(row.bytes);
    ASSERT_TRUE(bytes) << HexEncode(Encode(row.record).value());
    const auto back = Decode(KeyOf(row.record), *bytes);
    ASSERT_TRUE(back.ok()) << back.error().ToString() << " "
                           << HexEncode(Encode(row.record).value());
    EXPECT_EQ(*back, row.record);
  }
}

TEST(NodeRecords, EveryDamagedByteIsNoticedAndNamed) {
  for (const NodeRecord& record : OneOfEach()) {
    const std::string bytes = Encode(record).value();
    for (size_t i = 0; i < bytes.size(); ++i) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
      const auto back = Decode(KeyOf(record), damaged);
      ASSERT_FALSE(back.ok()) << "byte " << i;
      EXPECT_EQ(back.error().code, ErrorCode::kCorruption);
      EXPECT_THAT(back.error().message, HasSubstr(KeyOf(record)));
    }
    for (size_t length = 0; length < bytes.size(); ++length) {
      EXPECT_FALSE(Decode(KeyOf(record), bytes.substr(0, length)).ok());
    }
  }
}

TEST(NodeRecords, ARecordUnderAnothersKeyIsRefused) {
  const std::string bytes = Encode(FullRecord()).value();
  const auto back = Decode(ContainerKey(IdOf(8)), bytes);
  ASSERT_FALSE(back.ok());
  EXPECT_THAT(back.error().message, HasSubstr("it is the record of " + ContainerKey(IdOf(7))));
}

}  // namespace
}  // namespace weir::nm
