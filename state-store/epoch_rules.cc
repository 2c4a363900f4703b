#include "state-store/epoch_rules.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "state-store/records_envelope.h"

namespace weir::store {
namespace {

Error NewerVersion(const std::string& place, std::string_view key, std::string_view value) {
  return {ErrorCode::kFailedPrecondition,
          place + " was written by a newer version of Weir: record " + QuotedKey(key) +
              " has version " + std::to_string(static_cast<unsigned char>(value[0])) +
              ", this one reads up to " + std::to_string(kRecordVersion),
          "start that version again, or give this one another store"};
}

}  // namespace

const std::string& EpochKey() {
  static const std::string key = KeyOf(EpochRecord{});
  return key;
}

Result<std::optional<EpochRecord>> ReadEpoch(const std::string& place,
                                             const std::optional<std::string>& bytes,
                                             Epoch at_least) {
  if (!bytes) return std::optional<EpochRecord>();
  Result<Record> record = Decode(EpochKey(), *bytes);
  if (record.ok()) return std::optional<EpochRecord>(std::get<EpochRecord>(record.value()));
  if (IsOfNewerVersion(*bytes)) return NewerVersion(place, EpochKey(), *bytes);
  if (at_least.value > 0) return std::optional<EpochRecord>();
  return Error{ErrorCode::kCorruption,
               "the epoch of " + place + " cannot be read: " + record.error().ToString(),
               "restore the store from a copy, or start with an empty one"};
}

Result<EpochRecord> NextEpoch(const std::string& place,
                              const std::optional<EpochRecord>& stored,
                              const OpenRequest& request) {
  EpochRecord next{.epoch = {request.at_least.value + 1},
                   .cluster_timestamp = request.wall_millis,
                   .cluster_id = request.cluster_id};
  if (!stored) return next;
  if (stored->cluster_id != request.cluster_id) {
    return Error{ErrorCode::kFailedPrecondition,
                 place + " belongs to cluster '" + stored->cluster_id + "', not to '" +
                     request.cluster_id + "'",
                 "use the store of this cluster, or set the cluster id to the store's"};
  }
  next.epoch = {std::max(stored->epoch.value, request.at_least.value) + 1};
  next.cluster_timestamp = std::max(request.wall_millis, stored->cluster_timestamp + 1);
  return next;
}

Status CheckMayBegin(const std::string& place, const OpenRequest& request) {
  if (!request.former_cluster_id.empty()) {
    return Error{ErrorCode::kFailedPrecondition,
                 place + " is empty, and this ResourceManager belonged to cluster '" +
                     request.former_cluster_id + "', not to '" + request.cluster_id + "'",
                 "set yarn.resourcemanager.cluster-id to '" + request.former_cluster_id +
                     "' again; or, to begin another cluster, run 'weir rm store format'"};
  }
  if (!request.must_exist) return {};
  return Error{
      ErrorCode::kFailedPrecondition,
      place + " is empty, but this ResourceManager has used it before, under epoch " +
          std::to_string(request.at_least.value),
      "see that it is the right one and restore it from a copy; or, to begin anew, run 'weir rm "
      "store format'"};
}

Error EpochIsGone(const std::string& place) {
  return {ErrorCode::kCorruption,
          "the epoch of " + place + " is gone, but other records are there",
          "restore the store from a copy, or start with an empty one"};
}

Status LoadValue(const std::string& place,
                 std::string_view key,
                 std::string_view value,
                 LoadedState& state) {
  Result<Record> record = Decode(key, value);
  if (record.ok()) {
    state.records.push_back(std::move(record).value());
    return {};
  }
  if (IsOfNewerVersion(value)) return NewerVersion(place, key, value);
  state.quarantined.push_back(record.error().ToString());
  return {};
}

Status EncodeBatch(const std::vector<StoreOperation>& batch,
                   std::vector<EngineOperation>& operations,
                   size_t& bytes) {
  const size_t before = operations.size();
  const auto refuse = [&operations, before](Error error) -> Status {
    operations.resize(before);
    return error;
  };
  size_t added = 0;
  for (const StoreOperation& operation : batch) {
    EngineOperation encoded;
    if (const Put* put = std::get_if<Put>(&operation)) {
      encoded.key = KeyOf(put->record);
      Result<std::string> value = Encode(put->record);
      if (!value.ok()) return refuse(std::move(value).error());
      encoded.value = std::move(value).value();
      added += encoded.value->size();
    } else {
      encoded.key = std::get<Delete>(operation).key;
    }
    if (encoded.key == EpochKey()) {
      return refuse({ErrorCode::kInvalidArgument,
                     "a batch tried to change the store's epoch",
                     "only opening the store changes its epoch"});
    }
    added += encoded.key.size();
    operations.push_back(std::move(encoded));
  }
  bytes += added;
  return {};
}

Error ClosedStore(const std::string& name) {
  return {ErrorCode::kFailedPrecondition, "the " + name + " state store is closed", ""};
}

Status CheckEpoch(const std::string& name, Epoch epoch, Epoch writer) {
  if (epoch == writer) return {};
  const std::string attempt = "a write under epoch " + std::to_string(epoch.value) +
                              (epoch < writer ? " came too late: the " : ", but the ") + name +
                              " state store is at epoch " + std::to_string(writer.value);
  if (epoch < writer) {
    return Error{ErrorCode::kFenced, attempt, "another ResourceManager has become active"};
  }
  return Error{ErrorCode::kFailedPrecondition, attempt, ""};
}

Error FullQueue(const std::string& name, size_t limit) {
  return {
      ErrorCode::kResourceExhausted,
      "more than " + std::to_string(limit) + " writes wait for the " + name + " state store",
      name == "zookeeper" ? "ZooKeeper does not keep up, or is away" : "the disk does not keep up"};
}

}  // namespace weir::store
