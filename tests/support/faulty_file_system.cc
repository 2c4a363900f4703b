#include "tests/support/faulty_file_system.h"

#include <limits>
#include <utility>

namespace weir::testing {
namespace {

using platform::FileInfo;
using platform::UnnamedFile;
using platform::WritableFile;

// File: WritableFile or UnnamedFile.
template <typename File>
class FaultyFile : public File {
 public:
  FaultyFile(FaultyFileSystem& files, std::string path, std::unique_ptr<File> base)
      : files_(files), path_(std::move(path)), base_(std::move(base)) {}

  Status Append(std::string_view bytes) override {
    WEIR_RETURN_IF_ERROR(files_.Check("Append", path_));
    return base_->Append(bytes);
  }
  Status Sync() override {
    WEIR_RETURN_IF_ERROR(files_.Check("Sync", path_));
    return base_->Sync();
  }
  Status Close() override {
    // A close that fails has closed the file all the same.
    Status status = files_.Check("Close", path_);
    Status closed = base_->Close();
    return status.ok() ? closed : status;
  }

 protected:
  FaultyFileSystem& files_;
  const std::string path_;
  const std::unique_ptr<File> base_;
};

class FaultyUnnamedFile final : public FaultyFile<UnnamedFile> {
 public:
  using FaultyFile::FaultyFile;
  Status GiveName() override {
    WEIR_RETURN_IF_ERROR(files_.Check("GiveName", path_));
    return base_->GiveName();
  }
};

}  // namespace

FaultyFileSystem::FaultyFileSystem(platform::FileSystem& base) : base_(base) {}

void FaultyFileSystem::FailCall(int64_t n, Error error) {
  platform::MutexLock lock(mutex_);
  const int64_t call = static_cast<int64_t>(log_.size()) + n;
  faults_.push_back({call, call, "", std::move(error)});
}

void FaultyFileSystem::FailFromCall(int64_t n, Error error) {
  platform::MutexLock lock(mutex_);
  const int64_t call = static_cast<int64_t>(log_.size()) + n;
  faults_.push_back({call, std::numeric_limits<int64_t>::max(), "", std::move(error)});
}

void FaultyFileSystem::FailPaths(std::string text, Error error) {
  platform::MutexLock lock(mutex_);
  faults_.push_back({0, std::numeric_limits<int64_t>::max(), std::move(text), std::move(error)});
}

void FaultyFileSystem::Heal() {
  platform::MutexLock lock(mutex_);
  faults_.clear();
}

int64_t FaultyFileSystem::calls() const {
  platform::MutexLock lock(mutex_);
  return static_cast<int64_t>(log_.size());
}

std::vector<std::string> FaultyFileSystem::log() const {
  platform::MutexLock lock(mutex_);
  return log_;
}

Status FaultyFileSystem::Check(const char* call, const std::string& path) {
  platform::MutexLock lock(mutex_);
  log_.push_back(std::string(call) + " " + path);
  const auto number = static_cast<int64_t>(log_.size());
  for (const Fault& fault : faults_) {
    const bool path_matches = path.find(fault.path_part) != std::string::npos;
    if (number < fault.from || number > fault.to || !path_matches) continue;
    Error error = fault.error;
    error.message = std::string(call) + " " + path + ": " + error.message;
    return error;
  }
  return {};
}

Result<std::unique_ptr<WritableFile>> FaultyFileSystem::Create(const std::string& path, int mode) {
  WEIR_RETURN_IF_ERROR(Check("Create", path));
  WEIR_ASSIGN_OR_RETURN(auto file, base_.Create(path, mode));
  return std::unique_ptr<WritableFile>(
      std::make_unique<FaultyFile<WritableFile>>(*this, path, std::move(file)));
}

Result<std::unique_ptr<UnnamedFile>> FaultyFileSystem::CreateUnnamed(const std::string& path,
                                                                     int mode) {
  WEIR_RETURN_IF_ERROR(Check("CreateUnnamed", path));
  WEIR_ASSIGN_OR_RETURN(auto file, base_.CreateUnnamed(path, mode));
  return std::unique_ptr<UnnamedFile>(
      std::make_unique<FaultyUnnamedFile>(*this, path, std::move(file)));
}

Result<std::unique_ptr<WritableFile>> FaultyFileSystem::OpenForAppending(const std::string& path,
                                                                         int mode) {
  WEIR_RETURN_IF_ERROR(Check("OpenForAppending", path));
  WEIR_ASSIGN_OR_RETURN(auto file, base_.OpenForAppending(path, mode));
  return std::unique_ptr<WritableFile>(
      std::make_unique<FaultyFile<WritableFile>>(*this, path, std::move(file)));
}

Status FaultyFileSystem::Truncate(const std::string& path, int64_t size) {
  WEIR_RETURN_IF_ERROR(Check("Truncate", path));
  return base_.Truncate(path, size);
}

Result<std::string> FaultyFileSystem::ReadFile(const std::string& path, int64_t limit) {
  WEIR_RETURN_IF_ERROR(Check("ReadFile", path));
  return base_.ReadFile(path, limit);
}

Result<FileInfo> FaultyFileSystem::Stat(const std::string& path) {
  WEIR_RETURN_IF_ERROR(Check("Stat", path));
  return base_.Stat(path);
}

Result<std::vector<std::string>> FaultyFileSystem::List(const std::string& path) {
  WEIR_RETURN_IF_ERROR(Check("List", path));
  return base_.List(path);
}

Status FaultyFileSystem::MakeDirectories(const std::string& path, int mode) {
  WEIR_RETURN_IF_ERROR(Check("MakeDirectories", path));
  return base_.MakeDirectories(path, mode);
}

Status FaultyFileSystem::Rename(const std::string& from, const std::string& to) {
  WEIR_RETURN_IF_ERROR(Check("Rename", from + " to " + to));
  return base_.Rename(from, to);
}

Status FaultyFileSystem::Remove(const std::string& path) {
  WEIR_RETURN_IF_ERROR(Check("Remove", path));
  return base_.Remove(path);
}

Status FaultyFileSystem::RemoveTree(const std::string& path) {
  WEIR_RETURN_IF_ERROR(Check("RemoveTree", path));
  return base_.RemoveTree(path);
}

Status FaultyFileSystem::HardLink(const std::string& from, const std::string& to) {
  WEIR_RETURN_IF_ERROR(Check("HardLink", from + " to " + to));
  return base_.HardLink(from, to);
}

Status FaultyFileSystem::Link(const std::string& from, const std::string& to) {
  WEIR_RETURN_IF_ERROR(Check("Link", from + " to " + to));
  return base_.Link(from, to);
}

Status FaultyFileSystem::SyncDirectory(const std::string& path) {
  WEIR_RETURN_IF_ERROR(Check("SyncDirectory", path));
  return base_.SyncDirectory(path);
}

Status FaultyFileSystem::MakeSymbolicLink(const std::string& target, const std::string& path) {
  WEIR_RETURN_IF_ERROR(Check("MakeSymbolicLink", path));
  return base_.MakeSymbolicLink(target, path);
}

Status FaultyFileSystem::SetMode(const std::string& path, int mode) {
  WEIR_RETURN_IF_ERROR(Check("SetMode", path));
  return base_.SetMode(path, mode);
}

Result<int64_t> FaultyFileSystem::FreeBytes(const std::string& path) {
  WEIR_RETURN_IF_ERROR(Check("FreeBytes", path));
  return base_.FreeBytes(path);
}

Error DiskFull() {
  return {ErrorCode::kResourceExhausted, "No space left on device", ""};
}

}  // namespace weir::testing
