#include "nodemanager/core/node_health.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/strings.h"

namespace weir::nm {
namespace {

constexpr size_t kReasonBytes = 512;
constexpr size_t kReasonsPerKind = 8;
constexpr int64_t kBytesPerMib = int64_t{1} << 20;
constexpr double kPercent = 100;

double UsedPercent(const DirectorySample& sample) {
  if (sample.total_bytes <= 0) return 0;
  return kPercent * static_cast<double>(sample.total_bytes - sample.free_bytes) /
         static_cast<double>(sample.total_bytes);
}

std::string Whole(double value) {
  return std::to_string(static_cast<int64_t>(std::floor(value)));
}

const char* KindName(DirectoryKind kind) {
  return kind == DirectoryKind::kLocal ? "local" : "log";
}

std::string Count(size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "y" : "ies");
}

// One line, of bounded length.
std::string OneLine(std::string text) {
  text = CutMiddle(std::move(text), kReasonBytes);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return text;
}

}  // namespace

bool NodeHealth::IsTooFull(const DirectorySample& sample, bool was_full) const {
  const double percent = was_full ? limits_.resume_percent : limits_.stop_percent;
  const int64_t free = was_full ? std::max(limits_.stop_free_bytes, limits_.resume_free_bytes)
                                : limits_.stop_free_bytes;
  const double used = UsedPercent(sample);
  // At the stop limit it is full, at the resume limit it is not any more.
  const bool over = was_full ? used > percent : used >= percent;
  return over || sample.free_bytes < free;
}

void NodeHealth::OnSamples(std::vector<DirectorySample> samples) {
  std::vector<Directory> next;
  for (DirectorySample& sample : samples) {
    const auto before =
        std::find_if(directories_.begin(), directories_.end(), [&](const Directory& known) {
          return known.last.path == sample.path && known.last.kind == sample.kind;
        });
    Directory directory;
    const bool was_full = before != directories_.end() && before->full;
    // What cannot be read says nothing of its room.
    directory.full = sample.total_bytes > 0 ? IsTooFull(sample, was_full) : was_full;
    directory.last = std::move(sample);
    next.push_back(std::move(directory));
  }
  directories_ = std::move(next);
  sampled_ = true;
}

void NodeHealth::OnScript(ScriptResult result) {
  if (result.end == ScriptResult::End::kGood) {
    scripts_.erase(result.name);
    return;
  }
  result.text = OneLine(std::move(result.text));
  const std::string name = result.name;
  scripts_.insert_or_assign(name, std::move(result));
}

void NodeHealth::OnLaunchFailed(const std::string& cause, Now now) {
  if (limits_.suspect_after <= 0) return;
  last_failure_ = OneLine(cause);
  if (++failures_in_a_row_ < limits_.suspect_after) return;
  suspected_until_ = now.monotonic + limits_.suspicion;
  suspected_until_wall_ = now.wall + std::chrono::duration_cast<milliseconds>(limits_.suspicion);
}

void NodeHealth::OnLaunched() {
  failures_in_a_row_ = 0;
  suspected_until_ = kNever;
}

void NodeHealth::OnRecords(const std::string& fault) {
  records_fault_ = OneLine(fault);
}

void NodeHealth::OnDeadline(Now now) {
  if (suspected_until_ > now.monotonic) return;
  suspected_until_ = kNever;
  // One more failure is enough to be suspected again.
  failures_in_a_row_ = limits_.suspect_after - 1;
}

bool NodeHealth::Enough(DirectoryKind kind) const {
  const auto of_kind = [kind](const Directory& one) { return one.last.kind == kind; };
  const auto total = std::count_if(directories_.begin(), directories_.end(), of_kind);
  if (total == 0) return true;  // not checked
  const auto needed = static_cast<size_t>(
      std::max(1.0, std::ceil(limits_.min_healthy_share * static_cast<double>(total))));
  return Good(kind).size() >= needed;
}

std::vector<std::string> NodeHealth::Good(DirectoryKind kind) const {
  std::vector<std::string> good;
  for (const Directory& directory : directories_) {
    if (directory.last.kind == kind && directory.good()) good.push_back(directory.last.path);
  }
  return good;
}

bool NodeHealth::healthy() const {
  if (suspected_until_ != kNever) return false;
  for (const auto& [name, result] : scripts_) {
    if (result.end != ScriptResult::End::kNotRun) return false;
  }
  return Enough(DirectoryKind::kLocal) && Enough(DirectoryKind::kLog);
}

std::string NodeHealth::Reason(const Directory& directory) const {
  const DirectorySample& sample = directory.last;
  if (!sample.fault.empty()) return sample.path + ": " + OneLine(sample.fault);
  const double used = UsedPercent(sample);
  std::string words = sample.path + " is " + Whole(used) + " % full";
  if (sample.free_bytes < std::max(limits_.stop_free_bytes, limits_.resume_free_bytes)) {
    words += ", " + std::to_string(sample.free_bytes / kBytesPerMib) + " MiB are free";
  }
  words += " (not used from " + Whole(limits_.stop_percent) + " % on";
  if (limits_.stop_free_bytes > 0) {
    words += " or with less than " + std::to_string(limits_.stop_free_bytes / kBytesPerMib) +
             " MiB free";
  }
  words += ", again at " + Whole(limits_.resume_percent) + " %";
  if (limits_.resume_free_bytes > 0 && limits_.stop_free_bytes > 0) {
    words += " and " +
             std::to_string(std::max(limits_.stop_free_bytes, limits_.resume_free_bytes) /
                            kBytesPerMib) +
             " MiB free";
  }
  return words + ")";
}

std::string NodeHealth::DirectoryWords(DirectoryKind kind) const {
  std::vector<std::string> reasons;
  size_t total = 0;
  size_t bad = 0;
  for (const Directory& directory : directories_) {
    if (directory.last.kind != kind) continue;
    ++total;
    if (directory.good()) continue;
    if (++bad <= kReasonsPerKind) reasons.push_back(Reason(directory));
  }
  if (bad == 0) return "";
  if (bad > kReasonsPerKind) reasons.push_back("and others");
  return std::to_string(bad) + " of " + Count(total, std::string(KindName(kind)) + " director") +
         " not used: " + Join(reasons, "; ");
}

std::string NodeHealth::report() const {
  std::vector<std::string> parts;
  if (suspected_until_ != kNever) {
    parts.push_back("suspected: " + std::to_string(failures_in_a_row_) +
                    " containers in a row could not be started by this node's own fault; new "
                    "ones again at " +
                    ToIso8601(suspected_until_wall_) + "; the last: " + last_failure_);
  }
  if (!records_fault_.empty()) parts.push_back(records_fault_);
  for (const auto& [name, result] : scripts_) {
    parts.push_back("health script '" + name + "': " + result.text);
  }
  for (const DirectoryKind kind : {DirectoryKind::kLocal, DirectoryKind::kLog}) {
    if (std::string words = DirectoryWords(kind); !words.empty()) parts.push_back(std::move(words));
  }
  if (parts.empty()) return "";
  return (healthy() ? "DEGRADED: " : "UNHEALTHY: ") + Join(parts, "; ");
}

}  // namespace weir::nm
