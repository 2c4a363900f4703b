// A service in several places of which one serves: which place a ThriftClient talks to, and what
// it says when there is none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "platform/sockets.h"
#include "tests/unit/platform/rpc_test_service.h"

namespace weir::platform {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

Error Standby() {
  return {ErrorCode::kNotActive, "this one is a standby (rm7 is active)", ""};
}

// A server that can be a standby.
class Place {
 public:
  explicit Place(bool active) : active_(active) {
    ThriftListenerOptions options = server_.Options(MakeDaemonAuthenticator(kTestSecret));
    options.admit = [this](const Caller& caller) -> Status {
      EXPECT_EQ(caller.kind, CallerKind::kDaemon);
      ++hellos_;
      return active_ ? Status() : Status(Standby());
    };
    auto bound = server_.server().Listen(std::move(options));
    EXPECT_TRUE(bound.ok());
    endpoint_.address = *bound;
  }

  void SetActive(bool active) { active_ = active; }
  int hellos() const { return hellos_; }
  const Endpoint& endpoint() const { return endpoint_; }
  TestBoard& board() { return server_.board(); }
  ThriftServer& server() { return server_.server(); }

 private:
  std::atomic<bool> active_;
  std::atomic<int> hellos_{0};
  Endpoint endpoint_;
  TestServer server_;  // last: its loop calls the others
};

// The kernel completes connections; nobody answers, as when a process is stopped.
class SilentPlace {
 public:
  SilentPlace() : socket_(ListenTcp({"127.0.0.1", 0}).value()) {}
  Endpoint endpoint() const { return {"", socket_.address}; }

 private:
  BoundSocket socket_;
};

Endpoint Dead() {
  const SilentPlace gone;
  return gone.endpoint();
}

TestClient Client(std::vector<Endpoint> endpoints) {
  return TestClient(std::move(endpoints), DaemonIdentity());
}

TEST(RpcAdmit, AnErrorIsTheAnswerToTheHelloAndNoAttack) {
  Place place(false);
  TestClient client = Client({place.endpoint()});
  const auto refused = AskWho(client);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error(), Standby());
  EXPECT_THAT(place.board().refused(), IsEmpty());
  // Who cannot prove who he is learns nothing, and is told of.
  TestClient stranger(place.endpoint(), DaemonIdentity("another secret of enough bytes"));
  EXPECT_EQ(AskWho(stranger).error().code, ErrorCode::kUnauthenticated);
  place.board().AwaitRefused(1);
  EXPECT_EQ(place.hellos(), 1);
  place.SetActive(true);
  EXPECT_TRUE(AskWho(client).ok());
}

TEST(RpcAdmit, AStandbyWithoutKeysNeedNotJudgeWhoAsks) {
  class NoKeysYet : public Authenticator {
   public:
    Result<Caller> Authenticate(const Credentials&) override { return Standby(); }
  };
  TestServer server;
  TestClient client(server.Listen(std::make_shared<NoKeysYet>()), DaemonIdentity());
  EXPECT_EQ(AskWho(client).error(), Standby());
  EXPECT_THAT(server.board().refused(), IsEmpty());
}

TEST(RpcPlaces, ADeadAStandbyAndASilentOneArePassedBy) {
  for (const char* kind : {"dead", "standby", "silent"}) {
    const Place standby(false);
    const SilentPlace silent;
    Place active(true);
    const Endpoint first = kind == std::string("dead")      ? Dead()
                           : kind == std::string("standby") ? standby.endpoint()
                                                            : silent.endpoint();
    TestClient client = Client({first, active.endpoint()});
    // The silent one takes a third of it at most.
    const auto who = AskWho(client, seconds(3));
    ASSERT_TRUE(who.ok()) << kind << ": " << who.error().ToString();
    EXPECT_THAT(*who, StartsWith("daemon at 127.0.0.1:"));
    // From then on the one that serves is asked first, over a new connection too.
    client.Disconnect();
    const int asked = standby.hellos();
    EXPECT_TRUE(AskWho(client).ok());
    EXPECT_EQ(standby.hellos(), asked);
    EXPECT_EQ(active.hellos(), 2);
  }
}

TEST(RpcPlaces, WhenNoneServesEachIsNamedWithWhatItSaid) {
  const Place standby(false);
  const SilentPlace silent;
  const Endpoint dead = Dead();
  const HelloIdentity stranger = DaemonIdentity("another secret of enough bytes");
  const struct {
    std::vector<Endpoint> places;
    HelloIdentity identity;
    Duration timeout;
    ErrorCode code;
    std::vector<std::string> words;
  } cases[] = {
      {{dead, standby.endpoint()},
       DaemonIdentity(),
       kHangGuard,
       ErrorCode::kNotActive,
       {"none of 2 places serves",
        "cannot connect to " + dead.ToString(),
        standby.endpoint().ToString() + ": this one is a standby (rm7 is active)"}},
      {{dead, silent.endpoint()},
       DaemonIdentity(),
       seconds(1),
       ErrorCode::kUnavailable,
       {"cannot connect to " + dead.ToString(),
        silent.endpoint().ToString() + " took the connection and said nothing in time"}},
      {{{"/nonexistent/a.sock", {}}, dead},
       DaemonIdentity(),
       kHangGuard,
       ErrorCode::kUnavailable,
       {"cannot connect to /nonexistent/a.sock", "cannot connect to " + dead.ToString()}},
      {{standby.endpoint(), standby.endpoint()},
       stranger,
       kHangGuard,
       ErrorCode::kUnauthenticated,
       {"the cluster secret is another one here"}},
      {{standby.endpoint(), dead},
       stranger,
       kHangGuard,
       ErrorCode::kUnavailable,
       {"the cluster secret"}},
  };
  for (const auto& one : cases) {
    TestClient client(one.places, one.identity);
    const auto refused = AskWho(client, one.timeout);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, one.code) << refused.error().ToString();
    for (const std::string& words : one.words) {
      EXPECT_THAT(refused.error().message, HasSubstr(words));
    }
    EXPECT_NE(refused.error().remedy, "");
  }
}

TEST(RpcPlaces, ACallThatAnsweredNotActiveIsMadeAtTheNextOne) {
  Place first(true);
  Place second(true);
  TestClient client = Client({first.endpoint(), second.endpoint()});
  std::thread caller([&client] {
    const auto report = ParkCall(client);
    ASSERT_TRUE(report.ok()) << report.error().ToString();
    EXPECT_EQ(report->id, "application_1_0001");
  });
  first.board().AwaitParked(1);
  first.SetActive(false);
  for (const auto& responder : first.board().TakeParked()) responder.Fail(Standby());
  second.board().AwaitParked(1);
  idl::ApplicationReport report;
  report.__set_id("application_1_0001");
  for (const auto& responder : second.board().TakeParked()) responder.Reply(report);
  caller.join();
  EXPECT_EQ(first.hellos(), 1);
  EXPECT_TRUE(AskWho(client).ok());
  EXPECT_EQ(second.hellos(), 1) << "the connection is kept";
}

TEST(RpcPlaces, ACallThatAllAnswerWithNotActiveEnds) {
  Place first(true);
  Place second(true);
  TestClient client = Client({first.endpoint(), second.endpoint()});
  std::thread caller([&client] {
    const auto report = ParkCall(client);
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.error(), Standby());
  });
  for (Place* place : {&first, &second}) {
    place->board().AwaitParked(1);
    for (const auto& responder : place->board().TakeParked()) responder.Fail(Standby());
  }
  caller.join();
}

TEST(RpcPlaces, ACallWhoseOutcomeIsNotKnownIsNotRepeated) {
  auto first = std::make_unique<Place>(true);
  Place second(true);
  TestClient client = Client({first->endpoint(), second.endpoint()});
  std::thread caller(
      [&client] { EXPECT_EQ(ParkCall(client).error().code, ErrorCode::kUnavailable); });
  first->board().AwaitParked(1);
  first->server().Close();
  caller.join();
  EXPECT_EQ(second.hellos(), 0);
  // The next one goes to who is left.
  EXPECT_TRUE(AskWho(client).ok());
  EXPECT_EQ(second.hellos(), 1);
}

TEST(RpcPlaces, OneThatLetACallWaitInVainIsNotTheFirstToBeAskedAgain) {
  Place first(true);
  Place second(true);
  TestClient client = Client({first.endpoint(), second.endpoint()});
  ASSERT_TRUE(client.Connect(kHangGuard).ok());
  EXPECT_EQ(ParkCall(client, milliseconds(50)).error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(first.hellos(), 1);
  EXPECT_TRUE(AskWho(client).ok());
  EXPECT_EQ(first.hellos(), 1);
  EXPECT_EQ(second.hellos(), 1);
}

TEST(RpcPlaces, WhatOneConnectionFindsOutTheOthersOfItsSetKnow) {
  Place first(false);
  Place second(true);
  const auto set =
      std::make_shared<EndpointSet>(std::vector<Endpoint>{first.endpoint(), second.endpoint()});
  TestClient one(set, DaemonIdentity());
  TestClient other(set, DaemonIdentity());
  EXPECT_TRUE(AskWho(one).ok());
  EXPECT_TRUE(AskWho(other).ok());
  EXPECT_EQ(first.hellos(), 1);
  EXPECT_EQ(second.hellos(), 2);
  // The roles are changed: both go back, one of them by trying.
  first.SetActive(true);
  second.SetActive(false);
  one.Disconnect();
  other.Disconnect();
  EXPECT_TRUE(AskWho(one).ok());
  EXPECT_TRUE(AskWho(other).ok());
  EXPECT_EQ(first.hellos(), 3);
  EXPECT_EQ(second.hellos(), 3);
}

TEST(RpcPlaces, AddressesAreLookedUpForEveryConnection) {
  Place old(true);
  Place moved(true);
  std::atomic<bool> is_moved{false};
  const auto set =
      std::make_shared<EndpointSet>(EndpointSet::Find([&]() -> Result<std::vector<Endpoint>> {
        return std::vector<Endpoint>{is_moved ? moved.endpoint() : old.endpoint()};
      }));
  TestClient client(set, DaemonIdentity());
  EXPECT_TRUE(AskWho(client).ok());
  is_moved = true;
  EXPECT_TRUE(AskWho(client).ok());
  EXPECT_EQ(moved.hellos(), 0) << "a connection that works is kept";
  client.Disconnect();
  EXPECT_TRUE(AskWho(client).ok());
  EXPECT_EQ(moved.hellos(), 1);

  const Error unknown{ErrorCode::kInvalidArgument, "no address is configured", "configure one"};
  TestClient lost(std::make_shared<EndpointSet>(EndpointSet::Find(
                      [&]() -> Result<std::vector<Endpoint>> { return unknown; })),
                  DaemonIdentity());
  EXPECT_EQ(AskWho(lost).error(), unknown);
}

TEST(RpcPlaces, TheSearchIsInterruptedToo) {
  const SilentPlace silent;
  const SilentPlace other;
  TestClient client = Client({silent.endpoint(), other.endpoint()});
  std::thread caller([&client] {
    const auto found = client.Connect(kHangGuard);
    ASSERT_FALSE(found.ok());
    EXPECT_THAT(found.error().message, HasSubstr("interrupted"));
  });
  client.Interrupt();
  caller.join();
}

}  // namespace
}  // namespace weir::platform
