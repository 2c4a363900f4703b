#include "log-archive/archive_writer.h"

#include <algorithm>

#include "log-archive/archive_reader.h"

namespace weir::logs {

LogArchiveWriter::LogArchiveWriter(platform::FileSystem& files, std::string path)
    : files_(files), path_(std::move(path)) {}

LogArchiveWriter::~LogArchiveWriter() {
  // Whoever wanted to know has called Sync.
  if (file_) [[maybe_unused]]
    const Status closed = file_->Close();
}

Result<std::unique_ptr<LogArchiveWriter>> LogArchiveWriter::Open(platform::FileSystem& files,
                                                                 const std::string& path,
                                                                 const ArchiveHead& head,
                                                                 int mode) {
  std::unique_ptr<LogArchiveWriter> writer(new LogArchiveWriter(files, path));
  const auto info = files.Stat(path);
  if (!info.ok() && info.error().code != ErrorCode::kNotFound) return info.error();
  if (info.ok() && info->size > 0) {
    const auto archive = LogArchive::Open(path);
    if (!archive.ok() && archive.error().code != ErrorCode::kCorruption) return archive.error();
    if (archive.ok()) {
      writer->size_ = archive->end();
      for (const IndexEntry& entry : archive->entries()) writer->Note(entry);
    }
    if (writer->size_ < info->size) WEIR_RETURN_IF_ERROR(files.Truncate(path, writer->size_));
  }
  WEIR_ASSIGN_OR_RETURN(writer->file_, files.OpenForAppending(path, mode));
  if (writer->size_ == 0) WEIR_RETURN_IF_ERROR(writer->Write(EncodeHead(head)));
  return writer;
}

void LogArchiveWriter::Note(const IndexEntry& entry) {
  const LogPiece& piece = entry.piece;
  entries_.push_back(entry);
  Collected& collected = collected_[{piece.container, piece.identity}];
  if (collected.name.empty()) collected.name = piece.name;
  collected.end = std::max(collected.end, piece.position + piece.length);
}

const Collected* LogArchiveWriter::Find(const ContainerId& container, uint64_t identity) const {
  const auto it = collected_.find({container, identity});
  return it == collected_.end() ? nullptr : &it->second;
}

Status LogArchiveWriter::Write(const std::string& bytes) {
  const Status written = file_->Append(bytes);
  if (written.ok()) {
    size_ += static_cast<int64_t>(bytes.size());
    unsynced_ = true;
    return {};
  }
  // A part of it may be there. If it stays, readers pass over it.
  [[maybe_unused]] const Status cut = files_.Truncate(path_, size_);
  return written;
}

Status LogArchiveWriter::DropIndex() {
  if (!has_index_) return {};
  WEIR_RETURN_IF_ERROR(files_.Truncate(path_, size_));
  has_index_ = false;
  return {};
}

Status LogArchiveWriter::Append(const LogPiece& piece, std::string_view bytes) {
  WEIR_RETURN_IF_ERROR(DropIndex());
  const std::string block = EncodePiece(piece, bytes);
  const auto head = ParseBlockHead(block);
  const IndexEntry entry{size_, head->meta_length, head->payload_length, head->payload_crc, piece};
  WEIR_RETURN_IF_ERROR(Write(block));
  Note(entry);
  return {};
}

Status LogArchiveWriter::Sync() {
  if (!unsynced_) return {};
  WEIR_RETURN_IF_ERROR(file_->Sync());
  unsynced_ = false;
  return {};
}

Status LogArchiveWriter::Finish() {
  if (has_index_) return {};
  const auto index = EncodeIndex(entries_);
  if (index) {
    const int64_t pieces_end = size_;
    const Status written = Write(*index + EncodeTrailer(size_));
    size_ = pieces_end;
    WEIR_RETURN_IF_ERROR(written);
    has_index_ = true;
  }
  return Sync();
}

}  // namespace weir::logs
