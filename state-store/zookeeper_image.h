// ZookeeperImage: a copy of all records of a store in ZooKeeper, decoded, kept near what is there.
// What can be done before it is wanted is done when it is read: a standby that becomes active has
// neither to decode nor to look for the nodes that are there.
//
// The first Refresh reads everything. A later one reads the head and of the changes only those that
// came after the copy, so that it costs what has changed and not what there is. Everything is read
// again when more groups were written than the changes remember.
//
// A record may be newer in the copy than the head it was read at; the refresh that reaches that
// newer head reads it again. Once no writer writes any more, one refresh makes the copy exact.
//
// Blocks; see zookeeper_client.h. Owner: a ZookeeperStore, on the thread of whoever calls Open,
// Load and Follow.
#ifndef WEIR_STATE_STORE_ZOOKEEPER_IMAGE_H_
#define WEIR_STATE_STORE_ZOOKEEPER_IMAGE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "common/result.h"
#include "state-store/protocol/zk_layout.h"
#include "state-store/state_store.h"
#include "state-store/zookeeper_client.h"

namespace weir::store {

class ZookeeperImage {
 public:
  // Both must outlive this. `place` is the store's, for messages.
  ZookeeperImage(ZookeeperClient& client, const ZkLayout& layout, std::string place);

  // Errors: zookeeper_client.h; the copy is then as it was, or empty.
  Status Refresh();
  // The epoch's record among them. kFailedPrecondition: of a newer version of Weir. Requires:
  // refreshed.
  Result<LoadedState> Copy() const;
  // The same, given away: the next Refresh reads everything.
  Result<LoadedState> Take();
  // The paths of all nodes that a writer must know of: records and changes; given away, and made
  // anew if they are asked for again. Requires: refreshed.
  Result<std::unordered_set<std::string>> TakePaths();

  // Of the last Refresh.
  const ZkNode& epoch_node() const { return epoch_node_; }
  const ZkNode& head_node() const { return head_node_; }
  // How often everything was read.
  int64_t whole_readings() const { return whole_readings_; }

 private:
  struct Entry {
    std::optional<Record> record;
    std::string damage;            // else: why it cannot be read
    std::optional<Error> refusal;  // or why the whole store cannot
  };

  void Clear();
  void Keep(const std::string& key, std::string_view bytes);
  Result<LoadedState> Findings() const;
  Result<ZkHead> ReadHead();
  Status ReadAll();
  // False when the changes do not remember all that came after the copy.
  Result<bool> ReadChanges(const ZkHead& head);
  Status ReadRecords(const std::vector<std::string>& keys);
  Status ReadEpoch();

  ZookeeperClient& client_;
  const ZkLayout& layout_;
  const std::string place_;
  bool filled_ = false;
  ZkNode epoch_node_;
  ZkNode head_node_;
  ZkHead head_;                           // at which it was read
  std::map<std::string, Entry> records_;  // by key
  // lookup-only: of the records but the epoch's; nothing while they are given away
  std::optional<std::unordered_set<std::string>> paths_;  // lookup-only
  std::vector<std::string> foreign_;                      // nodes that are not Weir's
  int64_t whole_readings_ = 0;
};

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_ZOOKEEPER_IMAGE_H_
