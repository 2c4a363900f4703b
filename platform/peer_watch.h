// PeerWatch: tells that the process which listens at an address has ended.
//
// It holds a connection there on which nothing is said. The kernel closes what a process has when
// that ends, however it ends, and refuses who comes then: when the connection has ended and new
// ones are refused several times in a row, nobody listens there any more. What cannot be told apart
// from a bad network is not told: a process that hangs, a machine that is off, a cut line. Nor is
// it told of a place that was never reached.
//
// Bounded: one connection, and one try at a time with a pause before the next. Threads:
// constructor, destructor and callback on the loop's thread; or, while the loop does not run, the
// owner's.
#ifndef WEIR_PLATFORM_PEER_WATCH_H_
#define WEIR_PLATFORM_PEER_WATCH_H_

#include <functional>
#include <memory>

#include "common/hostport.h"
#include "common/time.h"
#include "platform/event_loop.h"

namespace weir::platform {

class PeerWatch {
 public:
  static constexpr int kRefusals = 5;
  static constexpr Duration kBetweenRefusals = milliseconds(40);
  static constexpr Duration kPause = milliseconds(250);  // after anything else that fails

  // `gone` is called again and again while it stays so. The loop outlives it.
  PeerWatch(EventLoop& loop, HostPort address, std::function<void()> gone);
  ~PeerWatch();  // no call comes after it
  PeerWatch(const PeerWatch&) = delete;
  PeerWatch& operator=(const PeerWatch&) = delete;

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_PEER_WATCH_H_
