// What ends a container goes out when the record of who wants that is kept: so whoever comes after
// a NodeManager that died in between knows why the container has ended.
#include <gtest/gtest.h>

#include <functional>

#include "core_driver.h"

namespace weir::nm {
namespace {

UsageSampled Hog() {
  UsageSampled sampled;
  ContainerSample sample;
  sample.id = IdOf(1);
  sample.resident_bytes = int64_t{4096} << 20;
  sampled.containers.push_back(sample);
  return sampled;
}

NodeHeartbeatAnswer SignalCommand(ContainerSignal signal) {
  NodeHeartbeatAnswer answer;
  answer.signal.push_back({.id = IdOf(1), .signal = signal, .number = 1, .by = "ann"});
  return answer;
}

struct Wish {
  const char* name;
  std::function<void(CoreDriver&)> of;
  SignalKind kind;
  int exit_code;  // of one that dies of it
};

class Stops : public testing::TestWithParam<Wish> {
 protected:
  Stops() {
    node_.Register();
    node_.Run(1);
    node_.KeepRecords();
    node_.keep_at_once = false;
    GetParam().of(node_);
  }
  void ExpectSignal(SignalKind kind) {
    const auto signal = node_.Take<Signal>();
    ASSERT_TRUE(signal);
    EXPECT_EQ(signal->kind, kind);
    EXPECT_FALSE(node_.Take<Signal>());
  }
  void DieOfIt() {
    const int number = GetParam().kind == SignalKind::kKill ? 9 : 15;
    node_.End(1, {.kind = ExitKind::kSignaled, .value = number});
  }
  CoreDriver node_;
};

TEST_P(Stops, AreSentWhenTheirRecordIsKept) {
  EXPECT_FALSE(node_.Take<Signal>());
  node_.KeepRecords();
  ExpectSignal(GetParam().kind);
  DieOfIt();
  EXPECT_EQ(node_.StatusOf(1).exit_code, GetParam().exit_code);
}

// What is on the disk by then is enough for who comes next.
TEST_P(Stops, AreToldByTheNextNodeManagerAsByThisOne) {
  Recovery recovery = node_.Records();
  node_.KeepRecords();
  ExpectSignal(GetParam().kind);
  const int number = GetParam().kind == SignalKind::kKill ? 9 : 15;
  recovery.containers[0].found = {
      .found = Found::kEnded, .outcome = ExitOutcome{.kind = ExitKind::kSignaled, .value = number}};
  CoreDriver next(SmallNode(), recovery);
  EXPECT_EQ(next.StatusOf(1).exit_code, GetParam().exit_code) << next.StatusOf(1).diagnostics;
}

TEST_P(Stops, DoNotWaitForADiskThatDoesNotAnswer) {
  node_.Advance(SmallNode().record_patience - milliseconds(1));
  EXPECT_FALSE(node_.Take<Signal>());
  node_.Advance(milliseconds(1));
  ExpectSignal(GetParam().kind);
  node_.KeepRecords();
  EXPECT_FALSE(node_.Take<Signal>()) << "once";
}

TEST_P(Stops, DoNotWaitForADiskThatFails) {
  const int64_t record = node_.SequenceOf(ContainerKey(IdOf(1)));
  ASSERT_GT(record, 0);
  node_.Step(RecordFailed{record, {ErrorCode::kResourceExhausted, "disk full", ""}});
  ExpectSignal(GetParam().kind);
}

TEST_P(Stops, OfWhatHasEndedMeanwhileAreNotSent) {
  node_.End(1, {.kind = ExitKind::kExited, .value = 6});
  EXPECT_EQ(node_.StatusOf(1).exit_code, GetParam().exit_code) << "it was asked before";
  node_.KeepRecords();
  node_.Advance(seconds(1));
  EXPECT_FALSE(node_.Take<Signal>());
}

INSTANTIATE_TEST_SUITE_P(
    ByCause,
    Stops,
    testing::Values(Wish{"ItsApplicationMaster",
                         [](CoreDriver& node) {
                           node.Step(StopContainer{node.NextCall(), kAttempt, IdOf(1)});
                         },
                         SignalKind::kTerminate,
                         exit_code::kKilledByApplicationMaster},
                    Wish{"TheResourceManager",
                         [](CoreDriver& node) { node.Answer(StopCommand(IdOf(1))); },
                         SignalKind::kTerminate,
                         exit_code::kKilledByResourceManager},
                    Wish{"Preemption",
                         [](CoreDriver& node) {
                           node.Answer(StopCommand(IdOf(1), StopReason::kPreempted));
                         },
                         SignalKind::kTerminate,
                         exit_code::kPreempted},
                    Wish{"TheMemoryCheck",
                         [](CoreDriver& node) { node.Step(Hog()); },
                         SignalKind::kTerminate,
                         exit_code::kPhysicalMemoryExceeded},
                    Wish{"TheEndOfItsNodeManager",
                         [](CoreDriver& node) { node.Step(ShutDown{}); },
                         SignalKind::kTerminate,
                         exit_code::kAborted},
                    Wish{"ItsOwnerGracefully",
                         [](CoreDriver& node) {
                           node.Answer(SignalCommand(ContainerSignal::kGracefulShutdown));
                         },
                         SignalKind::kAskToEnd,
                         exit_code::kTerminated},
                    Wish{"ItsOwnerForcefully",
                         [](CoreDriver& node) {
                           node.Answer(SignalCommand(ContainerSignal::kForcefulShutdown));
                         },
                         SignalKind::kKill,
                         exit_code::kForceKilled}),
    [](const auto& wish) { return wish.param.name; });

class TwoStops : public testing::Test {
 protected:
  TwoStops() {
    node_.Register();
    node_.Run(1);
    node_.KeepRecords();
    node_.keep_at_once = false;
    node_.Answer(StopCommand(IdOf(1)));
  }
  CoreDriver node_;
};

TEST_F(TwoStops, WhoIsKilledMeanwhileIsKilledAtOnce) {
  node_.Answer(SignalCommand(ContainerSignal::kForcefulShutdown));
  EXPECT_EQ(node_.Take<Signal>()->kind, SignalKind::kKill);
  node_.KeepRecords();
  EXPECT_FALSE(node_.Take<Signal>());
}

TEST_F(TwoStops, TheGraceBeginsWithTheSignal) {
  node_.Advance(milliseconds(50));
  node_.KeepRecords();
  EXPECT_EQ(node_.Take<Signal>()->kind, SignalKind::kTerminate);
  node_.Advance(SmallNode().sigkill_delay - milliseconds(1));
  EXPECT_FALSE(node_.Take<Signal>());
  node_.Advance(milliseconds(1));
  EXPECT_EQ(node_.Take<Signal>()->kind, SignalKind::kKill);
}

// It was stopped while it was being started: its record is kept long before there is a process.
TEST(StopBeforeItsStart, IsSentAtOnceWhenItRuns) {
  CoreDriver node;
  node.Register();
  node.Start(1);
  node.Step(LocalizationDone{IdOf(1)});
  node.Stop(1);
  node.keep_at_once = false;
  node.Step(Launched{IdOf(1)});
  EXPECT_EQ(node.Take<Signal>()->kind, SignalKind::kTerminate);
}

}  // namespace
}  // namespace weir::nm
