#include <gtest/gtest.h>

#include <string>

#include "resourcemanager/server/html_page.h"

namespace weir::rm {
namespace {

TEST(HtmlPage, EscapesWhatUsersWrite) {
  PageContent content;
  ApplicationReport report;
  report.name = "<script>alert('x')</script>";
  report.diagnostics = "a \"quoted\" & <b>bold</b> reason";
  content.applications.push_back(report);
  const std::string page = OverviewPage(content);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("<b>"), std::string::npos);
  EXPECT_NE(page.find("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"), std::string::npos);
  EXPECT_NE(page.find("a &quot;quoted&quot; &amp; &lt;b&gt;bold&lt;/b&gt; reason"),
            std::string::npos);
}

TEST(HtmlPage, LinksOnlyToWebAddresses) {
  PageContent content;
  ApplicationReport report;
  report.tracking_url = "javascript:alert(1)";
  content.applications.push_back(report);
  report.tracking_url = "http://127.0.0.1:4242/\"onclick=\"x";
  content.applications.push_back(report);
  const std::string page = OverviewPage(content);
  EXPECT_EQ(page.find("href=\"javascript"), std::string::npos);
  EXPECT_NE(page.find("href=\"http://127.0.0.1:4242/&quot;onclick=&quot;x\""), std::string::npos);
}

TEST(HtmlPage, UsesNothingThatTheContentSecurityPolicyForbids) {
  PageContent content;
  content.nodes.emplace_back();
  content.applications.emplace_back();
  content.queues.emplace_back();
  const std::string page = OverviewPage(content);
  EXPECT_EQ(page.find("<style"), std::string::npos);
  EXPECT_EQ(page.find(" style="), std::string::npos);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_NE(page.find("href=\"/static/weir.css\""), std::string::npos);
}

TEST(HtmlPage, ShowsTheQueues) {
  PageContent content;
  content.queues.emplace_back();
  content.queues.back().path = "root.<etl>";
  content.queues.back().state = "STOPPED";
  content.queues.back().partitions = {{.label = "", .absolute_capacity = 12.5}};
  const std::string page = OverviewPage(content);
  EXPECT_NE(page.find("root.&lt;etl&gt;"), std::string::npos);
  EXPECT_NE(page.find("STOPPED"), std::string::npos);
  EXPECT_NE(page.find("12.5"), std::string::npos);
}

TEST(HtmlPage, SaysSoWhenThereIsNothingToShow) {
  const std::string page = OverviewPage({});
  EXPECT_NE(page.find("None yet."), std::string::npos);
  EXPECT_NE(page.find("No node has registered."), std::string::npos);
}

}  // namespace
}  // namespace weir::rm
