#include "stream/runtime/framed_connection.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <utility>
#include <vector>

#include "platform/clock.h"
#include "platform/mutex.h"
#include "stream/runtime/accepted_socket.h"

namespace weir::stream {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using platform::MutexLock;

constexpr size_t kFramesPerWrite = 32;

}  // namespace

struct FramedConnection::State : std::enable_shared_from_this<FramedConnection::State> {
  explicit State(platform::EventLoop& event_loop)
      : loop(event_loop), socket(event_loop.io_context()), resolver(event_loop.io_context()) {}
  State(platform::EventLoop& event_loop, tcp::socket accepted)
      : loop(event_loop), socket(std::move(accepted)), resolver(event_loop.io_context()) {}

  void Send(Frame frame);
  void Begin();
  void ReadHeader();
  void ReadPayload(const FrameHeader& header);
  void Write();
  void Close(const std::string& cause);
  void OnConnected(const error_code& error);

  platform::EventLoop& loop;
  tcp::socket socket;
  tcp::resolver resolver;
  Handler handler;
  std::string peer = "unknown";
  bool standing = false;
  bool closed = false;
  bool writing = false;
  platform::EventLoop::TimerId connect_timer = 0;
  std::array<char, kFrameHeaderBytes> header_bytes{};
  Frame incoming;
  std::vector<Frame> writes;  // in flight
  std::vector<std::array<char, kFrameHeaderBytes>> write_headers;

  platform::Mutex mutex;
  std::deque<Frame> outbox WEIR_GUARDED_BY(mutex);
  bool drain_posted WEIR_GUARDED_BY(mutex) = false;
  bool refuses WEIR_GUARDED_BY(mutex) = false;  // closed, as Send() sees it
};

void FramedConnection::State::Send(Frame frame) {
  {
    MutexLock lock(mutex);
    if (refuses) return;
    outbox.push_back(std::move(frame));
    if (drain_posted) return;
    drain_posted = true;
  }
  loop.Post([self = shared_from_this()] { self->Write(); });
}

void FramedConnection::State::Begin() {
  error_code ignored;  // of options: the connection works without them
  socket.set_option(tcp::no_delay(true), ignored);
  const tcp::endpoint endpoint = socket.remote_endpoint(ignored);
  if (!ignored) peer = endpoint.address().to_string() + ":" + std::to_string(endpoint.port());
  standing = true;
  ReadHeader();
  Write();
}

void FramedConnection::State::Write() {
  if (closed || !standing || writing) return;
  {
    MutexLock lock(mutex);
    while (!outbox.empty() && writes.size() < kFramesPerWrite) {
      writes.push_back(std::move(outbox.front()));
      outbox.pop_front();
    }
    if (writes.empty()) {
      drain_posted = false;
      return;
    }
  }
  std::vector<asio::const_buffer> buffers;
  for (const Frame& frame : writes) write_headers.push_back(EncodeFrameHeader(frame));
  for (size_t i = 0; i < writes.size(); ++i) {
    buffers.push_back(asio::buffer(write_headers[i]));
    if (writes[i].payload.size() > 0) {
      buffers.emplace_back(writes[i].payload.data(), writes[i].payload.size());
    }
  }
  writing = true;
  asio::async_write(socket, buffers, [self = shared_from_this()](const error_code& error, size_t) {
    self->writing = false;
    self->writes.clear();
    self->write_headers.clear();
    if (error) return self->Close(error.message());
    self->Write();
  });
}

void FramedConnection::State::ReadHeader() {
  asio::async_read(socket,
                   asio::buffer(header_bytes),
                   [self = shared_from_this()](const error_code& error, size_t) {
                     if (self->closed) return;
                     if (error) return self->Close(error.message());
                     const auto header = DecodeFrameHeader(
                         std::string_view(self->header_bytes.data(), self->header_bytes.size()));
                     if (!header.ok()) return self->Close(header.error().message);
                     self->ReadPayload(*header);
                   });
}

void FramedConnection::State::ReadPayload(const FrameHeader& header) {
  incoming = Frame{header.type, header.flags, header.channel, ByteWriter(header.payload_bytes)};
  char* bytes = incoming.payload.AppendUninitialized(header.payload_bytes);
  asio::async_read(socket,
                   asio::buffer(bytes, header.payload_bytes),
                   [self = shared_from_this()](const error_code& error, size_t) {
                     if (self->closed) return;
                     if (error) return self->Close(error.message());
                     const Status taken = self->handler.on_frame(std::move(self->incoming));
                     if (!taken.ok()) return self->Close(taken.error().message);
                     if (!self->closed) self->ReadHeader();
                   });
}

void FramedConnection::State::Close(const std::string& cause) {
  if (closed) return;
  closed = true;
  loop.Cancel(connect_timer);
  {
    MutexLock lock(mutex);
    refuses = true;
    outbox.clear();
  }
  error_code ignored;  // the socket is given up, whatever it says
  socket.close(ignored);
  resolver.cancel();
  // The handler may hold the last reference to its link, which holds this.
  const auto self = shared_from_this();
  const Handler last = std::move(handler);
  handler = {};
  if (last.on_closed) last.on_closed(cause);
}

void FramedConnection::State::OnConnected(const error_code& error) {
  if (closed) return;
  if (error) return Close(error.message());
  loop.Cancel(connect_timer);
  connect_timer = 0;
  Begin();
}

FramedConnection::FramedConnection(platform::EventLoop& loop)
    : state_(std::make_shared<State>(loop)) {}

FramedConnection::FramedConnection(platform::EventLoop& loop, AcceptedSocket& accepted)
    : state_(std::make_shared<State>(loop, std::move(accepted.socket))) {}

FramedConnection::~FramedConnection() = default;

void FramedConnection::Send(Frame frame) {
  state_->Send(std::move(frame));
}

void FramedConnection::Start(Handler handler) {
  state_->handler = std::move(handler);
  state_->Begin();
}

void FramedConnection::Connect(const HostPort& peer, Duration timeout, Handler handler) {
  State& state = *state_;
  state.handler = std::move(handler);
  state.peer = peer.ToString();
  state.connect_timer = state.loop.At(
      platform::MonotonicNow() + timeout,
      [self = state.shared_from_this()] { self->Close("no connection within the time allowed"); });
  state.resolver.async_resolve(
      peer.host,
      std::to_string(peer.port),
      [self = state.shared_from_this()](const error_code& error,
                                        const tcp::resolver::results_type& found) {
        if (self->closed) return;
        if (error) return self->Close(error.message());
        asio::async_connect(
            self->socket, found, [self](const error_code& failed, const tcp::endpoint&) {
              self->OnConnected(failed);
            });
      });
}

void FramedConnection::Close(const std::string& cause) {
  state_->Close(cause);
}

std::string FramedConnection::peer() const {
  return state_->peer;
}

}  // namespace weir::stream
