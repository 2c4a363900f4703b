#include "platform/thrift_protocol.h"

#include <thrift/TOutput.h>

#include <utility>

#include "common/strings.h"
#include "gen/BaseService.h"

namespace weir::platform {
namespace {

using apache::thrift::protocol::TMessageType;

constexpr size_t kErrorTextBytes = 32u << 10;

// Compact protocol: byte 0 is the protocol's id, the upper three bits of byte 1 the message type.
constexpr unsigned char kCompactId = 0x82;
constexpr int kTypeShift = 5;

}  // namespace

std::shared_ptr<apache::thrift::TConfiguration> ThriftLimits() {
  static const auto limits =
      std::make_shared<apache::thrift::TConfiguration>(static_cast<int>(limits::kFrameBytes),
                                                       static_cast<int>(limits::kFrameBytes),
                                                       static_cast<int>(limits::kNesting));
  return limits;
}

std::shared_ptr<apache::thrift::protocol::TProtocol> ReaderOf(std::string_view bytes) {
  // OBSERVE never writes, so the cast of the constness away is safe.
  auto* data = reinterpret_cast<uint8_t*>(const_cast<char*>(bytes.data()));
  auto buffer = std::make_shared<MemoryBuffer>(
      data, static_cast<uint32_t>(bytes.size()), MemoryBuffer::OBSERVE, ThriftLimits());
  return std::make_shared<BoundedProtocol<MemoryBuffer>>(std::move(buffer));
}

Result<MessageHead> PeekHead(std::string_view message) {
  MessageHead head;
  TMessageType type = apache::thrift::protocol::T_CALL;
  try {
    ReaderOf(message)->readMessageBegin(head.method, type, head.sequence);
  } catch (const apache::thrift::TException&) {
    return Error{ErrorCode::kCorruption, "what arrived is not a call", ""};
  }
  if (type != apache::thrift::protocol::T_CALL && type != apache::thrift::protocol::T_ONEWAY) {
    return Error{ErrorCode::kCorruption, "what arrived is a message but not a call", ""};
  }
  if (head.method.size() > limits::kNameBytes) {
    return Error{ErrorCode::kCorruption, "what arrived names a method of endless length", ""};
  }
  head.one_way = type == apache::thrift::protocol::T_ONEWAY;
  return head;
}

std::string ErrorReply(const MessageHead& head, const Error& error) {
  // Every method of the IDL declares `1: ServiceError error`, so hello's result serves for all.
  idl::BaseService_hello_result result;
  result.error = ToServiceError(error);
  result.__isset.error = true;
  auto buffer = std::make_shared<MemoryBuffer>();
  BoundedProtocol<MemoryBuffer> writer(buffer);
  writer.writeMessageBegin(head.method, apache::thrift::protocol::T_REPLY, head.sequence);
  result.write(&writer);
  writer.writeMessageEnd();
  return buffer->getBufferAsString();
}

bool IsApplicationException(std::string_view message) {
  return message.size() >= 2 && static_cast<unsigned char>(message[0]) == kCompactId &&
         (static_cast<unsigned char>(message[1]) >> kTypeShift) ==
             apache::thrift::protocol::T_EXCEPTION;
}

idl::ServiceError ToServiceError(const Error& error) {
  idl::ServiceError out;
  out.__set_code(static_cast<int32_t>(error.code));
  out.__set_message(CutMiddle(error.message, kErrorTextBytes));
  out.__set_remedy(CutMiddle(error.remedy, kErrorTextBytes));
  return out;
}

Error FromServiceError(const idl::ServiceError& error) {
  const bool known = error.code >= static_cast<int32_t>(ErrorCode::kInvalidArgument) &&
                     error.code <= static_cast<int32_t>(ErrorCode::kInternal);
  return Error{known ? static_cast<ErrorCode>(error.code) : ErrorCode::kInternal,
               error.message,
               error.remedy};
}

void SilenceThrift() {
  static const bool once = [] {
    apache::thrift::GlobalOutput.setOutputFunction([](const char*) {});
    return true;
  }();
  static_cast<void>(once);
}

}  // namespace weir::platform
