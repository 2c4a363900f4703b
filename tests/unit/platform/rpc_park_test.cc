// Parked calls: many of them without threads, peers that leave, answers out of order, bounds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/limits.h"
#include "platform/thrift_protocol.h"
#include "tests/unit/platform/rpc_raw_connection.h"
#include "tests/unit/platform/rpc_test_service.h"

namespace weir::platform {
namespace {

using ::testing::HasSubstr;

size_t ThreadCount() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<size_t>(std::distance(begin(tasks), end(tasks)));
}

// True when this process may have so many descriptors open.
bool RaiseDescriptorLimit(rlim_t count) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  if (limit.rlim_cur >= count) return true;
  limit.rlim_cur = std::min(std::max(count, limit.rlim_cur), limit.rlim_max);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= count;
}

std::string ReportId(const std::string& message) {
  const auto buffer = std::make_shared<MemoryBuffer>();
  buffer->write(reinterpret_cast<const uint8_t*>(message.data()),
                static_cast<uint32_t>(message.size()));
  idl::ClientServiceClient client(std::make_shared<BoundedProtocol<MemoryBuffer>>(buffer));
  idl::ApplicationReport report;
  client.recv_getApplication(report);
  return report.id;
}

idl::ApplicationReport Report(const std::string& id) {
  idl::ApplicationReport report;
  report.__set_id(id);
  return report;
}

TEST(RpcParked, TwoThousandCallsHoldNoThreadAndAreAllAnsweredAfterOneWakeUp) {
  constexpr size_t kCalls = 2000;
  // Both ends are in this process.
  if (!RaiseDescriptorLimit(2 * kCalls + 200)) {
    GTEST_SKIP() << "the hard limit of open files (ulimit -Hn) is below " << 2 * kCalls + 200;
  }
  TestServer server;
  const Endpoint endpoint = server.Listen();
  const size_t threads = ThreadCount();
  std::vector<RawConnection> clients;
  clients.reserve(kCalls);
  for (size_t i = 0; i < kCalls; ++i) {
    clients.emplace_back(endpoint.address);
    ASSERT_NO_FATAL_FAILURE(clients.back().SayHello());
    ASSERT_TRUE(clients.back().SendPark());
  }
  ASSERT_NO_FATAL_FAILURE(server.board().AwaitParked(kCalls));
  EXPECT_EQ(ThreadCount(), threads);
  EXPECT_EQ(server.server().connections(), kCalls);

  server.loop().Post([&server] {
    for (const auto& responder : server.board().TakeParked()) responder.Reply(Report("woken"));
  });
  for (auto& client : clients) {
    const auto answer = client.ReadFrame();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(ReportId(*answer), "woken");
  }
}

TEST(RpcParked, PeersMayLeaveAndTheirAnswersComeToNothing) {
  constexpr size_t kCalls = 100;
  TestServer server;
  const Endpoint endpoint = server.Listen();
  {
    std::vector<RawConnection> clients;
    for (size_t i = 0; i < kCalls; ++i) {
      clients.emplace_back(endpoint.address);
      ASSERT_NO_FATAL_FAILURE(clients.back().SayHello());
      ASSERT_TRUE(clients.back().SendPark());
    }
    ASSERT_NO_FATAL_FAILURE(server.board().AwaitParked(kCalls));
  }
  ASSERT_NO_FATAL_FAILURE(server.board().AwaitAbandoned(kCalls));
  for (const auto& responder : server.board().TakeParked()) responder.Reply(Report("too late"));
  TestClient client(endpoint, DaemonIdentity());
  EXPECT_TRUE(AskWho(client).ok());
}

TEST(RpcParked, AnswersMayRaceWithLeavingPeers) {
  TestServer server;
  const Endpoint endpoint = server.Listen();
  for (int round = 0; round < 200; ++round) {
    {
      RawConnection client(endpoint.address);
      ASSERT_NO_FATAL_FAILURE(client.SayHello());
      ASSERT_TRUE(client.SendPark());
      ASSERT_NO_FATAL_FAILURE(server.board().AwaitParked(1));
    }
    // The peer's end and this answer from another thread meet on the loop in any order.
    for (const auto& responder : server.board().TakeParked()) responder.Reply(Report("raced"));
  }
  TestClient client(endpoint, DaemonIdentity());
  EXPECT_TRUE(AskWho(client).ok());
}

TEST(RpcParked, RespondersMayOutliveTheServerAndItsLoop) {
  std::vector<TestBoard::Report> kept;
  {
    TestServer server;
    RawConnection client(server.Listen().address);
    ASSERT_NO_FATAL_FAILURE(client.SayHello());
    ASSERT_TRUE(client.SendPark());
    ASSERT_NO_FATAL_FAILURE(server.board().AwaitParked(1));
    kept = server.board().TakeParked();
    server.server().Close();
    EXPECT_TRUE(client.IsClosedByPeer());
  }
  ASSERT_EQ(kept.size(), 1u);
  kept.front().Reply(Report("nobody hears it"));
}

TEST(RpcParked, PipelinedCallsAreAnsweredInTheOrderOfTheirCompletion) {
  TestServer server;
  RawConnection client(server.Listen().address);
  ASSERT_NO_FATAL_FAILURE(client.SayHello());
  for (int32_t i = 1; i <= 3; ++i) ASSERT_TRUE(client.SendPark(i));
  ASSERT_NO_FATAL_FAILURE(server.board().AwaitParked(3));
  auto parked = server.board().TakeParked();
  std::reverse(parked.begin(), parked.end());
  for (const auto& responder : parked) responder.Reply(Report("x"));
  for (const int32_t sequence : {3, 2, 1}) {
    const auto answer = client.ReadFrame();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(ParseReply(*answer).sequence, sequence);
  }
}

TEST(RpcParked, CallsBeyondTheBoundOfOneConnectionAreRefused) {
  TestServer server;
  RawConnection client(server.Listen().address);
  ASSERT_NO_FATAL_FAILURE(client.SayHello());
  const auto bound = static_cast<int32_t>(limits::kPendingCallsPerConnection);
  for (int32_t i = 1; i <= bound + 1; ++i) ASSERT_TRUE(client.SendPark(i));
  const auto refusal = client.ReadFrame();
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(ParseReply(*refusal).sequence, bound + 1);
  EXPECT_EQ(ParseReply(*refusal).error.code, ErrorCode::kResourceExhausted);
  ASSERT_NO_FATAL_FAILURE(server.board().AwaitParked(limits::kPendingCallsPerConnection));
}

TEST(RpcParked, APeerThatDoesNotTakeItsAnswersIsLeft) {
  TestServer server;
  const Endpoint endpoint = server.Listen();
  RawConnection client(endpoint.address);
  ASSERT_NO_FATAL_FAILURE(client.SayHello());
  for (int i = 0; i < 20; ++i) {
    if (!client.SendCall(
            [](idl::ClientServiceClient& c) { c.send_listContainers("three texts"); })) {
      break;
    }
  }
  ASSERT_NO_FATAL_FAILURE(server.board().AwaitRefused(1));
  EXPECT_THAT(server.board().refused().front().message, HasSubstr("does not take its answers"));
  TestClient other(endpoint, DaemonIdentity());
  EXPECT_TRUE(AskWho(other).ok());
}

}  // namespace
}  // namespace weir::platform
