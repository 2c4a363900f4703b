// The compact protocol with Weir's limits, for both ends of a conversation.
//
// Strings and containers are bounded by common/limits.h, and no container may declare more elements
// than bytes are left in its frame: a declared length alone never makes a reader allocate. A string
// over the limit cannot be written either. Single-threaded.
#ifndef WEIR_PLATFORM_THRIFT_PROTOCOL_H_
#define WEIR_PLATFORM_THRIFT_PROTOCOL_H_

#include <thrift/TConfiguration.h>
#include <thrift/protocol/TCompactProtocol.h>
#include <thrift/protocol/TVirtualProtocol.h>
#include <thrift/transport/TBufferTransports.h>

#include <memory>
#include <string>
#include <string_view>

#include "common/limits.h"
#include "common/result.h"

namespace weir::idl {
class ServiceError;
}

namespace weir::platform {

inline constexpr int32_t kProtocolVersion = 1;

// `Transport` has available_read(): the bytes left in the frame being read.
// Errors are Thrift's: TProtocolException SIZE_LIMIT.
template <typename Transport>
class BoundedProtocol
    : public apache::thrift::protocol::
          TVirtualProtocol<BoundedProtocol<Transport>, apache::thrift::protocol::TCompactProtocol> {
  using Compact = apache::thrift::protocol::TCompactProtocol;
  using Base = apache::thrift::protocol::TVirtualProtocol<BoundedProtocol<Transport>, Compact>;
  using Type = apache::thrift::protocol::TType;

 public:
  explicit BoundedProtocol(const std::shared_ptr<Transport>& transport)
      : Base(transport), transport_(transport.get()) {
    this->string_limit_ = static_cast<int32_t>(limits::kStringBytes);
    this->container_limit_ = static_cast<int32_t>(limits::kContainerElements);
  }

  // Every element takes at least one byte, even an empty struct.
  uint32_t readListBegin(Type& element, uint32_t& size) {
    const uint32_t read = Compact::readListBegin(element, size);
    CheckElements(size);
    return read;
  }
  uint32_t readSetBegin(Type& element, uint32_t& size) { return readListBegin(element, size); }
  uint32_t readMapBegin(Type& key, Type& value, uint32_t& size) {
    const uint32_t read = Compact::readMapBegin(key, value, size);
    CheckElements(size);
    return read;
  }
  uint32_t writeString(const std::string& text) { return writeBinary(text); }
  uint32_t writeBinary(const std::string& bytes) {
    if (bytes.size() > limits::kStringBytes) ThrowSizeLimit();
    return Compact::writeBinary(bytes);
  }
  uint32_t writeListBegin(const Type element, const uint32_t size) {
    if (size > limits::kContainerElements) ThrowSizeLimit();
    return Compact::writeListBegin(element, size);
  }
  uint32_t writeSetBegin(const Type element, const uint32_t size) {
    return writeListBegin(element, size);
  }

 private:
  void CheckElements(uint32_t size) {
    if (size > transport_->available_read()) ThrowSizeLimit();
  }
  [[noreturn]] static void ThrowSizeLimit() {
    using apache::thrift::protocol::TProtocolException;
    throw TProtocolException(TProtocolException::SIZE_LIMIT);
  }

  Transport* const transport_;  // owned by the base
};

using MemoryBuffer = apache::thrift::transport::TMemoryBuffer;

// Message size and nesting as common/limits.h has them.
std::shared_ptr<apache::thrift::TConfiguration> ThriftLimits();

// Reads a message from bytes that outlive the protocol.
std::shared_ptr<apache::thrift::protocol::TProtocol> ReaderOf(std::string_view bytes);

struct MessageHead {
  std::string method;
  bool one_way = false;
  int32_t sequence = 0;
};
// The head of a call. kCorruption: not the head of a call.
Result<MessageHead> PeekHead(std::string_view message);

// The bytes of a reply to any method, whose declared ServiceError carries `error`.
std::string ErrorReply(const MessageHead& head, const Error& error);
// True for a reply of Thrift's own exception kind, whose text is not ours.
bool IsApplicationException(std::string_view message);

idl::ServiceError ToServiceError(const Error& error);
// An unknown code becomes kInternal.
Error FromServiceError(const idl::ServiceError& error);

// Thrift's own messages go nowhere: everything they say comes as an exception too. Idempotent.
void SilenceThrift();

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_THRIFT_PROTOCOL_H_
