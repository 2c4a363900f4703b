// Garbage, exaggeration and false credentials on every port of a running cluster: the connection is
// closed or the call refused, memory stays, and the daemons go on serving.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "common/strings.h"
#include "gen/AdminService.h"
#include "gen/ApplicationMasterService.h"
#include "gen/ClientService.h"
#include "gen/ContainerManagementService.h"
#include "gen/JobService.h"
#include "gen/ResourceTrackerService.h"
#include "gen/TaskService.h"
#include "platform/config_keys.h"
#include "platform/crypto.h"
#include "platform/rpc_security.h"
#include "platform/thrift_client.h"
#include "tests/integration/cluster_test.h"
#include "tests/support/raw_connection.h"
#include "tests/support/wait_until.h"
#include "wire/codec.h"

namespace weir::testing {
namespace {

using platform::HelloIdentity;
using platform::SignedToken;
using platform::ThriftClient;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

namespace fs = std::filesystem;

constexpr seconds kPatience{60};  // a hang guard
constexpr int64_t kGrowthKib = 16 * 1024;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryIsOurs = false;  // a sanitizer keeps what was freed
#else
constexpr bool kMemoryIsOurs = true;
#endif

// --- what the system knows about a process

std::vector<HostPort> ListeningPorts(pid_t pid) {
  std::set<std::string> inodes;
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
    std::error_code gone;
    const std::string target = fs::read_symlink(entry.path(), gone).string();
    if (target.starts_with("socket:[")) inodes.insert(target.substr(8, target.size() - 9));
  }
  std::vector<HostPort> ports;
  std::ifstream table("/proc/net/tcp");
  std::string line;
  std::getline(table, line);  // the header
  while (std::getline(table, line)) {
    std::istringstream words(line);
    std::vector<std::string> word;
    for (std::string one; words >> one;) word.push_back(one);
    constexpr size_t kLocal = 1;
    constexpr size_t kState = 3;
    constexpr size_t kInode = 9;
    if (word.size() <= kInode || word[kState] != "0A" || !inodes.contains(word[kInode])) continue;
    const std::string port = word[kLocal].substr(word[kLocal].find(':') + 1);
    ports.push_back({"127.0.0.1", static_cast<uint16_t>(std::stoul(port, nullptr, 16))});
  }
  return ports;
}

int64_t PeakKib(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  std::string word;
  int64_t kib = 0;
  while (status >> word) {
    if (word == "VmHWM:") status >> kib;
  }
  return kib;
}

void ResetPeak(pid_t pid) {
  std::ofstream("/proc/" + std::to_string(pid) + "/clear_refs") << "5";
}

// --- bytes that no honest peer sends

std::string Frame(const std::string& message) {
  std::string framed;
  for (int shift = 24; shift >= 0; shift -= 8) {
    framed.push_back(static_cast<char>((message.size() >> shift) & 0xff));
  }
  return framed + message;
}

std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<char>(value | 0x80));
  bytes.push_back(static_cast<char>(value));
  return bytes;
}

// A call in Thrift's compact protocol, up to its arguments.
std::string CallHead(const std::string& method) {
  return std::string("\x82\x21\x07", 3) + Varint(method.size()) + method;
}

std::string RandomText(size_t size) {
  std::mt19937 generator(20261121);
  std::string text(size, '\0');
  for (char& byte : text) byte = static_cast<char>(generator() & 0xff);
  return text;
}

std::vector<std::string> HostileInputs() {
  using std::string_literals::operator""s;
  const std::string hello = CallHead("hello") + "\x1C";
  return {
      "GET / HTTP/1.1\r\nHost: nowhere\r\n\r\n",
      "GET /" + std::string(1 << 20, 'a') + " HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nX-Long: " + std::string(1 << 20, 'a') + "\r\n\r\n",
      "PUT /staging/" + std::string(64, 'a') +
          " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9223372036854775807\r\n\r\nabc",
      "POST /ws/v1/cluster/apps HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n",
      "PUT /staging/x HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFF",
      RandomText(4096),
      RandomText(1 << 20),
      "\0\0\0\0"s,
      "\0\xE4\xE1\xC0"s,
      "\xFF\xFF\xFF\xFF"s,
      "\x7F\xFF\xFF\xFF"s + std::string(1 << 16, 'x'),
      "\0\x3F\xFF\xFF some bytes"s,
      "\0\0\x01\0abc"s,
      "\0\0"s,
      Frame(RandomText(4096)),
      Frame("\x82\x21\0"s + Varint(90'000'000)),
      Frame(CallHead(std::string(10'000, 'm')) + "\0"s),
      Frame("\x82\x21\xFF\xFF"s),
      Frame(hello + "\x28" + Varint(90'000'000)),
      Frame(hello + "\x28" + Varint(2'147'483'647)),
      Frame(hello + "\xA9\xFC" + Varint(20'000'000)),
      Frame(hello + "\xAB" + Varint(20'000'000) + "\x8C"),
      Frame(CallHead("hello") + std::string(5000, '\x1C') + std::string(5001, '\0')),
  };
}

class HostilePorts : public ClusterTest {
 protected:
  struct Victim {
    std::string name;
    pid_t pid;
    std::vector<HostPort> ports;
  };

  std::string StartSession() {
    const CommandResult session =
        cluster().Weir({"session", "start", "-d", "-jm", "128", "-tm", "128", "-n", "1"});
    EXPECT_EQ(session.exit_code, 0) << session.ToString();
    return session.out.substr(0, session.out.find('\n'));
  }
  void StopSession(const std::string& id) {
    const CommandResult stopped = cluster().Weir({"session", "stop", id});
    EXPECT_EQ(stopped.exit_code, 0) << stopped.ToString();
  }
  // Every process that listens.
  std::vector<Victim> Victims() {
    std::vector<Victim> victims;
    for (const char* name :
         {"weir-resourcemanager", "weir-nodemanager", "weir-appmaster", "weir-taskmanager"}) {
      for (const pid_t pid : ProcessesOf(name)) victims.push_back({name, pid, ListeningPorts(pid)});
    }
    return victims;
  }
  void ExpectServing() {
    EXPECT_EQ(cluster().Weir({"node", "-list"}).exit_code, 0);
    const CommandResult run = cluster().Weir(
        {"application", "-submit", "-memory", "64", "-wait", "--", "/bin/echo", "alive"});
    EXPECT_EQ(run.exit_code, 0) << run.ToString();
    const CommandResult job = cluster().Weir({"run", SourceJob(), "1", "100", "3"});
    EXPECT_EQ(job.exit_code, 0) << job.ToString();
  }
  static std::string SourceJob() { return BinaryPath("../examples/sequence_sum.so"); }
};

TEST_F(HostilePorts, CloseOnGarbageKeepTheirMemoryAndServeOn) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string session = StartSession();
  ASSERT_TRUE(WaitUntil([] { return ProcessesOf("weir-taskmanager").size() == 1; },
                        "the session has its TaskManager"));
  ExpectServing();  // what grows once, has grown
  const std::vector<Victim> victims = Victims();
  ASSERT_THAT(victims, SizeIs(4));
  for (const Victim& victim : victims) {
    SCOPED_TRACE(victim.name);
    EXPECT_FALSE(victim.ports.empty());
    ResetPeak(victim.pid);
    const int64_t before = PeakKib(victim.pid);
    for (const HostPort& port : victim.ports) {
      SCOPED_TRACE(port.ToString());
      for (const std::string& input : HostileInputs()) {
        RawConnection connection(port);
        connection.Send(input);
        connection.FinishSending();
        connection.ReadToEnd();  // fails the test when the connection stays open
      }
      std::vector<RawConnection> many;
      for (int i = 0; i < 50; ++i) {
        many.emplace_back(port);
        many.back().Send(std::string("\x00\x3F\xFF\xFF some bytes", 15));
      }
    }
    EXPECT_TRUE(IsAlive(victim.pid));
    if (kMemoryIsOurs) {
      EXPECT_LT(PeakKib(victim.pid) - before, kGrowthKib);
    }
  }
  ExpectServing();
  StopSession(session);
}

TEST_F(HostilePorts, CloseOnAFrameThatIsTooLargeWithoutWaitingForIt) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string session = StartSession();
  const auto rm = cluster().ResourceManagerAddresses();
  std::vector<HostPort> ports = {cluster().Address(cluster().NodeAddresses(0), "container")};
  for (const char* name : {"client", "master", "tracker", "admin"}) {
    ports.push_back(cluster().Address(rm, name));
  }
  const auto job_manager =
      HostPort::Parse(Application(session).at("amRPCAddress").get<std::string>());
  ASSERT_TRUE(job_manager.ok());
  ports.push_back(*job_manager);
  for (const HostPort& port : ports) {
    SCOPED_TRACE(port.ToString());
    RawConnection large(port);
    large.Send(std::string("\x00\xE4\xE1\xC0", 4));
    large.ReadToEnd();
    // A call before hello is told so, and the connection closed.
    RawConnection early(port);
    early.Send(Frame(CallHead("listNodes") + std::string(1, '\0')));
    EXPECT_THAT(early.ReadToEnd(), HasSubstr("before hello"));
  }
  StopSession(session);
}

// --- false credentials

HostPort AddressOf(const idl::HostPort& wire) {
  const auto address = wire::FromWire(wire);
  EXPECT_TRUE(address.ok());
  return address.ok() ? *address : HostPort();
}

ErrorCode CodeOf(const Status& status) {
  return status.ok() ? ErrorCode::kInternal : status.error().code;
}

TEST_F(HostilePorts, RefuseAWrongSecret) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string session = StartSession();
  HelloIdentity wrong;
  wrong.secret = std::string(64, '7');
  wrong.role = "daemon";
  wrong.name = "6f1c8a52-7f0e-4d0b-9b59-3f6f0d9a1c11";
  const auto rm = cluster().ResourceManagerAddresses();
  ThriftClient<idl::ResourceTrackerServiceClient> tracker({"", cluster().Address(rm, "tracker")},
                                                          wrong);
  ThriftClient<idl::ClientServiceClient> client({"", cluster().Address(rm, "client")}, wrong);
  ThriftClient<idl::AdminServiceClient> admin({"", cluster().Address(rm, "admin")}, wrong);
  ThriftClient<idl::ContainerManagementServiceClient> node(
      {"", cluster().Address(cluster().NodeAddresses(0), "container")}, wrong);
  EXPECT_EQ(CodeOf(tracker.Call(kPatience, [](auto& rpc) { rpc.unregisterNode("x", 1); })),
            ErrorCode::kUnauthenticated);
  EXPECT_EQ(CodeOf(client.Call(kPatience,
                               [](auto& rpc) {
                                 std::vector<idl::NodeReport> nodes;
                                 rpc.listNodes(nodes);
                               })),
            ErrorCode::kUnauthenticated);
  EXPECT_EQ(CodeOf(admin.Call(kPatience, [](auto& rpc) { rpc.checkHealth(); })),
            ErrorCode::kUnauthenticated);
  EXPECT_EQ(CodeOf(node.Call(kPatience, [](auto& rpc) { rpc.stopContainer("x"); })),
            ErrorCode::kUnauthenticated);

  ASSERT_TRUE(WaitUntil([] { return ProcessesOf("weir-taskmanager").size() == 1; },
                        "the session has its TaskManager"));
  wrong.role = "taskmanager";
  const auto tasks = HostPort::Parse(
      EnvironmentOf(ProcessesOf("weir-taskmanager").front(), "WEIR_JOBMANAGER_ADDRESS"));
  ASSERT_TRUE(tasks.ok());
  ThriftClient<idl::TaskServiceClient> worker({"", *tasks}, wrong);
  EXPECT_EQ(CodeOf(worker.Call(kPatience,
                               [](auto& rpc) {
                                 idl::RegisterTaskManagerAnswer answer;
                                 rpc.registerTaskManager(answer, {});
                               })),
            ErrorCode::kUnauthenticated);
  StopSession(session);
}

// An application whose ApplicationMaster only sleeps: the test speaks in its place, with the token
// that the NodeManager put into its container.
class HandMadeMaster {
 public:
  explicit HandMadeMaster(ProcessCluster& cluster) : cluster_(cluster) {}

  ::testing::AssertionResult Start(const std::string& scratch_file) {
    ThriftClient<idl::ClientServiceClient> client(
        {cluster_.ResourceManagerAddresses().at("client_socket"), {}}, {});
    SubmissionContext context;
    context.name = "by hand";
    context.type = "test";
    context.am_resource = {64, 1};
    context.am_launch.command = {
        "/bin/sh", "-c", "echo $$ > " + scratch_file + "; exec sleep 1000"};
    idl::SubmitRequest request;
    request.__set_idempotency_key(platform::RandomUuid());
    request.__set_context(wire::ToWire(context));
    const auto id = client.Call(kPatience, [&](auto& rpc) {
      idl::SubmitAnswer answer;
      rpc.submitApplication(answer, request);
      return answer.application_id;
    });
    if (!id.ok()) return ::testing::AssertionFailure() << id.error().ToString();
    id_ = *id;
    return ::testing::AssertionSuccess();
  }
  // Requires: its container runs as `pid`.
  ::testing::AssertionResult Register(pid_t pid, int32_t containers) {
    const auto token = platform::DecodeTokenFile(
        ReadWholeFile(EnvironmentOf(pid, "WEIR_SECRETS_DIR") + "/am.token"));
    if (!token.ok()) return ::testing::AssertionFailure() << token.error().ToString();
    token_ = *token;
    HelloIdentity identity;
    identity.token = &token_;
    master_ = std::make_unique<ThriftClient<idl::ApplicationMasterServiceClient>>(
        platform::Endpoint{"", cluster_.Address(cluster_.ResourceManagerAddresses(), "master")},
        identity);
    const auto registered = master_->Call(kPatience, [](auto& rpc) {
      idl::RegisterMasterAnswer answer;
      rpc.registerMaster(answer, {});
      return answer;
    });
    if (!registered.ok()) return ::testing::AssertionFailure() << registered.error().ToString();
    return Ask(containers);
  }
  const std::string& id() const { return id_; }
  const SignedToken& token() const { return token_; }
  const std::vector<idl::ContainerGrant>& grants() const { return grants_; }
  ThriftClient<idl::ApplicationMasterServiceClient>& master() { return *master_; }

  // A connection to the node of the grant, as whoever holds the token.
  ThriftClient<idl::ContainerManagementServiceClient> Node(const SignedToken& token) const {
    HelloIdentity identity;
    identity.token = &token;
    return {{"", AddressOf(grants_.front().node_address)}, identity};
  }
  SignedToken NodeToken() const { return wire::FromWire(grants_.front().nm_token); }

 private:
  ::testing::AssertionResult Ask(int32_t containers) {
    idl::ContainerAsk ask;
    ask.__set_request_id(1);
    ask.__set_priority(1);
    ask.__set_count(containers);
    ask.__set_resource(wire::ToWire(Resource{64, 1}));
    idl::AllocateRequest request;
    request.__set_asks({ask});
    request.__set_park_ms(500);
    for (int64_t sequence = 1; sequence <= 100; ++sequence) {
      request.__set_sequence(sequence);
      const auto answer = master_->Call(kPatience, [&](auto& rpc) {
        idl::AllocateAnswer allocated;
        rpc.allocate(allocated, request);
        return allocated;
      });
      if (!answer.ok()) return ::testing::AssertionFailure() << answer.error().ToString();
      grants_.insert(grants_.end(), answer->granted.begin(), answer->granted.end());
      if (grants_.size() == static_cast<size_t>(containers)) return ::testing::AssertionSuccess();
      request.__set_asks({});
    }
    return ::testing::AssertionFailure() << "the containers were not granted";
  }

  ProcessCluster& cluster_;
  std::string id_;
  SignedToken token_;
  std::unique_ptr<ThriftClient<idl::ApplicationMasterServiceClient>> master_;
  std::vector<idl::ContainerGrant> grants_;
};

class FalseTokens : public HostilePorts {
 protected:
  void Begin(HandMadeMaster& master, const std::string& name) {
    ASSERT_TRUE(master.Start(Scratch(name)));
    ASSERT_TRUE(master.Register(AwaitPid(Scratch(name)), 2));
  }
  static Status StartContainer(ThriftClient<idl::ContainerManagementServiceClient>& node,
                               const idl::Token& token,
                               const std::string& script) {
    LaunchContext launch;
    launch.command = {"/bin/sh", "-c", script};
    idl::StartContainerRequest request;
    request.__set_container_token(token);
    request.__set_launch(wire::ToWire(launch));
    return node.Call(kPatience, [&](auto& rpc) { rpc.startContainer(request); });
  }
  void Kill(const HandMadeMaster& master) {
    EXPECT_EQ(cluster().Weir({"application", "-kill", master.id()}).exit_code, 0);
    EXPECT_TRUE(AwaitState(master.id(), "KILLED"));
  }
};

TEST_F(FalseTokens, OfAnotherApplicationOrKindOrChangedOnesAreRefusedAndChangeNothing) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  HandMadeMaster mine(cluster());
  HandMadeMaster other(cluster());
  ASSERT_NO_FATAL_FAILURE(Begin(mine, "mine"));
  ASSERT_NO_FATAL_FAILURE(Begin(other, "other"));
  auto my_node = mine.Node(mine.NodeToken());
  auto other_node = mine.Node(other.NodeToken());
  const idl::ContainerGrant& first = mine.grants().at(0);
  const idl::ContainerGrant& second = mine.grants().at(1);
  const std::string never = "echo started > " + Scratch("never");

  EXPECT_EQ(CodeOf(StartContainer(other_node, first.container_token, never)),
            ErrorCode::kPermissionDenied);
  const Status started = StartContainer(
      my_node, first.container_token, "echo $$ > " + Scratch("worker") + "; exec sleep 1000");
  ASSERT_TRUE(started.ok()) << started.error().ToString();
  const pid_t worker = AwaitPid(Scratch("worker"));
  EXPECT_EQ(CodeOf(other_node.Call(kPatience, [&](auto& rpc) { rpc.stopContainer(first.id); })),
            ErrorCode::kPermissionDenied);

  idl::Token changed = second.container_token;
  changed.identifier.back() = static_cast<char>(changed.identifier.back() ^ 1);
  EXPECT_EQ(CodeOf(StartContainer(my_node, changed, never)), ErrorCode::kUnauthenticated);
  changed = second.container_token;
  changed.mac.front() = static_cast<char>(changed.mac.front() ^ 1);
  EXPECT_EQ(CodeOf(StartContainer(my_node, changed, never)), ErrorCode::kUnauthenticated);
  EXPECT_EQ(CodeOf(StartContainer(my_node, first.nm_token, never)), ErrorCode::kUnauthenticated);

  auto with_master_token = mine.Node(mine.token());
  EXPECT_EQ(
      CodeOf(with_master_token.Call(kPatience, [&](auto& rpc) { rpc.stopContainer(first.id); })),
      ErrorCode::kUnauthenticated);
  HelloIdentity with_node_token;
  const SignedToken node_token = mine.NodeToken();
  with_node_token.token = &node_token;
  ThriftClient<idl::ApplicationMasterServiceClient> master(
      {"", cluster().Address(cluster().ResourceManagerAddresses(), "master")}, with_node_token);
  EXPECT_EQ(CodeOf(master.Call(kPatience, [](auto& rpc) { rpc.finishMaster({}); })),
            ErrorCode::kUnauthenticated);
  EXPECT_TRUE(IsAlive(worker));
  Kill(mine);
  EXPECT_TRUE(AwaitGone(worker));
  // The token of an application that is over.
  EXPECT_EQ(CodeOf(mine.master().Call(kPatience,
                                      [](auto& rpc) {
                                        idl::RegisterMasterAnswer answer;
                                        rpc.registerMaster(answer, {});
                                      })),
            ErrorCode::kFailedPrecondition);
  EXPECT_EQ(Application(other.id()).at("state"), "RUNNING");
  Kill(other);
  EXPECT_FALSE(fs::exists(Scratch("never")));
}

TEST_F(FalseTokens, OfAnOldEpochStartNothing) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  HandMadeMaster mine(cluster());
  ASSERT_NO_FATAL_FAILURE(Begin(mine, "mine"));
  cluster().resource_manager().Kill();
  ASSERT_TRUE(cluster().StartResourceManager());
  ASSERT_TRUE(cluster().WaitForNodes(1));
  ASSERT_TRUE(AwaitState(mine.id(), "FAILED"));
  auto node = mine.Node(mine.NodeToken());
  const Status started = StartContainer(
      node, mine.grants().at(0).container_token, "echo started > " + Scratch("never"));
  ASSERT_FALSE(started.ok());
  EXPECT_THAT(started.error().ToString(), AnyOf(HasSubstr("epoch"), HasSubstr("over")));
  EXPECT_TRUE(AwaitNoContainers());
  EXPECT_FALSE(fs::exists(Scratch("never")));
}

TEST_F(HostilePorts, RefuseTheClientTokenOfAnotherApplication) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string mine = StartSession();
  const std::string other = StartSession();
  ThriftClient<idl::ClientServiceClient> rm(
      {cluster().ResourceManagerAddresses().at("client_socket"), {}}, {});
  const auto report = [&](const std::string& id) {
    idl::GetApplicationRequest request;
    request.__set_application_id(id);
    return rm.Call(kPatience, [&](auto& rpc) {
      idl::ApplicationReport answer;
      rpc.getApplication(answer, request);
      return answer;
    });
  };
  const auto my_report = report(mine);
  const auto other_report = report(other);
  ASSERT_TRUE(my_report.ok() && other_report.ok());
  const auto list_jobs = [](const idl::ApplicationReport& at, const idl::ApplicationReport& as) {
    const SignedToken token = wire::FromWire(as.client_token);
    HelloIdentity identity;
    identity.token = &token;
    ThriftClient<idl::JobServiceClient> client({"", AddressOf(at.am_address)}, identity);
    const Status listed = client.Call(kPatience, [](auto& rpc) {
      std::vector<idl::JobReport> jobs;
      rpc.listJobs(jobs);
    });
    return listed;
  };
  EXPECT_TRUE(list_jobs(*my_report, *my_report).ok());
  EXPECT_EQ(CodeOf(list_jobs(*other_report, *my_report)), ErrorCode::kUnauthenticated);
  StopSession(mine);
  StopSession(other);
}

}  // namespace
}  // namespace weir::testing
