// BlobStore: job libraries by their content's SHA-256, in a directory of the JobManager's
// container.
//
// A blob is uploaded in pieces, in order; it becomes visible, by rename, when it is whole and its
// hash is right. Bounded: bytes of one blob (limits::kStagedFileBytes), bytes in all, uploads under
// way (the one untouched longest is dropped for a new one).
//
// Single-threaded: owned by the thread that does the JobManager's file work.
#ifndef WEIR_STREAM_JOBMANAGER_SERVER_BLOB_STORE_H_
#define WEIR_STREAM_JOBMANAGER_SERVER_BLOB_STORE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "common/result.h"
#include "platform/crypto.h"
#include "platform/file_system.h"

namespace weir::stream {

class BlobStore {
 public:
  struct Limits {
    int64_t blob_bytes = int64_t{2} << 30;
    int64_t total_bytes = int64_t{8} << 30;
    size_t uploads = 16;
  };

  BlobStore(platform::FileSystem& files, std::string directory, Limits limits);
  BlobStore(platform::FileSystem& files, std::string directory)
      : BlobStore(files, std::move(directory), Limits()) {}

  // The piece at `offset` of a blob of `size` bytes; true when the blob is whole. A piece that is
  // known already is taken as a repetition. kInvalidArgument: not a hash, a size or offset out of
  // range, a whole blob with another hash; kFailedPrecondition: a gap; kResourceExhausted.
  Result<bool> Upload(const std::string& sha256,
                      int64_t size,
                      int64_t offset,
                      std::string_view data);
  // A file of this machine as a blob; gives its hash. Errors of reading it.
  struct Added {
    std::string sha256;
    int64_t size = 0;
  };
  Result<Added> AddFile(const std::string& path);

  // Bytes of a blob; kNotFound.
  Result<int64_t> SizeOf(const std::string& sha256) const;
  // At most `length` bytes from `offset`; empty at its end. kNotFound, kInvalidArgument.
  Result<std::string> Read(const std::string& sha256, int64_t offset, int64_t length) const;

 private:
  struct UploadState {
    std::unique_ptr<platform::WritableFile> file;
    platform::Sha256Stream hash;
    int64_t size = 0;
    int64_t received = 0;
    uint64_t last_used = 0;
  };

  std::string PathOf(const std::string& sha256) const { return directory_ + "/" + sha256; }
  Result<UploadState*> Begin(const std::string& sha256, int64_t size);
  Status Complete(const std::string& sha256, UploadState& upload);
  void Drop(const std::string& sha256);
  int64_t BytesHeld() const;

  platform::FileSystem& files_;
  const std::string directory_;
  const Limits limits_;
  std::map<std::string, int64_t> sizes_;  // of whole blobs
  std::map<std::string, UploadState> uploads_;
  uint64_t uses_ = 0;
};

}  // namespace weir::stream

#endif  // WEIR_STREAM_JOBMANAGER_SERVER_BLOB_STORE_H_
