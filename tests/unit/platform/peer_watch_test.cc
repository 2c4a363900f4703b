// A watch over real sockets: what it takes for an end, and what not.
#include "platform/peer_watch.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <memory>

#include "platform/sockets.h"
#include "tests/support/wait_until.h"

namespace weir::platform {
namespace {

using testing::WaitUntil;

class PeerWatchTest : public ::testing::Test {
 protected:
  void SetUp() override { loop_.Start(); }
  void TearDown() override {
    StopWatching();
    loop_.Stop();
  }

  void Listen() {
    auto bound = ListenTcp(address_);
    ASSERT_TRUE(bound.ok()) << bound.error().ToString();
    address_ = bound->address;
    listener_ = std::move(bound->fd);
  }
  void Watch() {
    loop_.PostAndWait(
        [this] { watch_ = std::make_unique<PeerWatch>(loop_, address_, [this] { ++told_; }); });
  }
  void StopWatching() {
    loop_.PostAndWait([this] { watch_.reset(); });
  }
  // The watch's next connection.
  FileDescriptor Accept() {
    FileDescriptor accepted;
    EXPECT_TRUE(WaitUntil(
        [&] {
          accepted = FileDescriptor(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
          return accepted.get() >= 0;
        },
        "the watch connects"));
    return accepted;
  }

  EventLoop loop_{"watching"};
  HostPort address_{"127.0.0.1", 0};
  FileDescriptor listener_;
  std::atomic<int> told_{0};
  std::unique_ptr<PeerWatch> watch_;  // of the loop
};

TEST_F(PeerWatchTest, TellsAgainAndAgainOfAProcessThatEnded) {
  Listen();
  Watch();
  FileDescriptor connection = Accept();
  EXPECT_EQ(told_, 0);
  listener_.Close();
  connection.Close();
  EXPECT_TRUE(WaitUntil([this] { return told_ >= 2; }, "it tells"));
}

TEST_F(PeerWatchTest, SaysNothingOfOneThatClosesConnectionsAndListens) {
  Listen();
  Watch();
  for (int i = 0; i < 2 * PeerWatch::kRefusals; ++i) Accept().Close();
  const FileDescriptor last = Accept();
  EXPECT_EQ(told_, 0);
}

// It may have given its port to another process of the same machine, or be in another role.
TEST_F(PeerWatchTest, SaysNothingMoreOnceSomebodyListensAgain) {
  Listen();
  Watch();
  FileDescriptor connection = Accept();
  listener_.Close();
  connection.Close();
  ASSERT_TRUE(WaitUntil([this] { return told_ >= 1; }, "it tells"));
  Listen();
  connection = Accept();
  const int told = told_;
  for (int i = 0; i < PeerWatch::kRefusals; ++i) {
    connection.Close();
    connection = Accept();
  }
  EXPECT_EQ(told_, told);
}

// How long it has been trying is known from a second watch, which has something to tell.
TEST_F(PeerWatchTest, SaysNothingOfAPlaceThatWasNeverReached) {
  Listen();
  const HostPort never = address_;
  listener_.Close();
  std::atomic<int> told_of_never = 0;
  std::unique_ptr<PeerWatch> watch_of_never;
  address_.port = 0;
  Listen();
  Watch();
  FileDescriptor connection = Accept();
  loop_.PostAndWait([&] {
    watch_of_never = std::make_unique<PeerWatch>(loop_, never, [&] { ++told_of_never; });
  });
  listener_.Close();
  connection.Close();
  EXPECT_TRUE(WaitUntil([this] { return told_ >= PeerWatch::kRefusals + 1; }, "it tells"));
  loop_.PostAndWait([&] { watch_of_never.reset(); });
  EXPECT_EQ(told_of_never, 0);
}

TEST_F(PeerWatchTest, TellsNothingAfterItsEnd) {
  Listen();
  Watch();
  FileDescriptor connection = Accept();
  listener_.Close();
  connection.Close();
  ASSERT_TRUE(WaitUntil([this] { return told_ >= 1; }, "it tells"));
  StopWatching();
  const int told = told_;
  loop_.PostAndWait([] {});
  EXPECT_EQ(told_, told);
}

}  // namespace
}  // namespace weir::platform
