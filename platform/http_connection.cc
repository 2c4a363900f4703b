#include "platform/http_connection.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>
#include <cerrno>
#include <utility>

#include "common/strings.h"
#include "platform/clock.h"
#include "platform/log.h"

namespace weir::platform {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr size_t kHeadBytes = 8 << 10;
constexpr int64_t kBodyBytes = 1 << 20;
constexpr size_t kChunkBytes = 64 << 10;
constexpr size_t kBufferBytes = kHeadBytes + kChunkBytes;
constexpr int64_t kDrainBytes = 8 << 20;

bool HasNoBody(int status) {
  return status == 204 || status == 304 || status < 200;
}

std::string ReasonOf(int status) {
  return std::string(http::obsolete_reason(static_cast<http::status>(status)));
}

}  // namespace

HttpConnection::HttpConnection(Socket socket, std::shared_ptr<HttpShared> shared)
    : shared_(std::move(shared)),
      socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      buffer_(kBufferBytes) {}

HttpConnection::~HttpConnection() {
  shared_->connections.erase(this);
}

void HttpConnection::Start() {
  shared_->connections[this] = weak_from_this();
  ErrorCodeOrNone error;
  socket_.set_option(asio::ip::tcp::no_delay(true), error);
  const auto peer = socket_.remote_endpoint(error);
  if (error) return;  // gone already
  peer_ = peer.address().to_string();
  ReadHead();
}

void HttpConnection::Close() {
  Disarm();
  if (std::exchange(awaiting_reply_, false)) TellDoor(std::nullopt, true);
  awaiting_verdict_ = false;
  upload_.reset();
  ErrorCodeOrNone ignored;
  socket_.close(ignored);
}

void HttpConnection::Arm(Duration limit, std::function<void()> on_deadline) {
  const uint64_t generation = ++timer_generation_;
  timer_.expires_after(limit);
  timer_.async_wait([self = shared_from_this(), generation, action = std::move(on_deadline)](
                        const ErrorCodeOrNone& error) {
    // A wait that ended just before it was armed again comes here without an error.
    if (!error && generation == self->timer_generation_) action();
  });
}

void HttpConnection::Disarm() {
  ++timer_generation_;
  timer_.cancel();
}

void HttpConnection::ResetRequest() {
  request_ = {};
  route_ = nullptr;
  body_limit_ = 0;
  upload_.reset();
  response_ = {};
  file_.reset();
  body_at_ = 0;
  body_end_ = 0;
  is_head_ = false;
  keep_alive_ = false;
}

// --- reading

void HttpConnection::WaitForRequest() {
  ResetRequest();
  if (buffer_.size() > 0) return ReadHead();  // the next request is here already
  buffer_.shrink_to_fit();
  chunk_ = {};
  Arm(shared_->options.deadlines.idle, [this] { Close(); });
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const ErrorCodeOrNone& error) {
    if (!error) self->ReadHead();
    if (error) self->Close();
  });
}

void HttpConnection::ReadHead() {
  parser_.emplace();
  parser_->header_limit(kHeadBytes);
  // The route decides; until it is known, nothing of the body is taken.
  parser_->body_limit(boost::none);
  Arm(shared_->options.deadlines.head, [this] { Close(); });
  http::async_read_header(
      socket_,
      buffer_,
      *parser_,
      [self = shared_from_this()](const ErrorCodeOrNone& error, size_t) { self->OnHead(error); });
}

void HttpConnection::OnHead(const ErrorCodeOrNone& error) {
  // Closed while this waited for its turn: then no route may run any more.
  if (!socket_.is_open()) return;
  ++number_;
  const bool from_parser =
      error.category() == http::make_error_code(http::error::bad_method).category();
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return Answer(StatusResponse(431, "the headers are over 8 KiB"));
  }
  if (error && from_parser && error != http::error::end_of_stream &&
      error != http::error::partial_message) {
    return Answer(StatusResponse(400, "not an HTTP/1.1 request: " + error.message()));
  }
  if (error) return Close();
  if (auto refusal = TakeHead()) {
    if (refusal->error) TellDoor(refusal->error);
    return Answer(*std::move(refusal));
  }
  AskDoor();
}

// --- who may

// Before the body: nobody uploads what he may not.
void HttpConnection::AskDoor() {
  const auto& options = shared_->options;
  if (options.authenticator) {
    auto caller = options.authenticator(request_);
    if (!caller.ok()) return Refuse(caller.error());
    request_.caller = *std::move(caller);
  }
  request_.caller.address = peer_;
  const security::Operation& operation = *route_->operation;
  if (const auto decided = options.door->Decide(request_.caller, operation)) {
    return OnVerdict(*decided);
  }
  awaiting_verdict_ = true;
  const uint64_t number = number_;
  Arm(options.deadlines.reply, [this] {
    awaiting_verdict_ = false;
    Answer(StatusResponse(503, "it took too long to find out who may do this"));
  });
  options.door->Ask(request_.caller,
                    operation,
                    [weak = weak_from_this(), loop = &shared_->loop, number](Status verdict) {
                      loop->Post([weak, number, verdict = std::move(verdict)] {
                        const auto self = weak.lock();
                        if (!self || number != self->number_) return;
                        if (!std::exchange(self->awaiting_verdict_, false)) return;
                        self->OnVerdict(verdict);
                      });
                    });
}

void HttpConnection::OnVerdict(const Status& verdict) {
  if (!socket_.is_open() || shared_->closed) return;
  if (!verdict.ok()) return Refuse(verdict.error());
  StartBody();
}

void HttpConnection::Refuse(const Error& error) {
  TellDoor(error);
  keep_alive_ = parser_->is_done() && parser_->get().keep_alive();
  Answer(ErrorResponse(error));
}

void HttpConnection::TellDoor(std::optional<Error> error, bool unheard) {
  Caller caller = request_.caller;
  caller.address = peer_;
  shared_->options.door->OnEnded(
      {.caller = std::move(caller),
       .operation = route_ == nullptr ? nullptr : route_->operation,
       .object = request_.path.empty() ? std::string(parser_->get().target()) : request_.path,
       .error = std::move(error),
       .unheard = unheard});
}

// The answer to a request that goes no further.
std::optional<HttpResponse> HttpConnection::TakeHead() {
  const auto& head = parser_->get();
  request_.method = std::string(head.method_string());
  request_.peer = peer_;
  is_head_ = request_.method == "HEAD";
  for (const auto& field : head) {
    const std::string name = ToLower(std::string_view(field.name_string()));
    if (name == "host" && request_.headers.contains(name)) {
      return StatusResponse(400, "more than one Host header");
    }
    request_.headers[name] = std::string(field.value());
  }
  if (auto refusal = CheckOrigin(head.version() >= 11)) return refusal;
  const auto target = ParseHttpTarget(std::string_view(head.target()));
  if (!target.ok()) return StatusResponse(400, target.error().message);
  return FindRoute(*target);
}

std::optional<HttpResponse> HttpConnection::CheckOrigin(bool needs_host) const {
  const auto& names = shared_->options.host_names;
  const auto host = request_.headers.find("host");
  if (host == request_.headers.end() && needs_host) {
    return StatusResponse(400, "the Host header is missing");
  }
  if (host != request_.headers.end() && !IsHostAllowed(host->second, names)) {
    return StatusResponse(403, "this server is not '" + host->second.substr(0, 100) + "'");
  }
  const auto origin = request_.headers.find("origin");
  if (IsSafeMethod(request_.method)) return std::nullopt;
  if (origin != request_.headers.end() && !IsOriginAllowed(origin->second, names)) {
    return StatusResponse(403, "pages of other sites may only read");
  }
  // A page can send it to its own site only: elsewhere its browser asks first whether it may, and
  // is never told so here.
  if (!request_.headers.contains("x-requested-by")) {
    return StatusResponse(403,
                          "a request that may change something needs the header X-Requested-By, "
                          "with any value");
  }
  return std::nullopt;
}

std::optional<HttpResponse> HttpConnection::FindRoute(const HttpTarget& target) {
  RouteTable::Match match = shared_->routes.Find(request_.method, target);
  if (match.route != nullptr) {
    route_ = match.route;
    request_.path = target.path;
    request_.target = target.text;
    request_.query = target.query;
    request_.captures = std::move(match.captures);
    return std::nullopt;
  }
  keep_alive_ = parser_->is_done() && parser_->get().keep_alive();
  if (match.allowed.empty()) return StatusResponse(404, "nothing is at " + target.path);
  HttpResponse response =
      StatusResponse(405, request_.method + " is not possible at " + target.path);
  response.headers["Allow"] = Join(match.allowed, ", ");
  return response;
}

void HttpConnection::StartBody() {
  body_limit_ = route_->takes_file ? route_->body_limit : kBodyBytes;
  const auto length = parser_->content_length();
  if (length && *length > static_cast<uint64_t>(body_limit_)) {
    return Answer(TooLarge());
  }
  if (route_->takes_file) {
    auto upload = HttpUpload::Begin(shared_->options.upload_directory);
    if (!upload.ok()) return Answer(ErrorResponse(upload.error()));
    upload_ = *std::move(upload);
  }
  const auto expect = request_.headers.find("expect");
  if (parser_->is_done() || expect == request_.headers.end()) return ReadBody();
  if (ToLower(expect->second) != "100-continue")
    return Answer(StatusResponse(417, "only 100-continue can be expected"));
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  Arm(shared_->options.deadlines.progress, [this] { Close(); });
  asio::async_write(socket_,
                    asio::buffer(kContinue.data(), kContinue.size()),
                    [self = shared_from_this()](const ErrorCodeOrNone& error, size_t) {
                      if (error) return self->Close();
                      self->ReadBody();
                    });
}

void HttpConnection::ReadBody() {
  if (!socket_.is_open()) return;
  if (parser_->is_done()) return RunRoute();
  chunk_.resize(kChunkBytes);
  auto& body = parser_->get().body();
  body.data = chunk_.data();
  body.size = chunk_.size();
  // A whole chunk (or the end) within the time: a peer that drips bytes makes no progress.
  Arm(shared_->options.deadlines.progress, [this] { Close(); });
  http::async_read(
      socket_,
      buffer_,
      *parser_,
      [self = shared_from_this()](const ErrorCodeOrNone& error, size_t) {
        if (!self->socket_.is_open()) return;
        if (error && error != http::error::need_buffer) {
          const bool gone = error == http::error::partial_message ||
                            error.category() == boost::system::system_category();
          if (gone) return self->Close();
          return self->Answer(StatusResponse(400, "the body cannot be read: " + error.message()));
        }
        const size_t taken = self->chunk_.size() - self->parser_->get().body().size;
        auto refusal = self->TakeBody(std::string_view(self->chunk_.data(), taken));
        if (refusal) return self->Answer(*std::move(refusal));
        self->ReadBody();
      });
}

std::optional<HttpResponse> HttpConnection::TakeBody(std::string_view bytes) {
  request_.body_size += static_cast<int64_t>(bytes.size());
  if (request_.body_size > body_limit_) return TooLarge();
  if (upload_ == nullptr) {
    request_.body += bytes;
    return std::nullopt;
  }
  const Status written = upload_->Append(bytes);
  if (!written.ok()) return ErrorResponse(written.error());
  return std::nullopt;
}

HttpResponse HttpConnection::TooLarge() const {
  return StatusResponse(413, "the body is over " + std::to_string(body_limit_) + " bytes");
}

void HttpConnection::RunRoute() {
  if (upload_ != nullptr) {
    const Status finished = upload_->Finish();
    if (!finished.ok()) return Answer(ErrorResponse(finished.error()));
    request_.body_file = upload_->path();
    request_.body_sha256 = upload_->sha256();
  }
  keep_alive_ = parser_->get().keep_alive();
  awaiting_reply_ = true;
  const uint64_t number = number_;
  Arm(shared_->options.deadlines.reply, [this, number] {
    LogWarn("http.server", peer_, "a request was not answered in time", {{"path", request_.path}});
    keep_alive_ = false;
    Deliver(number, StatusResponse(503, "the answer took too long"));
  });
  // Not the connection itself: whoever keeps the reply must not keep a socket alive.
  HttpReply reply =
      [weak = weak_from_this(), loop = &shared_->loop, number](HttpResponse response) {
        loop->Post([weak, number, response = std::move(response)]() mutable {
          if (const auto self = weak.lock()) self->Deliver(number, std::move(response));
        });
      };
  route_->handler(request_, std::move(reply));
}

// --- answering

void HttpConnection::Deliver(uint64_t number, HttpResponse response) {
  if (!awaiting_reply_ || number != number_ || shared_->closed) return;
  awaiting_reply_ = false;
  TellDoor(response.error);
  Answer(std::move(response));
}

void HttpConnection::Answer(HttpResponse response) {
  upload_.reset();
  response_ = std::move(response);
  int64_t length = static_cast<int64_t>(response_.body.size());
  if (const Status opened = OpenFile(length); !opened.ok()) {
    LogWarn(
        "http.server", peer_, "cannot answer with a file", {{"error", opened.error().ToString()}});
    response_ = StatusResponse(404, "the file is not there any more");
    length = static_cast<int64_t>(response_.body.size());
  }
  head_ = HeadText(length);
  body_at_ = file_ != nullptr ? response_.file_offset : 0;
  body_end_ = is_head_ || HasNoBody(response_.status) ? body_at_ : body_at_ + length;
  SendNext();
}

// If the answer is a file: how much there is to send, with the range clamped to it.
Status HttpConnection::OpenFile(int64_t& length) {
  int64_t size = 0;
  if (response_.open_file != nullptr) {
    struct stat info {};
    if (::fstat(response_.open_file->get(), &info) != 0) {
      return SystemError("stat", "an open file", errno);
    }
    file_ = response_.open_file;
    size = info.st_size;
  } else if (!response_.file.empty()) {
    WEIR_ASSIGN_OR_RETURN(weir::platform::OpenFile opened, OpenRegularFile(response_.file));
    file_ = std::make_shared<FileDescriptor>(std::move(opened.fd));
    size = opened.size;
  } else {
    return {};
  }
  response_.file_offset = std::clamp<int64_t>(response_.file_offset, 0, size);
  length = size - response_.file_offset;
  if (response_.file_length >= 0) length = std::min(length, response_.file_length);
  return {};
}

std::string HttpConnection::HeadText(int64_t length) const {
  std::map<std::string, std::string> headers = {{"Cache-Control", "no-store"}};
  for (const auto& [name, value] : response_.headers) headers[name] = value;
  // No route makes an exception.
  headers["Content-Security-Policy"] =
      "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src "
      "'none'";
  headers["Content-Type"] = response_.content_type;
  headers["Cross-Origin-Resource-Policy"] = "same-origin";
  headers["Referrer-Policy"] = "no-referrer";
  headers["X-Content-Type-Options"] = "nosniff";
  headers["X-Frame-Options"] = "DENY";
  if (!HasNoBody(response_.status)) headers["Content-Length"] = std::to_string(length);
  headers["Date"] = HttpDate(ToMillis(WallNow()) / 1000);
  headers["Connection"] = keep_alive_ ? "keep-alive" : "close";
  std::string text =
      "HTTP/1.1 " + std::to_string(response_.status) + " " + ReasonOf(response_.status) + "\r\n";
  for (const auto& [name, value] : headers) {
    text += HeaderValue(name) + ": " + HeaderValue(value) + "\r\n";
  }
  return text + "\r\n";
}

// The next piece of the answer's body; false when a file has become shorter than promised.
bool HttpConnection::NextSlice(std::string_view& slice) {
  const int64_t left = body_end_ - body_at_;
  if (left == 0) return true;
  if (file_ == nullptr) {
    const auto size = static_cast<size_t>(std::min<int64_t>(left, kChunkBytes * 4));
    slice = std::string_view(response_.body).substr(static_cast<size_t>(body_at_), size);
    return true;
  }
  chunk_.resize(kChunkBytes);
  const auto wanted = static_cast<size_t>(std::min<int64_t>(left, kChunkBytes));
  const size_t count = ReadAt(file_->get(), body_at_, chunk_.data(), wanted);
  slice = std::string_view(chunk_.data(), count);
  return count > 0;
}

void HttpConnection::SendNext() {
  std::string_view slice;
  if (!NextSlice(slice)) return Close();
  body_at_ += static_cast<int64_t>(slice.size());
  const std::array<asio::const_buffer, 2> buffers = {asio::buffer(head_),
                                                     asio::buffer(slice.data(), slice.size())};
  Arm(shared_->options.deadlines.progress, [this] { Close(); });
  asio::async_write(
      socket_, buffers, [self = shared_from_this()](const ErrorCodeOrNone& error, size_t) {
        if (error) return self->Close();
        self->head_.clear();
        if (self->body_at_ < self->body_end_) return self->SendNext();
        self->FinishAnswer();
      });
}

void HttpConnection::FinishAnswer() {
  if (keep_alive_ && !shared_->closed) return WaitForRequest();
  ErrorCodeOrNone ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  ResetRequest();
  // Closing with unread bytes would reset the connection, and the peer might never see the answer.
  Arm(shared_->options.deadlines.linger, [this] { Close(); });
  Linger();
}

void HttpConnection::Linger() {
  chunk_.resize(kChunkBytes);
  socket_.async_read_some(asio::buffer(chunk_),
                          [self = shared_from_this()](const ErrorCodeOrNone& error, size_t count) {
                            self->drained_ += static_cast<int64_t>(count);
                            if (error || self->drained_ > kDrainBytes) return self->Close();
                            self->Linger();
                          });
}

}  // namespace weir::platform
