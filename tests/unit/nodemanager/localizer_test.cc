#include "nodemanager/executor/localizer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "executor_fixture.h"
#include "nodemanager/executor/cache_sweep.h"
#include "platform/crypto.h"
#include "platform/event_loop.h"
#include "platform/http_server.h"
#include "tests/support/faulty_file_system.h"

namespace weir::nm {
namespace {

using ::testing::HasSubstr;

class LocalizerTest : public ::testing::Test {
 protected:
  LocalizerTest() {
    for (const char* name : {"/source", "/cache", "/container"}) {
      EXPECT_TRUE(files_.MakeDirectories(temporary_.path() + name, 0755).ok());
    }
  }
  std::string Path(const std::string& name) const { return temporary_.path() + "/" + name; }
  LocalResource Source(const std::string& name, const std::string& content) {
    const std::string path = Path("source/" + name);
    EXPECT_TRUE(platform::WriteFileAtomically(files_, path, content, 0644).ok());
    LocalResource resource;
    resource.uri = "file:" + path;
    resource.size = static_cast<int64_t>(content.size());
    resource.sha256 = platform::Sha256Hex(content);
    resource.mtime_ms = files_.Stat(path)->mtime_ms;
    return resource;
  }
  Status Fetch(Localizer& localizer, const LocalResource& resource, const std::string& target) {
    return localizer.Fetch({.resource = resource,
                            .staging = staging_,
                            .target = Path("container/" + target),
                            .cache_directory = Path("cache"),
                            .name = target,
                            .called_off = called_off_});
  }
  std::string Read(const std::string& target) {
    const auto text = files_.ReadFile(Path("container/" + target), 1 << 20);
    return text.ok() ? *text : text.error().ToString();
  }
  ino_t Inode(const std::string& target) {
    struct stat info {};
    EXPECT_EQ(::stat(Path("container/" + target).c_str(), &info), 0);
    return info.st_ino;
  }
  // Nothing half-made may be left, in the cache or in the container.
  void ExpectEmpty(const std::string& directory) {
    EXPECT_THAT(*files_.List(Path(directory)), ::testing::IsEmpty()) << directory;
  }

  TemporaryDirectory temporary_;
  platform::FileSystem& files_ = platform::FileSystem::Real();
  StagingAccess staging_;
  std::atomic<bool> called_off_ = false;
};

TEST_F(LocalizerTest, AFileIsFetchedOnceAndLinked) {
  Localizer localizer(files_);
  const LocalResource resource = Source("a", "content");
  ASSERT_TRUE(Fetch(localizer, resource, "one").ok());
  ASSERT_TRUE(Fetch(localizer, resource, "two").ok());
  EXPECT_EQ(Read("one"), "content");
  EXPECT_EQ(Inode("one"), Inode("two"));
  EXPECT_THAT(*files_.List(Path("cache")), ::testing::ElementsAre(resource.sha256));
}

TEST_F(LocalizerTest, WithoutAHashItIsAPlainCopy) {
  Localizer localizer(files_);
  LocalResource resource = Source("a", "content");
  resource.sha256 = "";
  ASSERT_TRUE(Fetch(localizer, resource, "one").ok());
  EXPECT_EQ(Read("one"), "content");
  ExpectEmpty("cache");
}

struct Spoiled {
  const char* name;
  void (*spoil)(LocalResource&);
  ErrorCode code;
  const char* says;
};
class SpoiledResource : public LocalizerTest, public ::testing::WithParamInterface<Spoiled> {};

TEST_P(SpoiledResource, IsRefusedWithTheUriAndBothValuesAndLeavesNothing) {
  Localizer localizer(files_);
  LocalResource resource = Source("a", "content");
  GetParam().spoil(resource);
  const Status status = Fetch(localizer, resource, "one");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, GetParam().code) << status.error().ToString();
  EXPECT_THAT(status.error().message, HasSubstr(resource.uri));
  EXPECT_THAT(status.error().message, HasSubstr(GetParam().says));
  ExpectEmpty("container");
  ExpectEmpty("cache");
}

INSTANTIATE_TEST_SUITE_P(Localizer,
                         SpoiledResource,
                         ::testing::Values(Spoiled{"Shorter",
                                                   [](LocalResource& r) { r.size = 9; },
                                                   ErrorCode::kCorruption,
                                                   "expected 9 bytes, there are 7"},
                                           Spoiled{"Longer",
                                                   [](LocalResource& r) { r.size = 3; },
                                                   ErrorCode::kCorruption,
                                                   "expected 3 bytes, there are more"},
                                           Spoiled{"OtherHash",
                                                   [](LocalResource& r) {
                                                     r.sha256 = std::string(64, 'a');
                                                   },
                                                   ErrorCode::kCorruption,
                                                   "expected SHA-256 aaaa"},
                                           Spoiled{"ChangedSince",
                                                   [](LocalResource& r) { r.mtime_ms -= 1000; },
                                                   ErrorCode::kCorruption,
                                                   "it was changed at"},
                                           Spoiled{"Gone",
                                                   [](LocalResource& r) { r.uri += "x"; },
                                                   ErrorCode::kNotFound,
                                                   "No such file"}),
                         [](const auto& param) { return param.param.name; });

TEST_F(LocalizerTest, AFullDiskAtAnyCallIsCalledByItsNameLeavesNothingAndHeals) {
  const LocalResource resource = Source("a", std::string(5000, 'x'));
  weir::testing::FaultyFileSystem disk(files_);
  Localizer localizer(disk);
  ASSERT_TRUE(Fetch(localizer, resource, "counted").ok());
  const int64_t calls = disk.calls();
  ASSERT_GT(calls, 5);
  for (int64_t n = 1; n <= calls; ++n) {
    ASSERT_TRUE(files_.Remove(Path("cache/" + resource.sha256)).ok());
    const std::string target = "try" + std::to_string(n);
    disk.FailCall(n, weir::testing::DiskFull());
    const Status status = Fetch(localizer, resource, target);
    disk.Heal();
    if (!status.ok()) {
      EXPECT_EQ(status.error().code, ErrorCode::kResourceExhausted) << n;
      EXPECT_THAT(status.error().message, HasSubstr("disk full")) << n;
      EXPECT_THAT(status.error().message, HasSubstr(resource.uri)) << n;
      EXPECT_FALSE(files_.Stat(Path("container/" + target)).ok()) << n;
    }
    EXPECT_TRUE(Fetch(localizer, resource, target + "again").ok()) << n;
    EXPECT_EQ(Read(target + "again"), std::string(5000, 'x'));
  }
}

TEST_F(LocalizerTest, ASweptCacheKeepsTheNewestAndHurtsNoContainer) {
  Localizer localizer(files_);
  std::vector<LocalResource> resources;
  for (const char* name : {"a", "b", "c"}) {
    resources.push_back(Source(name, std::string(100, *name)));
    ASSERT_TRUE(Fetch(localizer, resources.back(), name).ok());
    const std::string cached = Path("cache/" + resources.back().sha256);
    const timespec age[2] = {{1000 + *name, 0}, {1000 + *name, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, cached.c_str(), age, 0), 0);
  }
  EXPECT_EQ(SweepCache(files_, Path("cache"), 300), 0u);
  EXPECT_EQ(SweepCache(files_, Path("cache"), 199), 2u);
  EXPECT_THAT(*files_.List(Path("cache")), ::testing::ElementsAre(resources[2].sha256));
  EXPECT_EQ(Read("a"), std::string(100, 'a'));
  ASSERT_TRUE(Fetch(localizer, resources[0], "again").ok());
  EXPECT_EQ(Read("again"), std::string(100, 'a'));
}

TEST_F(LocalizerTest, WhatIsCalledOffIsNotFetched) {
  Localizer localizer(files_);
  called_off_ = true;
  const Status status = Fetch(localizer, Source("a", "content"), "one");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kAborted);
  ExpectEmpty("container");
}

// A staging server that wants the token and counts the requests.
class StagedTest : public LocalizerTest {
 protected:
  StagedTest()
      : server_(loop_, {.address = {"127.0.0.1", 0}, .host_names = {}, .upload_directory = ""}) {
    loop_.Start();
    server_.Route("GET", "/staging/{}", [this](platform::HttpRequest request, auto reply) {
      ++requests_;
      platform::HttpResponse response;
      response.content_type = "application/octet-stream";
      if (request.headers["x-weir-token"] != "token") {
        response.status = 403;
      } else if (failures_ > 0) {
        --failures_;
        response.status = 503;
      } else if (request.captures[0] != platform::Sha256Hex(content_)) {
        response.status = 404;
      } else {
        response.body = content_;
      }
      reply(std::move(response));
    });
    const auto address = server_.Listen();
    EXPECT_TRUE(address.ok());
    staging_ = {*address, "token"};
  }
  ~StagedTest() override {
    server_.Close();
    loop_.Stop();
  }
  LocalResource Staged() const {
    LocalResource resource;
    resource.sha256 = platform::Sha256Hex(content_);
    resource.uri = "staging:" + resource.sha256;
    resource.size = static_cast<int64_t>(content_.size());
    return resource;
  }

  platform::EventLoop loop_{"test-http"};
  platform::HttpServer server_;
  const std::string content_ = std::string(300'000, 's');
  std::atomic<int> requests_ = 0;
  std::atomic<int> failures_ = 0;
};

TEST_F(StagedTest, ManyContainersFetchOneFileOnce) {
  Localizer localizer(files_);
  std::vector<std::thread> containers;
  std::atomic<int> fetched = 0;
  for (int i = 0; i < 8; ++i) {
    containers.emplace_back([&, i] {
      if (Fetch(localizer, Staged(), "c" + std::to_string(i)).ok()) ++fetched;
    });
  }
  for (std::thread& one : containers) one.join();
  EXPECT_EQ(fetched, 8);
  EXPECT_EQ(requests_, 1);
  EXPECT_EQ(Read("c7"), content_);
}

TEST_F(StagedTest, AServerThatIsBusyForAMomentIsAskedAgain) {
  Localizer localizer(files_);
  failures_ = 2;
  const Status status = Fetch(localizer, Staged(), "one");
  EXPECT_TRUE(status.ok()) << status.error().ToString();
  EXPECT_EQ(requests_, 3);
}

TEST_F(StagedTest, ARefusedTokenIsAVisibleError) {
  Localizer localizer(files_);
  staging_.token_text = "another";
  const Status status = Fetch(localizer, Staged(), "one");
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, HasSubstr("403"));
  EXPECT_THAT(status.error().message, HasSubstr(Staged().uri));
}

}  // namespace
}  // namespace weir::nm
