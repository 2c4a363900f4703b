// CommandCore: decides about the containers of an application that runs one command in each of N
// containers: succeeds when all exit with 0, fails at the first other end.
//
// A container that the scheduler took back (preempted), or that its node could not start by its own
// fault, is no failure: its index runs again.
//
// Invariants: asks are absolute; each index from 0 to N - 1 is given to one container at a time;
// every container has ended, or has been released, before the final status is told.
// Single-threaded: owned by the event loop. Pure.
#ifndef WEIR_APPMASTER_CORE_COMMAND_CORE_H_
#define WEIR_APPMASTER_CORE_COMMAND_CORE_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/container.h"
#include "common/result.h"
#include "common/time.h"
#include "common/transition_table.h"

namespace weir::am {

// RUNNING; ENDING (containers that are left are being stopped); TELLING (the final status); ENDED.
enum class CommandPhase { kRunning, kEnding, kTelling, kEnded };
enum class CommandEvent {
  kAllSucceeded,
  kFailed,  // a container, or the application as a whole
  kContainersGone,
  kAcknowledged,
  kMasterGone,
};
constexpr std::string_view CommandPhaseName(CommandPhase phase) {
  switch (phase) {
    case CommandPhase::kRunning:
      return "RUNNING";
    case CommandPhase::kEnding:
      return "ENDING";
    case CommandPhase::kTelling:
      return "TELLING";
    case CommandPhase::kEnded:
      return "ENDED";
  }
  return kNoName;
}

constexpr std::string_view CommandEventName(CommandEvent event) {
  switch (event) {
    case CommandEvent::kAllSucceeded:
      return "ALL_SUCCEEDED";
    case CommandEvent::kFailed:
      return "FAILED";
    case CommandEvent::kContainersGone:
      return "CONTAINERS_GONE";
    case CommandEvent::kAcknowledged:
      return "ACKNOWLEDGED";
    case CommandEvent::kMasterGone:
      return "MASTER_GONE";
  }
  return kNoName;
}

std::span<const CommandPhase> AllCommandPhases();
std::span<const CommandEvent> AllCommandEvents();
std::span<const TransitionRow<CommandPhase, CommandEvent>> CommandTransitions();

struct CommandOptions {
  int32_t containers = 1;
  Resource resource;
  Duration stop_grace = seconds(8);  // for stopped containers to end, before the end is told
  Duration queue_timeout{0};  // fails when no container was granted by then; 0 = waits for ever
};

// --- inputs
struct CommandRegistered {
  Resource minimum_allocation;
  Resource maximum_allocation;
};
struct CommandGranted {
  ContainerId container;
  std::string node;
};
// Why the containers that are asked for do not come; "" = nothing is known.
struct CommandPendingExplained {
  std::string detail;
};
struct CommandLaunched {
  ContainerId container;
  Status result;
};
struct CommandContainerEnded {
  ContainerStatus status;
};
struct CommandAcknowledged {};
struct CommandMasterGone {};
struct CommandDeadline {};
using CommandInput = std::variant<CommandRegistered,
                                  CommandGranted,
                                  CommandPendingExplained,
                                  CommandLaunched,
                                  CommandContainerEnded,
                                  CommandAcknowledged,
                                  CommandMasterGone,
                                  CommandDeadline>;

// --- actions
struct CommandAsk {
  int32_t count = 0;
};
struct CommandLaunch {
  ContainerId container;
  int32_t index = 0;
};
struct CommandRelease {
  ContainerId container;
};
struct CommandStop {  // at its NodeManager
  ContainerId container;
};
struct CommandProgress {
  float progress = 0;
};
struct CommandFinish {
  bool succeeded = false;
  std::string diagnostics;
};
struct CommandEnd {
  bool told = false;
};
using CommandAction = std::variant<CommandAsk,
                                   CommandLaunch,
                                   CommandRelease,
                                   CommandStop,
                                   CommandProgress,
                                   CommandFinish,
                                   CommandEnd>;

class CommandCore {
 public:
  explicit CommandCore(const CommandOptions& options);

  std::vector<CommandAction> Step(const CommandInput& input, Instant now);
  Instant NextDeadline() const { return std::min(deadline_, queue_deadline_); }
  CommandPhase phase() const { return phase_; }

 private:
  struct Container {
    int32_t index = 0;
    std::string node;
  };

  void On(const CommandRegistered& event);
  void On(const CommandGranted& event);
  void On(const CommandPendingExplained& event);
  void On(const CommandLaunched& event);
  void On(const CommandContainerEnded& event);
  void On(const CommandAcknowledged& event);
  void On(const CommandMasterGone& event);
  void On(const CommandDeadline& event);
  void Apply(CommandEvent event);
  void Fail(const std::string& cause);
  void CheckQueueDeadline();
  void StopLeft();
  void Ask();

  CommandOptions options_;
  CommandPhase phase_ = CommandPhase::kRunning;
  std::map<ContainerId, Container> running_;
  int32_t started_ = 0;         // indexes given away
  std::vector<int32_t> again_;  // of them, those whose container was preempted
  int32_t ended_ = 0;
  std::string failure_;
  Instant deadline_ = kNever;
  Instant queue_deadline_ = kNever;  // until the first container is granted
  std::string pending_detail_;
  bool told_ = false;

  // Of the step in progress.
  Instant now_;
  std::vector<CommandAction> actions_;
};

}  // namespace weir::am

#endif  // WEIR_APPMASTER_CORE_COMMAND_CORE_H_
