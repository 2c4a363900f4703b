#include "tests/support/tcp_proxy.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

namespace weir::testing {
namespace {

constexpr int kRoundMillis = 10;
constexpr useconds_t kStillUs = 2'000;

// False at the end of the stream.
bool PassOne(RawConnection& from, RawConnection& to) {
  char chunk[16384];
  const ssize_t count = ::recv(from.fd(), chunk, sizeof chunk, MSG_DONTWAIT);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  return count > 0 && to.Send({chunk, static_cast<size_t>(count)});
}

}  // namespace

TcpProxy::TcpProxy(const HostPort& server) : server_(server), thread_([this] { Run(); }) {}

TcpProxy::~TcpProxy() {
  ending_ = true;
  thread_.join();
}

void TcpProxy::Stop() {
  stopped_ = true;
  while (!is_still_) ::usleep(kStillUs);
}

void TcpProxy::Go() {
  stopped_ = false;
}

void TcpProxy::Run() {
  while (!ending_) {
    is_still_ = stopped_.load();
    if (is_still_) {
      ::usleep(kStillUs);
    } else {
      Pass();
    }
  }
}

void TcpProxy::Pass() {
  std::vector<pollfd> ready = {{.fd = listener_.fd(), .events = POLLIN, .revents = 0}};
  for (const Pair& pair : pairs_) {
    ready.push_back({.fd = pair.client.fd(), .events = POLLIN, .revents = 0});
    ready.push_back({.fd = pair.server.fd(), .events = POLLIN, .revents = 0});
  }
  ::poll(ready.data(), ready.size(), kRoundMillis);
  size_t at = 1;
  for (auto it = pairs_.begin(); it != pairs_.end(); at += 2) {
    const bool goes_on = (ready[at].revents == 0 || PassOne(it->client, it->server)) &&
                         (ready[at + 1].revents == 0 || PassOne(it->server, it->client));
    it = goes_on ? std::next(it) : pairs_.erase(it);
  }
  if (ready[0].revents != 0) {
    RawConnection client = listener_.Accept();
    pairs_.push_back({std::move(client), RawConnection(server_)});
  }
}

}  // namespace weir::testing
