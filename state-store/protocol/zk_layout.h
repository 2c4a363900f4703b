// ZkLayout: where things are in ZooKeeper, and the bytes of the nodes that are not records.
//
//   ROOT/epoch            the EpochRecord; its node's version is what fences
//   ROOT/head             "EPOCH NUMBER": the last group that was written
//   ROOT/records/BB/KEY   one record each; BB is a part of the key's hash (00 to ff), so that no
//                         node has too many children; KEY is the key, escaped
//   ROOT/changes/SLOT     "EPOCH NUMBER" and the keys that group changed, one a line: what a reader
//                         that follows the head has to read anew. SLOT is the number modulo
//                         kChangeSlots, so that many groups are remembered
//   ROOT/holder           ephemeral: who has the store open for writing, for people
//
// ROOT is PARENT/CLUSTER. Pure; immutable values.
#ifndef WEIR_STATE_STORE_PROTOCOL_ZK_LAYOUT_H_
#define WEIR_STATE_STORE_PROTOCOL_ZK_LAYOUT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "state-store/protocol/zk_operation.h"

namespace weir::store {

struct ZkHead {
  Epoch epoch;
  uint64_t number = 0;
  bool operator==(const ZkHead&) const = default;
};

struct ZkChanges {
  ZkHead head;
  std::vector<std::string> keys;
  bool operator==(const ZkChanges&) const = default;
};

class ZkLayout {
 public:
  static constexpr int kBuckets = 256;
  static constexpr uint64_t kChangeSlots = 1024;
  // What is above these is damage. An epoch must have room in the number of a container.
  static constexpr uint64_t kNumberMax = uint64_t{1} << 62;  // of a group
  static constexpr int64_t kEpochMax = (int64_t{1} << (63 - ContainerId::kSequenceBits)) - 1;

  // `parent` is an absolute path without a slash at its end ("" = the top).
  ZkLayout(std::string parent, const std::string& cluster);

  const std::string& parent() const { return parent_; }
  const std::string& root() const { return root_; }
  std::string epoch() const { return root_ + "/epoch"; }
  std::string head() const { return root_ + "/head"; }
  std::string holder() const { return root_ + "/holder"; }
  std::string records() const { return root_ + "/records"; }
  std::string changes() const { return root_ + "/changes"; }
  std::string Bucket(int number) const;
  std::string RecordPath(std::string_view key) const;
  std::string ChangesPath(uint64_t number) const;
  // The key of a node in a bucket; nothing when no key of ours has that name and place.
  std::optional<std::string> KeyAt(int bucket, std::string_view name) const;
  // What is made first, in one step: all of the above but the records and the holder.
  std::vector<ZkOperation> MakeAll(bool with_root, const std::string& epoch_bytes) const;

  // Names of nodes: letters, digits and some more as they are, all else as %XX.
  static std::string Escape(std::string_view text);
  static std::optional<std::string> Unescape(std::string_view name);

 private:
  std::string parent_;
  std::string root_;
};

std::string EncodeHead(const ZkHead& head);
std::optional<ZkHead> DecodeHead(std::string_view bytes);
std::string EncodeChanges(const ZkChanges& changes);
std::optional<ZkChanges> DecodeChanges(std::string_view bytes);

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_PROTOCOL_ZK_LAYOUT_H_
