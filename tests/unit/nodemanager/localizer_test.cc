#include "nodemanager/executor/localizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <future>
#include <memory>

#include "archive_writer.h"
#include "localizer_fixture.h"
#include "platform/clock.h"
#include "platform/crypto.h"
#include "platform/event_loop.h"
#include "platform/http_server.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/open_door.h"
#include "tests/support/raw_connection.h"

namespace weir::nm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST_F(LocalizerTest, AFileIsFetchedOnceAndLinked) {
  const LocalResource resource = Source("a", "content");
  ASSERT_TRUE(Fetch(1, resource).ok());
  ASSERT_TRUE(Fetch(2, resource).ok());
  EXPECT_EQ(Read(1), "content");
  EXPECT_EQ(Inode(1), Inode(2));
  EXPECT_THAT(Cached(), ElementsAre(resource.sha256));
  EXPECT_EQ(cache_->numbers().downloads, 1);
  EXPECT_EQ(cache_->numbers().hits, 1);
}

TEST_F(LocalizerTest, WithoutAHashAddressSizeAndTimeTellTheContent) {
  LocalResource resource = Source("a", "content");
  resource.sha256 = "";
  ASSERT_TRUE(Fetch(1, resource).ok());
  ASSERT_TRUE(Fetch(2, resource).ok());
  EXPECT_EQ(Inode(1), Inode(2));
  EXPECT_EQ(cache_->numbers().downloads, 1);
}

TEST_F(LocalizerTest, WhatNothingIdentifiesIsFetchedForOneContainerAndGoesWithIt) {
  LocalResource resource = Source("a", "content");
  resource.sha256 = "";
  resource.mtime_ms = 0;
  ASSERT_TRUE(Fetch(1, resource).ok());
  ASSERT_TRUE(Fetch(2, resource).ok());
  EXPECT_EQ(Read(2), "content");
  EXPECT_NE(Inode(1), Inode(2));
  EXPECT_EQ(Cached().size(), 2u);
  End(1);
  End(2);
  EXPECT_THAT(Cached(), IsEmpty());
}

TEST_F(LocalizerTest, EachVisibilityHasItsPlace) {
  LocalResource resource = Source("a", "content");
  for (const auto visibility : {LocalResourceVisibility::kPublic,
                                LocalResourceVisibility::kPrivate,
                                LocalResourceVisibility::kApplication}) {
    resource.visibility = visibility;
    const auto number = static_cast<int64_t>(visibility);
    ASSERT_TRUE(Fetch(number, resource).ok());
    EXPECT_THAT(Cached(visibility), ElementsAre(resource.sha256));
  }
  EXPECT_EQ(cache_->numbers().downloads, 3);
  for (int64_t number = 1; number <= 3; ++number) End(number);
  cache_->Forget(directories_.local()[0], IdOf(1).attempt.application);
  EXPECT_THAT(Cached(LocalResourceVisibility::kApplication), IsEmpty());
  EXPECT_EQ(Cached(LocalResourceVisibility::kPublic).size(), 1u);
  EXPECT_EQ(Cached(LocalResourceVisibility::kPrivate).size(), 1u);
}

TEST_F(LocalizerTest, APublicFileIsOneThatEverybodyMayRead) {
  LocalResource resource = Source("a", "content");
  resource.visibility = LocalResourceVisibility::kPublic;
  ASSERT_TRUE(files_.SetMode(Path("source/a"), 0640).ok());
  const Status status = Fetch(1, resource);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kPermissionDenied);
  EXPECT_THAT(status.error().message, HasSubstr("PUBLIC"));
}

struct Spoiled {
  const char* name;
  void (*spoil)(LocalResource&);
  ErrorCode code;
  const char* says;
};
class SpoiledResource : public LocalizerTest, public ::testing::WithParamInterface<Spoiled> {};

TEST_P(SpoiledResource, IsRefusedWithTheUriAndBothValuesAndLeavesNothing) {
  LocalResource resource = Source("a", "content");
  GetParam().spoil(resource);
  const Status status = Fetch(1, resource);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, GetParam().code) << status.error().ToString();
  EXPECT_THAT(status.error().message, HasSubstr(resource.uri));
  EXPECT_THAT(status.error().message, HasSubstr(GetParam().says));
  ExpectNothingLeft(1);
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

// ENOSPC and EIO at every call of a localization: the cause is said, nothing is left, and the next
// one is well.
class BrokenDisk : public LocalizerTest, public ::testing::WithParamInterface<ErrorCode> {};

TEST_P(BrokenDisk, AtAnyCallIsToldLeavesNothingAndHeals) {
  const LocalResource resource = Source("a", std::string(5000, 'x'));
  weir::testing::FaultyFileSystem disk(files_);
  Restart(disk);
  const int64_t before = disk.calls();
  ASSERT_TRUE(Fetch(1, resource).ok());
  const int64_t calls = disk.calls() - before;
  ASSERT_GT(calls, 5);
  End(1);
  for (int64_t n = 1; n <= calls; ++n) {
    cache_->Forget(directories_.local()[0], IdOf(1).attempt.application);
    ASSERT_THAT(Cached(), IsEmpty());
    disk.FailCall(n, {GetParam(), "injected", ""});
    const Status status = Fetch(2 * n, resource);
    disk.Heal();
    if (!status.ok()) {
      const bool full = GetParam() == ErrorCode::kResourceExhausted;
      EXPECT_EQ(status.error().code, full ? GetParam() : ErrorCode::kInternal)
          << n << status.error().ToString();
      const bool of_notes = status.error().message.find("/notes/") != std::string::npos;
      if (!of_notes) {
        EXPECT_THAT(status.error().message, HasSubstr(resource.uri)) << n;
      }
      if (!of_notes && GetParam() == ErrorCode::kResourceExhausted) {
        EXPECT_THAT(status.error().message, HasSubstr("disk full")) << n;
      }
      EXPECT_FALSE(files_.Stat(Work(2 * n) + "/one").ok()) << n;
    }
    EXPECT_TRUE(Fetch(2 * n + 1, resource).ok()) << n;
    EXPECT_EQ(Read(2 * n + 1), std::string(5000, 'x'));
    EXPECT_THAT(Cached(), ElementsAre(resource.sha256)) << n;
    End(2 * n);
    End(2 * n + 1);
  }
  Stop();
}
INSTANTIATE_TEST_SUITE_P(Localizer,
                         BrokenDisk,
                         ::testing::Values(ErrorCode::kResourceExhausted, ErrorCode::kUnavailable),
                         [](const auto& param) {
                           return param.param == ErrorCode::kUnavailable ? "EIO" : "ENOSPC";
                         });

TEST_F(LocalizerTest, AFileThatWentFromTheCacheIsFetchedAgain) {
  const LocalResource resource = Source("a", "content");
  ASSERT_TRUE(Fetch(1, resource).ok());
  ASSERT_TRUE(files_.Remove(CachePath() + "/" + resource.sha256).ok());
  ASSERT_TRUE(Fetch(2, resource).ok());
  EXPECT_EQ(Read(2), "content");
  EXPECT_EQ(cache_->numbers().downloads, 2);
}

TEST_F(LocalizerTest, AFalseSizeDoesNotCostOthersTheirFile) {
  LocalResource resource = Source("a", "content");
  ASSERT_TRUE(Fetch(1, resource).ok());
  resource.size = 9;
  const Status status = Fetch(2, resource);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kCorruption);
  EXPECT_THAT(status.error().message, HasSubstr("expected 9 bytes, there are 7"));
  EXPECT_THAT(status.error().message, HasSubstr(resource.uri));
  EXPECT_EQ(cache_->numbers().downloads, 1);
}

// The archive named in the path, as a resource.
class LocalizerArchiveTest : public LocalizerTest {
 protected:
  LocalResource Packed(const std::vector<PackedEntry>& entries) {
    Pack(Path("source/packed"), Packing::kTarGz, entries);
    LocalResource resource = Source("x", "");
    resource.uri = "file:" + Path("source/packed");
    const auto bytes = files_.ReadFile(Path("source/packed"), 1 << 20);
    resource.size = static_cast<int64_t>(bytes->size());
    resource.sha256 = platform::Sha256Hex(*bytes);
    resource.mtime_ms = files_.Stat(Path("source/packed"))->mtime_ms;
    resource.type = LocalResourceType::kArchive;
    return resource;
  }
};

TEST_F(LocalizerArchiveTest, IsUnpackedOnceAndSharedAndTakenUpAfterARestart) {
  const LocalResource resource = Packed({{"d/a", AE_IFREG, "text"}});
  ASSERT_TRUE(Fetch(1, resource).ok());
  ASSERT_TRUE(Fetch(2, resource).ok());
  EXPECT_EQ(Read(1, "one/d/a"), "text");
  EXPECT_EQ(Read(2, "one/d/a"), "text");
  EXPECT_EQ(cache_->numbers().downloads, 1);
  EXPECT_THAT(Cached(), ElementsAre(resource.sha256 + ".tree"));
  Restart();
  ASSERT_TRUE(Fetch(3, resource).ok());
  EXPECT_EQ(Read(3, "one/d/a"), "text");
  EXPECT_EQ(cache_->numbers().downloads, 0);
}

TEST_F(LocalizerArchiveTest, ATreeThatIsNotWholeIsFetchedAnewAfterARestart) {
  const LocalResource resource = Packed({{"d/a", AE_IFREG, "text"}, {"b", AE_IFREG, "more"}});
  ASSERT_TRUE(Fetch(1, resource).ok());
  const std::string content = CachePath() + "/" + resource.sha256 + ".tree/content";
  ASSERT_TRUE(files_.SetMode(content, 0755).ok());
  ASSERT_TRUE(files_.Remove(content + "/b").ok());
  Restart();
  ASSERT_TRUE(Fetch(2, resource).ok());
  EXPECT_EQ(Read(2, "one/b"), "more");
  EXPECT_EQ(cache_->numbers().downloads, 1);
}

TEST_F(LocalizerArchiveTest, AHostileOneIsRefusedWithItsEntryAndLeavesNothing) {
  const LocalResource resource = Packed({{"fine", AE_IFREG, "x"}, {"../../x", AE_IFREG, "x"}});
  const Status status = Fetch(1, resource);
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, HasSubstr(resource.uri));
  EXPECT_THAT(status.error().message, HasSubstr("'../../x' breaks the rule 'dotdot'"));
  ExpectNothingLeft(1);
}

// A target of 250 bytes, and files of 100.
class SmallCacheTest : public LocalizerTest {
 protected:
  SmallCacheTest() : LocalizerTest(250) {}
};

TEST_F(SmallCacheTest, TheLeastRecentlyUsedGoesAndNothingThatIsUsed) {
  std::vector<LocalResource> resources;
  for (const char* name : {"a", "b", "c", "d"}) {
    resources.push_back(Source(name, std::string(100, *name)));
  }
  for (int64_t i = 0; i < 3; ++i) ASSERT_TRUE(Fetch(i + 1, resources[static_cast<size_t>(i)]).ok());
  // Over the target, but all three are in use.
  EXPECT_EQ(Cached().size(), 3u);
  End(2);
  EXPECT_THAT(Cached(), UnorderedElementsAre(resources[0].sha256, resources[2].sha256));
  End(1);
  End(3);
  // Used again: c is now the one that goes.
  ASSERT_TRUE(Fetch(4, resources[0]).ok());
  End(4);
  ASSERT_TRUE(Fetch(5, resources[3]).ok());
  EXPECT_THAT(Cached(), UnorderedElementsAre(resources[0].sha256, resources[3].sha256));
  EXPECT_EQ(cache_->numbers().evictions, 2);
  EXPECT_EQ(cache_->numbers().held_bytes, 200);
}

TEST_F(SmallCacheTest, ARestartTakesUpWhatIsCompleteKeepsReferencesAndClearsTheRest) {
  const LocalResource used = Source("a", std::string(100, 'a'));
  const LocalResource idle = Source("b", std::string(100, 'b'));
  const LocalResource cut = Source("c", std::string(100, 'c'));
  ASSERT_TRUE(Fetch(1, used).ok());
  ASSERT_TRUE(Fetch(2, idle).ok());
  ASSERT_TRUE(directories_.RemoveWork(files_, IdOf(2)).ok());
  ASSERT_TRUE(directories_.RemoveNotes(files_, IdOf(2)).ok());
  Stop();
  const std::string directory = CachePath() + "/";
  ASSERT_TRUE(platform::WriteFileAtomically(files_, directory + cut.sha256, "short", 0555).ok());
  for (const char* name : {"0123.7.new", "stranger"}) {
    ASSERT_TRUE(platform::WriteFileAtomically(files_, directory + name, "x", 0555).ok());
  }
  Restart();
  EXPECT_THAT(Cached(), UnorderedElementsAre(used.sha256, idle.sha256, cut.sha256));
  // What was cut short is not taken for the file; room for it is made of what nobody uses.
  ASSERT_TRUE(Fetch(3, cut).ok());
  EXPECT_EQ(Read(3), std::string(100, 'c'));
  EXPECT_THAT(Cached(), UnorderedElementsAre(used.sha256, cut.sha256));
  ASSERT_TRUE(Fetch(4, used).ok());
  EXPECT_EQ(cache_->numbers().downloads, 1);
}

TEST_F(LocalizerTest, RoomIsLookedForBeforeAByteIsFetched) {
  // Sparse: it takes no room where it is.
  LocalResource resource = Source("a", "content");
  resource.sha256 = "";
  resource.size = int64_t{1} << 60;
  const Status status = Fetch(1, resource);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(status.error().message, HasSubstr("disk full"));
  EXPECT_THAT(status.error().message, HasSubstr("lacks"));
  ExpectNothingLeft(1);
}

// A staging server that wants the token and counts the requests.
class StagedTest : public LocalizerTest {
 protected:
  StagedTest()
      : server_(loop_,
                {.address = {"127.0.0.1", 0},
                 .host_names = {},
                 .upload_directory = "",
                 .door = testing::MakeOpenDoor()}) {
    loop_.Start();
    server_.Route("GET", "/staging/{}", [this](platform::HttpRequest request, auto reply) {
      ++requests_;
      platform::HttpResponse response;
      response.content_type = "application/octet-stream";
      if (hold_.exchange(false)) {
        held_.set_value();
        go_.get_future().wait();
      }
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
    Stop();
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
  // The next request is held until the test lets it go.
  void AwaitHeld() { held_.get_future().wait(); }
  void LetGo() { go_.set_value(); }

  std::atomic<bool> hold_ = false;
  std::promise<void> held_;
  std::promise<void> go_;
  std::atomic<int> requests_ = 0;
  std::atomic<int> failures_ = 0;
};

TEST_F(StagedTest, ManyContainersFetchOneFileOnce) {
  std::vector<std::future<Status>> outcomes;
  for (int i = 1; i <= 100; ++i) outcomes.push_back(Begin(i, {{"one", Staged()}}));
  for (auto& outcome : outcomes) EXPECT_TRUE(outcome.get().ok());
  EXPECT_EQ(requests_, 1);
  EXPECT_EQ(Read(100), content_);
}

TEST_F(StagedTest, AServerThatIsBusyForAMomentIsAskedAgain) {
  failures_ = 2;
  const Status status = Fetch(1, Staged());
  EXPECT_TRUE(status.ok()) << status.error().ToString();
  EXPECT_EQ(requests_, 3);
}

TEST_F(StagedTest, ARefusedTokenIsAVisibleError) {
  staging_.token_text = "another";
  const Status status = Fetch(1, Staged());
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kPermissionDenied);
  EXPECT_THAT(status.error().message, HasSubstr("403"));
  EXPECT_THAT(status.error().message, HasSubstr(Staged().uri));
}

TEST_F(StagedTest, WithoutAResourceManagerItFailsInTimeWithAddressAndCause) {
  staging_.server = {"127.0.0.1", 1};
  const Status status = Fetch(1, Staged());
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(status.error().message, HasSubstr(Staged().uri));
  EXPECT_THAT(status.error().message, HasSubstr(staging_.server.ToString()));
  ExpectNothingLeft(1);
}

TEST_F(StagedTest, WhileTheResourceManagerIsGoneACallOffIsHeardAtOnce) {
  staging_.server = {"127.0.0.1", 1};
  auto waiting = Begin(1, {{"one", Staged()}});
  localizer_->CallOff(IdOf(1));
  EXPECT_EQ(waiting.get().error().code, ErrorCode::kAborted);
}

TEST_F(StagedTest, WhoWaitsTakesOverWhenTheFirstOnesTokenIsRefused) {
  hold_ = true;
  staging_.token_text = "another";
  auto first = Begin(1, {{"one", Staged()}});
  AwaitHeld();
  staging_.token_text = "token";
  auto second = Begin(2, {{"one", Staged()}});
  LetGo();
  EXPECT_EQ(first.get().error().code, ErrorCode::kPermissionDenied);
  EXPECT_TRUE(second.get().ok());
  EXPECT_EQ(Read(2), content_);
  EXPECT_EQ(requests_, 2);
}

TEST_F(StagedTest, WhoWaitsHasTheFileWhenTheFirstOneIsCalledOff) {
  hold_ = true;
  auto first = Begin(1, {{"one", Staged()}});
  AwaitHeld();
  auto second = Begin(2, {{"one", Staged()}});
  localizer_->CallOff(IdOf(1));
  EXPECT_EQ(first.get().error().code, ErrorCode::kAborted);
  LetGo();
  EXPECT_TRUE(second.get().ok());
  EXPECT_EQ(requests_, 1);
}

TEST_F(StagedTest, WhatNobodyWaitsForIsCalledOffAndHoldsUpNobody) {
  hold_ = true;
  auto first = Begin(1, {{"one", Staged()}});
  AwaitHeld();
  localizer_->CallOff(IdOf(1));
  EXPECT_EQ(first.get().error().code, ErrorCode::kAborted);
  auto second = Begin(2, {{"one", Staged()}});
  LetGo();
  EXPECT_TRUE(second.get().ok());
  EXPECT_EQ(Read(2), content_);
  EXPECT_THAT(Cached(), ElementsAre(Staged().sha256));
}

// A ResourceManager that is stopped, or dies while a file is on its way.
class StalledStaging : public StagedTest {
 protected:
  StalledStaging() { staging_.server = listener_.address(); }
  // As far as the first bytes of the file; then nothing more comes.
  weir::testing::RawConnection BeginAnswer(size_t bytes) {
    weir::testing::RawConnection connection = listener_.Accept();
    connection.ReadUntil("\r\n\r\n");
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(content_.size()) +
                    "\r\n\r\n" + content_.substr(0, bytes));
    return connection;
  }
  weir::testing::RawListener listener_;
};

TEST_F(StalledStaging, ACallOffEndsTheTransferAndAnEndOfTheNodeDoesNotWaitForIt) {
  auto waiting = Begin(1, {{"one", Staged()}});
  const auto connection = BeginAnswer(1000);
  const Instant before = platform::MonotonicNow();
  localizer_->CallOff(IdOf(1));
  EXPECT_EQ(waiting.get().error().code, ErrorCode::kAborted);
  Stop();
  // Far less than the time after which a server is given up.
  EXPECT_LT(platform::MonotonicNow() - before, seconds(20));
}

TEST_F(StalledStaging, WhatComesFromElsewhereDoesNotWaitForIt) {
  std::vector<std::future<Status>> waiting;
  std::vector<weir::testing::RawConnection> connections;
  for (int i = 1; i <= 8; ++i) {
    LocalResource other = Staged();
    other.sha256 = platform::Sha256Hex(std::to_string(i));
    other.uri = "staging:" + other.sha256;
    waiting.push_back(Begin(i, {{"one", other}}));
  }
  for (int i = 0; i < 4; ++i) connections.push_back(BeginAnswer(1000));
  EXPECT_TRUE(Fetch(9, Source("a", "content")).ok());
  Stop();
  for (auto& one : waiting) EXPECT_EQ(one.get().error().code, ErrorCode::kAborted);
}

TEST_F(StalledStaging, AServerThatSaysNothingMoreIsGivenUpInTimeWithTheCause) {
  patience_.stall = milliseconds(100);
  Restart();
  auto waiting = Begin(1, {{"one", Staged()}});
  const auto connection = BeginAnswer(1000);
  const Status status = waiting.get();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kDeadlineExceeded) << status.error().ToString();
  EXPECT_THAT(status.error().message, HasSubstr("no progress for 100 ms"));
  ExpectNothingLeft(1);
}

TEST_F(StalledStaging, AServerThatDiesInTheMiddleAndComesBackIsAskedAgain) {
  patience_.staging = seconds(60);
  Restart();
  auto waiting = Begin(1, {{"one", Staged()}});
  BeginAnswer(200'000).Reset();
  BeginAnswer(0).Close();
  const auto connection = BeginAnswer(content_.size());
  const Status status = waiting.get();
  EXPECT_TRUE(status.ok()) << status.error().ToString();
  EXPECT_EQ(Read(1), content_);
}

}  // namespace
}  // namespace weir::nm
