#include "state-store/zookeeper_marks.h"

#include <algorithm>
#include <variant>

#include "state-store/epoch_rules.h"
#include "state-store/protocol/zk_layout.h"

namespace weir::store {

std::optional<Epoch> EpochSaid(const ZkNode& epoch, const ZkNode& head) {
  if (!epoch.exists && !head.exists) return std::nullopt;
  Epoch said;
  if (epoch.exists) {
    const Result<Record> record = Decode(EpochKey(), epoch.data);
    if (record.ok()) said = std::get<EpochRecord>(*record).epoch;
  }
  if (head.exists) said = std::max(said, DecodeHead(head.data).value_or(ZkHead{}).epoch);
  return said;
}

}  // namespace weir::store
