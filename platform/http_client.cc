#include "platform/http_client.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "common/strings.h"
#include "platform/file_descriptor.h"
#include "platform/http_message.h"

namespace weir::platform {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using BoostError = boost::system::error_code;

constexpr size_t kChunkBytes = 64 << 10;
constexpr size_t kHeadBytes = 64 << 10;
constexpr int kCallOffMs = 100;      // between looks whether a call was called off
constexpr int kInterimAnswers = 10;  // "100 Continue" and the like

int PollMillis(Duration timeout) {
  return static_cast<int>(std::clamp<int64_t>(ToMillis(timeout), 1, 24 * 3600 * 1000));
}

Error Unavailable(const HostPort& server, const std::string& what) {
  return {ErrorCode::kUnavailable,
          what + " " + server.ToString(),
          "check that the server runs and listens there"};
}

Error TimedOut(const HostPort& server, Duration timeout) {
  return {ErrorCode::kDeadlineExceeded,
          "no progress for " + std::to_string(ToMillis(timeout)) + " ms in a call to " +
              server.ToString(),
          "the server may be overloaded: try again later"};
}

Error CalledOff(const HttpCall& call) {
  return {ErrorCode::kAborted, "the call to " + call.server.ToString() + " was called off", ""};
}

bool IsCalledOff(const HttpCall& call) {
  return call.called_off != nullptr && call.called_off();
}

// As poll() of one; 0 when the time ran out or the call was called off.
int PollOne(const HttpCall& call, int fd, short events) {
  pollfd entry{.fd = fd, .events = events, .revents = 0};
  int left = PollMillis(call.timeout);
  while (left > 0 && !IsCalledOff(call)) {
    const int slice = call.called_off == nullptr ? left : std::min(left, kCallOffMs);
    const int count = ::poll(&entry, 1, slice);
    if (count < 0 && errno == EINTR) continue;
    if (count != 0) return count < 0 ? 0 : entry.revents;
    left -= slice;
  }
  return 0;
}

// A connected socket as Beast's synchronous reading wants it, with a limit on every wait.
class PollStream {
 public:
  PollStream(FileDescriptor fd, const HttpCall& call) : fd_(std::move(fd)), call_(call) {}

  template <typename Buffers>
  size_t read_some(const Buffers& buffers, BoostError& error) {
    const asio::mutable_buffer buffer = *asio::buffer_sequence_begin(buffers);
    ssize_t count = -1;
    do {
      if (Wait(POLLIN) == 0) {
        error = asio::error::timed_out;
        return 0;
      }
      count = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    } while (count < 0 && (errno == EINTR || errno == EAGAIN));
    if (count < 0) error.assign(errno, boost::system::system_category());
    if (count == 0) error = asio::error::eof;
    return count < 0 ? 0 : static_cast<size_t>(count);
  }
  template <typename Buffers>
  size_t read_some(const Buffers& buffers) {
    BoostError error;
    const size_t count = read_some(buffers, error);
    if (error) throw boost::system::system_error(error);
    return count;
  }

  // Events that are there, 0 when the time ran out.
  int Wait(short events) const { return PollOne(call_, fd_.get(), events); }
  int fd() const { return fd_.get(); }

 private:
  FileDescriptor fd_;
  const HttpCall& call_;
};

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

// 0, or the errno of the failure (ETIMEDOUT for the time limit).
int ConnectWithin(int fd, const addrinfo& address, const HttpCall& call) {
  if (::connect(fd, address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (PollOne(call, fd, POLLOUT) == 0) return ETIMEDOUT;
  int cause = 0;
  socklen_t length = sizeof cause;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &cause, &length) != 0) return errno;
  return cause;
}

Result<FileDescriptor> Connect(const HttpCall& call) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(
      call.server.host.c_str(), std::to_string(call.server.port).c_str(), &hints, &found);
  if (failed != 0) {
    return Unavailable(call.server, std::string("cannot resolve (") + ::gai_strerror(failed) + ")");
  }
  const std::unique_ptr<addrinfo, FreeAddresses> list(found);
  int cause = 0;
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    FileDescriptor fd(::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    cause = fd.valid() ? ConnectWithin(fd.get(), *address, call) : errno;
    if (cause != 0) continue;
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
  }
  if (IsCalledOff(call)) return CalledOff(call);
  if (cause == ETIMEDOUT) return TimedOut(call.server, call.timeout);
  return Unavailable(call.server,
                     "cannot connect (" + std::generic_category().message(cause) + ") to");
}

// Sends everything, or stops early when the server has begun to answer or has gone: reading tells.
class Sender {
 public:
  Sender(const HttpCall& call, const PollStream& stream) : call_(call), stream_(stream) {}

  Status Send() {
    if (call_.body_file.empty()) return SendBytes(Head(call_.body.size()) + call_.body);
    WEIR_ASSIGN_OR_RETURN(const OpenFile file, OpenRegularFile(call_.body_file));
    WEIR_RETURN_IF_ERROR(SendBytes(Head(static_cast<size_t>(file.size))));
    std::string chunk(kChunkBytes, '\0');
    int64_t offset = 0;
    while (offset < file.size && !stopped_) {
      const auto wanted = static_cast<size_t>(std::min<int64_t>(file.size - offset, kChunkBytes));
      const size_t count = ReadAt(file.fd.get(), offset, chunk.data(), wanted);
      if (count == 0) {
        return Error{ErrorCode::kUnavailable,
                     call_.body_file + " became shorter or unreadable while it was sent",
                     "try again when nobody writes to the file"};
      }
      offset += static_cast<int64_t>(count);
      WEIR_RETURN_IF_ERROR(SendBytes(std::string_view(chunk.data(), count)));
    }
    return {};
  }

 private:
  std::string Head(size_t length) const {
    std::string head = HeaderValue(call_.method) + " " + HeaderValue(call_.target) +
                       " HTTP/1.1\r\nHost: " + call_.server.ToString() +
                       "\r\nConnection: close\r\n";
    if (length > 0 || (call_.method != "GET" && call_.method != "HEAD")) {
      head += "Content-Length: " + std::to_string(length) + "\r\n";
    }
    if (!IsSafeMethod(call_.method)) head += "X-Requested-By: weir\r\n";
    for (const auto& [name, value] : call_.headers) {
      head += HeaderValue(name) + ": " + HeaderValue(value) + "\r\n";
    }
    return head + "\r\n";
  }

  Status SendBytes(std::string_view bytes) {
    while (!bytes.empty() && !stopped_) {
      const int events = stream_.Wait(POLLOUT | POLLIN);
      if (events == 0) {
        return IsCalledOff(call_) ? CalledOff(call_) : TimedOut(call_.server, call_.timeout);
      }
      if ((events & POLLOUT) == 0 || (events & POLLIN) != 0) {
        stopped_ = true;
        return {};
      }
      const ssize_t count = ::send(stream_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0 && errno != EINTR && errno != EAGAIN) stopped_ = true;
      if (count > 0) bytes.remove_prefix(static_cast<size_t>(count));
    }
    return {};
  }

  const HttpCall& call_;
  const PollStream& stream_;
  bool stopped_ = false;
};

class Receiver {
 public:
  using Sink = std::function<Status(std::string_view)>;
  Receiver(const HttpCall& call, PollStream& stream, const Sink* sink)
      : call_(call), stream_(stream), sink_(sink) {}

  Result<HttpAnswer> Receive() {
    for (int i = 0; i < kInterimAnswers; ++i) {
      http::response_parser<http::buffer_body> parser;
      parser.header_limit(kHeadBytes);
      parser.body_limit(boost::none);
      parser.skip(call_.method == "HEAD");
      BoostError error;
      http::read_header(stream_, buffer_, parser, error);
      if (error) return Lost(error);
      if (parser.get().result_int() < 200) continue;
      return ReceiveBody(parser);
    }
    return Unavailable(call_.server, "too many interim answers from");
  }

 private:
  Result<HttpAnswer> ReceiveBody(http::response_parser<http::buffer_body>& parser) {
    HttpAnswer answer;
    answer.status = static_cast<int>(parser.get().result_int());
    for (const auto& field : parser.get()) {
      answer.headers[ToLower(std::string_view(field.name_string()))] = std::string(field.value());
    }
    const bool to_sink = sink_ != nullptr && (answer.status == 200 || answer.status == 206);
    std::string chunk(kChunkBytes, '\0');
    int64_t total = 0;
    while (!parser.is_done()) {
      parser.get().body().data = chunk.data();
      parser.get().body().size = chunk.size();
      BoostError error;
      // read_some, so that a slow stream is passed on as it comes.
      http::read_some(stream_, buffer_, parser, error);
      if (error == http::error::need_buffer) error = {};
      if (error) return Lost(error);
      const std::string_view bytes(chunk.data(), chunk.size() - parser.get().body().size);
      total += static_cast<int64_t>(bytes.size());
      if (total > call_.body_limit) return TooLarge();
      if (!to_sink) answer.body += bytes;
      if (to_sink && !bytes.empty()) WEIR_RETURN_IF_ERROR((*sink_)(bytes));
    }
    return answer;
  }

  Error Lost(const BoostError& error) const {
    if (IsCalledOff(call_)) return CalledOff(call_);
    if (error == asio::error::timed_out) return TimedOut(call_.server, call_.timeout);
    return Unavailable(call_.server, "the connection broke (" + error.message() + ") to");
  }

  Error TooLarge() const {
    return {ErrorCode::kResourceExhausted,
            "the answer of " + call_.server.ToString() + " to " + call_.target + " is over " +
                std::to_string(call_.body_limit) + " bytes",
            ""};
  }

  const HttpCall& call_;
  PollStream& stream_;
  const Sink* const sink_;  // null: the body goes into the answer
  boost::beast::flat_buffer buffer_{kHeadBytes + kChunkBytes};
};

Result<HttpAnswer> Call(const HttpCall& call, const Receiver::Sink* sink) {
  WEIR_ASSIGN_OR_RETURN(FileDescriptor fd, Connect(call));
  PollStream stream(std::move(fd), call);
  WEIR_RETURN_IF_ERROR(Sender(call, stream).Send());
  return Receiver(call, stream, sink).Receive();
}

}  // namespace

Result<HttpAnswer> CallHttp(const HttpCall& call) {
  return Call(call, nullptr);
}

Result<HttpAnswer> CallHttpStreaming(const HttpCall& call,
                                     const std::function<Status(std::string_view)>& sink) {
  return Call(call, &sink);
}

std::string UrlEncode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool plain =
        letter || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      encoded += c;
    } else {
      const std::string hex = HexEncode(std::string_view(&c, 1));
      encoded += '%';
      for (const char digit : hex)
        encoded += digit >= 'a' ? static_cast<char>(digit - 'a' + 'A') : digit;
    }
  }
  return encoded;
}

}  // namespace weir::platform
