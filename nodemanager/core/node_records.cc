#include "nodemanager/core/node_records.h"

#include <utility>

#include "common/overloaded.h"
#include "state-store/records_envelope.h"
#include "state-store/records_fields.h"

namespace weir::store {

template <>
inline constexpr int kLastEnumerator<nm::RecordedPhase> = 4;
template <>
inline constexpr int kLastEnumerator<nm::StopCause> = nm::kLastStopCause;

}  // namespace weir::store

namespace weir {

template <typename A, store::Of<ContainerTokenIdentifier> T>
void Fields(A& a, T& t) {
  a(t.id);
  a(t.node);
  a(t.resource);
  a(t.user);
  store::TimeField(a, t.expires);
  a(t.epoch);
  a(t.node_session);
}

namespace nm {
namespace {

constexpr std::string_view kConversationKey = "conversation";
constexpr std::string_view kMachineKey = "machine";

// An optional value is a truth value, and the value if that is true.
void StopField(store::RecordWriter& writer, const std::optional<RecordedStop>& stop) {
  writer(stop.has_value());
  if (!stop) return;
  writer(stop->cause);
  writer(stop->words);
  store::TimeField(writer, stop->asked);
}
void StopField(store::RecordReader& reader, std::optional<RecordedStop>& stop) {
  bool present = false;
  reader(present);
  if (!present) return;
  stop.emplace();
  reader(stop->cause);
  reader(stop->words);
  store::TimeField(reader, stop->asked);
}

}  // namespace

template <typename A, store::Of<ContainerRecord> T>
void Fields(A& a, T& t) {
  a(t.token);
  a(t.phase);
  a(t.on_lease_end);
  StopField(a, t.stop);
  store::TimeField(a, t.started);
  a(t.retries);
  store::TimeField(a, t.finished);
  a(t.exit_code);
  a(t.diagnostics);
}

template <typename A, store::Of<LaunchRecord> T>
void Fields(A& a, T& t) {
  a(t.id);
  a(t.launch);
}

template <typename A, store::Of<ConversationRecord> T>
void Fields(A& a, T& t) {
  a(t.first_session);
  a(t.epoch);
  store::DurationField(a, t.heard);
  store::DurationField(a, t.lease);
}

template <typename A, store::Of<MachineRecord> T>
void Fields(A& a, T& t) {
  a(t.boot_id);
  store::PortField(a, t.container_port);
  store::PortField(a, t.http_port);
}

template <typename A, store::Of<HeldIndices> T>
void Fields(A& a, T& t) {
  a(t.type);
  a(t.indices);
}

template <typename A, store::Of<IndicesRecord> T>
void Fields(A& a, T& t) {
  a(t.id);
  a(t.indices);
}

template <typename A, store::Of<ResizeRecord> T>
void Fields(A& a, T& t) {
  a(t.id);
  a(t.number);
  a(t.resource);
}

std::string ContainerKey(const ContainerId& id) {
  return "container/" + id.ToString();
}

std::string LaunchKey(const ContainerId& id) {
  return "launch/" + id.ToString();
}

std::string IndicesKey(const ContainerId& id) {
  return "indices/" + id.ToString();
}

std::string ResizeKey(const ContainerId& id) {
  return "resize/" + id.ToString();
}

std::string KeyOf(const NodeRecord& record) {
  return std::visit(
      Overloaded{[](const ContainerRecord& r) { return ContainerKey(r.token.id); },
                 [](const LaunchRecord& r) { return LaunchKey(r.id); },
                 [](const ConversationRecord&) { return std::string(kConversationKey); },
                 [](const MachineRecord&) { return std::string(kMachineKey); },
                 [](const IndicesRecord& r) { return IndicesKey(r.id); },
                 [](const ResizeRecord& r) { return ResizeKey(r.id); }},
      record);
}

size_t RecordedBytes(const LaunchContext& launch) {
  store::RecordWriter writer;
  writer(launch);
  return writer.Take().size();
}

Result<std::string> Encode(const NodeRecord& record) {
  store::RecordWriter writer;
  std::visit([&writer](const auto& fields) { writer(fields); }, record);
  return store::SealRecord(KeyOf(record), record.index() + 1, writer.Take());
}

Result<NodeRecord> Decode(std::string_view key, std::string_view bytes) {
  WEIR_ASSIGN_OR_RETURN(const store::OpenedEnvelope opened, store::OpenRecord(key, bytes));
  WEIR_ASSIGN_OR_RETURN(NodeRecord record, store::DecodeRecordFields<NodeRecord>(key, opened));
  if (KeyOf(record) != key) {
    return store::DamagedRecord(key, "it is the record of " + store::QuotedKey(KeyOf(record)));
  }
  return record;
}

}  // namespace nm
}  // namespace weir
