#include "platform/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "platform/crypto.h"
#include "tests/support/raw_connection.h"
#include "tests/support/temp_directory.h"

namespace weir::platform {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::RawConnection;
using testing::RawListener;
using ::testing::StartsWith;

// A server that says one thing, whatever is asked.
class HttpClientTest : public ::testing::Test {
 protected:
  // Calls while the server reads a head and answers with these bytes and the end.
  Result<HttpAnswer> CallAgainst(const std::string& bytes) {
    return CallWith([&](RawConnection& connection) {
      request_ = connection.ReadUntil("\r\n\r\n");
      connection.Send(bytes);
    });
  }
  template <typename Serve>
  Result<HttpAnswer> CallWith(Serve serve) {
    call_.server = listener_.address();
    std::thread server([&] {
      RawConnection connection = listener_.Accept();
      serve(connection);
    });
    auto answer = sink_ ? CallHttpStreaming(call_, sink_) : CallHttp(call_);
    server.join();
    return answer;
  }

  RawListener listener_;
  HttpCall call_;
  std::function<Status(std::string_view)> sink_;
  std::string request_;
};

TEST_F(HttpClientTest, ReadsAnAnswerOfKnownLength) {
  call_.target = "/a?b=c";
  call_.headers = {{"X-Weir-Token", "secret\r\nX-Evil: 1"}};
  const auto answer =
      CallAgainst("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nX-Some: Thing\r\n\r\nhello more");
  ASSERT_TRUE(answer.ok()) << answer.error().ToString();
  EXPECT_EQ(answer->status, 404);
  EXPECT_EQ(answer->body, "hello");
  EXPECT_EQ(answer->headers.at("x-some"), "Thing");
  EXPECT_THAT(request_, StartsWith("GET /a?b=c HTTP/1.1\r\nHost: " + call_.server.ToString()));
  EXPECT_THAT(request_, HasSubstr("X-Weir-Token: secret  X-Evil: 1\r\n"));
}

TEST_F(HttpClientTest, ReadsChunksAndAnswersThatEndWithTheConnection) {
  EXPECT_EQ(CallAgainst("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n")
                ->body,
            "hello!");
  EXPECT_EQ(CallAgainst("HTTP/1.0 200 OK\r\n\r\nuntil the end")->body, "until the end");
  EXPECT_EQ(
      CallAgainst("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
          ->body,
      "x");
}

TEST_F(HttpClientTest, FailsWhenTheAnswerBreaksOffOrIsNone) {
  for (const char* bytes : {"",
                            "HTTP/1.1 200",
                            "not http at all\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    const auto answer = CallAgainst(bytes);
    ASSERT_FALSE(answer.ok()) << bytes;
    EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(answer.error().message, HasSubstr(call_.server.ToString()));
  }
}

TEST_F(HttpClientTest, DoesNotTakeMoreThanItsLimit) {
  call_.body_limit = 4;
  EXPECT_EQ(CallAgainst("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").error().code,
            ErrorCode::kResourceExhausted);
  call_.body_limit = 5;
  EXPECT_EQ(CallAgainst("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")->body, "hello");
}

TEST_F(HttpClientTest, EndsWhenNothingComes) {
  call_.timeout = milliseconds(50);
  std::promise<void> done;
  const auto answer = [&] {
    call_.server = listener_.address();
    std::thread server([&] {
      RawConnection connection = listener_.Accept();
      connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
      done.get_future().wait();
    });
    auto result = CallHttp(call_);
    done.set_value();
    server.join();
    return result;
  }();
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kDeadlineExceeded);
}

TEST_F(HttpClientTest, SaysThatNobodyListens) {
  call_.server = listener_.address();
  listener_.Close();
  const auto refused = CallHttp(call_);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("Connection refused"));
  EXPECT_THAT(refused.error().message, HasSubstr(call_.server.ToString()));
}

TEST_F(HttpClientTest, SendsAFile) {
  const testing::TempDirectory directory;
  const std::string content = RandomBytes(500'000);
  testing::WriteWholeFile(directory / "file", content);
  call_.method = "PUT";
  call_.body_file = directory / "file";
  std::string received;
  const auto answer = CallWith([&](RawConnection& connection) {
    request_ = connection.ReadUntil("\r\n\r\n");
    received = request_.substr(request_.find("\r\n\r\n") + 4);
    received += connection.ReadBytes(content.size() - received.size());
    connection.Send("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
  });
  ASSERT_TRUE(answer.ok()) << answer.error().ToString();
  EXPECT_EQ(answer->status, 201);
  EXPECT_THAT(request_, HasSubstr("Content-Length: 500000\r\n"));
  EXPECT_TRUE(received == content);
}

TEST_F(HttpClientTest, SaysThatTheFileToSendIsNotThere) {
  call_.body_file = "/no/such/file";
  EXPECT_EQ(CallWith([](RawConnection&) {}).error().code, ErrorCode::kNotFound);
}

TEST_F(HttpClientTest, HearsARefusalThatComesBeforeItHasSentEverything) {
  call_.method = "PUT";
  call_.body = std::string(64 << 20, 'x');
  const auto answer = CallAgainst("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
  ASSERT_TRUE(answer.ok()) << answer.error().ToString();
  EXPECT_EQ(answer->status, 413);
  EXPECT_EQ(answer->body, "no");
}

TEST_F(HttpClientTest, StreamsAnAnswerIntoASink) {
  std::string streamed;
  sink_ = [&](std::string_view bytes) {
    streamed += bytes;
    return Status();
  };
  const std::string content = RandomBytes(300'000);
  const auto answer = CallAgainst("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + content);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(streamed, content);
  EXPECT_EQ(answer->body, "");
}

TEST_F(HttpClientTest, KeepsTheBodyOfAFailureFromTheSink) {
  sink_ = [](std::string_view) {
    ADD_FAILURE();
    return Status();
  };
  const auto answer = CallAgainst("HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nwhy");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->body, "why");
}

TEST_F(HttpClientTest, StopsWhenTheSinkFails) {
  sink_ = [](std::string_view) { return Status(Error{ErrorCode::kResourceExhausted, "full", ""}); };
  const auto answer = CallAgainst("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes");
  EXPECT_EQ(answer.error().message, "full");
}

TEST(UrlEncode, LeavesOnlyUnreservedCharacters) {
  EXPECT_EQ(UrlEncode("aZ09-_.~"), "aZ09-_.~");
  EXPECT_EQ(UrlEncode("a b/c?\xff"), "a%20b%2Fc%3F%FF");
}

}  // namespace
}  // namespace weir::platform
