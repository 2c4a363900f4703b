#include "nodemanager/executor/resource_cache.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/strings.h"
#include "nodemanager/executor/owned_directory.h"
#include "nodemanager/executor/resource_notes.h"
#include "platform/clock.h"
#include "platform/crypto.h"
#include "platform/log.h"

namespace weir::nm {
namespace {

using platform::MutexLock;

constexpr int kCacheMode = 0711;  // names are found by who knows them
constexpr char kOnce[] = ".once";
constexpr char kTree[] = ".tree";
constexpr size_t kHashDigits = 64;
constexpr int64_t kMoreRoom = int64_t{64} << 20;

Error CalledOff(const ContainerId& container) {
  return {
      ErrorCode::kAborted, "the localization of " + container.ToString() + " was called off", ""};
}

std::string HashOf(const LocalResource& resource, const std::string& salt) {
  // Zero bytes part the fields: no address has one.
  const std::string zero(1, '\0');
  return platform::Sha256Hex(resource.uri + zero + std::to_string(resource.size) + zero +
                             std::to_string(resource.mtime_ms) + zero + salt);
}

bool IsIdentified(const LocalResource& resource) {
  return !resource.sha256.empty() || resource.mtime_ms != 0;
}

bool IsHash(std::string_view text) {
  return text.size() == kHashDigits && HexDecode(text).has_value();
}

void Warn(const std::string& what, const std::string& path, const Error& error) {
  platform::LogWarn("nm.cache", "-", what, {{"path", path}, {"cause", error.ToString()}});
}

}  // namespace

ResourceCache::ResourceCache(ResourceCacheOptions options,
                             platform::FileSystem& files,
                             const ContainerDirectories& directories)
    : options_(std::move(options)),
      files_(files),
      directories_(directories),
      index_(options_.target_bytes),
      fetchers_(
          "nm-fetch",
          (options_.fetch_threads + directories.local().size() - 1) / directories.local().size(),
          options_.queue) {}

ResourceCache::~ResourceCache() {
  Stop();
}

void ResourceCache::Stop() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
    for (auto& [path, progress] : transfers_) progress->called_off = true;
  }
  changed_.NotifyAll();
  fetchers_.Stop();
  std::map<CacheTicket, std::shared_ptr<Wish>> left;
  {
    MutexLock lock(mutex_);
    left.swap(wishes_);
  }
  for (auto& [ticket, wish] : left) wish->grant(CalledOff(wish->request.container));
}

std::string ResourceCache::PathOf(const ContainerId& container,
                                  const LocalResource& resource,
                                  const std::string& user) const {
  const std::string directory = directories_.Cache(resource.visibility, user, container) + "/";
  const std::string tree = resource.type == LocalResourceType::kArchive ? kTree : "";
  if (!resource.sha256.empty()) return directory + ToLower(resource.sha256) + tree;
  if (IsIdentified(resource)) return directory + HashOf(resource, "") + tree;
  return directory + HashOf(resource, container.ToString()) + kOnce + tree;
}

void ResourceCache::Acquire(Request request, Grant grant) {
  CacheDecisions decisions;
  bool ending = false;
  {
    MutexLock lock(mutex_);
    ending = ending_;
  }
  if (ending) {
    grant(CalledOff(request.container));
    return;
  }
  {
    MutexLock lock(mutex_);
    const std::string path = PathOf(request.container, request.resource, request.access.user);
    const CacheTicket ticket = ++last_ticket_;
    CacheWish wish{.ticket = ticket,
                   .container = request.container,
                   .path = path,
                   .root = directories_.Local(request.container),
                   .source = request.access.user + " " + request.resource.uri,
                   .bytes = request.resource.size,
                   .check_bytes = request.resource.type == LocalResourceType::kFile,
                   .for_this_one = !IsIdentified(request.resource)};
    wishes_[ticket] = std::make_shared<Wish>(
        Wish{std::move(request), path, wish.root, std::move(grant), nullptr});
    if (index_.StateOf(path) == CacheState::kLocalized) ++numbers_.hits;
    decisions = index_.Want(std::move(wish));
  }
  CarryOut(std::move(decisions));
}

// With the RM away only what comes from there waits.
std::string ResourceCache::LaneOf(const Wish& wish) {
  return IsStaged(wish.request.resource) ? wish.root + " staging" : wish.root;
}

void ResourceCache::RemoveOnDisk(const std::string& path) {
  if (options_.on_disk) {
    for (const std::string& local : directories_.local()) {
      if (!path.starts_with(local + "/")) continue;
      return options_.on_disk(local, [this, path] { RemoveFromDisk(path); });
    }
  }
  RemoveFromDisk(path);
}

void ResourceCache::CarryOut(CacheDecisions decisions, Removal removal) {
  std::vector<std::shared_ptr<Wish>> fetch;
  std::vector<std::pair<Grant, Result<std::string>>> answers;
  {
    MutexLock lock(mutex_);
    const auto take = [this](CacheTicket ticket) WEIR_REQUIRES(mutex_) {
      auto node = wishes_.extract(ticket);
      return node.empty() ? nullptr : std::move(node.mapped());
    };
    for (const std::string& path : decisions.abandon) {
      const auto it = transfers_.find(path);
      if (it != transfers_.end()) it->second->called_off = true;
    }
    for (const CacheTicket ticket : decisions.fetch) {
      const auto it = wishes_.find(ticket);
      if (it == wishes_.end()) continue;  // it is ending
      const auto& wish = it->second;
      wish->progress = std::make_shared<FetchProgress>();
      transfers_[wish->path] = wish->progress;
      ++numbers_.downloads;
      fetch.push_back(wish);
    }
    for (const CacheTicket ticket : decisions.granted) {
      if (const auto wish = take(ticket)) answers.emplace_back(wish->grant, wish->path);
    }
    for (CacheDecisions::Refusal& refusal : decisions.refused) {
      if (const auto wish = take(refusal.ticket)) {
        answers.emplace_back(wish->grant, std::move(refusal.error));
      }
    }
    numbers_.evictions += static_cast<int64_t>(decisions.remove.size());
  }
  changed_.NotifyAll();
  for (const std::string& path : decisions.remove) {
    if (removal == Removal::kNow) {
      RemoveFromDisk(path);
    } else {
      RemoveOnDisk(path);
    }
  }
  for (const auto& wish : fetch) {
    if (fetchers_.Submit(LaneOf(*wish), [this, wish] { Fetch(wish); })) continue;
    CacheDecisions refused;
    {
      MutexLock lock(mutex_);
      transfers_.erase(wish->path);
      refused = index_.Failed(
          wish->path,
          {ErrorCode::kResourceExhausted, "too many files wait to be fetched on this node", ""});
    }
    CarryOut(std::move(refused));
  }
  for (auto& [grant, answer] : answers) grant(std::move(answer));
}

// On a fetch thread.
void ResourceCache::Fetch(const std::shared_ptr<Wish>& wish) {
  wish->progress->moved_at = ToMillis(platform::MonotonicNow().time_since_epoch());
  Result<int64_t> fetched = FetchOnce(wish);
  // An archive says too late how much room it takes.
  while (!fetched.ok() && fetched.error().code == ErrorCode::kResourceExhausted &&
         EvictForMore(*wish)) {
    wish->progress->bytes = 0;
    fetched = FetchOnce(wish);
  }
  CacheDecisions decisions;
  {
    MutexLock lock(mutex_);
    transfers_.erase(wish->path);
    decisions = fetched.ok() ? index_.Fetched(wish->path, *fetched)
                             : index_.Failed(wish->path, fetched.error());
  }
  CarryOut(std::move(decisions));
}

Result<int64_t> ResourceCache::FetchOnce(const std::shared_ptr<Wish>& wish) {
  const LocalResource& resource = wish->request.resource;
  Status status = MakeRoom(*wish);
  if (status.ok()) {
    const std::string directory = wish->path.substr(0, wish->path.rfind('/'));
    // For a user, with root's rights: only where no user can have put anything.
    status = wish->request.access.reader
                 ? MakeWay(wish->root, directory, kCacheMode, NeededOwnership())
                 : files_.MakeDirectories(directory, kCacheMode);
  }
  if (!status.ok()) return ExplainFetch(resource, wish->path, OwnFault(std::move(status).error()));
  const auto pause = [this, &wish](Duration time) {
    MutexLock lock(mutex_);
    // A wake-up for another's sake only shortens the pause.
    if (!ending_ && !wish->progress->called_off) changed_.WaitFor(mutex_, time);
    return !ending_ && !wish->progress->called_off;
  };
  return FetchResource(files_,
                       {.resource = resource,
                        .access = wish->request.access,
                        .path = wish->path,
                        .number = last_number_.fetch_add(1),
                        .progress = *wish->progress,
                        .patience = options_.patience,
                        .limits = options_.archive,
                        .pause = pause});
}

bool ResourceCache::EvictForMore(const Wish& wish) {
  CacheDecisions decisions;
  {
    MutexLock lock(mutex_);
    decisions = index_.MakeRoom(wish.root, std::max(wish.request.resource.size, kMoreRoom));
  }
  const bool any = !decisions.remove.empty();
  CarryOut(std::move(decisions), Removal::kNow);
  return any;
}

Status ResourceCache::MakeRoom(const Wish& wish) {
  while (true) {
    WEIR_ASSIGN_OR_RETURN(const int64_t free, files_.FreeBytes(wish.root));
    CacheDecisions decisions;
    int64_t lacking = 0;
    {
      MutexLock lock(mutex_);
      // What other transfers have yet to write is spoken for.
      int64_t coming = index_.coming(wish.root);
      for (const auto& [path, progress] : transfers_) {
        if (path.starts_with(wish.root + "/")) coming -= progress->bytes.load();
      }
      lacking = coming - free;
      if (lacking <= 0) return {};
      decisions = index_.MakeRoom(wish.root, lacking);
    }
    if (decisions.remove.empty()) {
      return Error{ErrorCode::kResourceExhausted,
                   "disk full: " + wish.root + " lacks " + std::to_string(lacking) +
                       " bytes for the files on their way there",
                   "free space there, or give the node another local directory"};
    }
    CarryOut(std::move(decisions), Removal::kNow);
  }
}

void ResourceCache::RemoveFromDisk(const std::string& path) {
  const Status removed = files_.RemoveTree(path);
  if (!removed.ok()) Warn("a cached file could not be removed", path, removed.error());
  CacheDecisions decisions;
  {
    MutexLock lock(mutex_);
    decisions = index_.Removed(path);
  }
  CarryOut(std::move(decisions));
}

void ResourceCache::Vanished(const std::string& path) {
  CacheDecisions decisions;
  {
    MutexLock lock(mutex_);
    decisions = index_.Vanished(path);
  }
  CarryOut(std::move(decisions));
}

void ResourceCache::CallOff(const ContainerId& container) {
  CacheDecisions decisions;
  {
    MutexLock lock(mutex_);
    decisions = index_.CallOff(container, CalledOff(container));
  }
  CarryOut(std::move(decisions));
}

void ResourceCache::Release(const ContainerId& container) {
  CacheDecisions decisions;
  {
    MutexLock lock(mutex_);
    decisions = index_.Release(container);
  }
  CarryOut(std::move(decisions));
}

void ResourceCache::Forget(const std::string& local, const ApplicationId& application) {
  for (const std::string& directory :
       ContainerDirectories::ApplicationCaches(files_, local, application)) {
    CacheDecisions decisions;
    {
      MutexLock lock(mutex_);
      decisions = index_.ForgetBelow(directory);
    }
    CarryOut(std::move(decisions));
  }
}

int64_t ResourceCache::FetchedBytes(const Request& request) const {
  MutexLock lock(mutex_);
  const auto it = transfers_.find(PathOf(request.container, request.resource, request.access.user));
  return it == transfers_.end() ? 0 : it->second->bytes.load();
}

Duration ResourceCache::StalledFor(const Request& request) const {
  MutexLock lock(mutex_);
  const auto it = transfers_.find(PathOf(request.container, request.resource, request.access.user));
  const int64_t moved_at = it == transfers_.end() ? 0 : it->second->moved_at.load();
  if (moved_at == 0) return {};
  return platform::MonotonicNow().time_since_epoch() - milliseconds(moved_at);
}

ResourceCache::Numbers ResourceCache::numbers() const {
  MutexLock lock(mutex_);
  Numbers numbers = numbers_;
  numbers.held_bytes = index_.held();
  return numbers;
}

void ResourceCache::Recover() {
  const auto adopted = ReadResourceNotes(files_, directories_.notes());
  for (const auto& [root, directory] : directories_.AllCaches(files_)) {
    RecoverDirectory(root, directory, adopted);
  }
  CacheDecisions decisions;
  {
    MutexLock lock(mutex_);
    decisions = index_.Shrink();
  }
  CarryOut(std::move(decisions), Removal::kNow);
}

std::optional<int64_t> ResourceCache::MeasureFound(const std::string& directory,
                                                   const std::string& name,
                                                   bool used) {
  std::string_view rest = name;
  if (rest.size() < kHashDigits || !IsHash(rest.substr(0, kHashDigits))) return std::nullopt;
  rest.remove_prefix(kHashDigits);
  const bool once = rest.starts_with(kOnce);
  if (once) rest.remove_prefix(std::string_view(kOnce).size());
  if (once && !used) return std::nullopt;
  const std::string path = directory + "/" + name;
  if (rest == kTree) return MeasureTree(files_, path);
  const auto info = files_.Stat(path);
  if (!rest.empty() || !info.ok() || info->is_directory) return std::nullopt;
  return info->size;
}

void ResourceCache::RecoverDirectory(
    const std::string& root,
    const std::string& directory,
    const std::map<std::string, std::vector<ContainerId>>& adopted) {
  const Status way = CheckWay(root, directory, NeededOwnership());
  if (!way.ok()) {
    if (way.error().code != ErrorCode::kNotFound) {
      Warn("a cache of an earlier run is left alone", directory, way.error());
    }
    return;
  }
  const auto names = files_.List(directory);
  if (!names.ok()) {
    if (names.error().code != ErrorCode::kNotFound) {
      Warn("a cache of an earlier run cannot be read", directory, names.error());
    }
    return;
  }
  std::vector<std::pair<int64_t, std::string>> by_age;  // modification time, path
  std::map<std::string, int64_t> sizes;
  for (const std::string& name : *names) {
    const std::string path = directory + "/" + name;
    const auto users = adopted.find(path);
    const auto bytes = MeasureFound(directory, name, users != adopted.end());
    if (bytes) {
      const auto info = files_.Stat(path);
      by_age.emplace_back(info.ok() ? info->mtime_ms : 0, path);
      sizes[path] = *bytes;
    } else if (const Status removed = files_.RemoveTree(path); !removed.ok()) {
      Warn("an unfinished file of an earlier run cannot be removed", path, removed.error());
    }
  }
  std::sort(by_age.begin(), by_age.end());
  MutexLock lock(mutex_);
  for (const auto& [age, path] : by_age) {
    index_.Found(path, root, sizes[path]);
    const auto users = adopted.find(path);
    if (users == adopted.end()) continue;
    for (const ContainerId& user : users->second) index_.Adopt(user, path);
  }
}

}  // namespace weir::nm
