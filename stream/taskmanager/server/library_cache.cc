#include "stream/taskmanager/server/library_cache.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "common/limits.h"
#include "common/strings.h"
#include "platform/crypto.h"

namespace weir::stream::taskmanager {
namespace {

constexpr size_t kSha256Digits = 64;

Error Differs(const std::string& sha256, const std::string& what) {
  return Error{ErrorCode::kCorruption,
               "job library " + sha256 + " from the JobManager: " + what,
               "submit the job again"};
}

}  // namespace

LibraryCache::LibraryCache(platform::FileSystem& files, std::string directory, Fetch fetch)
    : files_(files), directory_(std::move(directory)), fetch_(std::move(fetch)) {}

Result<JobLibrary> LibraryCache::Get(const std::string& sha256, int64_t size) {
  const auto known = loaded_.find(sha256);
  if (known != loaded_.end()) return known->second;
  // The hash becomes a file name.
  if (sha256.size() != kSha256Digits || !HexDecode(sha256)) return Differs(sha256, "not a hash");
  if (size < 1 || size > limits::kStagedFileBytes) {
    return Differs(sha256, "a size of " + std::to_string(size) + " bytes");
  }
  WEIR_RETURN_IF_ERROR(files_.MakeDirectories(directory_, 0700));
  const std::string path = directory_ + "/" + sha256 + ".so";
  const Status downloaded = Download(sha256, size, path);
  if (!downloaded.ok()) {
    static_cast<void>(files_.Remove(path));  // of what is useless; the first error counts
    return downloaded.error();
  }
  WEIR_ASSIGN_OR_RETURN(JobLibrary library, JobLibrary::Load(path));
  return loaded_.emplace(sha256, std::move(library)).first->second;
}

Status LibraryCache::Download(const std::string& sha256, int64_t size, const std::string& path) {
  WEIR_RETURN_IF_ERROR(files_.Remove(path));
  WEIR_ASSIGN_OR_RETURN(const std::unique_ptr<platform::WritableFile> file,
                        files_.Create(path, 0600));
  platform::Sha256Stream hash;
  for (int64_t offset = 0; offset < size;) {
    const auto length = static_cast<int32_t>(std::min<int64_t>(kPieceBytes, size - offset));
    WEIR_ASSIGN_OR_RETURN(const std::string piece, fetch_(sha256, offset, length));
    if (piece.empty() || piece.size() > static_cast<size_t>(length)) {
      return Differs(sha256,
                     "a piece of " + std::to_string(piece.size()) + " bytes at " +
                         std::to_string(offset) + " of " + std::to_string(size));
    }
    hash.Update(piece);
    WEIR_RETURN_IF_ERROR(file->Append(piece));
    offset += static_cast<int64_t>(piece.size());
  }
  WEIR_RETURN_IF_ERROR(file->Close());
  if (hash.FinishHex() == ToLower(sha256)) return {};
  return Differs(sha256, "its content has another hash");
}

}  // namespace weir::stream::taskmanager
