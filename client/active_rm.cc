#include "client/active_rm.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "client/output.h"
#include "platform/clock.h"
#include "platform/config_keys.h"
#include "platform/option_reader.h"
#include "platform/rm_places.h"

namespace weir::cli {

Result<RmReach> ReadRmReach(const platform::Configuration& config,
                            std::string (*socket)(const platform::Configuration&)) {
  using namespace platform::keys;
  platform::OptionReader read(config);
  RmReach reach;
  reach.several = read.Bool(kRmHaEnabled);
  reach.sockets = read.Keep(platform::RmSockets(config, socket), {});
  if (reach.several) {
    reach.max_wait = milliseconds(read.Int(kRmMaxWait, 0, platform::OptionReader::kMillisMax));
    reach.first_pause = read.Millis(kFailoverSleep);
    reach.longest_pause = read.Millis(kFailoverSleepMax);
  }
  WEIR_RETURN_IF_ERROR(read.Finish());
  return reach;
}

bool FailoverPatience::Pause() {
  if (!reach_.several) return false;
  const Instant now = platform::MonotonicNow();
  if (give_up_ == kNever) {
    give_up_ = now + reach_.max_wait;
    next_ = std::min(reach_.first_pause, reach_.longest_pause);
  }
  if (now >= give_up_) return false;
  std::this_thread::sleep_for(std::min(next_, give_up_ - now));
  next_ = std::min(next_ * 2, reach_.longest_pause);
  return true;
}

void FailoverPatience::Tell(const Error& cause) {
  if (!reach_.several || !MayRepeat(cause, Repeat::kYes) || std::exchange(told_, true)) return;
  Say("weir: no ResourceManager is active; waiting up to " +
      std::to_string(ToMillis(reach_.max_wait)) + " ms for one (" + cause.message + ")");
}

void FailoverPatience::TellSaid(const Error& cause) {
  if (!reach_.several || std::exchange(told_, true)) return;
  Say("weir: " + cause.message + "; asking again for up to " +
      std::to_string(ToMillis(reach_.max_wait)) + " ms");
}

void FailoverPatience::Reset() {
  give_up_ = kNever;
  told_ = false;
}

bool MayRepeat(const Error& error, Repeat repeat) {
  // It was refused, and so not done.
  if (error.code == ErrorCode::kNotActive) return true;
  return repeat == Repeat::kYes &&
         (error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kDeadlineExceeded);
}

Error NoActiveRm(const RmReach& reach, const Error& cause, const std::string& remedy) {
  if (!reach.several) {
    if (cause.code != ErrorCode::kUnavailable) return cause;
    return {
        ErrorCode::kUnavailable,
        "no ResourceManager answers at " + reach.sockets.front().ToString() + ": " + cause.message,
        remedy};
  }
  if (cause.code != ErrorCode::kNotActive && cause.code != ErrorCode::kUnavailable) return cause;
  return {cause.code, "no ResourceManager is active: " + cause.message, remedy};
}

}  // namespace weir::cli
