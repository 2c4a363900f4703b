// ThriftClient<GeneratedClient>: a blocking client with deadlines, hello, and reconnection.
//
// One connection, one call at a time, used by one thread (a daemon gives each conversation a thread
// of its own; long polls have their own connection). The connection is made on the first call, says
// hello, and is made anew after any transport error. Call() does not retry by itself unless told:
// calls of Weir can be repeated, but only the caller knows whether it wants to wait.
//
//   ThriftClient<idl::ClientServiceClient> rm(endpoint, MakeHello(...));
//   Result<idl::SubmitAnswer> answer = rm.Call(seconds(10), [&](auto& client) {
//     idl::SubmitAnswer a; client.submitApplication(a, request); return a; });
//
// Errors: the ServiceError the peer sent; kUnavailable (cannot connect, connection lost: the
// outcome is unknown); kDeadlineExceeded (nothing came in time; the connection is dropped).
#ifndef WEIR_PLATFORM_THRIFT_CLIENT_H_
#define WEIR_PLATFORM_THRIFT_CLIENT_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>

#include "common/hostport.h"
#include "common/result.h"
#include "common/time.h"
#include "platform/rpc_security.h"

namespace apache::thrift::protocol {
class TProtocol;
}

namespace weir::platform {

// Where to connect: a unix socket path, or an address.
struct Endpoint {
  std::string unix_path;
  HostPort address;
  std::string ToString() const { return unix_path.empty() ? address.ToString() : unix_path; }
};

// What hello presents; a proof is made afresh for each connection.
struct HelloIdentity {
  std::string cluster_id;  // "" = any
  std::string secret;      // with role and name: proves a shared secret
  std::string role;
  std::string name;
  const SignedToken* token = nullptr;  // or a token, copied at construction
};

// The connection, without the generated part. Not thread-safe, but Interrupt.
class ThriftChannel {
 public:
  ThriftChannel(Endpoint endpoint, const HelloIdentity& identity);
  ~ThriftChannel();
  ThriftChannel(const ThriftChannel&) = delete;
  ThriftChannel& operator=(const ThriftChannel&) = delete;

  // Starts a call: connects and says hello if not connected. `timeout` counts from here, for that
  // and for what follows in Guard.
  Status Ensure(Duration timeout);
  void Disconnect();
  std::shared_ptr<apache::thrift::protocol::TProtocol> protocol() const;
  const Endpoint& endpoint() const;
  // Thread-safe: the call in flight, if any, ends with kUnavailable, and so does every later one.
  void Interrupt();
  // Runs `call`, translating exceptions; drops the connection after a transport error.
  Status Guard(const std::function<void()>& call);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

template <typename GeneratedClient>
class ThriftClient {
 public:
  ThriftClient(Endpoint endpoint, const HelloIdentity& identity)
      : channel_(std::move(endpoint), identity) {}

  template <typename Function>
  auto Call(Duration timeout, Function&& function)
      -> Result<std::invoke_result_t<Function, GeneratedClient&>> {
    using Answer = std::invoke_result_t<Function, GeneratedClient&>;
    WEIR_RETURN_IF_ERROR(channel_.Ensure(timeout));
    GeneratedClient client(channel_.protocol());
    if constexpr (std::is_void_v<Answer>) {
      return channel_.Guard([&] { function(client); });
    } else {
      Answer answer{};
      WEIR_RETURN_IF_ERROR(channel_.Guard([&] { answer = function(client); }));
      return answer;
    }
  }
  void Interrupt() { channel_.Interrupt(); }
  void Disconnect() { channel_.Disconnect(); }

 private:
  ThriftChannel channel_;
};

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_THRIFT_CLIENT_H_
