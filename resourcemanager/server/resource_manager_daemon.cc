#include "resourcemanager/server/resource_manager_daemon.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "common/strings.h"
#include "platform/audit_log.h"
#include "platform/authenticators.h"
#include "platform/clock.h"
#include "platform/door.h"
#include "platform/file_system.h"
#include "platform/http_server.h"
#include "platform/log.h"
#include "platform/thrift_server.h"
#include "platform/watchdog.h"
#include "resourcemanager/server/directory_id.h"
#include "resourcemanager/server/http_routes.h"
#include "resourcemanager/server/key_roller.h"
#include "resourcemanager/server/listener_guard.h"
#include "resourcemanager/server/other_managers.h"
#include "resourcemanager/server/recovery.h"
#include "resourcemanager/server/services.h"
#include "state-store/directory_lock.h"
#include "state-store/store_note.h"

namespace weir::rm {
namespace {

using platform::EventLoop;
using platform::FileSystem;
using MakeProcessor = Processor (*)(platform::ConnectionContext&, const ServiceEnvironment&);

constexpr seconds kHangLimit{2};
constexpr seconds kSweepPeriod{300};

// One Thrift service with its places to listen.
struct Service {
  const char* name;  // in the address file and the metrics
  const platform::ServiceAddress* address;
  std::string socket;  // "" = none
  std::shared_ptr<platform::Authenticator> authenticator;
  MakeProcessor make;
  security::Service operations;
};

}  // namespace

// Members are destroyed from the last to the first: whoever calls goes before who is called.
struct ResourceManagerDaemon::State {
  State(RmOptions given, ListenAddresses& places, Hooks calls)
      : options(std::move(given)), addresses(places), hooks(std::move(calls)) {}

  Status OpenStore();
  Status Recover();
  Status CheckQueues();
  void MakeServer();
  std::vector<HostPort> OtherPlaces() const;
  void StartLoops();
  Status OpenAudit();
  Status Listen();
  Status ListenFor(const Service& service);
  Status ListenHttp();
  std::shared_ptr<const platform::Door> DoorOf(security::Service service) const;
  Status PublishAddresses();
  void SweepStaging();
  void ForgetStagedFiles(const ApplicationId& application);
  void WatchLoop(EventLoop& loop, std::unique_ptr<platform::Watchdog>& dog);

  const RmOptions options;
  ListenAddresses& addresses;
  const Hooks hooks;
  std::string secret;
  RmMetrics metrics;
  EventLoop core_loop{"rm-core"};
  EventLoop io_loop{"rm-io"};
  EventLoop files_loop{"rm-files"};
  EventLoop admin_loop{"rm-admin"};
  UserGroups groups{admin_loop};
  const AccessRules access{groups,
                           platform::UserName(static_cast<int64_t>(geteuid())),
                           ParseAdministrators(options.administrators)};
  std::unique_ptr<platform::AuditLog> audit;
  std::optional<store::DirectoryLock> lock;
  std::unique_ptr<store::StateStore> state_store;
  std::unique_ptr<FollowedState> followed;  // until there is a core
  RecoveredState recovered;
  std::unique_ptr<StagingStore> staging;
  std::unique_ptr<ResourceManagerServer> server;
  std::unique_ptr<KeyRoller> keys;
  std::unique_ptr<ServiceEnvironment> services;
  std::unique_ptr<HttpEnvironment> http_environment;
  std::unique_ptr<OtherManagers> others;
  std::unique_ptr<platform::ThriftServer> thrift;
  std::unique_ptr<platform::HttpServer> http;
  std::unique_ptr<platform::Watchdog> core_watchdog;
  std::unique_ptr<platform::Watchdog> io_watchdog;
  bool stopped = false;
};

Status ResourceManagerDaemon::State::OpenStore() {
  if (options.store.kind == store::StoreKind::kMemory) {
    platform::LogWarn("rm.store", "-", "nothing will survive a restart", {{"store", "memory"}});
  }
  if (hooks.take_store) {
    FollowedStore taken = hooks.take_store();
    state_store = std::move(taken.store);
    followed = std::move(taken.state);
  }
  if (state_store == nullptr) {
    store::StoreOptions at = options.store;
    if (!options.ha.enabled && at.kind == store::StoreKind::kZookeeper) {
      // A store on disk has a lock of its own, and those of several have this one already.
      WEIR_ASSIGN_OR_RETURN(lock, store::DirectoryLock::Take(options.rm_dir));
      WEIR_ASSIGN_OR_RETURN(at.home, ReadOrMakeDirectoryId(options.directory_id_file()));
    }
    WEIR_ASSIGN_OR_RETURN(state_store, store::OpenStateStore(at));
  }
  if (followed == nullptr) followed = std::make_unique<FollowedState>(options.core);
  state_store->OnFenced([this](const Error& error) {
    core_loop.Post([this, error] {
      if (server != nullptr) server->OnStoreLost(error);
    });
  });
  return {};
}

Status ResourceManagerDaemon::State::Recover() {
  WEIR_RETURN_IF_ERROR(addresses.ForgetFormerRun());
  WEIR_ASSIGN_OR_RETURN(const store::OpenRequest request,
                        store::RequestFor(options.store, platform::WallNow()));
  WEIR_ASSIGN_OR_RETURN(recovered, RecoverState(*state_store, request, options.keys, *followed));
  WEIR_RETURN_IF_ERROR(store::NoteOpened(options.store, recovered.epoch));
  staging = std::make_unique<StagingStore>(
      FileSystem::Real(), options.staging_dir, options.staging_max_bytes);
  WEIR_RETURN_IF_ERROR(staging->Open());
  // It says what is missing.
  static_cast<void>(RecoverReferences(std::move(followed->staged), *staging));
  return {};
}

// A stored queue configuration wins: a file that nobody asks for must not keep us from starting.
Status ResourceManagerDaemon::State::CheckQueues() {
  for (const std::string& warning : options.queue_warnings) {
    platform::LogWarn("rm.queues", "-", warning);
  }
  if (!followed->core.HasStoredQueues() && !options.queue_faults.empty()) {
    return Error{ErrorCode::kInvalidArgument, Join(options.queue_faults, "\n"), ""};
  }
  for (const std::string& fault : options.queue_faults) {
    platform::LogWarn("rm.queues", "-", "not used, and wrong: " + fault);
  }
  return {};
}

std::vector<HostPort> ResourceManagerDaemon::State::OtherPlaces() const {
  std::vector<HostPort> addresses_of_others;
  for (const platform::RmPlace& place : options.places.all) {
    if (place.id != options.id) addresses_of_others.push_back(place.admin);
  }
  return addresses_of_others;
}

void ResourceManagerDaemon::State::MakeServer() {
  LeadershipOptions leadership = options.core.leadership;
  leadership.since = recovered.asked;
  auto core = followed->core.Lead(recovered.epoch, leadership, platform::ReadClock());
  followed.reset();
  ResourceManagerServer::Hooks server_hooks;
  server_hooks.forget_staged_files = [this](const ApplicationId& id) { ForgetStagedFiles(id); };
  server_hooks.step_down = hooks.step_down;
  if (options.core.leadership.others > 0) {
    others = std::make_unique<OtherManagers>(OtherPlaces(), options.cluster_id, secret);
    server_hooks.ask_others = [this](uint64_t round) {
      others->Ask([this, round](size_t other, std::optional<Epoch> active) {
        server->OnOtherSaid(round, other, active);
      });
    };
  }
  server = std::make_unique<ResourceManagerServer>(
      core_loop, *state_store, std::move(core), metrics, std::move(server_hooks));
  keys = std::make_unique<KeyRoller>(core_loop,
                                     *state_store,
                                     recovered.epoch.epoch,
                                     *std::move(recovered.keys),
                                     [this](const Error& error) { server->OnStoreLost(error); });
  services = std::make_unique<ServiceEnvironment>(ServiceEnvironment{
      *server,
      *staging,
      access,
      admin_loop,
      *keys,
      options.cluster_id,
      state_store->name(),
      {.roles = hooks.roles, .server = server.get(), .store_name = state_store->name()},
      options.queue_file,
      options.node_files,
      options.types.ToResource(options.types.minimum()),
      options.types.ToResource(options.types.maximum()),
      "",
      ""});
}

void ResourceManagerDaemon::State::StartLoops() {
  core_loop.Start();
  files_loop.Start();
  admin_loop.Start();
  server->Start();
  keys->Start();
  files_loop.Post([this] { SweepStaging(); });
  // Nothing is served before: the environment is complete when the first call comes.
  io_loop.Start();
  WatchLoop(core_loop, core_watchdog);
  WatchLoop(io_loop, io_watchdog);
}

void ResourceManagerDaemon::State::WatchLoop(EventLoop& loop,
                                             std::unique_ptr<platform::Watchdog>& dog) {
  dog = std::make_unique<platform::Watchdog>(loop, kHangLimit, [this, &loop](Duration silent) {
    if (hooks.hangs) return hooks.hangs(loop.name(), silent);
    platform::LogError(
        "rm.server", loop.name(), "the loop hangs", {{"ms", std::to_string(ToMillis(silent))}});
  });
}

void ResourceManagerDaemon::State::SweepStaging() {
  if (const size_t swept = staging->Sweep(platform::WallNow()); swept > 0) {
    platform::LogInfo(
        "rm.staging", "-", "swept unclaimed uploads", {{"files", std::to_string(swept)}});
  }
  files_loop.At(platform::MonotonicNow() + kSweepPeriod, [this] { SweepStaging(); });
}

void ResourceManagerDaemon::State::ForgetStagedFiles(const ApplicationId& application) {
  files_loop.Post([this, application] { staging->Forget(application); });
}

std::shared_ptr<const platform::Door> ResourceManagerDaemon::State::DoorOf(
    security::Service service) const {
  return platform::MakeDoor(service, AdministratorsOf(access), audit.get());
}

Status ResourceManagerDaemon::State::ListenFor(const Service& service) {
  platform::ThriftListenerOptions listener;
  listener.address = addresses.BindAgain(service.name, service.address->bind);
  listener.cluster_id = options.cluster_id;
  listener.epoch = [epoch = recovered.epoch.epoch] { return epoch.value; };
  listener.authenticator = service.authenticator;
  listener.door = DoorOf(service.operations);
  listener.factory = [this, make = service.make](platform::ConnectionContext& context) {
    return make(context, *services);
  };
  listener.on_refused = [log = std::make_shared<RefusalLog>(service.name, metrics)](
                            const std::string& peer, const Error& error) {
    log->Add(peer, error, platform::MonotonicNow());
  };
  if (!service.socket.empty()) {
    platform::ThriftListenerOptions local = listener;
    local.unix_path = service.socket;
    WEIR_RETURN_IF_ERROR(thrift->Listen(std::move(local)));
    addresses.Set(std::string(service.name) + "_socket", service.socket);
  }
  WEIR_ASSIGN_OR_RETURN(const HostPort bound, thrift->Listen(std::move(listener)));
  addresses.Set(service.name, service.address->Advertised(bound.port).ToString());
  return {};
}

Status ResourceManagerDaemon::State::ListenHttp() {
  platform::HttpServerOptions http_options;
  http_options.address = addresses.BindAgain("http", options.http.bind);
  http_options.host_names = {options.http.advertised_host};
  http_options.upload_directory = staging->incoming_directory();
  http_options.door = DoorOf(security::Service::kRmWeb);
  http_options.authenticator = MakeStagingAuthenticator([this] { return *keys->Current(); });
  http = std::make_unique<platform::HttpServer>(io_loop, std::move(http_options));
  const RestIdentity identity{
      options.cluster_id, state_store->name(), WEIR_VERSION, recovered.epoch.cluster_timestamp};
  http_environment = std::make_unique<HttpEnvironment>(
      HttpEnvironment{*services, identity, metrics, core_loop, io_loop, files_loop, [this] {
                        return thrift->connections();
                      }});
  AddClusterRoutes(*http, *http_environment);
  AddSchedulerRoutes(*http, *http_environment);
  AddOperationRoutes(*http, *http_environment);
  AddStagingRoutes(*http, *http_environment);
  WEIR_ASSIGN_OR_RETURN(const HostPort bound, http->Listen());
  services->http_address = options.http.Advertised(bound.port).ToString();
  addresses.Set("http", services->http_address);
  return {};
}

Status ResourceManagerDaemon::State::OpenAudit() {
  WEIR_ASSIGN_OR_RETURN(audit, platform::AuditLog::Open(options.audit));
  return {};
}

Status ResourceManagerDaemon::State::Listen() {
  thrift = std::make_unique<platform::ThriftServer>(io_loop);
  WEIR_RETURN_IF_ERROR(ListenHttp());
  const auto clients = platform::MakeClientPortAuthenticator(secret);
  const Service all[] = {{"master",
                          &options.master,
                          "",
                          platform::MakeAmTokenAuthenticator([this] { return *keys->Current(); }),
                          MakeApplicationMasterService,
                          security::Service::kMaster},
                         {"tracker",
                          &options.tracker,
                          "",
                          platform::MakeDaemonAuthenticator(secret),
                          MakeResourceTrackerService,
                          security::Service::kTracker},
                         {"client",
                          &options.client,
                          options.client_socket(),
                          clients,
                          MakeClientService,
                          security::Service::kClient},
                         {"admin",
                          &options.admin,
                          options.admin_socket(),
                          clients,
                          MakeAdminService,
                          security::Service::kAdmin}};
  for (const Service& service : all) WEIR_RETURN_IF_ERROR(ListenFor(service));
  services->master_address =
      platform::MasterAddresses(options.places, options.id, addresses.Get("master"));
  return {};
}

Status ResourceManagerDaemon::State::PublishAddresses() {
  WEIR_RETURN_IF_ERROR(addresses.Publish());
  platform::LogInfo("rm.server",
                    "-",
                    "serving",
                    {{"cluster", options.cluster_id},
                     {"epoch", std::to_string(recovered.epoch.epoch.value)},
                     {"store", state_store->name()},
                     {"http", addresses.Get("http")},
                     {"client", addresses.Get("client")}});
  return {};
}

Result<std::string> PrepareDirectories(const RmOptions& options) {
  FileSystem& files = FileSystem::Real();
  // Clients must reach the sockets and the address file; what is secret has its own mode.
  WEIR_RETURN_IF_ERROR(files.MakeDirectories(options.work_dir, 0755));
  WEIR_RETURN_IF_ERROR(files.MakeDirectories(options.rm_dir, 0755));
  return platform::ReadOrCreateSecretFile(options.secret_file);
}

ResourceManagerDaemon::ResourceManagerDaemon(RmOptions options,
                                             ListenAddresses& addresses,
                                             Hooks hooks)
    : state_(std::make_unique<State>(std::move(options), addresses, std::move(hooks))) {}

ResourceManagerDaemon::~ResourceManagerDaemon() {
  Stop();
}

std::optional<platform::StartFailure> ResourceManagerDaemon::Start() {
  State& state = *state_;
  using namespace exit_status;
  auto secret = PrepareDirectories(state.options);
  if (!secret.ok()) return {{kFailure, secret.error()}};
  state.secret = *std::move(secret);
  if (auto status = state.OpenStore(); !status.ok()) {
    const bool locked = status.error().code == ErrorCode::kFailedPrecondition;
    return {{locked ? kLocked : kFailure, status.error()}};
  }
  if (auto status = state.Recover(); !status.ok()) {
    const bool other_cluster = status.error().code == ErrorCode::kFailedPrecondition;
    return {{other_cluster ? kUsage : kFailure, status.error()}};
  }
  if (auto status = state.CheckQueues(); !status.ok()) return {{kUsage, status.error()}};
  state.MakeServer();
  if (state.hooks.before_listening) state.hooks.before_listening();
  // Only now: a standby of the same process wrote to it.
  if (auto status = state.OpenAudit(); !status.ok()) return {{kFailure, status.error()}};
  // The ports are taken before recovery decides about any application: a start that fails for a
  // busy port leaves them as they were.
  if (auto status = state.Listen(); !status.ok()) {
    const bool in_use = status.error().code == ErrorCode::kUnavailable;
    return {{in_use ? kPortInUse : kFailure, status.error()}};
  }
  state.StartLoops();
  if (auto status = state.PublishAddresses(); !status.ok()) return {{kFailure, status.error()}};
  state.state_store->EndFollowing();
  return std::nullopt;
}

void ResourceManagerDaemon::Stop() {
  State& state = *state_;
  if (std::exchange(state.stopped, true)) return;
  // First what comes in, then who works on it, then what is still being written.
  if (state.http) state.http->Close();
  if (state.thrift) state.thrift->Close();
  state.core_watchdog.reset();
  state.io_watchdog.reset();
  state.core_loop.Stop();
  state.others.reset();
  state.files_loop.Stop();
  state.admin_loop.Stop();
  state.io_loop.Stop();
  if (state.state_store) state.state_store->Close();
  state.addresses.Withdraw();
}

bool ResourceManagerDaemon::stepped_down() const {
  return state_->server != nullptr && state_->server->stepped_down();
}

}  // namespace weir::rm
