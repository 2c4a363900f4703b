// FaultyLevelDbEnv: LevelDB's view of the machine, in which the n-th call fails as a disk does.
//
// Counted are all calls that read, write, make, rename, remove or lock files, those of open files
// too. A write that fails has written half of its bytes, as a disk may leave it. Thread-safe.
#ifndef WEIR_TESTS_SUPPORT_FAULTY_LEVELDB_ENV_H_
#define WEIR_TESTS_SUPPORT_FAULTY_LEVELDB_ENV_H_

#include <leveldb/env.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "platform/mutex.h"

namespace weir::testing {

class FaultyLevelDbEnv : public leveldb::EnvWrapper {
 public:
  FaultyLevelDbEnv() : EnvWrapper(leveldb::Env::Default()) {}

  // The n-th call from now on (1 = the next) fails with that errno / so do all after it.
  void FailCall(int64_t n, int cause) { Fail(n, n, cause); }
  void FailFromCall(int64_t n, int cause) { Fail(n, INT64_MAX, cause); }
  void Heal() { Fail(0, -1, 0); }
  int64_t calls() const {
    platform::MutexLock lock(mutex_);
    return static_cast<int64_t>(log_.size());
  }
  // "Append /path" of every call, in order.
  std::vector<std::string> log() const {
    platform::MutexLock lock(mutex_);
    return log_;
  }

  leveldb::Status Check(const char* call, const std::string& path) {
    platform::MutexLock lock(mutex_);
    log_.push_back(std::string(call) + " " + path);
    const auto number = static_cast<int64_t>(log_.size());
    if (number < from_ || number > to_) return leveldb::Status::OK();
    return leveldb::Status::IOError(path, std::strerror(cause_));
  }

  leveldb::Status NewSequentialFile(const std::string& path,
                                    leveldb::SequentialFile** file) override {
    return Open<Sequential>("open for reading", path, file, [&](leveldb::SequentialFile** base) {
      return target()->NewSequentialFile(path, base);
    });
  }
  leveldb::Status NewRandomAccessFile(const std::string& path,
                                      leveldb::RandomAccessFile** file) override {
    return Open<RandomAccess>("open", path, file, [&](leveldb::RandomAccessFile** base) {
      return target()->NewRandomAccessFile(path, base);
    });
  }
  leveldb::Status NewWritableFile(const std::string& path, leveldb::WritableFile** file) override {
    return Open<Writable>("make", path, file, [&](leveldb::WritableFile** base) {
      return target()->NewWritableFile(path, base);
    });
  }
  leveldb::Status NewAppendableFile(const std::string& path,
                                    leveldb::WritableFile** file) override {
    return Open<Writable>("open for appending", path, file, [&](leveldb::WritableFile** base) {
      return target()->NewAppendableFile(path, base);
    });
  }
  leveldb::Status GetChildren(const std::string& path, std::vector<std::string>* names) override {
    const leveldb::Status status = Check("list", path);
    return status.ok() ? target()->GetChildren(path, names) : status;
  }
  leveldb::Status RemoveFile(const std::string& path) override {
    const leveldb::Status status = Check("remove", path);
    return status.ok() ? target()->RemoveFile(path) : status;
  }
  leveldb::Status RenameFile(const std::string& from, const std::string& to) override {
    const leveldb::Status status = Check("rename", to);
    return status.ok() ? target()->RenameFile(from, to) : status;
  }
  leveldb::Status LockFile(const std::string& path, leveldb::FileLock** lock) override {
    const leveldb::Status status = Check("lock", path);
    return status.ok() ? target()->LockFile(path, lock) : status;
  }

 private:
  // An open file of one of LevelDB's kinds.
  template <typename File>
  class Opened : public File {
   public:
    Opened(FaultyLevelDbEnv& env, std::string path, std::unique_ptr<File> base)
        : env_(env), path_(std::move(path)), base_(std::move(base)) {}

   protected:
    FaultyLevelDbEnv& env_;
    const std::string path_;
    const std::unique_ptr<File> base_;
  };
  class Sequential : public Opened<leveldb::SequentialFile> {
   public:
    using Opened::Opened;
    leveldb::Status Read(size_t n, leveldb::Slice* result, char* scratch) override {
      const leveldb::Status status = env_.Check("read", path_);
      return status.ok() ? base_->Read(n, result, scratch) : status;
    }
    leveldb::Status Skip(uint64_t n) override { return base_->Skip(n); }
  };
  class RandomAccess : public Opened<leveldb::RandomAccessFile> {
   public:
    using Opened::Opened;
    leveldb::Status Read(uint64_t offset,
                         size_t n,
                         leveldb::Slice* result,
                         char* scratch) const override {
      const leveldb::Status status = env_.Check("read", path_);
      return status.ok() ? base_->Read(offset, n, result, scratch) : status;
    }
  };
  class Writable : public Opened<leveldb::WritableFile> {
   public:
    using Opened::Opened;
    leveldb::Status Append(const leveldb::Slice& bytes) override {
      const leveldb::Status status = env_.Check("append", path_);
      if (status.ok()) return base_->Append(bytes);
      static_cast<void>(base_->Append(leveldb::Slice(bytes.data(), bytes.size() / 2)));
      return status;
    }
    leveldb::Status Close() override {
      const leveldb::Status closed = base_->Close();
      const leveldb::Status status = env_.Check("close", path_);
      return status.ok() ? closed : status;
    }
    leveldb::Status Flush() override {
      const leveldb::Status status = env_.Check("flush", path_);
      return status.ok() ? base_->Flush() : status;
    }
    leveldb::Status Sync() override {
      const leveldb::Status status = env_.Check("sync", path_);
      return status.ok() ? base_->Sync() : status;
    }
  };

  template <typename Faulty, typename File, typename Make>
  leveldb::Status Open(const char* call, const std::string& path, File** file, const Make& make) {
    leveldb::Status status = Check(call, path);
    File* base = nullptr;
    if (status.ok()) status = make(&base);
    if (status.ok()) *file = new Faulty(*this, path, std::unique_ptr<File>(base));
    return status;
  }
  void Fail(int64_t from, int64_t to, int cause) {
    platform::MutexLock lock(mutex_);
    const auto done = static_cast<int64_t>(log_.size());
    from_ = done + from;
    to_ = to == INT64_MAX || to < 0 ? to : done + to;
    cause_ = cause;
  }

  mutable platform::Mutex mutex_;
  std::vector<std::string> log_ WEIR_GUARDED_BY(mutex_);
  int64_t from_ WEIR_GUARDED_BY(mutex_) = 0;
  int64_t to_ WEIR_GUARDED_BY(mutex_) = -1;
  int cause_ WEIR_GUARDED_BY(mutex_) = 0;
};

}  // namespace weir::testing

#endif  // WEIR_TESTS_SUPPORT_FAULTY_LEVELDB_ENV_H_
