// Two loops and a server for tests of this folder's services and clients over loopback.
#ifndef WEIR_TESTS_UNIT_APPMASTER_RPC_FIXTURE_H_
#define WEIR_TESTS_UNIT_APPMASTER_RPC_FIXTURE_H_

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>

#include "platform/authenticators.h"
#include "platform/thrift_client.h"
#include "platform/thrift_server.h"
#include "tests/support/open_door.h"

namespace weir::testing {

inline constexpr Duration kGuard = seconds(30);
inline constexpr char kCluster[] = "test";

inline AttemptId Attempt() {
  return {{1700000000000, 1}, 1};
}
inline ContainerId Worker(int64_t sequence) {
  return ContainerId::Make(Attempt(), Epoch{3}, sequence);
}
inline platform::TokenKeys Keys() {
  return platform::TokenKeys({{1, std::string(32, 'k')}});
}

class RpcFixture : public ::testing::Test {
 protected:
  RpcFixture() : core_loop_("test-core"), io_loop_("test-io"), server_(io_loop_) {
    core_loop_.Start();
    io_loop_.Start();
  }
  // Derived fixtures close their clients and call this first thing in their destructors.
  void StopLoops() {
    core_loop_.Stop();
    server_.Close();
    io_loop_.Stop();
  }
  ~RpcFixture() override { StopLoops(); }

  platform::Endpoint Listen(platform::ThriftListenerOptions options) {
    options.address = {"127.0.0.1", 0};
    options.cluster_id = kCluster;
    options.door = MakeOpenDoor();
    const auto bound = server_.Listen(std::move(options));
    EXPECT_TRUE(bound.ok());
    return {"", bound.ok() ? *bound : HostPort()};
  }

  platform::EventLoop core_loop_;
  platform::EventLoop io_loop_;
  platform::ThriftServer server_;
};

// Values handed from one thread to the test's.
template <typename T>
class Channel {
 public:
  void Put(T value) {
    const std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    changed_.notify_all();
  }
  // The next value; a failed test when none comes.
  T Take() {
    std::unique_lock lock(mutex_);
    const bool there = changed_.wait_for(lock, kGuard, [this] { return !values_.empty(); });
    EXPECT_TRUE(there) << "nothing came";
    if (!there) return T();
    T value = std::move(values_.front());
    values_.pop_front();
    return value;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> values_;
};

}  // namespace weir::testing

#endif  // WEIR_TESTS_UNIT_APPMASTER_RPC_FIXTURE_H_
