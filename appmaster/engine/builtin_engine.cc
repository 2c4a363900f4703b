#include "appmaster/engine/builtin_engine.h"

#include <map>

#include "common/container_role.h"
#include "common/strings.h"
#include "platform/authenticators.h"
#include "platform/crypto.h"
#include "platform/door.h"
#include "platform/html.h"
#include "platform/http_server.h"
#include "platform/mutex.h"
#include "platform/thrift_server.h"
#include "stream/jobmanager/server/job_json.h"
#include "stream/jobmanager/server/job_manager.h"
#include "stream/jobmanager/server/job_page.h"
#include "stream/jobmanager/server/services.h"

namespace weir::am {
namespace {

// Set on the core loop, read at every hello on the I/O loop.
class ClientKeys {
 public:
  void Set(const std::map<int, std::string>& keys) {
    platform::MutexLock lock(mutex_);
    keys_ = keys;
  }
  std::map<int, std::string> Get() const {
    platform::MutexLock lock(mutex_);
    return keys_;
  }

 private:
  mutable platform::Mutex mutex_;
  std::map<int, std::string> keys_ WEIR_GUARDED_BY(mutex_);
};

class BuiltinEngine : public StreamEngine, public stream::JobManagerListener {
 public:
  BuiltinEngine(platform::EventLoop& loop,
                platform::EventLoop& io_loop,
                const BuiltinEngineOptions& options,
                StreamEngineListener& listener)
      : loop_(loop),
        options_(options),
        listener_(listener),
        secret_(HexEncode(platform::RandomBytes(32))),
        client_keys_(std::make_shared<ClientKeys>()),
        jobs_(loop, options.job_manager, options.directory + "/blobs", *this),
        task_server_(io_loop),
        client_loop_("am-clients"),
        client_server_(client_loop_) {}

  Result<HostPort> Start() override {
    platform::ThriftListenerOptions clients;
    clients.cluster_id = options_.cluster_id;
    clients.authenticator = platform::MakeClientTokenAuthenticator(
        [keys = client_keys_] { return keys->Get(); }, options_.attempt);
    clients.door = platform::MakeDoor(security::Service::kJobs);
    clients.factory =
        stream::MakeJobService(jobs_, {options_.attempt.application.ToString(), options_.mode});
    WEIR_ASSIGN_OR_RETURN(const HostPort client_address,
                          Listen(client_server_, std::move(clients)));
    platform::ThriftListenerOptions workers;
    workers.cluster_id = options_.cluster_id;
    workers.authenticator = platform::MakeTaskManagerAuthenticator(secret_, options_.attempt);
    workers.door = platform::MakeDoor(security::Service::kTasks);
    workers.factory = stream::MakeTaskService(jobs_);
    WEIR_ASSIGN_OR_RETURN(task_address_, Listen(task_server_, std::move(workers)));
    return client_address;
  }

  // A client may learn our address before we have the answer to our registration: until then its
  // connection waits in the listening socket instead of being refused.
  void SetClientKeys(const std::map<int, std::string>& keys) override {
    client_keys_->Set(keys);
    if (!std::exchange(serves_clients_, true)) client_loop_.Start();
  }

  void AddRoutes(platform::HttpServer& http) override {
    http.Route("GET", "/", [this](const platform::HttpRequest&, platform::HttpReply reply) {
      jobs_.List([this, reply](Result<std::vector<stream::JobReport>> reports) {
        reply(reports.ok() ? platform::HtmlResponse(stream::JobsPage(
                                 options_.attempt.application.ToString(), *reports))
                           : platform::ErrorResponse(reports.error()));
      });
    });
    platform::AddStyleSheet(http);
    http.Route("GET", "/jobs", [this](const platform::HttpRequest&, platform::HttpReply reply) {
      jobs_.List([reply](Result<std::vector<stream::JobReport>> reports) {
        reply(reports.ok() ? platform::JsonResponse(200, stream::JobsToJson(*reports))
                           : platform::ErrorResponse(reports.error()));
      });
    });
    http.Route(
        "GET", "/jobs/{}", [this](const platform::HttpRequest& request, platform::HttpReply reply) {
          jobs_.Report({request.captures[0]}, [reply](Result<stream::JobReport> report) {
            reply(report.ok() ? platform::JsonResponse(200, stream::JobToJson(*report))
                              : platform::ErrorResponse(report.error()));
          });
        });
  }

  void Submit(const ClusterJob& job, std::function<void(Status)> done) override {
    stream::JobSpec spec;
    Result<stream::JobGraph> graph = stream::JobGraph::FromText(job.graph);
    if (!graph.ok()) return done(graph.error());
    spec.graph = std::move(graph).value();
    spec.graph_sha256 = platform::Sha256Hex(spec.graph.ToText());
    spec.name = job.name.empty() ? spec.graph.name : job.name;
    spec.arguments = job.arguments;
    spec.parallelism = job.parallelism;
    spec.configuration = job.configuration;
    spec.slot_timeout = job.slot_timeout;
    jobs_.SubmitWithFile(std::move(spec), job.library, [this, done](Result<JobId> id) {
      // May come on another loop.
      loop_.Post([done, id = std::move(id)] { done(id.ok() ? Status() : Status(id.error())); });
    });
  }

  LaunchContext WorkerLaunch() const override {
    LaunchContext launch;
    launch.command = {"{{WEIR_HOME}}/bin/weir-taskmanager"};
    for (const auto& [key, value] : options_.worker_definitions) {
      launch.command.insert(launch.command.end(), {"-D", key + "=" + value});
    }
    launch.environment["WEIR_JOBMANAGER_ADDRESS"] = task_address_.ToString();
    launch.environment[kContainerRoleVariable] = kTaskManagerRole;  // which logs these are
    launch.environment["WEIR_TASK_SLOTS"] = std::to_string(options_.slots_per_worker);
    launch.environment["WEIR_ATTEMPT_ID"] = options_.attempt.ToString();
    launch.environment["WEIR_CLUSTER_ID"] = options_.cluster_id;
    launch.secrets["worker.secret"] = secret_;
    return launch;
  }

  EngineState State() const override {
    EngineState state;
    state.slots_waiting = jobs_.core().Slots().slots_waiting;
    for (const stream::WorkerUse& worker : jobs_.core().Workers()) {
      if (worker.shutting_down) continue;
      state.workers.push_back({worker.container, worker.slots, worker.used});
    }
    state.all_jobs_ended = jobs_.core().AllJobsEnded();
    state.all_ends_seen = jobs_.core().AllEndsSeen();
    state.any_job = jobs_.core().AnyJob();
    if (state.any_job && state.all_jobs_ended && options_.exists_for_job) DescribeEnd(state);
    return state;
  }

  void OnWorkerEnded(const ContainerId& container, const std::string& cause) override {
    jobs_.Handle(stream::WorkerEnded{container, cause});
  }
  void TellWorkerToExit(const ContainerId& container) override {
    jobs_.Handle(stream::ShutDownWorker{container});
  }
  void FailWaitingJobs(const std::string& cause) override {
    jobs_.Handle(stream::FailWaitingJobs{cause});
  }
  void TellPlan(int32_t workers_wanted, const std::string& detail) override {
    jobs_.Handle(stream::WorkersPlanned{workers_wanted, detail});
  }
  void TellWantedBack(const std::set<ContainerId>& containers) override {
    jobs_.Handle(stream::WorkersWantedBack{containers});
  }
  void StopJobs() override { jobs_.Handle(stream::StopJobs{}); }
  void Close() override {
    client_loop_.Stop();
    client_server_.Close();
    task_server_.Close();
    jobs_.Close();
  }

  // --- JobManagerListener
  void OnWorkerRegistered(const ContainerId& container) override {
    listener_.OnWorkerReady(container);
  }
  void OnWorkerGivenUp(const ContainerId& container, const std::string& cause) override {
    listener_.OnWorkerRejected(container, cause);
  }
  void OnStepped() override { listener_.OnEngineChanged(); }
  void OnStopRequested() override { listener_.OnStopRequested(); }

 private:
  // The first free port of the range.
  Result<HostPort> Listen(platform::ThriftServer& server, platform::ThriftListenerOptions options) {
    Result<HostPort> bound = Error{ErrorCode::kInvalidArgument, "the port range is empty", ""};
    for (int port = options_.port_low; port <= options_.port_high; ++port) {
      options.address = {options_.host, static_cast<uint16_t>(port)};
      bound = server.Listen(options);
      if (bound.ok()) break;
    }
    return bound;
  }

  // The last job tells how the cluster ended; a cluster for one job has no other.
  void DescribeEnd(EngineState& state) const {
    const stream::JobReport report = jobs_.core().Reports().back();
    switch (report.state) {
      case stream::JobState::kFinished:
        state.final_status = FinalStatus::kSucceeded;
        return;
      case stream::JobState::kFailed:
        state.final_status = FinalStatus::kFailed;
        state.diagnostics = "job " + report.id.hex + " failed: " + report.failure;
        return;
      case stream::JobState::kCanceled:
        state.final_status = FinalStatus::kKilled;
        state.diagnostics = "job " + report.id.hex + " was cancelled";
        return;
      case stream::JobState::kInitializing:
      case stream::JobState::kCreated:
      case stream::JobState::kRunning:
      case stream::JobState::kCommitting:
      case stream::JobState::kFailing:
      case stream::JobState::kCancelling:
        return;
    }
  }

  platform::EventLoop& loop_;
  const BuiltinEngineOptions options_;
  StreamEngineListener& listener_;
  const std::string secret_;
  const std::shared_ptr<ClientKeys> client_keys_;
  stream::JobManager jobs_;
  platform::ThriftServer task_server_;
  platform::EventLoop client_loop_;
  platform::ThriftServer client_server_;
  bool serves_clients_ = false;
  HostPort task_address_;
};

}  // namespace

std::unique_ptr<StreamEngine> MakeBuiltinEngine(platform::EventLoop& loop,
                                                platform::EventLoop& io_loop,
                                                const BuiltinEngineOptions& options,
                                                StreamEngineListener& listener) {
  return std::make_unique<BuiltinEngine>(loop, io_loop, options, listener);
}

}  // namespace weir::am
