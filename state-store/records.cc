#include "state-store/records.h"

#include <cstddef>
#include <utility>

#include "state-store/records_envelope.h"
#include "state-store/records_fields.h"

namespace weir::store {
namespace {

constexpr std::string_view kEpochKey = "epoch";
constexpr std::string_view kTokenKeysKey = "token-keys";
constexpr std::string_view kLabelsKey = "labels";

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
  return SealRecord(KeyOf(record), record.index() + 1, writer.Take());
}

Result<Record> Decode(std::string_view key, std::string_view bytes) {
  WEIR_ASSIGN_OR_RETURN(const OpenedEnvelope opened, OpenRecord(key, bytes));
  WEIR_ASSIGN_OR_RETURN(Record record, DecodeRecordFields<Record>(key, opened));
  if (KeyOf(record) != key) {
    return DamagedRecord(key, "it is the record of " + QuotedKey(KeyOf(record)));
  }
  return record;
}

}  // namespace weir::store
