// HighAvailability: a fixture with two ResourceManagers over a real ZooKeeper, which are harmed or
// told to change places. Single-threaded: owned by the test.
#ifndef WEIR_TESTS_INTEGRATION_HIGH_AVAILABILITY_TEST_H_
#define WEIR_TESTS_INTEGRATION_HIGH_AVAILABILITY_TEST_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "platform/address_file.h"
#include "platform/config_keys.h"
#include "platform/http_client.h"
#include "tests/integration/stream_job_test.h"
#include "tests/support/zookeeper_ensemble.h"

namespace weir::testing {

class HighAvailability : public StreamJobTest {
 protected:
  void SetUp() override {
    if (const std::string why = ZooKeeperEnsemble::WhyNot(); !why.empty()) GTEST_SKIP() << why;
    ensemble_ =
        std::make_unique<ZooKeeperEnsemble>(ZooKeeperSettings{.servers = servers_, .sync = false});
    ASSERT_TRUE(ensemble_->Start());
  }
  // What ExpectContainersGoOn and the like start.
  ClusterOptions Adjusted(ClusterOptions options) override {
    options.resource_managers = 2;
    options.settings[platform::keys::kZkAddress] = ensemble_->address();
    options.settings[platform::keys::kZkTimeout] = zk_timeout_;
    options.settings.insert(more_.begin(), more_.end());
    return options;
  }

  // The number of the active one, once there is one.
  int AwaitSomeActive() {
    int active = 0;
    EXPECT_TRUE(WaitUntil([&] { return (active = cluster().ActiveResourceManager()) != 0; },
                          "one is active"));
    return active;
  }
  static int Other(int number) { return 3 - number; }
  static std::string Id(int number) { return "rm" + std::to_string(number); }

  // `lose` does away with the active one; the other one leads on.
  template <typename Lose>
  void Replace(const Lose& lose) {
    const int before = AwaitSomeActive();
    lose(before);
    ASSERT_TRUE(cluster().AwaitActive(Other(before)));
    ASSERT_TRUE(cluster().WaitForNodes(1));
  }
  std::string StateOf(int number) {
    return cluster().Weir({"rmadmin", "-getServiceState", Id(number)}).out;
  }
  std::string LogOf(int number) { return ReadWholeFile(cluster().LogFile(Id(number))); }
  CommandResult Admin(std::vector<std::string> words) {
    words.insert(words.begin(), "rmadmin");
    return cluster().Weir(words);
  }
  HostPort HttpOf(int number) {
    const auto addresses =
        platform::ReadAddressFile(cluster().work_dir() + "/rm-" + Id(number) + "/address");
    return addresses.ok() ? cluster().Address(*addresses, "http") : HostPort();
  }
  // A field of what it says of itself at /ws/v1/cluster/info; "" when it says nothing.
  std::string InfoOf(int number, const std::string& field) {
    platform::HttpCall call;
    call.server = HttpOf(number);
    call.target = "/ws/v1/cluster/info";
    const auto answer = platform::CallHttp(call);
    const Json info = answer.ok() ? Json::parse(answer->body, nullptr, false) : Json();
    return info.is_object() ? info.at("clusterInfo").value(field, "") : "";
  }

  std::unique_ptr<ZooKeeperEnsemble> ensemble_;
  ClusterOptions::Settings more_;
  std::string zk_timeout_ = "1000";
  int servers_ = 1;  // of ZooKeeper
};

}  // namespace weir::testing

#endif  // WEIR_TESTS_INTEGRATION_HIGH_AVAILABILITY_TEST_H_
