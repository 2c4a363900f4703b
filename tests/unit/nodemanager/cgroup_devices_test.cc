// Device nodes of indices that a container does not hold, in real v1 cgroups. The devices are those
// that every machine has, 1:5 (zero) and 1:7 (full). Needs root and the v1 controller 'devices';
// says why it skips.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "nodemanager/executor/container_groups.h"
#include "tests/unit/nodemanager/executor_fixture.h"

namespace weir::nm {
namespace {

using ::testing::HasSubstr;

class DeviceGroups : public ExecutorTest {
 protected:
  ~DeviceGroups() override {
    executor_.reset();
    if (!own_groups_) return;
    EXPECT_TRUE(own_groups_->SweepOthers(seconds(20)).ok());
    own_groups_->End();
  }

  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "making cgroups needs root";
    if (!MakeGroups(CgroupVersions::kAny)) GTEST_SKIP() << "no devices controller: " << why_not_;
    adjust_ = [this](ProcessExecutorOptions& options) { options.indexed = {type_}; };
    Restart();
  }
  bool MakeGroups(CgroupVersions versions) {
    CgroupOptions options;
    options.placing.versions = versions;
    options.name = "weir-test-devices-" + std::to_string(::getpid());
    options.devices = true;
    own_groups_ = ContainerGroups::Start(options, files_);
    groups_ = own_groups_.get();
    for (const CgroupReportLine& line : groups_->report()) {
      if (line.what == "devices" && !line.enforced) why_not_ = line.words;
    }
    return why_not_.empty();
  }
  // What a container with these indices can open: "zero", "full", "zero full" or "".
  std::string Opens(int64_t number, const ContainerIndices& indices) {
    Localize(
        number,
        Shell("for d in zero full; do head -c1 /dev/$d >data 2>>err && [ -s data ] && echo $d; "
              "done; true"));
    EXPECT_TRUE(box_.Await<LocalizationDone>(IdOf(number)));
    executor_->Launch(nm::Launch{IdOf(number), indices, 0});
    launched_.push_back(IdOf(number));
    AwaitEnd(number);
    return Output(number);
  }

  const IndexedType type_{"card", {{0, 5}, {1, 7}}, 1};
  std::string why_not_;
  std::unique_ptr<ContainerGroups> own_groups_;
};

TEST_F(DeviceGroups, AContainerOpensTheNodesOfItsOwnIndicesOnly) {
  EXPECT_EQ(Opens(1, {{"card", {0, 1}}}), "zero\nfull\n");
  EXPECT_EQ(Opens(2, {{"card", {0}}}), "zero\n");
  EXPECT_EQ(Opens(3, {{"card", {1}}}), "full\n");
  EXPECT_EQ(Opens(4, {}), "");
}

TEST_F(DeviceGroups, WithoutTheControllerTheReportSaysSo) {
  own_groups_->End();
  EXPECT_FALSE(MakeGroups(CgroupVersions::kV2Only));
  EXPECT_THAT(why_not_, HasSubstr("'devices'"));
}

}  // namespace
}  // namespace weir::nm
