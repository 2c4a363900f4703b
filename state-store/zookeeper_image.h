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
// What changes is kept until it is taken (TakeChanges), each key once.
//
// Blocks; see zookeeper_client.h. Owner: a ZookeeperStore, on the thread of whoever calls Open,
// Load and Follow.
#ifndef WEIR_STATE_STORE_ZOOKEEPER_IMAGE_H_
#define WEIR_STATE_STORE_ZOOKEEPER_IMAGE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
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
  ~ZookeeperImage();  // waits for what is being freed
  ZookeeperImage(const ZookeeperImage&) = delete;
  ZookeeperImage& operator=(const ZookeeperImage&) = delete;

  // Errors: zookeeper_client.h; the copy is then as it was, or empty.
  Status Refresh();
  // What has become another since the last TakeChanges; the first time, and when everything was
  // read again, all there is. The epoch's record is not among them. Errors: as Copy. Requires:
  // refreshed.
  Result<StoreChanges> TakeChanges();
  // All there is counts as changed.
  void ChangeAll();
  // Ends the copy: what it has is freed by a thread of its own, as that takes longer with more. The
  // next Refresh reads everything.
  void Drop();
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

  // What a change was before; nothing when it was not there, or not readable.
  using Changes = std::map<std::string, std::optional<Record>>;  // by key

  void Clear();
  void Note(const std::string& key);
  void Forget(const std::string& key);
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
  std::set<std::string> unreadable_;      // of these, those with a damage or refusal
  bool all_changed_ = true;               // since TakeChanges
  Changes changed_;                       // else: what has
  // lookup-only: of the records but the epoch's; nothing while they are given away
  std::optional<std::unordered_set<std::string>> paths_;  // lookup-only
  std::vector<std::string> foreign_;                      // nodes that are not Weir's
  int64_t whole_readings_ = 0;
  std::thread dropping_;
};

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_ZOOKEEPER_IMAGE_H_
