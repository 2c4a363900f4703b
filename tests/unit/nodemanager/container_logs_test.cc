// Which bytes of a log a request gets.
#include "nodemanager/server/container_logs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::nm {
namespace {

using Kind = LogRange::Kind;
using Query = std::map<std::string, std::string>;

LogFile File(int64_t begin, int64_t end) {
  LogFile file;
  file.name = "stdout";
  file.begin = begin;
  file.end = end;
  return file;
}

TEST(LogRange, OfTheQuery) {
  struct Row {
    Query query;
    Kind kind;
    int64_t offset;
    int64_t length;
  };
  // Of a file of which positions 100 to 199 are there.
  const Row rows[] = {
      {{}, Kind::kAll, 100, 100},
      {{{"size", "10"}}, Kind::kPart, 100, 10},
      {{{"size", "0"}}, Kind::kPart, 100, 0},
      {{{"size", "1000"}}, Kind::kPart, 100, 100},
      {{{"size", "-10"}}, Kind::kPart, 190, 10},
      {{{"size", "-1000"}}, Kind::kPart, 100, 100},
      {{{"size", "-9223372036854775808"}}, Kind::kPart, 100, 100},
      {{{"size", "9223372036854775807"}}, Kind::kPart, 100, 100},
      {{{"length", "5"}, {"size", "10"}}, Kind::kPart, 100, 5},
      {{{"offset", "150"}}, Kind::kPart, 150, 50},
      {{{"offset", "150"}, {"length", "7"}}, Kind::kPart, 150, 7},
      {{{"offset", "20"}, {"length", "7"}}, Kind::kPart, 100, 7},
      {{{"offset", "-5"}}, Kind::kPart, 100, 100},
      {{{"offset", "500"}}, Kind::kPart, 200, 0},
  };
  for (const Row& row : rows) {
    const auto range = SelectByQuery(row.query, File(100, 200));
    ASSERT_TRUE(range.ok());
    EXPECT_EQ(range->kind, row.kind);
    EXPECT_EQ(range->offset, row.offset) << ::testing::PrintToString(row.query);
    EXPECT_EQ(range->length, row.length) << ::testing::PrintToString(row.query);
  }
  for (const char* bad : {"", "x", "1x", "1.5", "99999999999999999999"}) {
    for (const char* name : {"size", "length", "offset"}) {
      EXPECT_EQ(SelectByQuery({{name, bad}}, File(0, 1)).error().code, ErrorCode::kInvalidArgument)
          << name << "=" << bad;
    }
  }
}

TEST(LogRange, OfTheHeaderAsRfc7233SaysIt) {
  struct Row {
    const char* header;
    Kind kind;
    int64_t offset;
    int64_t length;
  };
  const Row rows[] = {
      {"bytes=0-0", Kind::kHttpRange, 0, 1},
      {"bytes=0-9", Kind::kHttpRange, 0, 10},
      {"bytes=0-", Kind::kHttpRange, 0, 200},
      {"bytes=199-", Kind::kHttpRange, 199, 1},
      {"bytes=150-99999999999999999999", Kind::kHttpRange, 150, 50},
      {"bytes=-1", Kind::kHttpRange, 199, 1},
      {"bytes=-500", Kind::kHttpRange, 0, 200},
      {"bytes=200-", Kind::kUnsatisfiable, 0, 0},
      {"bytes=99999999999999999999-", Kind::kUnsatisfiable, 0, 0},
      {"bytes=-0", Kind::kUnsatisfiable, 0, 0},
      {"bytes=9-0", Kind::kAll, 0, 200},
      {"bytes=-", Kind::kAll, 0, 200},
      {"bytes=", Kind::kAll, 0, 200},
      {"bytes", Kind::kAll, 0, 200},
      {"", Kind::kAll, 0, 200},
      {"bytes=a-b", Kind::kAll, 0, 200},
      {"bytes=--5", Kind::kAll, 0, 200},
      {"bytes=0-1,3-4", Kind::kAll, 0, 200},
      {"lines=0-1", Kind::kAll, 0, 200},
  };
  for (const Row& row : rows) {
    const LogRange range = SelectByHeader(row.header, File(0, 200));
    EXPECT_EQ(range.kind, row.kind) << row.header;
    EXPECT_EQ(range.offset, row.offset) << row.header;
    EXPECT_EQ(range.length, row.length) << row.header;
  }
  EXPECT_EQ(SelectByHeader("bytes=-1", File(0, 0)).kind, Kind::kUnsatisfiable);
}

TEST(LogRange, WhatWasCutAwayIsNotPartOfTheAnswer) {
  const LogRange range = SelectByHeader("bytes=0-149", File(100, 200));
  EXPECT_EQ(range.offset, 100);
  EXPECT_EQ(range.length, 50);
  EXPECT_EQ(SelectByHeader("bytes=0-99", File(100, 200)).kind, Kind::kUnsatisfiable);
}

TEST(LogRange, TheQueryGoesBeforeTheHeaderAndIfRangeBeforeBoth) {
  platform::HttpRequest request;
  request.headers = {{"range", "bytes=5-6"}};
  EXPECT_EQ(SelectRange(request, File(0, 10))->kind, Kind::kHttpRange);
  request.query = {{"size", "3"}};
  EXPECT_EQ(SelectRange(request, File(0, 10))->kind, Kind::kPart);
  request.query.clear();
  request.headers["if-range"] = "\"x\"";
  EXPECT_EQ(SelectRange(request, File(0, 10))->kind, Kind::kAll);
}

TEST(LogRange, AnAnswerIsBounded) {
  platform::HttpRequest request;
  const auto whole = SelectRange(request, File(0, 101), 100);
  EXPECT_EQ(whole.error().code, ErrorCode::kResourceExhausted);
  EXPECT_FALSE(whole.error().remedy.empty());
  request.headers = {{"range", "bytes=0-"}};
  EXPECT_EQ(SelectRange(request, File(0, 101), 100)->length, 100);
  request.query = {{"offset", "1"}};
  EXPECT_EQ(SelectRange(request, File(0, 101), 100)->length, 100);
}

TEST(LogResponse, SaysWhichBytesTheseAre) {
  OpenLog log;
  log.file = File(100, 200);
  const auto part = LogResponse(log, {Kind::kHttpRange, 110, 20});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.headers.at("Content-Range"), "bytes 110-129/200");
  EXPECT_EQ(part.headers.at("X-Log-Offset"), "110");
  const auto none = LogResponse(log, {Kind::kUnsatisfiable, 0, 0});
  EXPECT_EQ(none.status, 416);
  EXPECT_EQ(none.headers.at("Content-Range"), "bytes */200");
  EXPECT_EQ(none.open_file, nullptr);
}

}  // namespace
}  // namespace weir::nm
