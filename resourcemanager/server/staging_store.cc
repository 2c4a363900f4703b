#include "resourcemanager/server/staging_store.h"

#include <algorithm>
#include <utility>

#include "platform/log.h"

namespace weir::rm {
namespace {

using platform::MutexLock;

constexpr std::string_view kScheme = "staging:";

Error NotAHash(const std::string& text) {
  return {ErrorCode::kInvalidArgument,
          "'" + text + "' is not the name of a staged file",
          "use the SHA-256 of its bytes, 64 lower-case hexadecimal digits"};
}

Error HashDiffers(const StagingStore::Upload& upload) {
  return {ErrorCode::kInvalidArgument,
          "the upload to /staging/" + upload.announced_sha256 + " has the SHA-256 " +
              upload.actual_sha256 + " (" + std::to_string(upload.size) + " bytes)",
          "the file changed while it was sent, or was cut: upload it again"};
}

}  // namespace

std::vector<std::string> StagedFilesOf(const LaunchContext& launch) {
  std::set<std::string> found;
  for (const auto& [name, resource] : launch.local_resources) {
    if (resource.uri.starts_with(kScheme)) found.insert(resource.uri.substr(kScheme.size()));
  }
  return {found.begin(), found.end()};
}

bool IsSha256(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

StagingStore::StagingStore(platform::FileSystem& files, std::string directory, int64_t max_bytes)
    : files_(files), directory_(std::move(directory)), max_bytes_(max_bytes) {}

Status StagingStore::Open() {
  WEIR_RETURN_IF_ERROR(files_.MakeDirectories(directory_, 0700));
  WEIR_RETURN_IF_ERROR(files_.RemoveTree(incoming_directory()));
  WEIR_RETURN_IF_ERROR(files_.MakeDirectories(incoming_directory(), 0700));
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(directory_));
  MutexLock lock(mutex_);
  for (const std::string& name : names) {
    if (!IsSha256(name)) continue;
    WEIR_ASSIGN_OR_RETURN(const platform::FileInfo info, files_.Stat(FilePath(name)));
    if (info.is_directory) continue;
    present_[name] = {.size = info.size, .uploaded = WallFromMillis(info.mtime_ms)};
    bytes_ += info.size;
  }
  return {};
}

Status StagingStore::Land(const Upload& upload, WallTime now) {
  const std::string& sha256 = upload.announced_sha256;
  if (!IsSha256(sha256)) return NotAHash(sha256);
  if (sha256 != upload.actual_sha256) return HashDiffers(upload);
  MutexLock lock(mutex_);
  if (const auto found = present_.find(sha256); found != present_.end()) {
    found->second.uploaded = now;
    found->second.claimed = false;
    return {};
  }
  if (upload.size > max_bytes_ - bytes_) {
    return Error{ErrorCode::kResourceExhausted,
                 "staging holds " + std::to_string(bytes_) + " of at most " +
                     std::to_string(max_bytes_) + " bytes; the upload has " +
                     std::to_string(upload.size),
                 "wait until applications end, or raise weir.staging.max-bytes"};
  }
  WEIR_RETURN_IF_ERROR(files_.Rename(upload.file, FilePath(sha256)));
  present_[sha256] = {.size = upload.size, .uploaded = now};
  bytes_ += upload.size;
  return {};
}

Result<std::string> StagingStore::PathOf(const std::string& sha256) const {
  MutexLock lock(mutex_);
  if (!present_.contains(sha256)) {
    return Error{ErrorCode::kNotFound,
                 "no staged file has the SHA-256 '" + sha256 + "'",
                 "upload it with PUT /staging/<sha256>"};
  }
  return FilePath(sha256);
}

bool StagingStore::RefersTo(const ApplicationId& application, const std::string& sha256) const {
  MutexLock lock(mutex_);
  const auto found = references_.of_applications_.find(application);
  return found != references_.of_applications_.end() && found->second.contains(sha256);
}

Status StagingStore::Pin(const std::vector<std::string>& sha256) {
  MutexLock lock(mutex_);
  for (const std::string& name : sha256) {
    if (!present_.contains(name)) {
      return Error{ErrorCode::kFailedPrecondition,
                   "the application refers to staging:" + name + ", which has not been uploaded",
                   "upload it with PUT /staging/<sha256>, then submit again"};
    }
  }
  for (const std::string& name : sha256) ++present_[name].pins;
  return {};
}

void StagingStore::Unpin(const std::vector<std::string>& sha256) {
  MutexLock lock(mutex_);
  for (const std::string& name : sha256) {
    const auto found = present_.find(name);
    if (found != present_.end() && found->second.pins > 0) --found->second.pins;
  }
}

void StagedReferences::Set(const ApplicationId& application,
                           const std::vector<std::string>& sha256) {
  if (const auto known = of_applications_.find(application); known != of_applications_.end()) {
    for (const std::string& name : known->second) {
      if (--referrers_[name] == 0) referrers_.erase(name);
    }
    of_applications_.erase(known);
  }
  if (sha256.empty()) return;
  of_applications_.emplace(application, std::set<std::string>(sha256.begin(), sha256.end()));
  for (const std::string& name : sha256) ++referrers_[name];
}

void StagingStore::UseReferences(StagedReferences references) {
  MutexLock lock(mutex_);
  references_ = std::move(references);
  for (auto& [name, file] : present_) file.claimed = references_.referrers_.contains(name);
}

std::vector<std::pair<ApplicationId, std::vector<std::string>>> StagingStore::Lacking() const {
  MutexLock lock(mutex_);
  std::vector<std::pair<ApplicationId, std::vector<std::string>>> lacking;
  const bool all_there = std::all_of(
      references_.referrers_.begin(), references_.referrers_.end(), [&](const auto& referred) {
        return present_.contains(referred.first);
      });
  if (all_there) return lacking;
  for (const auto& [application, names] : references_.of_applications_) {
    std::vector<std::string> missing;
    for (const std::string& name : names) {
      if (!present_.contains(name)) missing.push_back(name);
    }
    if (!missing.empty()) lacking.emplace_back(application, std::move(missing));
  }
  return lacking;
}

void StagingStore::AddReferences(const ApplicationId& application,
                                 const std::vector<std::string>& sha256) {
  if (sha256.empty()) return;
  MutexLock lock(mutex_);
  std::set<std::string>& referred = references_.of_applications_[application];
  for (const std::string& name : sha256) {
    if (!referred.insert(name).second) continue;
    ++references_.referrers_[name];
    const auto found = present_.find(name);
    if (found != present_.end()) found->second.claimed = true;
  }
}

void StagingStore::Forget(const ApplicationId& application) {
  std::vector<std::string> trash;
  {
    MutexLock lock(mutex_);
    const auto references = references_.of_applications_.find(application);
    if (references == references_.of_applications_.end()) return;
    const std::set<std::string> names = references->second;
    references_.Set(application, {});
    for (const std::string& name : names) {
      if (references_.referrers_.contains(name)) continue;
      const auto found = present_.find(name);
      // Uploaded again since it was last claimed: someone is about to submit with it.
      if (found == present_.end() || !found->second.claimed) continue;
      if (IsFree(name, found->second)) Discard(name, trash);
    }
  }
  EmptyTrash(trash);
}

size_t StagingStore::Sweep(WallTime now) {
  std::vector<std::string> trash;
  {
    MutexLock lock(mutex_);
    std::vector<std::string> stale;
    for (const auto& [name, file] : present_) {
      if (IsFree(name, file) && now - file.uploaded > kUnclaimedLife) stale.push_back(name);
    }
    for (const std::string& name : stale) Discard(name, trash);
  }
  EmptyTrash(trash);
  return trash.size();
}

StagingStore::Totals StagingStore::totals() const {
  MutexLock lock(mutex_);
  return {bytes_, present_.size()};
}

bool StagingStore::IsFree(const std::string& sha256, const File& file) const {
  return file.pins == 0 && !references_.referrers_.contains(sha256);
}

void StagingStore::Discard(const std::string& sha256, std::vector<std::string>& trash) {
  const std::string to = incoming_directory() + "/discarded-" + std::to_string(++discarded_);
  // A file that cannot be moved stays known: its bytes stay counted, the next sweep tries again.
  if (!files_.Rename(FilePath(sha256), to).ok()) return;
  trash.push_back(to);
  const auto found = present_.find(sha256);
  bytes_ -= found->second.size;
  present_.erase(found);
}

void StagingStore::EmptyTrash(const std::vector<std::string>& trash) {
  for (const std::string& path : trash) {
    const Status removed = files_.Remove(path);
    if (removed.ok()) continue;
    platform::LogWarn("rm.staging", path, "cannot delete", {{"error", removed.error().message}});
  }
}

}  // namespace weir::rm
