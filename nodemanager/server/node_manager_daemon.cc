#include "nodemanager/server/node_manager_daemon.h"

#include <unistd.h>

#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "nodemanager/executor/container_tree.h"
#include "nodemanager/executor/health_monitor.h"
#include "nodemanager/executor/leftovers.h"
#include "nodemanager/executor/log_retention.h"
#include "nodemanager/executor/process_executor.h"
#include "nodemanager/executor/usage_sampler.h"
#include "nodemanager/server/cgroup_options.h"
#include "nodemanager/server/container_service.h"
#include "nodemanager/server/environment_options.h"
#include "nodemanager/server/node_manager_server.h"
#include "nodemanager/server/record_store.h"
#include "nodemanager/server/recovery_loader.h"
#include "nodemanager/server/rm_client.h"
#include "nodemanager/server/web_routes.h"
#include "nodemanager/server/work_directory.h"
#include "platform/address_file.h"
#include "platform/audit_log.h"
#include "platform/authenticators.h"
#include "platform/clock.h"
#include "platform/config_keys.h"
#include "platform/crypto.h"
#include "platform/door.h"
#include "platform/file_system.h"
#include "platform/log.h"
#include "platform/port_again.h"
#include "platform/rm_places.h"
#include "platform/thrift_server.h"
#include "platform/watchdog.h"

namespace weir::nm {
namespace {

using platform::EventLoop;
using platform::FileSystem;

constexpr seconds kHangLimit{2};
constexpr seconds kSweepPatience{10};  // for leftover processes to die
constexpr seconds kSweepPeriod{60};
constexpr seconds kLogPeriod{1};      // to tell the threads that care for logs what runs
constexpr seconds kStopMargin{10};    // on top of what the core allows itself
constexpr seconds kDiskPatience{10};  // for each part, to end
constexpr size_t kDiskQueue = 256;
constexpr seconds kRefusalLogPeriod{1};

// Refuses everybody until the ResourceManager has given the keys, as something to try again: it may
// have told an ApplicationMaster of this node before its answer is here. So with a newer key.
class OnceRegistered : public platform::Authenticator {
 public:
  OnceRegistered(const RmCredentials& credentials, const NodeId& node)
      : credentials_(credentials),
        inner_(platform::MakeNmTokenAuthenticator([&credentials] { return credentials.keys(); },
                                                  node)) {}

  Result<Caller> Authenticate(const platform::Credentials& presented) override {
    if (presented.token != nullptr) {
      WEIR_RETURN_IF_ERROR(credentials_.CheckKnown(*presented.token));
    }
    return inner_->Authenticate(presented);
  }

 private:
  const RmCredentials& credentials_;
  const std::shared_ptr<platform::Authenticator> inner_;
};

// Told by the core loop, awaited by main.
class Latch {
 public:
  void Open() {
    {
      platform::MutexLock lock(mutex_);
      open_ = true;
    }
    changed_.NotifyAll();
  }
  // False when `patience` passed first.
  bool Wait(Duration patience) {
    const Instant deadline = platform::MonotonicNow() + patience;
    platform::MutexLock lock(mutex_);
    while (!open_) {
      const Duration left = deadline - platform::MonotonicNow();
      if (left <= Duration{0}) return false;
      changed_.WaitFor(mutex_, left);
    }
    return true;
  }

 private:
  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  bool open_ WEIR_GUARDED_BY(mutex_) = false;
};

// Of what a NodeManager has to read and write before it can start.
platform::StartFailure RefusalOf(Error error) {
  const bool of_disk =
      error.code == ErrorCode::kResourceExhausted || error.code == ErrorCode::kUnavailable;
  if (!of_disk) return {exit_status::kFailure, std::move(error)};
  if (error.remedy.empty()) {
    error.remedy = "look what is wrong with that disk (dmesg), or set weir.nodemanager.work.dir";
  }
  return {exit_status::kDisk, std::move(error)};
}

// Runs `end` on a thread of its own, as it may wait for threads that hang in a disk. False: it does
// still; who is ended must then never be touched again.
bool EndWithin(Duration patience, const char* what, std::function<void()> end) {
  auto ended = std::make_shared<Latch>();
  std::thread thread([ended, end = std::move(end)] {
    end();
    ended->Open();
  });
  if (ended->Wait(patience)) {
    thread.join();
    return true;
  }
  thread.detach();
  platform::LogError("nm.server", what, "hangs in a disk; ending without it");
  return false;
}

}  // namespace

// Members are destroyed from the last to the first: whoever calls goes before who is called.
struct NodeManagerDaemon::State {
  State(NmOptions given, platform::Configuration loaded)
      : options(std::move(given)),
        config(std::move(loaded)),
        directories(options.local_dirs, options.log_dirs, options.notes()) {}

  Status MakeDirectories();
  Status FindIndices();
  Status StartGroups();
  Status FindEarlierRuns();
  void SweepGroupsOfEarlierRuns();
  void SweepGroups(Duration patience);
  Status OpenAudit();
  Status Listen();
  Status StartExecutor();
  void WarnOfImpassable() const;
  void MakeServer();
  void StartLoops();
  Status PublishAddresses();
  void StartMonitor();
  void KeepMachine();
  void SweepNow();
  void UpdateLogs();
  void SweepDisk(const std::set<ApplicationId>& present);
  void NoteRefused(const std::string& peer, const Error& error);
  void AskEnded(LogFollowers::Ids ids, std::function<void(LogFollowers::Ids)> tell);

  NmOptions options;
  const platform::Configuration config;
  const ContainerDirectories directories;
  FileSystem& files = FileSystem::Real();
  platform::FileDescriptor lock;
  std::string secret;
  MachineRecord machine;       // of the run before
  Recovery recovery;           // what it left; empty once the core has it
  HostPort container_address;  // advertised
  HostPort http_address;
  RmCredentials credentials;
  NmMetrics metrics;
  std::unique_ptr<platform::AuditLog> audit;
  Latch stopped_by_core;
  Instant refusal_logged{Instant::min()};
  WorkerPool disk{"nm-disk", 1, kDiskQueue};
  EventLoop core_loop{"nm-core"};
  EventLoop io_loop{"nm-io"};
  std::unique_ptr<NodeManagerServer> server;
  std::unique_ptr<RecordStore> records;  // none: nothing is to survive
  std::unique_ptr<RmClient> rm;
  std::unique_ptr<ContainerGroups> groups;
  std::unique_ptr<ProcessExecutor> executor;
  std::unique_ptr<HealthMonitor> health;
  std::unique_ptr<UsageSampler> usage;
  std::unique_ptr<NodeLogs> logs;
  std::unique_ptr<LogFollowers> followers;
  std::unique_ptr<WebEnvironment> web;
  std::unique_ptr<platform::ThriftServer> thrift;
  std::unique_ptr<platform::HttpServer> http;
  std::unique_ptr<platform::Watchdog> core_watchdog;
  std::unique_ptr<platform::Watchdog> io_watchdog;
  bool published = false;
  bool serving = false;
  bool stopped = false;
  bool hangs = false;  // a part of it could not be ended
};

Status NodeManagerDaemon::State::MakeDirectories() {
  WEIR_RETURN_IF_ERROR(files.MakeDirectories(options.directory, 0755));
  WEIR_ASSIGN_OR_RETURN(lock, LockDirectory(options.lock_file()));
  // Whoever reads the file of a former run would be led astray.
  WEIR_RETURN_IF_ERROR(files.Remove(options.address_file));
  WEIR_ASSIGN_OR_RETURN(options.core.id, ReadOrCreateNodeId(options.id_file()));
  WEIR_ASSIGN_OR_RETURN(secret, platform::ReadOrCreateSecretFile(options.secret_file));
  return directories.PrepareNode(files);
}

Status NodeManagerDaemon::State::FindIndices() {
  for (const ResourcePlugin& plugin : options.resources) {
    WEIR_ASSIGN_OR_RETURN(IndexedType type, FindDevices(plugin));
    options.core.capacity.SetNamed(type.name, static_cast<int64_t>(type.devices.size()));
    std::vector<int32_t> indices;
    for (const Device& device : type.devices) indices.push_back(device.index);
    platform::LogInfo("nm.resources",
                      type.name,
                      "given out by index",
                      {{"indices", JoinIndices(indices)},
                       {"by", plugin.devices.empty() ? "discovery" : "configuration"}});
    options.cgroups.devices = options.cgroups.devices || type.major;
    options.core.indexed.push_back(std::move(type));
  }
  return {};
}

Status NodeManagerDaemon::State::StartGroups() {
  options.cgroups.name = NodeGroupName(options.cluster_id, options.core.id.uuid);
  groups = ContainerGroups::Start(options.cgroups, files);
  for (const CgroupReportLine& line : groups->report()) {
    if (line.enforced) {
      platform::LogInfo("nm.cgroups", line.what, "enforced", {{"how", line.words}});
    } else {
      platform::LogWarn("nm.cgroups", line.what, "not enforced", {{"cause", line.words}});
    }
  }
  return groups->CheckRequired();
}

void NodeManagerDaemon::State::SweepGroups(Duration patience) {
  const auto swept = groups->SweepOthers(patience);
  if (!swept.ok()) {
    platform::LogError(
        "nm.cgroups", "-", "not all could be swept", {{"cause", swept.error().ToString()}});
  } else if (*swept > 0) {
    platform::LogInfo("nm.cgroups", "-", "swept", {{"containers", std::to_string(*swept)}});
  }
}

Status NodeManagerDaemon::State::FindEarlierRuns() {
  if (options.recover) {
    WEIR_ASSIGN_OR_RETURN(records, RecordStore::Open(options.recovery_dir, [this](Event event) {
                            server->Post(std::move(event));
                          }));
    WEIR_RETURN_IF_ERROR(LoadRecovery(*records, machine, recovery));
  } else {
    WEIR_RETURN_IF_ERROR(files.RemoveTree(options.recovery_dir));
  }
  WEIR_RETURN_IF_ERROR(
      FindLeftovers(files, directories, kSweepPatience, recovery, options.delete_delay));
  SweepGroupsOfEarlierRuns();
  return {};
}

// What runs on keeps its groups. Of what has ended, what the kernel counted is read first.
void NodeManagerDaemon::State::SweepGroupsOfEarlierRuns() {
  for (RecoveredContainer& container : recovery.containers) {
    const ContainerId& id = container.record.token.id;
    FoundContainer& found = container.found;
    if (found.found == Found::kRunning) groups->Adopt(id);
    if (found.outcome) found.outcome->group = groups->MemoryOf(id);
  }
  SweepGroups(kSweepPatience);
}

void NodeManagerDaemon::State::NoteRefused(const std::string& peer, const Error& error) {
  // A flood of garbage must not fill the disk.
  const Instant now = platform::MonotonicNow();
  if (refusal_logged != Instant::min() && now - refusal_logged < kRefusalLogPeriod) return;
  refusal_logged = now;
  platform::LogWarn("nm.server", peer, "refused a connection", {{"cause", error.ToString()}});
}

// A container has ended for its logs when no process of it is left, or it is not known here.
void NodeManagerDaemon::State::AskEnded(LogFollowers::Ids ids,
                                        std::function<void(LogFollowers::Ids)> tell) {
  server->Read([ids = std::move(ids), tell = std::move(tell)](const NodeManagerCore& core) {
    LogFollowers::Ids over;
    for (const ContainerId& id : ids) {
      const auto container = core.Find(id);
      if (!container || container->status.state == ContainerState::kComplete) over.insert(id);
    }
    tell(std::move(over));
  });
}

Status NodeManagerDaemon::State::OpenAudit() {
  WEIR_ASSIGN_OR_RETURN(audit, platform::AuditLog::Open(options.audit));
  return {};
}

Status NodeManagerDaemon::State::Listen() {
  thrift = std::make_unique<platform::ThriftServer>(io_loop);
  platform::ThriftListenerOptions listener;
  // ApplicationMasters hold the address that the run before had.
  listener.address = {
      options.container.bind.host,
      platform::PortAgain("nm.server", options.container.bind, machine.container_port)};
  listener.cluster_id = options.cluster_id;
  listener.authenticator = std::make_shared<OnceRegistered>(credentials, options.core.id);
  listener.door = platform::MakeDoor(security::Service::kContainers, nullptr, audit.get());
  listener.on_refused = [this](const std::string& peer, const Error& error) {
    NoteRefused(peer, error);
  };
  listener.factory = [this](platform::ConnectionContext& context) {
    return MakeContainerService(context, *server, credentials);
  };
  WEIR_ASSIGN_OR_RETURN(const HostPort container, thrift->Listen(std::move(listener)));
  container_address = {options.container.advertised_host, container.port};

  platform::HttpServerOptions http_options;
  http_options.address = {options.http.bind.host,
                          platform::PortAgain("nm.server", options.http.bind, machine.http_port)};
  http_options.host_names = {options.http.advertised_host};
  http_options.door = platform::MakeDoor(security::Service::kNmWeb, nullptr, audit.get());
  http = std::make_unique<platform::HttpServer>(io_loop, std::move(http_options));
  // Routes come before the port is known, and the core after it: they see it when they are called.
  followers = std::make_unique<LogFollowers>(
      io_loop,
      disk,
      directories,
      [this](LogFollowers::Ids ids, std::function<void(LogFollowers::Ids)> tell) {
        AskEnded(std::move(ids), std::move(tell));
      });
  web = std::make_unique<WebEnvironment>(WebEnvironment{
      nullptr, metrics, core_loop, io_loop, disk, directories, *followers, NodeFacts{}, nullptr});
  AddRoutes(*http, *web);
  WEIR_ASSIGN_OR_RETURN(const HostPort bound, http->Listen());
  http_address = {options.http.advertised_host, bound.port};
  return {};
}

void NodeManagerDaemon::State::WarnOfImpassable() const {
  if (options.run_as.mode == RunAsMode::kOff) return;
  std::vector<std::string> paths = options.local_dirs;
  paths.insert(paths.end(), options.log_dirs.begin(), options.log_dirs.end());
  paths.push_back(options.program_directory);
  for (const std::string& path : ImpassableDirectories(paths)) {
    platform::LogWarn("nm.server",
                      "-",
                      "containers of other users than root cannot get through a directory",
                      {{"path", path}, {"remedy", "chmod o+x " + path}});
  }
}

Status NodeManagerDaemon::State::StartExecutor() {
  ProcessExecutorOptions executor_options;
  executor_options.launch_binary = options.program_directory + "/weir-launch";
  executor_options.weir_home =
      options.program_directory.substr(0, options.program_directory.rfind('/'));
  executor_options.node_address = container_address;
  executor_options.http_port = http_address.port;
  executor_options.sigkill_delay = options.core.sigkill_delay;
  executor_options.delete_delay = options.delete_delay;
  executor_options.run_as = options.run_as;
  executor_options.core_dumps = options.core_dumps;
  executor_options.environment = options.environment;
  executor_options.indexed = options.core.indexed;
  executor_options.cache.target_bytes = options.cache_target_bytes;
  executor_options.cache.fetch_threads = options.fetch_threads;
  executor_options.cache.patience.stall = options.fetch_stall;
  executor_options.cache.archive.expanded_bytes = options.archive_max_bytes;
  WarnOfImpassable();
  executor_options.groups = groups.get();
  WEIR_ASSIGN_OR_RETURN(
      executor, ProcessExecutor::Start(executor_options, files, directories, [this](Event event) {
        server->Post(std::move(event));
      }));
  return {};
}

void NodeManagerDaemon::State::MakeServer() {
  RmClientOptions rm_options;
  rm_options.cluster_id = options.cluster_id;
  rm_options.cluster_secret = secret;
  rm_options.node = options.core.id;
  rm_options.find_rms = [this] {
    return platform::FindRmEndpoints(config, "tracker", platform::keys::kRmTrackerAddress);
  };
  rm = std::make_unique<RmClient>(
      std::move(rm_options), credentials, [this](Event event) { server->Post(std::move(event)); });
  for (const KeptContainer& kept : recovery.kept) executor->RemoveLater(kept);
  options.core.address = container_address;
  options.core.http_address = http_address.ToString();
  options.core.seed = std::hash<std::string>()(options.core.id.uuid);
  options.core.process = ToMillis(platform::ReadClock().wall);
  auto core = std::make_unique<NodeManagerCore>(
      options.core, std::exchange(recovery, {}), platform::ReadClock());
  server = std::make_unique<NodeManagerServer>(
      NodeManagerServer::Parts{core_loop,
                               *executor,
                               *rm,
                               credentials,
                               metrics,
                               records.get(),
                               [this] { stopped_by_core.Open(); },
                               [this](const ApplicationId& id) { logs->ApplicationEnded(id); }},
      std::move(core));
  if (options.logs.aggregation) options.logs.aggregation->node = container_address.ToString();
  logs = std::make_unique<NodeLogs>(
      options.logs, files, directories, [this](Event event) { server->Post(std::move(event)); });
  web->logs = logs.get();
  web->server = server.get();
  web->facts = {container_address.ToString(),
                container_address.host,
                http_address.ToString(),
                options.core.id.uuid,
                WEIR_VERSION,
                platform::WallNow(),
                DescribeRunAs(options.run_as)};
}

void NodeManagerDaemon::State::StartLoops() {
  const auto watch = [](EventLoop& loop) {
    return std::make_unique<platform::Watchdog>(loop, kHangLimit, [&loop](Duration silent) {
      platform::LogError(
          "nm.server", loop.name(), "the loop hangs", {{"ms", std::to_string(ToMillis(silent))}});
    });
  };
  core_loop.Start();
  // Nothing is served before: all is complete when the first call comes.
  io_loop.Start();
  core_watchdog = watch(core_loop);
  io_watchdog = watch(io_loop);
}

void NodeManagerDaemon::State::StartMonitor() {
  if (!options.monitor) return;
  usage = std::make_unique<UsageSampler>(
      options.monitor_interval,
      [this] { return executor->Launchers(); },
      [this](Event event) { server->Post(std::move(event)); });
}

Status NodeManagerDaemon::State::PublishAddresses() {
  WEIR_RETURN_IF_ERROR(platform::WriteAddressFile(options.address_file,
                                                  {{"container", container_address.ToString()},
                                                   {"http", http_address.ToString()},
                                                   {"node_id", options.core.id.uuid},
                                                   {"pid", std::to_string(::getpid())}}));
  published = true;
  platform::LogInfo("nm.server",
                    options.core.id.uuid,
                    "serving",
                    {{"cluster", options.cluster_id},
                     {"container", container_address.ToString()},
                     {"http", http_address.ToString()},
                     {"capacity", options.core.capacity.ToString()},
                     {"run_as", DescribeRunAs(options.run_as)},
                     {"passed_variables", NamesOf(options.environment.passed)},
                     {"forced_variables", NamesOf(options.environment.forced)}});
  return {};
}

void NodeManagerDaemon::State::KeepMachine() {
  if (!records) return;
  records->Keep(0, MachineRecord{BootId(), container_address.port, http_address.port});
}

// On the disk thread.
void NodeManagerDaemon::State::SweepDisk(const std::set<ApplicationId>& present) {
  SweepGroups(Duration{0});
  // With aggregation the aggregator removes what it has collected, and nothing else is removed.
  if (options.logs.aggregation) return;
  const size_t old_logs =
      SweepLogs(files, directories, present, options.log_retain, platform::WallNow());
  if (old_logs == 0) return;
  platform::LogInfo(
      "nm.cleanup", "-", "swept", {{"logs_of_applications", std::to_string(old_logs)}});
}

void NodeManagerDaemon::State::UpdateLogs() {
  server->Read([this](const NodeManagerCore& core) {
    logs->Update(core);
    core_loop.At(platform::MonotonicNow() + kLogPeriod, [this] { UpdateLogs(); });
  });
}

// On the core loop: which applications are here; the disk thread then looks for what is old.
void NodeManagerDaemon::State::SweepNow() {
  server->Read([this](const NodeManagerCore& core) {
    std::set<ApplicationId> present;
    for (const auto& view : core.Containers()) {
      present.insert(view.status.id.attempt.application);
    }
    const bool taken = disk.Submit([this, present] { SweepDisk(present); });
    if (!taken) platform::LogWarn("nm.cleanup", "-", "the disk thread is too busy to sweep");
    core_loop.At(platform::MonotonicNow() + kSweepPeriod, [this] { SweepNow(); });
  });
}

NodeManagerDaemon::NodeManagerDaemon(NmOptions options, platform::Configuration config)
    : state_(std::make_unique<State>(std::move(options), std::move(config))) {}

NodeManagerDaemon::~NodeManagerDaemon() {
  Stop();
  // Threads that hang in a disk may still use it, should they ever go on. The process ends now.
  if (state_->hangs) static_cast<void>(state_.release());
}

std::optional<platform::StartFailure> NodeManagerDaemon::Start() {
  State& state = *state_;
  using namespace exit_status;
  if (auto status = state.MakeDirectories(); !status.ok()) {
    const bool locked = status.error().code == ErrorCode::kFailedPrecondition;
    if (locked) return {{kLocked, status.error()}};
    return RefusalOf(status.error());
  }
  if (auto status = state.FindIndices(); !status.ok()) return {{kFailure, status.error()}};
  if (auto status = state.StartGroups(); !status.ok()) return {{kFailure, status.error()}};
  if (auto status = state.FindEarlierRuns(); !status.ok()) return RefusalOf(status.error());
  if (auto status = state.OpenAudit(); !status.ok()) return RefusalOf(status.error());
  if (auto status = state.Listen(); !status.ok()) {
    const bool in_use = status.error().code == ErrorCode::kUnavailable;
    return {{in_use ? kPortInUse : kFailure, status.error()}};
  }
  if (auto status = state.StartExecutor(); !status.ok()) return RefusalOf(status.error());
  state.MakeServer();
  state.StartLoops();
  if (auto status = state.PublishAddresses(); !status.ok()) return RefusalOf(status.error());
  // From here on its end is theirs. A start that is refused leaves containers of the one before
  // alone.
  state.serving = true;
  state.health =
      std::make_unique<HealthMonitor>(state.options.health, state.files, [&state](Event event) {
        state.server->Post(std::move(event));
      });
  state.server->Start();
  state.KeepMachine();
  // Only now: the core registers with the first event, when the addresses can be found.
  state.health->Start();
  state.StartMonitor();
  state.SweepNow();
  state.UpdateLogs();
  return std::nullopt;
}

void NodeManagerDaemon::Stop() {
  State& state = *state_;
  if (std::exchange(state.stopped, true)) return;
  if (state.serving) {
    state.server->Post(ShutDown{.keep_containers = state.options.supervised});
    const CoreOptions& core = state.options.core;
    if (!state.stopped_by_core.Wait(core.shutdown_wait + core.recording_wait + kStopMargin)) {
      platform::LogError("nm.server", "-", "containers did not end in time; the next start kills");
    }
  }
  const auto end = [&state](const char* what, auto& part) {
    if (!EndWithin(kDiskPatience, what, [&part] { part.reset(); })) state.hangs = true;
  };
  end("health", state.health);
  // First what comes in, then who works on it.
  if (state.http) state.http->Close();
  if (state.thrift) state.thrift->Close();
  state.usage.reset();
  state.core_watchdog.reset();
  state.io_watchdog.reset();
  state.core_loop.Stop();
  state.io_loop.Stop();
  state.disk.Stop();  // its jobs use what goes below
  if (state.rm) state.rm->Stop();
  end("executor", state.executor);
  end("logs", state.logs);
  state.records.reset();
  if (state.groups) state.groups->End();
  if (!state.published) return;
  if (const auto removed = state.files.Remove(state.options.address_file); !removed.ok()) {
    platform::LogWarn("nm.server", "-", "cannot remove", {{"cause", removed.error().message}});
  }
}

}  // namespace weir::nm
