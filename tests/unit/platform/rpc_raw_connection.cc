#include "tests/unit/platform/rpc_raw_connection.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "platform/clock.h"
#include "platform/thrift_protocol.h"
#include "tests/unit/platform/rpc_test_service.h"

namespace weir::platform {
namespace {

constexpr int kNoWake = -1;

uint32_t Length(std::string_view header) {
  uint32_t length = 0;
  for (const char byte : header) length = (length << 8) | static_cast<unsigned char>(byte);
  return length;
}

std::string Header(size_t length) {
  std::string header;
  for (int shift = 24; shift >= 0; shift -= 8) {
    header.push_back(static_cast<char>((length >> shift) & 0xff));
  }
  return header;
}

// Sets the sequence number, which the generated client leaves 0: one byte after the two of the
// head.
std::string WithSequence(std::string message, int32_t sequence) {
  return message.replace(2, 1, Varint(static_cast<uint64_t>(sequence)));
}

}  // namespace

RawConnection::RawConnection(const HostPort& address) {
  auto fd = ConnectTcp(address, MonotonicNow() + kHangGuard, kNoWake);
  EXPECT_TRUE(fd.ok()) << (fd.ok() ? "" : fd.error().ToString());
  if (fd.ok()) fd_ = std::move(fd).value();
}

bool RawConnection::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count > 0) {
      bytes.remove_prefix(static_cast<size_t>(count));
    } else if (errno != EAGAIN ||
               WaitFor(fd_.get(), POLLOUT, MonotonicNow() + kHangGuard, kNoWake) !=
                   WaitOutcome::kReady) {
      return false;
    }
  }
  return true;
}

bool RawConnection::SendFrame(std::string_view message) {
  return Send(Header(message.size()) + std::string(message));
}

void RawConnection::CloseWriting() {
  ::shutdown(fd_.get(), SHUT_WR);
}

bool RawConnection::SendCall(const std::function<void(idl::ClientServiceClient&)>& send,
                             int32_t sequence) {
  const auto buffer = std::make_shared<MemoryBuffer>();
  idl::ClientServiceClient client(std::make_shared<BoundedProtocol<MemoryBuffer>>(buffer));
  send(client);
  return SendFrame(WithSequence(buffer->getBufferAsString(), sequence));
}

bool RawConnection::SendPark(int32_t sequence) {
  return SendCall(
      [](idl::ClientServiceClient& c) { c.send_getApplication(idl::GetApplicationRequest()); },
      sequence);
}

void RawConnection::SayHello() {
  const Proof proof = MakeProof(kTestSecret, kDaemonRole, "raw");
  idl::SecretProof secret;
  secret.__set_role(proof.role);
  secret.__set_name(proof.name);
  secret.__set_nonce(proof.nonce);
  secret.__set_mac(proof.mac);
  idl::Credential credential;
  credential.__set_secret(secret);
  idl::Hello hello;
  hello.__set_protocol_version(kProtocolVersion);
  hello.__set_credential(credential);
  ASSERT_TRUE(SendCall([&hello](idl::ClientServiceClient& c) { c.send_hello(hello); }));
  const auto answer = ReadFrame();
  ASSERT_TRUE(answer.has_value());
  ASSERT_FALSE(ParseReply(*answer).is_error) << ParseReply(*answer).error.ToString();
}

std::optional<std::string> RawConnection::ReadFrame() {
  std::string bytes;
  size_t wanted = 4;
  while (bytes.size() < wanted) {
    std::string chunk(wanted - bytes.size(), '\0');
    const ssize_t count = ::recv(fd_.get(), chunk.data(), chunk.size(), 0);
    if (count > 0) {
      bytes.append(chunk, 0, static_cast<size_t>(count));
      if (bytes.size() == 4 && wanted == 4) wanted += Length(bytes);
    } else if (count == 0 || errno != EAGAIN ||
               WaitFor(fd_.get(), POLLIN, MonotonicNow() + kHangGuard, kNoWake) !=
                   WaitOutcome::kReady) {
      return std::nullopt;
    }
  }
  return bytes.substr(4);
}

bool RawConnection::IsClosedByPeer() {
  std::string chunk(64u << 10, '\0');
  while (true) {
    const ssize_t count = ::recv(fd_.get(), chunk.data(), chunk.size(), 0);
    if (count == 0 || (count < 0 && errno != EAGAIN)) return true;
    if (count < 0 &&
        WaitFor(fd_.get(), POLLIN, MonotonicNow() + kHangGuard, kNoWake) != WaitOutcome::kReady) {
      return false;
    }
  }
}

RawReply ParseReply(const std::string& message) {
  RawReply reply;
  const auto reader = ReaderOf(message);
  std::string method;
  apache::thrift::protocol::TMessageType type{};
  reader->readMessageBegin(method, type, reply.sequence);
  idl::BaseService_hello_result result;  // the error is field 1 of every method's result
  result.read(reader.get());
  reply.is_error = result.__isset.error;
  if (reply.is_error) reply.error = FromServiceError(result.error);
  return reply;
}

std::string CallHead(const std::string& method, int type) {
  std::string head = "\x82";
  head.push_back(static_cast<char>((type << 5) | 1));
  head.push_back('\0');
  return head + Varint(method.size()) + method;
}

std::string Varint(uint64_t value) {
  std::string bytes;
  while (value >= 0x80) {
    bytes.push_back(static_cast<char>((value & 0x7f) | 0x80));
    value >>= 7;
  }
  bytes.push_back(static_cast<char>(value));
  return bytes;
}

}  // namespace weir::platform
