// What tests of `weir container` have in common: containers by their application, and commands
// about one. Single-threaded.
#ifndef WEIR_TESTS_INTEGRATION_CONTAINER_FIXTURE_H_
#define WEIR_TESTS_INTEGRATION_CONTAINER_FIXTURE_H_

#include <string>
#include <vector>

#include "platform/http_client.h"
#include "tests/integration/cluster_test.h"

namespace weir::testing {

class ContainerFixture : public ClusterTest {
 protected:
  // That of an application's only worker that runs now, once it does.
  std::string WorkerOf(const std::string& application) {
    std::string worker;
    EXPECT_TRUE(WaitUntil(
        [&] {
          for (const Json& one : Containers(application)) {
            const std::string id = one.at("containerId");
            const bool master = id.ends_with("_000001");
            if (!master && one.at("containerState") == "RUNNING") worker = id;
          }
          return !worker.empty();
        },
        "the worker of " + application + " runs"));
    return worker;
  }
  Json Containers(const std::string& application) {
    const CommandResult list = cluster().Weir({"container", "-list", application, "-o", "json"});
    const Json parsed = Json::parse(list.out, nullptr, false);
    return parsed.is_object() ? parsed.at("containers").at("container") : Json::array();
  }
  CommandResult Container(std::vector<std::string> args) {
    args.insert(args.begin(), "container");
    return cluster().Weir(args);
  }
  std::string Status(const std::string& container) { return Container({"-status", container}).out; }
  // From the REST port of node 0; null when there is no answer.
  Json NodeRest(const std::string& target) {
    platform::HttpCall call;
    call.server = cluster().Address(cluster().NodeAddresses(0), "http");
    call.target = target;
    const auto answer = platform::CallHttp(call);
    return answer.ok() ? Json::parse(answer->body, nullptr, false) : Json();
  }
  void KillAndAwait(const std::string& application) {
    const CommandResult killed = cluster().Weir({"application", "-kill", application});
    EXPECT_EQ(killed.exit_code, 0) << killed.ToString();
    EXPECT_TRUE(AwaitState(application, "KILLED"));
  }
};

}  // namespace weir::testing

#endif  // WEIR_TESTS_INTEGRATION_CONTAINER_FIXTURE_H_
