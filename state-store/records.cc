#include "state-store/records.h"

#include <xxhash.h>

#include <cstddef>
#include <utility>

#include "common/limits.h"
#include "common/strings.h"
#include "state-store/records_fields.h"

namespace weir::store {
namespace {

// Bytes of a record: version, kind (the index of the variant + 1), fields, checksum of all before
// it (XXH3, 8 bytes, lowest first).
constexpr int kOldestVersion = 1;
constexpr size_t kHeaderBytes = 2;
constexpr size_t kChecksumBytes = 8;

constexpr std::string_view kEpochKey = "epoch";
constexpr std::string_view kTokenKeysKey = "token-keys";
constexpr std::string_view kLabelsKey = "labels";
constexpr size_t kQuotedKeyBytes = 128;

struct KeyVisitor {
  std::string operator()(const ApplicationRecord& r) const { return ApplicationKey(r.id); }
  std::string operator()(const AttemptRecord& r) const { return AttemptKey(r.id); }
  std::string operator()(const NodeRecord& r) const { return NodeKey(r.id); }
  std::string operator()(const EpochRecord&) const { return std::string(kEpochKey); }
  std::string operator()(const TokenKeysRecord&) const { return std::string(kTokenKeysKey); }
  std::string operator()(const QueueConfigurationRecord& r) const {
    return QueueConfigurationKey(r.version, r.part);
  }
  std::string operator()(const LabelsRecord&) const { return std::string(kLabelsKey); }
  std::string operator()(const NodeSettingsRecord& r) const { return NodeSettingsKey(r.node); }
  std::string operator()(const ApplicationUsageRecord& r) const {
    return ApplicationUsageKey(r.id);
  }
  std::string operator()(const QueueUsageRecord& r) const { return QueueUsageKey(r.queue, r.user); }
  std::string operator()(const DecommissionRecord& r) const { return DecommissionKey(r.node); }
};

std::string Checksum(std::string_view bytes) {
  const uint64_t hash = XXH3_64bits(bytes.data(), bytes.size());
  std::string checksum;
  for (size_t i = 0; i < kChecksumBytes; ++i) {
    checksum.push_back(static_cast<char>((hash >> (8 * i)) & 0xff));
  }
  return checksum;
}

// Keys come from the disk too: what is not plain text is shown in hexadecimal.
std::string Quoted(std::string_view key) {
  const std::string_view head = key.substr(0, kQuotedKeyBytes);
  for (const char c : head) {
    if (c < ' ' || c > '~') return "0x" + HexEncode(head);
  }
  return std::string(head);
}

Error Damaged(std::string_view key, std::string_view why) {
  return {ErrorCode::kCorruption, "record " + Quoted(key) + " is damaged: " + std::string(why), ""};
}

template <size_t kIndex = 0>
Result<Record> DecodeFields(std::string_view key,
                            int version,
                            size_t kind,
                            std::string_view fields) {
  if constexpr (kIndex == std::variant_size_v<Record>) {
    return Damaged(key, "its kind " + std::to_string(kind) + " is unknown");
  } else {
    if (kind != kIndex + 1) return DecodeFields<kIndex + 1>(key, version, kind, fields);
    std::variant_alternative_t<kIndex, Record> record;
    RecordReader reader(fields, version);
    reader(record);
    if (!reader.ok()) return Damaged(key, reader.fault());
    if (!reader.AtEnd()) return Damaged(key, "bytes after its end");
    return Record(std::move(record));
  }
}

}  // namespace

std::string KeyOf(const Record& record) {
  return std::visit(KeyVisitor{}, record);
}

std::string ApplicationKey(const ApplicationId& id) {
  return "application/" + id.ToString();
}

std::string AttemptKey(const AttemptId& id) {
  return "attempt/" + id.ToString();
}

std::string NodeKey(const NodeId& id) {
  return "node/" + id.uuid;
}

std::string QueueConfigurationKey(int64_t version, int32_t part) {
  // Of equal length, so that the order of keys is that of versions.
  const auto padded = [](int64_t number, size_t digits) {
    std::string text = std::to_string(number);
    return text.size() < digits ? std::string(digits - text.size(), '0') + text : text;
  };
  return "queue-configuration/" + padded(version, 12) + "/" + padded(part, 4);
}

std::string NodeSettingsKey(const std::string& node) {
  return "node-settings/" + node;
}

std::string DecommissionKey(const NodeId& id) {
  return "decommission/" + id.uuid;
}

std::string ApplicationUsageKey(const ApplicationId& id) {
  return "application-usage/" + id.ToString();
}

std::string QueueUsageKey(const std::string& queue, const std::string& user) {
  // With the length, so that no two pairs share a key whatever the names hold.
  return "queue-usage/" + std::to_string(queue.size()) + "/" + queue + "/" + user;
}

Result<std::string> Encode(const Record& record) {
  RecordWriter writer;
  std::visit([&writer](const auto& fields) { writer(fields); }, record);
  std::string bytes{static_cast<char>(kRecordVersion), static_cast<char>(record.index() + 1)};
  bytes += writer.Take();
  if (bytes.size() + kChecksumBytes > limits::kRecordBytes) {
    return Error{ErrorCode::kResourceExhausted,
                 "record " + Quoted(KeyOf(record)) + " has " +
                     std::to_string(bytes.size() + kChecksumBytes) + " bytes",
                 "at most " + std::to_string(limits::kRecordBytes) +
                     " can be stored: make the launch context smaller"};
  }
  bytes += Checksum(bytes);
  return bytes;
}

Result<Record> Decode(std::string_view key, std::string_view bytes) {
  if (bytes.size() > limits::kRecordBytes) {
    return Damaged(key, "it has " + std::to_string(bytes.size()) + " bytes");
  }
  if (bytes.size() < kHeaderBytes + kChecksumBytes) return Damaged(key, "truncated");
  const int version = static_cast<unsigned char>(bytes[0]);
  if (version < kOldestVersion || version > kRecordVersion) {
    return Error{ErrorCode::kCorruption,
                 "record " + Quoted(key) + " has the unknown version " + std::to_string(version),
                 "a newer ResourceManager may have written it"};
  }
  const std::string_view covered = bytes.substr(0, bytes.size() - kChecksumBytes);
  if (Checksum(covered) != bytes.substr(covered.size())) {
    return Damaged(key, "its checksum does not match");
  }
  const size_t kind = static_cast<unsigned char>(bytes[1]);
  WEIR_ASSIGN_OR_RETURN(Record record,
                        DecodeFields(key, version, kind, covered.substr(kHeaderBytes)));
  if (KeyOf(record) != key) {
    return Damaged(key, "it is the record of " + Quoted(KeyOf(record)));
  }
  return record;
}

}  // namespace weir::store
