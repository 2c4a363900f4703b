// TcpProxy: stands between two peers and can stop, as a network that loses everything without
// telling: connections stay open, and what is sent meanwhile waits. After Go() it arrives.
// The test's thread constructs, stops and destroys it; a thread of its own passes bytes on.
#ifndef WEIR_TESTS_SUPPORT_TCP_PROXY_H_
#define WEIR_TESTS_SUPPORT_TCP_PROXY_H_

#include <atomic>
#include <list>
#include <thread>

#include "common/hostport.h"
#include "tests/support/raw_connection.h"

namespace weir::testing {

class TcpProxy {
 public:
  explicit TcpProxy(const HostPort& server);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  const HostPort& address() const { return listener_.address(); }
  // From its return on nothing passes.
  void Stop();
  void Go();

 private:
  struct Pair {
    RawConnection client;
    RawConnection server;
  };
  void Run();
  // One round; what is ready passes.
  void Pass();

  const HostPort server_;
  RawListener listener_;
  std::list<Pair> pairs_;  // of the thread alone
  std::atomic<bool> stopped_ = false;
  std::atomic<bool> is_still_ = false;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace weir::testing

#endif  // WEIR_TESTS_SUPPORT_TCP_PROXY_H_
