// What the ResourceManager adds to the platform's authenticators: a count and a log line for what
// was refused.
#ifndef WEIR_RESOURCEMANAGER_SERVER_LISTENER_GUARD_H_
#define WEIR_RESOURCEMANAGER_SERVER_LISTENER_GUARD_H_

#include <cstdint>
#include <string>

#include "common/result.h"
#include "common/time.h"
#include "resourcemanager/server/rm_metrics.h"

namespace weir::rm {

// RefusalLog: counts every refused connection of one listener, and logs at most one per second with
// the number of those left out, so that a flood of garbage cannot fill the disk.
// Used by one thread, the I/O loop. `metrics` outlives it.
class RefusalLog {
 public:
  RefusalLog(std::string listener, RmMetrics& metrics)
      : listener_(std::move(listener)), metrics_(metrics) {}

  void Add(const std::string& peer, const Error& error, Instant now);

 private:
  const std::string listener_;
  RmMetrics& metrics_;
  bool logged_before_ = false;
  Instant last_logged_;
  int64_t left_out_ = 0;
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_LISTENER_GUARD_H_
