#include "nodemanager/executor/process_executor.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/strings.h"
#include "nodemanager/executor/container_tree.h"
#include "nodemanager/executor/launcher_spawn.h"
#include "nodemanager/executor/log_owner.h"
#include "nodemanager/executor/resource_environment.h"
#include "platform/clock.h"
#include "platform/log.h"

namespace weir::nm {
namespace {

using platform::FileDescriptor;
using platform::MutexLock;

constexpr int kSecretsDirectoryMode = 0700;
constexpr int kSecretMode = 0400;
// Of each lane.
constexpr size_t kLaunchThreads = 2;
constexpr size_t kPrepareThreads = 2;
constexpr int kStrayRounds = 500;
constexpr useconds_t kStrayPauseUs = 10'000;
constexpr char kPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

Error TooBusy(const std::string& what) {
  return {ErrorCode::kResourceExhausted, "too many containers wait to be " + what, ""};
}

Error DoesNotAnswer(const std::string& what, const std::string& where, Duration patience) {
  return {ErrorCode::kInternal,
          what + " has not ended within " + std::to_string(ToMillis(patience)) +
              " ms: a disk does not answer (" + where + ")",
          ""};
}

int64_t MonotonicMs() {
  return ToMillis(platform::MonotonicNow().time_since_epoch());
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

void WarnOfRemoval(const std::string& whose, const Status& status) {
  platform::LogWarn("nm.cleanup",
                    whose,
                    "could not be removed; the next start tries again",
                    {{"cause", status.error().ToString()}});
}

ResourceCacheOptions WithRemovals(
    ResourceCacheOptions options,
    std::function<void(const std::string&, std::function<void()>)> on_disk) {
  options.on_disk = std::move(on_disk);
  return options;
}

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
      cache_(WithRemovals(options_.cache,
                          [this](const std::string& local, std::function<void()> removal) {
                            static_cast<void>(RunOnDisk(local, std::move(removal)));
                          }),
             files_,
             directories_),
      localizer_(files_,
                 cache_,
                 [this](const ContainerId& id, std::function<void()> job) {
                   RunOnPreparer(id, std::move(job));
                 }),
      watcher_(std::move(watcher)),
      deleters_("nm-deleter", 1, options_.queue, Urgency::kGivesWay),
      lookers_("nm-look", 1, options_.queue),
      launchers_("nm-launch", kLaunchThreads, options_.queue),
      preparers_("nm-prepare", kPrepareThreads, options_.queue),
      progress_(options_.progress_period, [this] {
        localizer_.EndStalled(options_.stall_patience);
        for (auto& [id, detail] : localizer_.Progress()) {
          sink_(LocalizationProgress{id, std::move(detail)});
        }
      }) {
  cache_.Recover();
  watcher_->TellEndsTo([this](const WatchedProcess& process, ExitOutcome outcome) {
    OnEnded(process, std::move(outcome));
  });
}

ProcessExecutor::~ProcessExecutor() {
  // Its threads call into what is destroyed before it.
  cache_.Stop();
  preparers_.Stop();
  launchers_.Stop();
  // Who launches gives it something to watch; it hands what has ended to the rest.
  watcher_.reset();
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
  directories_.Settle(token.id);
  const std::string lane = directories_.Lane(token.id);
  const auto job = std::make_shared<DiskJob>();
  const bool taken = preparers_.Submit(lane, [this, container, job] {
    job->began_at = MonotonicMs();
    BeginLocalization(container, *job);
  });
  if (!taken) return sink_(LocalizationFailed{token.id, TooBusy("prepared"), true});
  Guard(preparers_, lane, job, [this, id = token.id, lane] {
    sink_(LocalizationFailed{
        id, DoesNotAnswer("making its directories", lane, options_.disk_patience), true});
  });
}

void ProcessExecutor::RunOnPreparer(const ContainerId& id, std::function<void()> job) {
  // Without a thread the caller's does it: nothing that was begun is dropped.
  if (!preparers_.Submit(directories_.Lane(id), job)) job();
}

void ProcessExecutor::Guard(LanePool& pool,
                            const std::string& lane,
                            std::shared_ptr<DiskJob> job,
                            std::function<void()> give_up) {
  later_.After(options_.disk_patience, [this, &pool, lane, job, give_up]() mutable {
    if (job->told) return;
    const int64_t began = job->began_at;
    const bool late = began != 0 && milliseconds(MonotonicMs() - began) >= options_.disk_patience;
    // Those before it in the lane may only be many.
    if (!late && !pool.IsStuck(lane, options_.disk_patience)) {
      return Guard(pool, lane, std::move(job), std::move(give_up));
    }
    if (!job->told.exchange(true)) give_up();
  });
}

void ProcessExecutor::BeginLocalization(const std::shared_ptr<Prepared>& container, DiskJob& job) {
  const ContainerId& id = container->token.id;
  const auto done = [this, id](const Status& status) {
    if (status.ok()) {
      sink_(LocalizationDone{id});
    } else {
      sink_(LocalizationFailed{id, Explain(status.error()), IsOwnFault(status.error())});
    }
  };
  if (const Status decided = DecideWhose(*container); !decided.ok()) {
    // The node's, when it cannot ask who the user is.
    const bool of_node = decided.error().code == ErrorCode::kUnavailable;
    if (!job.told.exchange(true)) sink_(LocalizationFailed{id, decided.error(), of_node});
    return;
  }
  const Status placed = MakePlace(*container);
  if (job.told.exchange(true)) {
    // It was given up meanwhile, and perhaps cleaned up before this.
    const Status removed = ContainerDirectories::RemoveWorkIn(files_, directories_.Local(id), id);
    if (!removed.ok()) WarnOfRemoval(id.ToString(), removed);
    return;
  }
  if (!placed.ok()) return sink_(LocalizationFailed{id, Explain(placed.error()), true});
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
  if (container.launch.secrets.empty()) return {};
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
  directories_.Adopt(token.user, id);
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

void ProcessExecutor::Launch(const nm::Launch& wanted) {
  const ContainerId id = wanted.id;
  const auto container = Find(id);
  if (container == nullptr) {
    sink_(LaunchFailed{id, {ErrorCode::kInternal, "it was never prepared", ""}});
    return;
  }
  container->indices = wanted.indices;
  container->retry = wanted.retry;
  const std::string lane = directories_.Lane(id);
  const auto job = std::make_shared<DiskJob>();
  const bool taken = launchers_.Submit(lane, [this, container, job] {
    job->began_at = MonotonicMs();
    LaunchNow(*container, *job);
  });
  if (!taken) return sink_(LaunchFailed{id, TooBusy("launched"), true});
  Guard(launchers_, lane, job, [this, id, lane] {
    sink_(LaunchFailed{id, DoesNotAnswer("starting it", lane, options_.disk_patience), true});
  });
}

void ProcessExecutor::LaunchNow(Prepared& container, DiskJob& job) {
  const ContainerId& id = container.token.id;
  // Whose it is was decided by the NodeManager before.
  Status status = container.reacquired ? DecideWhose(container) : Status();
  if (status.ok()) {
    auto plan = PlanOf(container);
    if (!plan.ok() && job.told.exchange(true)) return;
    if (!plan.ok()) return sink_(LaunchFailed{id, plan.error(), false});
    status = StartLauncher(container, std::move(plan).value(), job);
  }
  // The program itself is run by weir-launch, whose word comes through the watcher.
  if (status.ok() || (!job.mine && job.told.exchange(true))) return;
  sink_(LaunchFailed{id, Explain(status.error()), true});
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
  plan.retry = container.retry;
  return plan;
}

Status ProcessExecutor::StartLauncher(const Prepared& container, LaunchPlan plan, DiskJob& job) {
  if (options_.groups != nullptr) {
    WEIR_ASSIGN_OR_RETURN(
        plan.groups,
        options_.groups->Create(container.token.id,
                                container.token.resource,
                                true,
                                NodesOfOthers(options_.indexed, container.indices)));
  }
  Status status = StartInGroups(container, plan, job);
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

Status ProcessExecutor::StartInGroups(const Prepared& container,
                                      const LaunchPlan& plan,
                                      DiskJob& job) {
  const ContainerId& id = container.token.id;
  const ContainerUid uid =
      container.account ? ContainerUid(container.account->uid) : ContainerUid();
  const LaunchNotes notes = NotesOf(id);
  WEIR_RETURN_IF_ERROR(notes.WritePlan(plan));
  if (container.account) {
    WEIR_RETURN_IF_ERROR(HandOver(directories_, container.token.user, id, *container.account));
  }

  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return platform::SystemError("make", "a report pipe", errno);
  }
  // From here on it can run, and the watcher tells of it.
  if (job.told.exchange(true)) return Error{ErrorCode::kAborted, "its launch was given up", ""};
  job.mine = true;
  FileDescriptor report(ends[0]);
  const FileDescriptor other_end(ends[1]);
  ::fcntl(report.get(), F_SETFL, O_NONBLOCK);
  WEIR_ASSIGN_OR_RETURN(
      const pid_t pid,
      SpawnLauncher(
          options_.launch_binary, notes.spec_path(), "CONTAINER_ID=" + id.ToString(), other_end));
  // Ours to reap, so the pid stays its own until then.
  const ProcessIdentity launcher = IdentifyProcess(pid).value_or(ProcessIdentity{pid, 0, ""});
  Status status = notes.WriteLauncher(launcher);
  if (status.ok()) status = notes.WriteScript(plan);
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
  if (status.ok()) {
    // Left behind it would only be a file more, until the notes go.
    static_cast<void>(notes.RemoveEndBefore(plan.retry).ok());
    return {};
  }
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
  const bool taken =
      launchers_.Submit("resize", [this, wanted, tell] { tell(ChangeSize(wanted)); });
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

// Why it ended is on disks: what they do not tell in time is left out.
void ProcessExecutor::OnEnded(const WatchedProcess& process, ExitOutcome outcome) {
  const auto tell = [this, id = process.id](ExitOutcome told) {
    sink_(Exited{id, std::move(told)});
    sink_(Drained{id});
  };
  if (outcome.kind == ExitKind::kExited && outcome.value == 0) return tell(std::move(outcome));
  const auto job = std::make_shared<DiskJob>();
  const bool taken =
      lookers_.Submit(directories_.Lane(process.id),
                      [tell, job, work = process.directory, error = process.stderr_path, outcome] {
                        ExitOutcome whole = outcome;
                        AddCircumstances(work, error, whole);
                        if (!job->told.exchange(true)) tell(std::move(whole));
                      });
  if (!taken) return tell(std::move(outcome));
  later_.After(options_.look_patience, [tell, job, outcome] {
    if (!job->told.exchange(true)) tell(outcome);
  });
}

bool ProcessExecutor::RunOnDisk(const std::string& directory, std::function<void()> removal) {
  if (deleters_.Submit(directory, std::move(removal))) return true;
  WarnOfRemoval(directory, TooBusy("removed"));
  return false;
}

// `done` once its directory is gone, or has been waited for long enough.
void ProcessExecutor::Remove(const ContainerId& id, std::function<void()> done) {
  const auto job = std::make_shared<DiskJob>();
  const auto finish = [job, done = std::move(done)] {
    if (!job->told.exchange(true)) done();
  };
  const std::string own = directories_.Local(id);
  for (const std::string& local : directories_.LocalOf(id)) {
    const bool is_own = local == own;
    const bool taken = RunOnDisk(local, [this, id, local, finish, is_own] {
      const Status removed = ContainerDirectories::RemoveWorkIn(files_, local, id);
      if (!removed.ok()) WarnOfRemoval(id.ToString(), removed);
      if (!is_own) return;
      cache_.Release(id);
      finish();
    });
    if (!taken && is_own) finish();
  }
  later_.After(options_.disk_patience, [this, id, own, job, finish] {
    if (job->told) return;
    WarnOfRemoval(id.ToString(),
                  DoesNotAnswer("removing its directory", own, options_.disk_patience));
    finish();
  });
}

void ProcessExecutor::CleanUp(const ContainerId& id) {
  {
    MutexLock lock(mutex_);
    prepared_.erase(id);
  }
  if (options_.delete_delay <= Duration{0}) return Remove(id, [this, id] { sink_(CleanedUp{id}); });
  static_cast<void>(RunOnDisk(directories_.notes(), [this, id] {
    // If it cannot be noted, the next start removes the directory earlier.
    [[maybe_unused]] const Status noted = NotesOf(id).WriteEnded();
  }));
  later_.After(options_.delete_delay, [this, id] { Remove(id, [] {}); });
  sink_(CleanedUp{id});
}

void ProcessExecutor::Forget(const ContainerId& id) {
  if (options_.delete_delay > Duration{0}) {
    static_cast<void>(RunOnDisk(directories_.notes(), [this, id] {
      // If it cannot be noted, the next start goes by the record, as long as there is one.
      [[maybe_unused]] const Status noted = NotesOf(id).WriteForgotten();
    }));
  }
  later_.After(options_.delete_delay, [this, id] {
    // Also that of an earlier run's container, which is never cleaned up.
    static_cast<void>(RunOnDisk(directories_.Local(id), [this, id] { cache_.Release(id); }));
    RemoveNotes(id);
  });
}

void ProcessExecutor::RemoveNotes(const ContainerId& id) {
  static_cast<void>(RunOnDisk(directories_.notes(), [this, id] {
    const Status removed = directories_.RemoveNotes(files_, id);
    if (!removed.ok()) WarnOfRemoval("the notes about " + id.ToString(), removed);
  }));
}

void ProcessExecutor::RemoveLater(const KeptContainer& kept) {
  if (kept.work) later_.After(*kept.work, [this, id = kept.id] { Remove(id, [] {}); });
  if (kept.notes) later_.After(*kept.notes, [this, id = kept.id] { RemoveNotes(id); });
}

void ProcessExecutor::UseDirectories(const nm::UseDirectories& good) {
  directories_.UseGood(good.local, good.log);
}

void ProcessExecutor::CleanUpApplication(const ApplicationId& id) {
  later_.After(options_.delete_delay, [this, id] { RemoveApplication(id); });
}

void ProcessExecutor::RemoveApplication(const ApplicationId& id) {
  for (const std::string& local : directories_.local()) {
    static_cast<void>(RunOnDisk(local, [this, id, local] {
      cache_.Forget(local, id);
      const Status removed = ContainerDirectories::RemoveApplicationIn(files_, local, id);
      if (!removed.ok()) WarnOfRemoval(id.ToString(), removed);
    }));
  }
}

}  // namespace weir::nm
