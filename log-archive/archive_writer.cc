#include "log-archive/archive_writer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "log-archive/archive_scan.h"
#include "platform/file_descriptor.h"

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
    WEIR_ASSIGN_OR_RETURN(const auto file, platform::OpenRegularFile(path));
    const ScanResult scan =
        ScanBlocks(file.fd.get(), file.size, nullptr, [&](const IndexEntry& entry) {
          writer->Note(entry.piece);
        });
    // What cannot be read now is not cut off.
    if (scan.failed) return Error{ErrorCode::kUnavailable, path + " cannot be read", ""};
    writer->size_ = scan.end;
    if (writer->size_ < info->size) WEIR_RETURN_IF_ERROR(files.Truncate(path, writer->size_));
  }
  WEIR_ASSIGN_OR_RETURN(writer->file_, files.OpenForAppending(path, mode));
  WEIR_ASSIGN_OR_RETURN(const auto opened, files.Stat(path));
  writer->inode_ = opened.inode;
  if (writer->size_ == 0) WEIR_RETURN_IF_ERROR(writer->Write(EncodeHead(head)));
  return writer;
}

Result<bool> LogArchiveWriter::IsInPlace() const {
  const auto info = files_.Stat(path_);
  if (!info.ok() && info.error().code != ErrorCode::kNotFound) return info.error();
  return info.ok() && info->inode == inode_;
}

void LogArchiveWriter::Note(const LogPiece& piece) {
  ++pieces_;
  Collected& collected = collected_[{piece.container, piece.identity}];
  if (collected.name.empty()) collected.name = piece.name;
  collected.end = std::max(collected.end, piece.position + piece.length);
}

void LogArchiveWriter::Forget(const std::function<bool(const ContainerId&, uint64_t)>& keep) {
  std::erase_if(collected_,
                [&](const auto& entry) { return !keep(entry.first.first, entry.first.second); });
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
  WEIR_RETURN_IF_ERROR(Write(EncodePiece(piece, bytes)));
  Note(piece);
  return {};
}

Status LogArchiveWriter::Sync() {
  if (!unsynced_) return {};
  WEIR_RETURN_IF_ERROR(file_->Sync());
  unsynced_ = false;
  return {};
}

std::optional<std::string> LogArchiveWriter::MakeIndex() const {
  if (pieces_ > static_cast<int64_t>(kIndexEntriesMax)) return std::nullopt;
  const auto file = platform::OpenRegularFile(path_);
  if (!file.ok()) return std::nullopt;
  std::vector<IndexEntry> entries;
  ScanBlocks(file->fd.get(), size_, nullptr, [&](IndexEntry entry) {
    entries.push_back(std::move(entry));
  });
  return EncodeIndex(entries);
}

Status LogArchiveWriter::Finish() {
  if (has_index_) return {};
  const auto index = MakeIndex();
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
