// What is asked of ZooKeeper and what comes back, as values: the shell translates them into calls
// of the client library, the simulator into those of its model.
#ifndef WEIR_STATE_STORE_PROTOCOL_ZK_OPERATION_H_
#define WEIR_STATE_STORE_PROTOCOL_ZK_OPERATION_H_

#include <cstddef>
#include <cstdint>
#include <string>

namespace weir::store {

inline constexpr int32_t kAnyVersion = -1;

// One part of a multi, which is applied as a whole or not at all.
struct ZkOperation {
  enum class Kind { kCheck = 1, kSet = 2, kCreate = 3, kCreateEphemeral = 4, kDelete = 5 };
  Kind kind = Kind::kCheck;
  std::string path;
  std::string data;               // of kSet and the creations
  int32_t version = kAnyVersion;  // that the node must have: of all but the creations
  bool open = false;              // of a creation: for everybody, not for this cluster only
  bool operator==(const ZkOperation&) const = default;
};

enum class ZkCode {
  kOk = 1,
  kUnknown = 2,  // the connection went before the answer came: applied or not
  kNoNode = 3,
  kNodeExists = 4,
  kBadVersion = 5,
  kNotEmpty = 6,
  kNoAuth = 7,   // the node is not for who asks
  kRefused = 8,  // anything else; nothing was applied
};

struct ZkOutcome {
  ZkCode code = ZkCode::kOk;
  size_t failed = 0;  // of a refused multi: the place of the operation that was the cause
  std::string text;   // what ZooKeeper calls it
};

struct ZkNode {
  std::string data;
  int32_t version = 0;
  bool exists = false;
  bool ephemeral = false;  // goes with the session that made it
  bool ours = false;       // that session is the one that reads it
};

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_PROTOCOL_ZK_OPERATION_H_
