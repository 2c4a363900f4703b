// What the two nodes beside the records, the epoch's and the head's, say of a store in ZooKeeper,
// whatever state they are in. Pure; thread-safe.
#ifndef WEIR_STATE_STORE_ZOOKEEPER_MARKS_H_
#define WEIR_STATE_STORE_ZOOKEEPER_MARKS_H_

#include <optional>

#include "common/ids.h"
#include "state-store/protocol/zk_operation.h"

namespace weir::store {

// The higher one of the two, since a writer writes its epoch into both before anybody hears of it;
// 0 when neither can be read; nothing when neither is there.
std::optional<Epoch> EpochSaid(const ZkNode& epoch, const ZkNode& head);

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_ZOOKEEPER_MARKS_H_
