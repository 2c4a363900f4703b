#include "log-archive/archive_reader.h"

#include <algorithm>
#include <utility>

namespace weir::logs {
namespace {

constexpr size_t kSearchChunk = 64 << 10;

}  // namespace

LogArchive::LogArchive(std::string path, platform::FileDescriptor fd, int64_t size)
    : path_(std::move(path)), fd_(std::move(fd)), size_(size) {}

Result<LogArchive> LogArchive::Open(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(auto file, platform::OpenRegularFile(path));
  LogArchive archive(path, std::move(file.fd), file.size);
  if (!archive.LoadIndex()) archive.ScanBlocks();
  if (!archive.head_ && archive.entries_.empty() && archive.size_ > 0) {
    return Error{
        ErrorCode::kCorruption, path + " is not a log archive, or nothing in it is intact", ""};
  }
  archive.MakeLogs();
  return archive;
}

std::string LogArchive::ReadBytes(int64_t at, size_t count) const {
  if (at < 0 || at >= size_) return "";
  count = std::min(count, static_cast<size_t>(size_ - at));
  std::string bytes(count, '\0');
  size_t done = 0;
  while (done < count) {
    const size_t read = platform::ReadAt(
        fd_.get(), at + static_cast<int64_t>(done), bytes.data() + done, count - done);
    if (read == 0) break;
    done += read;
  }
  bytes.resize(done);
  return bytes;
}

bool LogArchive::LoadIndex() {
  const auto at =
      ParseTrailer(ReadBytes(size_ - static_cast<int64_t>(kTrailerBytes), kTrailerBytes));
  if (!at || *at >= size_) return false;
  const std::string start = ReadBytes(*at, kBlockHeadBytes);
  const auto block = ParseBlockHead(start);
  if (!block || block->kind != BlockKind::kIndex || !CheckBlockHead(start)) return false;
  auto entries =
      ParseIndex(ReadBytes(*at + static_cast<int64_t>(kBlockHeadBytes), block->payload_length),
                 block->payload_crc);
  if (!entries) return false;
  const std::string first = ReadBytes(0, kBlockHeadBytes + kMetaBytes);
  const auto head_block = ParseBlockHead(first);
  if (head_block && head_block->kind == BlockKind::kHead && CheckBlockHead(first)) {
    head_ = ParseHead(std::string_view(first).substr(kBlockHeadBytes, head_block->meta_length));
  }
  entries_ = *std::move(entries);
  finished_ = true;
  end_ = *at;
  return true;
}

void LogArchive::ScanBlocks() {
  int64_t at = 0;
  int64_t skipped = 0;  // since the last intact block
  while (at < size_) {
    const std::string bytes = ReadBytes(at, kBlockHeadBytes + kMetaBytes);
    const auto block = ParseBlockHead(bytes);
    const bool intact = block && CheckBlockHead(bytes);
    const int64_t length =
        intact ? static_cast<int64_t>(kBlockHeadBytes + block->meta_length + block->payload_length)
               : 0;
    if (!intact || at + length > size_) {
      const int64_t next = FindMagic(at + 1);
      skipped += next - at;
      at = next;
      continue;
    }
    const std::string_view meta =
        std::string_view(bytes).substr(kBlockHeadBytes, block->meta_length);
    if (block->kind == BlockKind::kHead && !head_) head_ = ParseHead(meta);
    if (block->kind == BlockKind::kPiece) {
      if (auto piece = ParsePiece(meta)) {
        entries_.push_back(
            {at, block->meta_length, block->payload_length, block->payload_crc, *std::move(piece)});
      }
    }
    damaged_ += std::exchange(skipped, 0);
    at += length;
    // An index that has lost its trailer makes way for the next piece.
    if (block->kind != BlockKind::kIndex) end_ = at;
  }
  damaged_ += skipped;
}

int64_t LogArchive::FindMagic(int64_t from) {
  for (int64_t at = from; at < size_;) {
    const std::string chunk = ReadBytes(at, kSearchChunk);
    const size_t found = chunk.find(kBlockMagic);
    if (found != std::string::npos) return at + static_cast<int64_t>(found);
    if (chunk.size() < kBlockMagic.size()) return size_;
    // It may begin in this chunk and end in the next.
    at += static_cast<int64_t>(chunk.size() - kBlockMagic.size() + 1);
  }
  return size_;
}

// Puts the pieces of each log in a row. A piece that was written twice (a crash came between the
// writing and the noting of it) counts once.
void LogArchive::MakeLogs() {
  std::map<std::pair<ContainerId, std::string>, ArchivedLog> logs;
  std::map<std::pair<ContainerId, uint64_t>, int64_t> ends;
  for (const IndexEntry& entry : entries_) {
    const LogPiece& piece = entry.piece;
    ArchivedLog& log = logs[{piece.container, piece.name}];
    log.container = piece.container;
    log.name = piece.name;
    if (!piece.role.empty()) log.role = piece.role;
    log.modified = std::max(log.modified, piece.modified);
    int64_t& end = ends[{piece.container, piece.identity}];
    const int64_t skip = std::max<int64_t>(0, end - piece.position);
    if (piece.length > 0 && skip >= piece.length) continue;
    log.missing += std::max<int64_t>(0, piece.position - end);
    log.size += piece.length - skip;
    end = piece.position + piece.length;
    log.pieces.push_back({entry, skip});
  }
  for (auto& [key, log] : logs) logs_.push_back(std::move(log));
}

std::optional<std::string> LogArchive::BytesOf(const ArchivedPiece& piece) const {
  const IndexEntry& entry = piece.entry;
  const auto at = entry.at + static_cast<int64_t>(kBlockHeadBytes + entry.meta_length);
  auto bytes =
      ParsePieceBytes(ReadBytes(at, entry.payload_length), entry.payload_crc, entry.piece.length);
  if (bytes) bytes->erase(0, static_cast<size_t>(piece.skip));
  return bytes;
}

Result<int64_t> LogArchive::Read(const ArchivedLog& log,
                                 int64_t offset,
                                 int64_t length,
                                 const Sink& sink) {
  int64_t missing = 0;
  int64_t at = 0;  // of the piece in the stream
  const int64_t stop = length < 0 ? log.size : std::min(log.size, offset + length);
  for (const ArchivedPiece& piece : log.pieces) {
    const int64_t from = std::max(offset, at);
    const int64_t to = std::min(stop, at + piece.length());
    if (from < to) {
      const auto bytes = BytesOf(piece);
      if (!bytes) {
        missing += to - from;
      } else {
        WEIR_RETURN_IF_ERROR(sink(std::string_view(*bytes).substr(static_cast<size_t>(from - at),
                                                                  static_cast<size_t>(to - from))));
      }
    }
    at += piece.length();
  }
  return missing;
}

}  // namespace weir::logs
