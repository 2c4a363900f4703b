#include "state-store/memory_store.h"

#include <utility>

#include "common/check.h"
#include "state-store/group_commit_store.h"

namespace weir::store {

std::map<std::string, std::string> MemoryMedium::Bytes() {
  platform::MutexLock lock(mutex_);
  return bytes_;
}

void MemoryMedium::SetBytes(const std::string& key, const std::string& value) {
  platform::MutexLock lock(mutex_);
  bytes_[key] = value;
}

void MemoryMedium::FailWrites(std::optional<Error> error) {
  platform::MutexLock lock(mutex_);
  write_error_ = std::move(error);
}

class MemoryEngine final : public StoreEngine {
 public:
  // Requires: TakeMedium(medium).
  explicit MemoryEngine(std::shared_ptr<MemoryMedium> medium) : medium_(std::move(medium)) {}
  ~MemoryEngine() override {
    platform::MutexLock lock(medium_->mutex_);
    medium_->in_use_ = false;
  }

  // False when another engine has it.
  static bool TakeMedium(MemoryMedium& medium) {
    platform::MutexLock lock(medium.mutex_);
    return !std::exchange(medium.in_use_, true);
  }

  std::string name() const override { return "memory"; }

  Status Write(const std::vector<EngineOperation>& operations) override {
    platform::MutexLock lock(medium_->mutex_);
    if (medium_->write_error_) return *medium_->write_error_;
    for (const EngineOperation& operation : operations) {
      if (operation.value) {
        medium_->bytes_[operation.key] = *operation.value;
      } else {
        medium_->bytes_.erase(operation.key);
      }
    }
    return {};
  }

  Result<std::optional<std::string>> Read(const std::string& key) override {
    platform::MutexLock lock(medium_->mutex_);
    const auto found = medium_->bytes_.find(key);
    if (found == medium_->bytes_.end()) return std::optional<std::string>();
    return std::optional<std::string>(found->second);
  }

  Status Scan(const Visitor& visitor) override {
    for (const auto& [key, value] : medium_->Bytes()) visitor(key, value);
    return {};
  }

 private:
  const std::shared_ptr<MemoryMedium> medium_;
};

Result<std::unique_ptr<StateStore>> OpenMemoryStore(std::shared_ptr<MemoryMedium> medium,
                                                    size_t queue_limit) {
  if (!MemoryEngine::TakeMedium(*medium)) {
    return Error{ErrorCode::kFailedPrecondition,
                 "the memory state store is in use by another ResourceManager",
                 "close it first"};
  }
  return std::unique_ptr<StateStore>(std::make_unique<GroupCommitStore>(
      std::make_unique<MemoryEngine>(std::move(medium)), queue_limit));
}

std::unique_ptr<StateStore> MakeMemoryStore() {
  Result<std::unique_ptr<StateStore>> store = OpenMemoryStore(std::make_shared<MemoryMedium>());
  WEIR_CHECK(store.ok(), "a new medium is in nobody's use");
  return std::move(store).value();
}

}  // namespace weir::store
