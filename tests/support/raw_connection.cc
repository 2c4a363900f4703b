#include "tests/support/raw_connection.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace weir::testing {
namespace {

constexpr int kHangGuardMillis = 60'000;
using platform::FileDescriptor;

sockaddr_in Loopback(const std::string& host, uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  EXPECT_EQ(::inet_pton(AF_INET, host.c_str(), &address.sin_addr), 1) << host;
  return address;
}

// The one place where the socket interface wants an address of another type.
sockaddr* Generic(sockaddr_in& address) {
  return reinterpret_cast<sockaddr*>(&address);
}

}  // namespace

RawConnection::RawConnection(const HostPort& server)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = Loopback(server.host, server.port);
  EXPECT_EQ(::connect(fd_.get(), Generic(address), sizeof address), 0) << server.ToString();
}

bool RawConnection::WaitFor(short events) {
  pollfd entry{.fd = fd_.get(), .events = events, .revents = 0};
  const int count = ::poll(&entry, 1, kHangGuardMillis);
  EXPECT_EQ(count, 1) << "nothing happened on the connection";
  return count == 1;
}

bool RawConnection::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!WaitFor(POLLOUT)) return false;
    const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

std::string RawConnection::ReadUntil(std::string_view text) {
  std::string all;
  char chunk[16384];
  while (text.empty() || all.find(text) == std::string::npos) {
    if (!WaitFor(POLLIN)) break;
    const ssize_t count = ::recv(fd_.get(), chunk, sizeof chunk, 0);
    if (count <= 0) break;
    all.append(chunk, static_cast<size_t>(count));
  }
  return all;
}

std::string RawConnection::ReadBytes(size_t count) {
  std::string bytes(count, '\0');
  size_t done = 0;
  while (done < count && WaitFor(POLLIN)) {
    const ssize_t some = ::recv(fd_.get(), bytes.data() + done, count - done, 0);
    if (some <= 0) break;
    done += static_cast<size_t>(some);
  }
  bytes.resize(done);
  return bytes;
}

std::string RawConnection::ReadToEnd() {
  return ReadUntil("");
}

void RawConnection::FinishSending() {
  // The peer may have reset the connection already.
  EXPECT_TRUE(::shutdown(fd_.get(), SHUT_WR) == 0 || errno == ENOTCONN);
}

void RawConnection::Reset() {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  EXPECT_EQ(::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
  fd_.Close();
}

RawListener::RawListener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = Loopback("127.0.0.1", 0);
  EXPECT_EQ(::bind(fd_.get(), Generic(address), sizeof address), 0);
  EXPECT_EQ(::listen(fd_.get(), 16), 0);
  socklen_t length = sizeof address;
  EXPECT_EQ(::getsockname(fd_.get(), Generic(address), &length), 0);
  address_ = {"127.0.0.1", ntohs(address.sin_port)};
}

RawConnection RawListener::Accept() {
  pollfd entry{.fd = fd_.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&entry, 1, kHangGuardMillis), 1) << "nobody connected";
  return RawConnection(FileDescriptor(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
}

}  // namespace weir::testing
