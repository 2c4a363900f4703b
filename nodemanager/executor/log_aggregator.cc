#include "nodemanager/executor/log_aggregator.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "common/strings.h"
#include "nodemanager/executor/archive_directories.h"
#include "nodemanager/executor/log_owner.h"
#include "nodemanager/executor/log_retention.h"
#include "platform/clock.h"
#include "platform/log.h"

namespace weir::nm {
namespace {

using platform::MonotonicNow;
using platform::MutexLock;

constexpr int kNoteMode = 0600;
constexpr int kNotesMode = 0700;
constexpr int64_t kNoteBytes = 4096;
constexpr seconds kDiscoverPeriod{5};
constexpr WallTime kNever1970{};
// By how much the time of a file's last change may lie before that change.
constexpr milliseconds kStampGrain{20};

// One line "key value" of a note; "" when it is not there.
std::string Field(const std::string& text, const std::string& key) {
  for (const std::string_view line : Split(text, '\n')) {
    if (line.starts_with(key + " ")) return std::string(line.substr(key.size() + 1));
  }
  return "";
}

}  // namespace

LogAggregator::LogAggregator(platform::FileSystem& files,
                             const ContainerDirectories& directories,
                             AggregatorOptions options)
    : files_(files),
      directories_(directories),
      options_(std::move(options)),
      retain_due_(MonotonicNow() + options_.retain_check),
      thread_([this] { Run(); }) {}

LogAggregator::~LogAggregator() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
    changed_.NotifyAll();
    const Instant deadline = MonotonicNow() + options_.stop_patience;
    while (!done_ && MonotonicNow() < deadline) {
      changed_.WaitFor(mutex_, deadline - MonotonicNow());
    }
  }
  stop_ = true;
  thread_.join();
}

void LogAggregator::Update(std::set<ApplicationId> present) {
  MutexLock lock(mutex_);
  told_present_ = std::move(present);
  told_present_at_ = platform::WallNow();
}

void LogAggregator::ApplicationEnded(const ApplicationId& id) {
  {
    MutexLock lock(mutex_);
    told_over_.insert(id);
    // What Update said before is older.
    if (told_present_) told_present_->erase(id);
  }
  changed_.NotifyAll();
}

AggregationReport LogAggregator::Report() const {
  MutexLock lock(mutex_);
  return report_;
}

void LogAggregator::Run() {
  pthread_setname_np(pthread_self(), "nm-aggregation");
  while (true) {
    bool ending = false;
    {
      MutexLock lock(mutex_);
      while (!ending_ && told_over_.empty()) {
        const Instant now = MonotonicNow();
        const Instant next = NextDue();
        if (next <= now) break;
        changed_.WaitFor(mutex_, next - now);
      }
      ending = ending_;
    }
    Discover();
    DoDue(ending);
    if (!ending && MonotonicNow() >= retain_due_) RemoveOldArchives();
    Publish();
    if (ending) break;
  }
  {
    MutexLock lock(mutex_);
    done_ = true;
  }
  changed_.NotifyAll();
}

Instant LogAggregator::NextDue() const {
  Instant next = std::min(discover_due_, retain_due_);
  for (const auto& [id, application] : applications_) next = std::min(next, application.due);
  return next;
}

void LogAggregator::Discover() {
  {
    MutexLock lock(mutex_);
    ended_.merge(std::exchange(told_over_, {}));
    present_ = told_present_;
    present_at_ = told_present_at_;
  }
  const Instant now = MonotonicNow();
  bool all_listed = true;
  for (const std::string& log : directories_.log()) {
    const auto names = files_.List(log);
    if (!names.ok()) all_listed = false;
    if (!names.ok()) continue;
    for (const std::string& name : *names) {
      const auto id = ApplicationId::Parse(name);
      if (!id.ok() || applications_.contains(*id)) continue;
      Application application;
      application.due = now;
      const Status adopted = Adopt(*id, application);
      // Nobody's: left to the retention of local logs.
      if (!adopted.ok() && adopted.error().code == ErrorCode::kNotFound) continue;
      applications_.emplace(*id, std::move(application));
    }
  }
  for (auto it = ended_.begin(); it != ended_.end();) {
    const auto found = applications_.find(*it);
    if (found != applications_.end() && !std::exchange(found->second.told, true)) {
      if (!std::exchange(found->second.over, true)) found->second.due = now;
      // If it cannot be written, it is found to be over by its silence after the next restart.
      if (found->second.collector) [[maybe_unused]]
        const Status noted = WriteNote(*it, found->second);
    }
    // A directory that could not be looked into may have its logs.
    it = found != applications_.end() || all_listed ? ended_.erase(it) : std::next(it);
  }
  discover_due_ = now + std::min<Duration>(kDiscoverPeriod, options_.roll_interval);
}

Status LogAggregator::Adopt(const ApplicationId& id, Application& application) {
  const bool told = application.told;
  ReadNote(id, application);
  application.told = application.told || told;
  application.over = application.over || told;
  if (application.user.empty()) {
    for (const ContainerId& container : ContainersWithLogs(directories_, id)) {
      const auto owner = ReadLogOwner(directories_, container);
      if (owner) application.user = owner->user;
    }
    if (application.user.empty()) {
      return Error{ErrorCode::kNotFound, "nobody knows whose logs they are", ""};
    }
    application.node = logs::NodeFileName(options_.node);
    if (Status noted = WriteNote(id, application); !noted.ok()) {
      // Without its note another run might give the archive another name.
      application.user.clear();
      NoteFailure(id, application, noted.error());
      return noted;
    }
  }
  CollectorOptions collecting;
  collecting.root = options_.root;
  collecting.application = id;
  collecting.user = application.user;
  collecting.node = application.node;
  collecting.max_bytes = options_.max_archive_bytes;
  if (options_.retain) {
    collecting.touch_period = std::min<Duration>(collecting.touch_period, *options_.retain / 4);
  }
  application.collector =
      std::make_unique<LogCollector>(files_, directories_, std::move(collecting));
  return {};
}

void LogAggregator::DoDue(bool whatever_is_due) {
  for (auto it = applications_.begin(); it != applications_.end();) {
    auto& [id, application] = *it;
    const bool due = application.due <= MonotonicNow();
    bool gone = false;
    if (!application.collector && (due || whatever_is_due)) {
      const Status adopted = Adopt(id, application);
      gone = !adopted.ok() && adopted.error().code == ErrorCode::kNotFound;
    }
    if (application.collector) {
      const bool collected = application.collected != kNever1970;
      if (due && collected) {
        gone = Leave(id, application);
      } else if (!collected && (due || whatever_is_due) && !stop_) {
        Collect(id, application);
      }
    }
    it = gone ? applications_.erase(it) : std::next(it);
  }
}

bool LogAggregator::Leave(const ApplicationId& id, Application& application) {
  if (!present_ && !application.told) {
    application.due = MonotonicNow() + options_.smallest_back_off;
    return false;
  }
  if (IsPresent(id)) {
    TakeBack(id, application, true);
    return false;
  }
  // A container that came after the last Update has a directory that is younger.
  const WallTime until =
      application.told ? application.collected : std::min(application.collected, present_at_);
  const Status removed = RemoveLocal(id, until - kStampGrain);
  if (removed.ok()) return true;
  if (removed.error().code == ErrorCode::kFailedPrecondition) {
    TakeBack(id, application, false);
    return false;
  }
  application.due = MonotonicNow() + options_.roll_interval;
  platform::LogWarn("nm.aggregation",
                    id.ToString(),
                    "its logs are collected, but the local ones cannot be removed",
                    {{"cause", removed.error().ToString()}});
  return false;
}

void LogAggregator::TakeBack(const ApplicationId& id, Application& application, bool runs) {
  application.told = application.told && !runs;
  application.over = application.told;
  application.collected = kNever1970;
  application.due = MonotonicNow() + options_.roll_interval;
  // If it cannot be written, the next run of the NodeManager finds the same.
  [[maybe_unused]] const Status noted = WriteNote(id, application);
}

void LogAggregator::Collect(const ApplicationId& id, Application& application) {
  const WallTime began = platform::WallNow();
  if (IsPresent(id)) application.over = application.told = false;
  if (!application.over && present_ && !IsPresent(id) && IsSilent(id)) application.over = true;
  const auto round = application.collector->Round(application.over, stop_);
  if (!round.ok()) {
    if (round.error().code != ErrorCode::kAborted) NoteFailure(id, application, round.error());
    return;
  }
  ++counted_.rounds;
  counted_.bytes += round->bytes;
  application.left_out = round->left_out;
  counted_.last_success = platform::WallNow();
  application.failing = false;
  application.back_off = Duration{0};
  application.due = MonotonicNow() + options_.roll_interval;
  if (!application.over) return;
  application.collected = began;
  application.collector->Close();
  if (const Status noted = WriteNote(id, application); !noted.ok()) {
    application.collected = kNever1970;
    NoteFailure(id, application, noted.error());
    return;
  }
  application.due = MonotonicNow() + DelayOf(application);
  platform::LogInfo("nm.aggregation",
                    id.ToString(),
                    "its logs are collected",
                    {{"archive", application.collector->path()}});
}

Duration LogAggregator::DelayOf(const Application& application) const {
  return application.left_out ? std::max(options_.delete_delay, options_.local_retain)
                              : options_.delete_delay;
}

void LogAggregator::NoteFailure(const ApplicationId& id,
                                Application& application,
                                const Error& error) {
  ++counted_.failures;
  counted_.last_error = id.ToString() + ": " + error.ToString();
  const bool first = !std::exchange(application.failing, true);
  application.back_off =
      first ? options_.smallest_back_off
            : std::min<Duration>(application.back_off * 2,
                                 std::max(options_.roll_interval, options_.smallest_back_off));
  application.due = MonotonicNow() + application.back_off;
  if (!first) return;
  platform::LogWarn("nm.aggregation",
                    id.ToString(),
                    "its logs cannot be collected; they stay here and it is tried again",
                    {{"cause", error.ToString()}});
}

void LogAggregator::ReadNote(const ApplicationId& id, Application& application) const {
  const auto text = files_.ReadFile(options_.notes + "/" + id.ToString(), kNoteBytes);
  if (!text.ok()) return;
  application.user = Field(*text, "user");
  application.node = Field(*text, "node");
  if (application.node.empty()) application.user.clear();
  application.over = Field(*text, "over") == "1";
  application.told = Field(*text, "told") == "1";
  application.left_out = Field(*text, "left-out") == "1";
  application.collected = WallFromMillis(ParseInt64(Field(*text, "collected")).value_or(0));
  if (application.collected == kNever1970) return;
  const Duration since = platform::WallNow() - application.collected;
  application.due = MonotonicNow() + std::max(Duration{0}, DelayOf(application) - since);
}

Status LogAggregator::WriteNote(const ApplicationId& id, const Application& application) const {
  const auto flag = [](const char* name, bool value) {
    return std::string(name) + (value ? " 1\n" : " 0\n");
  };
  std::string text = "user " + application.user + "\nnode " + application.node + "\n";
  text += flag("over", application.over);
  text += flag("told", application.told);
  text += flag("left-out", application.left_out);
  text += "collected " + std::to_string(ToMillis(application.collected)) + "\n";
  WEIR_RETURN_IF_ERROR(files_.MakeDirectories(options_.notes, kNotesMode));
  return platform::WriteFileAtomically(
      files_, options_.notes + "/" + id.ToString(), text, kNoteMode);
}

bool LogAggregator::IsSilent(const ApplicationId& id) const {
  const auto last = LastLogWrite(files_, directories_, id);
  return last.ok() && platform::WallNow() - *last > options_.local_retain &&
         *last < present_at_ - kStampGrain;
}

// Container by container: one that comes meanwhile has a directory of its own, which is not among
// those that were looked at.
Status LogAggregator::RemoveLocal(const ApplicationId& id, WallTime until) {
  const Error written{ErrorCode::kFailedPrecondition, "something was written since", ""};
  Status status;
  for (const std::string& log : directories_.log()) {
    const std::string directory = log + "/" + id.ToString();
    const auto names = files_.List(directory);
    if (!names.ok() && names.error().code != ErrorCode::kNotFound) status = names.error();
    if (!names.ok()) continue;
    for (const std::string& name : *names) {
      const std::string path = directory + "/" + name;
      const auto last = LastWrite(files_, path);
      if (last.ok() && *last > until) return written;
      const Status removed = last.ok() ? files_.RemoveTree(path) : Status(last.error());
      if (!removed.ok() && removed.error().code != ErrorCode::kNotFound) status = removed;
    }
    if (::rmdir(directory.c_str()) == 0 || errno == ENOENT) continue;
    if (errno == ENOTEMPTY && status.ok()) return written;
    if (status.ok()) status = platform::SystemError("remove", directory, errno);
  }
  WEIR_RETURN_IF_ERROR(status);
  return files_.Remove(options_.notes + "/" + id.ToString());
}

void LogAggregator::RemoveOldArchives() {
  retain_due_ = MonotonicNow() + options_.retain_check;
  if (!options_.retain) return;
  std::set<ApplicationId> here = present_.value_or(std::set<ApplicationId>());
  for (const auto& [id, application] : applications_) here.insert(id);
  counted_.removed += static_cast<int64_t>(
      SweepArchives(files_, options_.root, here, *options_.retain, platform::WallNow()));
}

void LogAggregator::Publish() {
  counted_.applications = static_cast<int64_t>(applications_.size());
  counted_.failing = std::count_if(applications_.begin(),
                                   applications_.end(),
                                   [](const auto& entry) { return entry.second.failing; });
  if (counted_.failing == 0) counted_.last_error.clear();
  MutexLock lock(mutex_);
  report_ = counted_;
}

}  // namespace weir::nm
