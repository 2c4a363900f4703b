// The log directory of a container that tries to have its reader read something else.
#include "nodemanager/executor/log_directory.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>

#include "platform/file_system.h"
#include "tests/support/temp_directory.h"
#include "traversal_names.h"

namespace weir::nm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using weir::testing::WriteWholeFile;

constexpr char kSecret[] = "what nobody may see";

class LogDirectoryTest : public ::testing::Test {
 protected:
  LogDirectoryTest() {
    EXPECT_TRUE(platform::FileSystem::Real().MakeDirectories(log(), 0755).ok());
    WriteWholeFile(directory_ / "secret", kSecret);
    WriteWholeFile(log() + "/stdout", "output");
  }

  std::string log() const { return directories_.Log(id_); }
  // "" = refused.
  std::string Read(const std::string& name, LogLookup lookup = LogLookup::kGuarded) const {
    const auto directory = LogDirectory::Open(directories_, id_, lookup);
    if (!directory.ok()) return "";
    const auto open = directory->OpenFile(name);
    if (!open.ok()) return "";
    std::string text(4096, '\0');
    text.resize(platform::ReadAt(open->descriptor->get(), 0, text.data(), text.size()));
    return text.empty() ? "(empty)" : text;
  }
  std::vector<std::string> Names() const {
    const auto directory = LogDirectory::Open(directories_, id_);
    const auto files = directory->List();
    std::vector<std::string> names;
    for (const LogFile& file : *files) names.push_back(file.name);
    return names;
  }
  void MakeTraps() const {
    ASSERT_EQ(::symlink((directory_ / "secret").c_str(), (log() + "/link").c_str()), 0);
    ASSERT_EQ(::symlink(directory_.path().c_str(), (log() + "/linked-directory").c_str()), 0);
    ASSERT_EQ(::mkfifo((log() + "/pipe").c_str(), 0600), 0);
    ASSERT_EQ(::mkdir((log() + "/directory").c_str(), 0700), 0);
  }

  const weir::testing::TempDirectory directory_;
  const ContainerId id_ = ContainerId::Make({{1'700'000'000'000, 7}, 1}, Epoch{1}, 2);
  const ContainerDirectories directories_{
      {directory_ / "local"}, {directory_ / "log"}, directory_ / "notes"};
};

TEST_F(LogDirectoryTest, NoWayToWriteAPathLeavesIt) {
  MakeTraps();
  const auto names = TraversalNames("secret", directory_ / "secret");
  EXPECT_GE(names.size(), 200u);
  std::set<std::string> escaped;
  for (const std::string& name : names) {
    // As the request may arrive here when something in front of it has decoded it so often.
    std::string form = name;
    for (int decoded = 0; decoded < 4; ++decoded, form = PercentDecoded(form)) {
      EXPECT_EQ(Read(form), "") << name << " decoded " << decoded << " times";
      const std::string without = Read(form, LogLookup::kUnguarded);
      if (without.find(kSecret) != std::string::npos ||
          without.find("root:") != std::string::npos) {
        escaped.insert(name);
      }
    }
  }
  // The attacks are real: without the guard they reach the file.
  EXPECT_GE(escaped.size(), 20u);
  EXPECT_EQ(Read("stdout"), "output");
}

TEST_F(LogDirectoryTest, OnlyRegularFilesAreListed) {
  MakeTraps();
  WriteWholeFile(log() + "/a name\nwith a line", "x");
  EXPECT_THAT(Names(), ElementsAre("a name\nwith a line", "stdout"));
  EXPECT_EQ(Read("a name\nwith a line"), "x");
}

TEST_F(LogDirectoryTest, AnotherOnesFileDoesNotBecomeALogByASecondName) {
  ASSERT_EQ(::link((directory_ / "secret").c_str(), (log() + "/mine").c_str()), 0);
  EXPECT_EQ(Read("mine"), kSecret) << "one's own file may have two names";
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a directory to another user";
  ASSERT_EQ(::chown(log().c_str(), 12345, 12345), 0);
  EXPECT_EQ(Read("mine"), "");
  EXPECT_EQ(Read("stdout"), "output") << "the NodeManager opened that one itself";
}

TEST_F(LogDirectoryTest, ADirectoryThatIsALinkIsNotEntered) {
  const ContainerId other = ContainerId::Make(id_.attempt, Epoch{1}, 3);
  ASSERT_EQ(::symlink(directory_.path().c_str(), directories_.Log(other).c_str()), 0);
  EXPECT_FALSE(LogDirectory::Open(directories_, other).ok());
}

TEST_F(LogDirectoryTest, WhatIsNotThereIsNamedWithWhatIs) {
  const auto directory = LogDirectory::Open(directories_, id_);
  const auto open = directory->OpenFile("syslog");
  ASSERT_FALSE(open.ok());
  EXPECT_EQ(open.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(open.error().ToString(), HasSubstr("there are: stdout"));
  const auto none = LogDirectory::Open(directories_, ContainerId::Make(id_.attempt, Epoch{1}, 9));
  EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
}

TEST_F(LogDirectoryTest, AFileThatWasCutInFrontKeepsItsPositions) {
  WriteWholeFile(log() + "/stdout", std::string(256 << 10, 'x') + "end");
  const int fd = ::open((log() + "/stdout").c_str(), O_RDWR | O_CLOEXEC);
  const int cut = ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 128 << 10);
  ::close(fd);
  if (cut != 0) GTEST_SKIP() << "this file system takes nothing away from the front of a file";
  const auto log = LogDirectory::Open(directories_, id_)->OpenFile("stdout");
  ASSERT_TRUE(log.ok());
  EXPECT_EQ(log->file.begin, 128 << 10);
  EXPECT_EQ(log->file.end, (256 << 10) + 3);
  EXPECT_LE(log->file.allocated, 140 << 10);
}

TEST_F(LogDirectoryTest, AFileMadeAnewIsAnotherOne) {
  const auto directory = LogDirectory::Open(directories_, id_);
  const uint64_t first = directory->OpenFile("stdout")->file.identity;
  EXPECT_EQ(directory->OpenFile("stdout")->file.identity, first);
  ASSERT_EQ(::rename((log() + "/stdout").c_str(), (log() + "/stdout.1").c_str()), 0);
  WriteWholeFile(log() + "/stdout", "new");
  EXPECT_NE(directory->OpenFile("stdout")->file.identity, first);
  EXPECT_EQ(directory->OpenFile("stdout.1")->file.identity, first);
}

}  // namespace
}  // namespace weir::nm
