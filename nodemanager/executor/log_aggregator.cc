#include "nodemanager/executor/log_aggregator.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "common/strings.h"
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
}

void LogAggregator::ApplicationEnded(const ApplicationId& id) {
  {
    MutexLock lock(mutex_);
    told_over_.insert(id);
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
  std::set<ApplicationId> over;
  {
    MutexLock lock(mutex_);
    over = std::exchange(told_over_, {});
    present_ = told_present_;
  }
  const Instant now = MonotonicNow();
  for (const std::string& log : directories_.log()) {
    const auto names = files_.List(log);
    if (!names.ok()) continue;
    for (const std::string& name : *names) {
      const auto id = ApplicationId::Parse(name);
      if (!id.ok() || applications_.contains(*id)) continue;
      Application application;
      application.due = now;
      if (Adopt(*id, application)) applications_.emplace(*id, std::move(application));
    }
  }
  for (const ApplicationId& id : over) {
    const auto it = applications_.find(id);
    if (it == applications_.end() || std::exchange(it->second.over, true)) continue;
    it->second.due = now;
    // If it cannot be written, it is found to be over by its silence after the next restart.
    [[maybe_unused]] const Status noted = WriteNote(id, it->second);
  }
  discover_due_ = now + std::min<Duration>(kDiscoverPeriod, options_.roll_interval);
}

// False when its user is not known: it is then left to the retention of local logs.
bool LogAggregator::Adopt(const ApplicationId& id, Application& application) {
  ReadNote(id, application);
  if (application.user.empty()) {
    for (const ContainerId& container : ContainersWithLogs(directories_, id)) {
      const auto owner = ReadLogOwner(files_, directories_, container);
      if (owner) application.user = owner->user;
    }
    if (application.user.empty()) return false;
    application.node = logs::NodeFileName(options_.node);
    if (const Status noted = WriteNote(id, application); !noted.ok()) {
      NoteFailure(id, application, noted.error());
      return false;
    }
  }
  application.collector = std::make_unique<LogCollector>(
      files_,
      directories_,
      CollectorOptions{options_.root, id, application.user, application.node});
  return true;
}

void LogAggregator::DoDue(bool whatever_is_due) {
  for (auto it = applications_.begin(); it != applications_.end();) {
    auto& [id, application] = *it;
    const bool due = application.due <= MonotonicNow();
    const bool collected = application.collected != kNever1970;
    if (due && collected) {
      if (RemoveLocal(id)) {
        it = applications_.erase(it);
        continue;
      }
      application.due = MonotonicNow() + options_.roll_interval;
    } else if (!collected && (due || whatever_is_due) && !stop_) {
      Collect(id, application);
    }
    ++it;
  }
}

void LogAggregator::Collect(const ApplicationId& id, Application& application) {
  if (!application.over && !present_.contains(id) && IsSilent(id)) application.over = true;
  const auto bytes = application.collector->Round(application.over, stop_);
  if (!bytes.ok()) {
    if (bytes.error().code != ErrorCode::kAborted) NoteFailure(id, application, bytes.error());
    return;
  }
  counted_.bytes += *bytes;
  counted_.last_success = platform::WallNow();
  application.failing = false;
  application.back_off = Duration{0};
  application.due = MonotonicNow() + options_.roll_interval;
  if (!application.over) return;
  application.collected = counted_.last_success;
  application.collector->Close();
  if (const Status noted = WriteNote(id, application); !noted.ok()) {
    application.collected = kNever1970;
    NoteFailure(id, application, noted.error());
    return;
  }
  application.due = MonotonicNow() + options_.delete_delay;
  platform::LogInfo("nm.aggregation",
                    id.ToString(),
                    "its logs are collected",
                    {{"archive", application.collector->path()}});
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
  application.collected = WallFromMillis(ParseInt64(Field(*text, "collected")).value_or(0));
  if (application.collected == kNever1970) return;
  const Duration since = platform::WallNow() - application.collected;
  application.due = MonotonicNow() + std::max(Duration{0}, options_.delete_delay - since);
}

Status LogAggregator::WriteNote(const ApplicationId& id, const Application& application) const {
  WEIR_RETURN_IF_ERROR(files_.MakeDirectories(options_.notes, kNotesMode));
  return platform::WriteFileAtomically(files_,
                                       options_.notes + "/" + id.ToString(),
                                       "user " + application.user + "\nnode " + application.node +
                                           "\nover " + (application.over ? "1" : "0") +
                                           "\ncollected " +
                                           std::to_string(ToMillis(application.collected)) + "\n",
                                       kNoteMode);
}

bool LogAggregator::IsSilent(const ApplicationId& id) const {
  const auto last = LastLogWrite(files_, directories_, id);
  return last.ok() && platform::WallNow() - *last > options_.local_retain;
}

// Also gone when somebody else has removed it.
bool LogAggregator::RemoveLocal(const ApplicationId& id) {
  Status status;
  for (const std::string& log : directories_.log()) {
    const Status removed = files_.RemoveTree(log + "/" + id.ToString());
    if (!removed.ok()) status = removed;
  }
  if (status.ok()) status = files_.Remove(options_.notes + "/" + id.ToString());
  if (status.ok()) return true;
  platform::LogWarn("nm.aggregation",
                    id.ToString(),
                    "its logs are collected, but the local ones cannot be removed",
                    {{"cause", status.error().ToString()}});
  return false;
}

void LogAggregator::RemoveOldArchives() {
  retain_due_ = MonotonicNow() + options_.retain_check;
  if (!options_.retain) return;
  std::set<ApplicationId> here = present_;
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
