// The bytes of log archives.
#include "log-archive/archive_blocks.h"

#include <gtest/gtest.h>

#include <random>

#include "log-archive/archive_paths.h"

namespace weir::logs {
namespace {

LogPiece Piece() {
  LogPiece piece;
  piece.container = ContainerId::Make({{1'700'000'000'000, 7}, 1}, Epoch{3}, 2);
  piece.role = "taskmanager";
  piece.name = "std\nout";
  piece.identity = 0xfedcba9876543210u;
  piece.position = int64_t{5} << 32;
  piece.length = 5;
  piece.modified = WallFromMillis(1'763'690'000'123);
  return piece;
}

void ExpectEqual(const LogPiece& a, const LogPiece& b) {
  EXPECT_EQ(a.container, b.container);
  EXPECT_EQ(a.role, b.role);
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.identity, b.identity);
  EXPECT_EQ(a.position, b.position);
  EXPECT_EQ(a.length, b.length);
  EXPECT_EQ(a.modified, b.modified);
}

TEST(ArchiveBlocks, APieceSurvivesItsBytes) {
  const std::string block = EncodePiece(Piece(), "hello");
  const auto head = ParseBlockHead(block);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->kind, BlockKind::kPiece);
  EXPECT_TRUE(CheckBlockHead(block));
  const auto piece = ParsePiece(std::string_view(block).substr(kBlockHeadBytes, head->meta_length));
  ASSERT_TRUE(piece);
  ExpectEqual(*piece, Piece());
  const auto payload = std::string_view(block).substr(kBlockHeadBytes + head->meta_length);
  EXPECT_EQ(ParsePieceBytes(payload, head->payload_crc, 5), "hello");
  EXPECT_FALSE(ParsePieceBytes(payload, head->payload_crc, 4));
  EXPECT_FALSE(ParsePieceBytes(payload, head->payload_crc, 6));
  EXPECT_FALSE(ParsePieceBytes(payload, head->payload_crc, -1));
  EXPECT_FALSE(ParsePieceBytes(payload, head->payload_crc, int64_t{1} << 40));
}

TEST(ArchiveBlocks, HeadIndexAndTrailerSurviveTheirBytes) {
  const ArchiveHead head{{1'700'000'000'000, 7}, "ann", "host_1", WallFromMillis(42)};
  const std::string block = EncodeHead(head);
  const auto parsed = ParseHead(
      std::string_view(block).substr(kBlockHeadBytes, ParseBlockHead(block)->meta_length));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->application, head.application);
  EXPECT_EQ(parsed->user, "ann");
  EXPECT_EQ(parsed->node, "host_1");
  EXPECT_EQ(parsed->made, head.made);

  const auto index = EncodeIndex({{100, 60, 13, 0xabcdef01u, Piece()}, {200, 1, 2, 3, Piece()}});
  ASSERT_TRUE(index);
  const auto index_head = ParseBlockHead(*index);
  const auto entries =
      ParseIndex(std::string_view(*index).substr(kBlockHeadBytes), index_head->payload_crc);
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ(entries->front().at, 100);
  EXPECT_EQ(entries->front().payload_crc, 0xabcdef01u);
  ExpectEqual(entries->back().piece, Piece());

  EXPECT_EQ(ParseTrailer(EncodeTrailer(int64_t{1} << 40)), int64_t{1} << 40);
  EXPECT_FALSE(ParseTrailer(""));
}

TEST(ArchiveBlocks, EveryFlippedBitOfAHeadIsSeen) {
  const std::string block = EncodePiece(Piece(), "hello");
  const size_t head = kBlockHeadBytes + ParseBlockHead(block)->meta_length;
  for (size_t bit = 0; bit < head * 8; ++bit) {
    std::string damaged = block;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(CheckBlockHead(damaged)) << "bit " << bit;
  }
  const std::string trailer = EncodeTrailer(77);
  for (size_t bit = 0; bit < trailer.size() * 8; ++bit) {
    std::string damaged = trailer;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(ParseTrailer(damaged)) << "bit " << bit;
  }
}

TEST(ArchiveBlocks, GarbageIsNothing) {
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(random() % 200, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    if (i % 2 == 0) bytes = std::string(kBlockMagic) + bytes;
    EXPECT_FALSE(CheckBlockHead(bytes));
    EXPECT_FALSE(ParseHead(bytes));
    EXPECT_FALSE(ParsePiece(bytes));
    EXPECT_FALSE(ParseIndex(bytes, 0));
    EXPECT_FALSE(ParseTrailer(bytes));
  }
}

TEST(ArchivePaths, AreYarns) {
  const ArchiveRoot root{"/logs", "weir"};
  EXPECT_EQ(root.File("ann", {1'700'000'000'000, 12}, NodeFileName("host:45454")),
            "/logs/ann/bucket-weir/0012/application_1700000000000_0012/host_45454");
  EXPECT_EQ(root.ApplicationDirectory("ann", {1'700'000'000'000, 123'456}),
            "/logs/ann/bucket-weir/3456/application_1700000000000_123456");
}

}  // namespace
}  // namespace weir::logs
