#include "scheduler/placement/queue_names.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/limits.h"
#include "common/strings.h"

namespace weir::scheduler {
namespace {

constexpr size_t kNamedInMessage = 20;
constexpr size_t kComparedForHint = 1000;
constexpr std::string_view kRoot = "root";

Error BadName(std::string_view name, std::string why) {
  return Error{ErrorCode::kInvalidArgument,
               "queue name '" + ForMessage(name) + "' " + why,
               "give the short name or the full path of a leaf queue, as in root.streams.eu"};
}

std::string ListSome(const std::vector<std::string>& paths) {
  std::vector<std::string> some(
      paths.begin(),
      paths.begin() + static_cast<std::ptrdiff_t>(std::min(paths.size(), kNamedInMessage)));
  std::string text = Join(some, ", ");
  if (paths.size() > some.size()) {
    text += " and " + std::to_string(paths.size() - some.size()) + " more";
  }
  return text;
}

Error Unknown(const QueueConfiguration& configuration, std::string_view name) {
  std::vector<std::string> leaves;
  std::vector<std::string> compared;
  for (const auto& [path, queue] : configuration.queues) {
    if (!queue.leaf || queue.holds) continue;
    leaves.push_back(path);
    if (leaves.size() > kComparedForHint) continue;
    compared.push_back(path);
    compared.push_back(queue.name);
  }
  std::string remedy;
  if (const auto near = NearestName(ForMessage(name), compared)) {
    remedy = "did you mean " + *near + "? ";
  }
  return Error{ErrorCode::kNotFound,
               "there is no queue '" + ForMessage(name) + "'",
               remedy + "the leaf queues are " + ListSome(leaves)};
}

Error NotALeaf(const QueueSettings& queue) {
  return Error{ErrorCode::kInvalidArgument,
               "queue " + queue.path + " is a parent and takes no applications",
               "name a leaf below it: " + ListSome(queue.children)};
}

Error OnlyHolds(const QueueSettings& queue) {
  return Error{ErrorCode::kInvalidArgument,
               "queue " + queue.path +
                   " takes no applications: it only holds those whose queue "
                   "was gone when the ResourceManager was started",
               "name another leaf queue"};
}

Error Ambiguous(std::string_view name, const std::vector<std::string>& meanings) {
  return Error{ErrorCode::kInvalidArgument,
               "queue name '" + ForMessage(name) + "' means several queues: " + ListSome(meanings),
               "give the full path"};
}

bool BadCharacter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= 0x20 || byte == 0x7f;
}

// The path as written, or with the short name of a parent at its start made whole.
Result<std::string> FullPath(const QueueConfiguration& configuration,
                             std::string_view name,
                             const std::vector<std::string>& parts) {
  if (parts.front() == kRoot) return std::string(name);
  std::vector<std::string> parents;
  for (const auto& [path, queue] : configuration.queues) {
    if (!queue.leaf && queue.name == parts.front()) parents.push_back(path);
  }
  if (parents.empty()) return Unknown(configuration, name);
  if (parents.size() > 1) return Ambiguous(parts.front(), parents);
  return parents.front() + std::string(name.substr(parts.front().size()));
}

// How many levels of automatic queues end with `queue`, itself included.
size_t DynamicLevels(const QueueConfiguration& configuration, const QueueSettings& queue) {
  size_t levels = 0;
  const QueueSettings* at = &queue;
  while (at->dynamic && levels <= kQueueLevels) {
    ++levels;
    const auto parent = configuration.queues.find(at->parent);
    if (parent == configuration.queues.end()) break;
    at = &parent->second;
  }
  return levels;
}

// Nothing when `missing` queues in a row may be made below `ancestor`.
std::optional<Error> WhyNotMade(const QueueConfiguration& configuration,
                                const QueueSettings& ancestor,
                                std::string_view path,
                                size_t missing) {
  const AutoCreation& rules = ancestor.auto_creation;
  const auto refuse = [path](std::string why, std::string remedy) {
    return Error{ErrorCode::kNotFound,
                 "there is no queue '" + ForMessage(path) + "', and it cannot be made: " + why,
                 std::move(remedy)};
  };
  if (ancestor.leaf && !rules.managed && !rules.enabled) {
    return refuse(ancestor.path + " is a leaf", "submit to " + ancestor.path + " itself");
  }
  if (rules.managed && missing > 1) {
    return refuse(ancestor.path + " makes leaves alone, not parents",
                  "name a queue right below " + ancestor.path);
  }
  if (rules.managed) return std::nullopt;
  if (!rules.enabled) return Unknown(configuration, path);
  const size_t levels = missing + DynamicLevels(configuration, ancestor);
  if (levels > static_cast<size_t>(std::max(rules.max_depth, 0))) {
    return refuse("it lies " + std::to_string(levels) +
                      " levels below the last configured queue, " +
                      std::to_string(rules.max_depth) + " are allowed",
                  "name a queue nearer to " + ancestor.path);
  }
  return std::nullopt;
}

Result<std::string> ResolvePath(const QueueConfiguration& configuration,
                                const std::string& path,
                                bool create) {
  const auto found = configuration.queues.find(path);
  if (found != configuration.queues.end()) {
    if (!found->second.leaf) return NotALeaf(found->second);
    if (found->second.holds) return OnlyHolds(found->second);
    return path;
  }
  if (!create) return Unknown(configuration, path);
  size_t missing = 0;
  std::string ancestor = path;
  while (true) {
    const size_t dot = ancestor.rfind('.');
    if (dot == std::string::npos) return Unknown(configuration, path);
    ancestor.resize(dot);
    ++missing;
    const auto at = configuration.queues.find(ancestor);
    if (at == configuration.queues.end()) continue;
    if (auto error = WhyNotMade(configuration, at->second, path, missing)) return *error;
    return path;
  }
}

}  // namespace

std::string ForMessage(std::string_view name) {
  std::string text = CutMiddle(std::string(name.substr(0, kQueuePathBytes)), limits::kNameBytes);
  for (char& c : text) {
    if (BadCharacter(c) && c != ' ') c = '?';
  }
  return text;
}

Result<std::vector<std::string>> SplitQueueName(std::string_view name) {
  if (name.empty()) return BadName(name, "is empty");
  if (name.size() > kQueuePathBytes) {
    return BadName(name, "is longer than " + std::to_string(kQueuePathBytes) + " bytes");
  }
  if (std::any_of(name.begin(), name.end(), BadCharacter)) {
    return BadName(name, "has spaces or control characters");
  }
  std::vector<std::string> parts;
  for (const std::string_view part : Split(name, '.')) {
    if (part.empty()) return BadName(name, "has an empty part");
    if (part.size() > limits::kNameBytes) {
      return BadName(name,
                     "has a part longer than " + std::to_string(limits::kNameBytes) + " bytes");
    }
    parts.emplace_back(part);
    if (parts.size() > kQueueLevels) {
      return BadName(name, "has more than " + std::to_string(kQueueLevels) + " parts");
    }
  }
  return parts;
}

std::vector<std::string> MeaningsOf(const QueueConfiguration& configuration,
                                    std::string_view name) {
  std::vector<std::string> leaves;
  std::vector<std::string> parents;
  for (const auto& [path, queue] : configuration.queues) {
    if (queue.name == name) (queue.leaf ? leaves : parents).push_back(path);
  }
  return leaves.empty() ? parents : leaves;
}

Result<std::string> ResolveLeaf(const QueueConfiguration& configuration,
                                std::string_view name,
                                bool create) {
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> parts, SplitQueueName(name));
  if (parts.size() == 1) {
    const std::vector<std::string> meanings = MeaningsOf(configuration, name);
    if (meanings.empty()) return Unknown(configuration, name);
    if (meanings.size() > 1) return Ambiguous(name, meanings);
    return ResolvePath(configuration, meanings.front(), false);
  }
  WEIR_ASSIGN_OR_RETURN(const std::string path, FullPath(configuration, name, parts));
  return ResolvePath(configuration, path, create);
}

}  // namespace weir::scheduler
