#include "scheduler/preemption/queue_snapshot.h"

namespace weir::scheduler {

Amounts Relevant(Calculator calculator, const Amounts& amounts) {
  return calculator == Calculator::kDominant ? amounts : Amounts{amounts[Amounts::kMemory]};
}

}  // namespace weir::scheduler
