#include "tests/bench/failover_journal.h"

namespace weir::bench {
namespace {

constexpr size_t kShown = 5;

std::string Show(const std::string& what, const std::set<std::string>& all) {
  std::string text = std::to_string(all.size()) + " " + what;
  size_t shown = 0;
  for (const std::string& one : all) {
    if (shown == kShown) break;
    text += (shown == 0 ? ": " : "; ") + one;
    ++shown;
  }
  return text + "\n";
}

}  // namespace

std::string FailoverVerdict::ToString() const {
  return Show("lost", lost) + Show("duplicated", duplicated) + Show("disturbed", disturbed);
}

void FailoverJournal::Started(const ContainerId& id, Instant at) {
  platform::MutexLock lock(mutex_);
  Entry& entry = entries_[id];
  if (entry.starts++ == 0) entry.started = at;
  entry.stopped = false;
  if (entry.starts > 1) found_.duplicated.insert(id.ToString());
  if (id.is_application_master()) JudgeMasterStart(id);
}

void FailoverJournal::JudgeMasterStart(const ContainerId& id) {
  const bool attempt_had_one = !attempts_.insert(id.attempt).second;
  const auto [running, alone] = masters_.emplace(id.attempt.application, id);
  if (attempt_had_one || !alone) found_.duplicated.insert(id.ToString());
  running->second = id;
}

void FailoverJournal::ToldToStop(const ContainerId& id) {
  platform::MutexLock lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.stopped) return;
  found->second.stopped = true;
  if (!found->second.given_back) found_.disturbed.insert(id.ToString());
  const auto master = masters_.find(id.attempt.application);
  if (master != masters_.end() && master->second == id) masters_.erase(master);
}

void FailoverJournal::Acknowledged(const ApplicationId& id) {
  platform::MutexLock lock(mutex_);
  acknowledged_.insert(id);
}

void FailoverJournal::GivenBack(const ContainerId& id) {
  platform::MutexLock lock(mutex_);
  entries_[id].given_back = true;
}

void FailoverJournal::ToldEnded(const ContainerId& id) {
  platform::MutexLock lock(mutex_);
  entries_[id].told_ended = true;
}

std::optional<Instant> FailoverJournal::FirstWorkerSince(Epoch epoch) const {
  platform::MutexLock lock(mutex_);
  std::optional<Instant> first;
  for (const auto& [id, entry] : entries_) {
    if (id.is_application_master() || entry.starts == 0 || id.epoch() <= epoch) continue;
    if (!first || entry.started < *first) first = entry.started;
  }
  return first;
}

FailoverVerdict FailoverJournal::Judge(const FailoverBooks& books) const {
  platform::MutexLock lock(mutex_);
  FailoverVerdict verdict = found_;
  for (const ApplicationId& id : acknowledged_) {
    if (!books.applications.contains(id)) verdict.lost.insert(id.ToString());
  }
  for (const auto& [id, entry] : entries_) {
    if (entry.starts == 0 || entry.given_back) continue;
    const bool runs = !entry.stopped;
    if (entry.told_ended || (runs && !books.containers.contains(id))) {
      verdict.lost.insert(id.ToString());
    }
  }
  for (const ContainerId& id : books.containers) {
    const auto entry = entries_.find(id);
    if (entry == entries_.end() || entry->second.starts == 0 || entry->second.stopped) {
      verdict.lost.insert(id.ToString());
    }
  }
  return verdict;
}

}  // namespace weir::bench
