// A real weir-resourcemanager over its real ports: who may call what, what survives kill -9, and
// how it refuses to start.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/limits.h"
#include "gen/AdminService.h"
#include "gen/ApplicationMasterService.h"
#include "gen/ClientService.h"
#include "gen/ResourceTrackerService.h"
#include "platform/crypto.h"
#include "platform/http_client.h"
#include "platform/rpc_security.h"
#include "platform/thrift_client.h"
#include "tests/integration/resource_manager_process.h"
#include "tests/support/temp_directory.h"
#include "wire/codec.h"

namespace weir::testing {
namespace {

using Json = nlohmann::json;
using platform::HelloIdentity;
using platform::ThriftClient;
using ClientRpc = ThriftClient<idl::ClientServiceClient>;
using TrackerRpc = ThriftClient<idl::ResourceTrackerServiceClient>;
using MasterRpc = ThriftClient<idl::ApplicationMasterServiceClient>;
using AdminRpc = ThriftClient<idl::AdminServiceClient>;

constexpr seconds kPatience{60};  // a hang guard
constexpr char kNodeUuid[] = "6f1c8a52-7f0e-4d0b-9b59-3f6f0d9a1c11";

template <typename Value>
std::string Said(const Result<Value>& result) {
  return result.ok() ? "ok" : result.error().ToString();
}

class ResourceManagerTest : public ::testing::Test {
 protected:
  void Start() { ASSERT_TRUE(rm_->Start()) << rm_->output(); }

  HelloIdentity Daemon() const {
    HelloIdentity identity;
    identity.secret = rm_->secret();
    identity.role = "daemon";
    identity.name = kNodeUuid;
    return identity;
  }
  ClientRpc LocalClient() const { return ClientRpc(rm_->socket("client_socket"), {}); }

  idl::SubmitRequest Submission(const std::string& key) const {
    SubmissionContext context;
    context.name = "sleeper";
    context.type = "WEIR_COMMAND";
    context.am_resource = {1024, 1};
    context.am_launch.command = {"/bin/sleep", "1000"};
    for (const auto& [name, sha256] : staged_) {
      LocalResource resource;
      resource.uri = "staging:" + sha256;
      resource.sha256 = sha256;
      resource.size = static_cast<int64_t>(name.size());
      context.am_launch.local_resources[name] = resource;
    }
    idl::SubmitRequest request;
    request.__set_idempotency_key(key);
    request.__set_context(wire::ToWire(context));
    return request;
  }
  Result<std::string> Submit(const std::string& key) const {
    ClientRpc client = LocalClient();
    const idl::SubmitRequest request = Submission(key);
    return client.Call(kPatience, [&](auto& rpc) {
      idl::SubmitAnswer answer;
      rpc.submitApplication(answer, request);
      return answer.application_id;
    });
  }
  Result<idl::ApplicationReport> Report(const std::string& id) const {
    ClientRpc client = LocalClient();
    idl::GetApplicationRequest request;
    request.__set_application_id(id);
    return client.Call(kPatience, [&](auto& rpc) {
      idl::ApplicationReport report;
      rpc.getApplication(report, request);
      return report;
    });
  }

  // Long-polls until the application is over: its end is shown only when it is durable.
  Result<idl::ApplicationReport> AwaitEnd(const std::string& id) const {
    ClientRpc client = LocalClient();
    idl::GetApplicationRequest request;
    request.__set_application_id(id);
    request.__set_park_ms(10'000);
    for (int polls = 0; polls < 100; ++polls) {
      WEIR_ASSIGN_OR_RETURN(const idl::ApplicationReport report,
                            client.Call(kPatience, [&](auto& rpc) {
                              idl::ApplicationReport got;
                              rpc.getApplication(got, request);
                              return got;
                            }));
      if (IsTerminal(static_cast<ApplicationState>(report.state))) return report;
      request.__set_known_version(report.version);
    }
    return Error{ErrorCode::kDeadlineExceeded, id + " does not end", ""};
  }

  platform::HttpAnswer Http(platform::HttpCall call) const {
    call.server = rm_->address("http");
    const auto answer = platform::CallHttp(call);
    EXPECT_TRUE(answer.ok()) << Said(answer);
    return answer.ok() ? *answer : platform::HttpAnswer{};
  }
  platform::HttpAnswer Get(const std::string& target) const {
    platform::HttpCall call;
    call.target = target;
    return Http(call);
  }
  // Uploads a file whose name is its content.
  void Stage(const std::string& content) {
    const std::string sha256 = platform::Sha256Hex(content);
    platform::HttpCall call;
    call.method = "PUT";
    call.target = "/staging/" + sha256;
    call.body = content;
    EXPECT_EQ(Http(call).status, 201);
    staged_[content] = sha256;
  }

  TempDirectory directory_;
  std::unique_ptr<ResourceManagerProcess> rm_ =
      std::make_unique<ResourceManagerProcess>(directory_.path());
  std::map<std::string, std::string> staged_;  // content -> hash
};

// A NodeManager and an ApplicationMaster as far as the ResourceManager sees them.
class FakeNode {
 public:
  FakeNode(const ResourceManagerProcess& rm, const HelloIdentity& daemon)
      : rpc_(rm.endpoint("tracker"), daemon) {}

  Result<idl::RegisterNodeAnswer> Register() {
    RegisterNodeRequest request;
    request.id = {kNodeUuid};
    request.address = {"127.0.0.1", 45454};
    request.http_address = "127.0.0.1:8042";
    request.rack = "/default-rack";
    request.capacity = {4096, 4};
    auto answer = rpc_.Call(kPatience, [&](auto& rpc) {
      idl::RegisterNodeAnswer registered;
      rpc.registerNode(registered, wire::ToWire(request));
      return registered;
    });
    if (answer.ok()) {
      session_ = answer->session;
      auto keys = wire::KeysFromWire(*answer);
      if (!keys.ok()) return keys.error();
      keys_ = *std::move(keys);
    }
    return answer;
  }
  // Heartbeats until there is something to start.
  Result<StartContainerCommand> AwaitStart() {
    for (int polls = 0; polls < 100; ++polls) {
      WEIR_ASSIGN_OR_RETURN(const NodeHeartbeatAnswer answer, Heartbeat({}));
      if (!answer.start.empty()) return answer.start.front();
    }
    return Error{ErrorCode::kDeadlineExceeded, "no start command came", ""};
  }
  Result<NodeHeartbeatAnswer> Heartbeat(std::vector<ContainerStatus> containers) {
    NodeHeartbeatRequest request;
    request.session = session_;
    request.sequence = ++sequence_;
    request.containers = std::move(containers);
    request.park = milliseconds(200);
    WEIR_ASSIGN_OR_RETURN(const idl::NodeHeartbeatAnswer answer,
                          rpc_.Call(kPatience, [&](auto& rpc) {
                            idl::NodeHeartbeatAnswer beat;
                            rpc.nodeHeartbeat(beat, wire::ToWire(request, NodeId{kNodeUuid}));
                            return beat;
                          }));
    return wire::FromWire(answer, keys_);
  }
  const platform::TokenKeys& keys() const { return keys_; }

 private:
  TrackerRpc rpc_;
  platform::TokenKeys keys_;
  int64_t session_ = 0;
  int64_t sequence_ = 0;
};

TEST_F(ResourceManagerTest, SaysHelloToItsOwnKindOfCallerOnEachPort) {
  Start();
  ClientRpc local = LocalClient();
  const auto by_socket = local.Call(kPatience, [](auto& rpc) {
    idl::ClusterInfo info;
    rpc.getClusterInfo(info);
    return info;
  });
  ASSERT_TRUE(by_socket.ok()) << Said(by_socket);
  EXPECT_EQ(by_socket->http_address, rm_->address("http").ToString());
  EXPECT_EQ(by_socket->epoch, 1);

  ClientRpc remote(rm_->endpoint("client"), Daemon());
  const auto nodes = remote.Call(kPatience, [](auto& rpc) {
    std::vector<idl::NodeReport> list;
    rpc.listNodes(list);
    return list;
  });
  EXPECT_TRUE(nodes.ok()) << Said(nodes);

  AdminRpc local_admin(rm_->socket("admin_socket"), {});
  AdminRpc remote_admin(rm_->endpoint("admin"), Daemon());
  for (AdminRpc* admin : {&local_admin, &remote_admin}) {
    const auto state = admin->Call(kPatience, [](auto& rpc) {
      idl::ServiceState answer;
      rpc.getServiceState(answer);
      return answer;
    });
    ASSERT_TRUE(state.ok()) << Said(state);
    EXPECT_EQ(state->state, "ACTIVE");
    EXPECT_EQ(state->store, "leveldb");
    const Status healthy = admin->Call(kPatience, [](auto& rpc) { rpc.checkHealth(); });
    EXPECT_TRUE(healthy.ok()) << Said(healthy);
  }
}

TEST_F(ResourceManagerTest, RefusesCallersWithoutTheCredentialOfThePort) {
  Start();
  HelloIdentity wrong = Daemon();
  wrong.secret = "another secret of enough bytes";
  FakeNode stranger(*rm_, wrong);
  const auto registered = stranger.Register();
  ASSERT_FALSE(registered.ok());
  EXPECT_EQ(registered.error().code, ErrorCode::kUnauthenticated);

  const platform::TokenKeys forged(std::map<int, std::string>{{1, std::string(32, 'k')}});
  const platform::SignedToken token = forged.Sign(AmTokenIdentifier{{{1, 1}, 1}});
  HelloIdentity master;
  master.token = &token;
  MasterRpc rpc(rm_->endpoint("master"), master);
  const Status finished = rpc.Call(kPatience, [](auto& r) { r.finishMaster({}); });
  ASSERT_FALSE(finished.ok());
  EXPECT_EQ(finished.error().code, ErrorCode::kUnauthenticated);

  HelloIdentity other_cluster;
  other_cluster.cluster_id = "elsewhere";
  ClientRpc client(rm_->socket("client_socket"), other_cluster);
  const auto info = client.Call(kPatience, [](auto& r) {
    idl::ClusterInfo answer;
    r.getClusterInfo(answer);
    return answer;
  });
  EXPECT_FALSE(info.ok());
}

TEST_F(ResourceManagerTest, KnowsAnAcknowledgedApplicationAfterKillMinusNine) {
  Start();
  const auto id = Submit("key-1");
  ASSERT_TRUE(id.ok()) << Said(id);
  const auto again = Submit("key-1");
  ASSERT_TRUE(again.ok()) << Said(again);
  EXPECT_EQ(*again, *id) << "a repeated submission is the same application";
  const Json listed = Json::parse(Get("/ws/v1/cluster/apps").body);
  ASSERT_EQ(listed.at("apps").at("app").size(), 1u);
  EXPECT_EQ(listed.at("apps").at("app").at(0).at("id"), *id);
  EXPECT_EQ(listed.at("apps").at("app").at(0).at("state"), "ACCEPTED");

  rm_->KillHard();
  Start();
  const auto report = Report(*id);
  ASSERT_TRUE(report.ok()) << Said(report);
  EXPECT_EQ(report->name, "sleeper");
  EXPECT_EQ(report->state, static_cast<int32_t>(ApplicationState::kAccepted)) << "it waits again";
  const auto repeated = Submit("key-1");
  ASSERT_TRUE(repeated.ok()) << Said(repeated);
  EXPECT_EQ(*repeated, *id) << "the key is known after the restart, too";
  const auto next = Submit("key-2");
  ASSERT_TRUE(next.ok()) << Said(next);
  EXPECT_NE(*next, *id);
  EXPECT_NE(next->substr(0, next->rfind('_')), id->substr(0, id->rfind('_')))
      << "a new epoch has its own timestamp";
}

TEST_F(ResourceManagerTest, KeepsAFinalStateOverKillMinusNine) {
  Start();
  const auto id = Submit("key-1");
  ASSERT_TRUE(id.ok()) << Said(id);
  ClientRpc client = LocalClient();
  idl::KillRequest request;
  request.__set_application_id(*id);
  request.__set_diagnostics("not needed any more");
  const auto killed = client.Call(kPatience, [&](auto& rpc) {
    idl::ApplicationReport report;
    rpc.killApplication(report, request);
    return report;
  });
  ASSERT_TRUE(killed.ok()) << Said(killed);
  rm_->KillHard();
  Start();
  const auto ended = AwaitEnd(*id);
  ASSERT_TRUE(ended.ok()) << Said(ended);
  const Json app = Json::parse(Get("/ws/v1/cluster/apps/" + *id).body).at("app");
  EXPECT_EQ(app.at("state"), "KILLED");
  EXPECT_EQ(app.at("finalStatus"), "KILLED");
  EXPECT_NE(app.at("diagnostics").get<std::string>().find("not needed any more"),
            std::string::npos);
}

TEST_F(ResourceManagerTest, StepsDownWhenItsDiskIsFullAndLosesNothingItAcknowledged) {
  constexpr int kSubmissionsAtMost = 10'000;
  rm_->LimitFileSize(64);
  Start();
  std::vector<std::string> acknowledged;
  Result<std::string> last = std::string();
  for (int i = 0; i < kSubmissionsAtMost && last.ok(); ++i) {
    last = Submit("key-" + std::to_string(i));
    if (last.ok()) acknowledged.push_back(*last);
  }
  ASSERT_FALSE(last.ok()) << "the disk was never full";
  EXPECT_EQ(rm_->Wait(), 1) << rm_->output();
  ASSERT_FALSE(acknowledged.empty());

  rm_->LimitFileSize(0);
  Start();
  for (const std::string& id : acknowledged) {
    const auto report = Report(id);
    EXPECT_TRUE(report.ok()) << Said(report);
  }
}

TEST_F(ResourceManagerTest, GivesAnApplicationMasterItsTokenItsAddressesAndItsFiles) {
  Start();
  Stage("the content of a library");
  const auto id = Submit("key-1");
  ASSERT_TRUE(id.ok()) << Said(id);
  FakeNode node(*rm_, Daemon());
  const auto registered = node.Register();
  ASSERT_TRUE(registered.ok()) << Said(registered);
  EXPECT_EQ(registered->rm_http_address, rm_->address("http").ToString());
  const auto start = node.AwaitStart();
  ASSERT_TRUE(start.ok()) << Said(start);

  const auto& variables = start->launch.environment;
  EXPECT_EQ(variables.at("WEIR_RM_MASTER_ADDRESS"), rm_->address("master").ToString());
  EXPECT_EQ(variables.at("WEIR_RM_HTTP_ADDRESS"), rm_->address("http").ToString());
  EXPECT_EQ(variables.at("WEIR_CLUSTER_ID"), "weir");
  EXPECT_EQ(variables.at("WEIR_ATTEMPT_ID"), start->token.id.attempt.ToString());
  EXPECT_EQ(variables.at("WEIR_SUBMIT_USER"), platform::UserName(geteuid()));

  // Its container fetches what the application refers to, and nothing without a token.
  platform::HttpCall fetch;
  fetch.target = "/staging/" + staged_.begin()->second;
  EXPECT_EQ(Http(fetch).status, 401);
  fetch.headers["X-Weir-Token"] = platform::EncodeTokenFile(node.keys().Sign(start->token));
  const platform::HttpAnswer fetched = Http(fetch);
  EXPECT_EQ(fetched.status, 200);
  EXPECT_EQ(fetched.body, "the content of a library");
  fetch.target = "/staging/" + platform::Sha256Hex("of another application");
  EXPECT_EQ(Http(fetch).status, 403);

  // The token in its secrets opens the master port.
  const auto token = platform::DecodeTokenFile(start->launch.secrets.at("am.token"));
  ASSERT_TRUE(token.ok()) << Said(token);
  HelloIdentity identity;
  identity.token = &*token;
  MasterRpc master(rm_->endpoint("master"), identity);
  ASSERT_TRUE(node.Heartbeat({{start->token.id,
                               ContainerState::kRunning,
                               exit_code::kNotYet,
                               "",
                               start->token.resource}})
                  .ok());
  idl::RegisterMasterRequest registration;
  registration.__set_rpc_address(wire::ToWire(HostPort{"127.0.0.1", 4242}));
  const auto answer = master.Call(kPatience, [&](auto& rpc) {
    idl::RegisterMasterAnswer got;
    rpc.registerMaster(got, registration);
    return got;
  });
  ASSERT_TRUE(answer.ok()) << Said(answer);

  // Its owner gets a client token that the key of the registration verifies.
  const auto report = Report(*id);
  ASSERT_TRUE(report.ok()) << Said(report);
  EXPECT_EQ(report->state, static_cast<int32_t>(ApplicationState::kRunning));
  const auto client = platform::VerifyClient(wire::FromWire(report->client_token),
                                             wire::FromWire(answer->credentials).client_keys);
  ASSERT_TRUE(client.ok()) << Said(client);
  EXPECT_EQ(client->user, platform::UserName(geteuid()));

  idl::FinishMasterRequest finish;
  finish.__set_final_status(static_cast<int32_t>(FinalStatus::kSucceeded));
  const Status finished = master.Call(kPatience, [&](auto& rpc) { rpc.finishMaster(finish); });
  EXPECT_TRUE(finished.ok()) << Said(finished);
}

// A final word of 20 MB is cut by who says it; sent uncut it is refused, and harms nobody else.
TEST_F(ResourceManagerTest, KeepsTheBeginningAndTheEndOfAVeryLongDiagnosis) {
  Start();
  const auto id = Submit("key-1");
  ASSERT_TRUE(id.ok()) << Said(id);
  FakeNode node(*rm_, Daemon());
  ASSERT_TRUE(node.Register().ok());
  const auto start = node.AwaitStart();
  ASSERT_TRUE(start.ok()) << Said(start);
  const auto token = platform::DecodeTokenFile(start->launch.secrets.at("am.token"));
  ASSERT_TRUE(token.ok()) << Said(token);
  ContainerStatus running{.id = start->token.id, .state = ContainerState::kRunning};
  running.exit_code = exit_code::kNotYet;
  running.resource = start->token.resource;
  ASSERT_TRUE(node.Heartbeat({running}).ok());
  HelloIdentity identity;
  identity.token = &*token;
  MasterRpc master(rm_->endpoint("master"), identity);
  ASSERT_TRUE(master
                  .Call(kPatience,
                        [](auto& rpc) {
                          idl::RegisterMasterAnswer got;
                          rpc.registerMaster(got, {});
                        })
                  .ok());

  const FinishMasterRequest last{.final_status = FinalStatus::kFailed,
                                 .diagnostics = "first" + std::string(20u << 20, '.') + "last",
                                 .tracking_url = ""};
  idl::FinishMasterRequest uncut = wire::ToWire(last);
  uncut.__set_diagnostics(last.diagnostics);
  MasterRpc reckless(rm_->endpoint("master"), identity);
  EXPECT_FALSE(reckless.Call(kPatience, [&](auto& rpc) { rpc.finishMaster(uncut); }).ok());
  EXPECT_EQ(Report(*id)->state, static_cast<int32_t>(ApplicationState::kRunning));
  const Status finished =
      master.Call(kPatience, [&](auto& rpc) { rpc.finishMaster(wire::ToWire(last)); });
  ASSERT_TRUE(finished.ok()) << Said(finished);
  running.state = ContainerState::kComplete;
  running.exit_code = 1;
  running.diagnostics = last.diagnostics;
  ASSERT_TRUE(node.Heartbeat({running}).ok());

  const auto other = Submit("key-2");
  EXPECT_TRUE(other.ok()) << Said(other);
  for (const bool restarted : {false, true}) {
    if (restarted) {
      rm_->KillHard();
      Start();
    }
    const auto report = AwaitEnd(*id);
    ASSERT_TRUE(report.ok()) << Said(report);
    EXPECT_LE(report->diagnostics.size(), limits::kDiagnosticsBytes);
    EXPECT_EQ(report->diagnostics.substr(0, 6), "first.");
    EXPECT_EQ(report->diagnostics.substr(report->diagnostics.size() - 5), ".last");
    EXPECT_TRUE(Report(*other).ok());
  }
}

TEST_F(ResourceManagerTest, RefusesASubmissionWhoseFilesAreNotThere) {
  Start();
  staged_["missing"] = platform::Sha256Hex("missing");
  const auto id = Submit("key-1");
  ASSERT_FALSE(id.ok());
  EXPECT_EQ(id.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(Get("/ws/v1/cluster/apps").body, R"({"apps":{}})");
}

TEST_F(ResourceManagerTest, ServesItsPageMetricsAndHealth) {
  Start();
  const auto page = Get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("Weir cluster weir"), std::string::npos);
  EXPECT_EQ(Get("/static/weir.css").status, 200);
  EXPECT_EQ(Get("/healthz").status, 200);
  EXPECT_EQ(Get("/readyz").status, 200);
  EXPECT_NE(Get("/metrics").body.find("\nweir_rm_epoch 1\n"), std::string::npos);
  EXPECT_EQ(Get("/ws/v1/cluster/apps?states=SLEEPING").status, 400);
  EXPECT_EQ(Get("/ws/v1/cluster/apps/application_1_0001").status, 404);
}

TEST_F(ResourceManagerTest, StopsCleanlyWhenAskedTo) {
  Start();
  EXPECT_EQ(rm_->Terminate(), 0) << rm_->output();
  EXPECT_FALSE(std::filesystem::exists(rm_->address_file()));
  Start();  // the same store again
}

TEST_F(ResourceManagerTest, RefusesAStoreThatAnotherOneHolds) {
  Start();
  const std::string other = directory_ / "other";
  std::filesystem::create_directory(other);
  ResourceManagerProcess second(
      other, {{"yarn.resourcemanager.leveldb-state-store.path", directory_ / "rm/store"}});
  EXPECT_FALSE(second.Start());
  EXPECT_EQ(second.Wait(), 11) << second.output();
  EXPECT_NE(second.output().find(directory_ / "rm/store"), std::string::npos);
  EXPECT_EQ(Get("/healthz").status, 200) << "the first one is not disturbed";
}

TEST_F(ResourceManagerTest, RefusesAPortThatIsTaken) {
  Start();
  const std::string other = directory_ / "other";
  std::filesystem::create_directory(other);
  for (const auto& [key, name] :
       {std::pair<const char*, const char*>{"yarn.resourcemanager.webapp.address", "http"},
        {"yarn.resourcemanager.address", "client"}}) {
    ResourceManagerProcess second(other, {{key, rm_->address(name).ToString()}});
    EXPECT_FALSE(second.Start()) << key;
    EXPECT_EQ(second.Wait(), 10) << second.output();
  }
}

TEST_F(ResourceManagerTest, TellsEveryFaultOfItsConfigurationAtOnce) {
  ResourceManagerProcess faulty(directory_.path(),
                                {{"yarn.resourcemanager.webapp.address", "0.0.0.0:0"},
                                 {"yarn.resourcemanager.store.class", "cloud"},
                                 {"yarn.nm.liveness-monitor.expiry-interval-ms", "soon"}});
  EXPECT_FALSE(faulty.Start());
  EXPECT_EQ(faulty.Wait(), 2);
  const std::string output = faulty.output();
  EXPECT_NE(output.find("0.0.0.0"), std::string::npos) << output;
  EXPECT_NE(output.find("cloud"), std::string::npos) << output;
  EXPECT_NE(output.find("soon"), std::string::npos) << output;
  EXPECT_FALSE(std::filesystem::exists(directory_ / "rm")) << "nothing was changed";
}

}  // namespace
}  // namespace weir::testing
