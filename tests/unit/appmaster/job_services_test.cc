// The JobManager's services over loopback: clients, blobs, and a TaskManager played by the test.
#include <gmock/gmock.h>

#include "gen/JobService.h"
#include "gen/TaskService.h"
#include "platform/crypto.h"
#include "stream/jobmanager/server/services.h"
#include "tests/support/temp_directory.h"
#include "tests/unit/appmaster/job_manager_harness.h"
#include "tests/unit/appmaster/rpc_fixture.h"

namespace weir::stream {
namespace {

using ::testing::HasSubstr;
using weir::testing::Attempt;
using weir::testing::Channel;
using weir::testing::kCluster;
using weir::testing::kGuard;
using weir::testing::RpcFixture;
using weir::testing::TempDirectory;
using weir::testing::Worker;

using JobClient = platform::ThriftClient<idl::JobServiceClient>;
using TaskClient = platform::ThriftClient<idl::TaskServiceClient>;

constexpr char kSecret[] = "a secret of more than sixteen bytes";

class Listener : public JobManagerListener {
 public:
  void OnWorkerRegistered(const ContainerId& container) override { registered.Put(container); }
  void OnWorkerGivenUp(const ContainerId&, const std::string&) override {}
  void OnStepped() override {}
  void OnStopRequested() override { stops.Put(true); }
  Channel<ContainerId> registered;
  Channel<bool> stops;
};

class JobServices : public RpcFixture {
 protected:
  JobServices() : jobs_(core_loop_, JobManagerOptions(), directory_ / "blobs", listener_) {
    platform::ThriftListenerOptions clients;
    clients.authenticator = platform::MakeClientTokenAuthenticator(
        [] { return weir::testing::Keys().ClientKeys(Attempt()); }, Attempt());
    clients.factory = MakeJobService(jobs_, {Attempt().application.ToString(), "session"});
    job_endpoint_ = Listen(std::move(clients));
    platform::ThriftListenerOptions workers;
    workers.authenticator = platform::MakeTaskManagerAuthenticator(kSecret, Attempt());
    workers.factory = MakeTaskService(jobs_);
    task_endpoint_ = Listen(std::move(workers));
  }
  ~JobServices() override { StopLoops(); }

  JobClient Client() { return ClientWith(weir::testing::Keys(), Attempt()); }
  JobClient ClientWith(const platform::TokenKeys& keys, const AttemptId& attempt) {
    const platform::SignedToken token = keys.Sign(ClientTokenIdentifier{attempt, "anna"});
    platform::HelloIdentity identity;
    identity.cluster_id = kCluster;
    identity.token = &token;
    return JobClient(job_endpoint_, identity);
  }
  TaskClient TaskManager(const std::string& secret) {
    platform::HelloIdentity identity;
    identity.cluster_id = kCluster;
    identity.secret = secret;
    identity.role = platform::kTaskManagerRole;
    identity.name = Worker(2).ToString();
    return TaskClient(task_endpoint_, identity);
  }
  static Result<bool> Upload(JobClient& client, const std::string& sha256, const std::string& all) {
    Result<bool> whole = false;
    for (size_t offset = 0; offset < all.size(); offset += 1000) {
      const std::string piece = all.substr(offset, 1000);
      whole = client.Call(kGuard, [&](auto& c) {
        return c.uploadBlob(
            sha256, static_cast<int64_t>(all.size()), static_cast<int64_t>(offset), piece);
      });
      if (!whole.ok()) return whole;
    }
    return whole;
  }
  static idl::JobSpec WireSpec(const std::string& sha256) {
    idl::JobSpec spec;
    spec.__set_idempotency_key("key");
    spec.__set_name("a job");
    spec.__set_library_sha256(sha256);
    spec.__set_graph(testing::Graph(1, 1).ToText());
    spec.__set_parallelism(1);
    return spec;
  }
  static Result<std::string> Submit(JobClient& client, const idl::JobSpec& spec) {
    return client.Call(kGuard, [&](auto& c) {
      std::string id;
      c.submitJob(id, spec);
      return id;
    });
  }
  static Result<idl::JobReport> Status(JobClient& client,
                                       const std::string& id,
                                       int64_t known = -1) {
    return client.Call(kGuard + kGuard, [&](auto& c) {
      idl::JobReport report;
      c.jobStatus(report, id, known, 30'000);
      return report;
    });
  }

  TempDirectory directory_;
  Listener listener_;
  JobManager jobs_;
  platform::Endpoint job_endpoint_;
  platform::Endpoint task_endpoint_;
};

// A TaskManager with one connection.
class FakeTaskManager {
 public:
  explicit FakeTaskManager(TaskClient& client) : client_(client) {}
  Status Register() {
    const auto answer = client_.Call(kGuard, [](auto& c) {
      idl::RegisterTaskManagerRequest request;
      request.__set_container_id(Worker(2).ToString());
      request.__set_slots(1);
      idl::HostPort address;
      address.__set_host("127.0.0.1");
      address.__set_port(1);
      request.__set_data_address(address);
      idl::RegisterTaskManagerAnswer registered;
      c.registerTaskManager(registered, request);
      return registered;
    });
    if (!answer.ok()) return answer.error();
    session_ = answer->session;
    return {};
  }
  std::vector<idl::TaskCommand> Poll(std::vector<idl::TaskReport> tasks,
                                     std::vector<idl::CommitReport> commits) {
    const auto answer = client_.Call(kGuard, [&](auto& c) {
      idl::TaskPollRequest request;
      request.__set_session(session_);
      request.__set_sequence(++sequence_);
      request.__set_tasks(tasks);
      request.__set_commits(commits);
      request.__set_park_ms(5000);
      idl::TaskPollAnswer polled;
      c.poll(polled, request);
      return polled;
    });
    EXPECT_TRUE(answer.ok()) << answer.error().ToString();
    return answer.ok() ? answer->commands : std::vector<idl::TaskCommand>();
  }

 private:
  TaskClient& client_;
  int64_t session_ = 0;
  int64_t sequence_ = 0;
};

TEST_F(JobServices, RunAJobFromUploadToPublishedResults) {
  JobClient client = Client();
  const std::string library(2500, 'x');
  const std::string sha256 = platform::Sha256Hex(library);
  ASSERT_TRUE(*Upload(client, sha256, library));
  const auto id = Submit(client, WireSpec(sha256));
  ASSERT_TRUE(id.ok()) << id.error().ToString();
  EXPECT_EQ(*Submit(client, WireSpec(sha256)), *id) << "the key makes repeating harmless";
  EXPECT_EQ(Status(client, *id)->state, "CREATED");

  TaskClient worker_client = TaskManager(kSecret);
  FakeTaskManager worker(worker_client);
  ASSERT_TRUE(worker.Register().ok());
  EXPECT_EQ(listener_.registered.Take(), Worker(2));
  const auto commands = worker.Poll({}, {});
  ASSERT_EQ(commands.size(), 3u);
  EXPECT_EQ(commands[0].job.library_size, 2500);
  EXPECT_EQ(commands[0].job.graph_sha256, platform::Sha256Hex(testing::Graph(1, 1).ToText()));
  std::vector<idl::TaskReport> finished;
  for (const auto& command : {commands[1], commands[2]}) {
    idl::TaskReport report;
    report.__set_job_id(*id);
    report.__set_execution_id(command.deploy.execution_id);
    report.__set_state("FINISHED");
    report.__set_records_in(21);
    report.__set_outputs({"/out/" + std::to_string(command.deploy.vertex)});
    finished.push_back(report);
  }
  const auto commit = worker.Poll(finished, {});
  ASSERT_EQ(commit.size(), 1u);
  EXPECT_EQ(commit[0].commit_job, *id);
  idl::CommitReport committed;
  committed.__set_job_id(*id);
  worker.Poll({}, {committed});
  const auto end = Status(client, *id);
  EXPECT_EQ(end->state, "FINISHED");
  EXPECT_EQ(end->source_records, 21);
  EXPECT_THAT(end->outputs, ::testing::UnorderedElementsAre("/out/0", "/out/1"));
}

TEST_F(JobServices, WakeAParkedStatusWhenTheJobChanges) {
  JobClient client = Client();
  ASSERT_TRUE(*Upload(client, platform::Sha256Hex("lib"), "lib"));
  const auto id = Submit(client, WireSpec(platform::Sha256Hex("lib")));
  const int64_t version = Status(client, *id)->version;
  Channel<std::string> state;
  std::thread watcher([&] {
    JobClient other = Client();
    state.Put(Status(other, *id, version)->state);
  });
  EXPECT_TRUE(client.Call(kGuard, [&](auto& c) { c.cancelJob(*id); }).ok());
  EXPECT_EQ(state.Take(), "CANCELED");
  watcher.join();
}

TEST_F(JobServices, LetBlobsBeFetchedInPiecesAsTheyWereUploaded) {
  JobClient client = Client();
  std::string library;
  for (int i = 0; i < 3000; ++i) library += static_cast<char>(i % 251);
  const std::string sha256 = platform::Sha256Hex(library);
  EXPECT_FALSE(*client.Call(kGuard, [&](auto& c) { return c.hasBlob(sha256); }));
  ASSERT_TRUE(*Upload(client, sha256, library));
  EXPECT_TRUE(*client.Call(kGuard, [&](auto& c) { return c.hasBlob(sha256); }));
  TaskClient worker = TaskManager(kSecret);
  std::string fetched;
  while (true) {
    const auto piece = worker.Call(kGuard, [&](auto& c) {
      std::string bytes;
      c.fetchBlob(bytes, sha256, static_cast<int64_t>(fetched.size()), 700);
      return bytes;
    });
    ASSERT_TRUE(piece.ok());
    if (piece->empty()) break;
    fetched += *piece;
  }
  EXPECT_EQ(fetched, library);
}

TEST_F(JobServices, RefuseStrangers) {
  const platform::TokenKeys other_keys({{1, std::string(32, 'x')}});
  JobClient forged = ClientWith(other_keys, Attempt());
  EXPECT_EQ(Status(forged, "x").error().code, ErrorCode::kUnauthenticated);
  AttemptId other = Attempt();
  other.application.sequence = 2;
  JobClient another = ClientWith(weir::testing::Keys(), other);
  EXPECT_EQ(Status(another, "x").error().code, ErrorCode::kUnauthenticated);
  TaskClient worker = TaskManager("a wrong secret, long enough");
  EXPECT_EQ(FakeTaskManager(worker).Register().error().code, ErrorCode::kUnauthenticated);
}

TEST_F(JobServices, RefuseBadSubmissionsWithWhatIsWrong) {
  JobClient client = Client();
  const std::string sha256 = platform::Sha256Hex("lib");
  EXPECT_EQ(Submit(client, WireSpec(sha256)).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(*Upload(client, sha256, "lib"));
  idl::JobSpec spec = WireSpec(sha256);
  spec.graph = "nonsense";
  EXPECT_EQ(Submit(client, spec).error().code, ErrorCode::kInvalidArgument);
  spec = WireSpec(sha256);
  spec.parallelism = 0;
  EXPECT_THAT(Submit(client, spec).error().message, HasSubstr("parallelism 0"));
  EXPECT_EQ(Status(client, "nonsense").error().code, ErrorCode::kNotFound);
}

TEST_F(JobServices, PassTheWishToStopTheClusterOn) {
  JobClient client = Client();
  EXPECT_TRUE(client.Call(kGuard, [](auto& c) { c.stopCluster(); }).ok());
  EXPECT_TRUE(listener_.stops.Take());
}

}  // namespace
}  // namespace weir::stream
