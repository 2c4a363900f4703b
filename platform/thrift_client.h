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
// Several places: the service may be offered in several, one of which serves at a time. A
// connection goes to the place that served last; when that cannot be connected to or refuses the
// hello, to the others in turn. No place gets more than a part of the timeout, so one that is dead
// or hangs does not use it up. A call that is answered kNotActive was not done: the connection is
// dropped and the call made at another place, once at each. A call whose outcome is not known is
// never repeated here.
//
// Errors: the ServiceError the peer sent; kUnavailable (cannot connect, connection lost: the
// outcome is unknown); kDeadlineExceeded (nothing came in time; the connection is dropped). When
// none of several places serves, the message names each with what it said: kNotActive if one of
// them lives and waits to become active, kUnavailable if one cannot be reached, else the refusal.
#ifndef WEIR_PLATFORM_THRIFT_CLIENT_H_
#define WEIR_PLATFORM_THRIFT_CLIENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/result.h"
#include "common/time.h"
#include "platform/endpoint_set.h"
#include "platform/rpc_security.h"

namespace apache::thrift::protocol {
class TProtocol;
}

namespace weir::platform {

// What hello presents; a proof is made afresh for each connection.
struct HelloIdentity {
  std::string cluster_id;  // "" = any
  std::string secret;      // with role and name: proves a shared secret
  std::string role;
  std::string name;
  const SignedToken* token = nullptr;  // or a token, copied at construction
  bool any_role = false;               // a ResourceManager that is not active will do
};

// The connection, without the generated part. Not thread-safe, but Interrupt.
class ThriftChannel {
 public:
  using Protocol = std::shared_ptr<apache::thrift::protocol::TProtocol>;

  ThriftChannel(std::shared_ptr<EndpointSet> endpoints, const HelloIdentity& identity);
  ~ThriftChannel();
  ThriftChannel(const ThriftChannel&) = delete;
  ThriftChannel& operator=(const ThriftChannel&) = delete;

  // Connects and says hello if not connected.
  Status Ensure(Duration timeout);
  // Does `call`, connecting first, within `timeout` altogether; at another place too if the first
  // is not active. Exceptions become errors; after a transport error the connection is dropped.
  Status Perform(Duration timeout, const std::function<void(const Protocol&)>& call);
  void Disconnect();
  // After an error: the peer has said it itself, over a connection that is still there.
  bool connected() const;
  // What the connections that are made from now on present instead.
  void SetToken(const SignedToken& token);
  // How many connections have been made: another number, maybe another server.
  uint64_t connections() const;
  // Thread-safe: the call in flight, if any, ends with kUnavailable, and so does every later one.
  void Interrupt();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

template <typename GeneratedClient>
class ThriftClient {
 public:
  ThriftClient(std::shared_ptr<EndpointSet> endpoints, const HelloIdentity& identity)
      : channel_(std::move(endpoints), identity) {}
  ThriftClient(std::vector<Endpoint> endpoints, const HelloIdentity& identity)
      : ThriftClient(std::make_shared<EndpointSet>(std::move(endpoints)), identity) {}
  ThriftClient(Endpoint endpoint, const HelloIdentity& identity)
      : ThriftClient(std::vector<Endpoint>{std::move(endpoint)}, identity) {}

  // `function` may be called again, at another place, when it was not done at the first.
  template <typename Function>
  auto Call(Duration timeout, Function&& function)
      -> Result<std::invoke_result_t<Function, GeneratedClient&>> {
    using Answer = std::invoke_result_t<Function, GeneratedClient&>;
    if constexpr (std::is_void_v<Answer>) {
      return channel_.Perform(timeout, [&](const ThriftChannel::Protocol& protocol) {
        GeneratedClient client(protocol);
        function(client);
      });
    } else {
      Answer answer{};
      WEIR_RETURN_IF_ERROR(channel_.Perform(timeout, [&](const ThriftChannel::Protocol& protocol) {
        GeneratedClient client(protocol);
        answer = function(client);
      }));
      return answer;
    }
  }
  // Finds a place that serves, if the connection to one is not there: asks nothing of it, so an
  // error says that nothing was done.
  Status Connect(Duration timeout) { return channel_.Ensure(timeout); }
  uint64_t connections() const { return channel_.connections(); }
  bool connected() const { return channel_.connected(); }
  void Interrupt() { channel_.Interrupt(); }
  void Disconnect() { channel_.Disconnect(); }
  void SetToken(const SignedToken& token) { channel_.SetToken(token); }

 private:
  ThriftChannel channel_;
};

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_THRIFT_CLIENT_H_
