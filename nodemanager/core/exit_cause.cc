#include "nodemanager/core/exit_cause.h"

#include "common/limits.h"
#include "common/strings.h"

namespace weir::nm {
namespace {

constexpr int kSignalBase = 128;  // a shell's way to say "died of signal n"
constexpr int kSigKill = 9;
constexpr int kExecFailed = 126;
constexpr int kCommandNotFound = 127;
constexpr int kLastLines = 5;
constexpr size_t kLastLineBytes = 300;

struct SignalWord {
  int number;
  const char* name;
};
constexpr SignalWord kSignalWords[] = {{1, "SIGHUP"},
                                       {2, "SIGINT"},
                                       {3, "SIGQUIT"},
                                       {4, "SIGILL"},
                                       {6, "SIGABRT"},
                                       {7, "SIGBUS"},
                                       {8, "SIGFPE"},
                                       {9, "SIGKILL"},
                                       {11, "SIGSEGV"},
                                       {13, "SIGPIPE"},
                                       {14, "SIGALRM"},
                                       {15, "SIGTERM"},
                                       {24, "SIGXCPU"},
                                       {25, "SIGXFSZ"},
                                       {31, "SIGSYS"}};

std::string SignalName(int number) {
  for (const SignalWord& word : kSignalWords) {
    if (word.number == number) return word.name;
  }
  return "signal " + std::to_string(number);
}

std::string OutcomeWords(const ExitOutcome& outcome) {
  switch (outcome.kind) {
    case ExitKind::kExited:
      return "exit status " + std::to_string(outcome.value);
    case ExitKind::kSignaled:
      return "died of " + SignalName(outcome.value);
    case ExitKind::kLost:
      return "its launcher was killed, so its exit status is not known";
  }
  return "";
}

std::string Bounded(std::string text) {
  return CutMiddle(std::move(text), limits::kDiagnosticsBytes);
}

const char* StopWords(StopCause cause) {
  switch (cause) {
    case StopCause::kStoppedByApplicationMaster:
      return "stopped by its ApplicationMaster";
    case StopCause::kReleasedByApplicationMaster:
      return "released by its ApplicationMaster";
    case StopCause::kKilledByResourceManager:
      return "killed by the ResourceManager";
    case StopCause::kApplicationEnded:
      return "stopped because its application has ended";
    case StopCause::kPreempted:
      return "preempted: the scheduler wanted its resources for others";
    case StopCause::kNodeDecommissioned:
      return "stopped because its node is being decommissioned";
    case StopCause::kNodeManagerStopping:
      return "stopped because its NodeManager is shutting down";
    case StopCause::kPhysicalMemoryExceeded:
      return "stopped because it uses more memory than it may";
    case StopCause::kVirtualMemoryExceeded:
      return "stopped because it uses more virtual memory than it may";
    case StopCause::kExcessLogs:
      return "killed because its logs are larger than they may be";
    case StopCause::kLeaseEnded:
      return "stopped by its node, which had heard of no ResourceManager for its lease";
    case StopCause::kGracefulShutdown:
      return "asked to end with GRACEFUL_SHUTDOWN";
    case StopCause::kForcefulShutdown:
      return "killed with FORCEFUL_SHUTDOWN";
  }
  return "";
}

int StopCode(StopCause cause) {
  switch (cause) {
    case StopCause::kStoppedByApplicationMaster:
      return exit_code::kKilledByApplicationMaster;
    case StopCause::kReleasedByApplicationMaster:
    case StopCause::kNodeDecommissioned:
    case StopCause::kNodeManagerStopping:
    case StopCause::kLeaseEnded:
      return exit_code::kAborted;
    case StopCause::kKilledByResourceManager:
      return exit_code::kKilledByResourceManager;
    case StopCause::kApplicationEnded:
      return exit_code::kKilledAfterApplicationEnd;
    case StopCause::kPreempted:
      return exit_code::kPreempted;
    case StopCause::kPhysicalMemoryExceeded:
      return exit_code::kPhysicalMemoryExceeded;
    case StopCause::kVirtualMemoryExceeded:
      return exit_code::kVirtualMemoryExceeded;
    case StopCause::kExcessLogs:
      return exit_code::kExcessLogs;
    case StopCause::kGracefulShutdown:
      return exit_code::kTerminated;
    case StopCause::kForcefulShutdown:
      return exit_code::kForceKilled;
  }
  return exit_code::kAborted;
}

// Whether such a stop begins with SIGTERM and ends with SIGKILL.
bool HasGrace(StopCause cause) {
  return cause != StopCause::kGracefulShutdown && cause != StopCause::kForcefulShutdown;
}

// How the kernel ended it for want of memory; "" when it did not.
std::string OomWords(const ExitOutcome& outcome) {
  if (!outcome.group || outcome.group->oom_kills == 0) return "";
  const GroupMemory& memory = *outcome.group;
  std::string text;
  if (memory.at_own_limit) {
    text = "killed by the kernel at its memory limit: peak " + std::to_string(memory.peak_mib) +
           " MiB of " + std::to_string(memory.limit_mib) + " MiB";
  } else {
    text = "killed by the kernel because the node's memory was used up: peak " +
           std::to_string(memory.peak_mib) + " MiB";
    if (memory.limit_mib > 0) text += " of " + std::to_string(memory.limit_mib) + " MiB";
  }
  if (memory.oom_kills > 1) text += ", " + std::to_string(memory.oom_kills) + " processes";
  return text;
}

// Dead of SIGKILL, or a shell's word for a child that was.
bool IsKilled(const ExitOutcome& outcome) {
  switch (outcome.kind) {
    case ExitKind::kExited:
      return outcome.value == kSignalBase + kSigKill;
    case ExitKind::kSignaled:
      return outcome.value == kSigKill;
    case ExitKind::kLost:
      return false;
  }
  return false;
}

std::string MemoryWords(const ExitOutcome& outcome, const Resource& resource) {
  if (outcome.group && outcome.group->peak_mib > 0) {
    return "; peak memory " + std::to_string(outcome.group->peak_mib) + " MiB of " +
           std::to_string(resource.memory_mib) + " MiB";
  }
  if (outcome.peak_memory_mib == 0) return "";
  return "; peak memory of its largest process " + std::to_string(outcome.peak_memory_mib) +
         " MiB of " + std::to_string(resource.memory_mib) + " MiB";
}

// The last lines as one: a cause stands in tables, logs and messages of one line. The whole is in
// the container's log.
std::string LastWords(const std::string& tail) {
  std::vector<std::string> lines;
  for (const std::string_view raw : Split(tail, '\n')) {
    std::string line(Trim(raw));
    for (char& c : line) {
      if (static_cast<unsigned char>(c) < ' ') c = ' ';
    }
    if (line.empty()) continue;
    if (line.size() > kLastLineBytes) line = line.substr(0, kLastLineBytes) + "...";
    lines.push_back(std::move(line));
  }
  if (lines.size() > kLastLines) lines.erase(lines.begin(), lines.end() - kLastLines);
  return Join(lines, " | ");
}

}  // namespace

StopCause CauseOf(StopReason reason) {
  switch (reason) {
    case StopReason::kReleasedByApplicationMaster:
      return StopCause::kReleasedByApplicationMaster;
    case StopReason::kKilledByResourceManager:
      return StopCause::kKilledByResourceManager;
    case StopReason::kApplicationEnded:
      return StopCause::kApplicationEnded;
    case StopReason::kPreempted:
      return StopCause::kPreempted;
    case StopReason::kNodeDecommissioned:
      return StopCause::kNodeDecommissioned;
  }
  return StopCause::kKilledByResourceManager;
}

ExitCause DescribeStop(StopCause cause,
                       const std::string& words,
                       const std::optional<ExitOutcome>& outcome,
                       Duration waited,
                       Duration sigkill_delay) {
  std::string text = words.empty() ? StopWords(cause) : words;
  if (!outcome) return {StopCode(cause), text + "; its process was never started"};
  // What follows a dump of processes is not of its last line.
  const char* const separator = text.find('\n') == std::string::npos ? "; " : "\n";
  const std::string after = " " + std::to_string(ToMillis(waited)) + " ms after the request";
  const bool killed = outcome->kind == ExitKind::kSignaled && outcome->value == kSigKill;
  if (killed && HasGrace(cause) && waited >= sigkill_delay) {
    text += separator;
    text += "it did not end within " + std::to_string(ToMillis(sigkill_delay)) +
            " ms of SIGTERM and died of SIGKILL" + after;
  } else {
    text += separator + OutcomeWords(*outcome) + after;
  }
  return {StopCode(cause), Bounded(std::move(text))};
}

ExitCause DescribeStopBetweenRetries(StopCause cause) {
  return {StopCode(cause),
          std::string(StopWords(cause)) + " while it waited to be started again after a failure"};
}

ExitCause DescribeExit(const ExitOutcome& outcome, const Resource& resource) {
  if (outcome.kind == ExitKind::kExited && outcome.value == 0) return {exit_code::kSuccess, ""};
  ExitCause cause;
  switch (outcome.kind) {
    case ExitKind::kExited:
      cause.exit_code = outcome.value;
      break;
    case ExitKind::kSignaled:
      cause.exit_code = kSignalBase + outcome.value;
      break;
    case ExitKind::kLost:
      cause.exit_code = exit_code::kLost;
      break;
  }
  const std::string oom = OomWords(outcome);
  // Its main process may have gone on and ended for another reason: its own code tells more then.
  if (!oom.empty() && IsKilled(outcome)) cause.exit_code = exit_code::kPhysicalMemoryExceeded;
  std::string text = OutcomeWords(outcome);
  if (!oom.empty()) {
    text = oom + "; " + text;
  } else if (outcome.kind == ExitKind::kSignaled && outcome.value == kSigKill) {
    text += ", not sent by this NodeManager (by hand, or by the kernel for want of memory)";
  }
  if (outcome.kind == ExitKind::kExited && outcome.value == kCommandNotFound) {
    text += ", a shell's word for a command that was not found";
  }
  if (outcome.kind == ExitKind::kExited && outcome.value == kExecFailed) {
    text += ", a shell's word for a command that could not be run";
  }
  if (oom.empty()) text += MemoryWords(outcome, resource);
  if (!outcome.full_disk.empty()) text += "; the disk of " + outcome.full_disk + " is full";
  if (const std::string words = LastWords(outcome.stderr_tail); !words.empty()) {
    text += "; last words on stderr: " + words;
  }
  cause.diagnostics = Bounded(std::move(text));
  return cause;
}

ExitCause DescribeLocalizationFailure(const Error& error) {
  return {exit_code::kLocalizationFailed, Bounded("it could not be prepared: " + error.ToString())};
}

ExitCause DescribeLaunchFailure(const Error& error) {
  return {exit_code::kLaunchFailed,
          Bounded("its process could not be started: " + error.ToString())};
}

ExitCause DescribeNodeFault(const Error& error) {
  return {exit_code::kDisksFailed,
          Bounded("its node could not start it, which is no fault of the application: " +
                  error.ToString())};
}

ExitCause DescribeRefusal(const Error& error) {
  return {exit_code::kAborted, Bounded("refused by its node: " + error.ToString())};
}

}  // namespace weir::nm
