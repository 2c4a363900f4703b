#include "nodemanager/executor/process_executor.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/strings.h"
#include "nodemanager/executor/container_tree.h"
#include "nodemanager/executor/log_owner.h"
#include "nodemanager/executor/resource_environment.h"
#include "nodemanager/launch/launch_format.h"
#include "platform/log.h"

namespace weir::nm {
namespace {

using platform::FileDescriptor;
using platform::MutexLock;

constexpr int kSecretsDirectoryMode = 0700;
constexpr int kSecretMode = 0400;
constexpr size_t kLaunchThreads = 2;
constexpr size_t kPrepareThreads = 2;
constexpr int kStrayRounds = 500;
constexpr useconds_t kStrayPauseUs = 10'000;
constexpr char kPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

Error TooBusy(const std::string& what) {
  return {ErrorCode::kResourceExhausted, "too many containers wait to be " + what, ""};
}

// A full disk is called by its name, wherever it showed.
Error Explain(Error error) {
  if (error.code == ErrorCode::kResourceExhausted &&
      error.message.find("disk full") == std::string::npos) {
    error.message = "disk full: " + error.message;
    error.remedy = "free space on the node's local, log and work directories";
  }
  return error;
}

// What posix_spawn is told. Freed with the object.
class SpawnPlan {
 public:
  explicit SpawnPlan(int report) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, report, launch::kReportDescriptor);
    // Until weir-launch takes them up, signals wait: none is lost and none kills it.
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  Result<pid_t> Spawn(std::string binary, std::string spec, std::string marker) {
    std::array<char*, 3> arguments = {binary.data(), spec.data(), nullptr};
    std::array<char*, 2> environment = {marker.data(), nullptr};
    pid_t pid = 0;
    const int cause = posix_spawn(
        &pid, binary.c_str(), &actions_, &attributes_, arguments.data(), environment.data());
    if (cause != 0) return platform::SystemError("start", binary, cause);
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Result<std::unique_ptr<ProcessExecutor>> ProcessExecutor::Start(ProcessExecutorOptions options,
                                                                platform::FileSystem& files,
                                                                ContainerDirectories directories,
                                                                EventSink sink) {
  if (::access(options.launch_binary.c_str(), X_OK) != 0) {
    return platform::SystemError("run", options.launch_binary, errno);
  }
  WEIR_RETURN_IF_ERROR(directories.PrepareNode(files));
  WEIR_ASSIGN_OR_RETURN(auto watcher, ProcessWatcher::Start(sink, options.groups));
  return std::unique_ptr<ProcessExecutor>(new ProcessExecutor(
      std::move(options), files, std::move(directories), std::move(sink), std::move(watcher)));
}

ProcessExecutor::ProcessExecutor(ProcessExecutorOptions options,
                                 platform::FileSystem& files,
                                 ContainerDirectories directories,
                                 EventSink sink,
                                 std::unique_ptr<ProcessWatcher> watcher)
    : options_(std::move(options)),
      files_(files),
      directories_(std::move(directories)),
      sink_(std::move(sink)),
      cache_(options_.cache, files_, directories_),
      localizer_(
          files_, cache_, [this](std::function<void()> job) { RunOnPreparer(std::move(job)); }),
      watcher_(std::move(watcher)),
      launchers_("nm-launch", kLaunchThreads, options_.queue),
      preparers_("nm-prepare", kPrepareThreads, options_.queue),
      progress_(options_.progress_period, [this] {
        for (auto& [id, detail] : localizer_.Progress()) {
          sink_(LocalizationProgress{id, std::move(detail)});
        }
      }) {
  cache_.Recover();
}

ProcessExecutor::~ProcessExecutor() {
  // Its threads call into what is destroyed before it.
  cache_.Stop();
}

std::shared_ptr<ProcessExecutor::Prepared> ProcessExecutor::Find(const ContainerId& id) {
  MutexLock lock(mutex_);
  const auto it = prepared_.find(id);
  return it == prepared_.end() ? nullptr : it->second;
}

LaunchNotes ProcessExecutor::NotesOf(const ContainerId& id) const {
  return {files_, directories_.Notes(id)};
}

void ProcessExecutor::Localize(const ContainerTokenIdentifier& token,
                               const LaunchContext& launch,
                               const StagingAccess& staging) {
  auto container = std::make_shared<Prepared>();
  container->token = token;
  container->launch = launch;
  container->staging = staging;
  {
    MutexLock lock(mutex_);
    prepared_[token.id] = container;
  }
  const bool taken = preparers_.Submit([this, container] { BeginLocalization(container); });
  if (!taken) sink_(LocalizationFailed{token.id, TooBusy("prepared"), true});
}

void ProcessExecutor::RunOnPreparer(std::function<void()> job) {
  // Without a thread the caller's does it: nothing that was begun is dropped.
  if (!preparers_.Submit(job)) job();
}

void ProcessExecutor::BeginLocalization(const std::shared_ptr<Prepared>& container) {
  const ContainerId& id = container->token.id;
  const auto done = [this, id](const Status& status) {
    if (status.ok()) {
      sink_(LocalizationDone{id});
    } else {
      sink_(LocalizationFailed{id, Explain(status.error())});
    }
  };
  if (const Status decided = DecideWhose(*container); !decided.ok()) {
    sink_(LocalizationFailed{id, decided.error()});
    return;
  }
  if (const Status placed = MakePlace(*container); !placed.ok()) {
    sink_(LocalizationFailed{id, Explain(placed.error()), true});
    return;
  }
  localizer_.Start({.container = id,
                    .resources = container->launch.local_resources,
                    .access = {container->staging, container->token.user, container->account},
                    .directory = directories_.Work(container->token.user, id),
                    .notes = directories_.Notes(id)},
                   done);
  // Called off before the localizer knew of it.
  if (container->called_off) localizer_.CallOff(id);
}

Status ProcessExecutor::DecideWhose(Prepared& container) const {
  WEIR_ASSIGN_OR_RETURN(
      container.account,
      DecideAccount(options_.run_as, container.token.user, options_.find_account));
  return {};
}

Status ProcessExecutor::MakePlace(const Prepared& container) {
  const ContainerId& id = container.token.id;
  directories_.Settle(id);
  if (container.account) {
    WEIR_RETURN_IF_ERROR(
        MakeContainerTree(directories_, container.token.user, id, *container.account));
  }
  WEIR_RETURN_IF_ERROR(directories_.Prepare(files_, container.token.user, id));
  WEIR_RETURN_IF_ERROR(NotesOf(id).WriteAccount(container.account));
  WEIR_RETURN_IF_ERROR(WriteLogOwner(
      files_, directories_, id, {container.token.user, RoleOf(id, container.launch)}));
  return WriteSecrets(container);
}

Status ProcessExecutor::WriteSecrets(const Prepared& container) {
  const std::string directory = directories_.Secrets(container.token.user, container.token.id);
  WEIR_RETURN_IF_ERROR(files_.MakeDirectories(directory, kSecretsDirectoryMode));
  for (const auto& [name, bytes] : container.launch.secrets) {
    WEIR_ASSIGN_OR_RETURN(auto file, files_.Create(directory + "/" + name, kSecretMode));
    WEIR_RETURN_IF_ERROR(file->Append(bytes));
    WEIR_RETURN_IF_ERROR(file->Close());
  }
  return {};
}

void ProcessExecutor::Reacquire(const ContainerTokenIdentifier& token,
                                const LaunchContext& launch,
                                bool runs) {
  const ContainerId& id = token.id;
  auto container = std::make_shared<Prepared>();
  container->token = token;
  container->launch = launch;
  container->reacquired = true;
  {
    MutexLock lock(mutex_);
    prepared_[id] = container;
  }
  if (!runs) return;
  if (options_.groups != nullptr) options_.groups->Adopt(id);
  WatchedProcess process{.id = id,
                         .program = launch.command.front(),
                         .launcher = {},
                         .process = {},
                         .report = {},
                         .notes = NotesOf(id),
                         .directory = directories_.Work(token.user, id),
                         .stderr_path = directories_.Log(id) + "/stderr",
                         .uid = {},
                         .started = true};
  process.uid = process.notes.ReadAccount();
  process.launcher = process.notes.ReadLauncher().value_or(ProcessIdentity{});
  if (auto handle = OpenProcess(process.launcher); handle.ok()) {
    process.process = std::move(handle).value();
  }
  const Status status = watcher_->Watch(std::move(process));
  if (status.ok()) return;
  platform::LogError("nm.launch",
                     id.ToString(),
                     "it runs and cannot be watched",
                     {{"cause", status.error().ToString()}});
}

void ProcessExecutor::CallOffLocalization(const ContainerId& id) {
  if (const auto container = Find(id)) container->called_off = true;
  localizer_.CallOff(id);
}

void ProcessExecutor::Launch(const ContainerId& id, const ContainerIndices& indices) {
  const auto container = Find(id);
  if (container == nullptr) {
    sink_(LaunchFailed{id, {ErrorCode::kInternal, "it was never prepared", ""}});
    return;
  }
  container->indices = indices;
  const bool taken = launchers_.Submit([this, container] { LaunchNow(*container); });
  if (!taken) sink_(LaunchFailed{id, TooBusy("launched"), true});
}

void ProcessExecutor::LaunchNow(Prepared& container) {
  const ContainerId& id = container.token.id;
  // Whose it is was decided by the NodeManager before.
  Status status = container.reacquired ? DecideWhose(container) : Status();
  if (status.ok()) {
    auto plan = PlanOf(container);
    if (!plan.ok()) return sink_(LaunchFailed{id, plan.error(), false});
    status = StartLauncher(container, std::move(plan).value());
  }
  // The program itself is run by weir-launch, whose word comes through the watcher.
  if (!status.ok()) sink_(LaunchFailed{id, Explain(status.error()), true});
}

Environment ProcessExecutor::BaseEnvironment(const Prepared& container) const {
  const ContainerTokenIdentifier& token = container.token;
  const std::string work = directories_.Work(token.user, token.id);
  Environment base = ResourceEnvironment(token.resource, container.indices, options_.indexed);
  base.merge(Environment{{"CONTAINER_ID", token.id.ToString()},
                         {"NM_HOST", options_.node_address.host},
                         {"NM_PORT", std::to_string(options_.node_address.port)},
                         {"NM_HTTP_PORT", std::to_string(options_.http_port)},
                         {"LOCAL_DIRS", Join(directories_.good_local(), ",")},
                         {"LOG_DIRS", directories_.Log(token.id)},
                         {"PWD", work},
                         {"USER", token.user},
                         {"LOGNAME", token.user},
                         {"HOME", work},
                         {"PATH", kPath},
                         {"WEIR_HOME", options_.weir_home},
                         {"WEIR_SECRETS_DIR", directories_.Secrets(token.user, token.id)}});
  return base;
}

Result<LaunchPlan> ProcessExecutor::PlanOf(const Prepared& container) const {
  const ContainerId& id = container.token.id;
  LaunchPlan plan;
  plan.directory = directories_.Work(container.token.user, id);
  plan.log_directory = directories_.Log(id);
  plan.grace = options_.sigkill_delay;
  WEIR_ASSIGN_OR_RETURN(
      ExpandedLaunch expanded,
      ExpandLaunch(BaseEnvironment(container), options_.environment, container.launch));
  plan.environment = std::move(expanded.environment);
  plan.command = std::move(expanded.command);
  plan.account = container.account;
  plan.core_dumps = options_.core_dumps;
  return plan;
}

Status ProcessExecutor::StartLauncher(const Prepared& container, LaunchPlan plan) {
  if (options_.groups != nullptr) {
    WEIR_ASSIGN_OR_RETURN(
        plan.groups,
        options_.groups->Create(container.token.id,
                                container.token.resource,
                                true,
                                NodesOfOthers(options_.indexed, container.indices)));
  }
  Status status = StartInGroups(container, plan);
  if (!status.ok()) RemoveGroups(container.token.id);
  return status;
}

// LaunchFailed says that nothing runs.
void ProcessExecutor::RemoveGroups(const ContainerId& id) {
  if (options_.groups == nullptr) return;
  for (int i = 0; i < kStrayRounds; ++i) {
    options_.groups->Kill(id);
    if (options_.groups->Remove(id).ok()) return;
    ::usleep(kStrayPauseUs);
  }
  platform::LogError("nm.cgroups", id.ToString(), "its cgroup cannot be removed");
}

Status ProcessExecutor::StartInGroups(const Prepared& container, const LaunchPlan& plan) {
  const ContainerId& id = container.token.id;
  const ContainerUid uid =
      container.account ? ContainerUid(container.account->uid) : ContainerUid();
  const LaunchNotes notes = NotesOf(id);
  // How it ended the last time is not how it will end this time.
  WEIR_RETURN_IF_ERROR(notes.RemoveEnd());
  WEIR_RETURN_IF_ERROR(notes.WritePlan(plan));
  if (container.account) {
    WEIR_RETURN_IF_ERROR(HandOver(directories_, container.token.user, id, *container.account));
  }

  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return platform::SystemError("make", "a report pipe", errno);
  }
  FileDescriptor report(ends[0]);
  const FileDescriptor other_end(ends[1]);
  ::fcntl(report.get(), F_SETFL, O_NONBLOCK);
  WEIR_ASSIGN_OR_RETURN(
      const pid_t pid,
      SpawnPlan(other_end.get())
          .Spawn(options_.launch_binary, notes.spec_path(), "CONTAINER_ID=" + id.ToString()));
  // Ours to reap, so the pid stays its own until then.
  const ProcessIdentity launcher = IdentifyProcess(pid).value_or(ProcessIdentity{pid, 0, ""});
  Status status = notes.WriteLauncher(launcher);
  FileDescriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process.valid()) status = platform::SystemError("watch", "weir-launch", errno);
  if (status.ok()) {
    status = watcher_->Watch({.id = id,
                              .program = plan.command.front(),
                              .launcher = launcher,
                              .process = std::move(process),
                              .report = std::move(report),
                              .notes = notes,
                              .directory = plan.directory,
                              .stderr_path = plan.log_directory + "/stderr",
                              .uid = uid});
  }
  if (status.ok()) return {};
  // Not to be left without a watch: LaunchFailed says that nothing runs.
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  for (int i = 0; i < kStrayRounds && KillStrays(id, pid, uid) > 0; ++i) ::usleep(kStrayPauseUs);
  return status;
}

void ProcessExecutor::Resize(const nm::Resize& wanted) {
  const auto tell = [this, id = wanted.id, number = wanted.number](const Status& status) {
    std::optional<Error> failure;
    if (!status.ok()) failure = status.error();
    sink_(Resized{id, number, std::move(failure)});
  };
  // The kernel may have to write pages out first.
  const bool taken = launchers_.Submit([this, wanted, tell] { tell(ChangeSize(wanted)); });
  if (!taken) tell(TooBusy("resized"));
}

Status ProcessExecutor::ChangeSize(const nm::Resize& wanted) {
  const std::shared_ptr<Prepared> container = Find(wanted.id);
  if (container == nullptr) {
    return Error{ErrorCode::kNotFound, wanted.id.ToString() + " has ended", ""};
  }
  const bool limited = options_.groups != nullptr && options_.groups->usable();
  if (limited && wanted.runs) {
    WEIR_RETURN_IF_ERROR(options_.groups->Resize(wanted.id, wanted.resource));
  }
  // Nobody reads it now: a launch waits until this has been told.
  container->token.resource = wanted.resource;
  return {};
}

void ProcessExecutor::SignalContainer(const ContainerId& id, SignalKind kind) {
  watcher_->SignalContainer(id, kind);
}

void ProcessExecutor::CleanUp(const ContainerId& id) {
  {
    MutexLock lock(mutex_);
    prepared_.erase(id);
  }
  const bool at_once = options_.delete_delay <= Duration{0};
  if (!at_once) {
    deleter_.After(Duration{0}, [this, id] {
      // If it cannot be noted, the next start removes the directory earlier.
      [[maybe_unused]] const Status noted =
          LaunchNotes(files_, directories_.Notes(id)).WriteEnded();
    });
  }
  deleter_.After(options_.delete_delay, [this, id, at_once] {
    const Status removed = directories_.RemoveWork(files_, id);
    cache_.Release(id);
    if (!removed.ok()) {
      platform::LogWarn("nm.cleanup",
                        id.ToString(),
                        "its directory could not be removed; the next start tries again",
                        {{"cause", removed.error().ToString()}});
    }
    if (at_once) sink_(CleanedUp{id});
  });
  if (!at_once) sink_(CleanedUp{id});
}

void ProcessExecutor::Forget(const ContainerId& id) {
  if (options_.delete_delay > Duration{0}) {
    deleter_.After(Duration{0}, [this, id] {
      // If it cannot be noted, the next start goes by the record, as long as there is one.
      [[maybe_unused]] const Status noted =
          LaunchNotes(files_, directories_.Notes(id)).WriteForgotten();
    });
  }
  deleter_.After(options_.delete_delay, [this, id] {
    // Also that of an earlier run's container, which is never cleaned up.
    cache_.Release(id);
    const Status removed = directories_.RemoveNotes(files_, id);
    if (!removed.ok()) {
      platform::LogWarn("nm.cleanup",
                        id.ToString(),
                        "the notes about it could not be removed",
                        {{"cause", removed.error().ToString()}});
    }
  });
}

void ProcessExecutor::RemoveLater(const KeptContainer& kept) {
  const auto warn = [id = kept.id](const Status& removed) {
    if (removed.ok()) return;
    platform::LogWarn("nm.cleanup",
                      id.ToString(),
                      "what an earlier run kept of it could not be removed",
                      {{"cause", removed.error().ToString()}});
  };
  if (kept.work) {
    deleter_.After(*kept.work,
                   [this, id = kept.id, warn] { warn(directories_.RemoveWork(files_, id)); });
  }
  if (kept.notes) {
    deleter_.After(*kept.notes,
                   [this, id = kept.id, warn] { warn(directories_.RemoveNotes(files_, id)); });
  }
}

void ProcessExecutor::UseDirectories(const nm::UseDirectories& good) {
  directories_.UseGood(good.local, good.log);
}

void ProcessExecutor::CleanUpApplication(const ApplicationId& id) {
  deleter_.After(options_.delete_delay, [this, id] {
    cache_.Forget(id);
    const Status removed = directories_.RemoveApplication(files_, id);
    if (!removed.ok()) {
      platform::LogWarn("nm.cleanup",
                        id.ToString(),
                        "its directory could not be removed; the next start tries again",
                        {{"cause", removed.error().ToString()}});
    }
  });
}

}  // namespace weir::nm
