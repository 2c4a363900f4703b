#include "state-store/leveldb_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::store {
namespace {

using leveldb::Status;
using ::testing::HasSubstr;

TEST(LevelDbStatus, KnowsTheCauseFromTheText) {
  struct Case {
    Status status;
    ErrorCode code;
    const char* part;
  };
  const Case cases[] = {
      {Status::IOError("lock /s/LOCK", "Resource temporarily unavailable"),
       ErrorCode::kFailedPrecondition,
       "the state store /s is in use by another ResourceManager"},
      {Status::IOError("lock /s/LOCK", "already held by process"),
       ErrorCode::kFailedPrecondition,
       "in use by another ResourceManager"},
      {Status::IOError("/s/LOCK", "Permission denied"), ErrorCode::kPermissionDenied, "/s/LOCK"},
      {Status::IOError("/s/000003.log", "No space left on device"),
       ErrorCode::kResourceExhausted,
       "cannot open the state store /s: IO error: /s/000003.log: No space left on device"},
      {Status::IOError("/s/000003.log", "Disk quota exceeded"),
       ErrorCode::kResourceExhausted,
       "Disk quota exceeded"},
      {Status::IOError("/s/000003.log", "File too large"),
       ErrorCode::kResourceExhausted,
       "File too large"},
      {Status::IOError("/s/CURRENT", "Permission denied"),
       ErrorCode::kPermissionDenied,
       "Permission denied"},
      {Status::Corruption("checksum mismatch"), ErrorCode::kCorruption, "checksum mismatch"},
      {Status::IOError("/s/000003.log", "Input/output error"),
       ErrorCode::kUnavailable,
       "Input/output error"},
  };
  for (const Case& c : cases) {
    const Error error = TranslateLevelDbStatus(c.status, "open", "/s");
    EXPECT_EQ(error.code, c.code) << error.message;
    EXPECT_THAT(error.message, HasSubstr(c.part));
    EXPECT_NE(error.remedy, "");
  }
}

}  // namespace
}  // namespace weir::store
