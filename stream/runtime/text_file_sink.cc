#include "stream/runtime/text_file_sink.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "stream/graph/part_files.h"

namespace weir::stream {
namespace {

using platform::FileSystem;
using platform::MutexLock;

std::string DirectoryOf(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

Error Wrap(const std::string& what, const Error& error) {
  return Error{error.code, what + ": " + error.message, error.remedy};
}

Status CheckDirectory(FileSystem& files, const std::string& directory) {
  const auto info = files.Stat(directory);
  if (info.ok() && !info->is_directory) {
    return Error{ErrorCode::kFailedPrecondition,
                 "output " + directory + " is not a directory",
                 "give another path"};
  }
  WEIR_RETURN_IF_ERROR(files.MakeDirectories(directory, 0755));
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(directory));
  for (const std::string& name : names) {
    if (!name.starts_with(kPartPrefix)) continue;
    return Error{ErrorCode::kFailedPrecondition,
                 "output directory " + directory + " already has results (" + name + ")",
                 "give a new directory, or remove the old results"};
  }
  return {};
}

// Both are there, and they are one file.
bool IsPublished(FileSystem& files, const PendingFile& file) {
  const auto pending = files.Stat(file.in_progress);
  const auto final = files.Stat(file.final);
  return pending.ok() && final.ok() && pending->device == final->device &&
         pending->inode == final->inode;
}

Error NameTaken(const PendingFile& file) {
  return {ErrorCode::kAlreadyExists,
          "cannot publish " + file.final + ": another file has this name",
          "give each job its own output directory"};
}

Status PublishByRename(FileSystem& files, const PendingFile& file) {
  if (files.Stat(file.final).ok()) return NameTaken(file);
  const Status renamed = files.Rename(file.in_progress, file.final);
  if (!renamed.ok()) return Wrap("cannot publish " + file.final, renamed.error());
  return {};
}

Status Publish(FileSystem& files, const PendingFile& file) {
  const Status linked = files.HardLink(file.in_progress, file.final);
  if (linked.ok()) return {};
  const ErrorCode code = linked.error().code;
  if (code == ErrorCode::kFailedPrecondition) return PublishByRename(files, file);
  if (code != ErrorCode::kAlreadyExists) {
    return Wrap("cannot publish " + file.final, linked.error());
  }
  if (IsPublished(files, file)) return {};
  return NameTaken(file);
}

}  // namespace

Status CommitFile(FileSystem& files, const PendingFile& file) {
  const auto pending = files.Stat(file.in_progress);
  if (!pending.ok()) {
    Status hidden = pending.error();
    const bool absent = pending.error().code == ErrorCode::kNotFound;
    if (absent && file.unnamed != nullptr) {
      hidden = file.unnamed->GiveName();
    } else if (absent && files.Stat(file.final).ok()) {
      return {};  // renamed by an earlier call
    }
    if (!hidden.ok()) return Wrap("cannot publish " + file.final, hidden.error());
  }
  WEIR_RETURN_IF_ERROR(Publish(files, file));
  return files.SyncDirectory(DirectoryOf(file.final));
}

Status DiscardFile(FileSystem& files, const PendingFile& file) {
  return files.Remove(file.in_progress);
}

// --- TextFileSink

Result<std::unique_ptr<TextFileSink>> TextFileSink::Open(FileSystem& files,
                                                         TaskContext& context,
                                                         const TextFileSinkOptions& options) {
  WEIR_RETURN_IF_ERROR(CheckDirectory(files, options.directory));
  PendingFile pending;
  pending.in_progress =
      options.directory + "/" + HiddenPartName(options.job, options.subtask, options.execution);
  pending.final = options.directory + "/" + PartName(options.subtask);
  std::unique_ptr<TextFileSink> sink(new TextFileSink(files, context, std::move(pending)));
  WEIR_RETURN_IF_ERROR(sink->Create());
  sink->buffer_.reserve(kWriteBytes + 4096);
  return sink;
}

Status TextFileSink::Create() {
  auto unnamed = files_.CreateUnnamed(pending_.in_progress, 0644);
  if (unnamed.ok()) {
    pending_.unnamed = std::move(unnamed).value();
    file_ = pending_.unnamed;
    return {};
  }
  if (unnamed.error().code != ErrorCode::kFailedPrecondition) return unnamed.error();
  WEIR_ASSIGN_OR_RETURN(file_, files_.Create(pending_.in_progress, 0644));
  return {};
}

void TextFileSink::Append(std::string_view line) {
  if (context_.stopped()) return;
  buffer_ += line;
  buffer_ += '\n';
  ++lines_;
  if (buffer_.size() < kWriteBytes) return;
  const Status written = Write();
  if (!written.ok()) context_.Fail(written.error().ToString());
}

Status TextFileSink::Write() {
  const Status written = file_->Append(buffer_);
  if (!written.ok()) return Wrap("cannot write output", written.error());
  RecordCounters::Add(context_.counters().records_out, lines_);
  RecordCounters::Add(context_.counters().bytes_out, static_cast<int64_t>(buffer_.size()));
  lines_ = 0;
  buffer_.clear();
  return {};
}

Status TextFileSink::Close() {
  WEIR_RETURN_IF_ERROR(Write());
  Status synced = file_->Sync();
  // One without a name is open until it has one. What a late close could say, the sync has said.
  const Status closed = pending_.unnamed == nullptr ? file_->Close() : Status();
  file_ = nullptr;
  if (synced.ok()) synced = closed;
  if (synced.ok()) return {};
  return Wrap("cannot write output", synced.error());
}

void TextFileSink::Abandon() {
  // The file goes away: what closing it or removing it says changes nothing for the job, and a
  // remainder is hidden and named after this execution.
  if (file_ != nullptr) static_cast<void>(file_->Close());
  file_ = nullptr;
  pending_.unnamed = nullptr;
  static_cast<void>(DiscardFile(files_, pending_));
}

// --- printing

Status PrintTarget::Write(std::string_view lines) {
  MutexLock lock(mutex_);
  while (!lines.empty()) {
    const ssize_t count = write(fd_, lines.data(), lines.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return Error{errno == ENOSPC ? ErrorCode::kResourceExhausted : ErrorCode::kUnavailable,
                   std::string("cannot print to standard output: ") + std::strerror(errno),
                   ""};
    }
    lines.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

PrintSink::PrintSink(PrintTarget& target, TaskContext& context)
    : target_(target), context_(context) {
  if (context.parallelism() > 1) prefix_ = std::to_string(context.subtask() + 1) + "> ";
}

void PrintSink::Append(std::string_view line) {
  if (context_.stopped()) return;
  buffer_ += prefix_;
  buffer_ += line;
  buffer_ += '\n';
  ++lines_;
  if (buffer_.size() >= kWriteBytes) Flush();
}

void PrintSink::Flush() {
  const Status written = Write();
  if (!written.ok()) context_.Fail(written.error().ToString());
}

Status PrintSink::Write() {
  if (buffer_.empty()) return {};
  WEIR_RETURN_IF_ERROR(target_.Write(buffer_));
  RecordCounters::Add(context_.counters().records_out, lines_);
  RecordCounters::Add(context_.counters().bytes_out, static_cast<int64_t>(buffer_.size()));
  lines_ = 0;
  buffer_.clear();
  return {};
}

Status PrintSink::Close() {
  return Write();
}

}  // namespace weir::stream
