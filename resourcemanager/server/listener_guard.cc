#include "resourcemanager/server/listener_guard.h"

#include "platform/log.h"

namespace weir::rm {
void RefusalLog::Add(const std::string& peer, const Error& error, Instant now) {
  metrics_.CountRefusal(listener_, error.code);
  if (logged_before_ && now - last_logged_ < seconds(1)) {
    ++left_out_;
    return;
  }
  platform::LogWarn(
      "rm.auth",
      peer,
      "refused",
      {{"listener", listener_}, {"why", error.message}, {"left_out", std::to_string(left_out_)}});
  logged_before_ = true;
  last_logged_ = now;
  left_out_ = 0;
}

}  // namespace weir::rm
