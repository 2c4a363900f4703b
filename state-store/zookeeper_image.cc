#include "state-store/zookeeper_image.h"

#include <set>
#include <utility>

#include "state-store/epoch_rules.h"

namespace weir::store {
namespace {

// Slots that may be written anew while they are read.
constexpr uint64_t kMargin = 128;

}  // namespace

ZookeeperImage::ZookeeperImage(ZookeeperClient& client, const ZkLayout& layout)
    : client_(client), layout_(layout) {}

Status ZookeeperImage::Refresh() {
  WEIR_RETURN_IF_ERROR(client_.AwaitConnection());
  WEIR_ASSIGN_OR_RETURN(const ZkHead head, ReadHead());
  if (filled_) {
    WEIR_ASSIGN_OR_RETURN(const bool followed, ReadChanges(head));
    if (followed) return ReadEpoch();
  }
  Clear();
  head_ = head;
  WEIR_RETURN_IF_ERROR(ReadAll());
  WEIR_RETURN_IF_ERROR(ReadEpoch());
  filled_ = true;
  ++whole_readings_;
  return {};
}

void ZookeeperImage::Clear() {
  filled_ = false;
  head_ = {};
  records_.clear();
  foreign_.clear();
}

// A store that is new, or whose head is damaged, has none: then there is nothing to follow.
Result<ZkHead> ZookeeperImage::ReadHead() {
  WEIR_ASSIGN_OR_RETURN(head_node_, client_.Get(layout_.head()));
  return DecodeHead(head_node_.data).value_or(ZkHead{});
}

Status ZookeeperImage::ReadAll() {
  std::vector<std::string> buckets;
  for (int bucket = 0; bucket < ZkLayout::kBuckets; ++bucket) {
    buckets.push_back(layout_.Bucket(bucket));
  }
  WEIR_ASSIGN_OR_RETURN(const auto names, client_.ChildrenOfAll(buckets));
  std::vector<std::string> keys;
  for (int bucket = 0; bucket < ZkLayout::kBuckets; ++bucket) {
    const auto at = static_cast<size_t>(bucket);
    for (const std::string& name : names[at]) {
      if (std::optional<std::string> key = layout_.KeyAt(bucket, name)) {
        keys.push_back(*std::move(key));
      } else {
        foreign_.push_back("the node " + buckets[at] + "/" + name +
                           " in ZooKeeper: not one of Weir's");
      }
    }
  }
  return ReadRecords(keys);
}

Result<bool> ZookeeperImage::ReadChanges(const ZkHead& head) {
  if (head.number < head_.number || head_.number == 0) return false;
  if (head.number - head_.number > ZkLayout::kChangeSlots - kMargin) return false;
  std::vector<std::string> paths;
  for (uint64_t number = head_.number + 1; number <= head.number; ++number) {
    paths.push_back(layout_.ChangesPath(number));
  }
  WEIR_ASSIGN_OR_RETURN(const std::vector<ZkNode> nodes, client_.GetAll(paths));
  std::set<std::string> keys;
  for (size_t i = 0; i < nodes.size(); ++i) {
    const std::optional<ZkChanges> changes = DecodeChanges(nodes[i].data);
    if (!changes || changes->head.number != head_.number + 1 + i) return false;
    keys.insert(changes->keys.begin(), changes->keys.end());
  }
  WEIR_RETURN_IF_ERROR(ReadRecords({keys.begin(), keys.end()}));
  head_ = head;
  return true;
}

Status ZookeeperImage::ReadRecords(const std::vector<std::string>& keys) {
  std::vector<std::string> paths;
  paths.reserve(keys.size());
  for (const std::string& key : keys) paths.push_back(layout_.RecordPath(key));
  WEIR_ASSIGN_OR_RETURN(std::vector<ZkNode> nodes, client_.GetAll(paths));
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].exists) {
      records_[keys[i]] = std::move(nodes[i].data);
    } else {
      records_.erase(keys[i]);
    }
  }
  return {};
}

// It has a node of its own and is in no change.
Status ZookeeperImage::ReadEpoch() {
  WEIR_ASSIGN_OR_RETURN(ZkNode node, client_.Get(layout_.epoch()));
  epoch_node_ = node;
  if (node.exists) {
    records_[EpochKey()] = std::move(node.data);
  } else {
    records_.erase(EpochKey());
  }
  return {};
}

Result<LoadedState> ZookeeperImage::Decode(const std::string& place) const {
  LoadedState state;
  state.quarantined = foreign_;
  for (const auto& [key, bytes] : records_) {
    WEIR_RETURN_IF_ERROR(LoadValue(place, key, bytes, state));
  }
  return state;
}

Result<std::unordered_set<std::string>> ZookeeperImage::Paths() {
  std::unordered_set<std::string> paths;
  for (const auto& [key, bytes] : records_) {
    if (key != EpochKey()) paths.insert(layout_.RecordPath(key));
  }
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> slots, client_.Children(layout_.changes()));
  for (const std::string& slot : slots) paths.insert(layout_.changes() + "/" + slot);
  return paths;
}

}  // namespace weir::store
