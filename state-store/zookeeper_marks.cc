#include "state-store/zookeeper_marks.h"

#include <variant>

#include "state-store/epoch_rules.h"
#include "state-store/records_envelope.h"

namespace weir::store {

std::optional<Epoch> EpochSaid(const ZkNode& epoch, const ZkNode& head) {
  if (!epoch.exists && !head.exists) return std::nullopt;
  if (epoch.exists) {
    const Result<Record> record = Decode(EpochKey(), epoch.data);
    if (record.ok()) return std::get<EpochRecord>(*record).epoch;
  }
  return DecodeHead(head.data).value_or(ZkHead{}).epoch;
}

std::string HeadDamage(const ZkLayout& layout, const ZkNode& epoch, const ZkNode& head) {
  const std::string node = "the head " + layout.head() + " in ZooKeeper";
  if (!head.exists) return epoch.exists ? node + " is missing" : "";
  if (DecodeHead(head.data)) return "";
  return node + " is not one: " + QuotedKey(head.data);
}

}  // namespace weir::store
