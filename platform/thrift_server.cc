#include "platform/thrift_server.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <thrift/async/TAsyncProcessor.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <map>
#include <utility>
#include <vector>

#include "common/check.h"
#include "platform/clock.h"
#include "platform/mutex.h"
#include "platform/sockets.h"
#include "platform/thrift_connection.h"

namespace weir::platform {
namespace {

namespace asio = boost::asio;

// One round of the loop accepts so many, then others have their turn.
constexpr int kAcceptBatch = 64;
// After accept failed for want of descriptors or memory.
constexpr Duration kAcceptPause = milliseconds(100);

bool IsPeersFault(int error) {
  return error == ECONNABORTED || error == EINTR || error == EPROTO;
}

}  // namespace

// One address with its connections. I/O loop only, but for construction and `open_connections`.
class ThriftListener : public std::enable_shared_from_this<ThriftListener> {
 public:
  ThriftListener(EventLoop& loop, FileDescriptor fd, ThriftListenerOptions options)
      : shared_(std::make_shared<ThriftShared>(loop)),
        options_(std::make_shared<const ThriftListenerOptions>(std::move(options))),
        descriptor_(loop.io_context()),
        fd_(std::move(fd)) {}

  void Start() {
    if (closed_) return;
    shared_->on_closed = [weak = weak_from_this()](uint64_t number) {
      if (const auto self = weak.lock()) self->Forget(number);
    };
    boost::system::error_code error;
    descriptor_.assign(fd_.get(), error);
    WEIR_CHECK(!error, "a listening socket can be waited for");
    fd_.release();
    Wait();
  }

  void Close() {
    if (std::exchange(closed_, true)) return;
    shared_->loop.Cancel(pause_timer_);
    boost::system::error_code ignored;
    descriptor_.close(ignored);
    fd_ = FileDescriptor();
    if (!options_->unix_path.empty()) ::unlink(options_->unix_path.c_str());
    const auto connections = std::exchange(connections_, {});
    for (const auto& entry : connections) entry.second->Close();
    open_connections_ = 0;
  }

  size_t open_connections() const { return open_connections_; }

 private:
  void Wait() {
    descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                           [self = shared_from_this()](const boost::system::error_code& error) {
                             if (error || self->closed_) return;
                             self->AcceptBatch();
                           });
  }

  void AcceptBatch() {
    for (int i = 0; i < kAcceptBatch; ++i) {
      FileDescriptor fd(
          ::accept4(descriptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (fd.valid()) {
        Admit(std::move(fd));
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        break;
      } else if (!IsPeersFault(errno)) {
        return Pause(errno);
      }
    }
    Wait();
  }

  void Pause(int error) {
    if (options_->on_refused) {
      options_->on_refused("-",
                           {ErrorCode::kResourceExhausted,
                            "a connection cannot be accepted: " + ErrnoText(error),
                            "see ulimit -n and the machine's memory"});
    }
    pause_timer_ = shared_->loop.At(MonotonicNow() + kAcceptPause, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self && !self->closed_) self->Wait();
    });
  }

  void Admit(FileDescriptor fd) {
    const SocketPeer peer = PeerOf(fd.get());
    if (connections_.size() >= options_->max_connections) {
      if (options_->on_refused) {
        options_->on_refused(peer.address,
                             {ErrorCode::kResourceExhausted,
                              std::to_string(connections_.size()) + " connections are open",
                              "close some"});
      }
      return;
    }
    if (options_->unix_path.empty()) TuneTcp(fd.get());
    const uint64_t number = next_number_++;
    auto connection = std::make_shared<ThriftConnection>(
        number, fd.release(), ThriftPeer{peer.address, peer.uid}, shared_, options_);
    connections_.emplace(number, connection);
    ++open_connections_;
    connection->Start();
  }

  void Forget(uint64_t number) {
    if (connections_.erase(number) > 0) --open_connections_;
  }

  const std::shared_ptr<ThriftShared> shared_;
  const std::shared_ptr<const ThriftListenerOptions> options_;
  asio::posix::stream_descriptor descriptor_;
  FileDescriptor fd_;  // until Start
  bool closed_ = false;
  EventLoop::TimerId pause_timer_ = 0;
  uint64_t next_number_ = 1;
  std::map<uint64_t, std::shared_ptr<ThriftConnection>> connections_;
  std::atomic<size_t> open_connections_{0};
};

struct ThriftServer::State {
  explicit State(EventLoop& io_loop) : loop(io_loop) {}

  EventLoop& loop;
  mutable Mutex mutex;
  bool closed WEIR_GUARDED_BY(mutex) = false;
  std::vector<std::shared_ptr<ThriftListener>> listeners WEIR_GUARDED_BY(mutex);
};

ThriftServer::ThriftServer(EventLoop& io_loop) : state_(std::make_shared<State>(io_loop)) {
  SilenceThrift();
}

ThriftServer::~ThriftServer() {
  Close();
}

Result<HostPort> ThriftServer::Listen(ThriftListenerOptions options) {
  WEIR_CHECK(
      options.authenticator != nullptr && options.door != nullptr && options.factory != nullptr,
      "a listener has an authenticator, a door and a factory");
  FileDescriptor fd;
  HostPort bound;
  if (options.unix_path.empty()) {
    WEIR_ASSIGN_OR_RETURN(BoundSocket socket, ListenTcp(options.address));
    fd = std::move(socket.fd);
    bound = socket.address;
  } else {
    WEIR_ASSIGN_OR_RETURN(fd, ListenUnix(options.unix_path));
    bound = HostPort{options.unix_path, 0};
  }
  const auto listener =
      std::make_shared<ThriftListener>(state_->loop, std::move(fd), std::move(options));
  {
    MutexLock lock(state_->mutex);
    WEIR_CHECK(!state_->closed, "a closed server does not listen again");
    state_->listeners.push_back(listener);
  }
  state_->loop.Post([listener] { listener->Start(); });
  return bound;
}

void ThriftServer::Close() {
  std::vector<std::shared_ptr<ThriftListener>> listeners;
  {
    MutexLock lock(state_->mutex);
    state_->closed = true;
    listeners.swap(state_->listeners);
  }
  const auto close_all = [&listeners] {
    for (const auto& listener : listeners) listener->Close();
  };
  if (!state_->loop.IsOnLoopThread() && state_->loop.started()) {
    state_->loop.PostAndWait(close_all);
  }
  // On the loop itself, or when the loop never ran or has ended: nothing else touches them then.
  close_all();
}

size_t ThriftServer::connections() const {
  MutexLock lock(state_->mutex);
  size_t sum = 0;
  for (const auto& listener : state_->listeners) sum += listener->open_connections();
  return sum;
}

}  // namespace weir::platform
