#include "client/store_dump.h"

#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "client/output.h"
#include "common/strings.h"

namespace weir::cli {
namespace {

using nlohmann::ordered_json;

constexpr size_t kNameBytes = 40;

std::string Line(const ordered_json& object) {
  return object.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string Quoted(const std::string& text) {
  return "'" + CutMiddle(text, kNameBytes) + "'";
}

struct KindVisitor {
  const char* operator()(const store::ApplicationRecord&) const { return "application"; }
  const char* operator()(const store::AttemptRecord&) const { return "attempt"; }
  const char* operator()(const store::NodeRecord&) const { return "node"; }
  const char* operator()(const store::EpochRecord&) const { return "epoch"; }
  const char* operator()(const store::TokenKeysRecord&) const { return "token keys"; }
  const char* operator()(const store::QueueConfigurationRecord&) const { return "queues"; }
  const char* operator()(const store::LabelsRecord&) const { return "labels"; }
  const char* operator()(const store::NodeSettingsRecord&) const { return "node settings"; }
  const char* operator()(const store::ApplicationUsageRecord&) const { return "application usage"; }
  const char* operator()(const store::QueueUsageRecord&) const { return "queue usage"; }
  const char* operator()(const store::DecommissionRecord&) const { return "decommission"; }
};

struct SummaryVisitor {
  std::string operator()(const store::ApplicationRecord& r) const {
    return Quoted(r.context.name) + " of " + r.user + " in " + r.queue + ", " +
           (IsTerminal(r.state) ? std::string(ApplicationStateName(r.state)) : "not ended") +
           ", submitted " + FormatTime(r.submitted);
  }
  std::string operator()(const store::AttemptRecord& r) const {
    return r.am_container.ToString() + " on node " + r.am_node.uuid +
           (r.finished ? ", ended with " + std::to_string(r.exit_code) : ", not ended");
  }
  std::string operator()(const store::NodeRecord& r) const {
    return r.address.ToString() + ", " + r.rack + ", " + r.capacity.ToString();
  }
  std::string operator()(const store::EpochRecord& r) const {
    return std::to_string(r.epoch.value) + " of cluster " + r.cluster_id + ", timestamp " +
           std::to_string(r.cluster_timestamp);
  }
  std::string operator()(const store::TokenKeysRecord& r) const {
    return std::to_string(r.keys.size()) + " keys, not shown" +
           (r.signer == 0 ? "" : "; key " + std::to_string(r.signer) + " signs");
  }
  std::string operator()(const store::QueueConfigurationRecord& r) const {
    return "version " + std::to_string(r.version) + ", part " + std::to_string(r.part + 1) +
           " of " + std::to_string(r.parts) + ", by " + r.by + ", " +
           std::to_string(r.properties.size()) + " properties";
  }
  std::string operator()(const store::LabelsRecord& r) const {
    return std::to_string(r.labels.size()) + " labels";
  }
  std::string operator()(const store::NodeSettingsRecord& r) const {
    return (r.has_label ? "label '" + r.label + "' " : "") +
           (r.has_capacity ? "capacity " + r.capacity.ToString() : "");
  }
  std::string operator()(const store::ApplicationUsageRecord& r) const {
    return "in " + std::to_string(r.queues.size()) + " queues";
  }
  std::string operator()(const store::QueueUsageRecord& r) const {
    return r.user + " in " + r.queue;
  }
  std::string operator()(const store::DecommissionRecord& r) const {
    return std::string(r.done ? "out" : "on its way out") + ", by " + r.by;
  }
};

Error BadLine(size_t number, const std::string& what, const std::string& remedy) {
  return {ErrorCode::kInvalidArgument, "line " + std::to_string(number) + " " + what, remedy};
}

Result<store::Record> ParseLine(size_t number, std::string_view line) {
  const ordered_json object = ordered_json::parse(line, nullptr, false);
  if (!object.is_object() || !object.contains("key") || !object["key"].is_string()) {
    return BadLine(number, "is not a record of a dump", "dump with -o json -showSecrets");
  }
  if (!object.contains("bytes") || !object["bytes"].is_string()) {
    return BadLine(number,
                   "has no bytes: the dump was made without secrets",
                   "dump again with -o json -showSecrets");
  }
  const auto bytes = HexDecode(object["bytes"].get<std::string>());
  if (!bytes) return BadLine(number, "has bytes that are not hexadecimal", "");
  Result<store::Record> record = store::Decode(object["key"].get<std::string>(), *bytes);
  if (!record.ok()) return BadLine(number, "is damaged: " + record.error().message, "");
  return record;
}

std::map<std::string, int> Counts(const store::LoadedState& state) {
  std::map<std::string, int> counts;
  for (const store::Record& record : state.records) ++counts[RecordKind(record)];
  return counts;
}

}  // namespace

std::string RecordKind(const store::Record& record) {
  return std::visit(KindVisitor{}, record);
}

std::string RecordSummary(const store::Record& record) {
  return std::visit(SummaryVisitor{}, record);
}

std::string FormatStoreDump(const store::LoadedState& state) {
  std::vector<std::vector<std::string>> rows;
  for (const store::Record& record : state.records) {
    rows.push_back({store::KeyOf(record), RecordSummary(record)});
  }
  std::string text = FormatTable({"Key", "What"}, rows);
  for (const std::string& damage : state.quarantined) text += "quarantined: " + damage + "\n";
  for (const std::string& note : state.notes) text += "note: " + note + "\n";
  return text;
}

std::string StoreDumpJson(const store::LoadedState& state, bool secrets) {
  std::string text;
  for (const store::Record& record : state.records) {
    const Result<std::string> bytes = store::Encode(record);
    ordered_json object = {{"key", store::KeyOf(record)},
                           {"kind", RecordKind(record)},
                           {"summary", RecordSummary(record)}};
    if (bytes.ok()) object["size"] = bytes->size();
    if (secrets && bytes.ok()) object["bytes"] = HexEncode(*bytes);
    text += Line(object);
  }
  for (const std::string& damage : state.quarantined) text += Line({{"quarantined", damage}});
  return text;
}

Result<std::vector<store::Record>> ParseStoreDump(std::string_view text) {
  std::vector<store::Record> records;
  size_t number = 0;
  for (const std::string_view line : Split(text, '\n')) {
    ++number;
    if (Trim(line).empty() || line.starts_with("{\"quarantined\":")) continue;
    WEIR_ASSIGN_OR_RETURN(store::Record record, ParseLine(number, line));
    records.push_back(std::move(record));
  }
  return records;
}

std::string FormatStoreCheck(const store::LoadedState& state) {
  std::string text;
  for (const auto& [kind, count] : Counts(state)) {
    text += kind + ": " + std::to_string(count) + "\n";
  }
  for (const std::string& damage : state.quarantined) text += "quarantined: " + damage + "\n";
  for (const std::string& note : state.notes) text += "note: " + note + "\n";
  return text + std::to_string(state.records.size()) + " records, " +
         std::to_string(state.quarantined.size()) + " quarantined\n";
}

std::string StoreCheckJson(const store::LoadedState& state) {
  ordered_json kinds = ordered_json::object();
  for (const auto& [kind, count] : Counts(state)) kinds[kind] = count;
  return Line({{"records", state.records.size()},
               {"kinds", kinds},
               {"quarantined", state.quarantined},
               {"notes", state.notes}});
}

}  // namespace weir::cli
