// Sockets of TCP and unix kind with errors in words. All are non-blocking and close-on-exec.
//
// Thread-safe.
#ifndef WEIR_PLATFORM_SOCKETS_H_
#define WEIR_PLATFORM_SOCKETS_H_

#include <cstdint>
#include <string>

#include "common/hostport.h"
#include "common/result.h"
#include "common/time.h"
#include "platform/file_descriptor.h"

namespace weir::platform {

struct BoundSocket {
  FileDescriptor fd;
  HostPort address;  // with the real port
};

// Errors: those of ThriftServer::Listen.
Result<BoundSocket> ListenTcp(const HostPort& address);
// Takes over a socket file that nobody serves; mode 0666.
Result<FileDescriptor> ListenUnix(const std::string& path);

// Connects by `deadline`. `wake` is a descriptor that ends the wait when it becomes readable.
// kUnavailable (refused, unreachable, unknown host, woken), kDeadlineExceeded.
Result<FileDescriptor> ConnectTcp(const HostPort& address, Instant deadline, int wake);
Result<FileDescriptor> ConnectUnix(const std::string& path, Instant deadline, int wake);

// Whether nobody listens there: the connection is refused, in time. False when it cannot be told.
bool IsRefused(const HostPort& address, Instant deadline);

enum class WaitOutcome { kReady, kTimeout, kWoken, kFailed };
// Waits for `events` (of poll) on `fd`.
WaitOutcome WaitFor(int fd, short events, Instant deadline, int wake);

// Small messages at once, and a dead peer noticed within about a minute.
void TuneTcp(int fd);
std::string ErrnoText(int error);

// The other end of an accepted connection: "unix:<pid>" and its uid, or "host:port" and -1.
struct SocketPeer {
  std::string address;
  int64_t uid = -1;
};
SocketPeer PeerOf(int fd);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_SOCKETS_H_
