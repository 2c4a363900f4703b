// SimStore: the state store of a run: a disk that outlives the ResourceManager, and a writer with
// the faults of the run: slow writes, failed ones, and at a crash a lost tail of those under way.
//
// The disk is a log in the bytes of the product's store in files (state-store/frame_log.h): a frame
// for each batch. Batches become durable in order. Of the first that did not, a part of the frame's
// bytes may be there; whoever opens the store next cuts that off, and it has to find exactly what
// was durable. Single-threaded.
#ifndef WEIR_TESTS_SIMULATION_SIM_STORE_H_
#define WEIR_TESTS_SIMULATION_SIM_STORE_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/random.h"
#include "common/result.h"
#include "state-store/records.h"
#include "state-store/records_change.h"
#include "tests/simulation/durable_state.h"
#include "tests/simulation/event_queue.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/trace.h"

namespace weir::simulation {

class SimStore final : public DurableState, public RecordWriter {
 public:
  SimStore(EventQueue& queue, Random& random, Faults& faults, Trace& trace)
      : queue_(queue), random_(random), faults_(faults), trace_(trace) {}

  // Writes under way of the one before are lost from some batch on. `opened` is called at once.
  void Open(int64_t wall_millis, Handlers handlers) override;
  // What it had under way is lost from some batch on.
  void Crash() override;
  void Append(uint64_t sequence, std::vector<store::StoreOperation> batch) override;

  std::optional<store::Record> Find(const std::string& key) const override;
  const std::string& fault() const override { return fault_; }

 private:
  struct Batch {
    uint64_t sequence = 0;
    std::vector<store::StoreOperation> operations;
  };

  std::vector<store::Record> Load() const;
  void Commit(uint64_t incarnation);
  void Apply(const Batch& batch);
  // Of the first batch that is not durable, some bytes.
  void Tear(const Batch& batch);
  std::vector<store::EngineOperation> InBytes(const Batch& batch);
  // Reads the log from its beginning, and cuts what is not whole.
  void Reread();

  EventQueue& queue_;
  Random& random_;
  Faults& faults_;
  Trace& trace_;
  std::map<std::string, std::string> durable_;
  std::string log_;
  uint64_t frames_ = 0;
  bool torn_ = false;
  std::deque<Batch> under_way_;
  Instant last_due_{};
  uint64_t incarnation_ = 0;
  bool failed_ = false;
  Handlers handlers_;
  std::string fault_;
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_SIM_STORE_H_
