#include "resourcemanager/server/queue_pages.h"

#include <algorithm>
#include <utility>

#include "common/limits.h"
#include "common/strings.h"

namespace weir::rm {
namespace {

constexpr size_t kPageBytes = limits::kFrameBytes / 4;
constexpr size_t kQueueBytes = 1024;      // a bound of the plain fields, encoded
constexpr size_t kPartitionBytes = 1024;  // with the amounts of two types
constexpr size_t kUserBytes = 512;
constexpr size_t kNamedBytes = limits::kNameBytes + 16;
constexpr size_t kPathsShown = 10;

size_t NamedBytes(const Resource& resource) {
  return resource.named.size() * kNamedBytes;
}

// An upper bound of what a report takes on the wire.
size_t BytesOf(const QueueReport& report) {
  size_t bytes = kQueueBytes + report.path.size() + report.name.size();
  for (const std::string& label : report.labels) bytes += label.size() + 8;
  for (const QueuePartitionReport& partition : report.partitions) {
    bytes += kPartitionBytes + partition.label.size() + 8 * NamedBytes(partition.maximum);
  }
  for (const QueueUserReport& user : report.users) {
    bytes += kUserBytes + user.name.size() + 3 * NamedBytes(user.user_limit);
  }
  return bytes;
}

Error UnknownQueue(const std::string& name, const std::vector<QueueReport>& all) {
  std::vector<std::string> names;
  for (const QueueReport& report : all) {
    names.push_back(report.name);
    names.push_back(report.path);
  }
  const auto nearest = NearestName(name, names);
  return {ErrorCode::kNotFound,
          "there is no queue '" + name + "'",
          nearest ? "did you mean '" + *nearest + "'?" : "'weir queue -list all' shows all"};
}

// The path of the one queue that is meant.
Result<std::string> PathOf(const std::string& name, const std::vector<QueueReport>& all) {
  std::vector<std::string> paths;
  for (const QueueReport& report : all) {
    if (report.path == name) return name;
    if (report.name == name) paths.push_back(report.path);
  }
  if (paths.empty()) return UnknownQueue(name, all);
  if (paths.size() == 1) return paths[0];
  const size_t count = paths.size();
  paths.resize(std::min(count, kPathsShown));
  return Error{ErrorCode::kInvalidArgument,
               std::to_string(count) + " queues have the name '" + name + "'",
               "give the full path of one: " + Join(paths, ", ")};
}

bool IsAtOrBelow(const std::string& path, const std::string& top) {
  return path == top || (path.starts_with(top) && path[top.size()] == '.');
}

}  // namespace

Status CheckQueueName(const std::string& name) {
  if (!name.empty() && name.size() <= limits::kNameBytes * 4) return {};
  return Error{ErrorCode::kInvalidArgument,
               "the name of a queue has " + std::to_string(name.size()) + " bytes",
               "give the path of a queue, as 'weir queue -list all' shows it"};
}

Result<QueuePage> SelectQueues(std::vector<QueueReport> all, const QueuePageRequest& request) {
  std::string top = "root";
  if (!request.under.empty()) {
    WEIR_RETURN_IF_ERROR(CheckQueueName(request.under));
    WEIR_ASSIGN_OR_RETURN(top, PathOf(request.under, all));
  }
  QueuePage page;
  size_t bytes = 0;
  bool passed = request.after_path.empty();
  for (QueueReport& report : all) {
    if (!IsAtOrBelow(report.path, top)) continue;
    if (!passed) {
      passed = report.path == request.after_path;
      continue;
    }
    if (!request.users) report.users.clear();
    bytes += BytesOf(report);
    if (bytes > kPageBytes && !page.queues.empty()) {
      page.more = true;
      break;
    }
    page.queues.push_back(std::move(report));
  }
  if (!passed) {
    return Error{ErrorCode::kAborted,
                 "the queue " + request.after_path + " has gone while queues were being listed",
                 "list again"};
  }
  return page;
}

}  // namespace weir::rm
