// Calls between ThriftClient and ThriftServer: answers, errors, hello, deadlines, interruption.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "common/limits.h"
#include "tests/unit/platform/rpc_test_service.h"

namespace weir::platform {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

template <typename T>
Error ErrorOf(const Result<T>& result) {
  EXPECT_FALSE(result.ok());
  return result.ok() ? Error{} : result.error();
}

TEST(RpcCall, IsAnsweredOverTcpWithTheCallerProvenAtHello) {
  TestServer server;
  TestClient client(server.Listen(), DaemonIdentity());
  for (int i = 0; i < 3; ++i) {
    const auto who = AskWho(client);
    ASSERT_TRUE(who.ok()) << who.error().ToString();
    EXPECT_THAT(*who, StartsWith("daemon at 127.0.0.1:"));
  }
  EXPECT_EQ(server.server().connections(), 1u);
}

TEST(RpcCall, IsAnsweredOverAUnixSocketWithTheUserOfItsPeer) {
  TestServer server;
  TestDirectory directory;
  const Endpoint endpoint =
      server.Listen(MakeClientPortAuthenticator(kTestSecret), directory.Path("client.sock"));
  TestClient client(endpoint, HelloIdentity{});
  const auto who = AskWho(client);
  ASSERT_TRUE(who.ok()) << who.error().ToString();
  EXPECT_THAT(*who, StartsWith("user " + UserName(::geteuid()) + " at unix:"));
  TestClient daemon(endpoint, DaemonIdentity());
  EXPECT_THAT(*AskWho(daemon), StartsWith("daemon at unix:"));
}

TEST(RpcCall, MayBeAnsweredFromAnotherThread) {
  TestServer server;
  TestClient client(server.Listen(), DaemonIdentity());
  for (int i = 0; i < 50; ++i) {
    const auto id = client.Call(kHangGuard, [i](idl::ClientServiceClient& c) {
      idl::SubmitRequest request;
      request.__set_idempotency_key("key-" + std::to_string(i));
      idl::SubmitAnswer answer;
      c.submitApplication(answer, request);
      return answer.application_id;
    });
    ASSERT_TRUE(id.ok()) << id.error().ToString();
    EXPECT_EQ(*id, "key-" + std::to_string(i));
  }
}

TEST(RpcCall, BringsTheHandlersErrorWithCodeMessageAndRemedy) {
  TestServer server;
  TestClient client(server.Listen(), DaemonIdentity());
  const auto killed = client.Call(kHangGuard, [](idl::ClientServiceClient& c) {
    idl::KillRequest request;
    request.__set_application_id("application_1_0001");
    idl::ApplicationReport report;
    c.killApplication(report, request);
  });
  EXPECT_EQ(ErrorOf(killed),
            (Error{ErrorCode::kNotFound,
                   "there is no application application_1_0001",
                   "see weir application -list"}));
  EXPECT_TRUE(AskWho(client).ok());
  EXPECT_EQ(server.server().connections(), 1u);
}

TEST(RpcCall, EndsWithInternalWhenTheHandlerForgetsIt) {
  TestServer server;
  TestClient client(server.Listen(), DaemonIdentity());
  const auto listed = client.Call(kHangGuard, [](idl::ClientServiceClient& c) {
    std::vector<idl::NodeReport> reports;
    c.listNodes(reports);
  });
  EXPECT_EQ(ErrorOf(listed).code, ErrorCode::kInternal);
  EXPECT_TRUE(AskWho(client).ok());
}

TEST(RpcCall, NeverCarriesTheTextOfAForeignException) {
  TestServer server;
  TestClient client(server.Listen(), DaemonIdentity());
  const auto listed = client.Call(kHangGuard, [](idl::ClientServiceClient& c) {
    idl::ListApplicationsAnswer answer;
    c.listApplications(answer, idl::ListApplicationsRequest());
  });
  EXPECT_EQ(ErrorOf(listed).code, ErrorCode::kInternal);
  EXPECT_THAT(ErrorOf(listed).ToString(), Not(HasSubstr("business")));
  EXPECT_TRUE(AskWho(client).ok());
}

TEST(RpcCall, EndsWithResourceExhaustedWhenTheAnswerIsBeyondTheLimits) {
  TestServer server;
  TestClient client(server.Listen(), DaemonIdentity());
  for (const std::string what : {"long text", "many texts"}) {
    const auto listed = client.Call(kHangGuard, [&what](idl::ClientServiceClient& c) {
      std::vector<idl::ContainerReport> reports;
      c.listContainers(reports, what);
    });
    EXPECT_EQ(ErrorOf(listed).code, ErrorCode::kResourceExhausted) << what;
  }
  EXPECT_TRUE(AskWho(client).ok());
}

TEST(RpcCall, IsNotSentWhenItsRequestIsBeyondTheLimits) {
  TestServer server;
  TestClient client(server.Listen(), DaemonIdentity());
  const auto listed = client.Call(kHangGuard, [](idl::ClientServiceClient& c) {
    std::vector<idl::ContainerReport> reports;
    c.listContainers(reports, std::string(limits::kStringBytes + 1, 'x'));
  });
  EXPECT_EQ(ErrorOf(listed).code, ErrorCode::kResourceExhausted);
  EXPECT_TRUE(AskWho(client).ok());
}

TEST(RpcHello, IsRefusedWithAnotherSecretClusterOrRole) {
  TestServer server;
  const Endpoint endpoint = server.Listen();
  HelloIdentity other_cluster = DaemonIdentity();
  other_cluster.cluster_id = "production";
  HelloIdentity other_role = DaemonIdentity();
  other_role.role = kTaskManagerRole;
  const struct {
    HelloIdentity identity;
    ErrorCode code;
    std::string message;
  } cases[] = {
      {DaemonIdentity("another secret of enough bytes"),
       ErrorCode::kUnauthenticated,
       "the cluster secret is another one here"},
      {other_cluster, ErrorCode::kFailedPrecondition, "this is cluster 'test', not 'production'"},
      {other_role, ErrorCode::kUnauthenticated, "hello carries no proof of the cluster secret"},
      {HelloIdentity{}, ErrorCode::kUnauthenticated, "hello carries no proof"},
  };
  for (const auto& one : cases) {
    TestClient client(endpoint, one.identity);
    const Error error = ErrorOf(AskWho(client));
    EXPECT_EQ(error.code, one.code) << error.ToString();
    EXPECT_THAT(error.message, HasSubstr(one.message));
    EXPECT_NE(error.remedy, "");
  }
  TestClient good(endpoint, DaemonIdentity());
  EXPECT_TRUE(AskWho(good).ok());
}

AttemptId Attempt(int32_t application) {
  return {{1700000000000, application}, 1};
}

TEST(RpcHello, TellsTheTokenOfOneApplicationFromAnothers) {
  const TokenKeys keys(std::map<int, std::string>{{1, "key one of sufficient bytes"}});
  const TokenKeys other_keys(std::map<int, std::string>{{1, "another cluster's key bytes"}});
  const NodeId node{"node-1"};
  TestServer server;
  const Endpoint master = server.Listen(MakeAmTokenAuthenticator([&] { return keys; }));
  const Endpoint container = server.Listen(MakeNmTokenAuthenticator([&] { return keys; }, node));
  const Endpoint job = server.Listen(
      MakeClientTokenAuthenticator([&] { return keys.ClientKeys(Attempt(1)); }, Attempt(1)));
  const auto ask = [](const Endpoint& endpoint, const SignedToken& token) {
    HelloIdentity identity;
    identity.token = &token;
    TestClient client(endpoint, identity);
    const auto who = AskWho(client);
    return who.ok() ? *who : std::string(ErrorCodeName(who.error().code));
  };
  const std::string refused = "UNAUTHENTICATED";

  const SignedToken am = keys.Sign(AmTokenIdentifier{Attempt(1)});
  const SignedToken nm = keys.Sign(NmTokenIdentifier{Attempt(1), node});
  const SignedToken client = keys.Sign(ClientTokenIdentifier{Attempt(1), "ada"});
  EXPECT_THAT(ask(master, am), StartsWith("AM of appattempt_1700000000000_0001_000001 at"));
  EXPECT_THAT(ask(container, nm), StartsWith("AM of appattempt_1700000000000_0001_000001 at"));
  EXPECT_THAT(ask(job, client), StartsWith("user ada of appattempt_1700000000000_0001_000001"));

  EXPECT_EQ(ask(master, nm), refused);
  EXPECT_EQ(ask(container, am), refused);
  EXPECT_EQ(ask(job, am), refused);
  EXPECT_EQ(ask(master, other_keys.Sign(AmTokenIdentifier{Attempt(1)})), refused);
  EXPECT_EQ(ask(container, keys.Sign(NmTokenIdentifier{Attempt(1), NodeId{"node-2"}})), refused);
  EXPECT_EQ(ask(job, keys.Sign(ClientTokenIdentifier{Attempt(2), "ada"})), refused);
  SignedToken forged = am;
  forged.identifier = keys.Sign(AmTokenIdentifier{Attempt(2)}).identifier;
  EXPECT_EQ(ask(master, forged), refused);
}

TEST(RpcHello, AdmitsTheWorkersOfOneAttempt) {
  TestServer server;
  const Endpoint endpoint = server.Listen(MakeTaskManagerAuthenticator(kTestSecret, Attempt(3)));
  HelloIdentity worker = DaemonIdentity();
  worker.role = kTaskManagerRole;
  TestClient client(endpoint, worker);
  EXPECT_THAT(*AskWho(client), StartsWith("TaskManager of appattempt_1700000000000_0003_000001"));
  TestClient daemon(endpoint, DaemonIdentity());
  EXPECT_EQ(ErrorOf(AskWho(daemon)).code, ErrorCode::kUnauthenticated);
}

TEST(RpcListen, NamesThePortInUseAndTheRemedy) {
  TestServer server;
  const Endpoint endpoint = server.Listen();
  auto options = server.Options(MakeDaemonAuthenticator(kTestSecret));
  options.address = endpoint.address;
  const Error error = ErrorOf(server.server().Listen(std::move(options)));
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_EQ(error.message,
            "port " + std::to_string(endpoint.address.port) + " of 127.0.0.1 is in use");
  EXPECT_NE(error.remedy, "");
}

TEST(RpcListen, TakesOverASocketFileThatNobodyServesOnly) {
  TestDirectory directory;
  const std::string path = directory.Path("a.sock");
  TestServer first;
  first.Listen(MakeUnixUserAuthenticator(), path);
  auto options = first.Options(MakeUnixUserAuthenticator());
  options.unix_path = path;
  EXPECT_EQ(ErrorOf(first.server().Listen(options)).message, "the socket " + path + " is in use");
  first.server().Close();

  // A process that dies leaves its file behind.
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ::close(fd);
  TestServer second;
  TestClient client(second.Listen(MakeUnixUserAuthenticator(), path), HelloIdentity{});
  EXPECT_TRUE(AskWho(client).ok());
}

TEST(RpcListen, RefusesAPathTooLongForASocket) {
  TestServer server;
  auto options = server.Options(MakeUnixUserAuthenticator());
  options.unix_path = "/tmp/" + std::string(200, 'x');
  EXPECT_EQ(ErrorOf(server.server().Listen(options)).code, ErrorCode::kInvalidArgument);
}

TEST(RpcClient, SaysUnavailableWhenNobodyListens) {
  Endpoint endpoint;
  {
    TestServer server;
    endpoint = server.Listen();
  }
  TestClient client(endpoint, DaemonIdentity());
  const Error error = ErrorOf(AskWho(client));
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_THAT(error.message, HasSubstr("cannot connect to " + endpoint.ToString()));
  TestClient no_file(Endpoint{"/nonexistent/a.sock", {}}, DaemonIdentity());
  EXPECT_EQ(ErrorOf(AskWho(no_file)).code, ErrorCode::kUnavailable);
}

TEST(RpcClient, GivesUpAtTheDeadlineAndConnectsAnew) {
  TestServer server;
  TestClient client(server.Listen(), DaemonIdentity());
  ASSERT_TRUE(AskWho(client).ok());
  EXPECT_EQ(ErrorOf(ParkCall(client, milliseconds(50))).code, ErrorCode::kDeadlineExceeded);
  server.board().AwaitAbandoned(1);
  EXPECT_TRUE(AskWho(client).ok());
}

TEST(RpcClient, GivesUpAtTheDeadlineWhenThePeerNeverSpeaks) {
  // The kernel completes the connection; nobody accepts it.
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(fd, 4), 0);
  ASSERT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  TestClient client(Endpoint{"", {"127.0.0.1", ntohs(address.sin_port)}}, DaemonIdentity());
  EXPECT_EQ(ErrorOf(AskWho(client, milliseconds(50))).code, ErrorCode::kDeadlineExceeded);
  ::close(fd);
}

TEST(RpcClient, IsInterruptedFromAnotherThreadForGood) {
  TestServer server;
  TestClient client(server.Listen(), DaemonIdentity());
  std::thread caller([&client] {
    const auto report = ParkCall(client);
    EXPECT_EQ(ErrorOf(report).code, ErrorCode::kUnavailable);
    EXPECT_THAT(ErrorOf(report).message, HasSubstr("interrupted"));
  });
  server.board().AwaitParked(1);
  client.Interrupt();
  caller.join();
  EXPECT_EQ(ErrorOf(AskWho(client)).code, ErrorCode::kUnavailable);
}

TEST(RpcClient, SaysUnavailableWhenTheServerGoesAndConnectsToItsSuccessor) {
  TestDirectory directory;
  const std::string path = directory.Path("a.sock");
  auto first = std::make_unique<TestServer>();
  TestClient client(first->Listen(MakeUnixUserAuthenticator(), path), HelloIdentity{});
  std::thread caller(
      [&client] { EXPECT_EQ(ErrorOf(ParkCall(client)).code, ErrorCode::kUnavailable); });
  first->board().AwaitParked(1);
  first->server().Close();
  caller.join();
  first.reset();
  EXPECT_EQ(ErrorOf(AskWho(client)).code, ErrorCode::kUnavailable);

  TestServer second;
  second.Listen(MakeUnixUserAuthenticator(), path);
  EXPECT_TRUE(AskWho(client).ok());
}

}  // namespace
}  // namespace weir::platform
