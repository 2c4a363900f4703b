#include "state-store/zookeeper_image.h"

#include <set>
#include <utility>

#include "state-store/epoch_rules.h"

namespace weir::store {
namespace {

// Slots that may be written anew while they are read.
constexpr uint64_t kMargin = 128;

}  // namespace

ZookeeperImage::ZookeeperImage(ZookeeperClient& client, const ZkLayout& layout, std::string place)
    : client_(client), layout_(layout), place_(std::move(place)) {}

ZookeeperImage::~ZookeeperImage() {
  if (dropping_.joinable()) dropping_.join();
}

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
  unreadable_.clear();
  all_changed_ = true;
  changed_.clear();
  paths_.emplace();
  foreign_.clear();
}

void ZookeeperImage::Drop() {
  if (dropping_.joinable()) dropping_.join();
  dropping_ = std::thread([records = std::move(records_), paths = std::move(paths_)] {});
  Clear();
}

// It is about to become another.
void ZookeeperImage::Note(const std::string& key) {
  if (all_changed_ || key == EpochKey() || changed_.contains(key)) return;
  const auto known = records_.find(key);
  changed_.emplace(key, known == records_.end() ? std::nullopt : std::move(known->second.record));
}

void ZookeeperImage::Forget(const std::string& key) {
  Note(key);
  records_.erase(key);
  unreadable_.erase(key);
}

void ZookeeperImage::Keep(const std::string& key, std::string_view bytes) {
  Note(key);
  LoadedState one;
  const Status readable = LoadValue(place_, key, bytes, one);
  Entry entry;
  if (!readable.ok()) entry.refusal = readable.error();
  if (!one.quarantined.empty()) entry.damage = std::move(one.quarantined.front());
  if (!one.records.empty()) entry.record = std::move(one.records.front());
  if (entry.refusal || !entry.damage.empty()) {
    unreadable_.insert(key);
  } else {
    unreadable_.erase(key);
  }
  records_.insert_or_assign(key, std::move(entry));
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
      Keep(keys[i], nodes[i].data);
      if (paths_) paths_->insert(std::move(paths[i]));
    } else {
      Forget(keys[i]);
      if (paths_) paths_->erase(paths[i]);
    }
  }
  return {};
}

// It has a node of its own and is in no change.
Status ZookeeperImage::ReadEpoch() {
  WEIR_ASSIGN_OR_RETURN(ZkNode node, client_.Get(layout_.epoch()));
  epoch_node_ = node;
  if (node.exists) {
    Keep(EpochKey(), node.data);
  } else {
    Forget(EpochKey());
  }
  return {};
}

// All but the records.
Result<LoadedState> ZookeeperImage::Findings() const {
  LoadedState state;
  state.quarantined = foreign_;
  for (const std::string& key : unreadable_) {
    const Entry& entry = records_.at(key);
    if (entry.refusal) return *entry.refusal;
    state.quarantined.push_back(entry.damage);
  }
  return state;
}

void ZookeeperImage::ChangeAll() {
  all_changed_ = true;
  changed_.clear();
}

Result<StoreChanges> ZookeeperImage::TakeChanges() {
  WEIR_ASSIGN_OR_RETURN(LoadedState state, Findings());
  StoreChanges taken{.quarantined = std::move(state.quarantined)};
  taken.records.whole = std::exchange(all_changed_, false);
  if (taken.records.whole) {
    for (const auto& [key, entry] : records_) {
      if (entry.record && key != EpochKey()) taken.records.put.push_back(*entry.record);
    }
  }
  for (auto& [key, before] : std::exchange(changed_, {})) {
    const auto known = records_.find(key);
    if (known != records_.end() && known->second.record) {
      taken.records.put.push_back(*known->second.record);
    } else if (before) {
      taken.records.gone.push_back(*std::move(before));
    }
  }
  return taken;
}

Result<LoadedState> ZookeeperImage::Copy() const {
  WEIR_ASSIGN_OR_RETURN(LoadedState state, Findings());
  state.records.reserve(records_.size());
  for (const auto& [key, entry] : records_) {
    if (entry.record) state.records.push_back(*entry.record);
  }
  return state;
}

Result<LoadedState> ZookeeperImage::Take() {
  WEIR_ASSIGN_OR_RETURN(LoadedState state, Findings());
  state.records.reserve(records_.size());
  for (auto& [key, entry] : records_) {
    if (entry.record) state.records.push_back(*std::move(entry.record));
  }
  Clear();
  return state;
}

Result<std::unordered_set<std::string>> ZookeeperImage::TakePaths() {
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> slots, client_.Children(layout_.changes()));
  if (!paths_) {
    paths_.emplace();
    for (const auto& [key, entry] : records_) {
      if (key != EpochKey()) paths_->insert(layout_.RecordPath(key));
    }
  }
  std::unordered_set<std::string> paths = std::move(*paths_);  // lookup-only
  paths_.reset();
  for (const std::string& slot : slots) paths.insert(layout_.changes() + "/" + slot);
  return paths;
}

}  // namespace weir::store
