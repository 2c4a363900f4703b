// weir session: start, list, stop.
#include <cstdio>

#include "client/application_watch.h"
#include "client/command.h"
#include "client/job_client.h"
#include "client/output.h"
#include "client/stream_cluster.h"

namespace weir::cli {
namespace {

ExitCode Start(const Invocation& invocation, RmClient& rm) {
  const auto context =
      MakeClusterContext(invocation.arguments, kSessionType, "Weir session cluster", std::nullopt);
  if (!context.ok()) return Fail(context.error());
  const ExitCode can = CheckContainers(invocation.arguments, rm);
  if (can != ExitCode::kOk) return can;
  const auto id = rm.Submit(*context);
  if (!id.ok()) return Fail(id.error());
  Say(id->ToString() + " submitted");
  ApplicationProgress progress;
  const auto serving = WatchUntilServing(rm, *id, progress);
  if (!serving.ok()) return Fail(serving.error());
  if (IsTerminal(serving->report.state)) {
    return Fail({ErrorCode::kInternal,
                 DescribeEnd(serving->report),
                 "see 'weir logs -applicationId " + id->ToString() + "'"},
                ExitCode::kUnsuccessful);
  }
  std::printf("%s\n", id->ToString().c_str());
  std::printf("JobManager Web Interface: %s\n", serving->report.tracking_url.c_str());
  std::fflush(stdout);
  if (invocation.arguments.Has("d")) {
    Say("stop it with: weir session stop " + id->ToString());
    return ExitCode::kOk;
  }
  const auto end = WatchUntilOver(rm, *id, progress);
  if (!end.ok()) return Fail(end.error());
  if (end->report.final_status == FinalStatus::kSucceeded) return ExitCode::kOk;
  return Fail({ErrorCode::kInternal, DescribeEnd(end->report), ""}, ExitCode::kUnsuccessful);
}

ExitCode List(const Invocation& invocation, RmClient& rm) {
  const auto sessions = FindClusters(rm, true);
  if (!sessions.ok()) return Fail(sessions.error());
  if (invocation.json) {
    std::fputs(ApplicationsJson(*sessions).c_str(), stdout);
    return ExitCode::kOk;
  }
  std::vector<std::vector<std::string>> rows;
  for (const ApplicationReport& session : *sessions) {
    rows.push_back({session.id.ToString(),
                    session.name,
                    session.queue,
                    std::string(ApplicationStateName(session.state)),
                    std::to_string(session.running_containers),
                    session.tracking_url.empty() ? "N/A" : session.tracking_url});
  }
  std::fputs(
      FormatTable({"Application-Id", "Name", "Queue", "State", "Containers", "Web"}, rows).c_str(),
      stdout);
  return ExitCode::kOk;
}

// A session that cannot be asked is killed: stopping must work whatever its state.
ExitCode Stop(const Invocation& invocation, RmClient& rm) {
  const auto& words = invocation.arguments.words();
  const auto session = FindSession(rm,
                                   words.size() > 1 ? words[1] : "",
                                   "name one: weir session stop ID; see 'weir session list'");
  if (!session.ok()) return Fail(session.error());
  const ApplicationReport& report = session->report;
  if (report.type != kSessionType) {
    return Fail({ErrorCode::kInvalidArgument,
                 report.id.ToString() + " is not a session cluster but of type " + report.type,
                 "use 'weir application -kill " + report.id.ToString() + "'"});
  }
  if (IsTerminal(report.state)) {
    std::printf("%s has already finished\n", report.id.ToString().c_str());
    return ExitCode::kOk;
  }
  Status stopped = Error{ErrorCode::kFailedPrecondition, "its JobManager does not run yet", ""};
  if (!session->report.am_address.empty()) {
    const auto jobs = JobClient::Connect(*session);
    stopped = jobs.ok() ? (*jobs)->StopCluster() : Status(jobs.error());
  }
  if (!stopped.ok() && stopped.error().code == ErrorCode::kPermissionDenied) {
    return Fail(stopped.error());
  }
  if (!stopped.ok()) {
    Say("weir: killing " + report.id.ToString() + ": " + stopped.error().ToString());
    const auto killed = rm.Kill(report.id, "stopped by the user");
    if (!killed.ok()) return Fail(killed.error());
  }
  ApplicationProgress progress;
  const auto end = WatchUntilOver(rm, report.id, progress);
  if (!end.ok()) return Fail(end.error());
  std::printf("%s stopped\n", report.id.ToString().c_str());
  return ExitCode::kOk;
}

}  // namespace

ExitCode RunSessionCommand(const std::vector<std::string>& words) {
  const Prepared prepared = Prepare("session", {.options = ClusterOptions()}, words);
  if (!prepared.invocation) return prepared.exit;
  const auto& verbs = prepared.invocation->arguments.words();
  const std::string verb = verbs.empty() ? "" : verbs[0];
  if (verb == "list" || verb == "stop") {
    const Status fits =
        prepared.invocation->arguments.AllowOnly("session " + verb, {}, verb == "stop" ? 2 : 1);
    if (!fits.ok()) return Fail(fits.error());
  }
  RmClient rm(prepared.invocation->config);
  if (verb == "start" && verbs.size() == 1) return Start(*prepared.invocation, rm);
  if (verb == "list") return List(*prepared.invocation, rm);
  if (verb == "stop") return Stop(*prepared.invocation, rm);
  return Fail({ErrorCode::kInvalidArgument,
               "session needs one of start, list, stop [ID]",
               "see 'weir session --help'"});
}

}  // namespace weir::cli
