// AnyCall: a Thrift call of a method by its name, with no arguments, as ThriftClient's generated
// part; and CountingProcessor, a handler of every method that counts who comes so far.
#ifndef WEIR_TESTS_UNIT_SECURITY_ANY_CALL_H_
#define WEIR_TESTS_UNIT_SECURITY_ANY_CALL_H_

#include <thrift/TApplicationException.h>
#include <thrift/async/TAsyncProcessor.h>
#include <thrift/protocol/TProtocol.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "gen/base_types.h"

namespace weir::testing {

class AnyCall {
 public:
  using Protocol = std::shared_ptr<apache::thrift::protocol::TProtocol>;

  explicit AnyCall(Protocol protocol) : protocol_(std::move(protocol)) {}

  // Throws idl::ServiceError, as generated clients do.
  void Do(const std::string& method) {
    protocol_->writeMessageBegin(method, apache::thrift::protocol::T_CALL, 0);
    protocol_->writeStructBegin("args");
    protocol_->writeFieldStop();
    protocol_->writeStructEnd();
    protocol_->writeMessageEnd();
    protocol_->getTransport()->writeEnd();
    protocol_->getTransport()->flush();
    std::string name;
    apache::thrift::protocol::TMessageType kind{};
    int32_t sequence = 0;
    protocol_->readMessageBegin(name, kind, sequence);
    if (kind == apache::thrift::protocol::T_EXCEPTION) {
      apache::thrift::TApplicationException exception;
      exception.read(protocol_.get());
      throw exception;
    }
    ReadResult();
  }

 private:
  void ReadResult() {
    std::string name;
    protocol_->readStructBegin(name);
    idl::ServiceError error;
    bool failed = false;
    while (true) {
      apache::thrift::protocol::TType type{};
      int16_t id = 0;
      protocol_->readFieldBegin(name, type, id);
      if (type == apache::thrift::protocol::T_STOP) break;
      failed = id == 1 && type == apache::thrift::protocol::T_STRUCT;
      if (failed) {
        error.read(protocol_.get());
      } else {
        protocol_->skip(type);
      }
      protocol_->readFieldEnd();
    }
    protocol_->readStructEnd();
    protocol_->readMessageEnd();
    protocol_->getTransport()->readEnd();
    if (failed) throw error;
  }

  const Protocol protocol_;
};

class CountingProcessor : public apache::thrift::async::TAsyncProcessor {
 public:
  using Protocol = std::shared_ptr<apache::thrift::protocol::TProtocol>;

  explicit CountingProcessor(std::atomic<int>& entered) : entered_(entered) {}

  void process(std::function<void(bool)> done, Protocol in, Protocol out) override {
    ++entered_;
    std::string name;
    apache::thrift::protocol::TMessageType kind{};
    int32_t sequence = 0;
    in->readMessageBegin(name, kind, sequence);
    in->skip(apache::thrift::protocol::T_STRUCT);
    in->readMessageEnd();
    out->writeMessageBegin(name, apache::thrift::protocol::T_REPLY, sequence);
    out->writeStructBegin("result");
    out->writeFieldStop();
    out->writeStructEnd();
    out->writeMessageEnd();
    out->getTransport()->writeEnd();
    out->getTransport()->flush();
    done(true);
  }

 private:
  std::atomic<int>& entered_;
};

}  // namespace weir::testing

#endif  // WEIR_TESTS_UNIT_SECURITY_ANY_CALL_H_
