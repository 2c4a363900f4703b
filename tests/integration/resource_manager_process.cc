#include "tests/integration/resource_manager_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

#include "common/check.h"
#include "platform/address_file.h"

namespace weir::testing {
namespace {

constexpr std::chrono::seconds kPatience{60};  // a hang guard, far above any start

const std::map<std::string, std::string> kAnyPorts = {
    {"yarn.resourcemanager.address", "127.0.0.1:0"},
    {"yarn.resourcemanager.scheduler.address", "127.0.0.1:0"},
    {"yarn.resourcemanager.resource-tracker.address", "127.0.0.1:0"},
    {"yarn.resourcemanager.admin.address", "127.0.0.1:0"},
    {"yarn.resourcemanager.webapp.address", "127.0.0.1:0"}};

std::string BinaryPath() {
  const char* directory = std::getenv("WEIR_BIN_DIR");
  return std::string(directory == nullptr ? "build/bin" : directory) + "/weir-resourcemanager";
}

std::string ReadFileText(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

int ExitCodeOf(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

ResourceManagerProcess::ResourceManagerProcess(std::string work_directory,
                                               std::map<std::string, std::string> settings)
    : work_directory_(std::move(work_directory)), settings_(std::move(settings)) {}

ResourceManagerProcess::~ResourceManagerProcess() {
  KillHard();
}

bool ResourceManagerProcess::Start() {
  WEIR_CHECK(pid_ < 0, "it runs already");
  std::map<std::string, std::string> settings = kAnyPorts;
  settings["weir.work.dir"] = work_directory_;
  for (const auto& [key, value] : settings_) settings[key] = value;
  std::vector<std::string> arguments = {BinaryPath()};
  for (const auto& [key, value] : settings) {
    arguments.push_back("-D");
    arguments.push_back(key + "=" + value);
  }
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  unlink(address_file().c_str());  // left behind by one that was killed
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const std::string log = work_directory_ + "/output";
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  const int failed = posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  WEIR_CHECK(failed == 0, "cannot start " + arguments[0]);
  return Serves();
}

bool ResourceManagerProcess::Serves() {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (auto published = platform::ReadAddressFile(address_file()); published.ok()) {
      addresses_ = *std::move(published);
      return true;
    }
    if (waitpid(pid_, &status_, WNOHANG) == pid_) {
      pid_ = -1;
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // between looks at the file
  }
  ADD_FAILURE() << "it does not serve: " << output();
  return false;
}

void ResourceManagerProcess::KillHard() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  Wait();
}

int ResourceManagerProcess::Terminate() {
  if (pid_ >= 0) kill(pid_, SIGTERM);
  return Wait();
}

int ResourceManagerProcess::Wait() {
  if (pid_ >= 0) {
    while (waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
  }
  return ExitCodeOf(status_);
}

std::string ResourceManagerProcess::output() const {
  return ReadFileText(work_directory_ + "/output");
}

HostPort ResourceManagerProcess::address(const std::string& name) const {
  const auto parsed = HostPort::Parse(addresses_.at(name));
  WEIR_CHECK(parsed.ok(), "the address file has an address under " + name);
  return *parsed;
}

platform::Endpoint ResourceManagerProcess::socket(const std::string& name) const {
  return {addresses_.at(name), {}};
}

std::string ResourceManagerProcess::secret() const {
  const auto read = platform::ReadSecretFile(work_directory_ + "/cluster.secret");
  WEIR_CHECK(read.ok(), "the cluster secret can be read");
  return *read;
}

}  // namespace weir::testing
