#include "nodemanager/executor/container_directories.h"

#include <unistd.h>

#include <utility>

namespace weir::nm {
namespace {

constexpr int kPassable = 0710;  // the group may go through, not look
constexpr int kPrivate = 0700;
constexpr int kTop = 0755;
constexpr int kCache = 0711;  // its files are for who has their names

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
  platform::MutexLock lock(shared_->mutex);
  shared_->places.try_emplace(id, place);
  return place;
}

std::string ContainerDirectories::Find(const std::vector<std::string>& from,
                                       const std::string& likely,
                                       const std::string& below) {
  if (from.size() == 1 || ::access((likely + below).c_str(), F_OK) == 0) return likely;
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
  return Find(local_, PlaceOf(id).local, below) + below;
}
std::string ContainerDirectories::Secrets(const std::string& user, const ContainerId& id) const {
  return Work(user, id) + "/" + kSecretsName;
}
std::string ContainerDirectories::Log(const ContainerId& id) const {
  const std::string below = "/" + id.attempt.application.ToString() + "/" + id.ToString();
  return Find(log_, PlaceOf(id).log, below) + below;
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
                                                                 const ApplicationId& id) const {
  std::vector<std::string> caches;
  for (const std::string& local : local_) {
    const auto users = files.List(local + kUserCache);
    if (!users.ok()) continue;
    for (const std::string& user : *users) {
      caches.push_back(Application(local, user, id) + kFileCache);
    }
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
  return files.MakeDirectories(local + kFileCache, kCache);
}

Status ContainerDirectories::PrepareLog(platform::FileSystem& files, const std::string& log) {
  return files.MakeDirectories(log, kTop);
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
  return files.MakeDirectories(notes_, kPrivate);
}

Status ContainerDirectories::Prepare(platform::FileSystem& files,
                                     const std::string& user,
                                     const ContainerId& id) const {
  const Place place = RememberPlace(id);
  const std::string application = Application(place.local, user, id.attempt.application);
  const std::string work = application + "/" + id.ToString();
  WEIR_RETURN_IF_ERROR(files.MakeDirectories(application, kPassable));
  WEIR_RETURN_IF_ERROR(files.MakeDirectories(work, kPrivate));
  const std::string logs = place.log + "/" + id.attempt.application.ToString();
  WEIR_RETURN_IF_ERROR(files.MakeDirectories(logs, kPassable));
  WEIR_RETURN_IF_ERROR(files.MakeDirectories(logs + "/" + id.ToString(), kPrivate));
  return files.MakeDirectories(Notes(id), kPrivate);
}

Status ContainerDirectories::RemoveWork(platform::FileSystem& files, const ContainerId& id) const {
  // Everywhere: what one disk refuses does not keep the others.
  Status first;
  for (const std::string& local : local_) {
    const auto users = files.List(local + kUserCache);
    if (!users.ok()) {
      // On a broken disk there may be something left; the next start looks again.
      if (first.ok()) first = users.error();
      continue;
    }
    for (const std::string& user : *users) {
      const std::string work =
          Application(local, user, id.attempt.application) + "/" + id.ToString();
      Status removed = files.RemoveTree(work);
      if (!removed.ok() && first.ok()) first = std::move(removed);
    }
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

Status ContainerDirectories::RemoveApplication(platform::FileSystem& files,
                                               const ApplicationId& id) const {
  for (const std::string& local : local_) {
    WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> users, files.List(local + kUserCache));
    for (const std::string& user : users) {
      WEIR_RETURN_IF_ERROR(files.RemoveTree(Application(local, user, id)));
    }
  }
  return {};
}

}  // namespace weir::nm
