// StoreEngine: what a backend of the state store must be able to do; everything else (queue, order,
// fencing, failure) is GroupCommitStore's and the same for all.
//
// Owner: one GroupCommitStore, which calls it from one thread at a time.
#ifndef WEIR_STATE_STORE_STORE_ENGINE_H_
#define WEIR_STATE_STORE_STORE_ENGINE_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "state-store/records_change.h"

namespace weir::store {

// What an engine found when it was opened.
struct EngineFindings {
  std::vector<std::string> damaged;  // "where: what", of what it could not read
  std::vector<std::string> notes;    // see LoadedState::notes
};

class StoreEngine {
 public:
  using Visitor = std::function<void(std::string_view key, std::string_view value)>;

  virtual ~StoreEngine() = default;
  virtual std::string name() const = 0;
  // All of it is durable, in order, when this returns; none of it when it fails.
  // kResourceExhausted: the disk is full. kUnavailable, kCorruption: the disk or store is damaged.
  virtual Status Write(const std::vector<EngineOperation>& operations) = 0;
  // Nothing when there is no such key.
  virtual Result<std::optional<std::string>> Read(const std::string& key) = 0;
  // Every key in key order.
  virtual Status Scan(const Visitor& visitor) = 0;
  virtual EngineFindings findings() const { return {}; }
};

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_STORE_ENGINE_H_
