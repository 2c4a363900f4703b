// CacheIndex: who uses and who waits for which cached resource, and which one goes next.
//
// Decides only: it touches no file, thread or clock; ResourceCache carries out what it answers.
// Terms. A resource is named by its path in the cache. Owner: the one whose rights and address a
// transfer under way uses, which is the first who waits. Root: the local directory (file system)
// that a path is on.
//
// Invariants: at most one transfer or removal of a path is under way; every ticket is answered
// exactly once, by Grant, Refuse or CallOff's list; a resource that a container uses is never
// evicted; unless what containers use is more than the target by itself, what is held is at most
// the target. Owner: ResourceCache, under its lock. Single-threaded.
#ifndef WEIR_NODEMANAGER_EXECUTOR_CACHE_INDEX_H_
#define WEIR_NODEMANAGER_EXECUTOR_CACHE_INDEX_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/result.h"
#include "nodemanager/executor/cache_states.h"

namespace weir::nm {

using CacheTicket = uint64_t;

// What one container wants.
struct CacheWish {
  CacheTicket ticket = 0;  // of the caller's choice, unique
  ContainerId container;
  std::string path;
  std::string root;
  // Who names the same source has the same failures: address and user.
  std::string source;
  int64_t bytes = 0;          // of the transfer, as declared
  bool check_bytes = true;    // what is held has to have that size
  bool for_this_one = false;  // nothing identifies the content: goes with its only user
};

// To be carried out in this order, outside of any lock.
struct CacheDecisions {
  std::vector<std::string> abandon;  // transfers that nobody waits for any more
  std::vector<std::string> remove;   // from the disk, then Removed
  std::vector<CacheTicket> fetch;    // with what the ticket's wish says; then Fetched or Failed
  std::vector<CacheTicket> granted;
  struct Refusal {
    CacheTicket ticket = 0;
    Error error;
  };
  std::vector<Refusal> refused;
};

class CacheIndex {
 public:
  // `target`: bytes.
  explicit CacheIndex(int64_t target) : target_(target) {}

  CacheDecisions Want(CacheWish wish);
  // `bytes`: what it takes on the disk.
  CacheDecisions Fetched(const std::string& path, int64_t bytes);
  CacheDecisions Failed(const std::string& path, const Error& error);
  CacheDecisions Removed(const std::string& path);
  CacheDecisions Vanished(const std::string& path);
  // The container waits for nothing any more: its tickets get `error`.
  CacheDecisions CallOff(const ContainerId& container, const Error& error);
  // The container uses nothing any more.
  CacheDecisions Release(const ContainerId& container);
  // At the start: from an earlier run; the order of calls is the order of last use.
  void Found(const std::string& path, const std::string& root, int64_t bytes);
  // At the start: a container of an earlier run that goes on uses it.
  void Adopt(const ContainerId& container, const std::string& path);
  // Everything below a directory that is going to be removed: unused entries are forgotten.
  CacheDecisions ForgetBelow(const std::string& directory);
  // At least so many bytes of what nobody uses on that root, or all there is.
  CacheDecisions MakeRoom(const std::string& root, int64_t bytes);
  // As far as it is above the target.
  CacheDecisions Shrink();

  // --- queries
  int64_t held() const { return held_; }  // bytes, those of transfers under way included
  // Bytes of transfers under way on that root.
  int64_t coming(const std::string& root) const;
  size_t size() const { return entries_.size(); }
  CacheState StateOf(const std::string& path) const;
  // The first broken invariant in words; "" if all hold. For tests.
  std::string CheckInvariants() const;

 private:
  struct Entry {
    CacheState state = CacheState::kInit;
    std::string root;
    int64_t bytes = 0;
    uint64_t used_at = 0;  // a counter, not a clock
    bool for_one = false;
    bool checked = false;    // of the size that somebody declared
    bool abandoned = false;  // nobody waits: the transfer was told to end
    CacheTicket owner = 0;   // of the transfer under way
    std::string source;      // of the owner
    std::vector<CacheWish> waiting;
    std::set<ContainerId> users;
  };
  using Entries = std::map<std::string, Entry>;

  bool Fire(Entry& entry, CacheTrigger trigger);
  void BeginFetch(Entry& entry, CacheTrigger trigger, CacheDecisions& decisions);
  void GrantTo(Entry& entry, const CacheWish& wish, CacheDecisions& decisions);
  void BeginRemoval(const std::string& path,
                    Entry& entry,
                    CacheTrigger trigger,
                    CacheDecisions& decisions);
  // What the container neither uses nor waits for is none of its business any more.
  void Unlink(const std::string& path, const Entry& entry, const ContainerId& container);
  void ShrinkInto(CacheDecisions& decisions);
  // The one used least recently of those that nobody uses; nullptr: there is none. Root "" = any.
  Entries::value_type* LeastRecent(const std::string& root);

  const int64_t target_;
  Entries entries_;
  std::map<ContainerId, std::set<std::string>> of_container_;  // paths it uses or waits for
  int64_t held_ = 0;
  uint64_t counter_ = 0;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_CACHE_INDEX_H_
