// MasterClient and NodeClient against a ResourceManager and a NodeManager played by the test.
#include "appmaster/client/master_client.h"

#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "appmaster/client/node_client.h"
#include "gen/ApplicationMasterService.h"
#include "gen/ContainerManagementService.h"
#include "platform/clock.h"
#include "tests/unit/appmaster/rpc_fixture.h"

namespace weir::am {
namespace {

using weir::testing::Attempt;
using weir::testing::Channel;
using weir::testing::kCluster;
using weir::testing::kGuard;
using weir::testing::RpcFixture;
using weir::testing::Worker;

using Thrown = std::function<void(apache::thrift::TDelayedException*)>;

// What the fake ResourceManager was told; the test answers.
struct AllocateCall {
  idl::AllocateRequest request;
  platform::Responder<idl::AllocateAnswer> responder;
};
struct FinishCall {
  idl::FinishMasterRequest request;
  platform::Responder<void> responder;
};
struct RmBoard {
  Channel<idl::RegisterMasterRequest> registrations;
  Channel<AllocateCall> allocates;
  Channel<FinishCall> finishes;
  std::vector<idl::ContainerGrant> inherited;  // set before anybody registers
  std::atomic<int> refuse_code{0};             // an ErrorCode for registrations
  std::atomic<bool> standby{false};
};

class RmHandler : public virtual idl::ApplicationMasterServiceCobSvIf,
                  public virtual idl::BaseServiceCobSvNull {
 public:
  RmHandler(platform::ConnectionContext& context, RmBoard& board)
      : context_(context), board_(board) {}
  void registerMaster(std::function<void(const idl::RegisterMasterAnswer&)> cob,
                      Thrown,
                      const idl::RegisterMasterRequest& request) override {
    const auto responder = context_.Respond(std::move(cob));
    if (const int code = board_.refuse_code; code != 0) {
      return responder.Fail({static_cast<ErrorCode>(code), "the attempt is over", ""});
    }
    idl::RegisterMasterAnswer answer;
    answer.__set_epoch(3);
    answer.__set_client_key("key");
    answer.__set_queue("root.default");
    answer.__set_containers(board_.inherited);
    responder.Reply(answer);
    board_.registrations.Put(request);
  }
  void allocate(std::function<void(const idl::AllocateAnswer&)> cob,
                Thrown,
                const idl::AllocateRequest& request) override {
    board_.allocates.Put({request, context_.Respond(std::move(cob))});
  }
  void finishMaster(std::function<void()> cob,
                    Thrown,
                    const idl::FinishMasterRequest& request) override {
    board_.finishes.Put({request, context_.RespondVoid(std::move(cob))});
  }

 private:
  platform::ConnectionContext& context_;
  RmBoard& board_;
};

class Listener : public MasterListener {
 public:
  void OnRegistered(const MasterRegistration& r) override {
    registrations.Put(r.client_keys.begin()->second);
    inherited.Put(r.containers);
  }
  void OnAllocation(const wire::ReceivedAllocation& a) override { allocations.Put(a); }
  void OnMasterLost(const Error& last) override { losses.Put(last); }
  void OnRejected(const Error& error) override { rejections.Put(error); }
  Channel<std::string> registrations;
  Channel<wire::ReceivedAllocation> allocations;
  Channel<Error> losses;
  Channel<Error> rejections;
  Channel<std::vector<wire::ReceivedGrant>> inherited;
};

class MasterClientTest : public RpcFixture {
 protected:
  MasterClientTest() {
    environment_.rm_addresses = {ListenAs(board_)};
    environment_.cluster_id = kCluster;
    environment_.attempt = Attempt();
    environment_.token = weir::testing::Keys().Sign(AmTokenIdentifier{Attempt()});
  }
  ~MasterClientTest() override {
    StopLoops();
    if (client_) client_->Close();
  }
  // A ResourceManager that tells `board` what it is told.
  HostPort ListenAs(RmBoard& board, const platform::TokenKeys& keys = weir::testing::Keys()) {
    platform::ThriftListenerOptions options;
    options.authenticator = platform::MakeAmTokenAuthenticator([keys] { return keys; });
    options.admit = [&board](const Caller&) -> Status {
      if (!board.standby) return {};
      return Error{ErrorCode::kNotActive, "a standby", ""};
    };
    options.factory = [&board](platform::ConnectionContext& context) {
      return std::make_shared<idl::ApplicationMasterServiceAsyncProcessor>(
          std::make_shared<RmHandler>(context, board));
    };
    return Listen(std::move(options)).address;
  }
  void Start(const MasterProtocolOptions& options = {}) {
    client_ = std::make_unique<MasterClient>(core_loop_, environment_, options, listener_);
    OnLoop([this] { client_->Start({{"127.0.0.1", 1234}, "http://here/"}); });
  }
  void OnLoop(std::function<void()> function) { core_loop_.PostAndWait(std::move(function)); }
  static idl::AllocateAnswer AnswerTo(const AllocateCall& call) {
    idl::AllocateAnswer answer;
    answer.__set_epoch(3);
    answer.__set_sequence(call.request.sequence);
    return answer;
  }
  static idl::ContainerGrant Grant(int64_t container, int64_t request) {
    idl::ContainerGrant grant;
    grant.__set_id(Worker(container).ToString());
    grant.__set_node("00000000-0000-4000-8000-000000000001");
    idl::HostPort address;
    address.__set_host("127.0.0.1");
    address.__set_port(1);
    grant.__set_node_address(address);
    grant.__set_request_id(request);
    return grant;
  }

  static platform::TokenKeys NewerKeys() {
    return platform::TokenKeys({{2, std::string(32, 'n')}});
  }
  static idl::MasterCredentials NewerCredentials() {
    idl::MasterCredentials credentials;
    credentials.__set_keys_version(NewerKeys().version());
    credentials.__set_am_token(wire::ToWire(NewerKeys().Sign(AmTokenIdentifier{Attempt()})));
    idl::ClientKey key;
    key.__set_key_id(2);
    key.__set_key("another key");
    credentials.__set_client_keys({key});
    return credentials;
  }

  RmBoard board_;
  RmBoard other_board_;
  Listener listener_;
  MasterEnvironment environment_;
  std::unique_ptr<MasterClient> client_;
};

TEST_F(MasterClientTest, SendsNewsAtOnceOnASecondConnectionWhileAPollIsParked) {
  Start();
  EXPECT_EQ(board_.registrations.Take().rpc_address.port, 1234);
  EXPECT_EQ(listener_.registrations.Take(), "key");
  const AllocateCall parked = board_.allocates.Take();
  EXPECT_EQ(parked.request.sequence, 1);
  OnLoop([this] {
    client_->SetAsk({.request_id = 7, .priority = 1, .count = 2, .resource = {1024, 1}});
  });
  const AllocateCall newer = board_.allocates.Take();
  EXPECT_EQ(newer.request.sequence, 2);
  ASSERT_EQ(newer.request.asks.size(), 1u);
  parked.responder.Fail({ErrorCode::kAborted, "a newer call came", ""});
  idl::AllocateAnswer answer = AnswerTo(newer);
  answer.__set_granted({Grant(2, 7)});
  newer.responder.Reply(answer);
  const auto allocation = listener_.allocations.Take();
  ASSERT_EQ(allocation.granted.size(), 1u);
  EXPECT_EQ(allocation.granted[0].id, Worker(2));
  EXPECT_EQ(board_.allocates.Take().request.sequence, 3);
  int32_t outstanding = 0;
  OnLoop([&] { outstanding = client_->Outstanding(7); });
  EXPECT_EQ(outstanding, 1);
}

TEST_F(MasterClientTest, RegistersAgainAfterAResyncAndCountsAGrantToldTwiceOnce) {
  Start();
  board_.registrations.Take();
  OnLoop([this] {
    client_->SetAsk({.request_id = 7, .priority = 1, .count = 2, .resource = {1024, 1}});
  });
  AllocateCall call = board_.allocates.Take();
  if (call.request.asks.empty()) {
    // The first poll was on its way already.
    const AllocateCall newer = board_.allocates.Take();
    call.responder.Fail({ErrorCode::kAborted, "a newer call came", ""});
    call = newer;
  }
  idl::AllocateAnswer answer = AnswerTo(call);
  answer.__set_granted({Grant(2, 7)});
  call.responder.Reply(answer);
  listener_.allocations.Take();
  board_.allocates.Take().responder.Fail({ErrorCode::kResync, "register again", ""});
  board_.registrations.Take();
  call = board_.allocates.Take();
  EXPECT_EQ(call.request.sequence, 1);
  ASSERT_EQ(call.request.asks.size(), 1u);
  EXPECT_EQ(call.request.asks[0].count, 1);
  answer = AnswerTo(call);
  answer.__set_granted({Grant(2, 7)});
  call.responder.Reply(answer);
  call = board_.allocates.Take();
  ASSERT_EQ(call.request.asks.size(), 1u) << "said again, for the RM counted the grant off twice";
  EXPECT_EQ(call.request.asks[0].count, 1);
}

// What attempts before it had and was kept for it, it holds from then on.
TEST_F(MasterClientTest, TakesOverWhatItInheritsOnce) {
  board_.inherited = {Grant(2, 7), Grant(3, 7)};
  Start();
  const auto first = board_.registrations.Take();
  EXPECT_FALSE(first.again);
  EXPECT_TRUE(first.containers.empty());
  const auto inherited = listener_.inherited.Take();
  ASSERT_EQ(inherited.size(), 2u);
  EXPECT_EQ(inherited[1].id, Worker(3));
  AllocateCall call = board_.allocates.Take();
  idl::AllocateAnswer answer = AnswerTo(call);
  answer.__set_inherited({Grant(3, 7), Grant(4, 7)});
  call.responder.Reply(answer);
  const auto later = listener_.allocations.Take().inherited;
  ASSERT_EQ(later.size(), 1u) << "one of them it knew";
  EXPECT_EQ(later[0].id, Worker(4));
  board_.allocates.Take().responder.Fail({ErrorCode::kResync, "register again", ""});
  const auto second = board_.registrations.Take();
  EXPECT_TRUE(second.again);
  EXPECT_EQ(second.containers.size(), 3u);
  EXPECT_TRUE(listener_.inherited.Take().empty());
}

TEST_F(MasterClientTest, AsksForOtherSizesAndTellsWhatCameOfThem) {
  Start();
  board_.registrations.Take();
  AllocateCall call = board_.allocates.Take();
  idl::AllocateAnswer answer = AnswerTo(call);
  answer.__set_granted({Grant(2, 7)});
  call.responder.Reply(answer);
  listener_.allocations.Take();
  const AllocateCall parked = board_.allocates.Take();
  OnLoop([this] { client_->SetSize({Worker(2), {2048, 1}}); });
  call = board_.allocates.Take();
  ASSERT_EQ(call.request.sizes.size(), 1u);
  EXPECT_EQ(call.request.sizes[0].container_id, Worker(2).ToString());
  EXPECT_EQ(call.request.sizes[0].resource.memory_mib, 2048);
  parked.responder.Fail({ErrorCode::kAborted, "a newer call came", ""});
  answer = AnswerTo(call);
  idl::SizeNotice notice;
  notice.__set_container_id(Worker(2).ToString());
  notice.__set_resource(call.request.sizes[0].resource);
  notice.__set_asked(true);
  answer.__set_sizes({notice});
  call.responder.Reply(answer);
  const auto allocation = listener_.allocations.Take();
  ASSERT_EQ(allocation.sizes.size(), 1u);
  EXPECT_EQ(allocation.sizes[0],
            (SizeNotice{.container = Worker(2), .resource = {2048, 1}, .asked = true}));
  // Answered, so a new registration does not ask for it again.
  board_.allocates.Take().responder.Fail({ErrorCode::kResync, "register again", ""});
  board_.registrations.Take();
  EXPECT_TRUE(board_.allocates.Take().request.sizes.empty());
}

TEST_F(MasterClientTest, TellsThatTheResourceManagerRefusesTheAttempt) {
  board_.refuse_code = static_cast<int>(ErrorCode::kFailedPrecondition);
  Start();
  EXPECT_EQ(listener_.rejections.Take().code, ErrorCode::kFailedPrecondition);
}

TEST_F(MasterClientTest, TellsThatTheResourceManagerIsLost) {
  environment_.rm_addresses[0].port = 1;  // nobody listens there
  Start({.backoff_first = milliseconds(1), .lost_after = milliseconds(20)});
  EXPECT_EQ(listener_.losses.Take().code, ErrorCode::kUnavailable);
}

TEST_F(MasterClientTest, FollowsTheActiveResourceManagerWithWhatItHolds) {
  other_board_.standby = true;
  environment_.rm_addresses.insert(environment_.rm_addresses.begin(), ListenAs(other_board_));
  Start();
  board_.registrations.Take();
  OnLoop([this] {
    client_->SetAsk({.request_id = 7, .priority = 1, .count = 2, .resource = {1024, 1}});
  });
  AllocateCall call = board_.allocates.Take();
  if (call.request.asks.empty()) {
    // The first poll was on its way already.
    const AllocateCall newer = board_.allocates.Take();
    call.responder.Fail({ErrorCode::kAborted, "a newer call came", ""});
    call = newer;
  }
  idl::AllocateAnswer answer = AnswerTo(call);
  answer.__set_granted({Grant(2, 7)});
  call.responder.Reply(answer);
  listener_.allocations.Take();

  // The roles are changed while a poll is parked.
  call = board_.allocates.Take();
  board_.standby = true;
  other_board_.standby = false;
  call.responder.Fail({ErrorCode::kNotActive, "a standby now", ""});
  const AllocateCall unknown = other_board_.allocates.Take();
  EXPECT_EQ(unknown.request.sequence, call.request.sequence) << "the same poll, elsewhere";
  unknown.responder.Fail({ErrorCode::kResync, "register again", ""});
  const auto registration = other_board_.registrations.Take();
  ASSERT_EQ(registration.containers.size(), 1u);
  EXPECT_EQ(registration.containers[0].id, Worker(2).ToString());
  const AllocateCall again = other_board_.allocates.Take();
  EXPECT_EQ(again.request.sequence, 1);
  ASSERT_EQ(again.request.asks.size(), 1u);
  EXPECT_EQ(again.request.asks[0].count, 1);
}

// One that knows the key of the first token no more would refuse that for good.
TEST_F(MasterClientTest, ShowsItsNewestTokenToWhoLeadsNext) {
  other_board_.standby = true;
  environment_.rm_addresses.insert(environment_.rm_addresses.begin(),
                                   ListenAs(other_board_, NewerKeys()));
  Start();
  board_.registrations.Take();
  AllocateCall call = board_.allocates.Take();
  ASSERT_TRUE(call.request.__isset.keys_version);
  EXPECT_LT(call.request.keys_version, NewerKeys().version());
  idl::AllocateAnswer answer = AnswerTo(call);
  answer.__set_credentials(NewerCredentials());
  call.responder.Reply(answer);
  const auto told = listener_.allocations.Take();
  ASSERT_TRUE(told.credentials.has_value());
  EXPECT_EQ(told.credentials->client_keys, (std::map<int, std::string>{{2, "another key"}}));
  call = board_.allocates.Take();
  EXPECT_EQ(call.request.keys_version, NewerKeys().version());

  board_.standby = true;
  other_board_.standby = false;
  call.responder.Fail({ErrorCode::kNotActive, "a standby now", ""});
  EXPECT_EQ(other_board_.allocates.Take().request.sequence, call.request.sequence);
}

TEST_F(MasterClientTest, AsksForNewTokensOfTheNodesItHoldsContainersOn) {
  Start();
  board_.registrations.Take();
  AllocateCall call = board_.allocates.Take();
  idl::AllocateAnswer answer = AnswerTo(call);
  idl::ContainerGrant grant = Grant(2, 7);
  idl::Token token;
  token.__set_key_id(1);
  grant.__set_nm_token(token);
  answer.__set_granted({grant});
  call.responder.Reply(answer);
  call = board_.allocates.Take();
  EXPECT_FALSE(call.request.__isset.nm_tokens) << "those that it has are good";
  answer = AnswerTo(call);
  answer.__set_credentials(NewerCredentials());
  call.responder.Reply(answer);
  call = board_.allocates.Take();
  EXPECT_EQ(call.request.nm_tokens, std::vector<std::string>{grant.node});
  call.responder.Reply(AnswerTo(call));  // without
  call = board_.allocates.Take();
  EXPECT_EQ(call.request.nm_tokens, std::vector<std::string>{grant.node}) << "so once more";
  answer = AnswerTo(call);
  idl::NmToken renewed;
  renewed.__set_node(grant.node);
  token.__set_key_id(2);
  renewed.__set_token(token);
  answer.__set_nm_tokens({renewed});
  call.responder.Reply(answer);
  EXPECT_FALSE(board_.allocates.Take().request.__isset.nm_tokens);
  for (int answers = 0; answers < 3; ++answers) {
    EXPECT_TRUE(listener_.allocations.Take().nm_tokens.empty());
  }
  const auto told = listener_.allocations.Take().nm_tokens;
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].node.uuid, grant.node);
  EXPECT_EQ(told[0].token.key_id, 2);
}

TEST_F(MasterClientTest, IsNotRejectedWhileNoResourceManagerIsActive) {
  board_.standby = true;
  other_board_.standby = true;
  environment_.rm_addresses.push_back(ListenAs(other_board_));
  environment_.rm_addresses.push_back({"127.0.0.1", 1});
  Start({.backoff_first = milliseconds(1), .lost_after = milliseconds(20)});
  EXPECT_EQ(listener_.losses.Take().code, ErrorCode::kNotActive);
  other_board_.standby = false;
  other_board_.registrations.Take();
  EXPECT_EQ(listener_.registrations.Take(), "key");
}

TEST_F(MasterClientTest, TellsTheFinalStatusUntilItIsAcknowledged) {
  Start({.backoff_first = milliseconds(1)});
  board_.registrations.Take();
  const AllocateCall parked = board_.allocates.Take();
  Channel<bool> told;
  OnLoop([&] {
    client_->Finish({FinalStatus::kFailed, "the cause", ""},
                    platform::MonotonicNow() + kGuard,
                    [&told](const Status& status) { told.Put(status.ok()); });
  });
  FinishCall finish = board_.finishes.Take();
  EXPECT_EQ(finish.request.diagnostics, "the cause");
  finish.responder.Fail({ErrorCode::kUnavailable, "not now", ""});
  finish = board_.finishes.Take();
  finish.responder.Reply();
  EXPECT_TRUE(told.Take());
}

TEST_F(MasterClientTest, GivesUpTellingTheFinalStatusAtItsDeadline) {
  environment_.rm_addresses[0].port = 1;
  Start();
  Channel<bool> told;
  OnLoop([&] {
    client_->Finish({FinalStatus::kSucceeded, "", ""},
                    platform::MonotonicNow() + milliseconds(50),
                    [&told](const Status& status) { told.Put(status.ok()); });
  });
  EXPECT_FALSE(told.Take());
}

// --- NodeClient

struct NmBoard {
  Channel<idl::StartContainerRequest> starts;
  Channel<std::string> stops;
  std::atomic<int> failures{0};  // so many calls are answered kUnavailable first
};

class NmHandler : public virtual idl::ContainerManagementServiceCobSvIf,
                  public virtual idl::BaseServiceCobSvNull {
 public:
  NmHandler(platform::ConnectionContext& context, NmBoard& board)
      : context_(context), board_(board) {}
  void startContainer(std::function<void()> cob,
                      Thrown,
                      const idl::StartContainerRequest& request) override {
    const auto responder = context_.RespondVoid(std::move(cob));
    if (board_.failures-- > 0) return responder.Fail({ErrorCode::kUnavailable, "not now", ""});
    responder.Reply();
    board_.starts.Put(request);
  }
  void stopContainer(std::function<void()> cob, Thrown, const std::string& id) override {
    context_.RespondVoid(std::move(cob)).Reply();
    board_.stops.Put(id);
  }
  void containerStatus(std::function<void(const idl::ContainerStatus&)> cob,
                       Thrown,
                       const std::string& id,
                       int32_t,
                       int32_t) override {
    idl::ContainerStatus status;
    status.__set_id(id);
    status.__set_state(2);
    context_.Respond(std::move(cob)).Reply(status);
  }

 private:
  platform::ConnectionContext& context_;
  NmBoard& board_;
};

class NodeClientTest : public RpcFixture {
 protected:
  NodeClientTest() : nodes_(core_loop_, kCluster, {.threads = 2, .deadline = seconds(20)}) {
    platform::ThriftListenerOptions options;
    options.authenticator = platform::MakeNmTokenAuthenticator(
        [this] { return newer_ ? NewerKeys() : weir::testing::Keys(); }, NodeId{"node"});
    options.factory = [this](platform::ConnectionContext& context) {
      return std::make_shared<idl::ContainerManagementServiceAsyncProcessor>(
          std::make_shared<NmHandler>(context, board_));
    };
    grant_.id = Worker(2);
    grant_.node = {"node"};
    grant_.node_address = Listen(std::move(options)).address;
    grant_.nm_token = weir::testing::Keys().Sign(NmTokenIdentifier{Attempt(), {"node"}});
  }
  ~NodeClientTest() override {
    StopLoops();
    nodes_.Close();
  }

  static platform::TokenKeys NewerKeys() {
    return platform::TokenKeys({{2, std::string(32, 'n')}});
  }
  // Why the container could not be started; nothing when it was.
  std::optional<ErrorCode> WhyNotStarted() {
    Channel<std::optional<ErrorCode>> done;
    core_loop_.PostAndWait([&] {
      nodes_.Start(grant_, {}, [&](const Status& s) {
        done.Put(s.ok() ? std::nullopt : std::optional<ErrorCode>(s.error().code));
      });
    });
    return done.Take();
  }

  std::atomic<bool> newer_{false};  // which keys the NodeManager has
  NmBoard board_;
  NodeClient nodes_;
  wire::ReceivedGrant grant_;
};

TEST_F(NodeClientTest, StartsAsksAndStopsAContainer) {
  Channel<bool> done;
  core_loop_.PostAndWait([&] {
    nodes_.Start(grant_, {.command = {"/bin/true"}}, [&](const Status& s) { done.Put(s.ok()); });
  });
  EXPECT_TRUE(done.Take());
  EXPECT_EQ(board_.starts.Take().launch.command, std::vector<std::string>{"/bin/true"});
  core_loop_.PostAndWait([&] {
    nodes_.GetStatus(grant_, [&](const Result<ContainerStatus>& s) {
      done.Put(s.ok() && s->state == ContainerState::kRunning);
    });
    nodes_.Stop(grant_, [&](const Status& s) { done.Put(s.ok()); });
  });
  EXPECT_TRUE(done.Take());
  EXPECT_TRUE(done.Take());
  EXPECT_EQ(board_.stops.Take(), Worker(2).ToString());
}

TEST_F(NodeClientTest, TriesAgainWhatWasUnavailable) {
  board_.failures = 2;
  Channel<bool> done;
  core_loop_.PostAndWait(
      [&] { nodes_.Start(grant_, {}, [&](const Status& s) { done.Put(s.ok()); }); });
  EXPECT_TRUE(done.Take());
}

TEST_F(NodeClientTest, DoesNotRepeatWhatIsRefused) {
  grant_.nm_token = weir::testing::Keys().Sign(NmTokenIdentifier{Attempt(), {"another node"}});
  EXPECT_EQ(WhyNotStarted(), ErrorCode::kUnauthenticated);
}

TEST_F(NodeClientTest, ShowsARenewedTokenWhenItConnects) {
  newer_ = true;
  EXPECT_EQ(WhyNotStarted(), ErrorCode::kUnauthenticated);
  core_loop_.PostAndWait([&] {
    nodes_.Renew({{{"node"}, NewerKeys().Sign(NmTokenIdentifier{Attempt(), {"node"}})}});
  });
  EXPECT_EQ(WhyNotStarted(), std::nullopt);
}

}  // namespace
}  // namespace weir::am
