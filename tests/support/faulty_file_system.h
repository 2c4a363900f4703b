// FaultyFileSystem: a FileSystem that fails where a test says, and else passes everything on.
//
// Every call counts, those of the files it made too (Append, Sync, Close and GiveName under the
// file's path).
// A failed call changes nothing. Thread-safe.
#ifndef WEIR_TESTS_SUPPORT_FAULTY_FILE_SYSTEM_H_
#define WEIR_TESTS_SUPPORT_FAULTY_FILE_SYSTEM_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform/file_system.h"
#include "platform/mutex.h"

namespace weir::testing {

class FaultyFileSystem : public platform::FileSystem {
 public:
  explicit FaultyFileSystem(platform::FileSystem& base);  // must outlive this and its files

  // The n-th call from now on (1 = the next) fails, those after it do not.
  void FailCall(int64_t n, Error error);
  // From the n-th call on everything fails, as if the process had died there.
  void FailFromCall(int64_t n, Error error);
  // Every call whose path contains `text` fails, until Heal.
  void FailPaths(std::string text, Error error);
  void Heal();

  int64_t calls() const;
  // "Append /path" of every call, in order.
  std::vector<std::string> log() const;

  // Counts one call. The error, if it is to fail.
  Status Check(const char* call, const std::string& path);

  Result<std::unique_ptr<platform::WritableFile>> Create(const std::string& path,
                                                         int mode) override;
  Result<std::unique_ptr<platform::UnnamedFile>> CreateUnnamed(const std::string& path,
                                                               int mode) override;
  Result<std::unique_ptr<platform::WritableFile>> OpenForAppending(const std::string& path,
                                                                   int mode) override;
  Status Truncate(const std::string& path, int64_t size) override;
  Result<std::string> ReadFile(const std::string& path, int64_t limit) override;
  Result<platform::FileInfo> Stat(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& path) override;
  Status MakeDirectories(const std::string& path, int mode) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status RemoveTree(const std::string& path) override;
  Status HardLink(const std::string& from, const std::string& to) override;
  Status Link(const std::string& from, const std::string& to) override;
  Status SyncDirectory(const std::string& path) override;
  Status MakeSymbolicLink(const std::string& target, const std::string& path) override;
  Status SetMode(const std::string& path, int mode) override;
  Result<int64_t> FreeBytes(const std::string& path) override;

 private:
  struct Fault {
    int64_t from = 0;  // calls, counted from 1
    int64_t to = 0;
    std::string path_part;  // "" = any
    Error error;
  };

  platform::FileSystem& base_;
  mutable platform::Mutex mutex_;
  std::vector<Fault> faults_ WEIR_GUARDED_BY(mutex_);
  std::vector<std::string> log_ WEIR_GUARDED_BY(mutex_);
};

// What a full disk says.
Error DiskFull();

}  // namespace weir::testing

#endif  // WEIR_TESTS_SUPPORT_FAULTY_FILE_SYSTEM_H_
