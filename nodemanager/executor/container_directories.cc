#include "nodemanager/executor/container_directories.h"

#include <utility>

namespace weir::nm {
namespace {

constexpr int kPassable = 0710;  // the group may go through, not look
constexpr int kPrivate = 0700;
constexpr int kTop = 0755;

constexpr char kUserCache[] = "/usercache";
constexpr char kAppCache[] = "/appcache/";
constexpr char kFileCache[] = "/filecache";

}  // namespace

ContainerDirectories::ContainerDirectories(std::vector<std::string> local,
                                           std::vector<std::string> log,
                                           std::string notes)
    : local_(std::move(local)), log_(std::move(log)), notes_(std::move(notes)) {}

const std::string& ContainerDirectories::Choose(const std::vector<std::string>& from,
                                                const ContainerId& id) const {
  return from[static_cast<size_t>(id.sequence()) % from.size()];
}

std::string ContainerDirectories::Application(const std::string& local,
                                              const std::string& user,
                                              const ApplicationId& id) const {
  return local + kUserCache + "/" + user + kAppCache + id.ToString();
}

std::string ContainerDirectories::Work(const std::string& user, const ContainerId& id) const {
  return Application(Choose(local_, id), user, id.attempt.application) + "/" + id.ToString();
}
std::string ContainerDirectories::Secrets(const std::string& user, const ContainerId& id) const {
  return Work(user, id) + "/.weir-secrets";
}
std::string ContainerDirectories::Log(const ContainerId& id) const {
  return Choose(log_, id) + "/" + id.attempt.application.ToString() + "/" + id.ToString();
}
std::string ContainerDirectories::Notes(const ContainerId& id) const {
  return notes_ + "/" + id.ToString();
}
std::string ContainerDirectories::Cache(const ContainerId& id) const {
  return Choose(local_, id) + kFileCache;
}

std::vector<std::string> ContainerDirectories::Caches() const {
  std::vector<std::string> caches;
  for (const std::string& local : local_) caches.push_back(local + kFileCache);
  return caches;
}

Status ContainerDirectories::PrepareNode(platform::FileSystem& files) const {
  for (const std::string& local : local_) {
    WEIR_RETURN_IF_ERROR(files.MakeDirectories(local, kTop));
    WEIR_RETURN_IF_ERROR(files.MakeDirectories(local + kUserCache, kPassable));
    WEIR_RETURN_IF_ERROR(files.MakeDirectories(local + kFileCache, kPassable));
  }
  for (const std::string& log : log_) WEIR_RETURN_IF_ERROR(files.MakeDirectories(log, kTop));
  return files.MakeDirectories(notes_, kPrivate);
}

Status ContainerDirectories::Prepare(platform::FileSystem& files,
                                     const std::string& user,
                                     const ContainerId& id) const {
  const std::string work = Work(user, id);
  const std::string application = Application(Choose(local_, id), user, id.attempt.application);
  WEIR_RETURN_IF_ERROR(files.MakeDirectories(application, kPassable));
  WEIR_RETURN_IF_ERROR(files.MakeDirectories(work, kPrivate));
  const std::string log = Log(id);
  WEIR_RETURN_IF_ERROR(files.MakeDirectories(log.substr(0, log.rfind('/')), kPassable));
  WEIR_RETURN_IF_ERROR(files.MakeDirectories(log, kPrivate));
  return files.MakeDirectories(Notes(id), kPrivate);
}

Status ContainerDirectories::RemoveWork(platform::FileSystem& files, const ContainerId& id) const {
  const std::string users = Choose(local_, id) + kUserCache;
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(users));
  for (const std::string& user : names) WEIR_RETURN_IF_ERROR(files.RemoveTree(Work(user, id)));
  return {};
}

Status ContainerDirectories::RemoveNotes(platform::FileSystem& files, const ContainerId& id) const {
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
