#include <gmock/gmock.h>

#include "common/limits.h"
#include "resourcemanager/server/queue_file.h"
#include "resourcemanager/server/queue_pages.h"
#include "tests/support/temp_directory.h"

namespace weir::rm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Property(const std::string& name, const std::string& value) {
  return "<property><name>" + name + "</name><value>" + value + "</value></property>\n";
}

std::string Xml(const std::string& properties) {
  return "<configuration>\n" + properties + "</configuration>\n";
}

TEST(QueueFile, GivesItsPropertiesInTheOrderOfTheirLines) {
  const auto properties =
      ParseQueueFile("q.xml", Xml(Property("z", "1") + Property("a", " ") + Property("m", "x,y")));
  ASSERT_TRUE(properties.ok()) << properties.error().ToString();
  EXPECT_THAT(*properties,
              ElementsAre(store::QueueProperty{"z", "1", 2},
                          store::QueueProperty{"a", " ", 3},
                          store::QueueProperty{"m", "x,y", 4}));
}

TEST(QueueFile, TellsEveryFaultOfItsFormWithItsName) {
  const auto properties = ParseQueueFile("q.xml", Xml("<property></property>\n<what/>\n"));
  ASSERT_FALSE(properties.ok());
  EXPECT_EQ(properties.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(properties.error().message, HasSubstr("q.xml:2"));
  EXPECT_THAT(properties.error().message, HasSubstr("q.xml:3"));
}

TEST(QueueFile, ReadsTheRulesThatItNames) {
  const weir::testing::TempDirectory directory;
  weir::testing::WriteWholeFile(directory / "rules.json", R"({"rules":[]})");
  const std::string file = directory / "capacity-scheduler.xml";
  const std::string key = "yarn.scheduler.capacity.mapping-rule-json";
  weir::testing::WriteWholeFile(file,
                                Xml(Property("a", "1") + Property(key + "-file", "rules.json")));
  const auto properties = ReadQueueFile(file);
  ASSERT_TRUE(properties.ok()) << properties.error().ToString();
  EXPECT_THAT(*properties,
              ElementsAre(store::QueueProperty{"a", "1", 2},
                          store::QueueProperty{key, R"({"rules":[]})", 3},
                          store::QueueProperty{key + "-file", "rules.json", 3}));

  // What stands in the file itself wins.
  weir::testing::WriteWholeFile(file,
                                Xml(Property(key, "{}") + Property(key + "-file", "nowhere.json")));
  ASSERT_TRUE(ReadQueueFile(file).ok());
  EXPECT_EQ(ReadQueueFile(file)->front().value, "{}");

  weir::testing::WriteWholeFile(file, Xml(Property(key + "-file", "nowhere.json")));
  EXPECT_EQ(ReadQueueFile(file).error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(ReadQueueFile(file).error().message, HasSubstr("nowhere.json"));
  EXPECT_EQ(ParseQueueFile("q.xml", Xml(Property(key + "-file", "rules.json"))).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(ReadQueueFile(directory / "missing.xml").error().code, ErrorCode::kNotFound);
}

TEST(QueueFile, IsCalledAsItsReaderKnowsIt) {
  EXPECT_EQ(
      NameQueueFile("capacity-scheduler.xml:3: a\nother\ncapacity-scheduler.xml:9: b", "q.xml"),
      "q.xml:3: a\nother\nq.xml:9: b");
  EXPECT_EQ(NameQueueFile("capacity-scheduler.xml:3: a", ""), "capacity-scheduler.xml:3: a");
}

std::vector<QueueReport> Queues(const std::vector<std::string>& paths) {
  std::vector<QueueReport> queues;
  for (const std::string& path : paths) {
    QueueReport report;
    report.path = path;
    report.name = path.substr(path.rfind('.') == std::string::npos ? 0 : path.rfind('.') + 1);
    report.users.emplace_back();
    queues.push_back(std::move(report));
  }
  return queues;
}

std::vector<std::string> PathsOf(const QueuePage& page) {
  std::vector<std::string> paths;
  for (const QueueReport& report : page.queues) paths.push_back(report.path);
  return paths;
}

TEST(QueuePages, HoldAQueueAndWhatIsBelowIt) {
  const auto all = Queues({"root", "root.a", "root.ab", "root.a.x", "root.b", "root.b.x"});
  const auto under = [&](const std::string& name) {
    return SelectQueues(all, {.under = name, .after_path = "", .users = false});
  };
  EXPECT_THAT(PathsOf(*under("root.a")), ElementsAre("root.a", "root.a.x"));
  EXPECT_THAT(PathsOf(*under("ab")), ElementsAre("root.ab"));
  EXPECT_EQ(under("")->queues.size(), all.size());
  EXPECT_TRUE(under("")->queues[0].users.empty());
  EXPECT_EQ(under("x").error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(under("x").error().remedy, HasSubstr("root.a.x, root.b.x"));
  EXPECT_EQ(under("root.abb").error().code, ErrorCode::kNotFound);
  EXPECT_THAT(under("root.abb").error().remedy, HasSubstr("root.ab"));
  const auto users = SelectQueues(all, {.under = "ab", .after_path = "", .users = true});
  EXPECT_EQ(users->queues[0].users.size(), 1u);
}

TEST(QueuePages, TogetherHoldEveryQueueOnceHoweverMany) {
  std::vector<std::string> paths{"root"};
  for (int i = 0; i < 5000; ++i) paths.push_back("root.q" + std::to_string(i));
  std::vector<std::string> found;
  std::string after;
  int pages = 0;
  while (true) {
    const auto page =
        SelectQueues(Queues(paths), {.under = "", .after_path = after, .users = true});
    ASSERT_TRUE(page.ok());
    ++pages;
    for (const std::string& path : PathsOf(*page)) found.push_back(path);
    if (!page->more) break;
    after = found.back();
  }
  EXPECT_EQ(found, paths);
  EXPECT_GT(pages, 1);
  EXPECT_EQ(SelectQueues(Queues(paths), {.under = "", .after_path = "root.gone", .users = false})
                .error()
                .code,
            ErrorCode::kAborted);
}

}  // namespace
}  // namespace weir::rm
