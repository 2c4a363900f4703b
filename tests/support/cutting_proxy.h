// CuttingProxy: a loopback port in front of another one, which a test cuts as it likes: connections
// that break, requests that arrive while their answers do not, and silence.
//
// Thread-safe; it has a thread of its own.
#ifndef WEIR_TESTS_SUPPORT_CUTTING_PROXY_H_
#define WEIR_TESTS_SUPPORT_CUTTING_PROXY_H_

#include <atomic>
#include <cstdint>
#include <thread>

#include "platform/file_descriptor.h"

namespace weir::testing {

class CuttingProxy {
 public:
  explicit CuttingProxy(uint16_t target);
  ~CuttingProxy();
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  uint16_t port() const { return port_; }
  // Breaks every connection there is.
  void Cut();
  // From now on nobody is let in, and nothing passes; or again.
  void Close(bool closed) { closed_ = closed; }
  // Answers of the target are thrown away (on): a request has its effect, and nobody hears of it.
  void SwallowAnswers(bool on) { swallow_ = on; }
  // Nothing passes, and nobody is told (on): what is sent meanwhile waits, and passes then, as on a
  // network that was away for a while.
  void Hold(bool on) { held_ = on; }
  // Answers that were thrown away so far.
  int64_t swallowed_bytes() const { return swallowed_; }

 private:
  void Run();

  const uint16_t target_;
  platform::FileDescriptor listener_;
  uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  std::atomic<bool> closed_{false};
  std::atomic<bool> swallow_{false};
  std::atomic<bool> held_{false};
  std::atomic<int64_t> cuts_{0};
  std::atomic<int64_t> swallowed_{0};
  std::thread thread_;
};

}  // namespace weir::testing

#endif  // WEIR_TESTS_SUPPORT_CUTTING_PROXY_H_
