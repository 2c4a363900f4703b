#include "nodemanager/executor/resource_fetch.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "nodemanager/executor/archive_extractor.h"
#include "platform/clock.h"

namespace weir::nm {
namespace {

constexpr int kFileMode = 0555;
constexpr int kTries = 5;  // of a source that cannot be reached
constexpr Duration kFirstPause = milliseconds(200);
constexpr Duration kLongestPause = seconds(2);
constexpr int kTreeMode = 0755;
constexpr int kInfoMode = 0444;
constexpr int64_t kInfoLimit = 4096;
constexpr char kInfo[] = "/info";
constexpr char kBootId[] = "/proc/sys/kernel/random/boot_id";

Status Download(platform::FileSystem& files, const FetchJob& job, const std::string& path) {
  auto file = files.Create(path, kFileMode);
  if (!file.ok()) return OwnFault(std::move(file).error());
  ContentSink sink(job.resource, job.progress, std::move(file).value());
  WEIR_RETURN_IF_ERROR(ReadContent(job.resource, job.access, job.patience, job.progress, sink));
  // What is unpacked and removed need not reach the device.
  return sink.Finish(job.resource.type == LocalResourceType::kFile);
}

Status DownloadPatiently(platform::FileSystem& files,
                         const FetchJob& job,
                         const std::string& path) {
  const Instant deadline = platform::MonotonicNow() + job.patience.staging;
  Duration pause = kFirstPause;
  for (int tries = 1;; ++tries) {
    Status status = Download(files, job, path);
    if (status.ok() || !MayPass(job.resource, status.error())) return status;
    const bool more = IsStaged(job.resource) ? platform::MonotonicNow() < deadline : tries < kTries;
    if (!more) return status;
    if (!job.pause(std::exchange(pause, std::min(pause * 2, kLongestPause)))) {
      return Error{ErrorCode::kAborted, "fetching " + job.resource.uri + " was called off", ""};
    }
    job.progress.bytes = 0;
  }
}

// Of a tree of so many entries and bytes, written in this run of the machine.
Result<std::string> InfoOf(platform::FileSystem& files, const Extracted& tree) {
  WEIR_ASSIGN_OR_RETURN(const std::string boot, files.ReadFile(kBootId, kInfoLimit));
  return std::to_string(tree.entries) + " " + std::to_string(tree.bytes) + " " + boot;
}

Result<int64_t> Unpack(platform::FileSystem& files,
                       const FetchJob& job,
                       const std::string& archive,
                       const std::string& beside) {
  WEIR_RETURN_IF_ERROR(files.MakeDirectories(beside, kTreeMode));
  WEIR_ASSIGN_OR_RETURN(const Extracted tree,
                        ExtractArchive(files,
                                       {.archive = archive,
                                        .directory = beside + kContent,
                                        .called_off = job.progress.called_off,
                                        .limits = job.limits,
                                        .protections = {}}));
  WEIR_ASSIGN_OR_RETURN(const std::string info, InfoOf(files, tree));
  WEIR_ASSIGN_OR_RETURN(const auto file, files.Create(beside + kInfo, kInfoMode));
  WEIR_RETURN_IF_ERROR(file->Append(info));
  WEIR_RETURN_IF_ERROR(file->Close());
  WEIR_RETURN_IF_ERROR(files.Rename(beside, job.path));
  return tree.bytes;
}

Result<int64_t> FetchArchive(platform::FileSystem& files, const FetchJob& job) {
  const std::string name = job.path + "." + std::to_string(job.number);
  const std::string archive = name + ".archive" + kUnfinished;
  const std::string beside = name + kUnfinished;
  Result<int64_t> bytes = 0;
  if (Status status = DownloadPatiently(files, job, archive); status.ok()) {
    bytes = Unpack(files, job, archive, beside);
    if (!bytes.ok()) bytes = OwnFault(std::move(bytes).error());
  } else {
    bytes = std::move(status).error();
  }
  // Removals that fail leave what the next start takes.
  static_cast<void>(files.Remove(archive).ok());
  if (!bytes.ok()) static_cast<void>(files.RemoveTree(beside).ok());
  return bytes;
}

}  // namespace

std::optional<int64_t> MeasureTree(platform::FileSystem& files, const std::string& path) {
  const auto info = files.ReadFile(path + kInfo, kInfoLimit);
  if (!info.ok()) return std::nullopt;
  namespace fs = std::filesystem;
  std::error_code failed;
  Extracted tree;
  for (auto it = fs::recursive_directory_iterator(path + kContent, failed);
       !failed && it != fs::recursive_directory_iterator();
       it.increment(failed)) {
    ++tree.entries;
    if (it->symlink_status(failed).type() == fs::file_type::regular) {
      tree.bytes += static_cast<int64_t>(it->file_size(failed));
    }
  }
  if (failed) return std::nullopt;
  const auto expected = InfoOf(files, tree);
  if (!expected.ok() || *expected != *info) return std::nullopt;
  return tree.bytes;
}

Error ExplainFetch(const LocalResource& resource, const std::string& path, Error error) {
  if (error.code == ErrorCode::kResourceExhausted &&
      error.message.find("disk full") == std::string::npos) {
    error.message = "disk full while fetching to " + path + ": " + error.message;
    error.remedy = "free space there, or give the node another local directory";
  }
  if (!error.message.starts_with(resource.uri)) error.message = resource.uri + ": " + error.message;
  return error;
}

Result<int64_t> FetchResource(platform::FileSystem& files, const FetchJob& job) {
  if (job.resource.type == LocalResourceType::kArchive) {
    Result<int64_t> bytes = FetchArchive(files, job);
    if (bytes.ok()) return bytes;
    return ExplainFetch(job.resource, job.path, std::move(bytes).error());
  }
  const std::string beside = job.path + "." + std::to_string(job.number) + kUnfinished;
  Status status = DownloadPatiently(files, job, beside);
  if (status.ok()) status = OwnFault(files.Rename(beside, job.path));
  if (status.ok()) status = OwnFault(files.SyncDirectory(job.path.substr(0, job.path.rfind('/'))));
  if (status.ok()) return job.resource.size;
  // A removal that fails leaves a file that the next start takes.
  static_cast<void>(files.Remove(beside).ok());
  return ExplainFetch(job.resource, job.path, std::move(status).error());
}

}  // namespace weir::nm
