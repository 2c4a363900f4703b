#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "common/random.h"
#include "stream/jobmanager/core/job_states.h"
#include "stream/jobmanager/core/source_splits.h"
#include "stream/jobmanager/core/task_states.h"

namespace weir::stream {
namespace {

TEST(JobStates, AnswerEveryPairAndNeverLeaveATerminalState) {
  int allowed = 0;
  for (const JobState state : AllJobStates()) {
    for (const JobEvent event : AllJobEvents()) {
      const auto answer = FindTransition(JobTransitions(), state, event);
      if (answer.kind != TransitionKind::kAllowed) {
        EXPECT_EQ(answer.to, state);
      }
      if (IsTerminal(state)) {
        EXPECT_NE(answer.kind, TransitionKind::kAllowed);
      }
      allowed += answer.kind == TransitionKind::kAllowed ? 1 : 0;
    }
    // What can come from outside at any time must not be a fault.
    for (const JobEvent event : {JobEvent::kFailure, JobEvent::kCancelRequested}) {
      EXPECT_NE(FindTransition(JobTransitions(), state, event).kind, TransitionKind::kInvalid)
          << JobStateName(state) << " " << JobEventName(event);
    }
  }
  EXPECT_EQ(allowed, 13);
}

TEST(JobStates, ReachATerminalStateFromEveryStateByFailureOrCancellation) {
  for (JobState state : AllJobStates()) {
    for (int i = 0; i < 3 && !IsTerminal(state); ++i) {
      auto next = FindTransition(JobTransitions(), state, JobEvent::kFailure);
      if (next.kind != TransitionKind::kAllowed) {
        next = FindTransition(JobTransitions(), state, JobEvent::kCleanedUp);
      }
      state = next.to;
    }
    EXPECT_TRUE(IsTerminal(state));
  }
}

TEST(TaskStates, AnswerEveryPairAndNeverLeaveATerminalState) {
  for (const TaskState state : AllTaskStates()) {
    for (const TaskEvent event : AllTaskEvents()) {
      const auto answer = FindTransition(TaskTransitions(), state, event);
      if (IsTerminal(state)) {
        EXPECT_NE(answer.kind, TransitionKind::kAllowed);
      }
      const bool deployed = state != TaskState::kCreated && state != TaskState::kScheduled;
      const bool planned = event == TaskEvent::kSchedule || event == TaskEvent::kDeploy;
      // A deployed task has an answer to everything that its TaskManager or its loss can say.
      if (deployed && !planned) {
        EXPECT_NE(answer.kind, TransitionKind::kInvalid);
      }
      if (deployed && event == TaskEvent::kWorkerLost) {
        EXPECT_TRUE(IsTerminal(answer.to));
      }
    }
  }
}

TEST(SourceSplits, CoverEveryByteOnceInOrderAndBalanced) {
  Random random(7);
  for (int round = 0; round < 500; ++round) {
    std::vector<SourceFile> files;
    int64_t total = 0;
    for (uint64_t i = 0; i < random.Below(6); ++i) {
      const int64_t size = random.Chance(1, 4) ? 0 : random.Between(1, 50);
      files.push_back({"/f" + std::to_string(i), size});
      total += size;
    }
    const auto parallelism = static_cast<int32_t>(random.Between(1, 9));
    const auto splits = CutSplits(files, parallelism);
    ASSERT_EQ(splits.size(), static_cast<size_t>(parallelism));
    std::map<std::string, int64_t> covered;
    int64_t least = total;
    int64_t most = 0;
    for (const auto& subtask : splits) {
      int64_t bytes = 0;
      for (const FileSplit& split : subtask) {
        EXPECT_EQ(split.begin_byte, covered[split.path]);
        EXPECT_LT(split.begin_byte, split.end_byte);
        covered[split.path] = split.end_byte;
        bytes += split.end_byte - split.begin_byte;
      }
      least = std::min(least, bytes);
      most = std::max(most, bytes);
    }
    for (const SourceFile& file : files) {
      if (file.size > 0) {
        EXPECT_EQ(covered[file.path], file.size);
      }
    }
    EXPECT_LE(most - least, 1);
  }
}

}  // namespace
}  // namespace weir::stream
