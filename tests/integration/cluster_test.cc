#include "tests/integration/cluster_test.h"

#include <sys/stat.h>

#include <charconv>
#include <filesystem>
#include <fstream>

#include "common/strings.h"
#include "platform/config_keys.h"
#include "platform/http_client.h"

namespace weir::testing {
namespace {

namespace fs = std::filesystem;
namespace keys = platform::keys;

// The state letter in /proc/PID/stat; ' ' when there is no such process.
char StateOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  const size_t name_end = text.rfind(')');
  return name_end == std::string::npos || name_end + 2 >= text.size() ? ' ' : text[name_end + 2];
}

// The file name of its program; "" when it does not live.
std::string ProgramOf(pid_t pid) {
  std::error_code gone;
  return fs::read_symlink("/proc/" + std::to_string(pid) + "/exe", gone).filename().string();
}

}  // namespace

bool IsAlive(pid_t pid) {
  const char state = StateOf(pid);
  return state != ' ' && state != 'Z' && state != 'X';
}

std::vector<pid_t> ProcessesOf(const std::string& program) {
  std::vector<pid_t> found;
  for (const pid_t pid : Descendants()) {
    if (ProgramOf(pid) == program && IsAlive(pid)) found.push_back(pid);
  }
  return found;
}

int64_t ResidentKib(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  std::string word;
  int64_t kib = 0;
  while (status >> word) {
    if (word == "VmRSS:") status >> kib;
  }
  return kib;
}

std::string EnvironmentOf(pid_t pid, const std::string& name) {
  std::string value;
  // Empty for a moment while the process executes its program.
  const auto found = WaitUntil(
      [&] {
        std::ifstream file("/proc/" + std::to_string(pid) + "/environ", std::ios::binary);
        std::string entry;
        while (std::getline(file, entry, '\0')) {
          if (!entry.starts_with(name + "=")) continue;
          value = entry.substr(name.size() + 1);
          return true;
        }
        return false;
      },
      "process " + std::to_string(pid) + " has the variable " + name);
  EXPECT_TRUE(found);
  return value;
}

ClusterOptions ClusterTest::SmallContainers(int nodes) {
  ClusterOptions options;
  options.nodes = nodes;
  options.settings = {{keys::kMinimumMb, "64"}, {keys::kNmSigkillDelay, "500"}};
  return options;
}

::testing::AssertionResult ClusterTest::StartCluster(ClusterOptions options) {
  nodes_ = options.nodes;
  cluster_ = std::make_unique<ProcessCluster>(std::move(options));
  scratch_ = cluster_->work_dir() + "/scratch";
  fs::create_directory(scratch_);
  // Containers may run as others.
  if (::chmod(scratch_.c_str(), 0777) != 0) {
    return ::testing::AssertionFailure() << "cannot open " << scratch_ << " to all";
  }
  return cluster_->Start();
}

void ClusterTest::TearDown() {
  if (cluster_ == nullptr) return;
  if (!leaves_applications_ && !HasFatalFailure()) {
    EXPECT_TRUE(AwaitNoContainers());
  }
  cluster_.reset();  // sees to it that no process is left
}

std::string ClusterTest::Submit(std::vector<std::string> options,
                                const std::vector<std::string>& command) {
  std::vector<std::string> words = {"application", "-submit"};
  words.insert(words.end(), options.begin(), options.end());
  words.push_back("--");
  words.insert(words.end(), command.begin(), command.end());
  const CommandResult submitted = cluster_->Weir(words);
  EXPECT_EQ(submitted.exit_code, 0) << submitted.ToString();
  return submitted.out.substr(0, submitted.out.find('\n'));
}

Json ClusterTest::Rest(const std::string& target) {
  platform::HttpCall call;
  call.server = cluster_->ResourceManagerHttp();
  call.target = target;
  const auto answer = platform::CallHttp(call);
  if (!answer.ok() || answer->status != 200) return nullptr;
  return Json::parse(answer->body, nullptr, false);
}

Json ClusterTest::Application(const std::string& id) {
  const Json answer = Rest("/ws/v1/cluster/apps/" + id);
  return answer.is_object() ? answer.value("app", Json()) : Json();
}

std::string ClusterTest::StatusText(const std::string& id) {
  const CommandResult status = cluster_->Weir({"application", "-status", id});
  EXPECT_EQ(status.exit_code, 0) << status.ToString();
  return status.out;
}

int ClusterTest::SigningKey() {
  platform::HttpCall call;
  call.server = cluster_->ResourceManagerHttp();
  call.target = "/metrics";
  const auto page = platform::CallHttp(call);
  const std::string name = "\nweir_rm_token_key ";
  const size_t at = page.ok() ? page->body.find(name) : std::string::npos;
  return at == std::string::npos ? 0 : std::stoi(page->body.substr(at + name.size()));
}

::testing::AssertionResult ClusterTest::AwaitSigningKey(int key) {
  return WaitUntil(
      [&] { return SigningKey() >= key; }, "key " + std::to_string(key) + " signs", seconds(300));
}

::testing::AssertionResult ClusterTest::AwaitFinalStatus(const std::string& id,
                                                         const std::string& status) {
  std::string seen;
  const auto waited = WaitUntil(
      [&] {
        const Json last = Application(id);
        const std::string state = last.is_object() ? last.value("state", "") : "";
        if (state != "FINISHED" && state != "FAILED" && state != "KILLED") return false;
        seen = last.value("finalStatus", "");
        return true;
      },
      id + " ends with " + status);
  if (waited && seen == status) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << id << " ended with '" << seen << "'; " << waited.message();
}

::testing::AssertionResult ClusterTest::AwaitState(const std::string& id,
                                                   const std::string& state) {
  Json last;
  std::string seen;
  const auto waited = WaitUntil(
      [&] {
        last = Application(id);
        seen = last.is_object() ? last.value("state", "") : "";
        return seen == state || seen == "FINISHED" || seen == "FAILED" || seen == "KILLED";
      },
      id + " is " + state);
  if (waited && seen == state) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << id << " is not " << state << " but " << last.dump() << "\n"
         << waited.message();
}

::testing::AssertionResult ClusterTest::AwaitFile(const std::string& path) {
  return WaitUntil([&] { return fs::exists(path); }, path + " is there");
}

pid_t ClusterTest::AwaitPid(const std::string& path) {
  pid_t pid = 0;
  const auto read = [&] {
    std::ifstream file(path);
    std::string line;
    if (!std::getline(file, line) || file.eof()) return false;  // a whole line only
    std::from_chars(line.data(), line.data() + line.size(), pid);
    return pid > 0;
  };
  EXPECT_TRUE(WaitUntil(read, path + " holds a process number"));
  return pid;
}

::testing::AssertionResult ClusterTest::AwaitGone(pid_t pid) {
  return WaitUntil([pid] { return !IsAlive(pid); }, "process " + std::to_string(pid) + " is gone");
}

std::vector<std::string> ClusterTest::ContainerDirectories() {
  std::vector<std::string> found;
  for (int node = 0; node < nodes_; ++node) {
    const std::string local = cluster_->NodeDir(node) + "/local";
    std::error_code gone;  // directories may go while they are looked at
    for (auto at = fs::recursive_directory_iterator(local, gone);
         at != fs::recursive_directory_iterator();
         at.increment(gone)) {
      if (at->path().filename().string().starts_with("container_")) {
        found.push_back(at->path().string());
        at.disable_recursion_pending();
      }
    }
  }
  return found;
}

std::vector<fs::path> PathsBelow(const std::string& directory) {
  std::vector<fs::path> paths;
  std::error_code gone;
  for (auto at = fs::recursive_directory_iterator(directory, gone);
       at != fs::recursive_directory_iterator();
       at.increment(gone)) {
    paths.push_back(at->path());
  }
  return paths;
}

bool ClusterTest::AnyContainerProcess() {
  for (const pid_t pid : Descendants()) {
    const std::string program = ProgramOf(pid);
    if (program.empty() || !IsAlive(pid)) continue;
    const bool of_the_test = program == "java";  // its ZooKeeper
    const bool daemon = program == "weir-resourcemanager" || program == "weir-nodemanager";
    if (!of_the_test && !daemon) return true;
  }
  return false;
}

::testing::AssertionResult ClusterTest::AwaitNoContainers() {
  std::vector<std::string> directories;
  const auto waited = WaitUntil(
      [&] {
        directories = ContainerDirectories();
        return directories.empty() && !AnyContainerProcess();
      },
      "no process and no directory of a container is left");
  if (waited) return waited;
  return ::testing::AssertionFailure()
         << waited.message() << "; directories: " << Join(directories, ", ");
}

}  // namespace weir::testing
