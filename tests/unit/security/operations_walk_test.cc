// Every operation, at a real port, by callers of every kind and with every wrong credential: who
// may not is told so with the right code, it is written down, and no handler is entered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "any_call.h"
#include "common/strings.h"
#include "platform/audit_log.h"
#include "platform/authenticators.h"
#include "platform/http_client.h"
#include "platform/http_server.h"
#include "platform/thrift_client.h"
#include "platform/thrift_server.h"
#include "security/operations.h"
#include "tests/support/temp_directory.h"

namespace weir::testing {
namespace {

using platform::HelloIdentity;
using platform::SignedToken;
using security::Operation;
using security::OperationKind;
using security::Role;
using security::Roles;
using security::Service;
using Client = platform::ThriftClient<AnyCall>;

constexpr seconds kPatience{60};  // a hang guard
constexpr char kSecret[] = "0123456789abcdef0123456789abcdef";
constexpr char kOtherSecret[] = "fedcba9876543210fedcba9876543210";

AttemptId Attempt(int32_t application, int32_t number = 1) {
  return {{1700000000000, application}, number};
}

// A caller, and what it is and could be, said again here: the table is not asked.
struct Kind {
  const char* name;
  CallerKind kind;
  const char* user;
  Roles roles;
};
const std::map<std::string, Kind>& AllKinds() {
  constexpr Roles kUser =
      Role::kUser | Role::kOwner | Role::kQueueSubmitter | Role::kQueueAdministrator;
  static const std::map<std::string, Kind> kinds = {
      {"user", {"user", CallerKind::kUser, "ann", kUser}},
      {"administrator", {"administrator", CallerKind::kUser, "root", kUser | Role::kAdministrator}},
      {"daemon", {"daemon", CallerKind::kDaemon, "", kUser | Role::kAdministrator | Role::kDaemon}},
      {"am",
       {"am",
        CallerKind::kApplicationMaster,
        "",
        Role::kApplicationMaster | Role::kOwnContainer | Role::kOwnFile}},
      {"container",
       {"container", CallerKind::kContainer, "", Role::kContainerHolder | Role::kOwnFile}},
      {"client", {"client", CallerKind::kApplicationUser, "ann", Role::kApplicationClient}},
      {"taskmanager", {"taskmanager", CallerKind::kTaskManager, "", Role::kTaskManager}},
      {"nobody", {"nobody", CallerKind::kAnonymous, "", {}}}};
  return kinds;
}
bool May(const Operation& operation, const Kind& kind) {
  return operation.may.Meets(kind.roles) || operation.may.Has(Role::kAnybody);
}
ErrorCode RefusalOf(const Kind& kind) {
  return kind.kind == CallerKind::kAnonymous ? ErrorCode::kUnauthenticated
                                             : ErrorCode::kPermissionDenied;
}

Caller CallerOf(const Kind& kind) {
  Caller caller;
  caller.kind = kind.kind;
  caller.user = kind.user;
  caller.attempt = Attempt(1);
  caller.address = "here";
  return caller;
}

// Believes whoever names a kind.
class Credulous : public platform::Authenticator {
 public:
  Result<Caller> Authenticate(const platform::Credentials& credentials) override {
    return CallerOf(AllKinds().at(credentials.proof->name));
  }
};

std::vector<Service> ThriftServices() {
  return {Service::kClient,
          Service::kAdmin,
          Service::kMaster,
          Service::kTracker,
          Service::kContainers,
          Service::kJobs,
          Service::kTasks};
}

class OperationsWalk : public ::testing::Test {
 protected:
  OperationsWalk() : server_(io_) {
    platform::AuditOptions options;
    options.file = audit_file();
    options.queue = 100'000;
    options.refusals_per_second = 100'000;
    audit_ = *platform::AuditLog::Open(options);
    io_.Start();
    ask_.Start();
  }
  ~OperationsWalk() override {
    ask_.Stop();
    server_.Close();
    if (http_ != nullptr) http_->Close();
    io_.Stop();
  }

  std::string audit_file() const { return directory_ / "audit.jsonl"; }

  // By the product's door; who administers is found out on another thread.
  std::shared_ptr<const platform::Door> DoorOf(Service service) {
    return platform::MakeDoor(
        service,
        [this](const Caller& caller, std::function<void(bool)> answer) {
          ask_.Post([root = caller.user == "root", answer = std::move(answer)] { answer(root); });
        },
        audit_.get());
  }
  platform::Endpoint Listen(Service service, std::shared_ptr<platform::Authenticator> who) {
    platform::ThriftListenerOptions options;
    options.address = {"127.0.0.1", 0};
    options.authenticator = std::move(who);
    options.door = DoorOf(service);
    options.factory = [this](platform::ConnectionContext&) {
      return std::make_shared<CountingProcessor>(entered_);
    };
    const auto bound = server_.Listen(std::move(options));
    EXPECT_TRUE(bound.ok());
    return {"", bound.ok() ? *bound : HostPort()};
  }
  static Status Do(Client& client, const Operation& operation) {
    return client.Call(kPatience, [&](AnyCall& call) { call.Do(std::string(operation.name)); });
  }
  void ExpectRefused(const Status& status, ErrorCode code) {
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, code) << status.error().ToString();
    EXPECT_FALSE(status.error().message.empty());
    EXPECT_EQ(entered_.load(), 0) << "a handler was entered";
    ++refused_;
  }
  // A line for each refusal and each change, and no other.
  void ExpectAudited(int changes) {
    server_.Close();
    if (http_ != nullptr) http_->Close();
    audit_.reset();
    std::map<std::string, int> results;
    const std::string text = ReadWholeFile(audit_file());
    for (const std::string_view line : Split(text, '\n')) {
      if (line.empty()) continue;
      const auto json = nlohmann::json::parse(line);
      ++results[json.contains("lost") ? "lost" : json.at("result").get<std::string>()];
    }
    EXPECT_EQ(results["refused"], refused_);
    EXPECT_EQ(results["done"], changes);
    EXPECT_EQ(results.size(), 2u) << "nothing failed, nothing was lost";
  }

  const TempDirectory directory_;
  std::unique_ptr<platform::AuditLog> audit_;
  platform::EventLoop io_{"test-io"};
  platform::EventLoop ask_{"test-ask"};
  platform::ThriftServer server_;
  std::unique_ptr<platform::HttpServer> http_;
  std::atomic<int> entered_{0};
  int refused_ = 0;
};

TEST_F(OperationsWalk, LetsInOnlyThoseWhoMay) {
  int let_in = 0;
  int changes = 0;
  for (const Service service : ThriftServices()) {
    const platform::Endpoint endpoint = Listen(service, std::make_shared<Credulous>());
    for (const auto& [name, kind] : AllKinds()) {
      HelloIdentity identity;
      identity.secret = kSecret;
      identity.role = "any";
      identity.name = name;
      Client client(endpoint, identity);
      for (const Operation& operation : security::OperationsOf(service)) {
        SCOPED_TRACE(name + " does " + std::string(operation.name));
        entered_ = 0;
        const Status done = Do(client, operation);
        if (!May(operation, kind)) {
          ExpectRefused(done, RefusalOf(kind));
          continue;
        }
        EXPECT_TRUE(done.ok()) << done.error().ToString();
        EXPECT_EQ(entered_.load(), 1);
        ++let_in;
        if (operation.kind == OperationKind::kMutating) ++changes;
      }
      EXPECT_EQ(client.connections(), 1u) << "a refusal does not end the connection";
    }
  }
  EXPECT_GT(let_in, 50);
  EXPECT_GT(refused_, 200);
  ExpectAudited(changes);
}

TEST_F(OperationsWalk, KnowsNoOtherMethod) {
  for (const Service service : ThriftServices()) {
    const platform::Endpoint endpoint = Listen(service, std::make_shared<Credulous>());
    HelloIdentity identity;
    identity.secret = kSecret;
    identity.role = "any";
    identity.name = "daemon";
    Client client(endpoint, identity);
    for (const Operation& operation : security::AllOperations()) {
      if (operation.service == service || operation.service >= Service::kRmWeb) continue;
      if (security::FindOperation(service, operation.name) != nullptr) continue;
      const Status done = Do(client, operation);
      ASSERT_FALSE(done.ok());
      EXPECT_EQ(done.error().code, ErrorCode::kInvalidArgument) << operation.name;
    }
  }
  EXPECT_EQ(entered_.load(), 0);
}

// --- credentials that do not hold, at the authenticators of the ports

struct Credentials {
  const char* name;
  HelloIdentity identity;
  SignedToken token;
  bool has_token = false;

  HelloIdentity Hello() const {
    HelloIdentity hello = identity;
    if (has_token) hello.token = &token;
    return hello;
  }
};

Credentials WithSecret(const char* name, const char* secret, const char* role) {
  Credentials credentials{.name = name, .identity = {}, .token = {}};
  credentials.identity.secret = secret;
  credentials.identity.role = role;
  credentials.identity.name = "it";
  return credentials;
}
Credentials WithToken(const char* name, SignedToken token) {
  return {.name = name, .identity = {}, .token = std::move(token), .has_token = true};
}

ContainerTokenIdentifier SomeContainer() {
  ContainerTokenIdentifier identifier;
  identifier.id = ContainerId::Make(Attempt(1), Epoch{1}, 2);
  identifier.node = NodeId{"this-node"};
  identifier.resource = {1024, 1};
  identifier.user = "ann";
  return identifier;
}

const platform::TokenKeys& Keys() {
  static const platform::TokenKeys keys({{1, std::string(32, 'a')}, {2, std::string(32, 'b')}});
  return keys;
}

SignedToken Tampered(SignedToken token) {
  token.identifier.back() = static_cast<char>(token.identifier.back() ^ 1);
  return token;
}

// Everything that somebody might come with. `old` is signed with a key that has died.
std::vector<Credentials> AllCredentials() {
  const platform::TokenKeys old({{7, std::string(32, 'c')}});
  const platform::TokenKeys forged({{2, std::string(32, 'x')}});
  const AmTokenIdentifier am{Attempt(1)};
  const NmTokenIdentifier nm{Attempt(1), NodeId{"this-node"}};
  const ClientTokenIdentifier client{Attempt(1), "ann"};
  const ClientTokenIdentifier other_client{Attempt(2), "ann"};
  const ClientTokenIdentifier earlier_client{Attempt(1, 2), "ann"};
  return {{.name = "no credential", .identity = {}, .token = {}},
          WithSecret("the cluster secret", kSecret, platform::kDaemonRole),
          WithSecret("another cluster's secret", kOtherSecret, platform::kDaemonRole),
          WithSecret("the worker secret", kSecret, platform::kTaskManagerRole),
          WithSecret("another attempt's worker secret", kOtherSecret, platform::kTaskManagerRole),
          WithToken("AM token", Keys().Sign(am)),
          WithToken("AM token of a dead key", old.Sign(am)),
          WithToken("forged AM token", forged.Sign(am)),
          WithToken("changed AM token", Tampered(Keys().Sign(am))),
          WithToken("NM token", Keys().Sign(nm)),
          WithToken("NM token of another node",
                    Keys().Sign(NmTokenIdentifier{Attempt(1), NodeId{"that-node"}})),
          WithToken("NM token of a dead key", old.Sign(nm)),
          WithToken("changed NM token", Tampered(Keys().Sign(nm))),
          WithToken("container token", Keys().Sign(SomeContainer())),
          WithToken("client token", Keys().Sign(client)),
          WithToken("client token of another application", Keys().Sign(other_client)),
          WithToken("client token of another attempt", Keys().Sign(earlier_client)),
          WithToken("client token of a dead key", old.Sign(client)),
          WithToken("changed client token", Tampered(Keys().Sign(client)))};
}

struct Port {
  Service service;
  std::shared_ptr<platform::Authenticator> who;
  std::vector<std::string> good;  // credentials
};

// As the daemons make them.
std::vector<Port> AllPorts() {
  const auto keys = [] { return Keys(); };
  const auto client_keys = [] { return Keys().ClientKeys(Attempt(1)); };
  return {
      {Service::kClient, platform::MakeClientPortAuthenticator(kSecret), {"the cluster secret"}},
      {Service::kAdmin, platform::MakeClientPortAuthenticator(kSecret), {"the cluster secret"}},
      {Service::kMaster, platform::MakeAmTokenAuthenticator(keys), {"AM token"}},
      {Service::kTracker, platform::MakeDaemonAuthenticator(kSecret), {"the cluster secret"}},
      {Service::kContainers,
       platform::MakeNmTokenAuthenticator(keys, NodeId{"this-node"}),
       {"NM token"}},
      {Service::kJobs,
       platform::MakeClientTokenAuthenticator(client_keys, Attempt(1)),
       {"client token"}},
      {Service::kTasks,
       platform::MakeTaskManagerAuthenticator(kSecret, Attempt(1)),
       {"the worker secret"}}};
}

TEST_F(OperationsWalk, RefusesEveryCredentialButThePortsOwn) {
  int changes = 0;
  for (const Port& port : AllPorts()) {
    const platform::Endpoint endpoint = Listen(port.service, port.who);
    for (const Credentials& credentials : AllCredentials()) {
      const bool good =
          std::find(port.good.begin(), port.good.end(), credentials.name) != port.good.end();
      for (const Operation& operation : security::OperationsOf(port.service)) {
        SCOPED_TRACE(std::string(credentials.name) + " for " + std::string(operation.name));
        Client client(endpoint, credentials.Hello());
        entered_ = 0;
        const Status done = Do(client, operation);
        if (!good) {
          ExpectRefused(done, ErrorCode::kUnauthenticated);
          continue;
        }
        EXPECT_TRUE(done.ok()) << done.error().ToString();
        EXPECT_EQ(entered_.load(), 1);
        if (operation.kind == OperationKind::kMutating) ++changes;
      }
    }
  }
  EXPECT_GT(refused_, 800);
  ExpectAudited(changes);
}

// --- web ports

// A path that the pattern matches.
std::string PathOf(std::string pattern) {
  const std::pair<const char*, const char*> fillings[] = {
      {"{*}", "somewhere/else"}, {"{%}", "a%2Fb"}, {"{}", "one"}};
  for (const auto& [part, filling] : fillings) {
    for (size_t at = pattern.find(part); at != std::string::npos; at = pattern.find(part)) {
      pattern.replace(at, std::string(part).size(), filling);
    }
  }
  return pattern;
}

TEST_F(OperationsWalk, GuardsEveryRoute) {
  int changes = 0;
  for (const Service service : {Service::kRmWeb, Service::kNmWeb, Service::kMasterWeb}) {
    platform::HttpServerOptions options;
    options.address = {"127.0.0.1", 0};
    options.door = DoorOf(service);
    options.authenticator = [](const platform::HttpRequest& request) -> Result<Caller> {
      const std::string& who = request.headers.at("x-who");
      if (who == "false") return Error{ErrorCode::kUnauthenticated, "that is false", ""};
      return CallerOf(AllKinds().at(who));
    };
    if (http_ != nullptr) http_->Close();
    http_ = std::make_unique<platform::HttpServer>(io_, std::move(options));
    for (const Operation& operation : security::OperationsOf(service)) {
      const std::string name(operation.name);
      const size_t space = name.find(' ');
      http_->Route(name.substr(0, space),
                   name.substr(space + 1),
                   [this](const platform::HttpRequest&, const platform::HttpReply& reply) {
                     ++entered_;
                     reply(platform::JsonResponse(200, "{}"));
                   });
    }
    const auto address = http_->Listen();
    ASSERT_TRUE(address.ok());
    for (const Operation& operation : security::OperationsOf(service)) {
      const std::string name(operation.name);
      platform::HttpCall call;
      call.server = *address;
      call.method = name.substr(0, name.find(' '));
      call.target = PathOf(name.substr(name.find(' ') + 1));
      call.timeout = kPatience;
      call.headers["X-Who"] = "false";
      entered_ = 0;
      EXPECT_EQ(platform::CallHttp(call)->status, 401) << name;
      EXPECT_EQ(entered_.load(), 0);
      ++refused_;
      for (const auto& [who, kind] : AllKinds()) {
        SCOPED_TRACE(who + " does " + name);
        call.headers["X-Who"] = who;
        entered_ = 0;
        const auto answer = platform::CallHttp(call);
        ASSERT_TRUE(answer.ok()) << answer.error().ToString();
        if (May(operation, kind)) {
          EXPECT_EQ(answer->status, 200) << answer->body;
          EXPECT_EQ(entered_.load(), 1);
          if (operation.kind == OperationKind::kMutating) ++changes;
        } else {
          EXPECT_EQ(answer->status, kind.kind == CallerKind::kAnonymous ? 401 : 403);
          EXPECT_EQ(entered_.load(), 0) << "a route was called";
          ++refused_;
        }
      }
    }
  }
  EXPECT_GT(refused_, 40);
  ExpectAudited(changes);
}

TEST(OperationsOfAWebPort, AreAllTheRoutesThatItTakes) {
  platform::EventLoop loop("test-io");
  platform::HttpServerOptions options;
  options.address = {"127.0.0.1", 0};
  options.door = platform::MakeDoor(Service::kNmWeb);
  platform::HttpServer http(loop, std::move(options));
  const auto route = [](const platform::HttpRequest&, const platform::HttpReply&) {};
  EXPECT_DEATH(http.Route("GET", "/forgotten", route), "security/operations.cc");
  EXPECT_DEATH(http.Route("DELETE", "/ws/v1/node", route), "security/operations.cc");
  EXPECT_DEATH(platform::HttpServer(loop, platform::HttpServerOptions()), "has a door");
}

}  // namespace
}  // namespace weir::testing
