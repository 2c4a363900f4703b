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
  // What holds now: the submission's, within the bounds of the queue, or as changed since.
  int32_t priority = 0;
  Duration lifetime{0};  // from `submitted` on; 0 = no end
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
  bool counted = false;        // its failure, against the limit of attempts
  WallTime ended;              // of finished ones; 1970 in records of older versions
  bool node_at_fault = false;  // perhaps: the next ApplicationMaster is not to run on am_node
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

// A part of one applied queue configuration. The parts of a version are written in one batch, each
// well below limits::kRecordBytes; the highest version is the one in force.
struct QueueConfigurationRecord {
  int64_t version = 0;
  int32_t part = 0;  // from 0
  int32_t parts = 1;
  WallTime applied;
  std::string by;
  std::string origin;
  std::string sha256;  // of all of the properties' names and values
  std::vector<QueueProperty> properties;
  bool operator==(const QueueConfigurationRecord&) const = default;
};

// One per store: the labels that exist.
struct LabelsRecord {
  std::map<std::string, bool> labels;  // -> exclusive
  bool operator==(const LabelsRecord&) const = default;
};

// What an administrator said about one node.
struct NodeSettingsRecord {
  std::string node;  // host, host:port or id, as it was said
  bool has_label = false;
  std::string label;  // "" = none, whatever the NodeManager says
  bool has_capacity = false;
  Resource capacity;  // in place of what the NodeManager says
  bool operator==(const NodeSettingsRecord&) const = default;
};

// A node that is taken out of the cluster, from the moment it was said until it is taken back.
struct DecommissionRecord {
  NodeId node;
  WallTime deadline;       // what runs there is stopped then; kNoDeadline = never
  std::string by;          // user, or what else caused it
  bool from_file = false;  // the lists of nodes say so; else an administrator's command
  bool done = false;       // it is out
  bool operator==(const DecommissionRecord&) const = default;
};
inline constexpr WallTime kNoDeadline = WallTime::max();

// What an application has used, by the queues it was in: MiB x ms and vcores x ms. Written every
// minute while it holds containers, and when it has given back the last one.
struct UsedAmounts {
  int64_t memory_mib_ms = 0;
  int64_t vcore_ms = 0;
  bool operator==(const UsedAmounts&) const = default;
};
struct ApplicationUsageRecord {
  ApplicationId id;
  std::map<std::string, UsedAmounts> queues;
  bool operator==(const ApplicationUsageRecord&) const = default;
};

// What one user's applications used in one queue, of those that are no longer kept.
struct QueueUsageRecord {
  std::string queue;
  std::string user;
  UsedAmounts used;
  bool operator==(const QueueUsageRecord&) const = default;
};

// One per store: the leadership number and the timestamp of application ids.
struct EpochRecord {
  Epoch epoch;
  int64_t cluster_timestamp = 0;
  std::string cluster_id;
  bool operator==(const EpochRecord&) const = default;
};

// One per store: HMAC keys by id. Of older versions only the keys are known.
struct TokenKeysRecord {
  std::map<int, std::string> keys;
  int32_t signer = 0;    // the key that signs; 0 = the highest
  WallTime next_step{};  // when the next key is made, or signs; 1970 = not known
  bool operator==(const TokenKeysRecord&) const = default;
};

// Only ever added to at the end: the place is stored.
using Record = std::variant<ApplicationRecord,
                            AttemptRecord,
                            NodeRecord,
                            EpochRecord,
                            TokenKeysRecord,
                            QueueConfigurationRecord,
                            LabelsRecord,
                            NodeSettingsRecord,
                            ApplicationUsageRecord,
                            QueueUsageRecord,
                            DecommissionRecord>;

std::string KeyOf(const Record& record);
std::string ApplicationKey(const ApplicationId& id);
std::string AttemptKey(const AttemptId& id);
std::string NodeKey(const NodeId& id);
std::string QueueConfigurationKey(int64_t version, int32_t part);
std::string NodeSettingsKey(const std::string& node);
std::string DecommissionKey(const NodeId& id);
std::string ApplicationUsageKey(const ApplicationId& id);
std::string QueueUsageKey(const std::string& queue, const std::string& user);

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

// What is stored has become another since it was last looked at.
struct RecordChanges {
  bool whole = false;        // `put` is all there is: what was known before is void
  std::vector<Record> put;   // new ones and changed ones, as they are now; by key order
  std::vector<Record> gone;  // deleted, or not readable any more, as they were known last
};

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_RECORDS_H_
