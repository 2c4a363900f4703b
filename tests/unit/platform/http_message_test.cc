#include "platform/http_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(HttpTarget, DecodesPathAndQuery) {
  const auto target = ParseHttpTarget("/ws//v1/a%20b+c/?x=1%262&y=a+b&flag&x=2&=e#part");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->path, "/ws/v1/a b+c");
  EXPECT_THAT(target->parts, ElementsAre("ws", "v1", "a b+c"));
  const std::map<std::string, std::string> query = {
      {"x", "2"}, {"y", "a b"}, {"flag", ""}, {"", "e"}};
  EXPECT_EQ(target->query, query);
  EXPECT_EQ(ParseHttpTarget("/").value().path, "/");
  EXPECT_TRUE(ParseHttpTarget("/?").value().parts.empty());
}

TEST(HttpTarget, RefusesWhatCouldLeaveItsDirectory) {
  for (const char* target : {"",
                             "*",
                             "http://example/",
                             "/..",
                             "/a/../b",
                             "/a/.",
                             "/%2e%2e/x",
                             "/a%2f..%2fb",
                             "/%2fetc",
                             "/a%2f",
                             "/a%2f%2fb",
                             "/..%2fb",
                             "/a%00",
                             "/%",
                             "/%4",
                             "/%zz",
                             "/a?b=%",
                             "/a?%00=1"}) {
    const auto parsed = ParseHttpTarget(target);
    ASSERT_FALSE(parsed.ok()) << target;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST(HttpHost, AllowsAddressesLoopbackNamesAndAdvertisedNames) {
  const std::vector<std::string> names = {"rm.Example.org"};
  for (const char* host : {"127.0.0.1",
                           "127.0.0.1:8088",
                           "[::1]:8088",
                           "[::1]",
                           "localhost",
                           "LOCALHOST:1",
                           "a.localhost",
                           "RM.example.org:8088",
                           "10.1.2.3"}) {
    EXPECT_TRUE(IsHostAllowed(host, names)) << host;
  }
  for (const char* host : {"",
                           "evil.org",
                           "evil.org:8088",
                           "localhost.evil.org",
                           "1.2.3",
                           "1.2.3.4.evil.org",
                           "127.0.0.256",
                           "rm.example.org.evil.org"}) {
    EXPECT_FALSE(IsHostAllowed(host, names)) << host;
  }
  EXPECT_TRUE(IsOriginAllowed("http://localhost:8088", names));
  EXPECT_FALSE(IsOriginAllowed("http://evil.org", names));
  EXPECT_FALSE(IsOriginAllowed("null", names));
}

RouteEntry Entry(const std::string& method, const std::string& pattern, int64_t mark) {
  RouteEntry entry;
  entry.method = method;
  entry.parts = PatternParts(pattern);
  entry.body_limit = mark;
  return entry;
}

TEST(RouteTable, PrefersWordsToCapturesWhateverTheOrder) {
  RouteTable table;
  table.Add(Entry("GET", "/{*}", 1));
  table.Add(Entry("GET", "/apps/{}", 2));
  table.Add(Entry("GET", "/apps/new", 3));
  table.Add(Entry("GET", "/apps/{}/log/{*}", 4));
  table.Add(Entry("PUT", "/apps/{}", 5));
  table.Add(Entry("GET", "/{}/new", 6));
  struct Case {
    const char* method;
    const char* target;
    int64_t mark;
    std::vector<std::string> captures;
  };
  const Case cases[] = {
      {"GET", "/", 1, {""}},
      {"GET", "/x/y", 1, {"x/y"}},
      {"GET", "/apps/a1", 2, {"a1"}},
      {"HEAD", "/apps/a1", 2, {"a1"}},
      {"GET", "/apps/new", 3, {}},
      {"GET", "/apps/a1/log/b/c", 4, {"a1", "b/c"}},
      {"GET", "/apps/a1/log", 4, {"a1", ""}},
      {"PUT", "/apps/a1", 5, {"a1"}},
      {"GET", "/x/new", 6, {"x"}},
  };
  for (const Case& expected : cases) {
    const auto match = table.Find(expected.method, ParseHttpTarget(expected.target).value());
    ASSERT_NE(match.route, nullptr) << expected.target;
    EXPECT_EQ(match.route->body_limit, expected.mark) << expected.target;
    EXPECT_EQ(match.captures, expected.captures) << expected.target;
  }
}

// What takes parts for names of files gets none with a slash in it.
TEST(RouteTable, GivesAnEscapedSlashOnlyToPatternsThatWantIt) {
  RouteTable table;
  table.Add(Entry("GET", "/files/{}", 1));
  table.Add(Entry("GET", "/files/{}/{*}", 2));
  table.Add(Entry("GET", "/resources/{%}", 3));
  table.Add(Entry("GET", "/resources/{}", 4));
  for (const char* target : {"/files/a%2fb", "/files/a/b%2Fc", "/files%2Fa", "/resources%2Fa"}) {
    EXPECT_EQ(table.Find("GET", ParseHttpTarget(target).value()).route, nullptr) << target;
  }
  const auto match = table.Find("GET", ParseHttpTarget("/resources/yarn.io%2Fgpu").value());
  ASSERT_NE(match.route, nullptr);
  EXPECT_EQ(match.route->body_limit, 3);
  EXPECT_THAT(match.captures, ElementsAre("yarn.io/gpu"));
  EXPECT_EQ(table.Find("GET", ParseHttpTarget("/resources/a").value()).route->body_limit, 4);
}

TEST(RouteTable, NamesTheMethodsThatArePossible) {
  RouteTable table;
  table.Add(Entry("GET", "/a", 1));
  table.Add(Entry("PUT", "/a", 1));
  const auto wrong_method = table.Find("DELETE", ParseHttpTarget("/a").value());
  EXPECT_EQ(wrong_method.route, nullptr);
  EXPECT_THAT(wrong_method.allowed, ElementsAre("GET", "PUT"));
  EXPECT_TRUE(table.Find("GET", ParseHttpTarget("/b").value()).allowed.empty());
}

TEST(ErrorResponse, HasTheShapeAndStatusOfYarn) {
  struct Case {
    ErrorCode code;
    int status;
    const char* java_class;
  };
  const Case cases[] = {
      {ErrorCode::kInvalidArgument, 400, "org.apache.hadoop.yarn.webapp.BadRequestException"},
      {ErrorCode::kNotFound, 404, "org.apache.hadoop.yarn.webapp.NotFoundException"},
      {ErrorCode::kPermissionDenied, 403, "org.apache.hadoop.yarn.webapp.ForbiddenException"},
      {ErrorCode::kUnauthenticated,
       401,
       "org.apache.hadoop.security.authorize.AuthorizationException"},
      {ErrorCode::kInternal, 503, "org.apache.hadoop.yarn.exceptions.YarnRuntimeException"},
      {ErrorCode::kNotActive, 503, "org.apache.hadoop.ipc.StandbyException"},
  };
  for (const Case& expected : cases) {
    const HttpResponse response = ErrorResponse({expected.code, "message", "remedy"});
    EXPECT_EQ(response.status, expected.status);
    EXPECT_EQ(response.content_type, "application/json");
    EXPECT_THAT(response.body,
                HasSubstr(std::string("\"javaClassName\":\"") + expected.java_class));
  }
  EXPECT_EQ(ErrorResponse({ErrorCode::kNotFound, "no \"app\"\xff", ""}).body,
            "{\"RemoteException\":{\"exception\":\"NotFoundException\",\"message\":\"no "
            "\\\"app\\\"\xef\xbf\xbd\",\"javaClassName\":"
            "\"org.apache.hadoop.yarn.webapp.NotFoundException\"}}");
}

TEST(HttpText, IsWhatTheStandardWants) {
  EXPECT_EQ(HttpDate(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(HeaderValue("a\r\nSet-Cookie: x"), "a  Set-Cookie: x");
}

}  // namespace
}  // namespace weir::platform
