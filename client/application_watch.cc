#include "client/application_watch.h"

#include <thread>

#include "client/output.h"
#include "common/strings.h"
#include "platform/clock.h"

namespace weir::cli {
namespace {

constexpr Duration kPark = seconds(10);
constexpr Duration kReconnect = seconds(60);

}  // namespace

void ApplicationProgress::Tell(const ApplicationReport& report) {
  std::string line = ToLower(ApplicationStateName(report.state));
  if (!IsTerminal(report.state) && report.pending_reason != PendingReason::kNone) {
    line += ": " + std::string(PendingReasonName(report.pending_reason));
    if (!report.pending_detail.empty()) line += ": " + report.pending_detail;
  }
  if (line == last_) return;
  last_ = line;
  Say(report.id.ToString() + " " + line);
}

Result<WatchedApplication> WatchUntil(RmClient& rm,
                                      const ApplicationId& id,
                                      ApplicationProgress& progress,
                                      const std::function<bool(const WatchedApplication&)>& done) {
  int64_t version = -1;
  bool reached = false;
  Instant give_up = kNever;
  while (true) {
    auto watched = rm.Watch(id, version, version < 0 ? Duration(0) : kPark);
    if (!watched.ok()) {
      const ErrorCode code = watched.error().code;
      const bool transient = code == ErrorCode::kUnavailable ||
                             code == ErrorCode::kDeadlineExceeded || code == ErrorCode::kNotActive;
      const Instant now = platform::MonotonicNow();
      if (give_up == kNever) give_up = now + kReconnect;
      if (!transient || !reached || now > give_up) return watched;
      version = -1;  // a ResourceManager that was started anew counts anew
      std::this_thread::sleep_for(milliseconds(200));  // between attempts to reconnect
      continue;
    }
    give_up = kNever;
    reached = true;
    version = watched->report.version;
    progress.Tell(watched->report);
    if (done(*watched)) return watched;
  }
}

Result<WatchedApplication> WatchUntilServing(RmClient& rm,
                                             const ApplicationId& id,
                                             ApplicationProgress& progress) {
  return WatchUntil(rm, id, progress, [](const WatchedApplication& watched) {
    return IsTerminal(watched.report.state) ||
           (watched.report.state == ApplicationState::kRunning &&
            !watched.report.am_address.empty());
  });
}

Result<WatchedApplication> WatchUntilOver(RmClient& rm,
                                          const ApplicationId& id,
                                          ApplicationProgress& progress) {
  return WatchUntil(rm, id, progress, [](const WatchedApplication& watched) {
    return IsTerminal(watched.report.state);
  });
}

std::string DescribeEnd(const ApplicationReport& report) {
  std::string text = report.id.ToString() + " " + std::string(ApplicationStateName(report.state)) +
                     " (" + std::string(FinalStatusName(report.final_status)) + ")";
  if (!report.diagnostics.empty()) text += ": " + report.diagnostics;
  return text;
}

}  // namespace weir::cli
