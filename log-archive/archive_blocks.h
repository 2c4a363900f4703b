// The bytes of a log archive: what one NodeManager has collected of one application's logs.
//
// A file of blocks, one after another, and at the end, once the application is over, a trailer:
//
//   block:   magic (8), kind (1), version (1), meta length (2), payload length (4),
//            CRC-32 of the payload (4), CRC-32 of all before it and the meta (4), meta, payload
//   trailer: magic (8), position of the index block (8), CRC-32 of both (4)
//
//   kHead   meta: application, user, node, time               no payload; the first block
//   kPiece  meta: a LogPiece                                  payload: its bytes, zlib
//   kIndex  no meta                                           payload: all pieces' metas, zlib
//
// Numbers are little-endian. A block stands for itself: who finds a damaged one looks for the next
// magic. So a file that was cut anywhere (a crash, a full disk) is readable up to there, one that
// grows is readable while it grows, and a damaged block costs its own bytes only.
//
// Pure functions on bytes; thread-safe.
#ifndef WEIR_LOG_ARCHIVE_ARCHIVE_BLOCKS_H_
#define WEIR_LOG_ARCHIVE_ARCHIVE_BLOCKS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/result.h"
#include "common/time.h"

namespace weir::logs {

inline constexpr size_t kPieceBytes = 256 << 10;  // of a log in one block, at most
inline constexpr size_t kMetaBytes = 4 << 10;
inline constexpr size_t kPayloadBytes = 64 << 20;  // larger ones are damage
inline constexpr size_t kIndexEntriesMax = 64 << 10;
inline constexpr size_t kBlockHeadBytes = 24;
inline constexpr size_t kTrailerBytes = 20;
inline constexpr std::string_view kBlockMagic = "\x89WLOG\r\n\x1a";
inline constexpr std::string_view kTrailerMagic = "\x89WLGE\r\n\x1a";

enum class BlockKind : uint8_t { kHead = 1, kPiece = 2, kIndex = 3 };

struct ArchiveHead {
  ApplicationId application;
  std::string user;
  std::string node;  // host_port
  WallTime made;
};

// Some bytes of one log.
struct LogPiece {
  ContainerId container;
  std::string role;       // of the container; "" = not known
  std::string name;       // of the log file
  uint64_t identity = 0;  // of the file; another one of the same name has another
  int64_t position = 0;   // of the first byte, since the file was begun
  int64_t length = 0;     // of the bytes, not compressed; at most kPieceBytes
  WallTime modified;      // the file, when it was read
};

// What is added to the identity of a file each time it is begun anew under the same name.
inline constexpr uint64_t kBeginningStep = 0x9E3779B97F4A7C15u;
// Whether the piece is of the file with this identity, however often it was begun anew since.
bool IsSameFile(uint64_t identity, const LogPiece& piece);

struct BlockHead {
  BlockKind kind = BlockKind::kHead;
  size_t meta_length = 0;
  size_t payload_length = 0;
  uint32_t payload_crc = 0;
};

// Where the index names a piece.
struct IndexEntry {
  int64_t at = 0;  // of its block in the file
  size_t meta_length = 0;
  size_t payload_length = 0;
  uint32_t payload_crc = 0;
  LogPiece piece;
};

// --- writing. Requires: the bounds above.
std::string EncodeHead(const ArchiveHead& head);
std::string EncodePiece(const LogPiece& piece, std::string_view bytes);
// Nothing when the index would be too large (more than kIndexEntriesMax): the file is then read
// block by block.
std::optional<std::string> EncodeIndex(const std::vector<IndexEntry>& entries);
std::string EncodeTrailer(int64_t index_at);

// --- reading; nothing for what is damaged.
// `bytes`: the first kBlockHeadBytes of a block, or more.
std::optional<BlockHead> ParseBlockHead(std::string_view bytes);
// `bytes`: block head and meta. Whether the checksum of both fits.
bool CheckBlockHead(std::string_view bytes);
std::optional<ArchiveHead> ParseHead(std::string_view meta);
std::optional<LogPiece> ParsePiece(std::string_view meta);
// The bytes of a piece; `payload` is checked against `crc`.
std::optional<std::string> ParsePieceBytes(std::string_view payload, uint32_t crc, int64_t length);
std::optional<std::vector<IndexEntry>> ParseIndex(std::string_view payload, uint32_t crc);
std::optional<int64_t> ParseTrailer(std::string_view bytes);

}  // namespace weir::logs

#endif  // WEIR_LOG_ARCHIVE_ARCHIVE_BLOCKS_H_
