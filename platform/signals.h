// Signals as events: a daemon blocks TERM, INT, HUP and waits for them on one thread. SIGPIPE is
// ignored. Call BlockSignals() first thing in main, before any thread exists.
#ifndef WEIR_PLATFORM_SIGNALS_H_
#define WEIR_PLATFORM_SIGNALS_H_

#include <functional>

namespace weir::platform {

void BlockSignals();
// Returns with SIGTERM or SIGINT; calls `on_hangup` for every SIGHUP meanwhile.
int WaitForTermination(const std::function<void()>& on_hangup);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_SIGNALS_H_
