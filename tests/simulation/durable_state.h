// What a ResourceManager of a run keeps its records in, and what a checker may look at.
#ifndef WEIR_TESTS_SIMULATION_DURABLE_STATE_H_
#define WEIR_TESTS_SIMULATION_DURABLE_STATE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "state-store/records.h"

namespace weir::simulation {

// What is durable now.
class DurableState {
 public:
  virtual ~DurableState() = default;
  virtual std::optional<store::Record> Find(const std::string& key) const = 0;
  // The first fault of a record or batch in words; "" if there is none.
  virtual const std::string& fault() const = 0;
};

// One ResourceManager's writer.
class RecordWriter {
 public:
  struct Opened {
    store::EpochRecord epoch;
    std::vector<store::Record> records;
  };
  struct Answer {
    uint64_t sequence = 0;
    Status status;
  };
  struct Handlers {
    std::function<void(Result<Opened>)> opened;
    std::function<void(const Answer&)> done;
  };

  virtual ~RecordWriter() = default;
  // Becomes the writer of the next epoch. `opened` may be called before this returns.
  virtual void Open(int64_t wall_millis, Handlers handlers) = 0;
  virtual void Append(uint64_t sequence, std::vector<store::StoreOperation> batch) = 0;
  // As StateStore's. Whose store nobody else can open need not ask.
  virtual void Confirm(std::function<void(bool)> done) { done(true); }
  // The writer is gone; nobody hears of it any more.
  virtual void Crash() = 0;
};

// The next epoch's record, after `stored`.
store::EpochRecord NextEpochRecord(const std::optional<store::Record>& stored, int64_t wall_millis);

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_DURABLE_STATE_H_
