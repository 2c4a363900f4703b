// Records: what survives a crash of the ResourceManager, as values, and their bytes.
//
// A record has a key ("application/application_17..._0001") and bytes: one version byte, the body,
// and a 64-bit XXH3 checksum. Encode refuses more than limits::kRecordBytes before anything reaches
// a store; Decode answers kCorruption for damage and for an unknown version. Worker containers are
// never written. Pure; immutable values.
#ifndef WEIR_STATE_STORE_RECORDS_H_
#define WEIR_STATE_STORE_RECORDS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/application.h"
#include "common/hostport.h"
#include "common/ids.h"
#include "common/result.h"

namespace weir::store {

// One per application: written at submission, rewritten when it ends.
struct ApplicationRecord {
  ApplicationId id;
  std::string idempotency_key;
  std::string user;
  std::string queue;  // resolved
  SubmissionContext context;
  WallTime submitted;
  // Final part; state is kSubmitted until the end.
  ApplicationState state = ApplicationState::kSubmitted;
  FinalStatus final_status = FinalStatus::kUndefined;
  std::string diagnostics;
  std::string tracking_url;
  WallTime finished;
  bool operator==(const ApplicationRecord&) const = default;
};

// One per attempt, durable before its AM is launched; rewritten when the attempt ends.
struct AttemptRecord {
  AttemptId id;
  ContainerId am_container;
  NodeId am_node;
  WallTime started;
  bool finished = false;
  int exit_code = exit_code::kNotYet;
  std::string diagnostics;
  bool operator==(const AttemptRecord&) const = default;
};

// One per node, written when it registers.
struct NodeRecord {
  NodeId id;
  HostPort address;
  std::string http_address;
  std::string rack;
  Resource capacity;
  bool operator==(const NodeRecord&) const = default;
};

// One property of a queue configuration, as capacity-scheduler.xml says it.
struct QueueProperty {
  std::string name;
  std::string value;
  int32_t line = 0;  // where it stands in the file; 0 = unknown
  bool operator==(const QueueProperty&) const = default;
};

// One per store: the leadership number and the timestamp of application ids.
struct EpochRecord {
  Epoch epoch;
  int64_t cluster_timestamp = 0;
  std::string cluster_id;
  bool operator==(const EpochRecord&) const = default;
};

// One per store: HMAC keys by id.
struct TokenKeysRecord {
  std::map<int, std::string> keys;
  bool operator==(const TokenKeysRecord&) const = default;
};

using Record =
    std::variant<ApplicationRecord, AttemptRecord, NodeRecord, EpochRecord, TokenKeysRecord>;

std::string KeyOf(const Record& record);
std::string ApplicationKey(const ApplicationId& id);
std::string AttemptKey(const AttemptId& id);
std::string NodeKey(const NodeId& id);

// kResourceExhausted: over limits::kRecordBytes; the message names the key and the size.
Result<std::string> Encode(const Record& record);
// kCorruption with the key.
Result<Record> Decode(std::string_view key, std::string_view bytes);

// One change of the store. A batch of them is applied as a whole or not at all.
struct Put {
  Record record;
};
struct Delete {
  std::string key;
};
using StoreOperation = std::variant<Put, Delete>;

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_RECORDS_H_
