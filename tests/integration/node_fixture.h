// What tests of nodes as wholes have in common: what the RM says of one, and waiting for it.
// Single-threaded.
#ifndef WEIR_TESTS_INTEGRATION_NODE_FIXTURE_H_
#define WEIR_TESTS_INTEGRATION_NODE_FIXTURE_H_

#include <string>
#include <vector>

#include "tests/integration/cluster_test.h"

namespace weir::testing {

class NodeFixture : public ClusterTest {
 protected:
  // Once it runs.
  std::string NameOf(int index) { return cluster().NodeAddresses(index).at("container"); }
  Json NodeJson(const std::string& name) {
    const CommandResult list = cluster().Weir({"node", "-list", "-all", "-o", "json"});
    const Json parsed = Json::parse(list.out, nullptr, false);
    if (!parsed.is_object()) return Json();
    for (const Json& node : parsed.at("nodes").at("node")) {
      if (node.at("id") == name) return node;
    }
    return Json();
  }
  ::testing::AssertionResult AwaitNode(const std::string& name,
                                       const std::string& state,
                                       const std::string& report = "") {
    Json last;
    const auto waited = WaitUntil(
        [&] {
          last = NodeJson(name);
          return last.is_object() && last.at("state") == state &&
                 last.at("healthReport").get<std::string>().find(report) != std::string::npos;
        },
        name + " is " + state + " with '" + report + "'");
    if (waited) return waited;
    return ::testing::AssertionFailure() << waited.message() << ": " << last.dump();
  }
  // An application that has to wait, as no node can take it now; the id.
  std::string SubmitWaiting(const std::string& script) {
    const CommandResult submitted =
        cluster().Weir({"application", "-submit", "-memory", "64", "--", "/bin/sh", "-c", script});
    EXPECT_THAT(submitted.out, ::testing::StartsWith("application_")) << submitted.ToString();
    return submitted.out.substr(0, submitted.out.find('\n'));
  }
  CommandResult RunShell(const std::string& script) {
    return cluster().Weir(
        {"application", "-submit", "-memory", "64", "-wait", "--", "/bin/sh", "-c", script});
  }
};

}  // namespace weir::testing

#endif  // WEIR_TESTS_INTEGRATION_NODE_FIXTURE_H_
