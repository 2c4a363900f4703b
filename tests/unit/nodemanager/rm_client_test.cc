#include "nodemanager/server/rm_client.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "fake_resource_manager.h"
#include "platform/mutex.h"
#include "tests/support/wait_until.h"

namespace weir::nm {
namespace {

using weir::testing::WaitUntil;

constexpr char kSecret[] = "a secret of the whole cluster";

class RmClientTest : public ::testing::Test {
 protected:
  RmClientTest() : other_(kSecret, 4, {"127.0.0.1", 0}), rm_(kSecret, 3, {"127.0.0.1", 0}) {
    other_.StandBy(true);
    RmClientOptions options;
    options.cluster_id = "weir";
    options.cluster_secret = kSecret;
    options.node = {"9e7a6067-6418-42fc-8991-129638590ca7"};
    options.find_rms = [this]() -> Result<std::vector<platform::Endpoint>> {
      return std::vector<platform::Endpoint>{{"", other_.address()}, {"", rm_.address()}};
    };
    client_ = std::make_unique<RmClient>(options, credentials_, [this](Event event) {
      platform::MutexLock lock(mutex_);
      events_.push_back(std::move(event));
    });
  }

  RegisterNodeRequest Registration() const {
    RegisterNodeRequest request;
    request.id = {"9e7a6067-6418-42fc-8991-129638590ca7"};
    request.address = {"127.0.0.1", 1};
    request.http_address = "127.0.0.1:2";
    request.rack = "/default-rack";
    request.capacity = {1024, 1};
    return request;
  }
  // One that names a container, by which it is known whether the RM heard it.
  NodeHeartbeatRequest Heartbeat(int64_t sequence, const ContainerId& named) {
    NodeHeartbeatRequest request;
    request.session = rm_.session();
    request.sequence = sequence;
    request.park = seconds(60);
    ContainerStatus status;
    status.id = named;
    status.state = ContainerState::kRunning;
    status.resource = {1, 1};
    request.containers.push_back(status);
    return request;
  }
  static ContainerId IdOf(int64_t number) {
    return ContainerId::Make({{1, 1}, 1}, Epoch{3}, number);
  }
  template <typename E>
  ::testing::AssertionResult Await(const char* what, int count = 1) {
    return WaitUntil(
        [&] {
          platform::MutexLock lock(mutex_);
          int found = 0;
          for (const Event& event : events_) found += std::holds_alternative<E>(event) ? 1 : 0;
          return found >= count;
        },
        what);
  }

  FakeResourceManager other_;  // a standby, asked first
  FakeResourceManager rm_;
  RmCredentials credentials_;
  platform::Mutex mutex_;
  std::deque<Event> events_ WEIR_GUARDED_BY(mutex_);
  std::unique_ptr<RmClient> client_;
};

TEST_F(RmClientTest, ARegistrationPassesAParkedHeartbeatAndThoseThatWaitBehindIt) {
  client_->Register(Registration());
  ASSERT_TRUE(Await<Registered>("the first registration"));
  client_->Heartbeat(Heartbeat(2, IdOf(2)));
  ASSERT_TRUE(WaitUntil([&] { return rm_.StatusOf(IdOf(2)).has_value(); }, "a parked heartbeat"));
  client_->Heartbeat(Heartbeat(4, IdOf(4)));  // waits on the same line
  client_->Register(Registration());
  ASSERT_TRUE(Await<Registered>("the second registration", 2));
  EXPECT_FALSE(rm_.StatusOf(IdOf(4))) << "a heartbeat of the old session went out before";
}

TEST_F(RmClientTest, LeavePassesAParkedHeartbeatAndThoseThatWaitBehindIt) {
  client_->Register(Registration());
  ASSERT_TRUE(Await<Registered>("the registration"));
  client_->Heartbeat(Heartbeat(2, IdOf(2)));
  ASSERT_TRUE(WaitUntil([&] { return rm_.StatusOf(IdOf(2)).has_value(); }, "a parked heartbeat"));
  client_->Heartbeat(Heartbeat(4, IdOf(4)));
  client_->Unregister(rm_.session());
  ASSERT_TRUE(Await<Unregistered>("leave"));
  EXPECT_EQ(rm_.unregistrations(), 1);
  EXPECT_FALSE(rm_.StatusOf(IdOf(4)));
}

TEST_F(RmClientTest, KeysAndStagingAddressComeWithTheRegistration) {
  EXPECT_TRUE(credentials_.keys().keys().empty());
  client_->Register(Registration());
  ASSERT_TRUE(Await<Registered>("the registration"));
  EXPECT_EQ(credentials_.keys().keys(), rm_.keys().keys());
  EXPECT_EQ(credentials_.rm_http(), rm_.address());
}

TEST_F(RmClientTest, NewKeysComeWithAnAnswerAndNeverGoBack) {
  client_->Register(Registration());
  ASSERT_TRUE(Await<Registered>("the registration"));
  std::map<int, std::string> keys = rm_.keys().keys();
  keys[2] = std::string(32, 'n');
  rm_.UseKeys(platform::TokenKeys(keys, 1));
  NodeHeartbeatRequest beat = Heartbeat(1, IdOf(1));
  beat.park = Duration{0};
  client_->Heartbeat(beat);
  ASSERT_TRUE(Await<HeartbeatAnswered>("an answer"));
  EXPECT_EQ(credentials_.keys().keys(), keys);
  EXPECT_EQ(credentials_.keys().signer(), 1);

  keys.erase(1);
  rm_.UseKeys(platform::TokenKeys(keys, 2));
  credentials_.Renew(rm_.keys());
  EXPECT_EQ(credentials_.keys().keys(), keys) << "the first is gone";
  keys[1] = std::string(32, 'k');
  credentials_.Renew(platform::TokenKeys(keys, 1));
  EXPECT_EQ(credentials_.keys().signer(), 2) << "an answer that was long under way";
}

TEST_F(RmClientTest, BothLinesFollowWhenAnotherOneBecomesActive) {
  client_->Register(Registration());
  ASSERT_TRUE(Await<Registered>("the registration"));
  EXPECT_EQ(other_.registrations(), 0);
  client_->Heartbeat(Heartbeat(1, IdOf(1)));
  ASSERT_TRUE(WaitUntil([&] { return rm_.StatusOf(IdOf(1)).has_value(); }, "a parked heartbeat"));
  other_.StandBy(false);
  rm_.StandBy(true);
  // It was not done there, and the new one knows nothing of the session.
  ASSERT_TRUE(Await<HeartbeatFailed>("its failure"));
  {
    platform::MutexLock lock(mutex_);
    EXPECT_EQ(std::get<HeartbeatFailed>(events_.back()).error.code, ErrorCode::kResync);
  }
  client_->Register(Registration());
  ASSERT_TRUE(Await<Registered>("the second registration", 2));
  EXPECT_EQ(other_.registrations(), 1);
  EXPECT_EQ(credentials_.rm_http(), other_.address());
  NodeHeartbeatRequest beat = Heartbeat(2, IdOf(2));
  beat.session = other_.session();
  client_->Heartbeat(beat);
  EXPECT_TRUE(WaitUntil([&] { return other_.StatusOf(IdOf(2)).has_value(); }, "the other line"));
}

TEST_F(RmClientTest, WithoutAnActiveOneARegistrationFailsAndNamesBoth) {
  rm_.StandBy(true);
  client_->Register(Registration());
  ASSERT_TRUE(Await<RegistrationFailed>("its failure"));
  platform::MutexLock lock(mutex_);
  const Error& error = std::get<RegistrationFailed>(events_.back()).error;
  EXPECT_EQ(error.code, ErrorCode::kNotActive);
  for (const HostPort& address : {other_.address(), rm_.address()}) {
    EXPECT_NE(error.message.find(address.ToString()), std::string::npos) << error.message;
  }
}

TEST_F(RmClientTest, StoppingEndsAParkedHeartbeat) {
  client_->Register(Registration());
  ASSERT_TRUE(Await<Registered>("the registration"));
  client_->Heartbeat(Heartbeat(1, IdOf(1)));
  ASSERT_TRUE(WaitUntil([&] { return rm_.StatusOf(IdOf(1)).has_value(); }, "a parked heartbeat"));
  client_->Stop();
  ASSERT_TRUE(Await<HeartbeatFailed>("its failure"));
}

}  // namespace
}  // namespace weir::nm
