#include "platform/framed_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <thrift/transport/TTransportException.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/limits.h"
#include "platform/clock.h"
#include "platform/thrift_protocol.h"

namespace weir::platform {
namespace {

using apache::thrift::transport::TTransportException;

constexpr size_t kHeaderBytes = 4;
constexpr size_t kChunkBytes = 64u << 10;

bool WouldBlock(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

FramedSocket::FramedSocket(FileDescriptor fd, int wake)
    : fd_(std::move(fd)), wake_(wake), output_(kHeaderBytes, '\0') {
  setConfiguration(ThriftLimits());
  resetConsumedMessageSize();
}

bool FramedSocket::IsStale() const {
  char byte = 0;
  const ssize_t count = ::recv(fd_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count >= 0 || !WouldBlock(errno);
}

void FramedSocket::Await(short events) {
  switch (WaitFor(fd_.get(), events, deadline_, wake_)) {
    case WaitOutcome::kReady:
      return;
    case WaitOutcome::kTimeout:
      throw TTransportException(TTransportException::TIMED_OUT, "no answer in time");
    case WaitOutcome::kWoken:
      throw TTransportException(TTransportException::INTERRUPTED, "the call was interrupted");
    case WaitOutcome::kFailed:
      throw TTransportException(TTransportException::UNKNOWN, ErrnoText(errno));
  }
}

void FramedSocket::write(const uint8_t* buffer, uint32_t length) {
  if (output_.size() - kHeaderBytes + length > limits::kFrameBytes) {
    output_.resize(kHeaderBytes);
    throw apache::thrift::protocol::TProtocolException(
        apache::thrift::protocol::TProtocolException::SIZE_LIMIT);
  }
  output_.append(reinterpret_cast<const char*>(buffer), length);
}

void FramedSocket::flush() {
  const auto length = static_cast<uint32_t>(output_.size() - kHeaderBytes);
  for (size_t i = 0; i < kHeaderBytes; ++i) {
    output_[i] = static_cast<char>((length >> (24 - 8 * i)) & 0xff);
  }
  size_t sent = 0;
  while (sent < output_.size()) {
    const ssize_t count =
        ::send(fd_.get(), output_.data() + sent, output_.size() - sent, MSG_NOSIGNAL);
    if (count >= 0) {
      sent += static_cast<size_t>(count);
    } else if (WouldBlock(errno)) {
      Await(POLLOUT);
    } else if (errno == EPIPE || errno == ECONNRESET) {
      // The peer left, but what it said last (why, mostly) may still be there to read.
      break;
    } else {
      throw TTransportException(TTransportException::UNKNOWN, ErrnoText(errno));
    }
  }
  output_.resize(kHeaderBytes);
}

void FramedSocket::Receive(std::string& into, size_t count) {
  const size_t end = into.size() + count;
  while (into.size() < end) {
    const size_t before = into.size();
    into.resize(before + std::min(end - before, kChunkBytes));
    const ssize_t received = ::recv(fd_.get(), into.data() + before, into.size() - before, 0);
    const int error = errno;
    into.resize(before + static_cast<size_t>(std::max<ssize_t>(received, 0)));
    if (received == 0) {
      throw TTransportException(TTransportException::END_OF_FILE, "the peer closed the connection");
    }
    if (received < 0 && !WouldBlock(error)) {
      throw TTransportException(TTransportException::UNKNOWN, ErrnoText(error));
    }
    if (received < 0) Await(POLLIN);
  }
}

void FramedSocket::ReadFrame() {
  std::string header;
  Receive(header, kHeaderBytes);
  size_t length = 0;
  for (const char byte : header) length = (length << 8) | static_cast<unsigned char>(byte);
  if (length == 0 || length > limits::kFrameBytes) {
    throw TTransportException(TTransportException::CORRUPTED_DATA,
                              "the peer does not speak Weir's protocol");
  }
  frame_.clear();
  frame_offset_ = 0;
  Receive(frame_, length);
  resetConsumedMessageSize();
}

uint32_t FramedSocket::read(uint8_t* buffer, uint32_t length) {
  if (available_read() == 0) ReadFrame();
  const uint32_t count = std::min(length, available_read());
  std::memcpy(buffer, frame_.data() + frame_offset_, count);
  frame_offset_ += count;
  return count;
}

const uint8_t* FramedSocket::borrow(uint8_t*, uint32_t* length) {
  if (available_read() < *length) return nullptr;
  *length = available_read();
  return reinterpret_cast<const uint8_t*>(frame_.data() + frame_offset_);
}

void FramedSocket::consume(uint32_t length) {
  frame_offset_ += std::min(length, available_read());
}

uint32_t FramedSocket::readEnd() {
  const auto total = static_cast<uint32_t>(frame_.size());
  std::string().swap(frame_);
  frame_offset_ = 0;
  return total;
}

}  // namespace weir::platform
