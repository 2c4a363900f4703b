// weir_store_writer KIND DIRECTORY [FILE_SIZE_LIMIT]: opens the store there, of kind leveldb or
// filesystem, and appends node records number 1, 2, 3... without end, a few at a time in flight.
// Prints "opened EPOCH", then a line "committed N" for each record that is durable, and "failed
// CODE MESSAGE" when one is not; then it ends with 1. With a limit, no file may grow beyond so many
// bytes.
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <utility>

#include "common/strings.h"
#include "platform/mutex.h"
#include "state-store/state_store.h"
#include "tests/store/sample_records.h"

namespace weir::store {
namespace {

constexpr int kInFlight = 64;

void Print(const std::string& line) {
  const std::string text = line + "\n";
  // The reader being gone is not this program's concern: it is about to be killed.
  if (write(STDOUT_FILENO, text.data(), text.size()) < 0) std::abort();
}

// How many appends are under way, and whether one has failed.
class Progress {
 public:
  // False after a failure.
  bool WaitForRoom() {
    platform::MutexLock lock(mutex_);
    while (in_flight_ >= kInFlight && !failed_) changed_.Wait(mutex_);
    ++in_flight_;
    return !failed_;
  }
  void Ended(bool failed) {
    platform::MutexLock lock(mutex_);
    --in_flight_;
    failed_ = failed_ || failed;
    changed_.NotifyAll();
  }

 private:
  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  int in_flight_ WEIR_GUARDED_BY(mutex_) = 0;
  bool failed_ WEIR_GUARDED_BY(mutex_) = false;
};

int Write(StateStore& store, Epoch epoch) {
  Progress progress;
  for (int number = 1; progress.WaitForRoom(); ++number) {
    store.Append({Put{SampleNode(number)}}, epoch, [number, &progress](Status status) {
      Print(status.ok() ? "committed " + std::to_string(number)
                        : "failed " + std::string(ErrorCodeName(status.error().code)) + " " +
                              status.error().message);
      progress.Ended(!status.ok());
    });
  }
  store.Close();
  return 1;
}

Result<std::unique_ptr<StateStore>> OpenOf(const std::string& kind, const std::string& directory) {
  if (kind == "leveldb") return OpenLevelDbStore({.directory = directory});
  // With snapshots now and then, so that they are interrupted too.
  return OpenFilesystemStore({.directory = directory, .snapshot_bytes = 64 << 10});
}

int Main(const std::string& kind, const std::string& directory, int64_t file_size_limit) {
  if (file_size_limit > 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = static_cast<rlim_t>(file_size_limit),
                       .rlim_max = static_cast<rlim_t>(file_size_limit)};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
  }
  Result<std::unique_ptr<StateStore>> store = OpenOf(kind, directory);
  if (!store.ok()) {
    Print("refused " + store.error().ToString());
    return 1;
  }
  const Result<EpochRecord> epoch =
      (*store)->Open({.wall_millis = kSampleTimestamp, .cluster_id = "weir"});
  if (!epoch.ok()) {
    Print("refused " + epoch.error().ToString());
    return 1;
  }
  Print("opened " + std::to_string(epoch->epoch.value));
  return Write(**store, epoch->epoch);
}

}  // namespace
}  // namespace weir::store

int main(int count, char** arguments) {
  if (count < 3 || count > 4) return 2;
  const int64_t limit = count == 4 ? weir::ParseInt64(arguments[3]).value_or(-1) : 0;
  return weir::store::Main(arguments[1], arguments[2], limit);
}
