#include "nodemanager/executor/cache_index.h"

#include <algorithm>
#include <utility>

namespace weir::nm {
namespace {

// A failure that says nothing about how another one would fare with the same source.
bool IsOfTheOwnerAlone(ErrorCode code) {
  return code == ErrorCode::kPermissionDenied || code == ErrorCode::kUnauthenticated;
}

Error WrongSize(int64_t declared, int64_t held) {
  return {ErrorCode::kCorruption,
          "expected " + std::to_string(declared) + " bytes, there are " + std::to_string(held),
          "submit again with the file as it is now"};
}

}  // namespace

bool CacheIndex::Fire(Entry& entry, CacheTrigger trigger) {
  const auto transition = FindTransition(kCacheTable, entry.state, trigger);
  if (transition.kind != TransitionKind::kAllowed) return false;
  entry.state = transition.to;
  return true;
}

void CacheIndex::GrantTo(Entry& entry, const CacheWish& wish, CacheDecisions& decisions) {
  entry.users.insert(wish.container);
  entry.used_at = ++counter_;
  entry.for_one = wish.for_this_one;
  decisions.granted.push_back(wish.ticket);
}

// Requires: somebody waits.
void CacheIndex::BeginFetch(Entry& entry, CacheTrigger trigger, CacheDecisions& decisions) {
  if (!Fire(entry, trigger)) return;
  const CacheWish& first = entry.waiting.front();
  held_ += first.bytes - entry.bytes;
  entry.bytes = first.bytes;
  entry.root = first.root;
  entry.checked = false;
  entry.owner = first.ticket;
  entry.source = first.source;
  entry.abandoned = false;
  decisions.fetch.push_back(first.ticket);
}

void CacheIndex::BeginRemoval(const std::string& path,
                              Entry& entry,
                              CacheTrigger trigger,
                              CacheDecisions& decisions) {
  if (!Fire(entry, trigger)) return;
  held_ -= entry.bytes;
  entry.bytes = 0;
  decisions.remove.push_back(path);
}

CacheDecisions CacheIndex::Want(CacheWish wish) {
  CacheDecisions decisions;
  const std::string path = wish.path;
  Entry& entry = entries_[path];
  of_container_[wish.container].insert(path);
  const bool held = entry.state == CacheState::kLocalized;
  if (held && (!wish.check_bytes || entry.bytes == wish.bytes)) {
    Fire(entry, CacheTrigger::kRequest);
    entry.checked = true;
    GrantTo(entry, wish, decisions);
    return decisions;
  }
  if (held && (entry.checked || !entry.users.empty())) {
    // What others use is right: a false size must not cost them their file.
    decisions.refused.push_back({wish.ticket, WrongSize(wish.bytes, entry.bytes)});
    Unlink(path, entry, wish.container);
    return decisions;
  }
  // Cut short in an earlier run, perhaps.
  if (held) BeginRemoval(path, entry, CacheTrigger::kVanished, decisions);
  entry.waiting.push_back(std::move(wish));
  if (entry.state == CacheState::kInit) {
    BeginFetch(entry, CacheTrigger::kRequest, decisions);
    ShrinkInto(decisions);
  }
  return decisions;
}

CacheDecisions CacheIndex::Fetched(const std::string& path, int64_t bytes) {
  CacheDecisions decisions;
  const auto it = entries_.find(path);
  if (it == entries_.end() || !Fire(it->second, CacheTrigger::kFetched)) return decisions;
  Entry& entry = it->second;
  held_ += bytes - entry.bytes;
  entry.bytes = bytes;
  entry.checked = true;
  entry.used_at = ++counter_;
  for (const CacheWish& wish : entry.waiting) GrantTo(entry, wish, decisions);
  entry.waiting.clear();
  ShrinkInto(decisions);
  return decisions;
}

CacheDecisions CacheIndex::Failed(const std::string& path, const Error& error) {
  CacheDecisions decisions;
  const auto it = entries_.find(path);
  if (it == entries_.end() || it->second.state != CacheState::kDownloading) return decisions;
  Entry& entry = it->second;
  const bool called_off = error.code == ErrorCode::kAborted;
  const bool for_owner = IsOfTheOwnerAlone(error.code);
  std::vector<CacheWish> others;
  std::vector<ContainerId> gone;
  for (CacheWish& wish : entry.waiting) {
    const bool counts = wish.ticket == entry.owner || (!for_owner && wish.source == entry.source);
    // A transfer that was told to end for want of interest says nothing to who came later.
    if (counts && !(called_off && entry.abandoned)) {
      decisions.refused.push_back({wish.ticket, error});
      gone.push_back(wish.container);
    } else {
      others.push_back(std::move(wish));
    }
  }
  entry.waiting = std::move(others);
  for (const ContainerId& container : gone) Unlink(path, entry, container);
  if (!entry.waiting.empty()) {
    BeginFetch(entry, CacheTrigger::kTakenOver, decisions);
    return decisions;
  }
  Fire(entry, CacheTrigger::kFailed);
  held_ -= entry.bytes;
  entries_.erase(it);
  return decisions;
}

void CacheIndex::Unlink(const std::string& path, const Entry& entry, const ContainerId& container) {
  const bool waits = std::any_of(entry.waiting.begin(), entry.waiting.end(), [&](const auto& wish) {
    return wish.container == container;
  });
  if (waits || entry.users.contains(container)) return;
  const auto it = of_container_.find(container);
  if (it == of_container_.end()) return;
  it->second.erase(path);
  if (it->second.empty()) of_container_.erase(it);
}

CacheDecisions CacheIndex::Removed(const std::string& path) {
  CacheDecisions decisions;
  const auto it = entries_.find(path);
  if (it == entries_.end() || !Fire(it->second, CacheTrigger::kRemoved)) return decisions;
  if (it->second.waiting.empty()) {
    // Who used what vanished has no claim on it any more.
    for (const ContainerId& user : it->second.users) of_container_[user].erase(path);
    entries_.erase(it);
    return decisions;
  }
  BeginFetch(it->second, CacheTrigger::kRequest, decisions);
  ShrinkInto(decisions);
  return decisions;
}

CacheDecisions CacheIndex::Vanished(const std::string& path) {
  CacheDecisions decisions;
  const auto it = entries_.find(path);
  if (it != entries_.end()) {
    BeginRemoval(path, it->second, CacheTrigger::kVanished, decisions);
  }
  return decisions;
}

CacheDecisions CacheIndex::CallOff(const ContainerId& container, const Error& error) {
  CacheDecisions decisions;
  const auto mine = of_container_.find(container);
  if (mine == of_container_.end()) return decisions;
  const std::set<std::string> paths = mine->second;
  for (const std::string& path : paths) {
    const auto it = entries_.find(path);
    if (it == entries_.end()) continue;
    Entry& entry = it->second;
    const size_t before = entry.waiting.size();
    std::erase_if(entry.waiting, [&](const CacheWish& wish) {
      if (wish.container != container) return false;
      decisions.refused.push_back({wish.ticket, error});
      return true;
    });
    if (entry.waiting.size() == before) continue;
    if (!entry.users.contains(container)) mine->second.erase(path);
    Fire(entry, CacheTrigger::kRelease);
    // A transfer that others wait for goes on: what it brings is checked whoever began it.
    if (entry.state != CacheState::kDownloading || !entry.waiting.empty()) continue;
    entry.abandoned = true;
    decisions.abandon.push_back(path);
  }
  if (mine->second.empty()) of_container_.erase(mine);
  return decisions;
}

CacheDecisions CacheIndex::Release(const ContainerId& container) {
  CacheDecisions decisions =
      CallOff(container, {ErrorCode::kAborted, "the container has ended", ""});
  const auto mine = of_container_.find(container);
  if (mine == of_container_.end()) return decisions;
  for (const std::string& path : mine->second) {
    const auto it = entries_.find(path);
    if (it == entries_.end() || it->second.users.erase(container) == 0) continue;
    Entry& entry = it->second;
    Fire(entry, CacheTrigger::kRelease);
    entry.used_at = ++counter_;
    if (entry.for_one && entry.users.empty()) {
      BeginRemoval(path, entry, CacheTrigger::kEvict, decisions);
    }
  }
  of_container_.erase(mine);
  ShrinkInto(decisions);
  return decisions;
}

void CacheIndex::Found(const std::string& path, const std::string& root, int64_t bytes) {
  Entry& entry = entries_[path];
  if (!Fire(entry, CacheTrigger::kFound)) return;
  entry.root = root;
  entry.bytes = bytes;
  entry.used_at = ++counter_;
  held_ += bytes;
}

void CacheIndex::Adopt(const ContainerId& container, const std::string& path) {
  const auto it = entries_.find(path);
  if (it == entries_.end() || it->second.state != CacheState::kLocalized) return;
  it->second.users.insert(container);
  of_container_[container].insert(path);
}

CacheDecisions CacheIndex::ForgetBelow(const std::string& directory) {
  CacheDecisions decisions;
  const std::string prefix = directory + "/";
  for (auto it = entries_.lower_bound(prefix);
       it != entries_.end() && it->first.starts_with(prefix);
       ++it) {
    Entry& entry = it->second;
    if (entry.users.empty()) BeginRemoval(it->first, entry, CacheTrigger::kEvict, decisions);
  }
  return decisions;
}

CacheDecisions CacheIndex::MakeRoom(const std::string& root, int64_t bytes) {
  CacheDecisions decisions;
  int64_t made = 0;
  while (made < bytes) {
    auto* oldest = LeastRecent(root);
    if (oldest == nullptr) break;
    made += oldest->second.bytes;
    BeginRemoval(oldest->first, oldest->second, CacheTrigger::kEvict, decisions);
  }
  return decisions;
}

CacheDecisions CacheIndex::Shrink() {
  CacheDecisions decisions;
  ShrinkInto(decisions);
  return decisions;
}

void CacheIndex::ShrinkInto(CacheDecisions& decisions) {
  while (held_ > target_) {
    auto* oldest = LeastRecent("");
    if (oldest == nullptr) return;
    BeginRemoval(oldest->first, oldest->second, CacheTrigger::kEvict, decisions);
  }
}

CacheIndex::Entries::value_type* CacheIndex::LeastRecent(const std::string& root) {
  Entries::value_type* oldest = nullptr;
  for (auto& entry : entries_) {
    const Entry& one = entry.second;
    const bool may_go = one.state == CacheState::kLocalized && one.users.empty() &&
                        (root.empty() || one.root == root);
    if (!may_go) continue;
    if (oldest == nullptr || one.used_at < oldest->second.used_at) oldest = &entry;
  }
  return oldest;
}

int64_t CacheIndex::coming(const std::string& root) const {
  int64_t bytes = 0;
  for (const auto& [path, entry] : entries_) {
    if (entry.state == CacheState::kDownloading && entry.root == root) bytes += entry.bytes;
  }
  return bytes;
}

CacheState CacheIndex::StateOf(const std::string& path) const {
  const auto it = entries_.find(path);
  return it == entries_.end() ? CacheState::kInit : it->second.state;
}

std::string CacheIndex::CheckInvariants() const {
  int64_t held = 0;
  int64_t evictable = 0;
  for (const auto& [path, entry] : entries_) {
    held += entry.bytes;
    if (entry.state == CacheState::kInit) return path + " is kept although nothing is held";
    if (entry.state == CacheState::kLocalized && !entry.waiting.empty()) {
      return path + " is there, and somebody waits for it";
    }
    if (entry.state == CacheState::kDownloading && entry.waiting.empty() && !entry.abandoned) {
      return path + " is fetched for nobody";
    }
    if (entry.state == CacheState::kLocalized && entry.users.empty()) evictable += entry.bytes;
    for (const ContainerId& user : entry.users) {
      const auto it = of_container_.find(user);
      if (it == of_container_.end() || !it->second.contains(path)) {
        return path + " is used by " + user.ToString() + ", which knows nothing of it";
      }
    }
  }
  if (held != held_) return "the bytes do not add up";
  if (held_ > target_ && evictable > 0) return "more than the target, with something to evict";
  return "";
}

}  // namespace weir::nm
