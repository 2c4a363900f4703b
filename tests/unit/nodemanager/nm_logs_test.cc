// The logs that weir-nodemanager serves: parts, following, and attempts to get something else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "node_manager_process.h"
#include "traversal_names.h"

namespace weir::nm {
namespace {

using platform::HttpAnswer;
using ::testing::HasSubstr;
using ::testing::Not;
using weir::testing::WaitUntil;

class NodeManagerLogs : public NodeManagerProcess {
 protected:
  std::string Base(int64_t number) {
    return "/ws/v1/node/containerlogs/" + IdOf(number).ToString() + "/";
  }
  HttpAnswer GetWith(const std::string& target, std::map<std::string, std::string> headers) {
    platform::HttpCall call;
    call.server = http_address_;
    call.target = target;
    call.headers = std::move(headers);
    auto answer = platform::CallHttp(call);
    EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().ToString());
    return answer.ok() ? *std::move(answer) : HttpAnswer{};
  }
  // The whole of a file as a follower gets it, until the node says that it has ended.
  std::string Follow(const std::string& target) {
    std::string text;
    int64_t position = 0;
    for (int polls = 0; polls < 1000; ++polls) {
      const HttpAnswer answer = Get(target + "?follow=5000&offset=" + std::to_string(position));
      if (answer.status != 200) return text + "HTTP " + std::to_string(answer.status);
      text += answer.body;
      position =
          std::stoll(answer.headers.at("x-log-offset")) + static_cast<int64_t>(answer.body.size());
      if (answer.headers.at("x-log-ended") == "true") return text;
    }
    return text + "(no end)";
  }
};

TEST_F(NodeManagerLogs, OneRangeIsServedAsHttpSaysIt) {
  StartNode();
  StartByRm(1, Shell("printf 0123456789"));
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kComplete));
  const HttpAnswer part = GetWith(Base(1) + "stdout", {{"Range", "bytes=2-4"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "234");
  EXPECT_EQ(part.headers.at("content-range"), "bytes 2-4/10");
  EXPECT_EQ(GetWith(Base(1) + "stdout", {{"Range", "bytes=-2"}}).body, "89");
  EXPECT_EQ(GetWith(Base(1) + "stdout", {{"Range", "bytes=10-"}}).status, 416);
  EXPECT_EQ(GetWith(Base(1) + "stdout", {{"Range", "bytes=0-1,4-5"}}).body, "0123456789");
  EXPECT_EQ(Get(Base(1) + "stdout").headers.at("accept-ranges"), "bytes");
  const auto list =
      nlohmann::json::parse(Get("/ws/v1/node/containers/" + IdOf(1).ToString() + "/logs").body);
  EXPECT_EQ(list["containerLogsInfo"]["containerLogInfo"][1]["fileName"], "stdout");
  EXPECT_EQ(list["containerLogsInfo"]["containerLogInfo"][1]["fileSize"], 10);
}

TEST_F(NodeManagerLogs, AFollowerGetsEveryByteAndTheEnd) {
  StartNode();
  StartByRm(1,
            Shell("for i in 1 2 3; do echo $i; until [ -e go$i ]; do sleep 0.02; done; done; "
                  "echo last"));
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kRunning));
  auto followed = std::async(std::launch::async, [this] { return Follow(Base(1) + "stdout"); });
  // Each is written only once the one before has been read.
  const std::string work = directory_ / "nm/local/usercache/ann/appcache/" +
                           kAttempt.application.ToString() + "/" + IdOf(1).ToString();
  for (const char* number : {"1", "2", "3"}) {
    ASSERT_TRUE(WaitUntil(
        [&] { return Get(Base(1) + "stdout").body.find(number) != std::string::npos; }, number));
    weir::testing::WriteWholeFile(work + "/go" + number, "");
  }
  EXPECT_EQ(followed.get(), "1\n2\n3\nlast\n");
  EXPECT_EQ(Follow(Base(1) + "stdout"), "1\n2\n3\nlast\n") << "also when it has ended already";
  EXPECT_EQ(Get(Base(1) + "nothing?follow=5000").status, 404);
  for (const char* bad : {"?follow=", "?follow=x", "?follow=-1", "?follow=1&offset=-1"}) {
    EXPECT_EQ(Get(Base(1) + "stdout" + bad).status, 400) << bad;
  }
}

TEST_F(NodeManagerLogs, AFollowerOfASilentContainerIsAnsweredInTimeAndTheirNumberIsBounded) {
  StartNode();
  StartByRm(1, Shell("sleep 1000"));
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kRunning));
  const HttpAnswer silent = Get(Base(1) + "stdout?follow=1");
  EXPECT_EQ(silent.status, 200);
  EXPECT_EQ(silent.headers.at("x-log-ended"), "false");
  EXPECT_EQ(Get(Base(1) + "later.log?follow=1").headers.at("x-log-ended"), "false")
      << "a file may come later";
  std::vector<std::future<HttpAnswer>> followers;
  for (int i = 0; i < 70; ++i) {
    followers.push_back(
        std::async(std::launch::async, [this] { return Get(Base(1) + "stdout?follow=20000"); }));
  }
  const auto answered = [&] {
    return std::count_if(followers.begin(), followers.end(), [](const auto& follower) {
      return follower.wait_for(seconds(0)) == std::future_status::ready;
    });
  };
  ASSERT_TRUE(WaitUntil([&] { return answered() >= 6; }, "those for whom there is no place"));
  NodeHeartbeatAnswer stop;
  stop.stop.push_back({IdOf(1), StopReason::kApplicationEnded});
  rm_->Command(std::move(stop));
  int ended = 0;
  int refused = 0;
  for (auto& follower : followers) {
    const HttpAnswer answer = follower.get();
    if (answer.status == 503) ++refused;
    if (answer.status == 200 && answer.headers.at("x-log-ended") == "true") ++ended;
  }
  EXPECT_EQ(refused, 6);
  EXPECT_EQ(ended + refused, 70);
}

// Nothing but what belongs to the logs of this test's containers.
void ExpectHarmless(const Result<HttpAnswer>& answer) {
  ASSERT_TRUE(answer.ok()) << answer.error().ToString();
  const std::string& body = answer->body;
  EXPECT_THAT(body, Not(HasSubstr(kSecret)));
  EXPECT_THAT(body, Not(HasSubstr("root:")));
  // A '/' at the end means nothing; "logs/" and what only has dots is a list. A file may come later
  // for one who follows it: nothing, for now.
  const auto is_list = [&](const char* key) { return body.find(key) != std::string::npos; };
  const bool harmless = answer->status == 200 &&
                        (body.empty() || body == "output\n" || is_list("containerLogsInfo") ||
                         is_list("loggedContainers") || is_list("aggregation"));
  EXPECT_TRUE(answer->status >= 400 || harmless) << answer->status << " " << body;
  // Of HEAD the length is what would tell.
  const auto end = answer->headers.find("x-log-end");
  EXPECT_THAT(end == answer->headers.end() ? "0" : end->second, ::testing::AnyOf("0", "7"));
}

// Every way into a node's logs, with every name that is an attack: what is asked for by a name,
// once and by a follower; and the container's or application's id as such a name.
TEST_F(NodeManagerLogs, NoWayToWriteAPathGetsAnotherFile) {
  StartNode();
  const std::string secret = directory_ / "secret";
  StartByRm(1,
            Shell("echo output; cd $LOG_DIRS; ln -s " + secret + " link; ln -s " +
                  directory_.path() + " linked-directory; mkfifo pipe; mkdir directory"));
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kComplete));
  const std::string id = IdOf(1).ToString();
  struct Way {
    const char* method;
    std::string before;
    std::string after;
  };
  const Way ways[] = {
      {"GET", Base(1), ""},
      {"GET", "/ws/v1/node/containers/" + id + "/logs/", ""},
      {"GET", Base(1), "?follow=1"},
      {"GET", "/ws/v1/node/containers/" + id + "/logs/", "?follow=1"},
      {"HEAD", Base(1), ""},
      {"GET", "/ws/v1/node/containerlogs/", "/stdout"},
      {"GET", "/ws/v1/node/containerlogs/" + id + "%2f", "/stdout"},
      {"GET", "/ws/v1/node/containers/", "/logs"},
      {"GET", "/ws/v1/node/logs/", ""},
  };
  const auto names = TraversalNames("secret", secret);
  for (const Way& way : ways) {
    // Followers wait for each other's look: many at a time, but not more than there may be.
    constexpr size_t kAtOnce = 50;
    for (size_t first = 0; first < names.size(); first += kAtOnce) {
      std::vector<std::future<Result<HttpAnswer>>> answers;
      for (size_t i = first; i < std::min(names.size(), first + kAtOnce); ++i) {
        platform::HttpCall call;
        call.server = http_address_;
        call.method = way.method;
        call.target = way.before + names[i] + way.after;
        answers.push_back(
            std::async(std::launch::async, [call] { return platform::CallHttp(call); }));
      }
      for (size_t i = 0; i < answers.size(); ++i) {
        SCOPED_TRACE(way.before + names[first + i] + way.after);
        ExpectHarmless(answers[i].get());
      }
    }
  }
}

}  // namespace
}  // namespace weir::nm
