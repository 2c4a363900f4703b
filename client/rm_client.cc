#include "client/rm_client.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "client/active_rm.h"
#include "common/limits.h"
#include "common/patience.h"
#include "common/strings.h"
#include "gen/ClientService.h"
#include "platform/config_keys.h"
#include "platform/crypto.h"
#include "platform/http_client.h"
#include "platform/rm_places.h"
#include "wire/codec.h"
#include "wire/lists_codec.h"

namespace weir::cli {
namespace {

constexpr Duration kCallTimeout = seconds(30);
constexpr int32_t kPage = 1000;
// Who is kept waiting by the state store hears of it.
static_assert(kCallTimeout >= kStorePatience + seconds(5));

constexpr char kRemedy[] =
    "start weir-resourcemanager, or name its work directory with -D weir.work.dir=DIR";

// The message of {"RemoteException": {"message": ...}}; the start of the body when it is not that.
std::string RefusalText(const std::string& body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  const nlohmann::json::json_pointer message("/RemoteException/message");
  if (json.is_object() && json.contains(message) && json.at(message).is_string()) {
    return json.at(message).get<std::string>();
  }
  return body.substr(0, 500);
}

// A standby sends elsewhere, or says that it is one.
bool IsStandbys(const platform::HttpAnswer& answer) {
  constexpr int kElsewhere = 307;
  constexpr int kNotNow = 503;
  return answer.status == kElsewhere ||
         (answer.status == kNotNow && answer.body.find("StandbyException") != std::string::npos);
}

}  // namespace

struct RmClient::State {
  explicit State(const platform::Configuration& configuration)
      : config(configuration), link(ReadRmReach(config, platform::RmClientSocket), kRemedy) {}

  // What is asked for here may be asked for again: changes are absolute, a submission has its key.
  template <typename Function>
  auto Call(Duration timeout, const Function& function) {
    return link.Call(timeout, Repeat::kYes, function);
  }

  // For what takes time at a node: to ask twice would do it twice.
  template <typename Function>
  auto CallOnce(Duration timeout, const Function& function) {
    return link.Call(timeout, Repeat::kNo, function);
  }

  // `call` (rm, report) fills in the report.
  template <typename Function>
  Result<ApplicationReport> CallForReport(const Function& call) {
    WEIR_ASSIGN_OR_RETURN(const auto wire, Call(kCallTimeout, [&](idl::ClientServiceClient& rm) {
                            idl::ApplicationReport report;
                            call(rm, report);
                            return report;
                          }));
    return wire::FromWire(wire);
  }

  const platform::Configuration config;
  ActiveRm<idl::ClientServiceClient> link;
  uint64_t watched_over = 0;  // the connection of the last watch
};

RmClient::RmClient(const platform::Configuration& config)
    : state_(std::make_unique<State>(config)) {}
RmClient::~RmClient() = default;

Result<ApplicationId> RmClient::Submit(const SubmissionContext& context) {
  idl::SubmitRequest request;
  request.__set_idempotency_key(platform::RandomUuid());
  request.__set_context(wire::ToWire(context));
  const auto submit = [&](idl::ClientServiceClient& rm) {
    idl::SubmitAnswer answer;
    rm.submitApplication(answer, request);
    return answer;
  };
  auto answer = state_->Call(kCallTimeout, submit);
  // Of several it has been asked for again already.
  const ActiveRm<idl::ClientServiceClient>& link = state_->link;
  if (!answer.ok() && answer.error().code == ErrorCode::kUnavailable && !link.reach().several &&
      !link.connected()) {
    answer = state_->Call(kCallTimeout, submit);
  }
  if (!answer.ok()) return std::move(answer).error();
  return ApplicationId::Parse(answer->application_id);
}

Result<WatchedApplication> RmClient::Watch(const ApplicationId& id,
                                           int64_t known_version,
                                           Duration park) {
  idl::GetApplicationRequest request;
  request.__set_application_id(id.ToString());
  request.__set_known_version(known_version);
  request.__set_park_ms(static_cast<int32_t>(ToMillis(park)));
  WEIR_ASSIGN_OR_RETURN(const auto wire,
                        state_->Call(kCallTimeout + park, [&](idl::ClientServiceClient& rm) {
                          // Another ResourceManager counts its versions anew.
                          const uint64_t over = state_->link.connections();
                          if (std::exchange(state_->watched_over, over) != over) {
                            request.__set_known_version(-1);
                          }
                          idl::ApplicationReport report;
                          rm.getApplication(report, request);
                          return report;
                        }));
  WatchedApplication watched;
  WEIR_ASSIGN_OR_RETURN(watched.report, wire::FromWire(wire));
  if (wire.__isset.client_token) watched.client_token = wire::FromWire(wire.client_token);
  return watched;
}

Result<std::vector<ApplicationReport>> RmClient::List(const ListFilter& filter) {
  idl::ListApplicationsRequest request;
  std::set<int32_t> states;
  for (const ApplicationState state : filter.states) states.insert(static_cast<int32_t>(state));
  request.__set_states(std::move(states));
  request.__set_user(filter.user);
  request.__set_queue(filter.queue);
  request.__set_limit(kPage);
  request.__set_after_id("");
  std::vector<ApplicationReport> applications;
  while (true) {
    WEIR_ASSIGN_OR_RETURN(const auto page,
                          state_->Call(kCallTimeout, [&](idl::ClientServiceClient& rm) {
                            idl::ListApplicationsAnswer answer;
                            rm.listApplications(answer, request);
                            return answer;
                          }));
    for (const auto& wire : page.applications) {
      WEIR_ASSIGN_OR_RETURN(auto report, wire::FromWire(wire));
      applications.push_back(std::move(report));
    }
    if (!page.more || page.applications.empty()) return applications;
    request.__set_after_id(page.applications.back().id);
  }
}

Result<ApplicationReport> RmClient::Kill(const ApplicationId& id, const std::string& diagnostics) {
  idl::KillRequest request;
  request.__set_application_id(id.ToString());
  request.__set_diagnostics(CutMiddle(diagnostics, limits::kDiagnosticsBytes));
  WEIR_ASSIGN_OR_RETURN(const auto wire,
                        state_->Call(kCallTimeout, [&](idl::ClientServiceClient& rm) {
                          idl::ApplicationReport report;
                          rm.killApplication(report, request);
                          return report;
                        }));
  return wire::FromWire(wire);
}

Result<ApplicationReport> RmClient::Move(const ApplicationId& id, const std::string& queue) {
  idl::MoveRequest request;
  request.__set_application_id(id.ToString());
  request.__set_queue(queue);
  return state_->CallForReport(
      [&](auto& rm, auto& report) { rm.moveApplication(report, request); });
}

Result<ApplicationReport> RmClient::UpdatePriority(const ApplicationId& id, int32_t priority) {
  idl::PriorityRequest request;
  request.__set_application_id(id.ToString());
  request.__set_priority(priority);
  return state_->CallForReport([&](auto& rm, auto& report) { rm.updatePriority(report, request); });
}

Result<ApplicationReport> RmClient::UpdateLifetime(const ApplicationId& id, Duration lifetime) {
  idl::LifetimeRequest request;
  request.__set_application_id(id.ToString());
  request.__set_lifetime_ms(ToMillis(lifetime));
  return state_->CallForReport([&](auto& rm, auto& report) { rm.updateLifetime(report, request); });
}

Result<Explanation> RmClient::Explain(const ApplicationId& id) {
  WEIR_ASSIGN_OR_RETURN(const auto wire,
                        state_->Call(kCallTimeout, [&](idl::ClientServiceClient& rm) {
                          idl::Explanation explanation;
                          rm.explainApplication(explanation, id.ToString());
                          return explanation;
                        }));
  return wire::FromWire(wire);
}

Result<std::vector<QueueReport>> RmClient::Queues(const std::string& under, bool with_users) {
  idl::ListQueuesRequest request;
  request.__set_under(under);
  request.__set_after_path("");
  request.__set_users(with_users);
  std::vector<QueueReport> queues;
  while (true) {
    WEIR_ASSIGN_OR_RETURN(const auto page,
                          state_->Call(kCallTimeout, [&](idl::ClientServiceClient& rm) {
                            idl::ListQueuesAnswer answer;
                            rm.listQueues(answer, request);
                            return answer;
                          }));
    for (const auto& wire : page.queues) {
      WEIR_ASSIGN_OR_RETURN(auto report, wire::FromWire(wire));
      queues.push_back(std::move(report));
    }
    if (!page.more || page.queues.empty()) return queues;
    request.__set_after_path(page.queues.back().path);
  }
}

Result<std::vector<LabelReport>> RmClient::Labels() {
  WEIR_ASSIGN_OR_RETURN(const auto wires,
                        state_->Call(kCallTimeout, [&](idl::ClientServiceClient& rm) {
                          std::vector<idl::LabelReport> reports;
                          rm.listLabels(reports);
                          return reports;
                        }));
  return wire::ListFromWire<LabelReport>(wires);
}

Result<ContainerReport> RmClient::ResizeContainer(const ContainerId& id,
                                                  std::optional<int64_t> memory_mib,
                                                  std::optional<int64_t> vcores,
                                                  Duration park) {
  idl::ResizeContainerRequest request;
  request.__set_container_id(id.ToString());
  if (memory_mib) request.__set_memory_mib(*memory_mib);
  if (vcores) request.__set_vcores(*vcores);
  request.__set_park_ms(wire::ParkToWire(park));
  WEIR_ASSIGN_OR_RETURN(const auto wire,
                        state_->CallOnce(kCallTimeout + park, [&](idl::ClientServiceClient& rm) {
                          idl::ContainerReport report;
                          rm.resizeContainer(report, request);
                          return report;
                        }));
  return wire::FromWire(wire);
}

Result<ContainerReport> RmClient::SignalContainer(const ContainerId& id,
                                                  ContainerSignal signal,
                                                  Duration park) {
  idl::SignalContainerRequest request;
  request.__set_container_id(id.ToString());
  request.__set_signal(static_cast<int32_t>(signal));
  request.__set_park_ms(wire::ParkToWire(park));
  WEIR_ASSIGN_OR_RETURN(const auto wire,
                        state_->CallOnce(kCallTimeout + park, [&](idl::ClientServiceClient& rm) {
                          idl::ContainerReport report;
                          rm.signalContainer(report, request);
                          return report;
                        }));
  return wire::FromWire(wire);
}

Result<std::vector<ContainerReport>> RmClient::Containers(const ApplicationId& id) {
  WEIR_ASSIGN_OR_RETURN(const auto wires,
                        state_->Call(kCallTimeout, [&](idl::ClientServiceClient& rm) {
                          std::vector<idl::ContainerReport> reports;
                          rm.listContainers(reports, id.ToString());
                          return reports;
                        }));
  std::vector<ContainerReport> reports;
  for (const auto& wire : wires) {
    WEIR_ASSIGN_OR_RETURN(auto report, wire::FromWire(wire));
    reports.push_back(std::move(report));
  }
  return reports;
}

Result<std::vector<NodeReport>> RmClient::Nodes() {
  WEIR_ASSIGN_OR_RETURN(const auto wires,
                        state_->Call(kCallTimeout, [&](idl::ClientServiceClient& rm) {
                          std::vector<idl::NodeReport> reports;
                          rm.listNodes(reports);
                          return reports;
                        }));
  std::vector<NodeReport> reports;
  for (const auto& wire : wires) {
    WEIR_ASSIGN_OR_RETURN(auto report, wire::FromWire(wire));
    reports.push_back(std::move(report));
  }
  return reports;
}

Result<ClusterFacts> RmClient::Cluster() {
  WEIR_ASSIGN_OR_RETURN(const auto wire,
                        state_->Call(kCallTimeout, [&](idl::ClientServiceClient& rm) {
                          idl::ClusterInfo info;
                          rm.getClusterInfo(info);
                          return info;
                        }));
  ClusterFacts facts;
  WEIR_ASSIGN_OR_RETURN(facts.minimum_allocation, wire::FromWire(wire.minimum_allocation));
  WEIR_ASSIGN_OR_RETURN(facts.maximum_allocation, wire::FromWire(wire.maximum_allocation));
  facts.cluster_id = wire.cluster_id;
  facts.http_address = wire.http_address;
  facts.nodes = wire.nodes;
  return facts;
}

Result<Resource> RmClient::NormalizeContainer(const Resource& asked) {
  WEIR_ASSIGN_OR_RETURN(const ClusterFacts cluster, Cluster());
  WEIR_ASSIGN_OR_RETURN(
      Resource normal,
      NormalizeRequest(asked, cluster.minimum_allocation, cluster.maximum_allocation));
  for (const NamedAmount& part : asked.named) {
    const int64_t most = cluster.maximum_allocation.Named(part.name);
    if (part.amount > most) {
      return Error{ErrorCode::kInvalidArgument,
                   most == 0 ? "no '" + part.name + "' can be had in this cluster"
                             : "a container with " + std::to_string(part.amount) + " of " +
                                   part.name + " is over the maximum of " + std::to_string(most),
                   "see yarn.resource-types of the ResourceManager"};
    }
    normal.SetNamed(part.name, part.amount);
  }
  return normal;
}

// The active one's.
Result<HostPort> RmClient::HttpAddress() {
  if (state_->link.reach().several) {
    WEIR_ASSIGN_OR_RETURN(const ClusterFacts cluster, Cluster());
    return HostPort::Parse(cluster.http_address);
  }
  WEIR_ASSIGN_OR_RETURN(
      const auto endpoints,
      platform::FindRmEndpoints(state_->config, "http", platform::keys::kRmHttpAddress));
  return endpoints.front().address;
}

// Repeating it is harmless: it is stored by its hash.
Status RmClient::Upload(const std::string& path, const std::string& sha256) {
  // Calls succeed meanwhile, so this has a patience of its own.
  FailoverPatience patience(state_->link.reach());
  while (true) {
    WEIR_ASSIGN_OR_RETURN(const HostPort server, HttpAddress());
    const auto answer = platform::CallHttp({.server = server,
                                            .method = "PUT",
                                            .target = "/staging/" + sha256,
                                            .headers = {},
                                            .body = "",
                                            .body_file = path});
    if (answer.ok() && answer->status / 100 == 2) return {};
    const bool elsewhere =
        answer.ok() ? IsStandbys(*answer) : MayRepeat(answer.error(), Repeat::kYes);
    if (elsewhere && patience.Pause()) continue;
    if (answer.ok()) {
      return Error{ErrorCode::kUnavailable,
                   "the ResourceManager refused the upload of " + path + " (HTTP " +
                       std::to_string(answer->status) + "): " + RefusalText(answer->body),
                   ""};
    }
    if (answer.error().code != ErrorCode::kUnavailable) return answer.error();
    return Error{
        ErrorCode::kUnavailable,
        "no ResourceManager answers at http://" + server.ToString() + ": " + answer.error().message,
        kRemedy};
  }
}

Result<LocalResource> RmClient::Stage(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const auto digest, platform::DigestFile(path));
  WEIR_RETURN_IF_ERROR(Upload(path, digest.sha256));
  return LocalResource{.uri = "staging:" + digest.sha256,
                       .size = digest.size,
                       .mtime_ms = 0,
                       .sha256 = digest.sha256,
                       .visibility = LocalResourceVisibility::kApplication};
}

}  // namespace weir::cli
