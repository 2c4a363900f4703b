#include "platform/sockets.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

#include "platform/clock.h"

namespace weir::platform {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

sockaddr* AsSockaddr(sockaddr_storage* storage) {
  return reinterpret_cast<sockaddr*>(storage);
}

int StreamSocket(int family) {
  return ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

Result<AddressList> Resolve(const HostPort& address, bool to_listen) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (to_listen ? AI_PASSIVE : 0);
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  const int error = getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found);
  if (error != 0) {
    return Error{to_listen ? ErrorCode::kInvalidArgument : ErrorCode::kUnavailable,
                 "the host '" + address.host + "' is not known: " + gai_strerror(error),
                 "check the spelling, /etc/hosts and DNS"};
  }
  return AddressList(found, &freeaddrinfo);
}

Error ListenError(int error, const HostPort& address) {
  const std::string where = "port " + std::to_string(address.port) + " of " + address.host;
  switch (error) {
    case EADDRINUSE:
      return {ErrorCode::kUnavailable,
              where + " is in use",
              "stop the process that listens there, or set another port (0 takes any)"};
    case EADDRNOTAVAIL:
      return {ErrorCode::kInvalidArgument,
              address.host + " is not an address of this machine",
              "set the bind address to one of this machine's, or to 127.0.0.1"};
    case EACCES:
    case EPERM:
      return {ErrorCode::kPermissionDenied,
              where + " may not be listened on: " + ErrnoText(error),
              "use a port above 1023"};
    default:
      return {ErrorCode::kResourceExhausted,
              where + " cannot be listened on: " + ErrnoText(error),
              "see ulimit -n and the machine's memory"};
  }
}

Result<sockaddr_un> UnixAddress(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return Error{ErrorCode::kInvalidArgument,
                 "the socket path '" + path + "' is longer than " +
                     std::to_string(sizeof(address.sun_path) - 1) + " bytes",
                 "set weir.work.dir to a shorter path"};
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

const sockaddr* AsSockaddr(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

Error ConnectError(const std::string& target, int error) {
  return {ErrorCode::kUnavailable,
          "cannot connect to " + target + ": " + ErrnoText(error),
          "check that the daemon runs and that the address is right"};
}

// Finishes a connect that returned EINPROGRESS.
Status AwaitConnect(int fd, const std::string& target, Instant deadline, int wake) {
  switch (WaitFor(fd, POLLOUT, deadline, wake)) {
    case WaitOutcome::kReady:
      break;
    case WaitOutcome::kTimeout:
      return Error{ErrorCode::kDeadlineExceeded,
                   target + " did not accept the connection in time",
                   "check that the daemon runs and that the address is right"};
    case WaitOutcome::kWoken:
      return Error{ErrorCode::kUnavailable, "the call to " + target + " was interrupted", ""};
    case WaitOutcome::kFailed:
      return ConnectError(target, errno);
  }
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return ConnectError(target, error);
  return {};
}

// True when a process serves the socket file.
bool IsServed(const sockaddr_un& address) {
  const FileDescriptor probe(StreamSocket(AF_UNIX));
  if (::connect(probe.get(), AsSockaddr(address), sizeof(address)) == 0) return true;
  return errno != ECONNREFUSED && errno != ENOENT;
}

}  // namespace

std::string ErrnoText(int error) {
  return std::generic_category().message(error);
}

void TuneTcp(int fd) {
  const int on = 1;
  const int idle_seconds = 30;
  const int interval_seconds = 10;
  const int probes = 3;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof(idle_seconds));
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_seconds, sizeof(interval_seconds));
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

Result<BoundSocket> ListenTcp(const HostPort& address) {
  WEIR_ASSIGN_OR_RETURN(const AddressList list, Resolve(address, true));
  FileDescriptor fd(StreamSocket(list->ai_family));
  if (!fd.valid()) return ListenError(errno, address);
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (::bind(fd.get(), list->ai_addr, list->ai_addrlen) != 0 ||
      ::listen(fd.get(), SOMAXCONN) != 0) {
    return ListenError(errno, address);
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  if (::getsockname(fd.get(), AsSockaddr(&bound), &size) != 0) return ListenError(errno, address);
  uint16_t port = 0;
  if (bound.ss_family == AF_INET6) {
    port = ntohs(reinterpret_cast<const sockaddr_in6*>(&bound)->sin6_port);
  } else {
    port = ntohs(reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
  }
  return BoundSocket{std::move(fd), {address.host, port}};
}

Result<FileDescriptor> ListenUnix(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const sockaddr_un address, UnixAddress(path));
  FileDescriptor fd(StreamSocket(AF_UNIX));
  if (!fd.valid()) return ListenError(errno, {path, 0});
  if (::bind(fd.get(), AsSockaddr(address), sizeof(address)) != 0) {
    const int error = errno;
    if (error != EADDRINUSE) {
      return Error{ErrorCode::kPermissionDenied,
                   "the socket " + path + " cannot be made: " + ErrnoText(error),
                   "check that its directory exists and may be written"};
    }
    if (IsServed(address)) {
      return Error{ErrorCode::kUnavailable,
                   "the socket " + path + " is in use",
                   "stop the process that serves it, or set another weir.work.dir"};
    }
    // Left behind by a process that died.
    ::unlink(path.c_str());
    if (::bind(fd.get(), AsSockaddr(address), sizeof(address)) != 0) {
      return Error{ErrorCode::kUnavailable,
                   "the socket " + path + " cannot be made: " + ErrnoText(errno),
                   "check its directory, and that no second daemon is starting there"};
    }
  }
  if (::chmod(path.c_str(), 0666) != 0 || ::listen(fd.get(), SOMAXCONN) != 0) {
    return Error{ErrorCode::kPermissionDenied,
                 "the socket " + path + " cannot be opened to callers: " + ErrnoText(errno),
                 "check its directory"};
  }
  return fd;
}

Result<FileDescriptor> ConnectTcp(const HostPort& address, Instant deadline, int wake) {
  WEIR_ASSIGN_OR_RETURN(const AddressList list, Resolve(address, false));
  Error last;
  for (const addrinfo* one = list.get(); one != nullptr; one = one->ai_next) {
    FileDescriptor fd(StreamSocket(one->ai_family));
    if (!fd.valid()) return ConnectError(address.ToString(), errno);
    Status connected;
    if (::connect(fd.get(), one->ai_addr, one->ai_addrlen) != 0) {
      connected = errno == EINPROGRESS ? AwaitConnect(fd.get(), address.ToString(), deadline, wake)
                                       : Status(ConnectError(address.ToString(), errno));
    }
    if (connected.ok()) {
      TuneTcp(fd.get());
      return fd;
    }
    last = connected.error();
  }
  return last;
}

bool IsRefused(const HostPort& address, Instant deadline) {
  const auto list = Resolve(address, false);
  if (!list.ok()) return false;
  bool refused = false;
  for (const addrinfo* one = list->get(); one != nullptr; one = one->ai_next) {
    const FileDescriptor fd(StreamSocket(one->ai_family));
    if (!fd.valid()) return false;
    int error = ::connect(fd.get(), one->ai_addr, one->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
      if (WaitFor(fd.get(), POLLOUT, deadline, -1) != WaitOutcome::kReady) return false;
      socklen_t size = sizeof(error);
      ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error != ECONNREFUSED) return false;
    refused = true;
  }
  return refused;
}

Result<FileDescriptor> ConnectUnix(const std::string& path, Instant deadline, int wake) {
  WEIR_ASSIGN_OR_RETURN(const sockaddr_un address, UnixAddress(path));
  FileDescriptor fd(StreamSocket(AF_UNIX));
  if (!fd.valid()) return ConnectError(path, errno);
  // EAGAIN is a full backlog: a unix socket cannot wait for room in it, so it is tried again.
  while (::connect(fd.get(), AsSockaddr(address), sizeof(address)) != 0) {
    if (errno != EAGAIN) return ConnectError(path, errno);
    const Instant retry = std::min(deadline, MonotonicNow() + milliseconds(10));
    if (WaitFor(-1, 0, retry, wake) == WaitOutcome::kWoken) {
      return Error{ErrorCode::kUnavailable, "the call to " + path + " was interrupted", ""};
    }
    if (MonotonicNow() >= deadline) {
      return Error{ErrorCode::kDeadlineExceeded, path + " is too busy to accept", "try later"};
    }
  }
  return fd;
}

WaitOutcome WaitFor(int fd, short events, Instant deadline, int wake) {
  pollfd entries[2] = {{fd, events, 0}, {wake, POLLIN, 0}};
  while (true) {
    const Duration left = std::max(deadline - MonotonicNow(), Duration::zero());
    const Duration rounded = std::min<Duration>(left + milliseconds(1), std::chrono::hours(1));
    const int timeout = left == Duration::zero() ? 0 : static_cast<int>(ToMillis(rounded));
    const int ready = ::poll(entries, 2, timeout);
    if (ready < 0 && errno != EINTR) return WaitOutcome::kFailed;
    if (ready > 0 && entries[1].revents != 0) return WaitOutcome::kWoken;
    if (ready > 0) return WaitOutcome::kReady;
    if (MonotonicNow() >= deadline) return WaitOutcome::kTimeout;
  }
}

SocketPeer PeerOf(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (::getpeername(fd, AsSockaddr(&address), &size) != 0) return {"unknown", -1};
  if (address.ss_family == AF_UNIX) {
    ucred peer{};
    socklen_t peer_size = sizeof(peer);
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_size) != 0) return {"unix", -1};
    return {"unix:" + std::to_string(peer.pid), static_cast<int64_t>(peer.uid)};
  }
  char host[NI_MAXHOST] = {};
  char port[NI_MAXSERV] = {};
  if (getnameinfo(AsSockaddr(&address),
                  size,
                  host,
                  sizeof(host),
                  port,
                  sizeof(port),
                  NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return {"unknown", -1};
  }
  return {std::string(host) + ":" + port, -1};
}

}  // namespace weir::platform
