#include "nodemanager/server/rm_client.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
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
  RmClientTest() : rm_(kSecret, 3, {"127.0.0.1", 0}) {
    RmClientOptions options;
    options.cluster_id = "weir";
    options.cluster_secret = kSecret;
    options.node = {"9e7a6067-6418-42fc-8991-129638590ca7"};
    options.find_rm = [this]() -> Result<HostPort> { return rm_.address(); };
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
