#include "nodemanager/executor/container_directories.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "nodemanager/executor/owned_directory.h"
#include "nodemanager/executor/spread_hint.h"

namespace weir::nm {
namespace {

constexpr int kPassable = 0710;  // the group may go through, not look
constexpr int kPrivate = 0700;
constexpr int kTop = 0755;
constexpr int kCache = 0711;  // its files are for who has their names

constexpr size_t kKnownApplications = 20'000;
constexpr size_t kKnownSpread = 4096;

constexpr char kUserCache[] = "/usercache";
constexpr char kAppCache[] = "/appcache/";
constexpr char kFileCache[] = "/filecache";

}  // namespace

ContainerDirectories::ContainerDirectories(std::vector<std::string> local,
                                           std::vector<std::string> log,
                                           std::string notes)
    : local_(std::move(local)), log_(std::move(log)), notes_(std::move(notes)) {}

void ContainerDirectories::UseGood(std::vector<std::string> local,
                                   std::vector<std::string> log) const {
  platform::MutexLock lock(shared_->mutex);
  shared_->good_local = std::move(local);
  shared_->good_log = std::move(log);
}

std::vector<std::string> ContainerDirectories::good_local() const {
  platform::MutexLock lock(shared_->mutex);
  return shared_->good_local.empty() ? local_ : shared_->good_local;
}

ContainerDirectories::Place ContainerDirectories::PlaceOf(const ContainerId& id) const {
  const auto choose = [&id](const std::vector<std::string>& good,
                            const std::vector<std::string>& all) -> const std::string& {
    const std::vector<std::string>& from = good.empty() ? all : good;
    return from[static_cast<size_t>(id.sequence()) % from.size()];
  };
  platform::MutexLock lock(shared_->mutex);
  const auto known = shared_->places.find(id);
  if (known != shared_->places.end()) return known->second;
  return {choose(shared_->good_local, local_), choose(shared_->good_log, log_)};
}

ContainerDirectories::Place ContainerDirectories::RememberPlace(const ContainerId& id) const {
  Place place = PlaceOf(id);
  if (local_.size() == 1 && log_.size() == 1) return place;  // there is nothing to choose
  NoteLogs(place.log, id.attempt.application);
  platform::MutexLock lock(shared_->mutex);
  shared_->places.try_emplace(id, place);
  return place;
}

void ContainerDirectories::Spread(const std::string& directory) const {
  {
    platform::MutexLock lock(shared_->mutex);
    if (shared_->spread.size() >= kKnownSpread) shared_->spread.clear();
    if (!shared_->spread.insert(directory).second) return;
  }
  HintToSpreadIn(directory);
}

bool ContainerDirectories::IsRemembered(const ContainerId& id) const {
  platform::MutexLock lock(shared_->mutex);
  return shared_->places.contains(id);
}

void ContainerDirectories::NoteLogs(const std::string& log, const ApplicationId& id) const {
  platform::MutexLock lock(shared_->mutex);
  shared_->logs[id].insert(log);
  while (shared_->logs.size() > kKnownApplications) {
    shared_->unsure = std::max(shared_->unsure, shared_->logs.begin()->first);
    shared_->logs.erase(shared_->logs.begin());
  }
}

std::vector<std::string> ContainerDirectories::LogsOf(const ApplicationId& id) const {
  platform::MutexLock lock(shared_->mutex);
  std::vector<std::string> all = log_;
  if (shared_->listed && shared_->unsure < id) {
    const auto known = shared_->logs.find(id);
    if (known == shared_->logs.end()) return {};
    all.assign(known->second.begin(), known->second.end());
  }
  const std::vector<std::string> good = shared_->good_log;
  std::stable_partition(all.begin(), all.end(), [&good](const std::string& one) {
    return std::find(good.begin(), good.end(), one) != good.end();
  });
  return all;
}

void ContainerDirectories::Adopt(const std::string& user, const ContainerId& id) const {
  if (local_.size() == 1 && log_.size() == 1) return;
  const auto top = [](std::string path, const std::string& below) {
    path.resize(path.size() - below.size());
    return path;
  };
  const std::string work = Application("", user, id.attempt.application) + "/" + id.ToString();
  const std::string logs = "/" + id.attempt.application.ToString() + "/" + id.ToString();
  Place place{top(Work(user, id), work), top(Log(id), logs)};
  NoteLogs(place.log, id.attempt.application);
  platform::MutexLock lock(shared_->mutex);
  shared_->places.try_emplace(id, std::move(place));
}

std::string ContainerDirectories::Lane(const ContainerId& id) const {
  const Place place = PlaceOf(id);
  return place.local + " " + place.log;
}

std::vector<std::string> ContainerDirectories::LocalOf(const ContainerId& id) const {
  if (local_.size() == 1 || !IsRemembered(id)) return local_;
  return {PlaceOf(id).local};
}

std::string ContainerDirectories::Find(const std::vector<std::string>& from,
                                       const std::string& likely,
                                       const std::string& below) {
  if (from.size() <= 1) return from.empty() ? likely : from.front();
  if (::access((likely + below).c_str(), F_OK) == 0) return likely;
  for (const std::string& one : from) {
    if (::access((one + below).c_str(), F_OK) == 0) return one;
  }
  return likely;
}

std::string ContainerDirectories::Application(const std::string& local,
                                              const std::string& user,
                                              const ApplicationId& id) {
  return local + kUserCache + "/" + user + kAppCache + id.ToString();
}

std::string ContainerDirectories::Work(const std::string& user, const ContainerId& id) const {
  const std::string below = Application("", user, id.attempt.application) + "/" + id.ToString();
  const Place place = PlaceOf(id);
  return (IsRemembered(id) ? place.local : Find(local_, place.local, below)) + below;
}
std::string ContainerDirectories::Secrets(const std::string& user, const ContainerId& id) const {
  return Work(user, id) + "/" + kSecretsName;
}
std::string ContainerDirectories::Log(const ContainerId& id) const {
  const std::string below = "/" + id.attempt.application.ToString() + "/" + id.ToString();
  const Place place = PlaceOf(id);
  if (log_.size() == 1 || IsRemembered(id)) return place.log + below;
  std::vector<std::string> from = LogsOf(id.attempt.application);
  const bool likely = std::find(from.begin(), from.end(), place.log) != from.end();
  return Find(from, likely || from.empty() ? place.log : from.front(), below) + below;
}
std::string ContainerDirectories::Notes(const ContainerId& id) const {
  return notes_ + "/" + id.ToString();
}
std::string ContainerDirectories::Local(const ContainerId& id) const {
  return PlaceOf(id).local;
}
std::string ContainerDirectories::Cache(LocalResourceVisibility visibility,
                                        const std::string& user,
                                        const ContainerId& id) const {
  const std::string local = Local(id);
  switch (visibility) {
    case LocalResourceVisibility::kPublic:
      return local + kFileCache;
    case LocalResourceVisibility::kPrivate:
      return local + kUserCache + "/" + user + kFileCache;
    case LocalResourceVisibility::kApplication:
      return Application(local, user, id.attempt.application) + kFileCache;
  }
  return local + kFileCache;
}

std::vector<std::string> ContainerDirectories::ApplicationCaches(platform::FileSystem& files,
                                                                 const std::string& local,
                                                                 const ApplicationId& id) {
  std::vector<std::string> caches;
  const auto users = files.List(local + kUserCache);
  if (!users.ok()) return caches;
  for (const std::string& user : *users) {
    caches.push_back(Application(local, user, id) + kFileCache);
  }
  return caches;
}

std::vector<std::pair<std::string, std::string>> ContainerDirectories::AllCaches(
    platform::FileSystem& files) const {
  std::vector<std::pair<std::string, std::string>> caches;
  for (const std::string& local : local_) {
    caches.emplace_back(local, local + kFileCache);
    const auto users = files.List(local + kUserCache);
    if (!users.ok()) continue;
    for (const std::string& user : *users) {
      const std::string of_user = local + kUserCache + "/" + user;
      caches.emplace_back(local, of_user + kFileCache);
      const auto applications = files.List(of_user + kAppCache);
      if (!applications.ok()) continue;
      for (const std::string& application : *applications) {
        caches.emplace_back(local, of_user + kAppCache + application + kFileCache);
      }
    }
  }
  return caches;
}

Status ContainerDirectories::PrepareLocal(platform::FileSystem& files, const std::string& local) {
  WEIR_RETURN_IF_ERROR(files.MakeDirectories(local, kTop));
  WEIR_RETURN_IF_ERROR(files.MakeDirectories(local + kUserCache, kPassable));
  HintToSpreadIn(local + kUserCache);
  return files.MakeDirectories(local + kFileCache, kCache);
}

Status ContainerDirectories::PrepareLog(platform::FileSystem& files, const std::string& log) {
  WEIR_RETURN_IF_ERROR(files.MakeDirectories(log, kTop));
  HintToSpreadIn(log);
  return {};
}

Status ContainerDirectories::PrepareNode(platform::FileSystem& files) const {
  const auto prepare = [&files](const std::vector<std::string>& all, auto one) -> Status {
    Status first;
    bool any = false;
    for (const std::string& path : all) {
      Status status = one(files, path);
      any = any || status.ok();
      if (!status.ok() && first.ok()) first = std::move(status);
    }
    return any ? Status() : first;
  };
  WEIR_RETURN_IF_ERROR(prepare(local_, PrepareLocal));
  WEIR_RETURN_IF_ERROR(prepare(log_, PrepareLog));
  bool listed = true;
  for (const std::string& log : log_) {
    if (log_.size() == 1) break;  // there is nothing to look up
    const auto names = files.List(log);
    listed = listed && names.ok();
    if (!names.ok()) continue;
    for (const std::string& name : *names) {
      if (const auto id = ApplicationId::Parse(name); id.ok()) NoteLogs(log, *id);
    }
  }
  {
    platform::MutexLock lock(shared_->mutex);
    shared_->listed = listed;
  }
  WEIR_RETURN_IF_ERROR(files.MakeDirectories(notes_, kPrivate));
  HintToSpreadIn(notes_);
  return {};
}

Status ContainerDirectories::Prepare(platform::FileSystem& files,
                                     const std::string& user,
                                     const ContainerId& id) const {
  const Place place = RememberPlace(id);
  const std::string application = Application(place.local, user, id.attempt.application);
  const std::string work = application + "/" + id.ToString();
  WEIR_RETURN_IF_ERROR(files.MakeDirectories(application, kPassable));
  Spread(application.substr(0, application.rfind('/')));
  Spread(application);
  WEIR_RETURN_IF_ERROR(files.MakeDirectories(work, kPrivate));
  const std::string logs = place.log + "/" + id.attempt.application.ToString();
  WEIR_RETURN_IF_ERROR(files.MakeDirectories(logs, kPassable));
  Spread(logs);
  WEIR_RETURN_IF_ERROR(files.MakeDirectories(logs + "/" + id.ToString(), kPrivate));
  return files.MakeDirectories(Notes(id), kPrivate);
}

Status ContainerDirectories::RemoveWork(platform::FileSystem& files, const ContainerId& id) const {
  Status first;
  for (const std::string& local : local_) {
    Status removed = RemoveWorkIn(files, local, id);
    if (!removed.ok() && first.ok()) first = std::move(removed);
  }
  return first;
}

Status ContainerDirectories::RemoveWorkIn(platform::FileSystem& files,
                                          const std::string& local,
                                          const ContainerId& id) {
  return RemoveOfUsers(files, local, id.attempt.application, "/" + id.ToString());
}

Status ContainerDirectories::RemoveOfUsers(platform::FileSystem& files,
                                           const std::string& local,
                                           const ApplicationId& id,
                                           const std::string& below) {
  // On a broken disk there may be something left; the next start looks again.
  WEIR_ASSIGN_OR_RETURN(const auto users, files.List(local + kUserCache));
  Status first;
  for (const std::string& user : users) {
    const std::string path = Application(local, user, id) + below;
    struct stat info {};
    const bool there = ::lstat(path.c_str(), &info) == 0;
    Status removed =
        there ? CheckWay(local, path.substr(0, path.rfind('/')), NeededOwnership()) : Status();
    if (removed.ok()) removed = files.RemoveTree(path);
    if (!removed.ok() && first.ok()) first = std::move(removed);
  }
  return first;
}

Status ContainerDirectories::RemoveLog(platform::FileSystem& files, const ContainerId& id) const {
  return files.RemoveTree(Log(id));
}

Status ContainerDirectories::RemoveNotes(platform::FileSystem& files, const ContainerId& id) const {
  {
    platform::MutexLock lock(shared_->mutex);
    shared_->places.erase(id);
  }
  return files.RemoveTree(Notes(id));
}

Status ContainerDirectories::RemoveApplicationIn(platform::FileSystem& files,
                                                 const std::string& local,
                                                 const ApplicationId& id) {
  return RemoveOfUsers(files, local, id, "");
}

}  // namespace weir::nm
