// weir application: -submit, -list, -status, -kill; changes are in application_changes.h.
#include <cstdio>
#include <utility>

#include "client/admin_words.h"
#include "client/application_changes.h"
#include "client/application_watch.h"
#include "client/command.h"
#include "client/local_files.h"
#include "client/node_fit.h"
#include "client/output.h"
#include "client/rm_client.h"
#include "common/strings.h"

namespace weir::cli {
namespace {

constexpr ApplicationState kAllStates[] = {ApplicationState::kNew,
                                           ApplicationState::kSubmitted,
                                           ApplicationState::kAccepted,
                                           ApplicationState::kRunning,
                                           ApplicationState::kFinished,
                                           ApplicationState::kFailed,
                                           ApplicationState::kKilled};

constexpr int64_t kRetriesMax = 1'000'000;
constexpr Duration kRetryIntervalMax = seconds(86'400);
constexpr int64_t kExitCodeMax = 255;

ParseRules Rules() {
  return {.options = {{"submit", "", "", false},
                      {"list", "", "", false},
                      {"status", "ID", "", false},
                      {"kill", "ID", "", false},
                      {"appStates", "STATES", "", false},
                      {"name", "NAME", "", false},
                      {"queue", "QUEUE", "", false},
                      {"containers", "N", "", false},
                      {"memory", "MB", "", false},
                      {"vcores", "N", "", false},
                      {"file", "FILE|URI", "", true},
                      {"archive", "FILE|URI", "", true},
                      {"priority", "N", "", false},
                      {"queue-timeout", "TIME", "", false},
                      {"wait", "", "", false},
                      {"label", "LABEL", "", false},
                      {"amLabel", "LABEL", "", false},
                      {"lifetime", "TIME", "", false},
                      {"maxAttempts", "N", "", false},
                      {"attemptFailuresValidity", "TIME", "", false},
                      {"gang", "", "", false},
                      {"keepOnLeaseEnd", "", "", false},
                      {"spread", "nodes|racks", "", false},
                      {"maxPerNode", "N", "", false},
                      {"resources", "NAME=AMOUNT", "", true},
                      {"retries", "N", "", false},
                      {"retryInterval", "TIME", "", false},
                      {"retryOn", "CODES", "", false},
                      {"movetoqueue", "ID", "", false},
                      {"changeQueue", "QUEUE", "", false},
                      {"updatePriority", "N", "", false},
                      {"updateLifetime", "SECONDS", "", false},
                      {"appId", "ID", "", false},
                      {"explain", "ID", "", false}}};
}

Result<std::vector<ApplicationState>> ParseStates(const std::string& text) {
  std::vector<ApplicationState> states;
  if (ToLower(text) == "all") return states;
  for (const std::string_view word : Split(text, ',')) {
    bool known = false;
    std::vector<std::string> names;
    for (const ApplicationState state : kAllStates) {
      names.emplace_back(ApplicationStateName(state));
      if (ToLower(word) == ToLower(names.back())) {
        states.push_back(state);
        known = true;
      }
    }
    if (!known) {
      return Error{ErrorCode::kInvalidArgument,
                   "'" + std::string(word) + "' is not a state of an application",
                   "the states are ALL, " + Join(names, ", ")};
    }
  }
  return states;
}

ExitCode List(const Invocation& invocation, RmClient& rm) {
  ListFilter filter{.states = {ApplicationState::kNew,
                               ApplicationState::kSubmitted,
                               ApplicationState::kAccepted,
                               ApplicationState::kRunning},
                    .user = "",
                    .queue = invocation.arguments.Get("queue")};
  if (invocation.arguments.Has("appStates")) {
    auto states = ParseStates(invocation.arguments.Get("appStates"));
    if (!states.ok()) return Fail(states.error());
    filter.states = std::move(states).value();
  }
  const auto applications = rm.List(filter);
  if (!applications.ok()) return Fail(applications.error());
  if (invocation.json) {
    std::fputs(ApplicationsJson(*applications).c_str(), stdout);
    return ExitCode::kOk;
  }
  std::vector<std::vector<std::string>> rows;
  for (const ApplicationReport& report : *applications) {
    rows.push_back({report.id.ToString(),
                    report.name,
                    report.type,
                    report.user,
                    report.queue,
                    std::string(ApplicationStateName(report.state)),
                    std::string(FinalStatusName(report.final_status)),
                    FormatPercent(report.progress),
                    report.tracking_url.empty() ? "N/A" : report.tracking_url});
  }
  std::printf("Total number of applications: %zu\n", rows.size());
  std::fputs(FormatTable({"Application-Id",
                          "Application-Name",
                          "Application-Type",
                          "User",
                          "Queue",
                          "State",
                          "Final-State",
                          "Progress",
                          "Tracking-URL"},
                         rows)
                 .c_str(),
             stdout);
  return ExitCode::kOk;
}

// "1; 1 failure counts of at most 2, within 600 s"
std::string AttemptWords(const ApplicationReport& report) {
  const bool one = report.counted_failures == 1;
  std::string words = std::to_string(report.attempt.number) + "; " +
                      std::to_string(report.counted_failures) +
                      (one ? " failure counts" : " failures count") + " of at most " +
                      std::to_string(report.max_attempts);
  if (report.attempt_failures_validity > Duration(0)) {
    words += ", within " + std::to_string(ToMillis(report.attempt_failures_validity)) + " ms";
  }
  return words;
}

void PrintReport(const ApplicationReport& report) {
  const auto line = [](const char* label, const std::string& value) {
    std::printf("\t%s : %s\n", label, value.c_str());
  };
  std::printf("Application Report : \n");
  line("Application-Id", report.id.ToString());
  line("Application-Name", report.name);
  line("Application-Type", report.type);
  line("User", report.user);
  line("Queue", report.queue);
  line("Application Priority", std::to_string(report.priority));
  line("Start-Time", FormatTime(report.started));
  line("Finish-Time", FormatTime(report.finished));
  line("Progress", FormatPercent(report.progress));
  line("State", std::string(ApplicationStateName(report.state)));
  line("Final-State", std::string(FinalStatusName(report.final_status)));
  line("Tracking-URL", report.tracking_url.empty() ? "N/A" : report.tracking_url);
  line("AM Container", report.am_container.number == 0 ? "N/A" : report.am_container.ToString());
  line("AM Address", report.am_address.empty() ? "N/A" : report.am_address.ToString());
  // That of the ApplicationMaster may still be on its way out.
  const int32_t running = IsTerminal(report.state) ? 0 : report.running_containers;
  line("Running Containers", std::to_string(running));
  line("Aggregate Resource Allocation",
       std::to_string(report.memory_seconds) + " MB-seconds, " +
           std::to_string(report.vcore_seconds) + " vcore-seconds");
  line("Waiting",
       report.pending_reason == PendingReason::kNone
           ? "no"
           : std::string(PendingReasonName(report.pending_reason)) + ": " + report.pending_detail);
  line("Attempts", AttemptWords(report));
  if (!report.avoided_nodes.empty()) line("Avoided Nodes", Join(report.avoided_nodes, ", "));
  line("Diagnostics", report.diagnostics);
  line("Preempted Containers", std::to_string(report.preempted_containers));
  line("Application Node Label Expression",
       report.label.empty() ? "<DEFAULT_PARTITION>" : report.label);
  const bool ends = ToMillis(report.expires) != 0;
  line("TimeoutType",
       "LIFETIME\tExpiryTime : " + (ends ? FormatTime(report.expires) : "UNLIMITED"));
}

ExitCode ShowStatus(const Invocation& invocation, RmClient& rm) {
  const auto id = ApplicationId::Parse(invocation.arguments.Get("status"));
  if (!id.ok()) return Fail(id.error());
  const auto watched = rm.Get(*id);
  if (!watched.ok()) return Fail(watched.error());
  if (invocation.json) {
    std::fputs(ApplicationJson(watched->report).c_str(), stdout);
  } else {
    PrintReport(watched->report);
  }
  return ExitCode::kOk;
}

// Every id is tried; the exit code is that of the first that could not be killed.
ExitCode Kill(const Invocation& invocation, RmClient& rm) {
  std::vector<std::string> names = {invocation.arguments.Get("kill")};
  for (const std::string& word : invocation.arguments.words()) names.push_back(word);
  ExitCode exit = ExitCode::kOk;
  for (const std::string& name : names) {
    const auto kill = [&]() -> Status {
      WEIR_ASSIGN_OR_RETURN(const ApplicationId id, ApplicationId::Parse(name));
      WEIR_ASSIGN_OR_RETURN(const WatchedApplication before, rm.Get(id));
      if (IsTerminal(before.report.state)) {
        std::printf("Application %s has already finished\n", name.c_str());
        return {};
      }
      std::printf("Killing application %s\n", name.c_str());
      WEIR_ASSIGN_OR_RETURN(const ApplicationReport after, rm.Kill(id, "killed by the user"));
      if (after.state != ApplicationState::kKilled) {
        std::printf("Application %s is %s\n",
                    name.c_str(),
                    std::string(ApplicationStateName(after.state)).c_str());
      }
      return {};
    };
    const Status status = kill();
    if (!status.ok()) {
      const ExitCode code = Fail(status.error());
      if (exit == ExitCode::kOk) exit = code;
    }
  }
  return exit;
}

// The amounts of -resources, which may be given more than once.
Result<std::vector<NamedAmount>> NamedResources(const Invocation& invocation) {
  platform::OptionReader read(invocation.config);
  const auto types = platform::ReadResourceTypes(invocation.config, read);
  WEIR_RETURN_IF_ERROR(read.Finish());
  Resource named;
  for (const std::string& text : invocation.arguments.All("resources")) {
    WEIR_ASSIGN_OR_RETURN(const Resource part, ParseResource(text, types));
    if (part.memory_mib != 0 || part.vcores != 0) {
      return Error{ErrorCode::kInvalidArgument,
                   "'-resources " + text + "' names memory or vcores",
                   "give them with -memory and -vcores"};
    }
    for (const NamedAmount& one : part.named) named.SetNamed(one.name, one.amount);
  }
  return named.named;
}

// How the containers are to lie, as the command master takes it.
Result<std::vector<std::string>> PlacementOptions(const Arguments& arguments) {
  std::vector<std::string> options;
  if (arguments.Has("gang")) options.emplace_back("--gang");
  const std::string spread = arguments.Get("spread");
  if (arguments.Has("spread") && spread != "nodes" && spread != "racks") {
    return Error{ErrorCode::kInvalidArgument,
                 "'-spread " + spread + "' is not possible",
                 "spread over nodes or racks"};
  }
  if (!spread.empty()) options.insert(options.end(), {"--spread", spread});
  WEIR_ASSIGN_OR_RETURN(const int64_t most, arguments.GetInt("maxPerNode", 0, 0, 10'000));
  if (most > 0) options.insert(options.end(), {"--max-per-node", std::to_string(most)});
  return options;
}

Status CheckExitCodes(const std::string& codes) {
  for (const std::string_view word : Split(codes, ',')) {
    const auto code = ParseInt64(word);
    if (code && *code >= 1 && *code <= kExitCodeMax) continue;
    return Error{
        ErrorCode::kInvalidArgument,
        "'-retryOn " + codes + "': '" + std::string(word) + "' is no exit code of a failure",
        "give codes from 1 to 255 with commas; 128 + N stands for signal N"};
  }
  return {};
}

// Starting failed containers again in their place, as the command master takes it.
Result<std::vector<std::string>> RetryOptions(const Arguments& arguments) {
  WEIR_ASSIGN_OR_RETURN(const int64_t retries, arguments.GetInt("retries", 0, -1, kRetriesMax));
  WEIR_ASSIGN_OR_RETURN(const Duration interval,
                        arguments.GetDuration("retryInterval", Duration(0)));
  const std::string codes = arguments.Get("retryOn");
  if (arguments.Has("retryOn")) WEIR_RETURN_IF_ERROR(CheckExitCodes(codes));
  if (retries == 0) {
    for (const char* needs : {"retryInterval", "retryOn"}) {
      if (!arguments.Has(needs)) continue;
      return Error{ErrorCode::kInvalidArgument,
                   "'-" + std::string(needs) + "' says nothing without '-retries'",
                   "say how often: -retries N, or -1 for no bound"};
    }
    return std::vector<std::string>{};
  }
  if (interval < Duration(0) || interval > kRetryIntervalMax) {
    return Error{ErrorCode::kInvalidArgument,
                 "'-retryInterval " + arguments.Get("retryInterval") + "' is not possible",
                 "wait at most a day"};
  }
  std::vector<std::string> options = {"--retries=" + std::to_string(retries),
                                      "--retry-interval-ms",
                                      std::to_string(ToMillis(interval))};
  if (!codes.empty()) options.insert(options.end(), {"--retry-on", codes});
  return options;
}

// The words of the user's command. kInvalidArgument: there are none.
Result<std::vector<std::string>> ReadCommand(const Arguments& arguments) {
  const std::vector<std::string>& command =
      arguments.rest() ? *arguments.rest() : arguments.words();
  if (command.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 "application -submit needs a command",
                 "give it after '--': weir application -submit -- /bin/echo hello"};
  }
  return command;
}

// The size of each of its containers, as the cluster will give them.
Result<Resource> ReadContainer(const Invocation& invocation, RmClient& rm) {
  const Arguments& arguments = invocation.arguments;
  WEIR_RETURN_IF_ERROR(ReadCommand(arguments));
  WEIR_ASSIGN_OR_RETURN(const int64_t memory, arguments.GetMemoryMib("memory", 1024));
  WEIR_ASSIGN_OR_RETURN(const int64_t vcores, arguments.GetInt("vcores", 1, 1, 1'000'000));
  Resource asked{memory, vcores};
  WEIR_ASSIGN_OR_RETURN(asked.named, NamedResources(invocation));
  return rm.NormalizeContainer(asked);
}

// The command master's own arguments, then the user's command.
Result<SubmissionContext> MakeContext(const Invocation& invocation,
                                      RmClient& rm,
                                      const Resource& container) {
  const Arguments& arguments = invocation.arguments;
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> command, ReadCommand(arguments));
  WEIR_ASSIGN_OR_RETURN(const int64_t containers, arguments.GetInt("containers", 1, 1, 10'000));
  WEIR_ASSIGN_OR_RETURN(const int64_t priority,
                        arguments.GetInt("priority", 0, -1'000'000, 1'000'000));
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> placement, PlacementOptions(arguments));
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> retry, RetryOptions(arguments));
  SubmissionContext context;
  WEIR_ASSIGN_OR_RETURN(context.lifetime, arguments.GetDuration("lifetime", Duration(0)));
  WEIR_ASSIGN_OR_RETURN(const int64_t attempts, arguments.GetInt("maxAttempts", 1, 0, 1000));
  context.max_attempts = static_cast<int32_t>(attempts);
  WEIR_ASSIGN_OR_RETURN(context.attempt_failures_validity,
                        arguments.GetDuration("attemptFailuresValidity", Duration(0)));
  context.label = arguments.Get("label");
  context.am_label = arguments.Get("amLabel");
  WEIR_ASSIGN_OR_RETURN(context.queue_timeout, arguments.GetDuration("queue-timeout", Duration(0)));
  context.name = arguments.Get("name", command[0]);
  context.type = "weir-command";
  context.queue = arguments.Get("queue");
  context.priority = static_cast<int32_t>(priority);
  context.am_resource = {256, 1};
  std::vector<std::string>& argv = context.am_launch.command;
  argv = {"{{WEIR_HOME}}/bin/weir-command-master",
          "--containers",
          std::to_string(containers),
          "--memory",
          std::to_string(container.memory_mib),
          "--vcores",
          std::to_string(container.vcores),
          "--queue-timeout-ms",
          std::to_string(ToMillis(context.queue_timeout))};
  argv.insert(argv.end(), placement.begin(), placement.end());
  argv.insert(argv.end(), retry.begin(), retry.end());
  if (arguments.Has("keepOnLeaseEnd")) {
    context.am_launch.on_lease_end = LeaseEnd::kKeep;
    argv.push_back("--keep-on-lease-end");
  }
  for (const NamedAmount& part : container.named) {
    argv.insert(argv.end(), {"--resource", part.name + "=" + std::to_string(part.amount)});
  }
  WEIR_RETURN_IF_ERROR(AddLocalFiles(arguments, rm, context.am_launch));
  argv.push_back("--");
  argv.insert(argv.end(), command.begin(), command.end());
  return context;
}

// An accepted application that nothing can be placed for yet is told at once, not after a long
// wait.
ExitCode TellIfNoNodeFits(RmClient& rm, const ApplicationId& id, const Resource& container) {
  const auto found = FindNodeFor(rm, container);
  if (!found.ok()) return Fail(found.error());
  if (found->fits) return ExitCode::kOk;
  const std::string why =
      found->running == 0
          ? "no NodeManager runs (start one"
          : "a container of " + container.ToString() + " is larger than each of the " +
                std::to_string(found->running) + " nodes that run (start a larger one";
  Say("weir: " + id.ToString() + " is accepted but waits: " + why +
      ", or kill it with 'weir application -kill " + id.ToString() + "')");
  return ExitCode::kCannotPlace;
}

ExitCode Submit(const Invocation& invocation, RmClient& rm) {
  const Arguments& arguments = invocation.arguments;
  const auto container = ReadContainer(invocation, rm);
  if (!container.ok()) return Fail(container.error());
  if (!arguments.Has("queue-timeout")) {
    const ExitCode fits = RefuseIfNoNodeFits(rm, "a container", *container);
    if (fits != ExitCode::kOk) return fits;
  }
  const auto context = MakeContext(invocation, rm, *container);
  if (!context.ok()) return Fail(context.error());
  const auto id = rm.Submit(*context);
  if (!id.ok()) return Fail(id.error());
  std::printf("%s\n", id->ToString().c_str());
  std::fflush(stdout);
  if (!arguments.Has("wait")) return TellIfNoNodeFits(rm, *id, *container);
  Say(id->ToString() + " submitted");
  ApplicationProgress progress;
  const auto end = WatchUntilOver(rm, *id, progress);
  if (!end.ok()) return Fail(end.error());
  if (end->report.final_status == FinalStatus::kSucceeded) return ExitCode::kOk;
  return Fail({ErrorCode::kInternal,
               DescribeEnd(end->report),
               "see 'weir logs -applicationId " + id->ToString() + "'"},
              ExitCode::kUnsuccessful);
}

// What belongs to another action is a mistake, not a thing to pass over.
Status CheckAction(const Arguments& arguments) {
  if (arguments.Has("list")) {
    return arguments.AllowOnly("application -list", {"list", "appStates", "queue"}, 0);
  }
  if (arguments.Has("status")) return arguments.AllowOnly("application -status", {"status"}, 0);
  if (arguments.Has("kill")) return arguments.AllowOnly("application -kill", {"kill"}, SIZE_MAX);
  if (arguments.Has("movetoqueue")) {
    return arguments.AllowOnly("application -movetoqueue", {"movetoqueue", "queue"}, 0);
  }
  for (const char* action : {"changeQueue", "updatePriority", "updateLifetime"}) {
    if (!arguments.Has(action)) continue;
    return arguments.AllowOnly("application -" + std::string(action), {action, "appId"}, 0);
  }
  if (arguments.Has("explain")) return arguments.AllowOnly("application -explain", {"explain"}, 0);
  for (const char* other : {"appStates", "appId"}) {
    if (!arguments.Has(other)) continue;
    return Error{ErrorCode::kInvalidArgument,
                 "'application -submit' does not take '-" + std::string(other) + "'",
                 "see --help"};
  }
  return {};
}

}  // namespace

ExitCode RunApplicationCommand(const std::vector<std::string>& words) {
  ParseRules rules = Rules();
  // After -submit the first word begins the command, with options of its own.
  rules.stop_at_first_word = !words.empty() && (words[0] == "-submit" || words[0] == "--submit");
  const Prepared prepared = Prepare("application", std::move(rules), words);
  if (!prepared.invocation) return prepared.exit;
  const Invocation& invocation = *prepared.invocation;
  const Arguments& arguments = invocation.arguments;
  const int changes = arguments.Has("movetoqueue") + arguments.Has("changeQueue") +
                      arguments.Has("updatePriority") + arguments.Has("updateLifetime") +
                      arguments.Has("explain");
  const int verbs = arguments.Has("submit") + arguments.Has("list") + arguments.Has("status") +
                    arguments.Has("kill") + changes;
  if (verbs != 1) {
    return Fail({ErrorCode::kInvalidArgument,
                 "application needs one of -submit, -list, -status ID, -kill ID, -movetoqueue ID, "
                 "-changeQueue QUEUE, -updatePriority N, -updateLifetime TIME, -explain ID",
                 "see 'weir application --help'"});
  }
  if (const Status fits = CheckAction(arguments); !fits.ok()) return Fail(fits.error());
  if (changes == 1) return RunApplicationChange(invocation);
  RmClient rm(invocation.config);
  if (arguments.Has("list")) return List(invocation, rm);
  if (arguments.Has("status")) return ShowStatus(invocation, rm);
  if (arguments.Has("kill")) return Kill(invocation, rm);
  return Submit(invocation, rm);
}

}  // namespace weir::cli
