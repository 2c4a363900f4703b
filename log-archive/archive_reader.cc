#include "log-archive/archive_reader.h"

#include <algorithm>
#include <utility>

#include "log-archive/archive_scan.h"

namespace weir::logs {
LogArchive::LogArchive(std::string path, platform::FileDescriptor fd, int64_t size)
    : path_(std::move(path)), fd_(std::move(fd)), size_(size) {}

Result<LogArchive> LogArchive::Open(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(auto file, platform::OpenRegularFile(path));
  LogArchive archive(path, std::move(file.fd), file.size);
  if (!archive.LoadIndex()) archive.Scan();
  if (!archive.head_ && archive.entries_.empty() && archive.size_ > 0) {
    return Error{
        ErrorCode::kCorruption, path + " is not a log archive, or nothing in it is intact", ""};
  }
  archive.MakeLogs();
  return archive;
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

void LogArchive::Scan() {
  const ScanResult scan = ScanBlocks(
      fd_.get(),
      size_,
      [this](ArchiveHead head) {
        if (!head_) head_ = std::move(head);
      },
      [this](IndexEntry entry) { entries_.push_back(std::move(entry)); });
  end_ = scan.end;
  damaged_ = scan.damaged;
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

std::string LogArchive::ReadBytes(int64_t at, size_t count) const {
  return ReadBytesAt(fd_.get(), size_, at, count);
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

Result<int64_t> LogArchive::ReadBeyond(const ArchivedLog& log,
                                       uint64_t identity,
                                       int64_t position,
                                       const Sink& sink) {
  // The last of the times that it was begun.
  const ArchivedPiece* begun = nullptr;
  for (const ArchivedPiece& piece : log.pieces) {
    const LogPiece& one = piece.entry.piece;
    if (!IsSameFile(identity, one)) continue;
    if (begun == nullptr || begun->entry.piece.identity != one.identity) begun = &piece;
  }
  int64_t missing = 0;
  int64_t at = 0;  // of the piece in the stream
  for (const ArchivedPiece& piece : log.pieces) {
    const LogPiece& one = piece.entry.piece;
    const bool known = begun == nullptr || &piece < begun;
    const bool same = !known && one.identity == begun->entry.piece.identity;
    const int64_t first = one.position + piece.skip;
    const int64_t skip = same ? std::clamp<int64_t>(position - first, 0, piece.length()) : 0;
    if (!known && skip < piece.length()) {
      WEIR_ASSIGN_OR_RETURN(const int64_t lost, Read(log, at + skip, piece.length() - skip, sink));
      missing += lost;
    }
    at += piece.length();
  }
  return missing;
}

}  // namespace weir::logs
