// A cache and containers' directories in a temporary directory, and what a test fetches into them.
#ifndef WEIR_TESTS_UNIT_NODEMANAGER_LOCALIZER_FIXTURE_H_
#define WEIR_TESTS_UNIT_NODEMANAGER_LOCALIZER_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "executor_fixture.h"
#include "nodemanager/executor/localizer.h"
#include "platform/crypto.h"

namespace weir::nm {

// A container's directory and a cache, with what a test fetches from a directory beside.
class LocalizerTest : public ::testing::Test {
 protected:
  explicit LocalizerTest(int64_t target = 1 << 30) : target_(target) {
    EXPECT_TRUE(files_.MakeDirectories(Path("source"), 0755).ok());
    EXPECT_TRUE(directories_.PrepareNode(files_).ok());
    Restart();
  }
  ~LocalizerTest() override { Stop(); }

  // A cache as after a start of the NodeManager.
  void Restart() { Restart(files_); }
  void Restart(platform::FileSystem& files) {
    Stop();
    cache_ = std::make_unique<ResourceCache>(
        ResourceCacheOptions{.target_bytes = target_, .patience = patience_}, files, directories_);
    localizer_ =
        std::make_unique<Localizer>(files, *cache_, [](const ContainerId&, auto job) { job(); });
    cache_->Recover();
  }
  void Stop() {
    if (cache_) cache_->Stop();
    localizer_.reset();
    cache_.reset();
  }

  static ContainerId IdOf(int64_t number) {
    return ContainerId::Make({{1'700'000'000'000, 7}, 1}, Epoch{1}, number);
  }
  std::string Path(const std::string& name) const { return temporary_.path() + "/" + name; }
  std::string Work(int64_t number) const { return directories_.Work("ann", IdOf(number)); }
  std::string CachePath(
      LocalResourceVisibility visibility = LocalResourceVisibility::kApplication) {
    return directories_.Cache(visibility, "ann", IdOf(1));
  }
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

  // Tells how the localization ended; the test awaits it.
  using Outcome = std::shared_ptr<std::promise<Status>>;
  std::future<Status> Begin(int64_t number, std::map<std::string, LocalResource> resources) {
    EXPECT_TRUE(directories_.Prepare(files_, "ann", IdOf(number)).ok());
    auto outcome = std::make_shared<std::promise<Status>>();
    localizer_->Start({.container = IdOf(number),
                       .resources = std::move(resources),
                       .access = {staging_, "ann"},
                       .directory = Work(number),
                       .notes = directories_.Notes(IdOf(number))},
                      [outcome](Status status) { outcome->set_value(std::move(status)); });
    return outcome->get_future();
  }
  Status Fetch(int64_t number, const LocalResource& resource) {
    return Begin(number, {{"one", resource}}).get();
  }
  void End(int64_t number) {
    EXPECT_TRUE(directories_.RemoveWork(files_, IdOf(number)).ok());
    cache_->Release(IdOf(number));
  }
  std::string Read(int64_t number, const std::string& name = "one") {
    const auto text = files_.ReadFile(Work(number) + "/" + name, 1 << 20);
    return text.ok() ? *text : text.error().ToString();
  }
  ino_t Inode(int64_t number) {
    struct stat info {};
    EXPECT_EQ(::stat((Work(number) + "/one").c_str(), &info), 0);
    return info.st_ino;
  }
  std::vector<std::string> Cached(
      LocalResourceVisibility visibility = LocalResourceVisibility::kApplication) {
    const auto names = files_.List(CachePath(visibility));
    return names.ok() ? *names : std::vector<std::string>();
  }
  // Nothing half-made may be left, in the cache or in the container.
  void ExpectNothingLeft(int64_t number) {
    EXPECT_THAT(*files_.List(Work(number)), ::testing::IsEmpty());
    EXPECT_THAT(Cached(), ::testing::IsEmpty());
  }

  const int64_t target_;
  TemporaryDirectory temporary_;
  platform::FileSystem& files_ = platform::FileSystem::Real();
  const ContainerDirectories directories_{
      {temporary_.path() + "/local"}, {temporary_.path() + "/log"}, temporary_.path() + "/notes"};
  StagingAccess staging_;
  SourcePatience patience_{.staging = milliseconds(500)};  // of the next Restart
  std::unique_ptr<ResourceCache> cache_;
  std::unique_ptr<Localizer> localizer_;
};

}  // namespace weir::nm

#endif  // WEIR_TESTS_UNIT_NODEMANAGER_LOCALIZER_FIXTURE_H_
