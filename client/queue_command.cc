// weir queue: -list, -status, -plan, -apply, -history, -rollback.
#include <algorithm>
#include <cstdio>

#include "client/admin_client.h"
#include "client/command.h"
#include "client/output.h"
#include "client/queue_output.h"
#include "client/rm_client.h"
#include "common/strings.h"

namespace weir::cli {
namespace {

constexpr const char* kActions[] = {"list", "status", "plan", "apply", "history", "rollback"};

ExitCode Print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return ExitCode::kOk;
}

ExitCode List(const Invocation& invocation) {
  const std::vector<std::string>& words = invocation.arguments.words();
  const bool all = words.empty() || ToLower(words[0]) == "all";
  RmClient rm(invocation.config);
  const auto queues = rm.Queues(all ? "" : words[0], false);
  if (!queues.ok()) return Fail(queues.error());
  return Print(invocation.json ? QueuesJson(*queues) : FormatQueueList(*queues));
}

ExitCode ShowStatus(const Invocation& invocation) {
  RmClient rm(invocation.config);
  const auto queues = rm.Queues(invocation.arguments.Get("status"), true);
  if (!queues.ok()) return Fail(queues.error());
  return Print(invocation.json ? QueueJson(queues->front()) : FormatQueue(queues->front()));
}

ExitCode Plan(const Invocation& invocation) {
  AdminClient admin(invocation.config);
  const auto plan = admin.PlanQueues(invocation.arguments.Get("plan"));
  if (!plan.ok()) return Fail(plan.error());
  Print(invocation.json ? PlanJson(*plan) : FormatPlan(*plan));
  if (!plan->faults.empty()) return ExitCode::kUsage;
  const auto orphaned = [](const PlannedEffect& effect) {
    return effect.kind == PlannedEffect::Kind::kOrphaned;
  };
  const bool refused = std::any_of(plan->effects.begin(), plan->effects.end(), orphaned);
  return refused ? ExitCode::kConflict : ExitCode::kOk;
}

Result<std::optional<int64_t>> ExpectedVersion(const Arguments& arguments) {
  if (!arguments.Has("if-version")) return std::optional<int64_t>();
  WEIR_ASSIGN_OR_RETURN(const int64_t version, arguments.GetInt("if-version", 0, 1, INT64_MAX));
  return std::optional<int64_t>(version);
}

ExitCode PrintVersion(const Invocation& invocation,
                      const Result<QueueConfigurationVersion>& version,
                      const std::string& what) {
  if (!version.ok()) return Fail(version.error());
  return Print(invocation.json ? VersionJson(*version)
                               : what + " version " + std::to_string(version->version) + ".\n");
}

ExitCode Apply(const Invocation& invocation) {
  const auto expected = ExpectedVersion(invocation.arguments);
  if (!expected.ok()) return Fail(expected.error());
  AdminClient admin(invocation.config);
  const std::string file = invocation.arguments.Get("apply");
  return PrintVersion(invocation, admin.ApplyQueues(file, *expected), file + " is in force as");
}

ExitCode Rollback(const Invocation& invocation) {
  const auto expected = ExpectedVersion(invocation.arguments);
  if (!expected.ok()) return Fail(expected.error());
  const auto version = invocation.arguments.GetInt("rollback", 0, 1, INT64_MAX);
  if (!version.ok()) return Fail(version.error());
  AdminClient admin(invocation.config);
  return PrintVersion(invocation,
                      admin.RollbackQueues(*version, *expected),
                      "Version " + std::to_string(*version) + " is in force again as");
}

ExitCode History(const Invocation& invocation) {
  AdminClient admin(invocation.config);
  const auto versions = admin.QueueHistory();
  if (!versions.ok()) return Fail(versions.error());
  return Print(invocation.json ? HistoryJson(*versions) : FormatHistory(*versions));
}

// The one action that is asked for, with what goes with it.
Result<std::string> ActionOf(const Arguments& arguments) {
  std::vector<std::string> given;
  for (const char* action : kActions) {
    if (arguments.Has(action)) given.emplace_back(action);
  }
  if (given.size() != 1) {
    return Error{ErrorCode::kInvalidArgument,
                 "queue needs one of -list, -status QUEUE, -plan FILE, -apply FILE, -history, "
                 "-rollback VERSION",
                 "see 'weir queue --help'"};
  }
  const std::string& action = given[0];
  std::vector<std::string> options{action};
  if (action == "apply" || action == "rollback") options.emplace_back("if-version");
  WEIR_RETURN_IF_ERROR(arguments.AllowOnly("queue -" + action, options, action == "list" ? 1 : 0));
  return action;
}

}  // namespace

ExitCode RunQueueCommand(const std::vector<std::string>& words) {
  const Prepared prepared = Prepare("queue",
                                    {.options = {{"list", "", "", false},
                                                 {"status", "QUEUE", "", false},
                                                 {"plan", "FILE", "", false},
                                                 {"apply", "FILE", "", false},
                                                 {"history", "", "", false},
                                                 {"rollback", "VERSION", "", false},
                                                 {"if-version", "VERSION", "", false}}},
                                    words);
  if (!prepared.invocation) return prepared.exit;
  const Invocation& invocation = *prepared.invocation;
  const auto action = ActionOf(invocation.arguments);
  if (!action.ok()) return Fail(action.error());
  if (*action == "list") return List(invocation);
  if (*action == "status") return ShowStatus(invocation);
  if (*action == "plan") return Plan(invocation);
  if (*action == "apply") return Apply(invocation);
  if (*action == "history") return History(invocation);
  return Rollback(invocation);
}

}  // namespace weir::cli
