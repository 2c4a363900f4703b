#include "tests/integration/stream_job_test.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "platform/config_keys.h"

namespace weir::testing {
namespace {

namespace fs = std::filesystem;

constexpr Duration kJobLimit = seconds(240);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

}  // namespace

::testing::AssertionResult StreamJobTest::StartCluster(ClusterOptions options) {
  if (kSanitized) {
    options.settings.try_emplace(platform::keys::kMemoryEnforced, "false");
    options.settings.try_emplace(platform::keys::kNmPhysicalCheck, "false");
  }
  return ClusterTest::StartCluster(Adjusted(std::move(options)));
}

std::vector<std::string> StreamJobTest::RunWords(const std::string& mode,
                                                 std::vector<std::string> options,
                                                 const std::vector<std::string>& job) {
  std::vector<std::string> words = {"run", "-t", mode};
  if (mode != "session") {
    words.insert(words.end(), {"-jm", "128", "-tm", "128"});
    if (std::find(options.begin(), options.end(), "-s") == options.end()) {
      words.insert(words.end(), {"-s", "2"});
    }
  }
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), job.begin(), job.end());
  return words;
}

CommandResult StreamJobTest::Run(const std::string& mode,
                                 std::vector<std::string> options,
                                 const std::vector<std::string>& job) {
  return cluster().Weir(RunWords(mode, std::move(options), job), "", kJobLimit);
}

std::unique_ptr<Process> StreamJobTest::StartRun(const std::string& mode,
                                                 std::vector<std::string> options,
                                                 const std::vector<std::string>& job,
                                                 const std::string& log) {
  ProcessOptions process;
  process.argv = {BinaryPath("weir")};
  const auto words = RunWords(mode, std::move(options), job);
  process.argv.insert(process.argv.end(), words.begin(), words.end());
  process.environment = cluster().WeirEnvironment();
  process.log_file = Scratch(log);
  return std::make_unique<Process>(process);
}

std::string StreamJobTest::StartSession(std::vector<std::string> options) {
  std::vector<std::string> words = {"session", "start", "-d", "-jm", "128", "-tm", "128"};
  if (std::find(options.begin(), options.end(), "-s") == options.end()) {
    words.insert(words.end(), {"-s", "2"});
  }
  words.insert(words.end(), options.begin(), options.end());
  const CommandResult session = cluster().Weir(words);
  EXPECT_EQ(session.exit_code, 0) << session.ToString();
  return session.out.substr(0, session.out.find('\n'));
}

void StreamJobTest::StopSession(const std::string& id) {
  const CommandResult stopped = cluster().Weir({"session", "stop", id});
  EXPECT_EQ(stopped.exit_code, 0) << stopped.ToString();
  EXPECT_EQ(Application(id).value("finalStatus", ""), "SUCCEEDED");
}

void StreamJobTest::ExpectSessionGoesOn(const std::function<void()>& disturb) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string session = StartSession();
  const auto client =
      StartRun("session", {"-p", "2"}, {Trial(), "steady", "6000", Scratch("out")}, "client.log");
  AwaitJob("RUNNING");
  const pid_t master = AwaitOne("weir-appmaster");
  const pid_t worker = AwaitOne("weir-taskmanager");
  ASSERT_NO_FATAL_FAILURE(disturb());
  EXPECT_TRUE(AwaitState(session, "RUNNING"));
  EXPECT_EQ(client->Wait(), 0) << ReadWholeFile(Scratch("client.log"));
  EXPECT_TRUE(IsAlive(master));
  EXPECT_TRUE(IsAlive(worker));
  // It gets new containers from those that came after.
  const CommandResult second =
      Run("session", {"-p", "4"}, {SequenceSum(), "1", "100", "2", Scratch("sums")});
  EXPECT_EQ(second.exit_code, 0) << second.ToString();
  EXPECT_EQ(Results(Scratch("sums")), (std::vector<std::string>{"0 2550", "1 2500"}));
  StopSession(session);
  EXPECT_TRUE(AwaitNoContainers());
}

void StreamJobTest::ExpectContainersGoOn(const std::function<void()>& disturb) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string id = SubmitShell(
      {"-memory", "64", "-containers", "3"},
      "echo $WEIR_CONTAINER_INDEX >>" + Scratch("ran") + "; echo $$ >" + Scratch("pid-") +
          "$WEIR_CONTAINER_INDEX; until [ -e " + Scratch("go") + " ]; do sleep 0.05; done");
  std::vector<pid_t> before;
  for (const char* index : {"0", "1", "2"}) {
    before.push_back(AwaitPid(Scratch(std::string("pid-") + index)));
  }
  ASSERT_NO_FATAL_FAILURE(disturb());
  for (const pid_t pid : before) EXPECT_TRUE(IsAlive(pid));
  EXPECT_TRUE(AwaitState(id, "RUNNING"));
  WriteWholeFile(Scratch("go"), "");
  ASSERT_TRUE(AwaitFinalStatus(id, "SUCCEEDED"));
  std::string ran = ReadWholeFile(Scratch("ran"));
  std::sort(ran.begin(), ran.end());
  EXPECT_EQ(ran, "\n\n\n012") << "each ran once";
  EXPECT_TRUE(AwaitNoContainers());
}

Json StreamJobTest::Jobs() {
  const CommandResult list = cluster().Weir({"job", "list", "-o", "json"});
  const Json json = Json::parse(list.out, nullptr, false);
  return json.is_object() && json.contains("jobs") ? json.at("jobs") : Json::array();
}

std::string StreamJobTest::AwaitJob(const std::string& state) {
  std::string id;
  EXPECT_TRUE(WaitUntil(
      [&] {
        for (const Json& job : Jobs()) {
          if (job.at("state") == state) id = job.at("jid");
        }
        return !id.empty();
      },
      "a job is " + state));
  return id;
}

Json StreamJobTest::Applications() {
  const Json answer = Rest("/ws/v1/cluster/apps");
  if (!answer.is_object() || !answer.at("apps").contains("app")) return Json::array();
  return answer.at("apps").at("app");
}

std::vector<std::string> StreamJobTest::Results(const std::string& directory) {
  std::vector<std::string> lines;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (!entry.path().filename().string().starts_with("part-")) continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) lines.push_back(line);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

bool StreamJobTest::HasNoResults(const std::string& directory) {
  return !fs::exists(directory) || fs::is_empty(directory);
}

int StreamJobTest::OpenFiles(const std::string& directory) {
  int count = 0;
  for (const pid_t pid : ProcessesOf("weir-taskmanager")) {
    std::error_code gone;  // descriptors and processes may go while they are looked at
    for (auto at = fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd", gone);
         at != fs::directory_iterator();
         at.increment(gone)) {
      if (fs::read_symlink(at->path(), gone).string().starts_with(directory + "/")) ++count;
    }
  }
  return count;
}

pid_t StreamJobTest::AwaitOne(const std::string& program) {
  EXPECT_TRUE(
      WaitUntil([&] { return ProcessesOf(program).size() == 1; }, "there is one " + program));
  const auto found = ProcessesOf(program);
  return found.empty() ? 0 : found.front();
}

}  // namespace weir::testing
