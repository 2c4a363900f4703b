#include "log-archive/archive_scan.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace weir::logs {
namespace {

constexpr size_t kSearchChunk = 64 << 10;

// The next place at or after `from` where a block may begin; `size` if none.
int64_t FindMagic(int fd, int64_t size, int64_t from, bool& failed) {
  for (int64_t at = from; at < size;) {
    const std::string chunk = ReadBytesAt(fd, size, at, kSearchChunk, &failed);
    const size_t found = chunk.find(kBlockMagic);
    if (found != std::string::npos) return at + static_cast<int64_t>(found);
    if (chunk.size() < kBlockMagic.size()) return size;
    // It may begin in this chunk and end in the next.
    at += static_cast<int64_t>(chunk.size() - kBlockMagic.size() + 1);
  }
  return size;
}

}  // namespace

std::string ReadBytesAt(int fd, int64_t size, int64_t at, size_t count, bool* failed) {
  if (at < 0 || at >= size) return "";
  count = std::min(count, static_cast<size_t>(size - at));
  std::string bytes(count, '\0');
  size_t done = 0;
  while (done < count) {
    const ssize_t read =
        ::pread(fd, bytes.data() + done, count - done, at + static_cast<int64_t>(done));
    if (read < 0 && errno == EINTR) continue;
    if (read < 0 && failed != nullptr) *failed = true;
    if (read <= 0) break;
    done += static_cast<size_t>(read);
  }
  bytes.resize(done);
  return bytes;
}

ScanResult ScanBlocks(int fd,
                      int64_t size,
                      const std::function<void(ArchiveHead)>& on_head,
                      const std::function<void(IndexEntry)>& on_piece) {
  ScanResult result;
  int64_t at = 0;
  int64_t skipped = 0;  // since the last intact block
  while (at < size) {
    const std::string bytes =
        ReadBytesAt(fd, size, at, kBlockHeadBytes + kMetaBytes, &result.failed);
    const auto block = ParseBlockHead(bytes);
    const bool intact = block && CheckBlockHead(bytes);
    const int64_t length =
        intact ? static_cast<int64_t>(kBlockHeadBytes + block->meta_length + block->payload_length)
               : 0;
    if (!intact || at + length > size) {
      const int64_t next = FindMagic(fd, size, at + 1, result.failed);
      skipped += next - at;
      at = next;
      continue;
    }
    const auto meta = std::string_view(bytes).substr(kBlockHeadBytes, block->meta_length);
    if (block->kind == BlockKind::kHead && on_head) {
      if (auto head = ParseHead(meta)) on_head(*std::move(head));
    }
    if (block->kind == BlockKind::kPiece && on_piece) {
      if (auto piece = ParsePiece(meta)) {
        on_piece(
            {at, block->meta_length, block->payload_length, block->payload_crc, *std::move(piece)});
      }
    }
    result.damaged += std::exchange(skipped, 0);
    at += length;
    // An index that has lost its trailer makes way for the next piece.
    if (block->kind != BlockKind::kIndex) result.end = at;
  }
  result.damaged += skipped;
  return result;
}

}  // namespace weir::logs
