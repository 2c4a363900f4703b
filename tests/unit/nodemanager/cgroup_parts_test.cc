// Where controllers are looked for, what is written as limits, and what becomes of failures: with
// facts and a driver of the test's own. What the kernel does with it: tests/unit/nodemanager/
// cgroup_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "nodemanager/executor/cgroup_probe.h"
#include "nodemanager/executor/container_groups.h"
#include "nodemanager/executor/group_limits.h"

namespace weir::nm {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kV1Mounts[] =
    "20 1 0:19 / /sys/fs/cgroup/memory rw shared:5 - cgroup cgroup rw,memory\n"
    "21 1 0:20 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "22 1 0:21 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
    "23 1 0:22 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n"
    "25 1 0:24 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices\n";
constexpr char kTreeMount[] = "24 1 0:23 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
constexpr char kV1Own[] =
    "5:devices:/\n4:memory:/system/weir\n3:cpu,cpuacct:/\n2:pids:/\n1:freezer:/\n0::/service\n";

CgroupFacts V1Facts() {
  return {{{"memory", "/sys/fs/cgroup/memory", 1},
           {"cpu", "/sys/fs/cgroup/cpu,cpuacct", 1},
           {"cpuacct", "/sys/fs/cgroup/cpu,cpuacct", 1},
           {"pids", "/sys/fs/cgroup/pids", 1},
           {"freezer", "/sys/fs/cgroup/freezer", 1},
           {"devices", "/sys/fs/cgroup/devices", 1}},
          kV1Mounts,
          kV1Own,
          ""};
}
CgroupFacts HybridFacts() {
  CgroupFacts facts = V1Facts();
  facts.mountinfo += kTreeMount;
  facts.controllers.push_back({"hugetlb", "/sys/fs/cgroup/unified", 2});
  return facts;
}
CgroupFacts V2Facts() {
  return {{{"cpu", "/sys/fs/cgroup", 2},
           {"io", "/sys/fs/cgroup", 2},
           {"memory", "/sys/fs/cgroup", 2},
           {"pids", "/sys/fs/cgroup", 2}},
          "24 1 0:23 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
          "0::/system.slice/weir.service\n",
          ""};
}

// "memory:1:/sys/... cpu:-" and so on.
std::string Show(const std::map<Controller, CgroupPlace>& places) {
  std::string text;
  for (const auto& [controller, place] : places) {
    text += std::string(ControllerName(controller)) + "=" +
            (place.found() ? "v" + std::to_string(place.version) + place.ParentDirectory() : "-") +
            " ";
  }
  return text;
}

TEST(CgroupProbe, FindsEachControllerWhereItIs) {
  struct Case {
    const char* name;
    CgroupFacts facts;
    CgroupPlacing placing;
    const char* expected;
  };
  CgroupPlacing from_root;
  from_root.parent = "/hadoop-yarn/";
  CgroupPlacing below_own;
  below_own.parent = "weir";
  below_own.parent_of[Controller::kPids] = "/elsewhere";
  CgroupPlacing only_v1;
  only_v1.versions = CgroupVersions::kV1Only;
  CgroupPlacing only_v2;
  only_v2.versions = CgroupVersions::kV2Only;
  CgroupPlacing off;
  off.versions = CgroupVersions::kNone;
  CgroupPlacing mount;
  mount.mount_path = "/sys/fs/cgroup/memory";
  CgroupFacts none;
  none.fault = "Cgroup is not mounted";
  // A container of a container engine: its hierarchies are mounted from its own group on.
  CgroupFacts docker = V2Facts();
  docker.mountinfo = "24 1 0:23 /docker/ab /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
  docker.own = "0::/docker/ab/weir\n";
  const std::string cgroup = "/sys/fs/cgroup";
  const Case cases[] = {
      {"v1",
       V1Facts(),
       {},
       "memory=v1/sys/fs/cgroup/memory/system/weir "
       "cpu=v1/sys/fs/cgroup/cpu,cpuacct pids=v1/sys/fs/cgroup/pids "
       "freezer=v1/sys/fs/cgroup/freezer devices=v1/sys/fs/cgroup/devices unified=- "},
      {"hybrid",
       HybridFacts(),
       {},
       "memory=v1/sys/fs/cgroup/memory/system/weir "
       "cpu=v1/sys/fs/cgroup/cpu,cpuacct pids=v1/sys/fs/cgroup/pids "
       "freezer=v1/sys/fs/cgroup/freezer devices=v1/sys/fs/cgroup/devices "
       "unified=v2/sys/fs/cgroup/unified/service "},
      {"v2",
       V2Facts(),
       {},
       "memory=v2/sys/fs/cgroup/system.slice/weir.service "
       "cpu=v2/sys/fs/cgroup/system.slice/weir.service "
       "pids=v2/sys/fs/cgroup/system.slice/weir.service freezer=- devices=- "
       "unified=v2/sys/fs/cgroup/system.slice/weir.service "},
      {"docker",
       docker,
       {},
       "memory=v2/sys/fs/cgroup/weir cpu=v2/sys/fs/cgroup/weir "
       "pids=v2/sys/fs/cgroup/weir freezer=- devices=- unified=v2/sys/fs/cgroup/weir "},
      {"from the root",
       V2Facts(),
       from_root,
       "memory=v2/sys/fs/cgroup/hadoop-yarn cpu=v2/sys/fs/cgroup/hadoop-yarn "
       "pids=v2/sys/fs/cgroup/hadoop-yarn freezer=- devices=- "
       "unified=v2/sys/fs/cgroup/hadoop-yarn "},
      {"below own",
       V1Facts(),
       below_own,
       "memory=v1/sys/fs/cgroup/memory/system/weir/weir cpu=v1/sys/fs/cgroup/cpu,cpuacct/weir "
       "pids=v1/sys/fs/cgroup/pids/elsewhere freezer=v1/sys/fs/cgroup/freezer/weir "
       "devices=v1/sys/fs/cgroup/devices/weir unified=- "},
      {"only v1",
       HybridFacts(),
       only_v1,
       "memory=v1/sys/fs/cgroup/memory/system/weir cpu=v1/sys/fs/cgroup/cpu,cpuacct "
       "pids=v1/sys/fs/cgroup/pids freezer=v1/sys/fs/cgroup/freezer "
       "devices=v1/sys/fs/cgroup/devices unified=- "},
      {"only v2",
       HybridFacts(),
       only_v2,
       "memory=- cpu=- pids=- freezer=- devices=- unified=v2/sys/fs/cgroup/unified/service "},
      {"off", HybridFacts(), off, "memory=- cpu=- pids=- freezer=- devices=- unified=- "},
      {"one mount",
       HybridFacts(),
       mount,
       "memory=v1/sys/fs/cgroup/memory/system/weir cpu=- pids=- freezer=- devices=- unified=- "},
      {"none", none, {}, "memory=- cpu=- pids=- freezer=- devices=- unified=- "},
      {"garbage",
       {{}, "a b\n\n- - -\n", "::\nx", ""},
       {},
       "memory=- cpu=- pids=- freezer=- devices=- unified=- "},
  };
  for (const Case& one : cases) {
    const auto places = PlaceControllers(one.facts, one.placing);
    EXPECT_EQ(Show(places), one.expected) << one.name;
    for (const auto& [controller, place] : places) {
      EXPECT_NE(place.found(), !place.why_not.empty()) << one.name;
    }
  }
}

std::string Show(const std::vector<CgroupSetting>& settings) {
  std::string text;
  for (const auto& setting : settings) text += setting.file + "=" + setting.value + " ";
  return text;
}

TEST(GroupLimits, AreWrittenInTheWordsOfEachVersion) {
  constexpr int64_t kMib = 1 << 20;
  EXPECT_EQ(Show(MemorySettings(2, 64 * kMib, false, false)),
            "memory.swap.max=0 memory.max=67108864 ");
  EXPECT_EQ(Show(MemorySettings(2, std::nullopt, true, false)),
            "memory.swap.max=max memory.max=max ");
  // The one with swap is never below the other, not even for a moment.
  EXPECT_EQ(Show(MemorySettings(1, 64 * kMib, false, false)),
            "memory.limit_in_bytes=67108864 memory.memsw.limit_in_bytes=67108864 ");
  EXPECT_EQ(Show(MemorySettings(1, 64 * kMib, false, true)),
            "memory.memsw.limit_in_bytes=67108864 memory.limit_in_bytes=67108864 ");
  EXPECT_EQ(Show(CpuSettings(1, 2, {})), "cpu.shares=2048 ");
  EXPECT_EQ(Show(CpuSettings(2, 2, {})), "cpu.weight=200 ");
  EXPECT_EQ(Show(CpuSettings(1, 1'000'000, {})), "cpu.shares=262144 ");
  EXPECT_EQ(Show(CpuSettings(2, 1'000'000, {})), "cpu.weight=10000 ");
  EXPECT_EQ(Show(CpuSettings(1, 2, {true, 8, 4})),
            "cpu.shares=2048 cpu.cfs_period_us=100000 cpu.cfs_quota_us=100000 ");
  EXPECT_EQ(Show(CpuSettings(2, 1, {true, 8, 2})), "cpu.weight=100 cpu.max=25000 100000 ");
  EXPECT_EQ(Show(CpuSettings(2, 1, {true, 1000, 1})), "cpu.weight=100 cpu.max=1000 100000 ");
  EXPECT_EQ(Show(NodeCpuSettings(2, 1.5)), "cpu.max=150000 100000 ");
  EXPECT_EQ(Show(PidsSettings(100)), "pids.max=100 ");
  EXPECT_EQ(Show(DeviceSettings({{195, 0}, {195, 3}})),
            "devices.deny=c 195:0 rwm devices.deny=c 195:3 rwm ");
}

TEST(GroupLimits, AreReadBack) {
  EXPECT_EQ(ParseAmount("67108864\n"), 67108864);
  EXPECT_EQ(ParseAmount("max\n"), std::nullopt);
  EXPECT_EQ(ParseAmount("9223372036854771712\n"), std::nullopt);
  EXPECT_EQ(ParseAmount(""), std::nullopt);
  const char events[] = "low 0\nhigh 0\nmax 12\noom 1\noom_kill 2\noom_group_kill 0\n";
  EXPECT_EQ(ParseCounter(events, "oom_kill"), 2);
  EXPECT_EQ(ParseCounter(events, "oom"), 1);
  EXPECT_EQ(ParseCounter(events, "kill"), std::nullopt);
  EXPECT_EQ(ToMibUp(0), 0);
  EXPECT_EQ(ToMibUp(1), 1);
  EXPECT_EQ(ToMibUp(64 << 20), 64);
}

// Groups that are only written down.
class FakeDriver : public CgroupDriver {
 public:
  explicit FakeDriver(CgroupFacts facts) : facts_(std::move(facts)) {}

  CgroupFacts Discover() override { return facts_; }
  Status MakeNodeGroup(const std::string& controller,
                       const std::string& mount,
                       const std::string& path) override {
    const std::string group = mount + path;
    WEIR_RETURN_IF_ERROR(Fault("make " + group));
    groups_.insert(group);
    if (!controller.empty() && !withheld_.contains(controller)) {
      files_[group + "/cgroup.controllers"] += controller + " ";
    }
    return {};
  }
  Status RemoveNodeGroup(const std::string&,
                         const std::string& mount,
                         const std::string& path) override {
    groups_.erase(mount + path);
    return {};
  }
  Status MakeGroup(const std::string& group) override {
    WEIR_RETURN_IF_ERROR(Fault("make " + group));
    if (groups_.insert(group).second) return {};
    return Error{ErrorCode::kAlreadyExists, group + " is there", ""};
  }
  Status Write(const std::string& file, std::string_view value) override {
    WEIR_RETURN_IF_ERROR(Fault("write " + file));
    files_[file] = value;
    return {};
  }
  Result<std::string> Read(const std::string& file) override {
    WEIR_RETURN_IF_ERROR(Fault("read " + file));
    const auto it = files_.find(file);
    if (it == files_.end()) return Error{ErrorCode::kNotFound, "no " + file, ""};
    return it->second;
  }
  Result<std::vector<std::string>> Children(const std::string& group) override {
    std::vector<std::string> names;
    for (const std::string& one : groups_) {
      if (one.starts_with(group + "/")) names.push_back(one.substr(group.size() + 1));
    }
    return names;
  }
  Status RemoveGroup(const std::string& group) override {
    WEIR_RETURN_IF_ERROR(Fault("remove " + group));
    groups_.erase(group);
    return {};
  }

  Status Fault(const std::string& call) const {
    for (const auto& [part, code] : faults_) {
      if (call.find(part) != std::string::npos) return Error{code, "cannot " + call, ""};
    }
    return {};
  }

  CgroupFacts facts_;
  std::set<std::string> withheld_;
  std::map<std::string, ErrorCode> faults_;
  std::set<std::string> groups_;
  std::map<std::string, std::string> files_;
};

const ContainerId kId = ContainerId::Make({{1'700'000'000'000, 7}, 1}, Epoch{1}, 1);

CgroupOptions Options() {
  CgroupOptions options;
  options.name = "weir-c-n";
  options.pids_limit = 100;
  options.cpu = {false, 8, 2};
  options.machine_cores = 2;
  return options;
}

std::string Report(const ContainerGroups& groups) {
  std::string text;
  for (const auto& line : groups.report()) {
    text += line.what + (line.enforced ? ": " : " NOT: ") + line.words + "\n";
  }
  return text;
}

auto& Files() {
  return platform::FileSystem::Real();
}

TEST(ContainerGroups, UseTheTreeForKillingAndV1ForLimitsWhereBothAre) {
  FakeDriver driver(HybridFacts());
  const auto groups = ContainerGroups::Start(Options(), Files(), driver);
  EXPECT_EQ(groups->mode(), "hybrid");
  const auto paths = groups->Create(kId, {64, 2});
  ASSERT_TRUE(paths.ok()) << paths.error().ToString();
  const std::string tail = "/weir-c-n/" + kId.ToString();
  EXPECT_EQ(paths->unified, "/sys/fs/cgroup/unified/service" + tail);
  EXPECT_EQ(paths->freezer, "");
  const std::string memory = "/sys/fs/cgroup/memory/system/weir" + tail;
  EXPECT_THAT(
      paths->others,
      ElementsAre(memory, "/sys/fs/cgroup/cpu,cpuacct" + tail, "/sys/fs/cgroup/pids" + tail));
  EXPECT_EQ(driver.files_[memory + "/memory.limit_in_bytes"], "67108864");
  EXPECT_EQ(driver.files_["/sys/fs/cgroup/cpu,cpuacct" + tail + "/cpu.shares"], "2048");
  EXPECT_EQ(driver.files_["/sys/fs/cgroup/pids" + tail + "/pids.max"], "100");
  EXPECT_TRUE(groups->Remove(kId).ok());
  EXPECT_THAT(driver.groups_, ::testing::Not(Contains(HasSubstr(kId.ToString()))));
}

TEST(ContainerGroups, UseTheFreezerWhereThereIsNoTree) {
  FakeDriver driver(V1Facts());
  const auto groups = ContainerGroups::Start(Options(), Files(), driver);
  EXPECT_EQ(groups->mode(), "v1");
  EXPECT_EQ(groups->PathsOf(kId).freezer, "/sys/fs/cgroup/freezer/weir-c-n/" + kId.ToString());
  EXPECT_EQ(groups->PathsOf(kId).others.size(), 3u);
}

TEST(ContainerGroups, AreOneDirectoryInV2) {
  FakeDriver driver(V2Facts());
  CgroupOptions options = Options();
  options.cpu.cores = 1;
  const auto groups = ContainerGroups::Start(options, Files(), driver);
  EXPECT_EQ(groups->mode(), "v2");
  ASSERT_TRUE(groups->Create(kId, {64, 2}).ok());
  const std::string node = "/sys/fs/cgroup/system.slice/weir.service/weir-c-n";
  EXPECT_EQ(driver.files_[node + "/cpu.max"], "100000 100000");
  EXPECT_THAT(groups->PathsOf(kId).All(), ElementsAre(node + "/" + kId.ToString()));
  EXPECT_EQ(driver.files_[node + "/" + kId.ToString() + "/memory.max"], "67108864");
  EXPECT_EQ(driver.files_[node + "/memory.max"], "max") << "an earlier run may have had one";
  ASSERT_TRUE(groups->SetNodeMemoryLimit(1000).ok());
  EXPECT_EQ(driver.files_[node + "/memory.max"], "1048576000");
  ASSERT_TRUE(groups->SetNodeMemoryLimit(std::nullopt).ok());
  EXPECT_EQ(driver.files_[node + "/memory.max"], "max");
}

TEST(ContainerGroups, MayHaveOneLimitOnMemoryForAllTogether) {
  FakeDriver driver(V2Facts());
  CgroupOptions options = Options();
  options.memory_limits = false;
  options.node_memory_mib = 900;
  const auto groups = ContainerGroups::Start(options, Files(), driver);
  ASSERT_TRUE(groups->Create(kId, {64, 2}).ok());
  const std::string node = "/sys/fs/cgroup/system.slice/weir.service/weir-c-n";
  EXPECT_EQ(driver.files_[node + "/memory.max"], std::to_string(int64_t{900} << 20));
  EXPECT_EQ(driver.files_[node + "/" + kId.ToString() + "/memory.max"], "max");
  EXPECT_THAT(Report(*groups), HasSubstr("memory: a limit of 900 MiB for all together, v2"));
}

TEST(ContainerGroups, SayWhatIsNotEnforcedAndWhy) {
  FakeDriver driver(V2Facts());
  driver.withheld_ = {"memory"};
  const auto groups = ContainerGroups::Start(Options(), Files(), driver);
  EXPECT_THAT(Report(*groups),
              HasSubstr("memory NOT: the v2 controller 'memory' is not handed down to "));
  EXPECT_THAT(Report(*groups),
              HasSubstr("cpu: shares for each container, of 2 of 2 processors, v2"));
  EXPECT_TRUE(groups->Create(kId, {64, 2}).ok());
  EXPECT_EQ(groups->MemoryOf(kId), std::nullopt);
  const Status limited = groups->SetNodeMemoryLimit(1000);
  ASSERT_FALSE(limited.ok());
  EXPECT_THAT(limited.error().message, HasSubstr("is not handed down"));
}

TEST(ContainerGroups, AreNoneWhereNothingCanBeWrittenAndThatIsSaid) {
  FakeDriver driver(HybridFacts());
  driver.faults_["make "] = ErrorCode::kPermissionDenied;
  const auto groups = ContainerGroups::Start(Options(), Files(), driver);
  EXPECT_FALSE(groups->usable());
  EXPECT_EQ(groups->mode(), "none");
  for (const auto& line : groups->report()) {
    EXPECT_FALSE(line.enforced);
    EXPECT_THAT(line.words, HasSubstr("cannot make /sys/fs/cgroup/"));
  }
  const auto paths = groups->Create(kId, {64, 2});
  ASSERT_TRUE(paths.ok());
  EXPECT_TRUE(paths->empty());
  EXPECT_TRUE(groups->IsEmpty(kId));
}

TEST(ContainerGroups, LeaveNothingBehindWhenACallFails) {
  const char* const calls[] = {"make /sys/fs/cgroup/pids/weir-c-n/container",
                               "memory.limit_in_bytes",
                               "cpu.shares",
                               "pids.max"};
  for (const char* call : calls) {
    FakeDriver driver(HybridFacts());
    const auto groups = ContainerGroups::Start(Options(), Files(), driver);
    const auto before = driver.groups_;
    driver.faults_[call] = ErrorCode::kResourceExhausted;
    const auto paths = groups->Create(kId, {64, 2});
    ASSERT_FALSE(paths.ok()) << call;
    EXPECT_EQ(paths.error().code, ErrorCode::kResourceExhausted);
    EXPECT_EQ(driver.groups_, before) << call;
  }
}

TEST(ContainerGroups, TakeNoNotesOfAGroupThatAnEarlierRunLeft) {
  FakeDriver driver(HybridFacts());
  const auto groups = ContainerGroups::Start(Options(), Files(), driver);
  ASSERT_TRUE(groups->Create(kId, {64, 2}).ok());
  EXPECT_TRUE(groups->Create(kId, {64, 2}).ok()) << "made anew";
  driver.faults_["remove "] = ErrorCode::kFailedPrecondition;
  const auto paths = groups->Create(kId, {64, 2});
  ASSERT_FALSE(paths.ok());
  EXPECT_EQ(paths.error().code, ErrorCode::kAlreadyExists);
}

TEST(ContainerGroups, AreSweptUnlessInUse) {
  FakeDriver driver(HybridFacts());
  const auto groups = ContainerGroups::Start(Options(), Files(), driver);
  const ContainerId other = ContainerId::Make(kId.attempt, Epoch{1}, 2);
  ASSERT_TRUE(groups->Create(kId, {64, 2}).ok());
  const std::string left = "/sys/fs/cgroup/memory/system/weir/weir-c-n/" + other.ToString();
  driver.groups_.insert(left);
  driver.groups_.insert("/sys/fs/cgroup/memory/system/weir/weir-c-another/x");
  const auto swept = groups->SweepOthers(seconds(1));
  ASSERT_TRUE(swept.ok());
  EXPECT_EQ(*swept, 1u);
  EXPECT_THAT(driver.groups_, ::testing::Not(Contains(left)));
  EXPECT_THAT(driver.groups_, Contains("/sys/fs/cgroup/memory/system/weir/weir-c-another/x"));
  EXPECT_THAT(driver.groups_, Contains(groups->PathsOf(kId).unified));
  driver.groups_.insert(left);
  driver.faults_["remove " + left] = ErrorCode::kFailedPrecondition;
  const auto stuck = groups->SweepOthers(milliseconds(1));
  ASSERT_FALSE(stuck.ok());
  EXPECT_THAT(stuck.error().message, HasSubstr(left));
}

}  // namespace
}  // namespace weir::nm
