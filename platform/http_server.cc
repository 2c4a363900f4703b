#include "platform/http_server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <string_view>
#include <utility>

#include "common/check.h"
#include "platform/http_connection.h"
#include "platform/http_message.h"
#include "platform/http_upload.h"
#include "platform/log.h"
#include "platform/mutex.h"

namespace weir::platform {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using SystemErrorCode = boost::system::error_code;

constexpr size_t kConnections = 1024;
constexpr int kBacklog = 1024;
constexpr Duration kAcceptPause = milliseconds(100);
constexpr std::string_view kFullAnswer =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n"
    "Content-Length: 0\r\n\r\n";

Error ListenError(const HostPort& address, const SystemErrorCode& error) {
  const bool in_use = error == asio::error::address_in_use;
  return {ErrorCode::kUnavailable,
          "cannot listen for HTTP on " + address.ToString() + ": " + error.message(),
          in_use ? "another process has this port: stop it, or configure another port (0 = any)"
                 : "check the configured address"};
}

}  // namespace

struct HttpServer::State : std::enable_shared_from_this<HttpServer::State> {
  State(EventLoop& loop, HttpServerOptions options)
      : shared(std::make_shared<HttpShared>(loop, std::move(options))),
        acceptor(loop.io_context()),
        pause(loop.io_context()) {}

  RouteEntry EntryFor(const std::string& method, const std::string& pattern, HttpRoute route) const;
  Result<HostPort> Open();
  void Accept();
  void OnAccept(const SystemErrorCode& error, tcp::socket socket);
  void CloseOnLoop();

  const std::shared_ptr<HttpShared> shared;
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  bool listening = false;  // owner's thread only
  Mutex mutex;
  bool started WEIR_GUARDED_BY(mutex) = false;  // the loop runs and has seen us
  bool closed WEIR_GUARDED_BY(mutex) = false;
};

Result<HostPort> HttpServer::State::Open() {
  const HostPort& address = shared->options.address;
  SystemErrorCode error;
  tcp::resolver resolver(shared->loop.io_context());
  const auto found = resolver.resolve(address.host,
                                      std::to_string(address.port),
                                      tcp::resolver::passive | tcp::resolver::numeric_service,
                                      error);
  if (error || found.empty()) return ListenError(address, error);
  const tcp::endpoint endpoint = *found.begin();
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kBacklog, error);
  if (error) return ListenError(address, error);
  const tcp::endpoint bound = acceptor.local_endpoint(error);
  if (error) return ListenError(address, error);
  return HostPort{address.host, bound.port()};
}

void HttpServer::State::Accept() {
  acceptor.async_accept(
      [self = shared_from_this()](const SystemErrorCode& error, tcp::socket socket) {
        self->OnAccept(error, std::move(socket));
      });
}

void HttpServer::State::OnAccept(const SystemErrorCode& error, tcp::socket socket) {
  if (shared->closed || error == asio::error::operation_aborted) return;
  if (error) {
    // No descriptors left, most likely: trying again at once would only spin.
    LogWarn("http.server", "-", "cannot accept a connection", {{"error", error.message()}});
    pause.expires_after(kAcceptPause);
    pause.async_wait([self = shared_from_this()](const SystemErrorCode& cancelled) {
      if (!cancelled && !self->shared->closed) self->Accept();
    });
    return;
  }
  if (shared->connections.size() < kConnections) {
    std::make_shared<HttpConnection>(std::move(socket), shared)->Start();
  } else {
    SystemErrorCode ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(kFullAnswer.data(), kFullAnswer.size()), ignored);
  }
  Accept();
}

void HttpServer::State::CloseOnLoop() {
  shared->closed = true;
  SystemErrorCode ignored;
  acceptor.close(ignored);
  pause.cancel();
  std::vector<std::shared_ptr<HttpConnection>> open;
  for (const auto& [key, connection] : shared->connections) open.push_back(connection.lock());
  for (const auto& connection : open) {
    if (connection) connection->Close();
  }
}

HttpServer::HttpServer(EventLoop& io_loop, HttpServerOptions options)
    : state_(std::make_shared<State>(io_loop, std::move(options))) {
  WEIR_CHECK(state_->shared->options.door != nullptr, "a web port has a door");
}

HttpServer::~HttpServer() {
  Close();
}

RouteEntry HttpServer::State::EntryFor(const std::string& method,
                                       const std::string& pattern,
                                       HttpRoute route) const {
  WEIR_CHECK(!listening, "routes are added before Listen");
  RouteEntry entry;
  entry.operation = shared->options.door->Find(method + " " + pattern);
  WEIR_CHECK(entry.operation != nullptr,
             "the route " + method + " " + pattern + " is in security/operations.cc");
  entry.method = method;
  entry.parts = PatternParts(pattern);
  entry.handler = std::move(route);
  return entry;
}

void HttpServer::Route(const std::string& method, const std::string& pattern, HttpRoute route) {
  state_->shared->routes.Add(state_->EntryFor(method, pattern, std::move(route)));
}

void HttpServer::UploadRoute(const std::string& method,
                             const std::string& pattern,
                             int64_t limit,
                             HttpRoute route) {
  WEIR_CHECK(!state_->shared->options.upload_directory.empty(), "uploads need a directory");
  RouteEntry entry = state_->EntryFor(method, pattern, std::move(route));
  entry.takes_file = true;
  entry.body_limit = limit;
  state_->shared->routes.Add(std::move(entry));
}

Result<HostPort> HttpServer::Listen() {
  WEIR_CHECK(!state_->listening, "a server listens once");
  WEIR_ASSIGN_OR_RETURN(const HostPort address, state_->Open());
  state_->listening = true;
  const auto& options = state_->shared->options;
  if (!options.upload_directory.empty()) HttpUpload::RemoveLeftovers(options.upload_directory);
  state_->shared->loop.Post([state = state_] {
    {
      MutexLock lock(state->mutex);
      if (state->closed) return;
      state->started = true;
    }
    state->Accept();
  });
  return address;
}

void HttpServer::Close() {
  bool started = false;
  {
    MutexLock lock(state_->mutex);
    if (state_->closed) return;
    state_->closed = true;
    started = state_->started;
  }
  // Before it has started there are no connections, and waiting for the loop might never end.
  if (!started) return;
  EventLoop& loop = state_->shared->loop;
  if (loop.IsOnLoopThread()) return state_->CloseOnLoop();
  loop.PostAndWait([state = state_] { state->CloseOnLoop(); });
}

}  // namespace weir::platform
