// StagingStore: the uploaded files of applications, named by the SHA-256 of their content.
//
// Terms: a file *lands* when its upload is whole and its hash is the one it was announced under; an
// application *refers* to the files its submission names; a submission in flight *pins* them. A
// file goes when the last application that refers to it has ended, or when nobody has claimed it
// within kUnclaimedLife of its upload.
//
// Invariants: <directory>/<sha256> holds exactly the bytes of that hash, whole; the sum of the
// sizes is at most `max_bytes`; a file that is referred to or pinned is never deleted.
//
// Owner: the daemon. Thread-safe; methods marked "blocks" touch the disk and belong on the files
// loop.
#ifndef WEIR_RESOURCEMANAGER_SERVER_STAGING_STORE_H_
#define WEIR_RESOURCEMANAGER_SERVER_STAGING_STORE_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/container.h"
#include "common/ids.h"
#include "common/result.h"
#include "common/time.h"
#include "platform/file_system.h"
#include "platform/mutex.h"

namespace weir::rm {

// The hashes of the "staging:" resources of a launch, sorted, each once.
std::vector<std::string> StagedFilesOf(const LaunchContext& launch);
// 64 lower-case hexadecimal digits.
bool IsSha256(std::string_view text);

// Which staged files the applications need that have not ended. Value.
class StagedReferences {
 public:
  // Sorted, each once; none: it does not need any, or has ended.
  void Set(const ApplicationId& application, const std::vector<std::string>& sha256);

 private:
  friend class StagingStore;
  std::map<ApplicationId, std::set<std::string>> of_applications_;
  std::map<std::string, int> referrers_;  // hash -> applications
};

class StagingStore {
 public:
  static constexpr seconds kUnclaimedLife{3600};

  struct Upload {
    std::string announced_sha256;  // from the path
    std::string actual_sha256;     // of the bytes that came
    std::string file;              // in incoming_directory(); moved away when it lands
    int64_t size = 0;
  };

  StagingStore(platform::FileSystem& files, std::string directory, int64_t max_bytes);

  // Makes the directories, drops half uploads, and takes up the files that are there. Blocks.
  Status Open();
  std::string incoming_directory() const { return directory_ + "/incoming"; }

  // Blocks. An upload of a file that is there already succeeds and renews its life.
  // kInvalidArgument: the announced name is no hash, or not the hash of the bytes (both are named);
  // kResourceExhausted: the store would grow over its bound.
  Status Land(const Upload& upload, WallTime now);
  // Where the bytes are. kNotFound.
  Result<std::string> PathOf(const std::string& sha256) const;
  const std::string& directory() const { return directory_; }
  bool RefersTo(const ApplicationId& application, const std::string& sha256) const;

  // For a submission in flight: the files cannot go until Unpin. kFailedPrecondition names the
  // first file that is not there; nothing is pinned then.
  Status Pin(const std::vector<std::string>& sha256);
  void Unpin(const std::vector<std::string>& sha256);
  // Those of recovery, in time that depends on the files and not on the applications: in place of
  // all that there were. Also of files that are not there: they may come again.
  void UseReferences(StagedReferences references);
  // The applications that refer to files which are not there, each with these. It takes long only
  // if there are any.
  std::vector<std::pair<ApplicationId, std::vector<std::string>>> Lacking() const;
  void AddReferences(const ApplicationId& application, const std::vector<std::string>& sha256);

  // The application is over: deletes what only it referred to. Blocks.
  void Forget(const ApplicationId& application);
  // Deletes files that nobody claimed in time. Blocks. Returns how many.
  size_t Sweep(WallTime now);

  struct Totals {
    int64_t bytes = 0;
    size_t files = 0;
  };
  Totals totals() const;

 private:
  struct File {
    int64_t size = 0;
    WallTime uploaded;
    bool claimed = false;  // an application has referred to it since its last upload
    int pins = 0;
  };

  bool IsFree(const std::string& sha256, const File& file) const WEIR_REQUIRES(mutex_);
  // Moves the file out of its name, so that no Pin or Land can come between; its bytes are freed
  // by EmptyTrash, which needs no lock.
  void Discard(const std::string& sha256, std::vector<std::string>& trash) WEIR_REQUIRES(mutex_);
  void EmptyTrash(const std::vector<std::string>& trash) WEIR_EXCLUDES(mutex_);
  std::string FilePath(const std::string& sha256) const { return directory_ + "/" + sha256; }

  platform::FileSystem& files_;
  const std::string directory_;
  const int64_t max_bytes_;
  mutable platform::Mutex mutex_;
  std::map<std::string, File> present_ WEIR_GUARDED_BY(mutex_);
  StagedReferences references_ WEIR_GUARDED_BY(mutex_);
  int64_t bytes_ WEIR_GUARDED_BY(mutex_) = 0;
  int64_t discarded_ WEIR_GUARDED_BY(mutex_) = 0;  // names the files in the trash
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_STAGING_STORE_H_
