#include "tests/sls/recorder.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "common/strings.h"
#include "tests/sls/json_writer.h"

namespace weir::sls {
namespace {

__extension__ typedef __int128 Wide;

// The value that so many hundredths of all are not above (nearest rank). Requires: sorted.
int64_t Percentile(const std::vector<int64_t>& sorted, size_t hundredths) {
  if (sorted.empty()) return 0;
  const size_t rank = (sorted.size() * hundredths + 99) / 100;
  return sorted[std::max<size_t>(rank, 1) - 1];
}

void WriteWaits(JsonWriter& json, std::string_view name, std::vector<int64_t> waits) {
  std::sort(waits.begin(), waits.end());
  json.BeginObject(name);
  json.Integer("count", static_cast<int64_t>(waits.size()));
  json.Thousandths("p50", Percentile(waits, 50));
  json.Thousandths("p99", Percentile(waits, 99));
  json.Thousandths("max", Percentile(waits, 100));
  json.EndObject();
}

void WriteUse(JsonWriter& json, const QueueFigures& figures, const RunFacts& facts) {
  json.BeginObject("containers");
  json.Integer("granted", figures.granted);
  json.Integer("completed", figures.completed);
  json.Integer("preempted", figures.preempted);
  json.Integer("lost", figures.lost);
  json.Integer("most_at_once", figures.containers.peak());
  json.EndObject();
  WriteWaits(json, "container_waits_ms", figures.waits);
  WriteWaits(json, "master_waits_ms", figures.master_waits);
  json.BeginObject("utilisation");
  json.Millionths("memory",
                  figures.memory.MillionthsOf(facts.capacity.memory_mib, facts.begin, facts.end));
  json.Millionths("vcores",
                  figures.vcores.MillionthsOf(facts.capacity.vcores, facts.begin, facts.end));
  json.EndObject();
}

void WriteApplications(JsonWriter& json, const QueueFigures& figures) {
  json.Integer("submitted", figures.submitted);
  json.Integer("finished", figures.finished);
  json.Integer("failed", figures.failed);
  json.Integer("killed", figures.killed);
  json.Integer("unfinished",
               figures.submitted - figures.finished - figures.failed - figures.killed);
}

void WriteTexts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  json.BeginArray(name);
  for (const std::string& text : texts) json.Text({}, text);
  json.EndArray();
}

void WriteFacts(JsonWriter& json, const RunFacts& facts) {
  json.BeginObject("trace");
  json.Text("file", facts.trace);
  json.Text("format", facts.format);
  json.Text("seed", std::to_string(facts.seed));
  json.Integer("jobs", facts.jobs);
  json.Integer("tasks", facts.tasks);
  WriteTexts(json, "ignored_fields", facts.ignored_fields);
  json.EndObject();
  json.BeginObject("cluster");
  json.Integer("nodes", facts.nodes);
  json.Integer("memory_mib", facts.capacity.memory_mib);
  json.Integer("vcores", facts.capacity.vcores);
  json.EndObject();
  json.Bool("complete", facts.complete);
  WriteTexts(json, "waiting", facts.waiting);
  json.Thousandths("virtual_time_s", ToMillis(facts.end - facts.begin));
  json.Integer("events", static_cast<int64_t>(facts.events));
}

}  // namespace

void OverTime::Change(int64_t by, Duration at) {
  sum_ += Wide{value_} * (at - changed_).count();
  changed_ = at;
  value_ += by;
  peak_ = std::max(peak_, value_);
}

int64_t OverTime::MillionthsOf(int64_t whole, Duration from, Duration to) const {
  const Wide all = Wide{whole} * (to - from).count();
  if (all <= 0) return 0;
  const Wide sum = sum_ + Wide{value_} * (to - changed_).count();
  return static_cast<int64_t>(sum * 1'000'000 / all);
}

void Recorder::Rejected(const std::string& queue, const std::string& message) {
  ++rejected_;
  const auto known = rejections_.find(queue);
  if (known == rejections_.end() && rejections_.size() >= kRejectedQueuesKept) return;
  Rejection& rejection = rejections_[queue];
  if (rejection.count++ == 0) rejection.message = message;
}

void Recorder::Ended(const std::string& queue, ApplicationEnd end) {
  QueueFigures& figures = Queue(queue);
  switch (end) {
    case ApplicationEnd::kFinished:
      ++figures.finished;
      break;
    case ApplicationEnd::kFailed:
      ++figures.failed;
      break;
    case ApplicationEnd::kKilled:
      ++figures.killed;
      break;
  }
}

void Recorder::Granted(const std::string& queue, Duration wait) {
  QueueFigures& figures = Queue(queue);
  ++figures.granted;
  figures.waits.push_back(wait / microseconds(1));
}

void Recorder::MasterGranted(const std::string& queue, Duration wait) {
  Queue(queue).master_waits.push_back(wait / microseconds(1));
}

void Recorder::Started(const std::string& queue, const Resource& resource, Duration now) {
  QueueFigures& figures = Queue(queue);
  figures.memory.Change(resource.memory_mib, now);
  figures.vcores.Change(resource.vcores, now);
  figures.containers.Change(1, now);
  memory_.Change(resource.memory_mib, now);
  vcores_.Change(resource.vcores, now);
  containers_.Change(1, now);
}

void Recorder::Stopped(const std::string& queue, const Resource& resource, Duration now) {
  QueueFigures& figures = Queue(queue);
  figures.memory.Change(-resource.memory_mib, now);
  figures.vcores.Change(-resource.vcores, now);
  figures.containers.Change(-1, now);
  memory_.Change(-resource.memory_mib, now);
  vcores_.Change(-resource.vcores, now);
  containers_.Change(-1, now);
}

void Recorder::ContainerEnded(const std::string& queue, ContainerEnd end) {
  QueueFigures& figures = Queue(queue);
  switch (end) {
    case ContainerEnd::kCompleted:
      ++figures.completed;
      break;
    case ContainerEnd::kPreempted:
      ++figures.preempted;
      break;
    case ContainerEnd::kLost:
      ++figures.lost;
      break;
  }
}

void Recorder::Mix(std::string_view text) {
  for (const char c : text) {
    hash_ ^= static_cast<unsigned char>(c);
    hash_ *= 0x100000001b3ULL;
  }
  hash_ *= 0x100000001b3ULL;  // where one text ends
}

void Recorder::Transition(Duration now,
                          std::string_view subject,
                          std::string_view from,
                          std::string_view event,
                          std::string_view to) {
  Mix(std::to_string(now.count()));
  Mix(subject);
  Mix(from);
  Mix(event);
  Mix(to);
}

QueueFigures Recorder::Together() const {
  QueueFigures all;
  all.memory = memory_;
  all.vcores = vcores_;
  all.containers = containers_;
  for (const auto& [path, queue] : queues_) {
    all.submitted += queue.submitted;
    all.finished += queue.finished;
    all.failed += queue.failed;
    all.killed += queue.killed;
    all.granted += queue.granted;
    all.completed += queue.completed;
    all.preempted += queue.preempted;
    all.lost += queue.lost;
    all.waits.insert(all.waits.end(), queue.waits.begin(), queue.waits.end());
    all.master_waits.insert(
        all.master_waits.end(), queue.master_waits.begin(), queue.master_waits.end());
  }
  return all;
}

void Recorder::WriteRejections(JsonWriter& json) const {
  if (!refusals_.empty()) {
    json.BeginObject("refused_masters");
    for (const auto& [queue, message] : refusals_) json.Text(queue, message);
    json.EndObject();
  }
  if (rejections_.empty()) return;
  json.BeginArray("rejections");
  for (const auto& [queue, rejection] : rejections_) {
    json.BeginObject();
    json.Text("queue", queue);
    json.Integer("applications", rejection.count);
    json.Text("message", rejection.message);
    json.EndObject();
  }
  json.EndArray();
}

std::string Recorder::Summary(const RunFacts& facts) const {
  char hash[20];
  std::snprintf(hash, sizeof(hash), "%016" PRIx64, hash_);
  JsonWriter json;
  json.BeginObject();
  WriteFacts(json, facts);
  json.Integer("decisions", decisions_);
  json.Text("trace_hash", hash);
  const QueueFigures all = Together();
  json.BeginObject("applications");
  WriteApplications(json, all);
  json.Integer("rejected", rejected_);
  json.EndObject();
  WriteRejections(json);
  WriteUse(json, all, facts);
  json.BeginObject("queues");
  for (const auto& [path, queue] : queues_) {
    json.BeginObject(path);
    json.BeginObject("applications");
    WriteApplications(json, queue);
    json.EndObject();
    WriteUse(json, queue, facts);
    json.EndObject();
  }
  json.EndObject();
  json.EndObject();
  return json.Take();
}

}  // namespace weir::sls
