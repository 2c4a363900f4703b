#include "nodemanager/executor/localizer.h"

#include <utility>

#include "nodemanager/executor/resource_notes.h"
#include "platform/clock.h"

namespace weir::nm {
namespace {

using platform::MutexLock;

constexpr int kTries = 5;  // of a resource that vanishes from the cache
constexpr int64_t kMib = int64_t{1} << 20;

}  // namespace

void Localizer::Start(Request request, Done done) {
  auto pending = std::make_shared<Pending>();
  pending->request = std::move(request);
  pending->done = std::move(done);
  for (const auto& [name, resource] : pending->request.resources) {
    pending->items.push_back({name, "", 0});
  }
  const size_t count = pending->items.size();
  pending->missing = count;
  if (count == 0) {
    pending->done({});
    return;
  }
  {
    MutexLock lock(mutex_);
    pending_[pending->request.container] = pending;
  }
  for (size_t item = 0; item < count; ++item) Ask(pending, item);
}

void Localizer::Ask(const std::shared_ptr<Pending>& pending, size_t item) {
  const Request& request = pending->request;
  cache_.Acquire(
      {request.container, request.resources.at(pending->items[item].name), request.access},
      [this, pending, item](Result<std::string> grant) {
        OnGrant(pending, item, std::move(grant));
      });
}

void Localizer::OnGrant(const std::shared_ptr<Pending>& pending,
                        size_t item,
                        Result<std::string> grant) {
  if (!grant.ok()) {
    const std::string& name = pending->items[item].name;
    Finish(pending,
           ExplainFetch(pending->request.resources.at(name),
                        pending->request.directory + "/" + name,
                        std::move(grant).error()));
    return;
  }
  {
    MutexLock lock(mutex_);
    pending->items[item].path = std::move(grant).value();
    if (--pending->missing > 0 || pending->over) return;
    pending->linking_since = platform::MonotonicNow();
  }
  run_(pending->request.container, [this, pending] { LinkAll(pending); });
}

// All are granted: nobody else touches the items.
void Localizer::LinkAll(const std::shared_ptr<Pending>& pending) {
  std::vector<size_t> vanished;
  std::vector<std::string> paths;
  for (const Item& item : pending->items) paths.push_back(item.path);
  // First: what a container has is known to be used.
  if (Status noted = WriteResourceNote(files_, pending->request.notes, paths); !noted.ok()) {
    Finish(pending, OwnFault(std::move(noted)));
    return;
  }
  for (size_t i = 0; i < pending->items.size(); ++i) {
    Item& item = pending->items[i];
    Status linked = LinkOne(*pending, item);
    if (linked.ok()) continue;
    const bool again = linked.error().code == ErrorCode::kNotFound && ++item.tries < kTries;
    if (!again) {
      Finish(pending,
             ExplainFetch(pending->request.resources.at(item.name),
                          pending->request.directory + "/" + item.name,
                          OwnFault(std::move(linked).error())));
      return;
    }
    vanished.push_back(i);
  }
  if (vanished.empty()) {
    Finish(pending, {});
    return;
  }
  {
    MutexLock lock(mutex_);
    pending->missing = vanished.size();
    pending->linking_since = kNever;
  }
  for (const size_t i : vanished) {
    cache_.Vanished(paths[i]);
    Ask(pending, i);
  }
}

Status Localizer::LinkOne(const Pending& pending, const Item& item) {
  const std::string target = pending.request.directory + "/" + item.name;
  const bool tree = pending.request.resources.at(item.name).type == LocalResourceType::kArchive;
  if (tree) {
    // A symbolic link does not tell whether there is anything.
    const auto there = files_.Stat(item.path + kContent);
    if (!there.ok()) return there.error();
  }
  const Status linked =
      tree ? files_.MakeSymbolicLink(item.path + kContent, target) : files_.Link(item.path, target);
  // From the round before.
  if (!linked.ok() && linked.error().code == ErrorCode::kAlreadyExists && item.tries > 0) return {};
  return linked;
}

void Localizer::Finish(const std::shared_ptr<Pending>& pending, Status status) {
  {
    MutexLock lock(mutex_);
    if (std::exchange(pending->over, true)) return;
    pending_.erase(pending->request.container);
  }
  // The other resources are not wanted any more.
  if (!status.ok()) cache_.CallOff(pending->request.container);
  pending->done(std::move(status));
}

std::vector<std::pair<ContainerId, std::string>> Localizer::Progress() {
  std::vector<std::pair<ContainerId, std::string>> all;
  MutexLock lock(mutex_);
  for (const auto& [id, pending] : pending_) all.emplace_back(id, Describe(*pending));
  return all;
}

void Localizer::EndStalled(Duration limit) {
  const Instant now = platform::MonotonicNow();
  std::vector<std::shared_ptr<Pending>> stalled;
  {
    MutexLock lock(mutex_);
    for (const auto& [id, pending] : pending_) {
      const Request& request = pending->request;
      bool late = pending->linking_since != kNever && now - pending->linking_since > limit;
      for (const Item& item : pending->items) {
        if (!item.path.empty() || late) continue;
        late = cache_.StalledFor({id, request.resources.at(item.name), request.access}) > limit;
      }
      if (late) stalled.push_back(pending);
    }
  }
  for (const auto& pending : stalled) {
    Finish(
        pending,
        Error{ErrorCode::kInternal,
              "fetching its files to " + pending->request.directory + " has made no progress for " +
                  std::to_string(ToMillis(limit) / 1000) + " s: the disk does not answer",
              ""});
  }
}

std::string Localizer::Describe(const Pending& pending) {
  const Request& request = pending.request;
  int64_t wanted = 0;
  int64_t present = 0;
  size_t ready = 0;
  for (const Item& item : pending.items) {
    const LocalResource& resource = request.resources.at(item.name);
    wanted += resource.size;
    if (!item.path.empty()) {
      ++ready;
      present += resource.size;
    } else {
      present += cache_.FetchedBytes({request.container, resource, request.access});
    }
  }
  return "localizing: " + std::to_string(ready) + " of " + std::to_string(pending.items.size()) +
         " files, " + std::to_string(present / kMib) + " of " + std::to_string(wanted / kMib) +
         " MiB";
}

void Localizer::CallOff(const ContainerId& container) {
  std::shared_ptr<Pending> pending;
  {
    MutexLock lock(mutex_);
    const auto it = pending_.find(container);
    if (it == pending_.end()) return;
    pending = it->second;
  }
  Finish(pending,
         Error{ErrorCode::kAborted,
               "the localization of " + container.ToString() + " was called off",
               ""});
}

}  // namespace weir::nm
