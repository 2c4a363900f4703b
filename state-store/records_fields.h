// The fields of every stored value, in stored order, said once for both directions: writing and
// reading. To add a field: a new kRecordVersion, and the field only where that version is there.
#ifndef WEIR_STATE_STORE_RECORDS_FIELDS_H_
#define WEIR_STATE_STORE_RECORDS_FIELDS_H_

#include <concepts>
#include <type_traits>

#include "state-store/records.h"
#include "state-store/records_bytes.h"

namespace weir {

namespace store {

template <>
inline constexpr int kLastEnumerator<ApplicationState> = 7;
template <>
inline constexpr int kLastEnumerator<FinalStatus> = 4;
template <>
inline constexpr int kLastEnumerator<LocalResourceVisibility> = 3;
template <>
inline constexpr int kLastEnumerator<LocalResourceType> = 2;
template <>
inline constexpr int kLastEnumerator<RetryOn> = 3;
template <>
inline constexpr int kLastEnumerator<LeaseEnd> = 2;

// T, const when written, mutable when read.
template <typename T, typename U>
concept Of = std::same_as<std::remove_const_t<T>, U>;

// Times are stored as their counts.
inline void TimeField(RecordWriter& writer, const WallTime& time) {
  writer(ToMillis(time));
}
inline void TimeField(RecordReader& reader, WallTime& time) {
  int64_t ms = 0;
  reader(ms);
  time = WallFromMillis(ms);
}
inline void DurationField(RecordWriter& writer, const Duration& duration) {
  writer(int64_t{duration.count()});
}
inline void DurationField(RecordReader& reader, Duration& duration) {
  int64_t nanoseconds = 0;
  reader(nanoseconds);
  duration = Duration(nanoseconds);
}
inline void PortField(RecordWriter& writer, const uint16_t& port) {
  writer(int64_t{port});
}
inline void PortField(RecordReader& reader, uint16_t& port) {
  int64_t wide = 0;
  reader(wide);
  if (wide < 0 || wide > std::numeric_limits<uint16_t>::max()) return reader.Fail("a wrong port");
  port = static_cast<uint16_t>(wide);
}
// As a map, which has one order and each name once.
inline void NamedField(RecordWriter& writer, const std::vector<NamedAmount>& named) {
  std::map<std::string, int64_t> amounts;
  for (const NamedAmount& part : named) amounts.emplace(part.name, part.amount);
  writer(amounts);
}
inline void NamedField(RecordReader& reader, std::vector<NamedAmount>& named) {
  std::map<std::string, int64_t> amounts;
  reader(amounts);
  for (const auto& [name, amount] : amounts) {
    if (amount == 0) return reader.Fail("a named resource of nothing");
    named.push_back({.name = name, .amount = amount});
  }
}

}  // namespace store

template <typename A, store::Of<Epoch> T>
void Fields(A& a, T& t) {
  a(t.value);
}

template <typename A, store::Of<ApplicationId> T>
void Fields(A& a, T& t) {
  a(t.cluster_timestamp);
  a(t.sequence);
}

template <typename A, store::Of<AttemptId> T>
void Fields(A& a, T& t) {
  a(t.application);
  a(t.number);
}

template <typename A, store::Of<ContainerId> T>
void Fields(A& a, T& t) {
  a(t.attempt);
  a(t.number);
}

template <typename A, store::Of<NodeId> T>
void Fields(A& a, T& t) {
  a(t.uuid);
}

template <typename A, store::Of<HostPort> T>
void Fields(A& a, T& t) {
  a(t.host);
  PortField(a, t.port);
}

template <typename A, store::Of<Resource> T>
void Fields(A& a, T& t) {
  a(t.memory_mib);
  a(t.vcores);
  if (a.version() >= 2) NamedField(a, t.named);
}

template <typename A, store::Of<LocalResource> T>
void Fields(A& a, T& t) {
  a(t.uri);
  a(t.size);
  a(t.mtime_ms);
  a(t.sha256);
  a(t.visibility);
  if (a.version() >= 4) a(t.type);
}

template <typename A, store::Of<RetryPolicy> T>
void Fields(A& a, T& t) {
  a(t.on);
  a(t.exit_codes);
  a(t.max_retries);
  DurationField(a, t.interval);
  DurationField(a, t.validity);
}

template <typename A, store::Of<LaunchContext> T>
void Fields(A& a, T& t) {
  a(t.command);
  a(t.environment);
  a(t.local_resources);
  a(t.secrets);
  if (a.version() < 4) return;
  a(t.retry);
  a(t.on_lease_end);
}

template <typename A, store::Of<SubmissionContext> T>
void Fields(A& a, T& t) {
  a(t.name);
  a(t.type);
  a(t.queue);
  a(t.priority);
  a(t.am_resource);
  a(t.am_launch);
  a(t.max_attempts);
  DurationField(a, t.queue_timeout);
  a(t.tags);
  if (a.version() < 2) return;
  a(t.label);
  a(t.am_label);
  DurationField(a, t.lifetime);
  if (a.version() < 6) return;
  DurationField(a, t.attempt_failures_validity);
  a(t.keep_containers);
}

namespace store {

template <typename A, Of<ApplicationRecord> T>
void Fields(A& a, T& t) {
  a(t.id);
  a(t.idempotency_key);
  a(t.user);
  a(t.queue);
  a(t.context);
  TimeField(a, t.submitted);
  a(t.state);
  a(t.final_status);
  a(t.diagnostics);
  a(t.tracking_url);
  TimeField(a, t.finished);
  if (a.version() < 3) return;
  a(t.priority);
  DurationField(a, t.lifetime);
}

template <typename A, Of<AttemptRecord> T>
void Fields(A& a, T& t) {
  a(t.id);
  a(t.am_container);
  a(t.am_node);
  TimeField(a, t.started);
  a(t.finished);
  a(t.exit_code);
  a(t.diagnostics);
  if (a.version() >= 5) a(t.counted);
  if (a.version() < 6) return;
  TimeField(a, t.ended);
  a(t.node_at_fault);
}

template <typename A, Of<NodeRecord> T>
void Fields(A& a, T& t) {
  a(t.id);
  a(t.address);
  a(t.http_address);
  a(t.rack);
  a(t.capacity);
}

template <typename A, Of<EpochRecord> T>
void Fields(A& a, T& t) {
  a(t.epoch);
  a(t.cluster_timestamp);
  a(t.cluster_id);
}

inline void CheckSigner(const RecordWriter&, const TokenKeysRecord&) {}
inline void CheckSigner(RecordReader& reader, const TokenKeysRecord& record) {
  if (record.signer != 0 && !record.keys.contains(record.signer)) {
    reader.Fail("a signing key that is not there");
  }
}

template <typename A, Of<TokenKeysRecord> T>
void Fields(A& a, T& t) {
  a(t.keys);
  if (a.version() < 7) return;
  a(t.signer);
  TimeField(a, t.next_step);
  CheckSigner(a, t);
}

template <typename A, Of<QueueProperty> T>
void Fields(A& a, T& t) {
  a(t.name);
  a(t.value);
  a(t.line);
}

template <typename A, Of<QueueConfigurationRecord> T>
void Fields(A& a, T& t) {
  a(t.version);
  a(t.part);
  a(t.parts);
  TimeField(a, t.applied);
  a(t.by);
  a(t.origin);
  a(t.sha256);
  a(t.properties);
}

template <typename A, Of<LabelsRecord> T>
void Fields(A& a, T& t) {
  a(t.labels);
}

template <typename A, Of<NodeSettingsRecord> T>
void Fields(A& a, T& t) {
  a(t.node);
  a(t.has_label);
  a(t.label);
  a(t.has_capacity);
  a(t.capacity);
}

template <typename A, Of<DecommissionRecord> T>
void Fields(A& a, T& t) {
  a(t.node);
  TimeField(a, t.deadline);
  a(t.by);
  a(t.from_file);
  a(t.done);
}

template <typename A, Of<UsedAmounts> T>
void Fields(A& a, T& t) {
  a(t.memory_mib_ms);
  a(t.vcore_ms);
}

template <typename A, Of<ApplicationUsageRecord> T>
void Fields(A& a, T& t) {
  a(t.id);
  a(t.queues);
}

template <typename A, Of<QueueUsageRecord> T>
void Fields(A& a, T& t) {
  a(t.queue);
  a(t.user);
  a(t.used);
}

}  // namespace store
}  // namespace weir

#endif  // WEIR_STATE_STORE_RECORDS_FIELDS_H_
