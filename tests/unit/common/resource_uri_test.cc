#include "common/resource_uri.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(ResourceUri, TakesTheAddressesThatAreFetched) {
  for (const char* uri : {"staging:ab",
                          "file:/a b",
                          "http://host/a",
                          "https://host:8443/a?b=c",
                          "http://[::1]:80/a",
                          "webhdfs://name:9870/user/a%20b",
                          "swebhdfs://name:9871/x"}) {
    EXPECT_TRUE(CheckResourceUri(uri).ok()) << uri;
  }
}

TEST(ResourceUri, RefusesTheRestAndShowsNoPassword) {
  for (const char* uri : {"",
                          "ftp://host/a",
                          "file:relative",
                          "gopher://host/a",
                          "http:///a",
                          "http://host",
                          "http://host/",
                          "http://host:0/a",
                          "http://host:99999/a",
                          "http://host:x/a",
                          "http://host/a b",
                          "http://host/a\r\nX: y",
                          "http://host/a#b",
                          "http://host\\@evil/a"}) {
    EXPECT_FALSE(CheckResourceUri(uri).ok()) << uri;
  }
  const Status secret = CheckResourceUri("http://ann:password@host/a");
  ASSERT_FALSE(secret.ok());
  EXPECT_THAT(secret.error().ToString(), ::testing::Not(::testing::HasSubstr("password")));
}

TEST(ResourceArgument, ComesBackAsItWas) {
  const NamedResource named{"a=b,c",
                            {.uri = "http://host/x,y=z",
                             .size = 7,
                             .mtime_ms = 9,
                             .sha256 = "",
                             .visibility = LocalResourceVisibility::kPrivate,
                             .type = LocalResourceType::kArchive}};
  const auto parsed = ParseResourceArgument(ToArgument(named));
  ASSERT_TRUE(parsed.ok()) << parsed.error().ToString();
  EXPECT_EQ(parsed->name, named.name);
  EXPECT_EQ(parsed->resource, named.resource);
  for (const char* text : {"",
                           "a",
                           "=file:/x,1,2,,file,public",
                           "a=file:/x,1,2,,file",
                           "a=file:/x,-1,2,,file,public",
                           "a=file:/x,1,2,,tree,public",
                           "a=file:/x,1,2,,file,all"}) {
    EXPECT_FALSE(ParseResourceArgument(text).ok()) << text;
  }
}

}  // namespace
}  // namespace weir
