// A node's log directories in a temporary directory, and an application with logs there.
#ifndef WEIR_TESTS_UNIT_NODEMANAGER_LOG_FIXTURE_H_
#define WEIR_TESTS_UNIT_NODEMANAGER_LOG_FIXTURE_H_

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "log-archive/archive_reader.h"
#include "nodemanager/executor/log_directory.h"
#include "nodemanager/executor/log_owner.h"
#include "platform/file_system.h"
#include "tests/support/temp_directory.h"

namespace weir::nm {

class LogFixture : public ::testing::Test {
 protected:
  static ContainerId IdOf(int64_t number) {
    return ContainerId::Make({kApplication, 1}, Epoch{1}, number);
  }
  // Its log directory, and whose it is.
  std::string MakeContainer(int64_t number, const std::string& role = "command") const {
    platform::FileSystem& files = platform::FileSystem::Real();
    const std::string path = directories_.Log(IdOf(number));
    EXPECT_TRUE(files.MakeDirectories(path, 0755).ok());
    EXPECT_TRUE(WriteLogOwner(files, directories_, IdOf(number), {"ann", role}).ok());
    return path;
  }
  std::string PathOf(int64_t number, const std::string& name) const {
    return directories_.Log(IdOf(number)) + "/" + name;
  }
  void Append(int64_t number, const std::string& name, const std::string& text) const {
    std::ofstream(PathOf(number, name), std::ios::app | std::ios::binary) << text;
  }
  LogDirectory OpenLogs(int64_t number) const {
    auto directory = LogDirectory::Open(directories_, IdOf(number));
    EXPECT_TRUE(directory.ok());
    return *std::move(directory);
  }
  // What is there of a file, from its begin.
  std::string ReadLog(int64_t number, const std::string& name) const {
    const auto log = OpenLogs(number).OpenFile(name);
    if (!log.ok()) return log.error().ToString();
    std::string text(static_cast<size_t>(log->file.size()), '\0');
    size_t done = 0;
    while (done < text.size()) {
      const size_t count = platform::ReadAt(log->descriptor->get(),
                                            log->file.begin + static_cast<int64_t>(done),
                                            text.data() + done,
                                            text.size() - done);
      if (count == 0) break;
      done += count;
    }
    return text;
  }
  // From a log archive; "" when it has no such log.
  static std::string ReadArchive(const std::string& path, int64_t number, const std::string& name) {
    auto archive = logs::LogArchive::Open(path);
    if (!archive.ok()) return archive.error().ToString();
    for (const logs::ArchivedLog& log : archive->logs()) {
      if (log.container != IdOf(number) || log.name != name) continue;
      std::string text;
      EXPECT_TRUE(archive
                      ->Read(log,
                             0,
                             -1,
                             [&](std::string_view bytes) {
                               text += bytes;
                               return Status();
                             })
                      .ok());
      return text;
    }
    return "";
  }

  static constexpr ApplicationId kApplication{1'700'000'000'000, 12};
  const weir::testing::TempDirectory directory_;
  const ContainerDirectories directories_{
      {directory_ / "local"}, {directory_ / "log"}, directory_ / "notes"};
};

}  // namespace weir::nm

#endif  // WEIR_TESTS_UNIT_NODEMANAGER_LOG_FIXTURE_H_
