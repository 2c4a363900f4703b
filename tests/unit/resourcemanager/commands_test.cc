// Resizes of containers and signals to them, as the ResourceManager's core decides them: who may,
// which containers, what is charged meanwhile, what the node is told, and what callers hear.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "common/limits.h"
#include "tests/unit/resourcemanager/core_driver.h"

namespace weir::rm {
namespace {

using testing::HasSubstr;
using Made = std::vector<CommandOutcome>;

const Resource kNodeSize{8192, 8};
const Resource kWorker{1024, 1};
const Error kRefused{ErrorCode::kFailedPrecondition, "uses more", "let it use less"};

class Commands : public ::testing::Test {
 protected:
  void SetUp() override {
    driver.AddNode("n1", kNodeSize);
    attempt = driver.RunApplication(Context("work"), "1", "n1");
    master = driver.Report(attempt.application).am_container;
    const auto granted = driver.Ask(attempt, {AskFor(1, 1, kWorker)}).granted;
    ASSERT_EQ(granted.size(), 1U);
    worker = granted[0].token.id;
    driver.Beat("n1", {Running(worker)});
    before = driver.UsedOnNode("n1");
  }
  void TearDown() override {
    for (const auto& fault : driver.invalid) {
      ADD_FAILURE() << fault.subject.ToString() << ": " << fault.event << " in " << fault.state;
    }
  }
  CallId Resize(std::optional<int64_t> memory_mib,
                std::optional<int64_t> vcores = {},
                const std::string& user = "ann") {
    return ResizeOf(worker, memory_mib, vcores, user);
  }
  CallId ResizeOf(const ContainerId& id,
                  std::optional<int64_t> memory_mib,
                  std::optional<int64_t> vcores = {},
                  const std::string& user = "ann") {
    const CallId call = driver.NewCall();
    driver.Step(ResizeContainer{.call = call,
                                .user = user,
                                .container = id,
                                .memory_mib = memory_mib,
                                .vcores = vcores,
                                .park = seconds(10)});
    return call;
  }
  CallId SignalTo(const ContainerId& id,
                  ContainerSignal signal = ContainerSignal::kGracefulShutdown,
                  const std::string& user = "ann") {
    const CallId call = driver.NewCall();
    driver.Step(SignalContainer{
        .call = call, .user = user, .container = id, .signal = signal, .park = seconds(10)});
    return call;
  }
  // The node's next heartbeat, with outcomes and statuses; its answer.
  NodeHeartbeatAnswer Beat(Made outcomes = {}, std::vector<ContainerStatus> containers = {}) {
    const CallId call = driver.Heartbeat("n1",
                                         {.session = driver.sessions["n1"],
                                          .sequence = ++driver.node_sequences["n1"],
                                          .containers = std::move(containers),
                                          .outcomes = std::move(outcomes)});
    driver.CommitAll();
    const auto* answer = driver.Get<NodeHeartbeatAnswer>(call);
    EXPECT_NE(answer, nullptr);
    return answer == nullptr ? NodeHeartbeatAnswer{} : *answer;
  }
  // What the node is told to resize: one thing.
  ResizeContainerCommand Told() {
    const NodeHeartbeatAnswer answer = Beat();
    EXPECT_EQ(answer.resize.size(), 1U);
    return answer.resize.empty() ? ResizeContainerCommand{} : answer.resize[0];
  }
  // The AM's next allocate: the sizes that it asks for, those that it is told.
  CallId AskSizes(std::vector<SizeAsk> sizes, Duration park = Duration{0}) {
    return driver.AllocateCall(attempt,
                               {.sequence = ++driver.master_sequences[attempt],
                                .asks = {},
                                .releases = {},
                                .sizes = std::move(sizes),
                                .park = park});
  }
  std::vector<SizeNotice> ToldSizes(CallId call) {
    const auto* answer = driver.Get<AllocateAnswer>(call);
    EXPECT_NE(answer, nullptr);
    return answer == nullptr ? std::vector<SizeNotice>{} : answer->sizes;
  }
  std::vector<SizeNotice> Sizes() { return ToldSizes(AskSizes({})); }
  ContainerReport Shown(const ContainerId& id) {
    const auto containers = driver.core->Containers(id.attempt.application);
    for (const ContainerReport& report : *containers) {
      if (report.id == id) return report;
    }
    ADD_FAILURE() << "no " << id.ToString();
    return {};
  }
  std::string Refusal(CallId call) {
    const Error* error = driver.Get<Error>(call);
    return error == nullptr ? "not refused" : error->message;
  }

  CoreDriver driver;
  AttemptId attempt;
  ContainerId master;
  ContainerId worker;
  Resource before;  // used on the node
};

TEST_F(Commands, AResizeWakesTheNodeAndIsAnsweredWhenThatHasActed) {
  const CallId parked = driver.Heartbeat("n1",
                                         {.session = driver.sessions["n1"],
                                          .sequence = ++driver.node_sequences["n1"],
                                          .park = seconds(9)});
  const CallId call = Resize(3000, 2);
  const auto* answer = driver.Get<NodeHeartbeatAnswer>(parked);
  ASSERT_NE(answer, nullptr) << "at once";
  ASSERT_EQ(answer->resize.size(), 1U);
  EXPECT_EQ(answer->resize[0].id, worker);
  EXPECT_EQ(answer->resize[0].resource, (Resource{3072, 2})) << "rounded up as asks are";
  EXPECT_FALSE(driver.Answered(call));
  EXPECT_EQ(Shown(worker).resource, kWorker);
  EXPECT_EQ(Shown(worker).detail, "being resized to <memory:3072, vCores:2>");
  EXPECT_EQ(driver.UsedOnNode("n1"), before + (Resource{2048, 1})) << "may be in use already";
  Beat({{.number = answer->resize[0].number}});
  const auto* report = driver.Get<ContainerReport>(call);
  ASSERT_NE(report, nullptr);
  EXPECT_EQ(report->resource, (Resource{3072, 2}));
  EXPECT_EQ(Shown(worker).detail, "");
  EXPECT_EQ(driver.Report(attempt.application).allocated, before + (Resource{2048, 1}));
}

TEST_F(Commands, WhatIsGivenBackIsFreeOnlyWhenTheNodeHasActed) {
  ASSERT_FALSE(driver.Answered(Resize(2048)));
  Beat({{.number = Told().number}});
  const CallId call = Resize(1024);
  EXPECT_EQ(driver.UsedOnNode("n1"), before + (Resource{1024, 0}));
  Beat({{.number = Told().number}});
  EXPECT_EQ(driver.UsedOnNode("n1"), before);
  EXPECT_TRUE(driver.Get<ContainerReport>(call));
}

TEST_F(Commands, WhatTheNodeRefusesIsAsItWas) {
  const CallId call = Resize(2048);
  const auto told = Told();
  Beat({{.number = told.number, .refusal = kRefused}});
  EXPECT_EQ(*driver.Get<Error>(call), kRefused);
  EXPECT_EQ(driver.UsedOnNode("n1"), before);
  EXPECT_EQ(Shown(worker).resource, kWorker);
  // An outcome that comes twice, or of nothing, changes nothing.
  Beat({{.number = told.number}, {.number = 77}});
  EXPECT_EQ(driver.UsedOnNode("n1"), before);
}

TEST_F(Commands, ASizeThatItHasIsAnsweredAtOnce) {
  EXPECT_TRUE(driver.Get<ContainerReport>(Resize(1024, 1)));
  EXPECT_TRUE(Beat().resize.empty());
}

TEST_F(Commands, TheSameTwiceIsOneAndAnotherWaits) {
  const CallId first = Resize(2048);
  const CallId second = Resize(2048);
  EXPECT_THAT(Refusal(Resize(4096)), HasSubstr("is being resized to <memory:2048"));
  Beat({{.number = Told().number}});
  EXPECT_TRUE(driver.Get<ContainerReport>(first));
  EXPECT_TRUE(driver.Get<ContainerReport>(second));
}

struct Refused {
  const char* name;
  std::optional<int64_t> memory_mib;
  std::optional<int64_t> vcores;
  const char* user;
  ErrorCode code;
  const char* words;
};

class RefusedResize : public Commands, public ::testing::WithParamInterface<Refused> {};

TEST_P(RefusedResize, ChangesNothing) {
  const Refused& c = GetParam();
  const CallId call = Resize(c.memory_mib, c.vcores, c.user);
  EXPECT_EQ(driver.Code(call), c.code);
  EXPECT_THAT(Refusal(call), HasSubstr(c.words));
  EXPECT_EQ(driver.UsedOnNode("n1"), before);
  EXPECT_TRUE(Beat().resize.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    RefusedResize,
    ::testing::Values(
        Refused{"MoreThanTheNodeHas",
                8192,
                {},
                "ann",
                ErrorCode::kResourceExhausted,
                "more: node n1.example has"},
        Refused{"MoreThanAContainerMayHave",
                int64_t{1} << 30,
                {},
                "ann",
                ErrorCode::kInvalidArgument,
                "memory"},
        Refused{"Nothing", 0, {}, "ann", ErrorCode::kInvalidArgument, "memory"},
        Refused{"NoVcores", {}, 0, "ann", ErrorCode::kInvalidArgument, "vcores"},
        Refused{"OfAnother", 2048, {}, "eve", ErrorCode::kPermissionDenied, "user eve may not"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST_F(Commands, AreForContainersThatRun) {
  const ContainerId unknown = ContainerId::Make(attempt, driver.core->epoch(), 99);
  EXPECT_EQ(driver.Code(ResizeOf(unknown, 2048)), ErrorCode::kNotFound);
  EXPECT_EQ(driver.Code(SignalTo(unknown)), ErrorCode::kNotFound);
  const ContainerId foreign = ContainerId::Make({{1, 1}, 1}, driver.core->epoch(), 2);
  EXPECT_EQ(driver.Code(SignalTo(foreign)), ErrorCode::kNotFound);
  const auto granted = driver.Ask(attempt, {AskFor(2, 1, kWorker)}).granted;
  ASSERT_EQ(granted.size(), 1U);
  const ContainerId fresh = granted[0].token.id;
  EXPECT_THAT(Refusal(ResizeOf(fresh, 2048)), HasSubstr("has not been started yet (ACQUIRED)"));
  EXPECT_THAT(Refusal(SignalTo(fresh)), HasSubstr("has not been started yet"));
  ContainerStatus localizing = Running(fresh);
  localizing.state = ContainerState::kNew;
  driver.Beat("n1", {localizing});
  EXPECT_THAT(Refusal(ResizeOf(fresh, 2048)), HasSubstr("does not run yet"));
  driver.Beat("n1", {Complete(worker, 7)});
  EXPECT_THAT(Refusal(Resize(2048)), HasSubstr("has ended with exit code 7"));
  EXPECT_EQ(driver.Code(SignalTo(worker)), ErrorCode::kFailedPrecondition);
}

TEST_F(Commands, OneThatIsBeingStoppedIsNotResizedAndCanStillBeKilled) {
  driver.Ask(attempt, {}, {worker});
  EXPECT_THAT(Refusal(Resize(2048)), HasSubstr("is being stopped"));
  const CallId call = SignalTo(worker, ContainerSignal::kForcefulShutdown);
  const NodeHeartbeatAnswer answer = Beat();
  ASSERT_EQ(answer.signal.size(), 1U);
  EXPECT_EQ(answer.signal[0].signal, ContainerSignal::kForcefulShutdown);
  EXPECT_EQ(answer.signal[0].by, "ann");
  Beat({{.number = answer.signal[0].number}}, {Complete(worker, 137)});
  EXPECT_TRUE(driver.Get<ContainerReport>(call)) << "what was wanted has been done";
}

TEST_F(Commands, ASignalThatEndsItsContainerIsAnsweredAsDone) {
  const CallId call = SignalTo(worker, ContainerSignal::kForcefulShutdown);
  const NodeHeartbeatAnswer answer = Beat();
  ASSERT_EQ(answer.signal.size(), 1U);
  Beat({{.number = answer.signal[0].number}}, {Complete(worker, 137)});
  EXPECT_TRUE(driver.Get<ContainerReport>(call));
  EXPECT_EQ(Shown(worker).exit_code, 137);
}

TEST_F(Commands, AreToldOnceInASessionAndAgainInTheNext) {
  Resize(2048);
  SignalTo(worker, ContainerSignal::kOutputThreadDump);
  EXPECT_EQ(Beat().resize.size(), 1U);
  EXPECT_TRUE(Beat().resize.empty());
  EXPECT_TRUE(Beat().signal.empty());
  driver.RegisterNodeCall("n1", kNodeSize, {Running(master), Running(worker)});
  driver.node_sequences["n1"] = 0;
  const NodeHeartbeatAnswer again = Beat();
  EXPECT_EQ(again.resize.size(), 1U);
  EXPECT_EQ(again.signal.size(), 1U);
}

TEST_F(Commands, AnEndOnTheWayIsToldAndEverythingIsFree) {
  const CallId resize = Resize(4096);
  const CallId signal = SignalTo(worker);
  Beat();
  Beat({}, {Complete(worker, 1)});
  EXPECT_THAT(Refusal(resize), HasSubstr("ended before its node had acted on the resize from"));
  EXPECT_THAT(Refusal(signal), HasSubstr("ended before its node had acted on GRACEFUL_SHUTDOWN"));
  EXPECT_EQ(driver.UsedOnNode("n1"), before - kWorker);
  EXPECT_EQ(driver.Report(attempt.application).allocated, before - kWorker);
  EXPECT_EQ(Shown(worker).resource, kWorker) << "what it had";
}

TEST_F(Commands, ANodeThatIsLostAnswersThem) {
  const CallId resize = Resize(4096);
  driver.Step(
      UnregisterNode{.call = driver.NewCall(), .node = {"n1"}, .session = driver.sessions["n1"]});
  EXPECT_THAT(Refusal(resize), HasSubstr("The NodeManager was shut down"));
}

TEST_F(Commands, ASilentNodeIsSaidToBeOneAndActsLater) {
  const CallId call = Resize(2048);
  driver.Advance(seconds(11));
  EXPECT_EQ(driver.Code(call), ErrorCode::kDeadlineExceeded);
  EXPECT_THAT(Refusal(call), HasSubstr("has not acted yet on the resize from"));
  EXPECT_EQ(Shown(worker).detail, "being resized to <memory:2048, vCores:1>");
  Beat({{.number = Told().number}});
  EXPECT_EQ(Shown(worker).resource, (Resource{2048, 1}));
}

TEST_F(Commands, ACallerThatLeavesTakesNothingBack) {
  const CallId call = Resize(2048);
  driver.Step(CallAbandoned{call});
  Beat({{.number = Told().number}});
  EXPECT_FALSE(driver.Answered(call));
  EXPECT_EQ(Shown(worker).resource, (Resource{2048, 1}));
}

TEST_F(Commands, WhatANodeSaysThatAContainerHasIsCharged) {
  ContainerStatus status = Running(worker);
  status.resource = {2048, 1};
  Beat({}, {status});
  EXPECT_EQ(driver.UsedOnNode("n1"), before + (Resource{1024, 0}));
  EXPECT_EQ(driver.Report(attempt.application).allocated, before + (Resource{1024, 0}));
  EXPECT_EQ(Shown(worker).resource, (Resource{2048, 1}));
  // While a resize is on its way its outcome decides.
  const CallId call = Resize(4096);
  const int64_t number = Told().number;
  Beat({}, {status});
  EXPECT_EQ(driver.UsedOnNode("n1"), before + (Resource{3072, 0}));
  status.resource = {4096, 1};
  Beat({{.number = number}}, {status});
  EXPECT_TRUE(driver.Get<ContainerReport>(call));
  EXPECT_EQ(driver.UsedOnNode("n1"), before + (Resource{3072, 0}));
}

TEST_F(Commands, AMasterCanBeResizedAndItsNextAttemptBeginsAsAsked) {
  const Resource asked = Shown(master).resource;
  const CallId call = ResizeOf(master, asked.memory_mib + 1024);
  Beat({{.number = Told().number}});
  ASSERT_TRUE(driver.Get<ContainerReport>(call));
  EXPECT_EQ(Shown(master).resource, asked + (Resource{1024, 0}));
  EXPECT_EQ(driver.UsedOnNode("n1"), before + (Resource{1024, 0}));
}

TEST_F(Commands, WhatIsUnderWayOnOneNodeIsBounded) {
  for (int i = 0; i < 1000; ++i) SignalTo(worker, ContainerSignal::kOutputThreadDump);
  EXPECT_EQ(driver.Code(SignalTo(worker)), ErrorCode::kResourceExhausted);
  const NodeHeartbeatAnswer answer = Beat();
  EXPECT_EQ(answer.signal.size(), 1000U);
  Beat({{.number = answer.signal[0].number}});
  EXPECT_FALSE(driver.Answered(SignalTo(worker)));
}

TEST_F(Commands, AStoreThatFailsEndsTheWait) {
  const CallId call = Resize(2048);
  driver.Step(StoreFailed{{ErrorCode::kUnavailable, "gone", ""}});
  EXPECT_EQ(driver.Code(call), ErrorCode::kUnavailable);
}

// --- by the ApplicationMaster

TEST_F(Commands, AMasterIsToldWhenTheNodeHasGivenTheSizeThatItAskedFor) {
  const CallId parked = AskSizes({{worker, {3000, 2}}}, seconds(9));
  EXPECT_FALSE(driver.Answered(parked));
  EXPECT_EQ(driver.UsedOnNode("n1"), before + (Resource{2048, 1}));
  const ResizeContainerCommand told = Told();
  EXPECT_EQ(told.resource, (Resource{3072, 2}));
  Beat({{.number = told.number}});
  const SizeNotice has{.container = worker, .resource = {3072, 2}, .asked = true};
  EXPECT_EQ(ToldSizes(parked), std::vector{has});
  EXPECT_EQ(driver.Report(attempt.application).allocated, before + (Resource{2048, 1}));
  EXPECT_TRUE(Sizes().empty()) << "told once";
  // What it has already is said at once.
  EXPECT_EQ(ToldSizes(AskSizes({{worker, {3072, 2}}})), std::vector{has});
}

TEST_F(Commands, AMasterIsToldOfASizeThatItsUserHasGiven) {
  Resize(2048);
  const CallId parked = AskSizes({}, seconds(9));
  Beat({{.number = Told().number}});
  EXPECT_EQ(ToldSizes(parked), (std::vector<SizeNotice>{{worker, {2048, 1}}}));
  // A refusal of what it did not ask for is nothing to it.
  Resize(4096);
  Beat({{.number = Told().number, .refusal = kRefused}});
  EXPECT_TRUE(Sizes().empty());
}

TEST_F(Commands, AMasterAndItsUserMayWantTheSame) {
  const CallId call = Resize(2048);
  EXPECT_TRUE(ToldSizes(AskSizes({{worker, {2048, 1}}})).empty());
  Beat({{.number = Told().number}});
  EXPECT_TRUE(driver.Get<ContainerReport>(call));
  EXPECT_EQ(Sizes(), (std::vector<SizeNotice>{{worker, {2048, 1}, true}}));
}

TEST_F(Commands, AMasterIsToldWhatItsNodeRefuses) {
  AskSizes({{worker, {2048, 1}}});
  Beat({{.number = Told().number, .refusal = kRefused}});
  EXPECT_EQ(Sizes(), (std::vector<SizeNotice>{{worker, kWorker, true, kRefused}}));
  EXPECT_TRUE(Sizes().empty());
  EXPECT_EQ(driver.UsedOnNode("n1"), before);
}

TEST_F(Commands, AMasterIsToldAtOnceWhatCannotBe) {
  struct Case {
    ContainerId container;
    Resource size;
    ErrorCode code;
    const char* words;
  };
  const ContainerId unknown = ContainerId::Make(attempt, driver.core->epoch(), 99);
  const ContainerId foreign = ContainerId::Make({{1, 1}, 1}, driver.core->epoch(), 2);
  const auto granted = driver.Ask(attempt, {AskFor(2, 1, kWorker)}).granted;
  ASSERT_EQ(granted.size(), 1U);
  const Case cases[] = {
      {worker, {8192, 1}, ErrorCode::kResourceExhausted, "more: node n1.example has"},
      {worker, {int64_t{1} << 30, 1}, ErrorCode::kInvalidArgument, "memory"},
      {worker, {0, 1}, ErrorCode::kInvalidArgument, "memory"},
      {worker, {2048, 1, {{"yarn.io/gpu", 1}}}, ErrorCode::kInvalidArgument, "named resources"},
      {granted[0].token.id, {2048, 1}, ErrorCode::kFailedPrecondition, "has not been started yet"},
      {unknown, {2048, 1}, ErrorCode::kNotFound, "holds no container"},
      {foreign, {2048, 1}, ErrorCode::kNotFound, "holds no container"},
  };
  const Resource used = driver.UsedOnNode("n1");
  for (const Case& c : cases) {
    const auto told = ToldSizes(AskSizes({{c.container, c.size}}));
    ASSERT_EQ(told.size(), 1U) << c.container.ToString();
    EXPECT_EQ(told[0].container, c.container);
    ASSERT_TRUE(told[0].refusal && told[0].asked);
    EXPECT_EQ(told[0].refusal->code, c.code) << told[0].refusal->ToString();
    EXPECT_THAT(told[0].refusal->ToString(), HasSubstr(c.words));
  }
  EXPECT_TRUE(Sizes().empty());
  EXPECT_TRUE(Beat().resize.empty());
  EXPECT_EQ(driver.UsedOnNode("n1"), used);
}

TEST_F(Commands, AMasterThatRegistersAgainIsToldTheSizesOfWhatItHolds) {
  AskSizes({{worker, {2048, 1}}});
  Beat({{.number = Told().number}});
  EXPECT_EQ(Sizes().size(), 1U);
  AskSizes({{worker, {512, 1}}});
  Beat({{.number = Told().number, .refusal = kRefused}});
  EXPECT_EQ(Sizes().size(), 1U);
  EXPECT_TRUE(Sizes().empty());
  ASSERT_TRUE(driver.Get<RegisterMasterAnswer>(driver.RegisterMasterCall(attempt)));
  EXPECT_EQ(Sizes(), (std::vector<SizeNotice>{{worker, {2048, 1}}}))
      << "an answer that was acknowledged may have been lost";
  EXPECT_TRUE(Sizes().empty());
}

TEST_F(Commands, OfAContainerThatEndsAMasterIsToldTheEndAlone) {
  AskSizes({{worker, {2048, 1}}});
  Beat();
  Beat({}, {Complete(worker, 7)});
  const CallId call = AskSizes({{worker, {4096, 1}}});
  EXPECT_TRUE(ToldSizes(call).empty());
  EXPECT_EQ(driver.Get<AllocateAnswer>(call)->completed.size(), 1U);
  EXPECT_TRUE(ToldSizes(AskSizes({{worker, {4096, 1}}})).empty());
  EXPECT_EQ(driver.UsedOnNode("n1"), before - kWorker);
}

TEST_F(Commands, ARepeatedAllocateAsksForNothingTwice) {
  const AllocateRequest request{.sequence = driver.master_sequences[attempt] + 1,
                                .asks = {},
                                .releases = {},
                                .sizes = {{worker, {2048, 1}}}};
  ++driver.master_sequences[attempt];
  driver.AllocateCall(attempt, request);
  Beat({{.number = Told().number}});
  const CallId again = driver.AllocateCall(attempt, request);
  EXPECT_TRUE(ToldSizes(again).empty()) << "the answer to that sequence is what it was";
  EXPECT_EQ(Sizes(), (std::vector<SizeNotice>{{worker, {2048, 1}, true}}));
  EXPECT_TRUE(Beat().resize.empty());
}

TEST_F(Commands, SizesOfOneCallAreBounded) {
  const std::vector<SizeAsk> many(limits::kSizesPerAllocate + 1, {worker, {2048, 1}});
  EXPECT_EQ(driver.Code(AskSizes(many)), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace weir::rm
