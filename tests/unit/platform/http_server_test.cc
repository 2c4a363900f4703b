#include "platform/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "platform/crypto.h"
#include "platform/file_system.h"
#include "platform/http_client.h"
#include "tests/support/open_door.h"
#include "tests/support/raw_connection.h"
#include "tests/support/temp_directory.h"
#include "tests/support/wait_until.h"

namespace weir::platform {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::RawConnection;
using ::testing::StartsWith;

constexpr int64_t kUploadLimit = 3 << 20;

HttpResponse Text(std::string body) {
  HttpResponse response;
  response.content_type = "text/plain";
  response.body = std::move(body);
  return response;
}

class HttpServerTest : public ::testing::Test {
 protected:
  explicit HttpServerTest(HttpDeadlines deadlines = {})
      : loop_("http"), server_(loop_, Options(deadlines)) {
    server_.Route("GET", "/hello/{}", [](const HttpRequest& request, const HttpReply& reply) {
      const auto name = request.query.find("greeting");
      reply(
          Text((name == request.query.end() ? "hello" : name->second) + " " + request.captures[0]));
    });
    server_.Route("POST", "/echo", [](const HttpRequest& request, const HttpReply& reply) {
      reply(Text(request.body));
    });
    server_.Route("GET", "/file", [this](const HttpRequest& request, const HttpReply& reply) {
      HttpResponse response;
      response.file = request.query.contains("path") ? request.query.at("path") : file();
      response.file_offset = Number(request, "offset", 0);
      response.file_length = Number(request, "length", -1);
      reply(response);
    });
    server_.Route("GET", "/big", [](const HttpRequest&, const HttpReply& reply) {
      reply(Text(std::string(64 << 20, 'b')));
    });
    server_.Route("GET", "/parked", [this](const HttpRequest&, HttpReply reply) {
      parked_.set_value(std::move(reply));
    });
    server_.Route("GET", "/headers", [](const HttpRequest&, const HttpReply& reply) {
      HttpResponse response = Text("");
      response.status = 204;
      response.headers["X-Split"] = "a\r\nX-Evil: b";
      reply(response);
    });
    server_.UploadRoute(
        "PUT", "/upload/{}", kUploadLimit, [this](const HttpRequest& request, HttpReply reply) {
          uploaded_ = request;
          uploaded_content_ = testing::ReadWholeFile(request.body_file);
          if (request.captures[0] == "keep") {
            EXPECT_TRUE(FileSystem::Real().Rename(request.body_file, directory_ / "kept").ok());
          }
          reply(Text(request.body_sha256));
        });
    const auto address = server_.Listen();
    EXPECT_TRUE(address.ok()) << address.error().ToString();
    address_ = *address;
    loop_.Start();
  }

  ~HttpServerTest() override {
    server_.Close();
    loop_.Stop();
  }

  HttpServerOptions Options(const HttpDeadlines& deadlines) {
    EXPECT_TRUE(FileSystem::Real().MakeDirectories(uploads(), 0700).ok());
    testing::WriteWholeFile(uploads() + "/upload-left-over", "x");
    HttpServerOptions options;
    options.address = {"127.0.0.1", 0};
    options.host_names = {"rm.example.org"};
    options.upload_directory = uploads();
    options.deadlines = deadlines;
    options.door = testing::MakeOpenDoor();
    return options;
  }

  static int64_t Number(const HttpRequest& request, const std::string& name, int64_t fallback) {
    return request.query.contains(name) ? std::stoll(request.query.at(name)) : fallback;
  }

  HttpCall Call(const std::string& target, const std::string& method = "GET") const {
    HttpCall call;
    call.server = address_;
    call.method = method;
    call.target = target;
    return call;
  }
  HttpAnswer Get(const std::string& target) const { return Ask(Call(target)); }
  static HttpAnswer Ask(const HttpCall& call) {
    const auto answer = CallHttp(call);
    EXPECT_TRUE(answer.ok()) << answer.error().ToString();
    return answer.ok() ? *answer : HttpAnswer();
  }
  // What the server says to these bytes, on a connection that is then at its end.
  std::string Raw(std::string_view bytes) const {
    RawConnection connection(address_);
    connection.Send(bytes);
    connection.FinishSending();
    return connection.ReadToEnd();
  }

  std::string uploads() const { return directory_ / "uploads"; }
  std::string file() const { return directory_ / "file"; }
  std::vector<std::string> UploadFiles() const {
    return FileSystem::Real().List(uploads()).value();
  }

  const testing::TempDirectory directory_;
  EventLoop loop_;
  HttpServer server_;
  HostPort address_;
  std::promise<HttpReply> parked_;
  HttpRequest uploaded_;
  std::string uploaded_content_;
};

TEST_F(HttpServerTest, GivesCapturesAndQueryToTheRoute) {
  const HttpAnswer answer = Get("/hello/wo%20rld?greeting=good+day");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "good day wo rld");
  EXPECT_EQ(answer.headers.at("content-type"), "text/plain");
}

TEST_F(HttpServerTest, PutsTheProtectiveHeadersOnEveryAnswer) {
  for (const char* target : {"/hello/x", "/none"}) {
    const HttpAnswer answer = Get(target);
    EXPECT_EQ(answer.headers.at("x-content-type-options"), "nosniff");
    EXPECT_EQ(answer.headers.at("content-security-policy"),
              "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
              "object-src 'none'");
    EXPECT_EQ(answer.headers.at("x-frame-options"), "DENY");
    EXPECT_EQ(answer.headers.at("referrer-policy"), "no-referrer");
    EXPECT_EQ(answer.headers.at("cross-origin-resource-policy"), "same-origin");
    EXPECT_FALSE(answer.headers.contains("set-cookie"));
    EXPECT_FALSE(answer.headers.contains("access-control-allow-origin"));
    EXPECT_THAT(answer.headers.at("date"), EndsWith(" GMT"));
  }
}

TEST_F(HttpServerTest, KeepsAHeaderValueOnItsLine) {
  const HttpAnswer answer = Get("/headers");
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.headers.at("x-split"), "a  X-Evil: b");
  EXPECT_FALSE(answer.headers.contains("x-evil"));
}

TEST_F(HttpServerTest, AnswersHeadLikeGetWithoutABody) {
  const HttpAnswer answer = Ask(Call("/hello/you", "HEAD"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("content-length"), "9");
  EXPECT_EQ(answer.body, "");
}

TEST_F(HttpServerTest, SaysWhatIsNotThere) {
  const HttpAnswer none = Get("/none");
  EXPECT_EQ(none.status, 404);
  EXPECT_THAT(none.body, HasSubstr("\"exception\":\"NotFoundException\""));
  const HttpAnswer wrong = Ask(Call("/hello/x", "DELETE"));
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.at("allow"), "GET");
}

TEST_F(HttpServerTest, RefusesRequestsThatAreNoneOrNotForUs) {
  const std::string long_header(9000, 'x');
  const std::pair<std::string, const char*> cases[] = {
      {"\x16\x03\x01\x02\x00 tls hello\r\n\r\n", "HTTP/1.1 400 "},
      {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
      {"GET / HTTP/1.1\r\nHost: evil.org\r\n\r\n", "HTTP/1.1 403 "},
      {"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", "HTTP/1.1 400 "},
      {"GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 400 "},
      {"GET /../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 400 "},
      {"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + long_header + "\r\n\r\n", "HTTP/1.1 431 "},
      {"GET /" + long_header + " HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 431 "},
      {"POST /echo HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.org\r\n"
       "X-Requested-By: me\r\nContent-Length: 0\r\n\r\n",
       "HTTP/1.1 403 "},
      {"POST /echo HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n"
       "X-Requested-By: me\r\nContent-Length: 0\r\n\r\n",
       "HTTP/1.1 403 "},
      {"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 403 "},
      {"DELETE /echo HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 403 "},
      {"OPTIONS /echo HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n"
       "Access-Control-Request-Method: POST\r\n\r\n",
       "HTTP/1.1 403 "},
      {"POST /echo HTTP/1.1\r\nHost: evil.org\r\nX-Requested-By: me\r\n\r\n", "HTTP/1.1 403 "},
      {"POST /echo HTTP/1.1\r\nHost: localhost\r\nX-Requested-By: me\r\nContent-Length: 3\r\n"
       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "HTTP/1.1 400 "},
      {"POST /echo HTTP/1.1\r\nHost: localhost\r\nX-Requested-By: me\r\nContent-Length: -1\r\n\r\n",
       "HTTP/1.1 400 "},
      {"POST /echo HTTP/1.1\r\nHost: localhost\r\nX-Requested-By: me\r\nContent-Length: "
       "1048577\r\n\r\n",
       "HTTP/1.1 413 "},
      {"POST /echo HTTP/1.1\r\nHost: localhost\r\nX-Requested-By: me\r\nContent-Length: "
       "9999999999999999\r\n\r\n",
       "HTTP/1.1 413 "},
      {"POST /echo HTTP/1.1\r\nHost: localhost\r\nX-Requested-By: me\r\nTransfer-Encoding: "
       "chunked\r\n\r\nzz\r\n",
       "HTTP/1.1 400 "},
      {"POST /echo HTTP/1.1\r\nHost: localhost\r\nX-Requested-By: me\r\nExpect: "
       "magic\r\nContent-Length: 1\r\n\r\nx",
       "HTTP/1.1 417 "},
  };
  for (const auto& [request, start] : cases) {
    EXPECT_THAT(Raw(request), StartsWith(start)) << request.substr(0, 200);
  }
  EXPECT_EQ(Get("/hello/still").body, "hello still");
}

TEST_F(HttpServerTest, AnswersNobodyWhoLeavesBeforeTheEndOfARequest) {
  EXPECT_EQ(Raw(""), "");
  EXPECT_EQ(Raw("GET / HT"), "");
  EXPECT_EQ(Raw("POST /echo HTTP/1.1\r\nHost: localhost\r\nX-Requested-By: me\r\nContent-Length: "
                "10\r\n\r\n1234"),
            "");
}

TEST_F(HttpServerTest, AcceptsAdvertisedNames) {
  EXPECT_THAT(Raw("GET /hello/x HTTP/1.1\r\nHost: rm.example.org:8088\r\n\r\n"),
              StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(Raw("GET /hello/x HTTP/1.0\r\n\r\n"), EndsWith("hello x"));
}

TEST_F(HttpServerTest, TakesBodiesOfBothKindsUpToTheLimit) {
  HttpCall call = Call("/echo", "POST");
  call.body = std::string(1 << 20, 'x');
  EXPECT_EQ(Ask(call).body, call.body);
  EXPECT_THAT(Raw("POST /echo HTTP/1.1\r\nHost: localhost\r\nX-Requested-By: "
                  "me\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"),
              EndsWith("hello world"));
  std::string chunked =
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nX-Requested-By: me\r\nTransfer-Encoding: "
      "chunked\r\n\r\n";
  for (int i = 0; i < 5; ++i) chunked += "40000\r\n" + std::string(0x40000, 'x') + "\r\n";
  EXPECT_THAT(Raw(chunked), StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, AnswersRequestAfterRequestOnOneConnection) {
  RawConnection connection(address_);
  const std::string request = "GET /hello/a HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (int i = 0; i < 3; ++i) {
    connection.Send(request);
    EXPECT_THAT(connection.ReadUntil("hello a"), HasSubstr("Connection: keep-alive"));
  }
  // Two at once, the second one asking for the end.
  connection.Send(request +
                  "GET /hello/b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string both = connection.ReadToEnd();
  EXPECT_THAT(both, HasSubstr("hello a"));
  EXPECT_THAT(both, EndsWith("hello b"));
}

TEST_F(HttpServerTest, InvitesABodyThatWaitsForIt) {
  RawConnection connection(address_);
  connection.Send(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nX-Requested-By: me\r\nExpect: "
      "100-continue\r\nContent-Length: "
      "5\r\n\r\n");
  EXPECT_EQ(connection.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  connection.Send("hello");
  EXPECT_THAT(connection.ReadUntil("hello"), EndsWith("\r\n\r\nhello"));
}

TEST_F(HttpServerTest, SendsPartsOfFiles) {
  const std::string content = RandomBytes(300'000);
  testing::WriteWholeFile(file(), content);
  EXPECT_EQ(Get("/file").body, content);
  EXPECT_EQ(Get("/file?offset=100").body, content.substr(100));
  EXPECT_EQ(Get("/file?offset=70000&length=150000").body, content.substr(70000, 150000));
  EXPECT_EQ(Get("/file?offset=299999&length=10").body, content.substr(299999));
  EXPECT_EQ(Get("/file?offset=300001").body, "");
  EXPECT_EQ(Get("/file?offset=-5&length=0").body, "");
  const HttpAnswer head = Ask(Call("/file?length=7", "HEAD"));
  EXPECT_EQ(head.headers.at("content-length"), "7");
}

TEST_F(HttpServerTest, DoesNotSendWhatIsNoRegularFile) {
  testing::WriteWholeFile(file(), "secret");
  ASSERT_EQ(::symlink(file().c_str(), (directory_ / "link").c_str()), 0);
  for (const std::string& path : {directory_ / "none", directory_ / "link", directory_.path()}) {
    const HttpAnswer answer = Get("/file?path=" + UrlEncode(path));
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_THAT(answer.body, Not(HasSubstr("secret")));
  }
}

TEST_F(HttpServerTest, StoresAnUploadWithItsHash) {
  const std::string content = RandomBytes(2'500'000);
  testing::WriteWholeFile(file(), content);
  HttpCall call = Call("/upload/keep", "PUT");
  call.body_file = file();
  const HttpAnswer answer = Ask(call);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, Sha256Hex(content));
  EXPECT_EQ(uploaded_content_, content);
  EXPECT_EQ(uploaded_.body_size, static_cast<int64_t>(content.size()));
  EXPECT_EQ(uploaded_.body, "");
  EXPECT_EQ(uploaded_.peer, "127.0.0.1");
  EXPECT_EQ(testing::ReadWholeFile(directory_ / "kept"), content);
}

TEST_F(HttpServerTest, RemovesAnUploadAfterItsAnswerAndLeftoversAtTheStart) {
  HttpCall call = Call("/upload/x", "PUT");
  EXPECT_EQ(Ask(call).body, Sha256Hex(""));
  call.body = "content";
  EXPECT_EQ(Ask(call).body, Sha256Hex("content"));
  EXPECT_EQ(uploaded_content_, "content");
  EXPECT_THAT(UploadFiles(), IsEmpty());
}

TEST_F(HttpServerTest, RefusesAnUploadOverTheLimit) {
  testing::WriteWholeFile(file(), std::string(kUploadLimit + 1, 'x'));
  HttpCall call = Call("/upload/x", "PUT");
  call.body_file = file();
  EXPECT_EQ(Ask(call).status, 413);
  std::string chunked =
      "PUT /upload/x HTTP/1.1\r\nHost: localhost\r\nX-Requested-By: me\r\nTransfer-Encoding: "
      "chunked\r\n\r\n";
  for (int i = 0; i < 4; ++i) chunked += "100000\r\n" + std::string(1 << 20, 'x') + "\r\n";
  EXPECT_THAT(Raw(chunked), StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(UploadFiles(), IsEmpty());
}

TEST_F(HttpServerTest, RemovesAnUploadThatBreaksOff) {
  RawConnection connection(address_);
  connection.Send(
      "PUT /upload/x HTTP/1.1\r\nHost: localhost\r\nX-Requested-By: me\r\nContent-Length: "
      "100000\r\n\r\n" +
      std::string(70'000, 'x'));
  connection.FinishSending();
  EXPECT_EQ(connection.ReadToEnd(), "");
  // The file goes before the connection.
  EXPECT_THAT(UploadFiles(), IsEmpty());
}

TEST_F(HttpServerTest, SaysThatAnUploadCannotBeStored) {
  ASSERT_TRUE(FileSystem::Real().RemoveTree(uploads()).ok());
  HttpCall call = Call("/upload/x", "PUT");
  call.body = "content";
  const HttpAnswer answer = Ask(call);
  EXPECT_EQ(answer.status, 404);
  EXPECT_THAT(answer.body, HasSubstr(uploads()));
}

TEST_F(HttpServerTest, TakesAReplyFromAnyThreadLater) {
  auto answer = std::async(std::launch::async, [this] { return Get("/parked"); });
  const HttpReply reply = parked_.get_future().get();
  // Others are served meanwhile.
  EXPECT_EQ(Get("/hello/x").body, "hello x");
  reply(Text("at last"));
  reply(Text("a second time, to no effect"));
  EXPECT_EQ(answer.get().body, "at last");
  EXPECT_EQ(Get("/hello/x").body, "hello x");
}

TEST_F(HttpServerTest, DropsAReplyToAPeerThatHasLeft) {
  RawConnection connection(address_);
  connection.Send("GET /parked HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const HttpReply reply = parked_.get_future().get();
  connection.Reset();
  reply(Text(std::string(1 << 20, 'x')));
  EXPECT_EQ(Get("/hello/x").body, "hello x");
}

TEST_F(HttpServerTest, SurvivesPeersThatLeaveInTheMiddleOfAnAnswer) {
  for (int i = 0; i < 20; ++i) {
    RawConnection connection(address_);
    connection.Send("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(connection.ReadUntil("bbbb"), HasSubstr("Content-Length: 67108864"));
    connection.Reset();
  }
  EXPECT_EQ(Get("/hello/x").body, "hello x");
}

TEST_F(HttpServerTest, ServesManyConnectionsAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this, i, &right] {
      for (int k = 0; k < 50; ++k) {
        const std::string name = std::to_string(i) + "-" + std::to_string(k);
        if (Get("/hello/" + name).body == "hello " + name) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 400);
}

TEST_F(HttpServerTest, RefusesTheConnectionOverItsBoundAndRecovers) {
  std::vector<std::unique_ptr<RawConnection>> held;
  for (int i = 0; i < 1024; ++i) {
    held.push_back(std::make_unique<RawConnection>(address_));
    // One round trip each: so it has been accepted.
    held.back()->Send("GET /hello/x HTTP/1.1\r\nHost: localhost\r\n\r\n");
    ASSERT_THAT(held.back()->ReadUntil("hello x"), StartsWith("HTTP/1.1 200"));
  }
  RawConnection one_more(address_);
  EXPECT_THAT(one_more.ReadToEnd(), StartsWith("HTTP/1.1 503 "));
  held.clear();
  HttpAnswer answer;
  do {  // the server sees the closed ones one after the other
    const auto tried = CallHttp(Call("/hello/x"));
    answer = tried.ok() ? *tried : HttpAnswer();
  } while (answer.status != 200);
  EXPECT_EQ(answer.body, "hello x");
}

TEST_F(HttpServerTest, ClosesConnectionsWithItself) {
  RawConnection idle(address_);
  idle.Send("GET /hello/x HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(idle.ReadUntil("hello x"), StartsWith("HTTP/1.1 200"));
  RawConnection parked(address_);
  parked.Send("GET /parked HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const HttpReply reply = parked_.get_future().get();
  server_.Close();
  reply(Text("too late"));
  EXPECT_EQ(idle.ReadToEnd(), "");
  EXPECT_EQ(parked.ReadToEnd(), "");
  EXPECT_EQ(CallHttp(Call("/hello/x")).error().code, ErrorCode::kUnavailable);
}

HttpDeadlines OneShort(Duration HttpDeadlines::*which) {
  HttpDeadlines deadlines;
  deadlines.*which = milliseconds(50);
  return deadlines;
}

struct ShortHeadTest : HttpServerTest {
  ShortHeadTest() : HttpServerTest(OneShort(&HttpDeadlines::head)) {}
};
struct ShortIdleTest : HttpServerTest {
  ShortIdleTest() : HttpServerTest(OneShort(&HttpDeadlines::idle)) {}
};
struct ShortProgressTest : HttpServerTest {
  ShortProgressTest() : HttpServerTest(OneShort(&HttpDeadlines::progress)) {}
};
struct ShortReplyTest : HttpServerTest {
  ShortReplyTest() : HttpServerTest(OneShort(&HttpDeadlines::reply)) {}
};

// Whether the server hangs up on a peer that goes on sending one byte after the other.
::testing::AssertionResult HangsUpOnDripping(RawConnection& connection) {
  return testing::WaitUntil([&] { return !connection.Send("x"); }, "the server hangs up");
}

TEST_F(ShortHeadTest, HangsUpOnHeadersThatDrip) {
  RawConnection silent(address_);
  EXPECT_EQ(silent.ReadToEnd(), "");
  RawConnection dripping(address_);
  dripping.Send("GET /hello/x HTTP/1.1\r\nHost: localhost\r\nX: ");
  EXPECT_TRUE(HangsUpOnDripping(dripping));
}

TEST_F(ShortIdleTest, HangsUpOnAConnectionNobodyUses) {
  RawConnection connection(address_);
  connection.Send("GET /hello/x HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(connection.ReadToEnd(), EndsWith("hello x"));
}

TEST_F(ShortProgressTest, HangsUpOnABodyThatDrips) {
  RawConnection connection(address_);
  connection.Send(
      "PUT /upload/x HTTP/1.1\r\nHost: localhost\r\nX-Requested-By: me\r\nContent-Length: "
      "1000000\r\n\r\n");
  EXPECT_TRUE(HangsUpOnDripping(connection));
  EXPECT_THAT(UploadFiles(), IsEmpty());
}

TEST_F(ShortProgressTest, HangsUpOnAPeerThatDoesNotTakeItsAnswer) {
  RawConnection connection(address_);
  connection.Send("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(HangsUpOnDripping(connection));
}

TEST_F(ShortReplyTest, SaysThatTheAnswerTookTooLongAndDropsItLater) {
  RawConnection connection(address_);
  connection.Send("GET /parked HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(connection.ReadToEnd(), StartsWith("HTTP/1.1 503 "));
  parked_.get_future().get()(Text("too late"));
  EXPECT_EQ(Get("/hello/x").body, "hello x");
}

TEST(HttpServer, SaysThatItsPortIsTaken) {
  EventLoop loop("http");
  const testing::RawListener other;
  HttpServerOptions options;
  options.address = other.address();
  options.door = testing::MakeOpenDoor();
  HttpServer server(loop, options);
  const auto address = server.Listen();
  ASSERT_FALSE(address.ok());
  EXPECT_EQ(address.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(address.error().message, HasSubstr(options.address.ToString()));
  EXPECT_THAT(address.error().remedy, HasSubstr("another process has this port"));
}

TEST(HttpServer, EndsWithoutEverHavingRun) {
  EventLoop loop("http");
  HttpServerOptions options;
  options.address = {"127.0.0.1", 0};
  options.door = testing::MakeOpenDoor();
  HttpServer server(loop, options);
  EXPECT_TRUE(server.Listen().ok());
}

}  // namespace
}  // namespace weir::platform
