// Caller: who is on the other end of a connection, proven at hello and never taken from a message.
// Token identifiers: what a token says, before it is signed. The cores see identifiers only; the
// shell signs them (HMAC-SHA256 over exactly the encoded bytes) on the way out and verifies them on
// the way in. Immutable values.
#ifndef WEIR_COMMON_CALLER_H_
#define WEIR_COMMON_CALLER_H_

#include <cstdint>
#include <string>

#include "common/ids.h"
#include "common/resource.h"
#include "common/time.h"

namespace weir {

enum class CallerKind {
  kAnonymous,          // nobody has been proven: whoever reaches a web port
  kUser,               // a local user, known by the unix socket's peer credentials
  kDaemon,             // holds the cluster secret: a NodeManager, or an administrator's tool
  kApplicationMaster,  // holds the AM token of one attempt
  kApplicationUser,    // holds the client token of one attempt: may talk to its JobManager
  kTaskManager,        // holds the secret that one attempt's AM gave to its workers
  kContainer,          // holds the token of one container of an attempt
};

struct Caller {
  CallerKind kind = CallerKind::kAnonymous;
  std::string user;     // of kUser and kApplicationUser, the name
  AttemptId attempt;    // of all but kAnonymous, kUser and kDaemon
  std::string address;  // where from, for logs: "unix:1234" (pid) or "127.0.0.1:40312"

  // "user ann", "AM of appattempt_...".
  std::string Who() const;
  // The same with the address.
  std::string ToString() const;
};

enum class TokenKind : int {
  kApplicationMaster = 1,  // attempt: register, allocate, finish
  kNodeManager = 2,        // attempt + node: stop and status of its containers there
  kContainer = 3,          // start of one container on one node
  kClient = 4,             // attempt + user: talk to the attempt's ApplicationMaster
};

struct AmTokenIdentifier {
  AttemptId attempt;
  bool operator==(const AmTokenIdentifier&) const = default;
};

struct NmTokenIdentifier {
  AttemptId attempt;
  NodeId node;
  bool operator==(const NmTokenIdentifier&) const = default;
};

// Dies with the epoch under which its node is registered, and with its NodeManager's process: what
// was given out before that began may have been started, ended and forgotten there.
struct ContainerTokenIdentifier {
  ContainerId id;
  NodeId node;
  Resource resource;
  std::string user;
  WallTime expires;
  Epoch epoch;
  int64_t node_session = 0;  // the node's when it was given out
  bool operator==(const ContainerTokenIdentifier&) const = default;
};

struct ClientTokenIdentifier {
  AttemptId attempt;
  std::string user;
  bool operator==(const ClientTokenIdentifier&) const = default;
};

}  // namespace weir

#endif  // WEIR_COMMON_CALLER_H_
