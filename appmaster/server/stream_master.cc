#include "appmaster/server/stream_master.h"

#include <unistd.h>

#include <utility>

#include "appmaster/engine/builtin_engine.h"
#include "common/exit_status.h"
#include "platform/clock.h"
#include "platform/door.h"

namespace weir::am {
namespace {

constexpr int64_t kWorkerRequest = 1;
constexpr int32_t kWorkerPriority = 1;
constexpr Duration kFinishDeadline = seconds(30);
constexpr char kComponent[] = "am.cluster";
constexpr char kWorkerComponent[] = "am.worker";

std::string WorkingDirectory() {
  char path[4096];
  return getcwd(path, sizeof path) == nullptr ? "." : path;
}

BuiltinEngineOptions EngineOptions(const MasterOptions& options,
                                   const MasterEnvironment& environment) {
  BuiltinEngineOptions engine;
  engine.attempt = environment.attempt;
  engine.cluster_id = environment.cluster_id;
  engine.mode = DeploymentModeName(options.cluster.mode);
  engine.exists_for_job = options.exists_for_job();
  engine.host = environment.host;
  engine.port_low = options.port_low;
  engine.port_high = options.port_high;
  engine.directory = WorkingDirectory();
  engine.slots_per_worker = options.cluster.slots_per_worker;
  engine.worker_definitions = options.definitions;
  return engine;
}

MasterProtocolOptions ProtocolOptions(const MasterOptions& options) {
  MasterProtocolOptions protocol;
  protocol.park = options.park;
  return protocol;
}

}  // namespace

StreamMaster::StreamMaster(const MasterOptions& options,
                           const MasterEnvironment& environment,
                           platform::EventLoop& loop,
                           platform::EventLoop& io_loop,
                           std::function<void()> on_end)
    : options_(options),
      environment_(environment),
      loop_(loop),
      on_end_(std::move(on_end)),
      subject_(environment.attempt.ToString()),
      core_(options.cluster),
      master_(loop, environment, ProtocolOptions(options), *this),
      nodes_(loop, environment.cluster_id, NodeClientOptions()),
      engine_(MakeBuiltinEngine(loop, io_loop, EngineOptions(options, environment), *this)),
      http_(io_loop,
            {.address = {environment.host, 0},
             .host_names = {},
             .upload_directory = "",
             .door = platform::MakeDoor(security::Service::kMasterWeb)}),
      workers_ready_(metrics_.AddGauge("weir_am_task_managers_ready", "Registered TaskManagers.")),
      workers_wanted_(
          metrics_.AddGauge("weir_am_task_managers_wanted", "Ready, coming and asked for.")),
      slots_waiting_(metrics_.AddGauge("weir_am_slots_waiting", "Slots that jobs wait for.")),
      workers_launched_(
          metrics_.AddCounter("weir_am_task_managers_launched_total", "Containers launched.")),
      workers_ended_(
          metrics_.AddCounter("weir_am_task_managers_ended_total", "Containers that ended.")) {}

StreamMaster::~StreamMaster() = default;

// --- start

Status StreamMaster::Start(const std::optional<Result<std::string>>& graph) {
  WEIR_RETURN_IF_ERROR(Serve());
  if (!graph) {
    Register();
  } else if (graph->ok()) {
    SubmitOwnJob(graph->value());
  } else {
    FailStartup(graph->error());
  }
  return {};
}

Status StreamMaster::Serve() {
  AddRoutes();
  WEIR_ASSIGN_OR_RETURN(registration_.rpc_address, engine_->Start());
  WEIR_ASSIGN_OR_RETURN(const HostPort http, http_.Listen());
  registration_.tracking_url = "http://" + http.ToString() + "/";
  platform::LogInfo(kComponent,
                    subject_,
                    "serving",
                    {{"mode", std::string(DeploymentModeName(options_.cluster.mode))},
                     {"jobs", registration_.rpc_address.ToString()},
                     {"http", http.ToString()}});
  return {};
}

// The job is there before clients can learn where the JobManager is.
void StreamMaster::SubmitOwnJob(const std::string& graph) {
  ClusterJob job;
  job.name = options_.job_name;
  job.library = options_.job_library;
  job.arguments = options_.job_arguments;
  job.graph = graph;
  job.parallelism = options_.parallelism;
  job.slot_timeout = options_.slot_timeout;
  for (const auto& [key, value] : options_.definitions) job.configuration[key] = value;
  engine_->Submit(job, [this](const Status& status) {
    if (status.ok()) {
      Register();
    } else {
      FailStartup(status.error());
    }
  });
}

void StreamMaster::Register() {
  master_.Start(registration_);
}

// There is no job to run: all that is left is to say why.
void StreamMaster::FailStartup(const Error& error) {
  platform::LogError(kComponent, subject_, "the job cannot be run", {{"cause", error.ToString()}});
  startup_failure_ = error;
  Register();
  Finish(FinalStatus::kFailed, error.ToString());
}

void StreamMaster::AddRoutes() {
  engine_->AddRoutes(http_);
  http_.Route("GET", "/healthz", [](const platform::HttpRequest&, platform::HttpReply reply) {
    reply({.status = 200, .content_type = "text/plain", .body = "ok\n", .file = "", .headers = {}});
  });
  http_.Route("GET", "/metrics", [this](const platform::HttpRequest&, platform::HttpReply reply) {
    reply({.status = 200,
           .content_type = platform::Metrics::kContentType,
           .body = metrics_.Exposition(),
           .file = "",
           .headers = {}});
  });
}

// --- the core

void StreamMaster::Input(ClusterInput input) {
  inputs_.push_back(std::move(input));
  if (std::exchange(draining_, true)) return;
  loop_.Post([this] { Drain(); });
}

struct StreamMaster::Executor {
  StreamMaster& am;
  void operator()(const AskWorkers& ask) const {
    ContainerAsk next = am.options_.placement;
    next.request_id = kWorkerRequest;
    next.priority = kWorkerPriority;
    next.count = ask.count;
    next.resource = am.options_.cluster.worker_resource;
    am.master_.SetAsk(next);
  }
  void operator()(const LaunchWorker& launch) const { am.Launch(launch.container); }
  void operator()(const ReleaseContainer& release) const {
    platform::LogInfo(kWorkerComponent, release.container.ToString(), "released");
    am.master_.Release(release.container);
  }
  void operator()(const StopContainer& stop) const { am.StopAtNode(stop.container); }
  void operator()(const TellWorkerToExit& exit) const {
    am.engine_->TellWorkerToExit(exit.container);
  }
  void operator()(const TellWorkerEnded& ended) const {
    platform::LogInfo(
        kWorkerComponent, ended.container.ToString(), "ended", {{"cause", ended.cause}});
    am.workers_ended_.Add();
    am.engine_->OnWorkerEnded(ended.container, ended.cause);
  }
  void operator()(const FailWaiting& fail) const {
    platform::LogError(kWorkerComponent, am.subject_, "waiting jobs fail", {{"cause", fail.cause}});
    am.engine_->FailWaitingJobs(fail.cause);
  }
  void operator()(const TellPlan& plan) const { am.engine_->TellPlan(plan.wanted, plan.detail); }
  void operator()(const TellWantedBack& wanted) const {
    for (const ContainerId& container : wanted.containers) {
      platform::LogWarn(
          kWorkerComponent,
          container.ToString(),
          "wanted back by the scheduler, but a job uses it: preempted when its time is up");
    }
    am.engine_->TellWantedBack(wanted.containers);
  }
  void operator()(const StopEngineJobs&) const { am.engine_->StopJobs(); }
  void operator()(const TellFinalStatus& status) const {
    am.Finish(status.status, status.diagnostics);
  }
  void operator()(const EndProcess& end) const { am.End(end.told); }
};

void StreamMaster::Drain() {
  while (!inputs_.empty()) {
    // Who is idle is decided by, so it must not be what was before this turn of the loop.
    if (!std::holds_alternative<EngineChanged>(inputs_.front()) && EngineHasChanged()) {
      inputs_.push_front(EngineChanged{engine_state_});
    }
    const ClusterInput input = std::move(inputs_.front());
    inputs_.pop_front();
    const ClusterPhase before = core_.phase();
    const auto actions = core_.Step(input, platform::MonotonicNow());
    if (core_.phase() != before) {
      platform::LogInfo(kComponent,
                        subject_,
                        "changed",
                        {{"from", std::string(ClusterPhaseName(before))},
                         {"to", std::string(ClusterPhaseName(core_.phase()))}});
    }
    for (const ClusterAction& action : actions) std::visit(Executor{*this}, action);
  }
  draining_ = false;
  workers_ready_.Set(core_.workers_ready());
  workers_wanted_.Set(core_.workers_wanted());
  slots_waiting_.Set(engine_state_.slots_waiting);
  SetTimer();
}

void StreamMaster::SetTimer() {
  if (timer_ != 0) loop_.Cancel(timer_);
  timer_ = 0;
  const Instant next = core_.NextDeadline();
  if (next == kNever || ended_) return;
  timer_ = loop_.At(next, [this] {
    timer_ = 0;
    Input(ClusterDeadline{});
  });
}

// --- actions

void StreamMaster::Launch(const ContainerId& container) {
  const wire::ReceivedGrant& grant = grants_.at(container);
  platform::LogInfo(
      kWorkerComponent,
      container.ToString(),
      "launching",
      {{"node", grant.node_address.ToString()}, {"resource", grant.resource.ToString()}});
  workers_launched_.Add();
  LaunchContext launch = engine_->WorkerLaunch();
  if (options_.keep_on_lease_end) launch.on_lease_end = LeaseEnd::kKeep;
  nodes_.Start(grant, std::move(launch), [this, container](const Status& status) {
    Input(WorkerLaunched{container, status});
  });
}

void StreamMaster::StopAtNode(const ContainerId& container) {
  const auto grant = grants_.find(container);
  if (grant == grants_.end()) return;
  nodes_.Stop(grant->second, [this, container](const Status& status) {
    if (status.ok()) return Input(ContainerStopped{container});
    platform::LogWarn(kWorkerComponent,
                      container.ToString(),
                      "its NodeManager could not be told to stop it",
                      {{"error", status.error().ToString()}});
  });
}

void StreamMaster::Finish(FinalStatus status, const std::string& diagnostics) {
  platform::LogInfo(
      kComponent,
      subject_,
      "telling the final status",
      {{"status", std::string(FinalStatusName(status))}, {"diagnostics", diagnostics}});
  if (status == FinalStatus::kFailed) exit_status_ = exit_status::kUnsuccessful;
  if (startup_failure_) exit_status_ = exit_status::kBadJob;
  const FinishMasterRequest request{status, diagnostics, registration_.tracking_url};
  const Instant deadline = platform::MonotonicNow() + kFinishDeadline;
  master_.Finish(request, deadline, [this](const Status& told) {
    if (!told.ok()) {
      platform::LogError(kComponent,
                         subject_,
                         "the final status could not be told",
                         {{"error", told.error().ToString()}});
    }
    if (startup_failure_) return End(told.ok());  // the core never began
    if (told.ok()) {
      Input(FinishAcknowledged{});
    } else {
      Input(MasterGone{told.error().ToString()});
    }
  });
}

void StreamMaster::End(bool told) {
  if (std::exchange(ended_, true)) return;
  if (!told) exit_status_ = exit_status::kUnavailable;
  on_end_();
}

void StreamMaster::Terminate() {
  if (startup_failure_) return;  // it ends when the final status is told
  Input(Terminated{});
}

void StreamMaster::Close() {
  master_.Close();
  nodes_.Close();
  engine_->Close();
  http_.Close();
}

// --- MasterListener

void StreamMaster::OnRegistered(const MasterRegistration& registration) {
  platform::LogInfo(kComponent,
                    subject_,
                    "registered",
                    {{"epoch", std::to_string(registration.answer.epoch.value)},
                     {"queue", registration.answer.queue}});
  engine_->SetClientKeys(registration.client_keys);
  Input(ClusterRegistered{registration.answer.minimum_allocation,
                          registration.answer.maximum_allocation});
}

void StreamMaster::OnAllocation(const wire::ReceivedAllocation& allocation) {
  nodes_.Renew(allocation.nm_tokens);
  if (allocation.credentials) engine_->SetClientKeys(allocation.credentials->client_keys);
  for (const wire::ReceivedGrant& grant : allocation.granted) {
    grants_.insert_or_assign(grant.id, grant);
    Input(WorkerGranted{grant.id, grant.node_address.ToString()});
  }
  for (const ContainerStatus& status : allocation.completed) {
    grants_.erase(status.id);
    Input(ContainerEnded{status});
  }
  std::set<ContainerId> wanted_back;
  for (const PreemptionNotice& notice : allocation.preemption) {
    if (!told_wanted_back_.contains(notice.container)) {
      platform::LogInfo(kWorkerComponent,
                        notice.container.ToString(),
                        "the scheduler wants it back",
                        {{"within_ms", std::to_string(ToMillis(notice.grace))}});
    }
    wanted_back.insert(notice.container);
  }
  if (wanted_back != told_wanted_back_) {
    told_wanted_back_ = wanted_back;
    Input(ContainersWantedBack{std::move(wanted_back)});
  }
  const bool waits = allocation.pending_reason != PendingReason::kNone;
  Input(PendingExplained{waits ? allocation.pending_detail : std::string()});
}

void StreamMaster::OnMasterLost(const Error& last) {
  platform::LogError(
      kComponent, subject_, "the ResourceManager is lost", {{"error", last.ToString()}});
  Input(MasterGone{last.ToString()});
}

void StreamMaster::OnRejected(const Error& error) {
  platform::LogError(kComponent,
                     subject_,
                     "the ResourceManager refuses this attempt",
                     {{"error", error.ToString()}});
  Input(MasterGone{error.ToString()});
}

// --- StreamEngineListener

void StreamMaster::OnWorkerReady(const ContainerId& container) {
  Input(WorkerReady{container});
}

void StreamMaster::OnWorkerRejected(const ContainerId& container, const std::string& cause) {
  Input(WorkerRejected{container, cause});
}

void StreamMaster::OnEngineChanged() {
  if (engine_ != nullptr && EngineHasChanged()) Input(EngineChanged{engine_state_});
}

bool StreamMaster::EngineHasChanged() {
  EngineState state = engine_->State();
  if (state == engine_state_) return false;
  engine_state_ = std::move(state);
  return true;
}

void StreamMaster::OnStopRequested() {
  Input(StopRequested{});
}

}  // namespace weir::am
