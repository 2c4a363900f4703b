// What the store tests share: a directory that goes with the test, and appends that wait.
#ifndef WEIR_TESTS_STORE_STORE_FIXTURE_H_
#define WEIR_TESTS_STORE_STORE_FIXTURE_H_

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "common/check.h"
#include "platform/mutex.h"
#include "state-store/state_store.h"

namespace weir::store {

class TemporaryDirectory {
 public:
  TemporaryDirectory() : TemporaryDirectory(std::filesystem::temp_directory_path()) {}
  explicit TemporaryDirectory(const std::filesystem::path& parent) {
    std::string name = (parent / "weir-store-XXXXXX").string();
    WEIR_CHECK(mkdtemp(name.data()) != nullptr, "a temporary directory can be made");
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;  // a left-over directory must not hide the test's own result
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  // In memory where the system has such a place: for tests that sync thousands of times.
  static std::filesystem::path Fast() {
    return access("/dev/shm", W_OK) == 0 ? std::filesystem::path("/dev/shm")
                                         : std::filesystem::temp_directory_path();
  }

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Collects the answers of appends, in the order in which they came. Must outlive the store.
class Answers {
 public:
  StateStore::Done Next(int number) {
    return [this, number](Status status) {
      platform::MutexLock lock(mutex_);
      answers_.emplace_back(number, std::move(status));
      changed_.NotifyAll();
    };
  }
  std::vector<std::pair<int, Status>> Wait(size_t count) {
    platform::MutexLock lock(mutex_);
    while (answers_.size() < count) changed_.Wait(mutex_);
    return answers_;
  }

 private:
  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  std::vector<std::pair<int, Status>> answers_ WEIR_GUARDED_BY(mutex_);
};

inline Status AppendAndWait(StateStore& store, std::vector<StoreOperation> batch, Epoch epoch) {
  Answers answers;
  store.Append(std::move(batch), epoch, answers.Next(0));
  return answers.Wait(1)[0].second;
}

}  // namespace weir::store

#endif  // WEIR_TESTS_STORE_STORE_FIXTURE_H_
