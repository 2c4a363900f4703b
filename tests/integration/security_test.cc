// The doors of a cluster of processes: no port serves somebody without an identity, another user,
// or a page of another site; and who did what, or was refused, is in the files of the daemons.
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <thread>

#include "common/strings.h"
#include "gen/AdminService.h"
#include "gen/ClientService.h"
#include "platform/crypto.h"
#include "platform/http_client.h"
#include "platform/rpc_security.h"
#include "platform/thrift_client.h"
#include "security/operations.h"
#include "tests/integration/cluster_test.h"
#include "tests/support/raw_connection.h"
#include "tests/support/wait_until.h"
#include "tests/unit/security/any_call.h"

namespace weir::testing {
namespace {

using platform::Endpoint;
using platform::HelloIdentity;
using platform::ThriftClient;
using security::Operation;
using security::Service;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr seconds kPatience{60};  // a hang guard
constexpr int64_t kNobody = 65534;

std::string EnvironmentOf(pid_t pid, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/environ", std::ios::binary);
  std::string entry;
  while (std::getline(file, entry, '\0')) {
    if (entry.starts_with(name + "=")) return entry.substr(name.size() + 1);
  }
  return "";
}

// Runs `function` as another user, as far as the other end of a socket can see. The kernel keeps
// users by thread; only the C library makes them the process's.
void AsUser(int64_t uid, const std::function<void()>& function) {
  std::thread([&] {
    ASSERT_EQ(::syscall(SYS_setresuid, -1, uid, -1), 0);
    function();
  }).join();
}

class Security : public ClusterTest {
 protected:
  std::string StartSession() {
    const CommandResult session =
        cluster().Weir({"session", "start", "-d", "-jm", "128", "-tm", "128", "-n", "1"});
    EXPECT_EQ(session.exit_code, 0) << session.ToString();
    EXPECT_TRUE(WaitUntil([] { return ProcessesOf("weir-taskmanager").size() == 1; },
                          "the session has its TaskManager"));
    return session.out.substr(0, session.out.find('\n'));
  }
  void StopSession(const std::string& id) {
    const CommandResult stopped = cluster().Weir({"session", "stop", id});
    EXPECT_EQ(stopped.exit_code, 0) << stopped.ToString();
  }
  static HostPort Parsed(const std::string& text) {
    const auto address = HostPort::Parse(text);
    EXPECT_TRUE(address.ok()) << "'" << text << "'";
    return address.ok() ? *address : HostPort();
  }
  // Of a cluster with a session.
  std::map<Service, HostPort> RpcPorts(const std::string& session) {
    const auto rm = cluster().ResourceManagerAddresses();
    const auto worker = ProcessesOf("weir-taskmanager");
    EXPECT_EQ(worker.size(), 1u);
    return {{Service::kClient, cluster().Address(rm, "client")},
            {Service::kAdmin, cluster().Address(rm, "admin")},
            {Service::kMaster, cluster().Address(rm, "master")},
            {Service::kTracker, cluster().Address(rm, "tracker")},
            {Service::kContainers, cluster().Address(cluster().NodeAddresses(0), "container")},
            {Service::kJobs, Parsed(Application(session).at("amRPCAddress").get<std::string>())},
            {Service::kTasks, Parsed(EnvironmentOf(worker.front(), "WEIR_JOBMANAGER_ADDRESS"))}};
  }
  std::map<Service, HostPort> WebPorts(const std::string& session) {
    std::string master = Application(session).at("trackingUrl").get<std::string>();
    master = master.substr(master.find("//") + 2);
    return {{Service::kRmWeb, cluster().ResourceManagerHttp()},
            {Service::kNmWeb, cluster().Address(cluster().NodeAddresses(0), "http")},
            {Service::kMasterWeb, Parsed(master.substr(0, master.find('/')))}};
  }
  std::string RmAudit() const { return cluster().work_dir() + "/rm/audit.jsonl"; }
  std::string NmAudit() const { return cluster().NodeDir(0) + "/audit.jsonl"; }
  // The lines that are complete.
  static std::vector<Json> AuditLines(const std::string& file) {
    std::vector<Json> lines;
    std::string text = ReadWholeFile(file);
    text.resize(text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n'));
    for (const std::string_view line : Split(text, '\n')) {
      if (!line.empty()) lines.push_back(Json::parse(line));
    }
    return lines;
  }
  static int64_t Count(const std::vector<Json>& lines,
                       const std::map<std::string, std::string>& of) {
    return std::count_if(lines.begin(), lines.end(), [&](const Json& line) {
      return std::all_of(of.begin(), of.end(), [&](const auto& field) {
        return line.value(field.first, std::string()) == field.second;
      });
    });
  }
  // So many lines with these fields come, and no more.
  static void ExpectAudited(const std::string& file,
                            const std::map<std::string, std::string>& of,
                            int64_t count) {
    const std::string wanted = Json(of).dump();
    EXPECT_TRUE(WaitUntil([&] { return Count(AuditLines(file), of) >= count; }, wanted))
        << ReadWholeFile(file);
    EXPECT_EQ(Count(AuditLines(file), of), count) << wanted;
  }
  static int64_t OperationsAt(Service service) {
    return static_cast<int64_t>(security::OperationsOf(service).size());
  }
};

TEST_F(Security, NoPortServesSomebodyWithoutAnIdentity) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string session = StartSession();
  for (const auto& [service, port] : RpcPorts(session)) {
    for (const Operation& operation : security::OperationsOf(service)) {
      SCOPED_TRACE(operation.name);
      ThriftClient<AnyCall> client(Endpoint{"", port}, HelloIdentity());
      const Status done =
          client.Call(kPatience, [&](AnyCall& call) { call.Do(std::string(operation.name)); });
      ASSERT_FALSE(done.ok());
      EXPECT_EQ(done.error().code, ErrorCode::kUnauthenticated) << done.error().ToString();
    }
  }
  const auto refused = [](const char* service) {
    return std::map<std::string, std::string>{
        {"service", service}, {"what", "hello"}, {"result", "refused"}, {"who", "nobody known"}};
  };
  ExpectAudited(RmAudit(), refused("client"), OperationsAt(Service::kClient));
  ExpectAudited(RmAudit(), refused("admin"), OperationsAt(Service::kAdmin));
  ExpectAudited(RmAudit(), refused("master"), OperationsAt(Service::kMaster));
  ExpectAudited(RmAudit(), refused("tracker"), OperationsAt(Service::kTracker));
  ExpectAudited(NmAudit(), refused("container"), OperationsAt(Service::kContainers));
  StopSession(session);
}

TEST_F(Security, EveryRouteOfTheTableIsServedAndNoOtherPageOrStranger) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string session = StartSession();
  for (const auto& [service, port] : WebPorts(session)) {
    for (const Operation& operation : security::OperationsOf(service)) {
      const std::string name(operation.name);
      SCOPED_TRACE(name);
      if (name == "GET /{*}") continue;  // a standby's
      platform::HttpCall call;
      call.server = port;
      call.method = name.substr(0, name.find(' '));
      call.target = name.substr(name.find(' ') + 1);
      for (size_t at = call.target.find('{'); at != std::string::npos; at = call.target.find('{')) {
        call.target.replace(at, call.target.find('}') - at + 1, "one");
      }
      const auto answer = platform::CallHttp(call);
      ASSERT_TRUE(answer.ok()) << answer.error().ToString();
      EXPECT_THAT(answer->body, Not(HasSubstr("nothing is at")));
      const bool anybody = operation.may.Has(security::Role::kAnybody);
      EXPECT_EQ(answer->status == 401, !anybody) << answer->body;
      EXPECT_NE(answer->status, 403);
      if (service != Service::kRmWeb) continue;
      // A credential that does not hold is not as good as none.
      call.headers["X-Weir-Token"] = "0123456789abcdef";
      EXPECT_EQ(platform::CallHttp(call)->status, 401);
    }
  }
  StopSession(session);
}

// What browsers are made to send.
TEST_F(Security, PagesOfOtherSitesAndForgedNamesAreRefusedOnEveryWebPort) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string session = StartSession();
  const std::string path = " /staging/" + std::string(64, 'a') + " HTTP/1.1\r\n";
  struct Case {
    const char* what;
    std::string request;
  };
  for (const auto& [service, port] : WebPorts(session)) {
    const std::string host = "Host: " + port.ToString() + "\r\n";
    const std::string end = "Content-Length: 0\r\nConnection: close\r\n\r\n";
    std::vector<Case> cases = {
        {"a name that was made to point here", "GET / HTTP/1.1\r\nHost: evil.example\r\n" + end},
        {"the same with our port",
         "GET / HTTP/1.1\r\nHost: evil.example:" + std::to_string(port.port) + "\r\n" + end},
        {"a change from another site",
         "PUT" + path + host + "Origin: http://evil.example\r\nX-Requested-By: it\r\n" + end},
        {"a change from a page without a site",
         "PUT" + path + host + "Origin: null\r\nX-Requested-By: it\r\n" + end},
        {"a change from a form", "PUT" + path + host + end}};
    // Nothing that is not known to be safe is.
    for (const char* method : {"POST", "DELETE", "PATCH", "OPTIONS", "TRACE", "MKCOL", "get"}) {
      cases.push_back({method, method + path + host + end});
    }
    for (const Case& one : cases) {
      SCOPED_TRACE(port.ToString() + ": " + one.what);
      RawConnection connection(port);
      connection.Send(one.request);
      const std::string answer = connection.ReadToEnd();
      EXPECT_THAT(answer, AnyOf(StartsWith("HTTP/1.1 403 "), StartsWith("HTTP/1.1 400 ")));
      EXPECT_THAT(answer, HasSubstr("Content-Security-Policy: default-src 'self'; "));
      EXPECT_THAT(answer, HasSubstr("frame-ancestors 'none'"));
      EXPECT_THAT(answer, HasSubstr("X-Content-Type-Options: nosniff"));
      EXPECT_THAT(answer, Not(HasSubstr("Access-Control-Allow")));
      EXPECT_THAT(answer, Not(HasSubstr("Set-Cookie")));
    }
  }
  const std::map<std::string, std::string> refused = {{"service", "http"},
                                                      {"what", "request"},
                                                      {"result", "refused"},
                                                      {"code", "PERMISSION_DENIED"}};
  EXPECT_TRUE(WaitUntil([&] { return Count(AuditLines(RmAudit()), refused) >= 5; }, "RM's lines"));
  EXPECT_TRUE(WaitUntil([&] { return Count(AuditLines(NmAudit()), refused) >= 5; }, "NM's lines"));
  StopSession(session);
}

TEST_F(Security, EveryChangeIsWrittenDownWithoutSecrets) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string me = "user " + platform::UserName(::geteuid());
  const std::string id = SubmitShell({"-memory", "64", "-containers", "1"}, "sleep 600");
  ASSERT_TRUE(AwaitState(id, "RUNNING"));
  ASSERT_TRUE(WaitUntil(
      [&] {
        return Count(AuditLines(NmAudit()), {{"what", "startContainer"}}) == 1;
      },
      "the NodeManager wrote down that a container was started"));
  EXPECT_EQ(cluster().Weir({"application", "-kill", id}).exit_code, 0);
  ASSERT_TRUE(AwaitState(id, "KILLED"));
  EXPECT_EQ(cluster().Weir({"rmadmin", "-addToClusterNodeLabels", "gpu"}).exit_code, 0);
  EXPECT_NE(cluster().Weir({"rmadmin", "-removeFromClusterNodeLabels", "cpu"}).exit_code, 0);

  const auto line = [&](const char* what, const std::string& object, const char* result) {
    return std::map<std::string, std::string>{
        {"who", me}, {"what", what}, {"object", object}, {"result", result}};
  };
  ExpectAudited(RmAudit(), line("submitApplication", id, "done"), 1);
  ExpectAudited(RmAudit(), line("killApplication", id, "done"), 1);
  ExpectAudited(RmAudit(), line("addNodeLabels", "gpu", "done"), 1);
  ExpectAudited(RmAudit(), line("removeNodeLabels", "cpu", "failed"), 1);
  ExpectAudited(RmAudit(), {{"who", "daemon"}, {"what", "registerNode"}, {"result", "done"}}, 1);
  const std::string attempt = "appattempt" + id.substr(id.find('_')) + "_000001";
  ExpectAudited(RmAudit(), {{"who", "AM of " + attempt}, {"what", "registerMaster"}}, 1);
  ExpectAudited(
      NmAudit(), {{"who", "AM of " + attempt}, {"what", "startContainer"}, {"result", "done"}}, 1);

  const std::string secret = ReadWholeFile(cluster().work_dir() + "/cluster.secret");
  for (const std::string& file : {RmAudit(), NmAudit()}) {
    SCOPED_TRACE(file);
    const std::vector<Json> lines = AuditLines(file);
    ASSERT_FALSE(lines.empty());
    for (size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(lines[i].at("number"), i + 1);
    for (const Json& each : lines) {
      EXPECT_FALSE(each.at("from").get<std::string>().empty());
      EXPECT_THAT(each.at("what").get<std::string>(), Not(AnyOf("allocate", "nodeHeartbeat")));
    }
    const std::string text = ReadWholeFile(file);
    EXPECT_THAT(text, Not(HasSubstr(std::string(Trim(secret)))));
    EXPECT_THAT(text, Not(HasSubstr("sleep 600"))) << "what it does is not who did it";
  }
}

// Each refusal is written down, with who it was and what he wanted, and nothing happens.
TEST_F(Security, AnotherUserChangesNothing) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string id = SubmitShell({"-memory", "64"}, "sleep 600");
  ASSERT_TRUE(AwaitState(id, "RUNNING"));
  const auto rm = cluster().ResourceManagerAddresses();
  const std::string nobody = platform::UserName(kNobody);
  AsUser(kNobody, [&] {
    // What only administrators may, whatever it is about.
    ThriftClient<AnyCall> admin(Endpoint{rm.at("admin_socket"), {}}, HelloIdentity());
    int refused = 0;
    for (const Operation& operation : security::OperationsOf(Service::kAdmin)) {
      SCOPED_TRACE(operation.name);
      const Status done =
          admin.Call(kPatience, [&](AnyCall& call) { call.Do(std::string(operation.name)); });
      if (operation.may.Has(security::Role::kUser)) {
        EXPECT_TRUE(done.ok());
        continue;
      }
      ASSERT_FALSE(done.ok());
      EXPECT_EQ(done.error().code, ErrorCode::kPermissionDenied) << done.error().ToString();
      ++refused;
    }
    EXPECT_GT(refused, 10);
    ThriftClient<idl::ClientServiceClient> client(Endpoint{rm.at("client_socket"), {}},
                                                  HelloIdentity());
    const auto killed = client.Call(kPatience, [&](auto& rpc) {
      idl::KillRequest request;
      request.__set_application_id(id);
      idl::ApplicationReport report;
      rpc.killApplication(report, request);
    });
    ASSERT_FALSE(killed.ok());
    EXPECT_EQ(killed.error().code, ErrorCode::kPermissionDenied) << killed.error().ToString();
    EXPECT_THAT(killed.error().ToString(), HasSubstr("ask its owner"));
    const auto seen = client.Call(kPatience, [&](auto& rpc) {
      idl::GetApplicationRequest request;
      request.__set_application_id(id);
      idl::ApplicationReport report;
      rpc.getApplication(report, request);
      return report;
    });
    ASSERT_TRUE(seen.ok());
    EXPECT_FALSE(seen->__isset.client_token) << "that is for who may talk to its AM";
  });
  EXPECT_EQ(Application(id).at("state"), "RUNNING");
  ExpectAudited(RmAudit(),
                {{"who", "user " + nobody},
                 {"what", "killApplication"},
                 {"object", id},
                 {"result", "refused"},
                 {"code", "PERMISSION_DENIED"}},
                1);
  int64_t of_administrators = 0;
  for (const Operation& operation : security::OperationsOf(Service::kAdmin)) {
    if (operation.may.Has(security::Role::kUser)) continue;
    ++of_administrators;
    ExpectAudited(
        RmAudit(),
        {{"who", "user " + nobody}, {"what", std::string(operation.name)}, {"result", "refused"}},
        1);
  }
  ExpectAudited(RmAudit(),
                {{"service", "admin"}, {"who", "user " + nobody}, {"result", "refused"}},
                of_administrators);
  EXPECT_EQ(cluster().Weir({"application", "-kill", id}).exit_code, 0);
  ASSERT_TRUE(AwaitState(id, "KILLED"));
}

}  // namespace
}  // namespace weir::testing
