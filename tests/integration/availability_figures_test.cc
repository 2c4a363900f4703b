// How long it takes until a ResourceManager that was stopped has stepped down, and until everything
// is as before when ZooKeeper was away for a minute. With WEIR_FIGURES=1 the figures that are
// promised are asserted; otherwise they are reported only.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/exit_status.h"
#include "common/strings.h"
#include "platform/clock.h"
#include "platform/config_keys.h"
#include "tests/integration/high_availability_test.h"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;
using namespace platform::keys;

constexpr int64_t kStepDownMs = 1000;
constexpr int64_t kWholeMs = 5000;
constexpr Duration kAway = seconds(60);
constexpr Duration kBetweenReads = seconds(3);
constexpr int kStops = 5;
constexpr int64_t kDayMs = int64_t{24} * 3600 * 1000;

bool AssertsFigures() {
  const char* text = std::getenv("WEIR_FIGURES");
  return text != nullptr && std::string_view(text) == "1";
}

// How long something is as it is: the length of a fault.
void PauseUntil(Instant due) {
  for (Instant now = platform::MonotonicNow(); now < due; now = platform::MonotonicNow()) {
    ::poll(nullptr, 0, static_cast<int>(ToMillis(due - now)) + 1);
  }
}

int64_t MillisSince(Instant then) {
  return ToMillis(platform::MonotonicNow() - then);
}

// When a line of a log was written: "2026-11-30T22:04:51.528Z ...", of that day.
std::optional<int64_t> MillisOfDay(const std::string& line) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  int millis = 0;
  if (line.size() < 24 ||
      std::sscanf(line.c_str() + 11, "%2d:%2d:%2d.%3dZ", &hour, &minute, &second, &millis) != 4) {
    return std::nullopt;
  }
  return ((hour * 60 + minute) * int64_t{60} + second) * 1000 + millis;
}

// From the first sign, after it goes on, that ZooKeeper has answered one of its sessions, to the
// line that says it is standby; nothing while that is not there.
std::optional<int64_t> StepDownMs(const std::string& log, const std::string& id) {
  std::optional<int64_t> noticed;
  for (const std::string_view part : Split(log, '\n')) {
    const std::string line(part);
    const bool speaks = line.find(" rm.store zookeeper connected") != std::string::npos ||
                        line.find(" rm.election zookeeper ") != std::string::npos ||
                        line.find(" rm.election " + id) != std::string::npos ||
                        line.find(" rm.server - stepping down") != std::string::npos;
    const bool lost = line.find("not connected") != std::string::npos;
    if (!noticed && speaks && !lost) noticed = MillisOfDay(line);
    if (line.find(" rm.role " + id + " standby") == std::string::npos) continue;
    const auto standby = MillisOfDay(line);
    EXPECT_TRUE(noticed && standby) << "nothing is said of ZooKeeper before: " << log;
    if (!noticed || !standby) return 0;
    return (*standby - *noticed + kDayMs) % kDayMs;
  }
  return std::nullopt;
}

class AvailabilityFigures : public HighAvailability {
 protected:
  AvailabilityFigures() { servers_ = 3; }

  ::testing::AssertionResult AwaitRoles() {
    return WaitUntil(
        [this] {
          const std::string first = cluster().RoleOf(1);
          const std::string second = cluster().RoleOf(2);
          const bool connected = InfoOf(1, "haZooKeeperConnectionState") == "CONNECTED" &&
                                 InfoOf(2, "haZooKeeperConnectionState") == "CONNECTED";
          return connected && ((first == "ACTIVE" && second == "STANDBY") ||
                               (first == "STANDBY" && second == "ACTIVE"));
        },
        "one is active and the other standby, and both have a session");
  }
  // `weir application -submit` of something short, which waits so long for one that can take it.
  std::unique_ptr<Process> BeginSubmission(const std::string& log, Duration max_wait) {
    ProcessOptions process;
    process.argv = {BinaryPath("weir"),
                    "application",
                    "-submit",
                    "-memory",
                    "64",
                    "-D",
                    std::string(kRmMaxWait) + "=" + std::to_string(ToMillis(max_wait)),
                    "--",
                    "true"};
    process.environment = cluster().WeirEnvironment();
    process.log_file = Scratch(log);
    return std::make_unique<Process>(process);
  }
  // What it has said so far, and the application that it was told.
  std::string Said(const std::string& log) { return ReadWholeFile(Scratch(log)); }
  std::string ApplicationIn(const std::string& log) {
    const std::string said = Said(log);
    for (const std::string_view line : Split(said, '\n')) {
      if (line.starts_with("application_")) return std::string(line);
    }
    return "";
  }
  void ExpectReadsWork(int active) {
    EXPECT_EQ(InfoOf(active, "haState"), "ACTIVE");
    const CommandResult applications = cluster().Weir({"application", "-list"});
    EXPECT_EQ(applications.exit_code, 0) << applications.ToString();
    EXPECT_THAT(applications.out, HasSubstr("RUNNING"));
    const CommandResult nodes = cluster().Weir({"node", "-list"});
    EXPECT_EQ(nodes.exit_code, 0) << nodes.ToString();
    EXPECT_THAT(nodes.out, HasSubstr("RUNNING"));
  }
  void StopZooKeeperForAMinute();
  void ExpectWholeSoon();
};

// It does not know that it was replaced until it goes on; then it must find out, and make way.
TEST_F(AvailabilityFigures, OneThatWasStoppedStepsDownWithinASecondOfBeingAbleToNotice) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  int64_t longest = 0;
  for (int stops = 0; stops < kStops; ++stops) {
    const int stopped = AwaitSomeActive();
    ASSERT_TRUE(AwaitRoles());
    const std::string log = cluster().LogFile(Id(stopped));
    const size_t known = ReadWholeFile(log).size();
    cluster().resource_manager(stopped).Signal(SIGSTOP);
    const Instant began = platform::MonotonicNow();
    ASSERT_TRUE(cluster().AwaitActive(Other(stopped)));
    PauseUntil(began + seconds(3));  // of its session three
    cluster().resource_manager(stopped).Signal(SIGCONT);
    const Instant goes_on = platform::MonotonicNow();
    std::optional<int64_t> took;
    ASSERT_TRUE(WaitUntil(
        [&] {
          took = StepDownMs(ReadWholeFile(log).substr(known), Id(stopped));
          return took.has_value();
        },
        Id(stopped) + " is standby"));
    std::printf("stepped_down_ms=%lld since_it_goes_on_ms=%lld\n",
                static_cast<long long>(*took),
                static_cast<long long>(MillisSince(goes_on)));
    longest = std::max(longest, *took);
    EXPECT_TRUE(cluster().resource_manager(stopped).IsRunning()) << "as the same process";
  }
  if (AssertsFigures()) {
    EXPECT_LE(longest, kStepDownMs);
  }
}

void AvailabilityFigures::StopZooKeeperForAMinute() {
  const int active = AwaitSomeActive();
  ASSERT_TRUE(AwaitRoles());
  ensemble_->StopAll();
  const Instant began = platform::MonotonicNow();
  const auto refused = BeginSubmission("refused", Duration(0));
  const auto waiting = BeginSubmission("waiting", seconds(300));
  while (platform::MonotonicNow() < began + kAway) {
    ExpectReadsWork(active);
    PauseUntil(std::min(platform::MonotonicNow() + kBetweenReads, began + kAway));
  }
  EXPECT_EQ(InfoOf(active, "haZooKeeperConnectionState"), "DISCONNECTED");
  EXPECT_EQ(StateOf(Other(active)), "standby\n");
  // Of those who would not wait, and would.
  EXPECT_EQ(refused->Wait(seconds(1)), std::optional<int>(exit_status::kUnavailable));
  EXPECT_THAT(Said("refused"), HasSubstr("the state store in ZooKeeper has not answered since 20"));
  EXPECT_TRUE(waiting->IsRunning()) << Said("waiting");
  EXPECT_THAT(Said("waiting"), HasSubstr("the state store in ZooKeeper has not answered since 20"));
  EXPECT_THAT(Said("waiting"), Not(HasSubstr("no ResourceManager is active")));

  for (size_t server = 0; server < ensemble_->size(); ++server) ensemble_->StartServer(server);
  ASSERT_TRUE(WaitUntil([this] { return ensemble_->IsServing(); }, "ZooKeeper serves"));
  ASSERT_NO_FATAL_FAILURE(ExpectWholeSoon());
  EXPECT_EQ(waiting->Wait(), std::optional<int>(0)) << Said("waiting");
}

// From when ZooKeeper serves again.
void AvailabilityFigures::ExpectWholeSoon() {
  const Instant serves = platform::MonotonicNow();
  ASSERT_TRUE(AwaitRoles());
  ASSERT_TRUE(cluster().WaitForNodes(1));
  const int64_t roles = MillisSince(serves);
  ASSERT_TRUE(WaitUntil([this] { return !ApplicationIn("waiting").empty(); },
                        "the submission that waits is taken"));
  EXPECT_TRUE(AwaitFinalStatus(ApplicationIn("waiting"), "SUCCEEDED"));
  const int64_t waited = MillisSince(serves);
  EXPECT_TRUE(AwaitFinalStatus(SubmitShell({"-memory", "64"}, "true"), "SUCCEEDED"));
  const int64_t whole = MillisSince(serves);
  std::printf("roles_and_nodes_ms=%lld waiting_application_ms=%lld whole_ms=%lld\n",
              static_cast<long long>(roles),
              static_cast<long long>(waited),
              static_cast<long long>(whole));
  if (AssertsFigures()) {
    EXPECT_LE(whole, kWholeMs);
  }
}

// Nothing is killed, reads work, submissions wait or are refused with the reason.
TEST_F(AvailabilityFigures, ZooKeeperAwayForAMinuteDisturbsNothingAndAllIsNormalSoonAfter) {
  ExpectContainersGoOn([this] { StopZooKeeperForAMinute(); });
}

// With the session that is the default, which is over by then as well.
TEST_F(AvailabilityFigures, AMinuteWithoutZooKeeperEndsAsSoonWithALongerSession) {
  zk_timeout_ = "10000";
  ExpectContainersGoOn([this] { StopZooKeeperForAMinute(); });
}

}  // namespace
}  // namespace weir::testing
