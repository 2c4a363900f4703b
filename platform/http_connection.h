// HttpConnection: one accepted connection of an HttpServer, request after request.
//
//   wait -> head -> (door) -> body -> route -> (reply) -> answer -> wait | linger -> closed
//
// Every phase has a deadline. Owner: its own pending operation (there is always one, a timer's at
// least), so a closed one goes away by itself. Single-threaded: on the I/O loop, but for the reply.
#ifndef WEIR_PLATFORM_HTTP_CONNECTION_H_
#define WEIR_PLATFORM_HTTP_CONNECTION_H_

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "platform/file_descriptor.h"
#include "platform/http_message.h"
#include "platform/http_upload.h"

namespace weir::platform {

class HttpConnection;

// What the connections of one server share. Single-threaded: on the I/O loop.
struct HttpShared {
  HttpShared(EventLoop& io_loop, HttpServerOptions server_options)
      : loop(io_loop), options(std::move(server_options)) {}

  EventLoop& loop;
  HttpServerOptions options;
  RouteTable routes;
  bool closed = false;
  std::map<HttpConnection*, std::weak_ptr<HttpConnection>> connections;
};

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  HttpConnection(Socket socket, std::shared_ptr<HttpShared> shared);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  void Start();
  void Close();  // now; what is pending ends

 private:
  using ErrorCodeOrNone = boost::system::error_code;

  // Reading.
  void WaitForRequest();
  void ReadHead();
  void OnHead(const ErrorCodeOrNone& error);
  std::optional<HttpResponse> TakeHead();
  std::optional<HttpResponse> CheckOrigin(bool needs_host) const;
  std::optional<HttpResponse> FindRoute(const HttpTarget& target);
  void AskDoor();
  void OnVerdict(const Status& verdict);
  void Refuse(const Error& error);
  void TellDoor(std::optional<Error> error, bool unheard = false);
  void StartBody();
  void ReadBody();
  std::optional<HttpResponse> TakeBody(std::string_view bytes);
  HttpResponse TooLarge() const;
  void RunRoute();

  // Answering.
  void Deliver(uint64_t number, HttpResponse response);
  void Answer(HttpResponse response);
  std::string HeadText(int64_t length) const;
  Status OpenFile(int64_t& length);
  void SendNext();
  bool NextSlice(std::string_view& slice);
  void FinishAnswer();
  void Linger();

  void Arm(Duration limit, std::function<void()> on_deadline);
  void Disarm();
  void ResetRequest();

  const std::shared_ptr<HttpShared> shared_;
  Socket socket_;
  boost::asio::steady_timer timer_;
  uint64_t timer_generation_ = 0;
  boost::beast::flat_buffer buffer_;
  std::string chunk_;  // of a body, on its way in or out
  std::string peer_;

  // The request being read or answered.
  std::optional<boost::beast::http::request_parser<boost::beast::http::buffer_body>> parser_;
  uint64_t number_ = 0;
  HttpRequest request_;
  const RouteEntry* route_ = nullptr;
  int64_t body_limit_ = 0;
  std::unique_ptr<HttpUpload> upload_;
  bool keep_alive_ = false;  // only once the whole request has been read
  bool is_head_ = false;

  // The answer being written.
  bool awaiting_verdict_ = false;
  bool awaiting_reply_ = false;
  HttpResponse response_;
  std::string head_;
  std::shared_ptr<FileDescriptor> file_;  // null: the answer is in memory
  int64_t body_at_ = 0;
  int64_t body_end_ = 0;
  int64_t drained_ = 0;
};

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_HTTP_CONNECTION_H_
