#include "appmaster/core/command_core.h"

#include <gmock/gmock.h>

namespace weir::am {
namespace {

using ::testing::HasSubstr;

ContainerId Container(int64_t sequence) {
  return ContainerId::Make({{1700000000000, 1}, 1}, Epoch{3}, sequence);
}

ContainerStatus Ended(int64_t sequence, int exit_code, const std::string& diagnostics = "") {
  ContainerStatus status;
  status.id = Container(sequence);
  status.state = ContainerState::kComplete;
  status.exit_code = exit_code;
  status.diagnostics = diagnostics;
  return status;
}

class Command {
 public:
  explicit Command(int32_t containers)
      : Command({.containers = containers, .resource = {1024, 1}}) {}
  explicit Command(const CommandOptions& options) : core(options) {}
  void Step(const CommandInput& input) {
    for (const auto& action : core.Step(input, now)) history.push_back(action);
  }
  void Register() { Step(CommandRegistered{{1024, 1}, {8192, 8}}); }
  template <typename T>
  std::vector<T> All() const {
    std::vector<T> found;
    for (const auto& action : history) {
      if (const T* one = std::get_if<T>(&action)) found.push_back(*one);
    }
    return found;
  }
  CommandCore core;
  Instant now{seconds(1000)};
  std::vector<CommandAction> history;
};

TEST(CommandCore, RunsEveryIndexOnceAndSucceedsWhenAllExitWithZero) {
  Command command(3);
  command.Register();
  EXPECT_EQ(command.All<CommandAsk>()[0].count, 3);
  for (int64_t i = 2; i <= 4; ++i) command.Step(CommandGranted{Container(i), "node1:1"});
  command.Step(CommandGranted{Container(2), "node1:1"});  // told twice
  command.Step(CommandGranted{Container(9), "node1:1"});  // one too many
  const auto launches = command.All<CommandLaunch>();
  ASSERT_EQ(launches.size(), 3u);
  for (int32_t i = 0; i < 3; ++i) EXPECT_EQ(launches[static_cast<size_t>(i)].index, i);
  ASSERT_EQ(command.All<CommandRelease>().size(), 1u);
  EXPECT_EQ(command.All<CommandRelease>()[0].container, Container(9));
  command.Step(CommandContainerEnded{Ended(2, 0)});
  command.Step(CommandContainerEnded{Ended(2, 0)});
  command.Step(CommandContainerEnded{Ended(3, 0)});
  EXPECT_TRUE(command.All<CommandFinish>().empty());
  EXPECT_FLOAT_EQ(command.All<CommandProgress>().back().progress, 2.0F / 3.0F);
  command.Step(CommandContainerEnded{Ended(4, 0)});
  ASSERT_EQ(command.All<CommandFinish>().size(), 1u);
  EXPECT_TRUE(command.All<CommandFinish>()[0].succeeded);
  command.Step(CommandAcknowledged{});
  ASSERT_EQ(command.All<CommandEnd>().size(), 1u);
  EXPECT_TRUE(command.All<CommandEnd>()[0].told);
}

TEST(CommandCore, RunsAnIndexAgainThatEndedByNoFaultOfItsOwn) {
  for (const int code : {exit_code::kPreempted, exit_code::kDisksFailed}) {
    Command command(2);
    command.Register();
    command.Step(CommandGranted{Container(2), "node1:1"});
    command.Step(CommandGranted{Container(3), "node1:1"});
    command.Step(CommandContainerEnded{Ended(2, code)});
    EXPECT_EQ(command.All<CommandAsk>().back().count, 1);
    command.Step(CommandContainerEnded{Ended(3, 0)});
    EXPECT_TRUE(command.All<CommandFinish>().empty());
    command.Step(CommandGranted{Container(4), "node2:1"});
    EXPECT_EQ(command.All<CommandLaunch>().back().index, 0);
    command.Step(CommandGranted{Container(5), "node2:1"});  // one too many
    EXPECT_EQ(command.All<CommandRelease>().size(), 1u);
    command.Step(CommandContainerEnded{Ended(4, 0)});
    EXPECT_EQ(command.core.phase(), CommandPhase::kTelling);
    EXPECT_TRUE(command.All<CommandFinish>().at(0).succeeded);
  }
}

TEST(CommandCore, FailsAtTheFirstBadExitNamingContainerNodeAndCauseAndStopsTheOthers) {
  Command command(3);
  command.Register();
  command.Step(CommandGranted{Container(2), "node1:45454"});
  command.Step(CommandGranted{Container(3), "node2:45454"});
  command.Step(CommandContainerEnded{Ended(3, 137, "killed by signal 9")});
  EXPECT_EQ(command.All<CommandAsk>().back().count, 0);
  ASSERT_EQ(command.All<CommandStop>().size(), 1u);
  EXPECT_EQ(command.All<CommandStop>()[0].container, Container(2));
  EXPECT_TRUE(command.All<CommandFinish>().empty()) << "the other container has not ended yet";
  command.Step(CommandContainerEnded{Ended(2, 143)});
  ASSERT_EQ(command.All<CommandFinish>().size(), 1u);
  EXPECT_FALSE(command.All<CommandFinish>()[0].succeeded);
  const std::string cause = command.All<CommandFinish>()[0].diagnostics;
  EXPECT_THAT(cause, HasSubstr(Container(3).ToString()));
  EXPECT_THAT(cause, HasSubstr("node2:45454"));
  EXPECT_THAT(cause, HasSubstr("exit code 137: killed by signal 9"));
}

TEST(CommandCore, FailsWhenAContainerCannotBeStartedAndTellsSoInBoundedTime) {
  Command command(2);
  command.Register();
  command.Step(CommandGranted{Container(2), "node1:1"});
  command.Step(CommandLaunched{Container(2), Error{ErrorCode::kUnavailable, "no route", ""}});
  EXPECT_EQ(command.core.phase(), CommandPhase::kEnding);
  command.now = command.core.NextDeadline();
  command.Step(CommandDeadline{});
  ASSERT_EQ(command.All<CommandFinish>().size(), 1u);
  EXPECT_THAT(command.All<CommandFinish>()[0].diagnostics, HasSubstr("no route"));
}

TEST(CommandCore, FailsAtOnceWhenItsContainersAreLargerThanTheLargest) {
  Command command(1);
  command.Step(CommandRegistered{{1024, 1}, {512, 1}});
  EXPECT_TRUE(command.All<CommandAsk>().empty() || command.All<CommandAsk>().back().count == 0);
  ASSERT_EQ(command.All<CommandFinish>().size(), 1u);
  EXPECT_FALSE(command.All<CommandFinish>()[0].succeeded);
}

TEST(CommandCore, FailsWhenNothingWasPlacedInTimeAndSaysWhy) {
  Command command({.containers = 2, .resource = {1024, 1}, .queue_timeout = seconds(5)});
  command.Register();
  command.Step(CommandPendingExplained{"it fits on no node"});
  command.now += seconds(4);
  command.Register();  // a resync does not begin the time anew
  EXPECT_EQ(command.core.NextDeadline(), command.now + seconds(1));
  command.now += seconds(1);
  command.Step(CommandDeadline{});
  ASSERT_EQ(command.All<CommandFinish>().size(), 1u);
  EXPECT_EQ(command.All<CommandFinish>()[0].diagnostics,
            "none of its 2 containers could be placed within 5000 ms: it fits on no node");
}

TEST(CommandCore, HasAllTheTimeOnceTheFirstContainerWasPlaced) {
  Command command({.containers = 2, .resource = {1024, 1}, .queue_timeout = seconds(5)});
  command.Register();
  command.Step(CommandGranted{Container(2), "node1:1"});
  EXPECT_EQ(command.core.NextDeadline(), kNever);
  command.Register();
  EXPECT_EQ(command.core.NextDeadline(), kNever);
}

TEST(CommandCore, StopsItsContainersWhenTheResourceManagerIsGone) {
  Command command(1);
  command.Register();
  command.Step(CommandGranted{Container(2), "node1:1"});
  command.Step(CommandMasterGone{});
  EXPECT_EQ(command.All<CommandStop>().size(), 1u);
  ASSERT_EQ(command.All<CommandEnd>().size(), 1u);
  EXPECT_FALSE(command.All<CommandEnd>()[0].told);
}

TEST(CommandStates, AnswerWhatCanComeFromOutsideInEveryState) {
  for (const CommandPhase phase : AllCommandPhases()) {
    for (const CommandEvent event : {CommandEvent::kFailed, CommandEvent::kMasterGone}) {
      EXPECT_NE(FindTransition(CommandTransitions(), phase, event).kind, TransitionKind::kInvalid);
    }
  }
  for (const CommandEvent event : AllCommandEvents()) {
    EXPECT_NE(FindTransition(CommandTransitions(), CommandPhase::kEnded, event).kind,
              TransitionKind::kAllowed);
  }
}

}  // namespace
}  // namespace weir::am
