// A connection that sends whatever bytes a test wants, and messages made with the generated code.
// Single-threaded.
#ifndef WEIR_TESTS_UNIT_PLATFORM_RPC_RAW_CONNECTION_H_
#define WEIR_TESTS_UNIT_PLATFORM_RPC_RAW_CONNECTION_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/hostport.h"
#include "common/result.h"
#include "gen/ClientService.h"
#include "platform/sockets.h"

namespace weir::platform {

class RawConnection {
 public:
  explicit RawConnection(const HostPort& address);

  // False when the peer has left.
  bool Send(std::string_view bytes);
  bool SendFrame(std::string_view message);
  void CloseWriting();
  // A message as the generated client writes it, sent as a frame with this sequence number.
  bool SendCall(const std::function<void(idl::ClientServiceClient&)>& send, int32_t sequence = 0);
  bool SendPark(int32_t sequence = 0);
  // Says hello with the tests' secret and takes the answer.
  void SayHello();
  // The next message; nothing when the peer closes first.
  std::optional<std::string> ReadFrame();
  // Reads and drops until the peer closes; false when it does not.
  bool IsClosedByPeer();

 private:
  FileDescriptor fd_;
};

// The head and the ServiceError of a reply; kInternal when it is none.
struct RawReply {
  int32_t sequence = -1;
  Error error{ErrorCode::kInternal, "not an error reply", ""};
  bool is_error = false;
};
RawReply ParseReply(const std::string& message);

// The compact protocol by hand: the head of a call, and a varint.
std::string CallHead(const std::string& method, int type = 1);
std::string Varint(uint64_t value);

}  // namespace weir::platform

#endif  // WEIR_TESTS_UNIT_PLATFORM_RPC_RAW_CONNECTION_H_
