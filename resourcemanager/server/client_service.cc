#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "common/cut_to_fit.h"
#include "common/limits.h"
#include "gen/ClientService.h"
#include "resourcemanager/server/queue_pages.h"
#include "resourcemanager/server/services.h"
#include "wire/codec.h"
#include "wire/lists_codec.h"

namespace weir::rm {
namespace {

using apache::thrift::TDelayedException;
using platform::Lane;
using platform::Responder;
using ExceptionCob = std::function<void(TDelayedException*)>;
using ApplicationPage = ResourceManagerCore::ApplicationPage;

constexpr size_t kPage = 1000;

Result<std::vector<ApplicationState>> StatesFromWire(const std::set<int32_t>& wire) {
  std::vector<ApplicationState> states;
  for (const int32_t number : wire) {
    if (number < static_cast<int32_t>(ApplicationState::kNew) ||
        number > static_cast<int32_t>(ApplicationState::kKilled)) {
      return Error{ErrorCode::kInvalidArgument,
                   "no application state has the number " + std::to_string(number),
                   "client and server may be of different versions"};
    }
    states.push_back(static_cast<ApplicationState>(number));
  }
  return states;
}

Result<ResourceManagerCore::ApplicationFilter> FilterFromWire(
    const idl::ListApplicationsRequest& request) {
  ResourceManagerCore::ApplicationFilter filter;
  WEIR_ASSIGN_OR_RETURN(filter.states, StatesFromWire(request.states));
  filter.user = request.user;
  filter.queue = request.queue;
  if (!request.after_id.empty()) {
    WEIR_ASSIGN_OR_RETURN(const ApplicationId after, ApplicationId::Parse(request.after_id));
    filter.after = after;
  }
  filter.limit = request.limit <= 0 ? kPage : std::min(kPage, static_cast<size_t>(request.limit));
  return filter;
}

// As much of the page as safely fits into one frame; the caller asks for the rest by its last id.
idl::ListApplicationsAnswer PageToWire(const ApplicationPage& page) {
  constexpr size_t kOtherFieldsBytes = 1024;
  idl::ListApplicationsAnswer answer;
  std::vector<idl::ApplicationReport> reports;
  size_t bytes = 0;
  for (const ApplicationReport& report : page.applications) {
    bytes += report.diagnostics.size() + report.pending_detail.size() + kOtherFieldsBytes;
    if (bytes > limits::kFrameBytes / 2 && !reports.empty()) break;
    reports.push_back(wire::ToWire(report));
  }
  answer.__set_more(page.more || reports.size() < page.applications.size());
  answer.__set_applications(std::move(reports));
  return answer;
}

class ClientHandler : public idl::ClientServiceCobSvIf {
 public:
  ClientHandler(platform::ConnectionContext& context, const ServiceEnvironment& environment)
      : context_(context), environment_(environment) {}

  void hello(std::function<void(const idl::HelloAnswer&)> cob,
             ExceptionCob,
             const idl::Hello&) override {
    context_.Respond<idl::HelloAnswer>(std::move(cob)).Fail(SecondHello());
  }

  void submitApplication(std::function<void(const idl::SubmitAnswer&)> cob,
                         ExceptionCob,
                         const idl::SubmitRequest& request) override {
    const auto responder = context_.Respond<ApplicationId>(
        [cob = std::move(cob), name = context_.ObjectNamer()](const ApplicationId& id) {
          name(id.ToString());
          idl::SubmitAnswer answer;
          answer.__set_application_id(id.ToString());
          cob(answer);
        });
    if (const Status status = Submit(request, responder); !status.ok()) {
      responder.Fail(status.error());
    }
  }

  void getApplication(std::function<void(const idl::ApplicationReport&)> cob,
                      ExceptionCob,
                      const idl::GetApplicationRequest& request) override {
    const auto responder = RespondReport(std::move(cob));
    const auto id = ApplicationId::Parse(request.application_id);
    if (!id.ok()) return responder.Fail(id.error());
    WatchApplication watch;
    watch.id = *id;
    watch.known_version = request.__isset.known_version ? request.known_version : -1;
    watch.park = wire::ParkFromWire(request.park_ms);
    // The groups are wanted when the report is answered.
    WithGroups([watch, responder, &environment = environment_](const UserGroups::Groups&) {
      ParkInCore(
          environment,
          Lane::kRead,
          [watch](CallId call) mutable {
            watch.call = call;
            return watch;
          },
          responder);
    });
  }

  void listApplications(std::function<void(const idl::ListApplicationsAnswer&)> cob,
                        ExceptionCob,
                        const idl::ListApplicationsRequest& request) override {
    const auto responder = context_.Respond<ApplicationPage>(
        [cob = std::move(cob)](const ApplicationPage& page) { cob(PageToWire(page)); });
    auto filter = FilterFromWire(request);
    if (!filter.ok()) return responder.Fail(filter.error());
    Read(responder,
         [filter = *std::move(filter)](const ResourceManagerCore& core, Now now)
             -> Result<ApplicationPage> { return core.List(filter, now); });
  }

  void killApplication(std::function<void(const idl::ApplicationReport&)> cob,
                       ExceptionCob,
                       const idl::KillRequest& request) override {
    const auto responder = RespondReport(std::move(cob));
    context_.NameObject(request.application_id);
    const auto id = ApplicationId::Parse(request.application_id);
    if (!id.ok()) return responder.Fail(id.error());
    KillApplication kill;
    kill.id = *id;
    kill.diagnostics = request.diagnostics.substr(0, limits::kDiagnosticsBytes);
    Administer(std::move(kill), responder);
  }

  void moveApplication(std::function<void(const idl::ApplicationReport&)> cob,
                       ExceptionCob,
                       const idl::MoveRequest& request) override {
    const auto responder = RespondReport(std::move(cob));
    context_.NameObject(request.application_id);
    const auto id = ApplicationId::Parse(request.application_id);
    if (!id.ok()) return responder.Fail(id.error());
    MoveApplication move;
    move.id = *id;
    move.queue = request.queue;
    if (Status named = CheckQueueName(request.queue); !named.ok()) {
      return responder.Fail(std::move(named).error());
    }
    Administer(std::move(move), responder);
  }

  void updatePriority(std::function<void(const idl::ApplicationReport&)> cob,
                      ExceptionCob,
                      const idl::PriorityRequest& request) override {
    const auto responder = RespondReport(std::move(cob));
    context_.NameObject(request.application_id);
    const auto id = ApplicationId::Parse(request.application_id);
    if (!id.ok()) return responder.Fail(id.error());
    UpdatePriority update;
    update.id = *id;
    update.priority = request.priority;
    Administer(std::move(update), responder);
  }

  void updateLifetime(std::function<void(const idl::ApplicationReport&)> cob,
                      ExceptionCob,
                      const idl::LifetimeRequest& request) override {
    const auto responder = RespondReport(std::move(cob));
    context_.NameObject(request.application_id);
    const auto id = ApplicationId::Parse(request.application_id);
    if (!id.ok()) return responder.Fail(id.error());
    const auto lifetime = wire::PeriodFromWire(request.lifetime_ms, "the lifetime");
    if (!lifetime.ok()) return responder.Fail(lifetime.error());
    UpdateLifetime update;
    update.id = *id;
    update.lifetime = *lifetime;
    Administer(std::move(update), responder);
  }

  void resizeContainer(std::function<void(const idl::ContainerReport&)> cob,
                       ExceptionCob,
                       const idl::ResizeContainerRequest& request) override {
    const auto responder = RespondContainer(std::move(cob));
    context_.NameObject(request.container_id);
    const auto id = ContainerId::Parse(request.container_id);
    if (!id.ok()) return responder.Fail(id.error());
    ResizeContainer resize;
    resize.container = *id;
    if (request.__isset.memory_mib) resize.memory_mib = request.memory_mib;
    if (request.__isset.vcores) resize.vcores = request.vcores;
    resize.park = wire::ParkFromWire(request.park_ms);
    Administer(std::move(resize), responder);
  }

  void signalContainer(std::function<void(const idl::ContainerReport&)> cob,
                       ExceptionCob,
                       const idl::SignalContainerRequest& request) override {
    const auto responder = RespondContainer(std::move(cob));
    context_.NameObject(request.container_id);
    const auto id = ContainerId::Parse(request.container_id);
    if (!id.ok()) return responder.Fail(id.error());
    const auto kind = wire::SignalFromWire(request.signal);
    if (!kind.ok()) return responder.Fail(kind.error());
    SignalContainer signal;
    signal.container = *id;
    signal.signal = *kind;
    signal.park = wire::ParkFromWire(request.park_ms);
    Administer(std::move(signal), responder);
  }

  void explainApplication(std::function<void(const idl::Explanation&)> cob,
                          ExceptionCob,
                          const std::string& application_id) override {
    const auto responder = context_.Respond<Explanation>(
        [cob = std::move(cob)](const Explanation& explanation) { cob(wire::ToWire(explanation)); });
    const auto id = ApplicationId::Parse(application_id);
    if (!id.ok()) return responder.Fail(id.error());
    Read(responder,
         [id = *id](const ResourceManagerCore& core, Now now) { return core.Explain(id, now); });
  }

  void listQueues(std::function<void(const idl::ListQueuesAnswer&)> cob,
                  ExceptionCob,
                  const idl::ListQueuesRequest& request) override {
    const auto responder =
        context_.Respond<QueuePage>([cob = std::move(cob)](const QueuePage& page) {
          idl::ListQueuesAnswer answer;
          answer.__set_queues(wire::ListToWire<idl::QueueReport>(page.queues));
          answer.__set_more(page.more);
          cob(answer);
        });
    const QueuePageRequest wanted{request.under, request.after_path, request.users};
    Read(responder, [wanted](const ResourceManagerCore& core, Now now) {
      return SelectQueues(core.Queues(now), wanted);
    });
  }

  void listLabels(std::function<void(const std::vector<idl::LabelReport>&)> cob,
                  ExceptionCob) override {
    const auto responder = RespondList<LabelReport, idl::LabelReport>(std::move(cob));
    Read(responder, [](const ResourceManagerCore& core, Now) -> Result<std::vector<LabelReport>> {
      return core.Labels();
    });
  }

  void listContainers(std::function<void(const std::vector<idl::ContainerReport>&)> cob,
                      ExceptionCob,
                      const std::string& application_id) override {
    const auto responder = RespondList<ContainerReport, idl::ContainerReport>(std::move(cob));
    const auto id = ApplicationId::Parse(application_id);
    if (!id.ok()) return responder.Fail(id.error());
    Read(responder, [id = *id](const ResourceManagerCore& core, Now) {
      Result<std::vector<ContainerReport>> reports = core.Containers(id);
      if (!reports.ok()) return reports;
      // Of the thousand that are kept of it each may have ended with many words.
      std::vector<std::string*> words;
      for (ContainerReport& report : *reports) words.push_back(&report.diagnostics);
      CutToFit(words, limits::kFrameBytes / 4);
      return reports;
    });
  }

  void listNodes(std::function<void(const std::vector<idl::NodeReport>&)> cob,
                 ExceptionCob) override {
    const auto responder = RespondList<NodeReport, idl::NodeReport>(std::move(cob));
    Read(responder, [](const ResourceManagerCore& core, Now) -> Result<std::vector<NodeReport>> {
      return core.Nodes();
    });
  }

  void getClusterInfo(std::function<void(const idl::ClusterInfo&)> cob, ExceptionCob) override {
    const auto responder = context_.Respond<ClusterSummary>(
        [cob = std::move(cob), &environment = environment_](const ClusterSummary& summary) {
          idl::ClusterInfo info;
          info.__set_cluster_id(environment.cluster_id);
          info.__set_epoch(summary.epoch.value);
          info.__set_started_ms(ToMillis(summary.started));
          info.__set_http_address(environment.http_address);
          info.__set_minimum_allocation(wire::ToWire(environment.minimum_allocation));
          info.__set_maximum_allocation(wire::ToWire(environment.maximum_allocation));
          info.__set_total(wire::ToWire(summary.total));
          info.__set_allocated(wire::ToWire(summary.allocated));
          info.__set_nodes(static_cast<int32_t>(summary.nodes_active));
          cob(info);
        });
    Read(responder, [](const ResourceManagerCore& core, Now) -> Result<ClusterSummary> {
      return core.Summary();
    });
  }

 private:
  void WithGroups(UserGroups::Done then) {
    environment_.access.groups.Lookup(ActingUser(environment_.access, context_.caller()),
                                      std::move(then));
  }

  // Hands the core an event that needs a right on somebody's application. Of one that may be parked
  // it is told when the peer leaves; anything else is done all the same.
  template <typename Administered, typename Answer>
  void Administer(Administered event, const Responder<Answer>& responder) {
    event.user = ActingUser(environment_.access, context_.caller());
    WithGroups([event = std::move(event),
                responder,
                caller = context_.caller(),
                &environment = environment_](const UserGroups::Groups& groups) mutable {
      event.groups = groups;
      event.may_administer = IsAdministrator(environment.access, caller, groups);
      const auto make = [&event](CallId call) {
        event.call = call;
        return std::move(event);
      };
      if constexpr (requires { event.park; }) {
        ParkInCore(environment, Lane::kControl, make, responder);
      } else {
        StoreInCore(environment, Lane::kControl, make, responder);
      }
    });
  }

  Status Submit(const idl::SubmitRequest& request, const Responder<ApplicationId>& responder) {
    SubmitApplication submit;
    WEIR_ASSIGN_OR_RETURN(submit.context, wire::FromWire(request.context));
    submit.user = ActingUser(environment_.access, context_.caller());
    submit.idempotency_key = request.idempotency_key;
    WEIR_RETURN_IF_ERROR(environment_.staging.Pin(StagedFilesOf(submit.context.am_launch)));
    WithGroups([submit = std::move(submit), responder, &environment = environment_](
                   const UserGroups::Groups& groups) mutable {
      submit.groups = groups;
      SubmitPinned(environment, std::move(submit), responder);
    });
    return {};
  }

  // Never abandoned: whatever becomes of the peer, and also of one that was told that the store
  // does not answer, the files must find their application.
  static void SubmitPinned(const ServiceEnvironment& environment,
                           SubmitApplication submit,
                           const Responder<ApplicationId>& responder) {
    std::vector<std::string> files = StagedFilesOf(submit.context.am_launch);
    environment.server.Call(
        Lane::kControl,
        [&submit](CallId call) {
          submit.call = call;
          return std::move(submit);
        },
        [responder, files = std::move(files), &environment](CoreAnswer answer) {
          const auto* id = std::get_if<ApplicationId>(&answer);
          // A repeated submission may name an application that is over and has let go of its files.
          if (id != nullptr && !files.empty() && !environment.server.IsOver(*id)) {
            environment.staging.AddReferences(*id, files);
          }
          environment.staging.Unpin(files);
          Deliver(responder, std::move(answer));
        },
        [responder](Error error) { responder.Fail(std::move(error)); });
  }

  Responder<ApplicationReport> RespondReport(
      std::function<void(const idl::ApplicationReport&)> cob) {
    return context_.Respond<ApplicationReport>([cob = std::move(cob),
                                                caller = context_.caller(),
                                                &environment =
                                                    environment_](const ApplicationReport& report) {
      idl::ApplicationReport wire = wire::ToWire(report);
      const auto groups = environment.access.groups.Known(ActingUser(environment.access, caller));
      const bool may_talk =
          IsAdministrator(environment.access, caller, groups) || report.user == caller.user;
      // An AM that has told its final status may still tell clients how its job ended.
      const bool there = !IsTerminal(report.state) || report.running_containers > 0;
      if (may_talk && there && !report.am_address.empty()) {
        const ClientTokenIdentifier token{report.attempt, ActingUser(environment.access, caller)};
        wire.__set_client_token(wire::ToWire(environment.keys.Current()->Sign(token)));
      }
      cob(wire);
    });
  }

  Responder<ContainerReport> RespondContainer(
      std::function<void(const idl::ContainerReport&)> cob) {
    return context_.Respond<ContainerReport>(
        [cob = std::move(cob)](const ContainerReport& report) { cob(wire::ToWire(report)); });
  }

  template <typename Value, typename Wire>
  Responder<std::vector<Value>> RespondList(std::function<void(const std::vector<Wire>&)> cob) {
    return context_.Respond<std::vector<Value>>(
        [cob = std::move(cob)](const std::vector<Value>& values) {
          cob(wire::ListToWire<Wire>(values));
        });
  }

  // Answers with what `query` (core, now) -> Result<Answer> says.
  template <typename Answer, typename QueryFunction>
  void Read(const Responder<Answer>& responder, QueryFunction query) {
    environment_.server.Read(
        [responder, query = std::move(query)](const ResourceManagerCore& core, Now now) {
          responder.Finish(query(core, now));
        },
        [responder](Error error) { responder.Fail(std::move(error)); });
  }

  platform::ConnectionContext& context_;
  const ServiceEnvironment& environment_;
};

}  // namespace

Processor MakeClientService(platform::ConnectionContext& context,
                            const ServiceEnvironment& environment) {
  return std::make_shared<idl::ClientServiceAsyncProcessor>(
      std::make_shared<ClientHandler>(context, environment));
}

}  // namespace weir::rm
