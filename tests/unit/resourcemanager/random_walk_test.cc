// Random peers from a seed: nodes, AMs and clients that repeat, skip, forget and lie. After every
// step the invariants hold (the driver checks them); the same seed gives the same actions; and when
// everybody behaves at last, everything ends. And a standby that has followed the store is the
// ResourceManager that its records give: it does the same from then on.
#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/random.h"
#include "tests/unit/resourcemanager/core_driver.h"

namespace weir::rm {
namespace {

constexpr int kSteps = 400;
constexpr char kPassing[] = "n4";

// Two leaves; preemption between them is on.
QueueProperties WalkQueues(int64_t share_of_a, const std::string& state_of_b) {
  const std::string queues = "yarn.scheduler.capacity.";
  const std::string rounds = "yarn.resourcemanager.monitor.capacity.preemption.";
  return {{queues + "root.queues", "a,b"},
          {queues + "maximum-am-resource-percent", "1"},
          {queues + "root.a.capacity", std::to_string(share_of_a)},
          {queues + "root.b.capacity", std::to_string(100 - share_of_a)},
          {queues + "root.b.state", state_of_b},
          {queues + "root.a.user-limit-factor", "100"},
          {queues + "root.b.user-limit-factor", "100"},
          {queues + "root.acl_administer_queue", " "},
          {queues + "root.a.accessible-node-labels", "*"},
          {"yarn.cluster.max-application-priority", "5"},
          {"yarn.resourcemanager.scheduler.monitor.enable", "true"},
          {rounds + "monitoring_interval", "500"},
          {rounds + "max_wait_before_kill", "1000"},
          {rounds + "total_preemption_per_round", "1.0"},
          {rounds + "natural_termination_factor", "1.0"}};
}

class Walk {
 public:
  explicit Walk(uint64_t seed) : random_(seed), driver_(Options()) {}

  void Run() {
    for (int step = 0; step < kSteps && !::testing::Test::HasFailure(); ++step) One();
  }
  // All nodes come and behave; every application is killed.
  void Settle() {
    driver_.CommitAll();
    for (const auto& application : driver_.core->List({}, driver_.now).applications) {
      driver_.Kill(application.id, "root", true);
    }
    driver_.Step(RefreshNodes{.call = driver_.NewCall(), .by = "root", .lists = {}});
    for (const auto& uuid : Uuids()) {
      driver_.Step(DrainNode{.call = driver_.NewCall(), .by = "root", .node = uuid, .undo = true});
    }
    driver_.CommitAll();
    ComeAndGo();  // one that is awaited after a restart would be in the way of the others
    driver_.CommitAll();
    for (int round = 0; round < 4; ++round) {
      for (const auto& uuid : Uuids()) {
        driver_.RegisterNodeCall(uuid, {4096, 8}, Held(uuid));
        for (int beat = 0; beat < 3; ++beat) Obey(uuid, driver_.Beat(uuid, {}));
      }
      driver_.Advance(seconds(15));  // an AM that finished gets its time to end
      driver_.CommitAll();
    }
    EXPECT_EQ(driver_.core->Summary().containers_allocated, 0);
    EXPECT_EQ(driver_.core->Summary().containers_pending, 0);
    for (const auto& application : driver_.core->List({}, driver_.now).applications) {
      EXPECT_TRUE(IsTerminal(application.state)) << application.id.ToString();
    }
    EXPECT_TRUE(driver_.held.empty());
  }
  const std::string& trace() const { return driver_.trace; }

  // With a standby that looks at the store now and then, and leads from time to time.
  void RunWithStandby(uint64_t seed) {
    driver_.standby.emplace(driver_.options);
    Random random(seed);
    for (int step = 0; step < kSteps && !::testing::Test::HasFailure(); ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      One();
      if (random.Chance(1, 2)) {
        driver_.standby->Look(driver_.store, random.Chance(1, 3) ? &random : nullptr);
      }
      if (random.Chance(1, 40)) driver_.Restart();
    }
  }
  const FollowingStandby& standby() const { return *driver_.standby; }

 private:
  static CoreOptions Options() {
    CoreOptions options = SmallOptions();
    options.local_queues = WalkQueues(50, "RUNNING");
    options.completed_applications = 5;
    options.launch_expiry = seconds(40);
    options.attempt_pause = milliseconds(700);
    options.recovery_wait = seconds(3);
    options.known_nodes = 3;
    options.untracked_timeout = seconds(5);
    options.container_token_life = seconds(40);
    return options;
  }
  static std::vector<std::string> Uuids() { return {"n1", "n2", "n3"}; }
  std::string AnyNode() { return Uuids()[random_.Below(3)]; }

  std::vector<ContainerStatus> Held(const std::string& uuid) {
    std::vector<ContainerStatus> held;
    for (const auto& [id, where] : containers_) {
      if (where == uuid) held.push_back(Running(id));
    }
    return held;
  }
  void Obey(const std::string& uuid, const NodeHeartbeatAnswer& answer) {
    for (const auto& start : answer.start) containers_[start.token.id] = uuid;
    std::vector<ContainerStatus> ends;
    for (const auto& stop : answer.stop) {
      containers_.erase(stop.id);
      ends.push_back(Complete(stop.id, 143));
    }
    if (!ends.empty()) driver_.Beat(uuid, ends);
  }

  void One() {
    switch (random_.Below(18)) {
      case 0:
        Submit();
        break;
      case 1:
        if (random_.Chance(1, 3)) driver_.RegisterNodeCall(AnyNode(), Size(), Some());
        if (random_.Chance(1, 10)) Unregister(AnyNode());
        if (random_.Chance(1, 10)) ComeAndGo();
        break;
      case 2:
      case 3:
      case 4:
        Heartbeat();
        break;
      case 5:
      case 6:
      case 7:
        Allocate();
        break;
      case 8:
        RegisterMaster();
        break;
      case 9:
        driver_.CommitAll();
        break;
      case 10:
        driver_.Advance(milliseconds(random_.Below(8000)));
        break;
      case 11:
        KillOrFinish();
        break;
      case 13:
        AdministerQueues();
        break;
      case 16:
      case 17:
        Command();
        break;
      case 14:
        AdministerNodes();
        break;
      case 12:
        driver_.Watch(AnyApplication(), random_.Between(0, 30), milliseconds(random_.Below(5000)));
        break;
      default:
        driver_.Step(CallAbandoned{{random_.Below(driver_.next_call)}});
        if (random_.Chance(1, 20)) driver_.Restart();
        break;
    }
  }

  // Of a container that there is, or was, or may be.
  void Command() {
    if (containers_.empty()) return;
    auto it = containers_.begin();
    std::advance(it, static_cast<int64_t>(random_.Below(containers_.size())));
    const CallId call = driver_.NewCall();
    const std::string user = random_.Chance(1, 10) ? "eve" : "ann";
    const Duration park = milliseconds(random_.Below(4000));
    if (random_.Chance(1, 3)) {
      return driver_.Step(
          SignalContainer{.call = call,
                          .user = user,
                          .container = it->first,
                          .signal = static_cast<ContainerSignal>(random_.Between(1, 3)),
                          .park = park});
    }
    ResizeContainer resize{.call = call, .user = user, .container = it->first, .park = park};
    if (random_.Chance(2, 3)) resize.memory_mib = random_.Between(0, 16) * 256;
    if (random_.Chance(1, 2)) resize.vcores = random_.Between(0, 6);
    driver_.Step(resize);
  }
  // Of commands that were told, and of some that were not.
  std::vector<CommandOutcome> Outcomes() {
    std::vector<CommandOutcome> outcomes;
    for (auto it = told_.begin(); it != told_.end();) {
      if (random_.Chance(1, 2)) {
        ++it;
        continue;
      }
      CommandOutcome outcome{.number = *it};
      if (random_.Chance(1, 3)) outcome.refusal = Error{ErrorCode::kFailedPrecondition, "no", ""};
      if (random_.Chance(1, 20)) outcome.number += random_.Between(-3, 3);
      outcomes.push_back(std::move(outcome));
      it = told_.erase(it);
    }
    return outcomes;
  }
  void AdministerQueues() {
    const CallId call = driver_.NewCall();
    switch (random_.Below(5)) {
      case 0:
        driver_.Step(ReconfigureQueues{
            .call = call,
            .by = "root",
            .origin = "apply",
            .properties =
                WalkQueues(random_.Between(0, 100), random_.Chance(1, 4) ? "STOPPED" : "RUNNING")});
        break;
      case 1:
        driver_.Step(RollbackQueues{.call = call, .by = "root", .version = random_.Between(1, 4)});
        break;
      case 2:
        driver_.Step(UpdateLifetime{.call = call,
                                    .user = "ann",
                                    .id = AnyApplication(),
                                    .lifetime = milliseconds(random_.Below(20'000))});
        break;
      case 3:
        driver_.Step(UpdatePriority{.call = call,
                                    .user = "ann",
                                    .id = AnyApplication(),
                                    .priority = static_cast<int32_t>(random_.Between(-1, 9))});
        break;
      default:
        driver_.Step(MoveApplication{.call = call,
                                     .user = "ann",
                                     .id = AnyApplication(),
                                     .queue = random_.Chance(1, 2) ? "a" : "root.b"});
        break;
    }
  }
  void AdministerNodes() {
    const CallId call = driver_.NewCall();
    switch (random_.Below(6)) {
      case 4: {
        NodeLists lists;
        if (random_.Chance(1, 2)) lists.exclude[AnyNode() + ".example"] = std::nullopt;
        if (random_.Chance(1, 5)) lists.include = {AnyNode() + ".example", AnyNode() + ".example"};
        driver_.Step(RefreshNodes{.call = call,
                                  .by = "root",
                                  .lists = std::move(lists),
                                  .graceful = random_.Chance(1, 2),
                                  .timeout = seconds(random_.Between(-1, 20))});
        break;
      }
      case 5:
        driver_.Step(DrainNode{.call = call,
                               .by = "root",
                               .node = AnyNode(),
                               .timeout = seconds(random_.Between(-1, 20)),
                               .undo = random_.Chance(2, 3)});
        break;
      case 0:
        driver_.Step(AddLabels{
            .call = call, .by = "root", .labels = {{random_.Chance(1, 2) ? "x" : "y", false}}});
        break;
      case 1:
        driver_.Step(RemoveLabels{.call = call, .by = "root", .labels = {"x"}});
        break;
      case 2:
        driver_.Step(ReplaceLabelsOnNodes{
            .call = call, .by = "root", .labels = {{AnyNode(), random_.Chance(1, 2) ? "x" : ""}}});
        break;
      default: {
        std::optional<Resource> capacity;
        if (random_.Chance(2, 3)) capacity = Size();
        driver_.Step(UpdateNodeResource{.call = call,
                                        .by = "root",
                                        .node = AnyNode(),
                                        .capacity = capacity,
                                        .overcommit_timeout = seconds(random_.Between(-1, 3))});
        break;
      }
    }
  }
  // One too many, unless another makes room for it; gone again at once.
  void ComeAndGo() {
    driver_.RegisterNodeCall(kPassing, Size());
    Unregister(kPassing);
  }
  void Unregister(const std::string& uuid) {
    driver_.Step(UnregisterNode{
        .call = driver_.NewCall(), .node = {uuid}, .session = driver_.sessions[uuid]});
  }
  Resource Size() { return {random_.Between(2, 16) * 256, random_.Between(2, 8)}; }
  std::vector<ContainerStatus> Some() {
    std::vector<ContainerStatus> some;
    for (const auto& [id, where] : containers_) {
      if (random_.Chance(1, 4)) {
        some.push_back(random_.Chance(1, 2) ? Running(id)
                                            : Complete(id, static_cast<int>(random_.Below(3))));
      }
    }
    return some;
  }
  void Submit() {
    SubmissionContext context = Context("walk");
    context.max_attempts = static_cast<int32_t>(random_.Below(3));
    context.keep_containers = random_.Chance(1, 2);
    context.queue_timeout = seconds(random_.Below(20));
    context.priority = static_cast<int32_t>(random_.Below(3));
    context.queue = random_.Chance(1, 2) ? "a" : "b";
    if (random_.Chance(1, 6)) context.lifetime = seconds(random_.Below(30));
    if (random_.Chance(1, 8)) context.label = "x";
    driver_.Submit(context, std::to_string(random_.Below(200)));
  }
  ApplicationId AnyApplication() {
    const auto page = driver_.core->List({}, driver_.now).applications;
    return page.empty() ? ApplicationId{} : page[random_.Below(page.size())].id;
  }
  AttemptId AnyAttempt() {
    return driver_.core->Report(AnyApplication(), driver_.now)
        .value_or(ApplicationReport{})
        .attempt;
  }
  // Mostly the next sequence, sometimes another one.
  int64_t Sequence(int64_t& last) {
    const int64_t next = last + random_.Between(-1, 2);
    if (!random_.Chance(1, 5)) return ++last;
    if (next == last + 1) ++last;
    return next;
  }
  void Heartbeat() {
    const std::string uuid = AnyNode();
    const CallId call = driver_.Heartbeat(uuid,
                                          {.session = driver_.sessions[uuid],
                                           .sequence = Sequence(driver_.node_sequences[uuid]),
                                           .containers = Some(),
                                           .healthy = !random_.Chance(1, 10),
                                           .health_report = "",
                                           .park = milliseconds(random_.Below(3000)),
                                           .outcomes = Outcomes()});
    if (driver_.Code(call) == ErrorCode::kResync) {
      driver_.RegisterNodeCall(uuid, Size(), Held(uuid));
    }
    const auto* answer = driver_.Get<NodeHeartbeatAnswer>(call);
    if (answer == nullptr) return;
    for (const auto& start : answer->start) containers_[start.token.id] = uuid;
    for (const auto& command : answer->resize) told_.insert(command.number);
    for (const auto& command : answer->signal) told_.insert(command.number);
    if (containers_.size() > 200) containers_.clear();
  }
  void Allocate() {
    const AttemptId attempt = AnyAttempt();
    AllocateRequest request{.sequence = Sequence(driver_.master_sequences[attempt]),
                            .progress = 0.5F,
                            .park = milliseconds(random_.Below(3000))};
    for (uint64_t i = random_.Below(3); i > 0; --i) {
      request.asks.push_back(AskFor(random_.Between(0, 3),
                                    static_cast<int32_t>(random_.Below(4)),
                                    {random_.Between(1, 4) * 256, random_.Between(1, 2)}));
      request.asks.back().gang = random_.Chance(1, 4);
      if (random_.Chance(1, 8)) request.asks.back().label = "x";
    }
    for (const auto& [id, where] : containers_) {
      if (id.attempt == attempt && random_.Chance(1, 4)) request.releases.push_back(id);
      const Resource size{random_.Between(0, 16) * 256, random_.Between(0, 6)};
      if (random_.Chance(1, 6)) request.sizes.push_back({id, size});
    }
    if (random_.Chance(1, 10)) request.blacklist_add = {AnyNode() + ".example"};
    if (random_.Chance(1, 5)) request.blacklist_remove = {AnyNode() + ".example"};
    const CallId call = driver_.AllocateCall(attempt, request);
    if (driver_.Code(call) == ErrorCode::kResync) driver_.RegisterMasterCall(attempt);
    const auto* answer = driver_.Get<AllocateAnswer>(call);
    if (answer == nullptr) return;
    for (const auto& grant : answer->granted) {
      if (random_.Chance(3, 4)) containers_[grant.token.id] = grant.token.node.uuid;
    }
  }
  void RegisterMaster() { driver_.RegisterMasterCall(AnyAttempt()); }
  void KillOrFinish() {
    if (random_.Chance(1, 2)) {
      driver_.Kill(AnyApplication());
    } else {
      driver_.Finish(AnyAttempt());
    }
  }

  Random random_;
  CoreDriver driver_;
  std::map<ContainerId, std::string> containers_;  // started, by node
  std::set<int64_t> told_;                         // commands, by number
};

class RandomWalk : public ::testing::TestWithParam<uint64_t> {};

TEST_P(RandomWalk, KeepsEveryInvariantAndSettles) {
  Walk walk(GetParam());
  walk.Run();
  walk.Settle();
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomWalk, ::testing::Range<uint64_t>(1, 41));

class StandbyWalk : public ::testing::TestWithParam<uint64_t> {};

TEST_P(StandbyWalk, DoesWhatOneDoesThatBeginsWithTheRecords) {
  Walk walk(GetParam());
  walk.RunWithStandby(GetParam() + 1000);
  // Otherwise the test would hardly test anything.
  EXPECT_LT(walk.standby().whole(), walk.standby().looks() / 3);
  walk.Settle();
}

INSTANTIATE_TEST_SUITE_P(Seeds, StandbyWalk, ::testing::Range<uint64_t>(1, 61));

TEST(Determinism, SameSeedGivesTheSameActions) {
  Walk first(7);
  Walk second(7);
  first.Run();
  second.Run();
  EXPECT_EQ(first.trace(), second.trace());
  EXPECT_GT(first.trace().size(), 10'000U);
}

}  // namespace
}  // namespace weir::rm
