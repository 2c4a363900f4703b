#include "nodemanager/core/node_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

std::vector<NodeRecord> OneOfEach() {
  LaunchContext launch = SleepForEver();
  launch.secrets["am.token"] = std::string("\0bytes", 6);
  launch.on_lease_end = LeaseEnd::kKeep;
  return {FullRecord(),
          ContainerRecord{.token = {.id = IdOf(8), .node = kNode}},
          LaunchRecord{IdOf(7), launch},
          ConversationRecord{5, Epoch{3}, seconds(1234), seconds(25)},
          MachineRecord{"a boot", 45454, 8042},
          IndicesRecord{IdOf(7), {{"card", {9}}, {"yarn.io/gpu", {0, 2}}}}};
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
