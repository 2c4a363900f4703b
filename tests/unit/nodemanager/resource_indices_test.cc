// Indices of named resources: what is read, what is given out, and that no index ever has two
// holders, whatever happens to containers and NodeManagers.
#include "nodemanager/core/resource_indices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "common/random.h"
#include "core_driver.h"

namespace weir::nm {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kGpu[] = "yarn.io/gpu";
constexpr char kCard[] = "card";

Resource Gpus(int64_t count, int64_t cards = 0) {
  Resource resource{256, 1};
  resource.SetNamed(kGpu, count);
  resource.SetNamed(kCard, cards);
  return resource;
}

IndexedType TypeOf(const std::string& name, const std::string& devices) {
  return {name, ParseDeviceList(devices).value()};
}

struct ListCase {
  const char* text;
  std::vector<Device> devices;  // none: refused
  const char* why;
};

TEST(DeviceList, IsReadOrRefusedWithWhatIsWrong) {
  for (const ListCase& c : {
           ListCase{"0:0,1:1", {{0, 0}, {1, 1}}, ""},
           ListCase{" 0 , 1 ,3", {{0, 0}, {1, 1}, {3, 3}}, ""},
           ListCase{"2:5,0:7", {{0, 7}, {2, 5}}, ""},
           ListCase{"1048575", {{1048575, 1048575}}, ""},
           ListCase{"", {}, "'' is no device"},
           ListCase{"0,,1", {}, "'' is no device"},
           ListCase{"0:", {}, "'0:' is no device"},
           ListCase{":1", {}, "':1' is no device"},
           ListCase{"0:1:2", {}, "'0:1:2' is no device"},
           ListCase{"-1", {}, "'-1' is no device"},
           ListCase{"1048576", {}, "is no device"},
           ListCase{"99999999999999999999", {}, "is no device"},
           ListCase{"a", {}, "'a' is no device"},
           ListCase{"auto", {}, "'auto' is no device"},
           ListCase{"0:0,0:1", {}, "index 0 stands twice"},
           ListCase{"0:1,1:1", {}, "minor 1 stands twice"},
       }) {
    const auto devices = ParseDeviceList(c.text);
    ASSERT_EQ(devices.ok(), !c.devices.empty()) << c.text;
    if (devices.ok()) {
      EXPECT_EQ(*devices, c.devices) << c.text;
    } else {
      EXPECT_EQ(devices.error().code, ErrorCode::kInvalidArgument);
      EXPECT_THAT(devices.error().message, HasSubstr(c.why));
    }
  }
}

TEST(DeviceList, IsBounded) {
  std::string text = "0";
  for (size_t i = 1; i < kDevicesMax; ++i) text += "," + std::to_string(i);
  EXPECT_TRUE(ParseDeviceList(text).ok());
  EXPECT_THAT(ParseDeviceList(text + ",5000").error().message, HasSubstr("more than 1024"));
}

TEST(Discovery, IsReadOrRefusedWithTheLine) {
  for (const ListCase& c : {
           ListCase{"0\n1\n", {{0, 0}, {1, 1}}, ""},
           ListCase{"# two of them\n\n1:4 a fast one\r\n0:3", {{0, 3}, {1, 4}}, ""},
           ListCase{"GPU 0: Tesla T4 (UUID: GPU-aa)\n  MIG 1g.5gb Device 0: (UUID: MIG-bb)\n"
                    "GPU 1: Tesla T4 (UUID: GPU-cc)\n",
                    {{0, 0}, {1, 1}},
                    ""},
           ListCase{"", {}, "no line with a device"},
           ListCase{"# none\n", {}, "no line with a device"},
           ListCase{"No devices were found\n", {}, "line 1 of its output, 'No devices were found'"},
           ListCase{"0\n1\nx1\n", {}, "line 3 of its output, 'x1', is no device"},
           ListCase{"0\n0\n", {}, "line 2 of its output, '0': index 0 stands twice"},
           ListCase{"GPU x: what", {}, "line 1"},
       }) {
    const auto devices = ParseDiscovery(c.text);
    ASSERT_EQ(devices.ok(), !c.devices.empty()) << c.text;
    if (devices.ok()) {
      EXPECT_EQ(*devices, c.devices) << c.text;
    } else {
      EXPECT_EQ(devices.error().code, ErrorCode::kInvalidArgument);
      EXPECT_THAT(devices.error().message, HasSubstr(c.why));
    }
  }
}

IndexHolder Holder(int64_t number, Resource resource, ContainerIndices indices) {
  return {IdOf(number), std::move(resource), std::move(indices)};
}

TEST(Assignment, TakesTheLowestFreeIndicesOfEveryType) {
  const std::vector<IndexedType> types = {TypeOf(kGpu, "0,2,4,6"), TypeOf(kCard, "7:0,9:1")};
  const std::vector<IndexHolder> holders = {
      Holder(1, Gpus(1, 1), {{kCard, {7}}, {kGpu, {2}}}),
      Holder(2, Gpus(0), {}),
  };
  EXPECT_THAT(AssignIndices(types, Gpus(2, 1), holders).value(),
              ElementsAre(HeldIndices{kCard, {9}}, HeldIndices{kGpu, {0, 4}}));
  EXPECT_THAT(AssignIndices(types, Gpus(0), holders).value(), IsEmpty());
  EXPECT_THAT(AssignIndices({}, Gpus(2), {}).value(), IsEmpty()) << "counted only";
}

TEST(Assignment, SaysWhoHoldsWhatIsNotFree) {
  const std::vector<IndexedType> types = {TypeOf(kGpu, "0,1,2")};
  const auto refused =
      AssignIndices(types, Gpus(2), {Holder(1, Gpus(2), {{kGpu, {0, 2}}})}).error();
  EXPECT_EQ(refused.code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(refused.message,
            "2 of yarn.io/gpu are wanted, and 1 of its 3 indices on this node are free; held are 0 "
            "by " +
                IdOf(1).ToString() + ", 2 by " + IdOf(1).ToString());
}

TEST(Assignment, WhoMayUseAnyIndexHoldsThemAll) {
  const std::vector<IndexedType> types = {TypeOf(kGpu, "0,1,2,3")};
  const auto refused = AssignIndices(types, Gpus(1), {Holder(1, Gpus(1), {})}).error();
  EXPECT_EQ(refused.code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(refused.message,
              HasSubstr(IdOf(1).ToString() + " runs with 1 whose indices are not"));
  EXPECT_TRUE(AssignIndices(types, Gpus(0), {Holder(1, Gpus(1), {})}).ok());
}

// Indices that the configuration no longer names are their holders' until these have ended.
TEST(Assignment, IndicesThatAreNoLongerOfferedStayWithTheirHolders) {
  const std::vector<IndexedType> types = {TypeOf(kGpu, "0,1")};
  const std::vector<IndexHolder> holders = {Holder(1, Gpus(2), {{kGpu, {1, 5}}})};
  EXPECT_THAT(AssignIndices(types, Gpus(1), holders).value(), ElementsAre(HeldIndices{kGpu, {0}}));
  EXPECT_FALSE(AssignIndices(types, Gpus(2), holders).ok());
}

TEST(Assignment, TheNodesOfOthersAreThoseOfTypesWithAMajorNumber) {
  std::vector<IndexedType> types = {TypeOf(kGpu, "0:5,1:6,2:9"), TypeOf(kCard, "0,1")};
  EXPECT_THAT(NodesOfOthers(types, {}), IsEmpty());
  types[0].major = 195;
  EXPECT_THAT(NodesOfOthers(types, {{kGpu, {1}}}),
              ElementsAre(DeviceNode{195, 5}, DeviceNode{195, 9}));
  EXPECT_EQ(NodesOfOthers(types, {{kCard, {1}}}).size(), 3u);
}

CoreOptions GpuNode(const std::string& devices = "0,1,2,3") {
  CoreOptions options = SmallNode();
  options.capacity.vcores = 64;
  options.capacity.memory_mib = 65'536;
  options.indexed = {TypeOf(kGpu, devices)};
  options.capacity.SetNamed(kGpu, static_cast<int64_t>(options.indexed[0].devices.size()));
  return options;
}

std::vector<int32_t> HeldBy(const CoreDriver& node, int64_t number) {
  const auto view = node.core.Find(IdOf(number));
  return view ? IndicesOf(view->indices, kGpu) : std::vector<int32_t>{};
}

bool Starts(CoreDriver& node, int64_t number, const Resource& resource) {
  return std::holds_alternative<NoContent>(node.Start(number, resource).answer);
}

TEST(NodeManagerIndices, AreGivenWithTheLaunchAndFreeWhenNothingOfTheContainerIsLeft) {
  CoreDriver node(GpuNode());
  node.Register();
  ASSERT_TRUE(Starts(node, 1, Gpus(2)));
  ASSERT_TRUE(Starts(node, 2, Gpus(1)));
  EXPECT_THAT(HeldBy(node, 1), ElementsAre(0, 1));
  EXPECT_THAT(HeldBy(node, 2), ElementsAre(2));
  node.Step(LocalizationDone{IdOf(1)});
  EXPECT_EQ(node.Take<Launch>()->indices, (ContainerIndices{{kGpu, {0, 1}}}));
  node.Step(Launched{IdOf(1)});
  EXPECT_TRUE(IsError(node.Start(3, Gpus(2)), ErrorCode::kResourceExhausted));
  node.Step(Exited{IdOf(1), {}});
  EXPECT_TRUE(IsError(node.Start(3, Gpus(2)), ErrorCode::kResourceExhausted))
      << "container 1 may have left processes";
  node.Step(Drained{IdOf(1)});
  EXPECT_THAT(HeldBy(node, 1), IsEmpty());
  ASSERT_TRUE(Starts(node, 3, Gpus(3)));
  EXPECT_THAT(HeldBy(node, 3), ElementsAre(0, 1, 3));
}

// An administrator may let the ResourceManager believe in more than there are.
TEST(NodeManagerIndices, AStartThatTheIndicesDoNotReachForIsRefusedWithTheReason) {
  CoreDriver node(GpuNode("0,1"));
  node.Register();
  NodeHeartbeatAnswer more;
  more.capacity = Gpus(8);
  node.Answer(more);
  ASSERT_TRUE(Starts(node, 1, Gpus(2)));
  const Reply refused = node.Start(2, Gpus(1));
  ASSERT_TRUE(IsError(refused, ErrorCode::kResourceExhausted));
  EXPECT_THAT(std::get<Error>(refused.answer).message,
              HasSubstr("0 of its 2 indices on this node are free"));
}

TEST(NodeManagerIndices, SurviveTheNodeManagerAndGoWithTheContainer) {
  CoreDriver before(GpuNode());
  before.Register();
  ASSERT_TRUE(Starts(before, 1, Gpus(1)));
  ASSERT_TRUE(Starts(before, 2, Gpus(2)));
  before.Step(LocalizationDone{IdOf(2)});
  before.Step(Launched{IdOf(2)});
  before.Stop(1);
  before.Step(LocalizationFailed{IdOf(1), {ErrorCode::kAborted, "", ""}});
  Recovery recovery = before.Records();
  for (RecoveredContainer& one : recovery.containers) {
    if (one.record.token.id == IdOf(2)) one.found.found = Found::kRunning;
  }
  CoreDriver node(GpuNode(), recovery);
  node.Register();
  EXPECT_THAT(HeldBy(node, 2), ElementsAre(1, 2));
  ASSERT_TRUE(Starts(node, 3, Gpus(2)));
  EXPECT_THAT(HeldBy(node, 3), ElementsAre(0, 3));
  node.records = {};
  node.End(2);
  node.Step(CleanedUp{IdOf(2)});
  node.Answer(Recorded({IdOf(2)}));
  EXPECT_FALSE(node.records.contains(IndicesKey(IdOf(2))));
  ASSERT_TRUE(Starts(node, 4, Gpus(2)));
  EXPECT_THAT(HeldBy(node, 4), ElementsAre(1, 2));
}

TEST(NodeManagerIndices, ARetryInPlaceKeepsThem) {
  CoreDriver node(GpuNode());
  node.Register();
  LaunchContext launch = SleepForEver();
  launch.retry = {.on = RetryOn::kAnyFailure, .max_retries = 1};
  const CallId call = node.NextCall();
  node.Step(StartContainer{call, kAttempt, node.Token(1, Gpus(2)), launch});
  node.ReplyTo(call);
  node.Step(LocalizationDone{IdOf(1)});
  ASSERT_TRUE(node.Take<Launch>());
  node.Step(Launched{IdOf(1)});
  node.End(1, {.kind = ExitKind::kExited, .value = 3});
  ASSERT_EQ(node.StateOf(1), State::kRelaunching);
  ASSERT_TRUE(Starts(node, 2, Gpus(1)));
  EXPECT_THAT(HeldBy(node, 2), ElementsAre(2));
  node.Advance(seconds(1));
  const auto again = node.Take<Launch>();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->indices, (ContainerIndices{{kGpu, {0, 1}}}));
}

// Started before the type had indices here, or with its record gone.
TEST(NodeManagerIndices, OfAContainerWithoutARecordOfThemNothingIsGivenOutUntilItHasEnded) {
  CoreDriver before(GpuNode());
  before.Register();
  ASSERT_TRUE(Starts(before, 1, Gpus(1)));
  before.Step(LocalizationDone{IdOf(1)});
  before.Step(Launched{IdOf(1)});
  ASSERT_TRUE(Starts(before, 2, Gpus(1)));
  Recovery recovery = before.Records();
  for (RecoveredContainer& one : recovery.containers) one.indices.clear();
  recovery.containers.at(0).found.found = Found::kRunning;
  CoreDriver node(GpuNode(), recovery);
  node.Register();
  EXPECT_EQ(node.StateOf(1), State::kRunning);
  EXPECT_EQ(node.StatusOf(2).exit_code, exit_code::kDisksFailed) << "it had not started";
  EXPECT_THAT(node.StatusOf(2).diagnostics, HasSubstr("no record of its indices"));
  EXPECT_TRUE(IsError(node.Start(3, Gpus(1)), ErrorCode::kResourceExhausted));
  node.End(1);
  ASSERT_TRUE(Starts(node, 4, Gpus(4)));
}

// Random histories with kills of the NodeManager; after each step CoreDriver checks that no index
// has two holders, and here that a holder's indices never change.
class RandomHistory {
 public:
  explicit RandomHistory(uint64_t seed) : random_(seed) {}

  void Run(int steps) {
    node_.emplace(GpuNode());
    node_->Register();
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      switch (random_.Between(0, 5)) {
        case 0:
        case 1:
          StartOne();
          break;
        case 2:
        case 3:
          EndOne();
          break;
        case 4:
          LeaveOneDraining();
          break;
        case 5:
          if (random_.Chance(1, 4)) Restart();
          break;
      }
      Check();
    }
  }

 private:
  void StartOne() {
    const int64_t number = ++last_;
    const int64_t amount = random_.Between(0, 3);
    const size_t held = Total();
    const bool started = Starts(*node_, number, Gpus(amount));
    ASSERT_EQ(started, held + static_cast<size_t>(amount) <= 4) << amount << " beside " << held;
    if (!started) return;
    node_->Step(LocalizationDone{IdOf(number)});
    const auto launch = node_->Take<Launch>();
    ASSERT_TRUE(launch);
    node_->Step(Launched{IdOf(number)});
    holders_[number] = IndicesOf(launch->indices, kGpu);
    ASSERT_EQ(holders_[number].size(), static_cast<size_t>(amount));
  }
  void EndOne() {
    if (holders_.empty()) return;
    const int64_t number = Pick();
    if (!exited_.erase(number)) node_->Step(Exited{IdOf(number), {}});
    node_->Step(Drained{IdOf(number)});
    holders_.erase(number);
  }
  void LeaveOneDraining() {
    if (holders_.empty()) return;
    const int64_t number = Pick();
    if (exited_.insert(number).second) node_->Step(Exited{IdOf(number), {}});
  }
  void Restart() {
    Recovery recovery = node_->Records();
    for (RecoveredContainer& one : recovery.containers) {
      const bool runs = one.record.phase == RecordedPhase::kLaunched;
      if (runs) one.found.found = Found::kRunning;
    }
    exited_.clear();
    const auto records = node_->records;
    const int64_t session = node_->session;
    node_.emplace(GpuNode(), recovery);
    node_->records.insert(records.begin(), records.end());
    node_->session = session;
    node_->Register();
  }
  int64_t Pick() {
    auto it = holders_.begin();
    std::advance(it, random_.Between(0, static_cast<int64_t>(holders_.size()) - 1));
    return it->first;
  }
  size_t Total() const {
    size_t total = 0;
    for (const auto& [number, indices] : holders_) total += indices.size();
    return total;
  }
  void Check() const {
    std::set<int32_t> seen;
    for (const auto& [number, indices] : holders_) {
      ASSERT_EQ(HeldBy(*node_, number), indices) << number;
      for (const int32_t index : indices) ASSERT_TRUE(seen.insert(index).second) << index;
    }
  }

  Random random_;
  std::optional<CoreDriver> node_;
  int64_t last_ = 0;
  std::map<int64_t, std::vector<int32_t>> holders_;
  std::set<int64_t> exited_;
};

TEST(NodeManagerIndices, NeverHaveTwoHoldersWhateverHappens) {
  for (uint64_t seed = 1; seed <= 100 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomHistory(seed).Run(120);
  }
}

}  // namespace
}  // namespace weir::nm
