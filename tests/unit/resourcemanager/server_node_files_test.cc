// The include and exclude files, as text and as XML.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "resourcemanager/server/node_files.h"
#include "tests/support/temp_directory.h"

namespace weir::rm {
namespace {

using ::testing::HasSubstr;

ListedNodes Listed(const std::string& content) {
  const auto nodes = ParseNodeFile("nodes", content);
  EXPECT_TRUE(nodes.ok()) << nodes.error().ToString();
  return nodes.ok() ? *nodes : ListedNodes{};
}

TEST(NodeFiles, Text) {
  EXPECT_EQ(Listed(""), ListedNodes{});
  EXPECT_EQ(Listed("# nobody\n \n"), ListedNodes{});
  const ListedNodes three = {
      {"a", std::nullopt}, {"b.example", std::nullopt}, {"10.0.0.1:45454", std::nullopt}};
  EXPECT_EQ(Listed("a\nb.example\n10.0.0.1:45454\n"), three);
  EXPECT_EQ(Listed(" a, b.example\t10.0.0.1:45454 # and so on\r\na"), three);
}

TEST(NodeFiles, Xml) {
  const ListedNodes nodes = {{"a", std::nullopt}, {"b", seconds(90)}, {"c", seconds(-1)}};
  EXPECT_EQ(Listed("<?xml version=\"1.0\"?>\n<hosts>\n <host><name>a</name></host>\n"
                   " <host><name>b</name><timeout>90</timeout></host>\n"
                   " <host><name> c </name><timeout>-1</timeout></host>\n</hosts>"),
            nodes);
  EXPECT_EQ(Listed("<hosts><host><name>a,b</name><timeout>5</timeout></host></hosts>").size(), 2U);
  EXPECT_EQ(Listed("<hosts/>"), ListedNodes{});
}

TEST(NodeFiles, FaultsNameTheLine) {
  struct Row {
    const char* content;
    const char* fault;
  };
  constexpr Row kRows[] = {
      {"a\nb/c\n", "nodes:2: 'b/c' is not a host"},
      {"<hosts>", "nodes:1: not well-formed"},
      {"<nodes/>", "nodes:1: the outermost"},
      {"<hosts>\n<node/></hosts>", "nodes:2: no <host>"},
      {"<hosts><host/></hosts>", "a <host> without <name>"},
      {"<hosts><host><name>a</name><timeout>x</timeout></host></hosts>", "its timeout is not"},
      {"<hosts><host><name>a</name><timeout>-2</timeout></host></hosts>", "its timeout is not"}};
  for (const Row& row : kRows) {
    const auto nodes = ParseNodeFile("nodes", row.content);
    ASSERT_FALSE(nodes.ok()) << row.content;
    EXPECT_EQ(nodes.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(nodes.error().message, HasSubstr(row.fault));
  }
}

TEST(NodeFiles, NoPathIsNoListAndNoFileIsAFault) {
  EXPECT_EQ(*ReadNodeFiles({}), NodeLists{});
  EXPECT_EQ(ReadNodeFiles({"", "/no/such/file"}).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace weir::rm
