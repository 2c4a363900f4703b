#include "tests/support/cutting_proxy.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <list>
#include <vector>

namespace weir::testing {
namespace {

constexpr int kLookMs = 5;  // how soon a cut is noticed

struct Pair {
  platform::FileDescriptor client;
  platform::FileDescriptor server;
};

// What there is to read goes to the other side; false when the connection is over.
bool Pass(int from, int to, bool swallow, std::atomic<int64_t>& swallowed) {
  std::array<char, 65536> buffer{};
  const ssize_t count = ::recv(from, buffer.data(), buffer.size(), 0);
  if (count <= 0) return count < 0 && errno == EINTR;
  if (swallow) {
    swallowed += count;
    return true;
  }
  for (ssize_t sent = 0; sent < count;) {
    const ssize_t part =
        ::send(to, buffer.data() + sent, static_cast<size_t>(count - sent), MSG_NOSIGNAL);
    if (part <= 0) return false;
    sent += part;
  }
  return true;
}

sockaddr_in LoopbackPort(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

CuttingProxy::CuttingProxy(uint16_t target)
    : target_(target), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = LoopbackPort(0);
  socklen_t size = sizeof(address);
  auto* any = reinterpret_cast<sockaddr*>(&address);  // NOLINT: the sockets' own way
  EXPECT_EQ(::bind(listener_.get(), any, size), 0);
  EXPECT_EQ(::listen(listener_.get(), 16), 0);
  EXPECT_EQ(::getsockname(listener_.get(), any, &size), 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

CuttingProxy::~CuttingProxy() {
  stop_ = true;
  thread_.join();
}

void CuttingProxy::Cut() {
  ++cuts_;
}

void CuttingProxy::Run() {
  std::list<Pair> pairs;
  int64_t cuts = 0;
  while (!stop_) {
    if (cuts_ != cuts || closed_) pairs.clear();
    cuts = cuts_;
    if (held_) {
      ::poll(nullptr, 0, kLookMs);
      continue;
    }
    std::vector<pollfd> polled = {{.fd = listener_.get(), .events = POLLIN, .revents = 0}};
    for (const Pair& pair : pairs) {
      polled.push_back({.fd = pair.client.get(), .events = POLLIN, .revents = 0});
      polled.push_back({.fd = pair.server.get(), .events = POLLIN, .revents = 0});
    }
    if (::poll(polled.data(), polled.size(), kLookMs) <= 0) continue;
    size_t at = 1;
    for (auto pair = pairs.begin(); pair != pairs.end(); at += 2) {
      const int client = pair->client.get();
      const int server = pair->server.get();
      const bool open = (polled[at].revents == 0 || Pass(client, server, false, swallowed_)) &&
                        (polled[at + 1].revents == 0 || Pass(server, client, swallow_, swallowed_));
      pair = open ? std::next(pair) : pairs.erase(pair);
    }
    if (polled[0].revents == 0) continue;
    platform::FileDescriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    platform::FileDescriptor server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = LoopbackPort(target_);
    const auto* peer = reinterpret_cast<const sockaddr*>(&address);  // NOLINT: the sockets' way
    if (closed_ || ::connect(server.get(), peer, sizeof(address)) != 0) continue;
    pairs.push_back({std::move(client), std::move(server)});
  }
}

}  // namespace weir::testing
