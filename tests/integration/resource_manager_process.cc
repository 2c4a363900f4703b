#include "tests/integration/resource_manager_process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "common/check.h"
#include "platform/address_file.h"
#include "platform/rpc_security.h"
#include "tests/support/process_cluster.h"
#include "tests/support/temp_directory.h"
#include "tests/support/wait_until.h"

namespace weir::testing {
namespace {

const std::map<std::string, std::string> kAnyPorts = {
    {"yarn.resourcemanager.address", "127.0.0.1:0"},
    {"yarn.resourcemanager.scheduler.address", "127.0.0.1:0"},
    {"yarn.resourcemanager.resource-tracker.address", "127.0.0.1:0"},
    {"yarn.resourcemanager.admin.address", "127.0.0.1:0"},
    {"yarn.resourcemanager.webapp.address", "127.0.0.1:0"}};

}  // namespace

ResourceManagerProcess::ResourceManagerProcess(std::string work_directory,
                                               std::map<std::string, std::string> settings)
    : work_directory_(std::move(work_directory)), settings_(std::move(settings)) {}

bool ResourceManagerProcess::Start() {
  std::map<std::string, std::string> settings = kAnyPorts;
  settings["weir.work.dir"] = work_directory_;
  for (const auto& [key, value] : settings_) settings[key] = value;
  ProcessOptions options;
  options.log_file = log_file();
  if (file_kib_ > 0) {
    // The shell counts in blocks of 512 bytes; without the signal a write fails instead of killing.
    const std::string blocks = std::to_string(2 * file_kib_);
    options.argv = {"/bin/sh", "-c", "trap '' XFSZ; ulimit -f " + blocks + R"(; exec "$0" "$@")"};
  }
  options.argv.push_back(BinaryPath("weir-resourcemanager"));
  for (const auto& [key, value] : settings) {
    options.argv.push_back("-D");
    options.argv.push_back(key + "=" + value);
  }
  unlink(address_file().c_str());  // left behind by one that was killed
  process_ = std::make_unique<Process>(options);
  bool serves = false;
  const auto decided = WaitUntil(
      [&] {
        auto published = platform::ReadAddressFile(address_file());
        if (published.ok()) addresses_ = *std::move(published);
        serves = published.ok();
        return serves || !process_->IsRunning();
      },
      "the ResourceManager serves or ends");
  EXPECT_TRUE(decided) << output();
  return serves;
}

void ResourceManagerProcess::KillHard() {
  process_->Kill();
}

int ResourceManagerProcess::Terminate() {
  process_->Signal(SIGTERM);
  return Wait();
}

int ResourceManagerProcess::Wait() {
  const auto exit_code = process_->Wait();
  EXPECT_TRUE(exit_code.has_value()) << "it does not end: " << output();
  return exit_code.value_or(-1);
}

std::string ResourceManagerProcess::output() const {
  return Exists(log_file()) ? ReadWholeFile(log_file()) : "";
}

HostPort ResourceManagerProcess::address(const std::string& name) const {
  const auto parsed = HostPort::Parse(addresses_.at(name));
  WEIR_CHECK(parsed.ok(), "the address file has an address under " + name);
  return *parsed;
}

platform::Endpoint ResourceManagerProcess::socket(const std::string& name) const {
  return {addresses_.at(name), {}};
}

std::string ResourceManagerProcess::address_file() const {
  const auto own = settings_.find("weir.resourcemanager.work.dir");
  return (own == settings_.end() ? work_directory_ + "/rm" : own->second) + "/address";
}

std::string ResourceManagerProcess::secret() const {
  const auto read = platform::ReadSecretFile(work_directory_ + "/cluster.secret");
  WEIR_CHECK(read.ok(), "the cluster secret can be read");
  return *read;
}

}  // namespace weir::testing
