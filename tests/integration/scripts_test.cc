// The scripts that the README names, with the build under test instead of one of their own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>
#include <filesystem>

#include "platform/file_descriptor.h"
#include "tests/support/process_cluster.h"
#include "tests/support/wait_until.h"

namespace weir::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

namespace fs = std::filesystem;

class Scripts : public ::testing::Test {
 protected:
  ~Scripts() override { EXPECT_THAT(Descendants(), IsEmpty()); }

  CommandResult Run(const std::string& script, std::vector<std::string> words) {
    std::vector<std::string> argv = {SourcePath("scripts/" + script)};
    argv.insert(argv.end(), words.begin(), words.end());
    return RunCommand(argv,
                      {{"WEIR_BUILD_DIR", BinaryPath("..")},
                       {"WEIR_CONF_DIR", std::nullopt},
                       {"HADOOP_CONF_DIR", std::nullopt},
                       {"WEIR_OPTS", std::nullopt},
                       {"TMPDIR", directory_.path()}},
                      "",
                      seconds(120));
  }
  CommandResult Quickstart(std::vector<std::string> words) {
    words.insert(words.end(), {"--work-dir", directory_ / "work"});
    return Run("quickstart", std::move(words));
  }

  TempDirectory directory_;
};

TEST_F(Scripts, QuickstartCountsTheWordsOfATextAndLeavesNothing) {
  WriteWholeFile(directory_ / "text", "to be or not to be\nthat is the question: to be\n");
  const CommandResult run = Quickstart({"--any-ports", "--input", directory_ / "text"});
  ASSERT_EQ(run.exit_code, 0) << run.ToString();
  EXPECT_THAT(run.out, HasSubstr("be 3\nto 3\nis 1\n"));
  EXPECT_THAT(run.out, HasSubstr(directory_ / "work/output"));
  EXPECT_THAT(run.out, HasSubstr("http://127.0.0.1:"));
  EXPECT_THAT(run.err,
              AllOf(HasSubstr("submitted"),
                    HasSubstr("TaskManagers"),
                    HasSubstr("running"),
                    HasSubstr("records read")));
  const CommandResult again = Quickstart({"--any-ports", "--input", directory_ / "text"});
  EXPECT_EQ(again.exit_code, 0) << again.ToString();
}

TEST_F(Scripts, QuickstartKeepsAClusterAndStopsIt) {
  const CommandResult kept = Quickstart({"--any-ports", "--keep", "--no-job"});
  ASSERT_EQ(kept.exit_code, 0) << kept.ToString();
  EXPECT_THAT(kept.out,
              AllOf(HasSubstr("export WEIR_CONF_DIR="),
                    HasSubstr("weir session start"),
                    HasSubstr("quickstart --stop")));
  // What the first session of the README is shown with.
  EXPECT_THAT(ReadWholeFile(SourcePath("README.md")), HasSubstr("quickstart --keep --no-job"));
  const CommandResult second = Quickstart({"--any-ports"});
  EXPECT_EQ(second.exit_code, 6) << second.ToString();
  EXPECT_THAT(second.err, HasSubstr("--stop"));
  const CommandResult nodes =
      RunCommand({BinaryPath("weir"), "node", "-list", "--conf", directory_ / "work/conf"});
  EXPECT_THAT(nodes.out, StartsWith("Total Nodes:2\n"));
  const CommandResult stopped = Quickstart({"--stop"});
  EXPECT_EQ(stopped.exit_code, 0) << stopped.ToString();
  EXPECT_EQ(Quickstart({"--stop"}).exit_code, 3);
}

TEST_F(Scripts, QuickstartAnswersMistakesWithOneLine) {
  const CommandResult option = Quickstart({"--fast"});
  EXPECT_EQ(option.exit_code, 2) << option.ToString();
  EXPECT_THAT(option.err, HasSubstr("--fast"));
  EXPECT_EQ(Quickstart({"--no-job"}).exit_code, 2);
  const CommandResult help = Quickstart({"--help"});
  EXPECT_THAT(help.out, AllOf(HasSubstr("Exit codes"), Not(HasSubstr("set -"))));
  const CommandResult input = Quickstart({"--input", "/no/such/text"});
  EXPECT_EQ(input.exit_code, 3) << input.ToString();
  EXPECT_THAT(input.err, HasSubstr("/no/such/text"));
  EXPECT_FALSE(fs::exists(directory_ / "work"));
}

TEST_F(Scripts, QuickstartSaysThatAPortIsTakenAndLeavesNothing) {
  // YARN's port of clients. Another run of this test gives it back soon; whoever else has it keeps
  // it, which serves as well.
  platform::FileDescriptor taken(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(8032);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto bound = WaitUntil(
      [&] {
        return ::bind(taken.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
      },
      "the port is free",
      seconds(20));
  if (bound) {
    ASSERT_EQ(::listen(taken.get(), 1), 0);
  }
  const CommandResult run = Quickstart({});
  EXPECT_EQ(run.exit_code, 10) << run.ToString();
  EXPECT_THAT(run.err, HasSubstr("is in use"));
}

TEST_F(Scripts, AMissingPackageSourceIsToldInOneLine) {
  const auto program = [&](const std::string& name, const std::string& text) {
    WriteWholeFile(directory_ / name, "#!/bin/sh\n" + text + "\n");
    fs::permissions(directory_ / name, fs::perms::owner_all);
  };
  program("dpkg-query", "exit 1");
  program("sudo", "exec \"$@\"");
  program("apt-get", "echo 'Err:1 http://nowhere.invalid'; echo 'E: Failed to fetch it'; exit 100");
  const char* path = std::getenv("PATH");
  ASSERT_NE(path, nullptr);
  const CommandResult run =
      RunCommand({SourcePath("scripts/install-dependencies")},
                 {{"PATH", directory_.path() + ":" + path}, {"TMPDIR", directory_.path()}});
  EXPECT_EQ(run.exit_code, 1) << run.ToString();
  EXPECT_THAT(run.err,
              AllOf(StartsWith("installing "),
                    HasSubstr("\ninstall-dependencies: 'apt-get update' failed (E: Failed to fetch "
                              "it): check the package sources"),
                    Not(HasSubstr("Err:1"))));
}

TEST_F(Scripts, TheFirstSessionOfTheReadmeIsWhatTheCommandsSay) {
  const CommandResult check = Run("readme-session", {"--check"});
  EXPECT_EQ(check.exit_code, 0) << check.ToString();
}

TEST_F(Scripts, TheSessionsAboutQueuesAreWhatTheCommandsSay) {
  const CommandResult check = Run("queues-session", {"--check"});
  EXPECT_EQ(check.exit_code, 0) << check.ToString();
}

}  // namespace
}  // namespace weir::testing
