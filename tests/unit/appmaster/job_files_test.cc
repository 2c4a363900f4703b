// Blobs, source listings and the cleaning of outputs: the JobManager's files.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "platform/crypto.h"
#include "stream/graph/part_files.h"
#include "stream/jobmanager/server/blob_store.h"
#include "stream/jobmanager/server/output_cleaning.h"
#include "stream/jobmanager/server/source_listing.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_directory.h"

namespace weir::stream {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using weir::testing::TempDirectory;
using weir::testing::WriteWholeFile;

platform::FileSystem& Files() {
  return platform::FileSystem::Real();
}

TEST(BlobStore, TakesPiecesInOrderAndRepetitionsOfThem) {
  TempDirectory directory;
  BlobStore blobs(Files(), directory / "blobs");
  const std::string sha256 = platform::Sha256Hex("hello world");
  EXPECT_FALSE(*blobs.Upload(sha256, 11, 0, "hello"));
  EXPECT_FALSE(*blobs.Upload(sha256, 11, 0, "hello")) << "its answer was lost";
  EXPECT_FALSE(*blobs.Upload(sha256, 11, 3, "lo w")) << "overlaps";
  EXPECT_EQ(blobs.Upload(sha256, 11, 9, "ld").error().code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(blobs.SizeOf(sha256).error().code, ErrorCode::kNotFound) << "not whole yet";
  EXPECT_TRUE(*blobs.Upload(sha256, 11, 7, "orld"));
  EXPECT_EQ(*blobs.SizeOf(sha256), 11);
  EXPECT_EQ(*blobs.Read(sha256, 6, 100), "world");
  EXPECT_EQ(*blobs.Read(sha256, 11, 100), "");
  EXPECT_EQ(blobs.Read(sha256, 12, 1).error().code, ErrorCode::kInvalidArgument);
}

TEST(BlobStore, RefusesContentWithAnotherHashAndStartsAfresh) {
  TempDirectory directory;
  BlobStore blobs(Files(), directory / "blobs");
  const std::string sha256 = platform::Sha256Hex("right");
  EXPECT_THAT(blobs.Upload(sha256, 5, 0, "wrong").error().message, HasSubstr(sha256));
  EXPECT_TRUE(*blobs.Upload(sha256, 5, 0, "right"));
}

TEST(BlobStore, RefusesNamesThatAreNoHashesAndSizesOutOfRange) {
  TempDirectory directory;
  BlobStore blobs(Files(), directory / "blobs");
  EXPECT_FALSE(blobs.Upload("../../etc/passwd", 1, 0, "x").ok());
  EXPECT_FALSE(blobs.Upload(std::string(64, 'Z'), 1, 0, "x").ok());
  const std::string sha256 = platform::Sha256Hex("x");
  EXPECT_FALSE(blobs.Upload(sha256, 0, 0, "").ok());
  EXPECT_FALSE(blobs.Upload(sha256, -1, 0, "x").ok());
  EXPECT_FALSE(blobs.Upload(sha256, 1, -1, "x").ok());
  EXPECT_FALSE(blobs.Upload(sha256, 1, 1, "x").ok());
  EXPECT_FALSE(blobs.Upload(sha256, int64_t{1} << 62, 0, "x").ok());
}

TEST(BlobStore, BoundsItsBytesAndItsUnfinishedUploads) {
  TempDirectory directory;
  BlobStore blobs(
      Files(), directory / "blobs", {.blob_bytes = 100, .total_bytes = 150, .uploads = 2});
  const auto hash = [](int i) { return platform::Sha256Hex(std::to_string(i)); };
  EXPECT_TRUE(blobs.Upload(hash(1), 70, 0, "a").ok());
  EXPECT_TRUE(blobs.Upload(hash(2), 70, 0, "a").ok());
  EXPECT_EQ(blobs.Upload(hash(3), 100, 0, "a").error().code, ErrorCode::kResourceExhausted);
  EXPECT_TRUE(blobs.Upload(hash(4), 70, 0, "a").ok()) << "the oldest upload gives way";
  EXPECT_EQ(blobs.Upload(hash(1), 70, 1, "a").error().code, ErrorCode::kFailedPrecondition);
}

TEST(BlobStore, TakesAFileOfThisMachine) {
  TempDirectory directory;
  WriteWholeFile(directory / "job.so", "library");
  BlobStore blobs(Files(), directory / "blobs");
  const auto added = blobs.AddFile(directory / "job.so");
  ASSERT_TRUE(added.ok()) << added.error().ToString();
  EXPECT_EQ(added->sha256, platform::Sha256Hex("library"));
  EXPECT_EQ(*blobs.Read(added->sha256, 0, 100), "library");
  EXPECT_FALSE(blobs.AddFile(directory / "absent.so").ok());
}

TEST(SourceListing, TakesFilesAndTheVisibleFilesOfDirectories) {
  TempDirectory directory;
  WriteWholeFile(directory / "one", "12345");
  mkdir((directory / "in").c_str(), 0755);
  mkdir((directory / "in/deeper").c_str(), 0755);
  WriteWholeFile(directory / "in/b", "12");
  WriteWholeFile(directory / "in/a", "1");
  WriteWholeFile(directory / "in/.hidden", "1");
  WriteWholeFile(directory / "in/_temporary", "1");
  const auto listed = ListSourceFiles(Files(), {directory / "one", directory / "in"});
  ASSERT_TRUE(listed.ok()) << listed.error().ToString();
  EXPECT_THAT(*listed,
              ElementsAre(SourceFile{directory / "one", 5},
                          SourceFile{directory / "in/a", 1},
                          SourceFile{directory / "in/b", 2}));
}

TEST(SourceListing, NamesThePathThatIsWrong) {
  TempDirectory directory;
  EXPECT_THAT(ListSourceFiles(Files(), {directory / "absent"}).error().message,
              HasSubstr(directory / "absent"));
  EXPECT_THAT(ListSourceFiles(Files(), {"relative"}).error().message, HasSubstr("relative"));
  EXPECT_THAT(ListSourceFiles(Files(), {directory.path()}).error().message,
              HasSubstr("has no files"));
}

// --- what a job leaves in its output directories

const JobId kJob{std::string(31, 'a') + "1"};
const JobId kOtherJob{std::string(31, 'a') + "2"};

std::string Hidden(const JobId& job, int32_t subtask) {
  return HiddenPartName(job.hex, subtask, job.hex + "_1_0_0");
}

TEST(PartFiles, AreTakenForAJobsOnlyWithExactlyItsId) {
  EXPECT_EQ(PartName(7), "part-00007");
  EXPECT_EQ(PartName(123456), "part-123456");
  EXPECT_EQ(SubtaskOfHiddenPart(Hidden(kJob, 12), kJob.hex), 12);
  for (const std::string& name : {Hidden(kOtherJob, 0),
                                  std::string("part-00000"),
                                  Hidden(kJob, 0) + ".orig",
                                  Hidden(kJob, 0).substr(1),
                                  ".part-" + kJob.hex + "-.inprogress",
                                  ".part-" + kJob.hex + "-x-y.inprogress",
                                  ".part-" + kJob.hex + "--1-y.inprogress",
                                  ".part-" + kJob.hex + "-1.inprogress",
                                  ".part-" + kJob.hex + "0-1-y.inprogress",
                                  std::string()}) {
    EXPECT_EQ(SubtaskOfHiddenPart(name, kJob.hex), std::nullopt) << name;
  }
}

class DeleteOutputsTest : public ::testing::Test {
 protected:
  // Hidden parts 0 and 1 of the job and one of another job; the job's part 0 is published, and so
  // is somebody else's part 1.
  DeleteOutputsTest() {
    for (const auto& name : {Hidden(kJob, 0), Hidden(kJob, 1), Hidden(kOtherJob, 0)}) {
      WriteWholeFile(directory_ / name, name);
    }
    EXPECT_TRUE(Files().HardLink(directory_ / Hidden(kJob, 0), directory_ / "part-00000").ok());
    WriteWholeFile(directory_ / "part-00001", "of somebody else");
  }
  CleanOutputs What(bool keep_published) {
    return {kJob, {directory_ / "absent", directory_.path()}, keep_published};
  }
  std::vector<std::string> Left() { return *Files().List(directory_.path()); }

  TempDirectory directory_;
};

TEST_F(DeleteOutputsTest, DeletesTheHiddenPartsOfAJobAndWithdrawsWhatItPublished) {
  ASSERT_TRUE(DeleteOutputs(Files(), What(false)).ok());
  EXPECT_THAT(Left(), ElementsAre(Hidden(kOtherJob, 0), "part-00001"));
  EXPECT_TRUE(DeleteOutputs(Files(), What(false)).ok());
  EXPECT_THAT(Left(), ElementsAre(Hidden(kOtherJob, 0), "part-00001"));
}

TEST_F(DeleteOutputsTest, KeepsTheResultsOfAJobThatEndedWell) {
  ASSERT_TRUE(DeleteOutputs(Files(), What(true)).ok());
  EXPECT_THAT(Left(), ElementsAre(Hidden(kOtherJob, 0), "part-00000", "part-00001"));
}

TEST_F(DeleteOutputsTest, GoesOnAfterAnErrorAndKeepsTheProofOfWhatItCouldNotDelete) {
  weir::testing::FaultyFileSystem faulty(Files());
  faulty.FailPaths("part-00000", Error{ErrorCode::kUnavailable, "remove part-00000: EIO", ""});
  const Status status = DeleteOutputs(faulty, What(false));
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, HasSubstr("part-00000"));
  EXPECT_THAT(Left(),
              ElementsAre(Hidden(kJob, 0), Hidden(kOtherJob, 0), "part-00000", "part-00001"));
}

}  // namespace
}  // namespace weir::stream
