#include "stream/jobmanager/server/blob_store.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "common/limits.h"
#include "common/strings.h"

namespace weir::stream {
namespace {

bool IsHash(const std::string& text) {
  return text.size() == 64 && HexDecode(text).has_value() && ToLower(text) == text;
}

Error NotAHash(const std::string& text) {
  return {ErrorCode::kInvalidArgument,
          "'" + text.substr(0, 80) + "' is not a SHA-256",
          "give 64 hexadecimal digits in lower case"};
}

std::string PartOf(const std::string& path) {
  return path + ".part";
}

}  // namespace

BlobStore::BlobStore(platform::FileSystem& files, std::string directory, Limits limits)
    : files_(files), directory_(std::move(directory)), limits_(limits) {}

Result<bool> BlobStore::Upload(const std::string& sha256,
                               int64_t size,
                               int64_t offset,
                               std::string_view data) {
  if (!IsHash(sha256)) return NotAHash(sha256);
  if (size <= 0 || size > limits_.blob_bytes || offset < 0 || offset > size ||
      static_cast<int64_t>(data.size()) > size - offset) {
    return Error{ErrorCode::kInvalidArgument,
                 "blob " + sha256 + ": " + std::to_string(data.size()) + " bytes at " +
                     std::to_string(offset) + " of " + std::to_string(size) + " are out of range",
                 "a blob has from 1 to " + std::to_string(limits_.blob_bytes) + " bytes"};
  }
  if (sizes_.contains(sha256)) return true;
  WEIR_ASSIGN_OR_RETURN(UploadState * upload, Begin(sha256, size));
  const int64_t end = offset + static_cast<int64_t>(data.size());
  if (offset > upload->received) {
    return Error{ErrorCode::kFailedPrecondition,
                 "blob " + sha256 + " has " + std::to_string(upload->received) +
                     " bytes; a piece at " + std::to_string(offset) + " leaves a gap",
                 "upload from offset " + std::to_string(upload->received)};
  }
  if (end > upload->received) {
    data.remove_prefix(static_cast<size_t>(upload->received - offset));
    if (Status written = upload->file->Append(data); !written.ok()) {
      Drop(sha256);
      return written.error();
    }
    upload->hash.Update(data);
    upload->received = end;
  }
  if (upload->received < size) return false;
  WEIR_RETURN_IF_ERROR(Complete(sha256, *upload));
  return true;
}

Result<BlobStore::UploadState*> BlobStore::Begin(const std::string& sha256, int64_t size) {
  if (const auto known = uploads_.find(sha256); known != uploads_.end()) {
    if (known->second.size != size) {
      return Error{ErrorCode::kInvalidArgument,
                   "blob " + sha256 + " was begun with " + std::to_string(known->second.size) +
                       " bytes, not " + std::to_string(size),
                   ""};
    }
    known->second.last_used = ++uses_;
    return &known->second;
  }
  if (uploads_.size() >= limits_.uploads) {
    const auto oldest =
        std::min_element(uploads_.begin(), uploads_.end(), [](const auto& a, const auto& b) {
          return a.second.last_used < b.second.last_used;
        });
    Drop(std::string(oldest->first));
  }
  if (BytesHeld() + size > limits_.total_bytes) {
    return Error{
        ErrorCode::kResourceExhausted,
        "the JobManager's blobs may have " + std::to_string(limits_.total_bytes) + " bytes in all",
        "start another session"};
  }
  WEIR_RETURN_IF_ERROR(files_.MakeDirectories(directory_, 0700));
  WEIR_ASSIGN_OR_RETURN(auto file, files_.Create(PartOf(PathOf(sha256)), 0600));
  UploadState& upload = uploads_[sha256];
  upload.file = std::move(file);
  upload.size = size;
  upload.last_used = ++uses_;
  return &upload;
}

Status BlobStore::Complete(const std::string& sha256, UploadState& upload) {
  const std::string found = upload.hash.FinishHex();
  const Status closed = upload.file->Close();
  const int64_t size = upload.size;
  if (!closed.ok() || found != sha256) {
    Drop(sha256);
    if (!closed.ok()) return closed;
    return Error{ErrorCode::kInvalidArgument,
                 "the uploaded blob has the hash " + found + ", not " + sha256,
                 "the file changed while it was uploaded; try again"};
  }
  WEIR_RETURN_IF_ERROR(files_.Rename(PartOf(PathOf(sha256)), PathOf(sha256)));
  uploads_.erase(sha256);
  sizes_.emplace(sha256, size);
  return {};
}

void BlobStore::Drop(const std::string& sha256) {
  uploads_.erase(sha256);
  // What cannot be removed is overwritten by the next upload of the same blob.
  [[maybe_unused]] const Status removed = files_.Remove(PartOf(PathOf(sha256)));
}

int64_t BlobStore::BytesHeld() const {
  int64_t bytes = 0;
  for (const auto& [sha256, size] : sizes_) bytes += size;
  for (const auto& [sha256, upload] : uploads_) bytes += upload.size;
  return bytes;
}

Result<BlobStore::Added> BlobStore::AddFile(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const platform::FileDigest digest, platform::DigestFile(path));
  if (digest.size > limits_.blob_bytes) {
    return Error{ErrorCode::kResourceExhausted, path + " is too large", ""};
  }
  if (!sizes_.contains(digest.sha256)) {
    WEIR_RETURN_IF_ERROR(files_.MakeDirectories(directory_, 0700));
    WEIR_RETURN_IF_ERROR(files_.Link(path, PathOf(digest.sha256)));
    sizes_.emplace(digest.sha256, digest.size);
  }
  return Added{digest.sha256, digest.size};
}

Result<int64_t> BlobStore::SizeOf(const std::string& sha256) const {
  const auto found = sizes_.find(sha256);
  if (found == sizes_.end()) {
    return Error{ErrorCode::kNotFound,
                 "the JobManager has no blob " + sha256.substr(0, 80),
                 "upload it first"};
  }
  return found->second;
}

Result<std::string> BlobStore::Read(const std::string& sha256,
                                    int64_t offset,
                                    int64_t length) const {
  WEIR_ASSIGN_OR_RETURN(const int64_t size, SizeOf(sha256));
  if (offset < 0 || offset > size || length < 0) {
    return Error{ErrorCode::kInvalidArgument,
                 "blob " + sha256 + " has no bytes at " + std::to_string(offset),
                 ""};
  }
  const int64_t most = static_cast<int64_t>(limits::kStringBytes);
  std::string bytes(static_cast<size_t>(std::min({length, size - offset, most})), '\0');
  std::ifstream file(PathOf(sha256), std::ios::binary);
  file.seekg(offset);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file.good()) {
    return Error{ErrorCode::kUnavailable, "cannot read " + PathOf(sha256), "see the disk"};
  }
  return bytes;
}

}  // namespace weir::stream
