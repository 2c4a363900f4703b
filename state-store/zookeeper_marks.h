// What the two nodes beside the records, the epoch's and the head's, say of a store in ZooKeeper,
// whatever state they are in. Pure; thread-safe.
#ifndef WEIR_STATE_STORE_ZOOKEEPER_MARKS_H_
#define WEIR_STATE_STORE_ZOOKEEPER_MARKS_H_

#include <optional>
#include <string>

#include "common/ids.h"
#include "state-store/protocol/zk_layout.h"
#include "state-store/protocol/zk_operation.h"

namespace weir::store {

// What the epoch's node says, which has a checksum; where it cannot be read, the head, into which
// every writer has written the same before anybody heard of it. 0 when neither can be read; nothing
// when neither is there.
std::optional<Epoch> EpochSaid(const ZkNode& epoch, const ZkNode& head);

// What is wrong with the head, as what is quarantined is named; "" = nothing, or there is no store.
std::string HeadDamage(const ZkLayout& layout, const ZkNode& epoch, const ZkNode& head);

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_ZOOKEEPER_MARKS_H_
