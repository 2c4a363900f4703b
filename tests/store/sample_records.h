// Records with every field set, for tests of the codec and the stores. Immutable values.
#ifndef WEIR_TESTS_STORE_SAMPLE_RECORDS_H_
#define WEIR_TESTS_STORE_SAMPLE_RECORDS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "state-store/records.h"

namespace weir::store {

inline constexpr int64_t kSampleTimestamp = 1'700'000'000'000;

inline ApplicationRecord SampleApplication(int32_t sequence) {
  ApplicationRecord record;
  record.id = {.cluster_timestamp = kSampleTimestamp, .sequence = sequence};
  record.idempotency_key = "key-" + std::to_string(sequence);
  record.user = "ann";
  record.queue = "root.default";
  record.context.name = "word count";
  record.context.type = "WEIR_STREAM";
  record.context.queue = "default";
  record.context.priority = -3;
  record.context.am_resource = {2048, 1};
  record.context.am_launch.command = {"{{WEIR_HOME}}/bin/weir-appmaster", "--mode", "session", ""};
  record.context.am_launch.environment = {{"A", "1"}, {"B", std::string("\0\n\xff", 3)}};
  record.context.am_launch.local_resources = {
      {"job.so",
       {.uri = "staging:00ff",
        .size = 123'456'789,
        .mtime_ms = 0,
        .sha256 = "00ff",
        .visibility = LocalResourceVisibility::kPrivate,
        .type = LocalResourceType::kArchive}},
      {"words.txt", {.uri = "file:/tmp/words.txt", .size = 7, .mtime_ms = 1, .sha256 = ""}}};
  record.context.am_launch.secrets = {{"worker.secret", "not for the log"}};
  record.context.am_launch.retry = {.on = RetryOn::kExitCodes,
                                    .exit_codes = {1, 137},
                                    .max_retries = 3,
                                    .interval = seconds(2),
                                    .validity = seconds(600)};
  record.context.am_launch.on_lease_end = LeaseEnd::kKeep;
  record.context.max_attempts = 2;
  record.context.queue_timeout = seconds(90);
  record.context.tags = {"nightly", "nightly"};
  record.context.label = "gpu";
  record.context.am_label = "small";
  record.context.lifetime = seconds(3600);
  record.context.attempt_failures_validity = seconds(600);
  record.context.keep_containers = true;
  record.submitted = WallFromMillis(kSampleTimestamp + sequence);
  record.state = ApplicationState::kFailed;
  record.final_status = FinalStatus::kFailed;
  record.diagnostics = "the AM ended with exit code 1";
  record.tracking_url = "http://127.0.0.1:8081/";
  record.priority = 7;
  record.lifetime = seconds(1800);
  record.finished = WallFromMillis(kSampleTimestamp + 60'000);
  return record;
}

inline AttemptRecord SampleAttempt(int32_t sequence) {
  const AttemptId id{.application = {kSampleTimestamp, sequence}, .number = 1};
  return {.id = id,
          .am_container = ContainerId::Make(id, {3}, 1),
          .am_node = {"6f1c"},
          .started = WallFromMillis(kSampleTimestamp + 5),
          .finished = true,
          .exit_code = exit_code::kKilledByApplicationMaster,
          .diagnostics = "released",
          .counted = true,
          .ended = WallFromMillis(kSampleTimestamp + 7),
          .node_at_fault = true};
}

inline NodeRecord SampleNode(int number) {
  return {.id = {"node-" + std::to_string(number)},
          .address = {.host = "127.0.0.1", .port = 45454},
          .http_address = "127.0.0.1:8042",
          .rack = "/default-rack",
          .capacity = {8192, 8, {{"yarn.io/fpga", 1}, {"yarn.io/gpu", 4}}}};
}

inline EpochRecord SampleEpoch() {
  return {.epoch = {7}, .cluster_timestamp = kSampleTimestamp, .cluster_id = "weir"};
}

inline TokenKeysRecord SampleTokenKeys() {
  return {.keys = {{1, std::string(32, '\x7f')}, {2, std::string("\0\1", 2)}},
          .signer = 1,
          .next_step = WallFromMillis(kSampleTimestamp + 9)};
}

inline QueueConfigurationRecord SampleQueueConfiguration() {
  return {.version = 12,
          .part = 1,
          .parts = 2,
          .applied = WallFromMillis(kSampleTimestamp),
          .by = "ann",
          .origin = "apply",
          .sha256 = std::string(64, 'a'),
          .properties = {{"yarn.scheduler.capacity.root.queues", "default,eu", 12},
                         {"yarn.scheduler.capacity.root.acl_submit_applications", " ", 0}}};
}

inline ApplicationUsageRecord SampleApplicationUsage() {
  return {.id = {kSampleTimestamp, 1},
          .queues = {{"root.a", {1024 * 5000, 5000}}, {"root.b", {int64_t{1} << 60, 1}}}};
}

inline std::vector<Record> SampleRecords() {
  return {SampleApplication(1),
          SampleAttempt(1),
          SampleNode(1),
          SampleEpoch(),
          SampleTokenKeys(),
          ApplicationRecord{},
          AttemptRecord{},
          NodeRecord{},
          EpochRecord{},
          TokenKeysRecord{},
          SampleQueueConfiguration(),
          QueueConfigurationRecord{},
          LabelsRecord{{{"fpga", false}, {"gpu", true}}},
          LabelsRecord{},
          NodeSettingsRecord{"host:45454", true, "gpu", true, {8192, 8, {{"yarn.io/gpu", 4}}}},
          NodeSettingsRecord{},
          DecommissionRecord{{"6f1c"}, WallFromMillis(kSampleTimestamp), "ann", true, true},
          DecommissionRecord{.deadline = kNoDeadline},
          SampleApplicationUsage(),
          ApplicationUsageRecord{},
          QueueUsageRecord{"root.a", "ann", {77, 5}},
          QueueUsageRecord{}};
}

}  // namespace weir::store

#endif  // WEIR_TESTS_STORE_SAMPLE_RECORDS_H_
