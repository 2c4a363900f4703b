// RawConnection: a TCP connection on which a test writes any bytes and reads what comes back, for
// peers that misbehave. Every wait ends after a generous time with a failure of the test.
// Single-threaded.
#ifndef WEIR_TESTS_SUPPORT_RAW_CONNECTION_H_
#define WEIR_TESTS_SUPPORT_RAW_CONNECTION_H_

#include <string>
#include <string_view>

#include "common/hostport.h"
#include "platform/file_descriptor.h"

namespace weir::testing {

class RawConnection {
 public:
  explicit RawConnection(const HostPort& server);  // an address, not a name
  explicit RawConnection(platform::FileDescriptor accepted) : fd_(std::move(accepted)) {}

  // False when the peer has closed.
  bool Send(std::string_view bytes);
  // Everything until the text was seen, or the peer closed.
  std::string ReadUntil(std::string_view text);
  std::string ReadToEnd();
  // So many bytes, or less when the peer closed.
  std::string ReadBytes(size_t count);
  void FinishSending();  // half-close
  void Reset();          // close with RST
  void Close() { fd_.Close(); }
  int fd() const { return fd_.get(); }

 private:
  bool WaitFor(short events);

  platform::FileDescriptor fd_;
};

// A listener that gives its connections to the test.
class RawListener {
 public:
  RawListener();
  const HostPort& address() const { return address_; }
  RawConnection Accept();
  void Close() { fd_.Close(); }
  int fd() const { return fd_.get(); }

 private:
  platform::FileDescriptor fd_;
  HostPort address_;
};

}  // namespace weir::testing

#endif  // WEIR_TESTS_SUPPORT_RAW_CONNECTION_H_
