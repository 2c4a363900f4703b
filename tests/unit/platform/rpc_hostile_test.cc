// Garbage and exaggeration on a port: the connection is closed, memory stays, others are served.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "common/limits.h"
#include "tests/unit/platform/rpc_raw_connection.h"
#include "tests/unit/platform/rpc_test_service.h"

namespace weir::platform {
namespace {

constexpr int64_t kRssGrowthKib = 16 * 1024;
constexpr int kOneWay = 4;
constexpr int kReply = 2;

// The highest resident size since ResetPeak, in KiB.
int64_t PeakRssKib() {
  std::ifstream status("/proc/self/status");
  std::string word;
  int64_t kib = 0;
  while (status >> word) {
    if (word == "VmHWM:") status >> kib;
  }
  return kib;
}

void ResetPeak() {
  std::ofstream("/proc/self/clear_refs") << "5";
}

std::string RandomText(size_t size) {
  std::mt19937 generator(20261121);
  std::string text(size, '\0');
  for (char& byte : text) byte = static_cast<char>(generator() & 0xff);
  return text;
}

std::string Frame(const std::string& message) {
  std::string framed;
  for (int shift = 24; shift >= 0; shift -= 8) {
    framed.push_back(static_cast<char>((message.size() >> shift) & 0xff));
  }
  return framed + message;
}

struct Hostile {
  std::string name;
  std::string bytes;
  bool then_silent = false;  // the peer ends its side: the rest never comes
};

// What is not even a frame, or a frame that lies about what is in it.
std::vector<Hostile> HostileInputs(bool after_hello) {
  using std::string_literals::operator""s;
  const std::string hello = CallHead("hello");
  const std::string submit = CallHead("submitApplication");
  std::vector<Hostile> inputs = {
      {"an HTTP request", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"},
      {"random bytes", RandomText(4096)},
      {"an empty frame", "\0\0\0\0"s},
      {"a frame of 15 MB", "\0\xE4\xE1\xC0"s},
      {"a frame of 4 GB", "\xFF\xFF\xFF\xFF"s},
      {"a frame that is cut off", "\0\0\x01\0abc"s, true},
      {"a header that is cut off", "\0\0"s, true},
      {"random bytes in a frame", Frame(RandomText(4096))},
      {"a reply", Frame(CallHead("hello", kReply) + "\0"s)},
      {"a one-way call", Frame(CallHead("hello", kOneWay) + "\0"s)},
      {"a method name of 90 MB", Frame("\x82\x21\0"s + Varint(90'000'000))},
      {"a method name of 10 KB", Frame(CallHead(std::string(10'000, 'm')) + "\0"s)},
      {"half a varint", Frame("\x82\x21\xFF\xFF"s)},
  };
  // A second hello is refused unread.
  const std::vector<std::string> heads =
      after_hello ? std::vector<std::string>{submit} : std::vector<std::string>{hello, submit};
  // The arguments of both calls begin with a struct (field 1), here with lies in its fields.
  for (const std::string& head : heads) {
    const std::string start = head + "\x1C";
    const std::string which = " (" + head.substr(4) + ")";
    inputs.push_back({"a text of 90 MB" + which, Frame(start + "\x28" + Varint(90'000'000))});
    inputs.push_back({"a text of 2 GB" + which, Frame(start + "\x28" + Varint(2'147'483'647))});
    inputs.push_back({"a negative text" + which, Frame(start + "\x28" + Varint(0xFFFFFFFF))});
    inputs.push_back({"20 M structs" + which, Frame(start + "\xA9\xFC" + Varint(20'000'000))});
    inputs.push_back({"99,999 structs" + which, Frame(start + "\xA9\xFC" + Varint(99'999))});
    inputs.push_back(
        {"a map of 20 M" + which, Frame(start + "\xAB" + Varint(20'000'000) + "\x8C")});
    inputs.push_back({"5,000 structs in each other" + which,
                      Frame(head + std::string(5000, '\x1C') + std::string(5001, '\0'))});
    inputs.push_back({"an unknown type" + which, Frame(start + "\x1F")});
    inputs.push_back({"no end" + which, Frame(start)});
  }
  // A known list of structs that would be reserved at once: context (2), tags (9) and the start of
  // a launch context (6) with its command (1).
  inputs.push_back({"99,999 tags", Frame(submit + "\x1C\x2C\x99\xF8" + Varint(99'999) + "\x01x")});
  inputs.push_back(
      {"20 M arguments", Frame(submit + "\x1C\x2C\x6C\x19\xF8" + Varint(20'000'000) + "\x01x")});
  return inputs;
}

void ExpectServed(const Endpoint& endpoint) {
  TestClient client(endpoint, DaemonIdentity());
  const auto who = AskWho(client);
  EXPECT_TRUE(who.ok()) << who.error().ToString();
}

void RunHostileTable(bool after_hello) {
  TestServer server;
  const Endpoint endpoint = server.Listen();
  ExpectServed(endpoint);
  ResetPeak();
  const int64_t before = PeakRssKib();
  for (const Hostile& input : HostileInputs(after_hello)) {
    SCOPED_TRACE(input.name);
    RawConnection connection(endpoint.address);
    if (after_hello) {
      ASSERT_NO_FATAL_FAILURE(connection.SayHello());
    }
    connection.Send(input.bytes);
    if (input.then_silent) connection.CloseWriting();
    EXPECT_TRUE(connection.IsClosedByPeer());
  }
  EXPECT_LT(PeakRssKib() - before, kRssGrowthKib);
  ExpectServed(endpoint);
}

TEST(RpcHostile, InputBeforeHelloClosesTheConnectionAndTakesNoMemory) {
  RunHostileTable(false);
}

TEST(RpcHostile, InputAfterHelloClosesTheConnectionAndTakesNoMemory) {
  RunHostileTable(true);
}

TEST(RpcHostile, DeclaredFramesOnManyConnectionsTakeNoMemory) {
  TestServer server;
  const Endpoint endpoint = server.Listen();
  ExpectServed(endpoint);
  ResetPeak();
  const int64_t before = PeakRssKib();
  std::vector<RawConnection> connections;
  for (int i = 0; i < 100; ++i) {
    connections.emplace_back(endpoint.address);
    ASSERT_NO_FATAL_FAILURE(connections.back().SayHello());
    ASSERT_TRUE(connections.back().Send(std::string("\x00\x3F\xFF\xFF some bytes", 15)));
  }
  ExpectServed(endpoint);
  EXPECT_LT(PeakRssKib() - before, kRssGrowthKib);
}

TEST(RpcHostile, WhatIsSentBeforeHelloIsBoundedOverAllConnections) {
  TestServer server;
  const Endpoint endpoint = server.Listen();
  std::vector<RawConnection> connections;
  // Each stays one byte short of the largest frame that is taken before hello.
  const std::string almost =
      Frame(std::string(limits::kFrameBytesBeforeHello, 'x')).substr(0, 65'000);
  for (int i = 0; i < 200; ++i) {
    connections.emplace_back(endpoint.address);
    connections.back().Send(almost);
  }
  ASSERT_NO_FATAL_FAILURE(server.board().AwaitRefused(1));
  EXPECT_EQ(server.board().refused().front().code, ErrorCode::kResourceExhausted);
  connections.clear();
  ExpectServed(endpoint);
}

TEST(RpcHostile, ACallBeforeHelloIsToldSoAndTheConnectionClosed) {
  TestServer server;
  RawConnection connection(server.Listen().address);
  ASSERT_TRUE(connection.SendPark(5));
  ASSERT_TRUE(connection.SendPark(6));  // what follows must not lose the first answer
  const auto answer = connection.ReadFrame();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(ParseReply(*answer).sequence, 5);
  EXPECT_EQ(ParseReply(*answer).error.code, ErrorCode::kUnauthenticated);
  EXPECT_EQ(ParseReply(*answer).error.message, "getApplication came before hello");
  EXPECT_NE(ParseReply(*answer).error.remedy, "");
  EXPECT_FALSE(connection.ReadFrame().has_value());
}

TEST(RpcHostile, AnotherProtocolVersionIsToldSo) {
  TestServer server;
  RawConnection connection(server.Listen().address);
  idl::Hello hello;
  hello.__set_protocol_version(99);
  ASSERT_TRUE(connection.SendCall([&](idl::ClientServiceClient& c) { c.send_hello(hello); }));
  const auto answer = connection.ReadFrame();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(ParseReply(*answer).error.code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(ParseReply(*answer).error.message, "the caller speaks protocol 99, this daemon 1");
  EXPECT_TRUE(connection.IsClosedByPeer());
}

TEST(RpcHostile, ASecondHelloAndAnUnknownMethodAreErrorsOfTheirCallsOnly) {
  TestServer server;
  RawConnection connection(server.Listen().address);
  ASSERT_NO_FATAL_FAILURE(connection.SayHello());
  ASSERT_TRUE(connection.SendFrame(CallHead("hello") + std::string(1, '\0')));
  const auto second = connection.ReadFrame();
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(ParseReply(*second).error.code, ErrorCode::kFailedPrecondition);
  ASSERT_TRUE(connection.SendFrame(CallHead("formatDisk") + std::string(1, '\0')));
  const auto unknown = connection.ReadFrame();
  ASSERT_TRUE(unknown.has_value());
  EXPECT_EQ(ParseReply(*unknown).error.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(ParseReply(*unknown).error.message, "there is no method 'formatDisk' here");
  ASSERT_TRUE(connection.SendPark());
  ASSERT_NO_FATAL_FAILURE(server.board().AwaitParked(1));
}

TEST(RpcHostile, AConnectionThatSaysNothingIsClosedInTime) {
  TestServer server;
  auto options = server.Options(MakeDaemonAuthenticator(kTestSecret));
  EXPECT_EQ(options.hello_timeout, seconds(5));
  options.hello_timeout = milliseconds(20);
  const auto bound = server.server().Listen(options);
  ASSERT_TRUE(bound.ok());
  RawConnection connection(*bound);
  EXPECT_TRUE(connection.IsClosedByPeer());
  ASSERT_NO_FATAL_FAILURE(server.board().AwaitRefused(1));
  EXPECT_EQ(server.board().refused().front().code, ErrorCode::kUnauthenticated);
}

TEST(RpcHostile, ConnectionsBeyondTheBoundAreClosedUntilOthersLeave) {
  TestServer server;
  auto options = server.Options(MakeDaemonAuthenticator(kTestSecret));
  EXPECT_EQ(options.max_connections, limits::kConnections);
  options.max_connections = 1;
  const auto bound = server.server().Listen(options);
  ASSERT_TRUE(bound.ok());
  {
    RawConnection first(*bound);
    ASSERT_NO_FATAL_FAILURE(first.SayHello());
    RawConnection second(*bound);
    EXPECT_TRUE(second.IsClosedByPeer());
    EXPECT_EQ(server.server().connections(), 1u);
    ASSERT_TRUE(first.SendPark());
    ASSERT_NO_FATAL_FAILURE(server.board().AwaitParked(1));
  }
  ASSERT_NO_FATAL_FAILURE(server.board().AwaitAbandoned(1));
  server.loop().PostAndWait([] {});  // what began with the abandoned call is over
  RawConnection third(*bound);
  ASSERT_NO_FATAL_FAILURE(third.SayHello());
}

}  // namespace
}  // namespace weir::platform
