#include "platform/audit_log.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "common/strings.h"
#include "platform/mutex.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_directory.h"
#include "tests/support/wait_until.h"

namespace weir::platform {
namespace {

using nlohmann::json;
using testing::ReadWholeFile;
using testing::WaitUntil;

EndedCall Kill(const std::string& object, std::optional<Error> error = std::nullopt) {
  EndedCall call;
  call.caller.kind = CallerKind::kUser;
  call.caller.user = "ann";
  call.caller.address = "unix:4711";
  call.operation = &security::OperationNamed(security::Service::kClient, "killApplication");
  call.object = object;
  call.error = std::move(error);
  return call;
}
Error Denied(const std::string& why = "no") {
  return {ErrorCode::kPermissionDenied, why, "ask"};
}

class AuditLogTest : public ::testing::Test {
 protected:
  AuditOptions Options() const {
    AuditOptions options;
    options.file = file();
    return options;
  }
  std::string file() const { return directory_ / "audit.jsonl"; }
  std::vector<json> Lines(const std::string& suffix = "") const {
    std::vector<json> lines;
    const std::string text = ReadWholeFile(file() + suffix);
    for (const std::string_view line : Split(text, '\n')) {
      if (!line.empty()) lines.push_back(json::parse(line));
    }
    return lines;
  }

  const testing::TempDirectory directory_;
};

TEST_F(AuditLogTest, SaysWhoDidWhatToWhatAndWhatCameOfIt) {
  {
    const auto log = *AuditLog::Open(Options());
    log->Add("client", Kill("application_1_0001"));
    log->Add("client", Kill("application_1_0002", Denied("user ann may not")));
    log->Add("client", Kill("x", Error{ErrorCode::kNotFound, "there is no x", ""}));
    EndedCall unheard = Kill("application_1_0003");
    unheard.unheard = true;
    log->Add("client", unheard);
    EndedCall stranger;
    stranger.caller.address = "127.0.0.1:9";
    stranger.error = Error{ErrorCode::kUnauthenticated, "no credential", ""};
    log->Add("master", stranger);
    stranger.object = "/staging/1";
    log->Add("http", stranger);
  }
  const std::vector<json> lines = Lines();
  ASSERT_EQ(lines.size(), 6u);
  for (const json& line : lines) {
    EXPECT_EQ(line.at("time").get<std::string>().size(), 24u);
    EXPECT_EQ(line.at("number"), &line - lines.data() + 1);
  }
  const json& done = lines[0];
  EXPECT_EQ(done.at("service"), "client");
  EXPECT_EQ(done.at("who"), "user ann");
  EXPECT_EQ(done.at("from"), "unix:4711");
  EXPECT_EQ(done.at("what"), "killApplication");
  EXPECT_EQ(done.at("object"), "application_1_0001");
  EXPECT_EQ(done.at("result"), "done");
  EXPECT_FALSE(done.contains("code"));
  EXPECT_EQ(lines[1].at("result"), "refused");
  EXPECT_EQ(lines[1].at("code"), "PERMISSION_DENIED");
  EXPECT_EQ(lines[1].at("reason"), "user ann may not");
  EXPECT_EQ(lines[2].at("result"), "failed");
  EXPECT_EQ(lines[2].at("code"), "NOT_FOUND");
  EXPECT_EQ(lines[3].at("result"), "unknown");
  EXPECT_EQ(lines[4].at("what"), "hello");
  EXPECT_EQ(lines[4].at("who"), "nobody known");
  EXPECT_FALSE(lines[4].contains("object"));
  EXPECT_EQ(lines[5].at("what"), "request");
  struct stat info {};
  ASSERT_EQ(::stat(file().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
}

TEST_F(AuditLogTest, KeepsALineALineWhateverANameHolds) {
  {
    const auto log = *AuditLog::Open(Options());
    log->Add("client", Kill("a\nb\"}\xff\x01" + std::string(100'000, 'x')));
    log->Add("client", Kill("", Denied(std::string(100'000, '\n'))));
  }
  EXPECT_EQ(Lines().size(), 2u);
  EXPECT_LT(ReadWholeFile(file()).size(), 8000u);
}

TEST_F(AuditLogTest, GoesOnInTheFileOfTheRunBefore) {
  for (int run = 0; run < 3; ++run) {
    const auto log = *AuditLog::Open(Options());
    log->Add("client", Kill("application_1_000" + std::to_string(run)));
  }
  EXPECT_EQ(Lines().size(), 3u);
}

TEST_F(AuditLogTest, KeepsSoManyFilesOfSuchASize) {
  AuditOptions options = Options();
  options.max_bytes = 4096;
  options.kept_files = 2;
  for (int run = 0; run < 100; ++run) {  // each ends its queue, so that files fill line by line
    const auto log = *AuditLog::Open(options);
    log->Add("client", Kill(std::to_string(run)));
  }
  std::vector<std::string> objects;
  for (const char* suffix : {".2", ".1", ""}) {
    const std::string text = ReadWholeFile(file() + suffix);
    EXPECT_LE(text.size(), 4096u);
    EXPECT_GT(text.size(), 0u);
    for (const json& line : Lines(suffix)) objects.push_back(line.at("object"));
  }
  EXPECT_EQ(FileSystem::Real().List(directory_.path())->size(), 3u);
  // The newest ones, without a gap.
  EXPECT_EQ(objects.back(), "99");
  for (size_t i = 1; i < objects.size(); ++i) {
    EXPECT_EQ(std::stoi(objects[i]), std::stoi(objects[i - 1]) + 1);
  }
}

TEST_F(AuditLogTest, CountsTheRefusalsOfAFloodAndKeepsTheChanges) {
  AuditOptions options = Options();
  options.refusals_per_second = 5;
  constexpr int kFlood = 1000;
  {
    const auto log = *AuditLog::Open(options);
    for (int i = 0; i < kFlood; ++i) log->Add("client", Kill("x", Denied()));
    log->Add("client", Kill("application_1_0001"));
  }
  int refused = 0;
  int done = 0;
  int64_t lost = 0;
  for (const json& line : Lines()) {
    if (line.contains("lost")) {
      lost += line.at("lost").get<int64_t>();
    } else {
      ++(line.at("result") == "done" ? done : refused);
    }
  }
  EXPECT_EQ(done, 1);
  EXPECT_GE(refused, 5);
  EXPECT_EQ(refused + lost, kFlood);
  EXPECT_GT(lost, 0);
}

TEST_F(AuditLogTest, LosesWhatADiskDoesNotTakeAndSaysSo) {
  testing::FaultyFileSystem files(FileSystem::Real());
  {
    const auto log = *AuditLog::Open(Options(), files);
    files.FailPaths("audit.jsonl", testing::DiskFull());
    log->Add("client", Kill("lost"));
    ASSERT_TRUE(WaitUntil(
        [&] {
          const auto calls = files.log();
          return std::any_of(calls.begin(), calls.end(), [](const std::string& call) {
            return call.starts_with("Append ");
          });
        },
        "it was tried"));
    files.Heal();
    log->Add("client", Kill("kept"));
  }
  const std::vector<json> lines = Lines();
  ASSERT_EQ(lines.size(), 2u) << ReadWholeFile(file());
  EXPECT_EQ(lines[0].at("object"), "kept");
  EXPECT_EQ(lines[1].at("lost"), 1);
}

// A disk that hangs until it is let go.
class Disk {
 public:
  void LetGo() {
    MutexLock lock(mutex_);
    hangs_ = false;
    changed_.NotifyAll();
  }
  void Await() {
    MutexLock lock(mutex_);
    while (hangs_) changed_.Wait(mutex_);
  }

 private:
  Mutex mutex_;
  ConditionVariable changed_;
  bool hangs_ WEIR_GUARDED_BY(mutex_) = true;
};

class SlowFile final : public WritableFile {
 public:
  SlowFile(Disk& disk, std::unique_ptr<WritableFile> file) : disk_(disk), file_(std::move(file)) {}
  Status Append(std::string_view bytes) override {
    disk_.Await();
    return file_->Append(bytes);
  }
  Status Sync() override { return file_->Sync(); }
  Status Close() override { return file_->Close(); }

 private:
  Disk& disk_;
  const std::unique_ptr<WritableFile> file_;
};

class SlowFiles final : public testing::FaultyFileSystem {
 public:
  explicit SlowFiles(Disk& disk) : FaultyFileSystem(FileSystem::Real()), disk_(disk) {}
  Result<std::unique_ptr<WritableFile>> OpenForAppending(const std::string& path,
                                                         int mode) override {
    WEIR_ASSIGN_OR_RETURN(auto file, FaultyFileSystem::OpenForAppending(path, mode));
    return std::unique_ptr<WritableFile>(std::make_unique<SlowFile>(disk_, std::move(file)));
  }

 private:
  Disk& disk_;
};

TEST_F(AuditLogTest, NeverWaitsForTheDisk) {
  constexpr int kLines = 10'000;
  AuditOptions options = Options();
  options.queue = 10;
  Disk disk;
  SlowFiles files(disk);
  {
    const auto log = *AuditLog::Open(options, files);
    for (int i = 0; i < kLines; ++i) log->Add("client", Kill("x"));
    disk.LetGo();
  }
  int64_t lost = 0;
  int64_t told = 0;
  for (const json& line : Lines()) {
    const int64_t missing = line.value("lost", int64_t{0});
    lost += missing;
    told += missing > 0 ? missing : 1;
  }
  EXPECT_EQ(told, kLines) << "each is there, or among the lost";
  EXPECT_GT(lost, 0);
}

TEST_F(AuditLogTest, TakesLinesFromManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kLines = 500;
  {
    const auto log = *AuditLog::Open(Options());
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&log] {
        for (int line = 0; line < kLines; ++line) log->Add("client", Kill("x"));
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  const std::vector<json> lines = Lines();
  ASSERT_EQ(lines.size(), static_cast<size_t>(kThreads * kLines));
  for (size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(lines[i].at("number"), i + 1);
}

TEST_F(AuditLogTest, SaysWhyItCannotBegin) {
  AuditOptions options = Options();
  options.file = directory_ / "missing/audit.jsonl";
  const auto log = AuditLog::Open(options);
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(log.error().remedy.empty());
}

TEST_F(AuditLogTest, DoesNotFollowALinkInPlaceOfItsFile) {
  testing::WriteWholeFile(directory_ / "elsewhere", "");
  ASSERT_TRUE(FileSystem::Real().MakeSymbolicLink(directory_ / "elsewhere", file()).ok());
  const auto log = AuditLog::Open(Options());
  ASSERT_FALSE(log.ok());
  EXPECT_FALSE(log.error().remedy.empty());
  EXPECT_EQ(ReadWholeFile(directory_ / "elsewhere"), "");
}

}  // namespace
}  // namespace weir::platform
