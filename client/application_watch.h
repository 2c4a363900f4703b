// Waiting for an application, with progress on standard error: one line per change.
#ifndef WEIR_CLIENT_APPLICATION_WATCH_H_
#define WEIR_CLIENT_APPLICATION_WATCH_H_

#include <functional>
#include <string>

#include "client/rm_client.h"

namespace weir::cli {

// Says each change of state, and each new reason for waiting, once.
class ApplicationProgress {
 public:
  void Tell(const ApplicationReport& report);

 private:
  std::string last_;
};

// Returns the first report for which `done` is true. Errors of the RM; a lost connection is tried
// again for a minute, so that a restart of the ResourceManager does not end the wait.
Result<WatchedApplication> WatchUntil(RmClient& rm,
                                      const ApplicationId& id,
                                      ApplicationProgress& progress,
                                      const std::function<bool(const WatchedApplication&)>& done);

// Reached: terminal, or its AM can be talked to.
Result<WatchedApplication> WatchUntilServing(RmClient& rm,
                                             const ApplicationId& id,
                                             ApplicationProgress& progress);
Result<WatchedApplication> WatchUntilOver(RmClient& rm,
                                          const ApplicationId& id,
                                          ApplicationProgress& progress);

// "application_... FAILED: diagnostics", for the end of a wait.
std::string DescribeEnd(const ApplicationReport& report);

}  // namespace weir::cli

#endif  // WEIR_CLIENT_APPLICATION_WATCH_H_
