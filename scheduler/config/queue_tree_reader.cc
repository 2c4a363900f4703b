#include "scheduler/config/queue_tree_reader.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "common/strings.h"
#include "scheduler/config/property_values.h"

namespace weir::scheduler {
namespace {

constexpr std::string_view kRoot = "root";

struct NamedChild {
  std::string_view name;
  bool blank_between_commas = false;
};

// "a, b,\n c": commas and line breaks separate; a comma at the end is harmless.
std::vector<NamedChild> SplitChildren(std::string_view value) {
  std::vector<NamedChild> children;
  const std::vector<std::string_view> pieces = Split(value, ',');
  for (size_t i = 0; i < pieces.size(); ++i) {
    const std::string_view piece = Trim(pieces[i]);
    if (piece.empty() && i + 1 < pieces.size()) children.push_back({piece, true});
    if (piece.empty()) continue;
    for (const std::string_view line : Split(piece, '\n')) {
      if (!Trim(line).empty()) children.push_back({Trim(line), false});
    }
  }
  return children;
}

size_t LevelOf(const std::string& path) {
  return 1 + static_cast<size_t>(std::count(path.begin(), path.end(), '.'));
}

class TreeReader {
 public:
  TreeReader(const PropertyIndex& index, ReaderContext& context)
      : index_(index), context_(context) {}

  QueueDrafts Read() {
    Add(nullptr, 0, std::string(kRoot));
    for (size_t i = 0; i < tree_.drafts.size(); ++i) {
      if (!ReadChildren(i)) break;
    }
    for (const ConfigProperty* property : index_.of_queues()) Assign(*property);
    return std::move(tree_);
  }

 private:
  void Add(const ConfigProperty* named, size_t parent, const std::string& path) {
    tree_.by_path.emplace(path, tree_.drafts.size());
    QueueDraft draft =
        StartDraft(named == nullptr ? nullptr : &tree_.drafts[parent].settings, path, context_);
    draft.named = named;
    tree_.drafts.push_back(std::move(draft));
    tree_.parents.push_back(parent);
  }

  void Fault(const ConfigProperty& property,
             const std::string& queue,
             std::string rule,
             std::string message) {
    context_.faults.Add(&property, queue, std::move(rule), std::move(message));
  }

  // False when there are more queues than may be.
  bool ReadChildren(size_t parent) {
    const std::string path = tree_.drafts[parent].settings.path;
    const ConfigProperty* const property = index_.Children(path);
    if (property == nullptr) return true;
    const std::vector<NamedChild> children = SplitChildren(property->value);
    if (!children.empty() && LevelOf(path) >= kQueueLevelsMax) {
      Fault(*property,
            path,
            "queues stand on at most " + std::to_string(kQueueLevelsMax) + " levels",
            "it has children below level " + std::to_string(kQueueLevelsMax));
      return true;
    }
    std::set<std::string_view> seen;
    for (const NamedChild& child : children) {
      if (!AcceptChild(*property, path, child, seen)) continue;
      if (tree_.drafts.size() >= kQueuesMax) {
        Fault(*property,
              path,
              "there are at most " + std::to_string(kQueuesMax) + " queues",
              "with its children there are more queues than that");
        return false;
      }
      const std::string full = path + "." + std::string(child.name);
      tree_.drafts[parent].settings.children.push_back(full);
      Add(property, parent, full);
    }
    return true;
  }

  bool AcceptChild(const ConfigProperty& property,
                   const std::string& path,
                   const NamedChild& child,
                   std::set<std::string_view>& seen) {
    if (child.blank_between_commas) {
      Fault(property, path, "every queue has a name", "one of its children has no name");
      return false;
    }
    if (const Status good = CheckQueueName(child.name); !good) {
      context_.faults.Add(property, path, good.error());
      return false;
    }
    if (!seen.insert(child.name).second) {
      Fault(property,
            path,
            "the children of one queue have different names",
            "it has two children with the name " + Quoted(child.name));
      return false;
    }
    return true;
  }

  // Gives the property to the deepest queue on its way whose suffix has a meaning, or else keeps it
  // as one of a queue that is not there, or else warns.
  void Assign(const ConfigProperty& property) {
    const std::string_view name = std::string_view(property.name).substr(kCapacityPrefix.size());
    std::vector<std::pair<size_t, size_t>> way;  // draft, where its suffix begins
    for (size_t dot = name.find('.'); dot != std::string_view::npos;
         dot = name.find('.', dot + 1)) {
      const auto found = tree_.by_path.find(name.substr(0, dot));
      if (found == tree_.by_path.end()) break;
      way.emplace_back(found->second, dot + 1);
    }
    for (size_t i = way.size(); i-- > 0;) {
      const std::string_view suffix = name.substr(way[i].second);
      if (!IsQueueKey(suffix)) continue;
      tree_.drafts[way[i].first].given.emplace(suffix, &property);
      return;
    }
    if (!way.empty()) AssignStray(property, name, way.back().first, way.back().second);
  }

  void AssignStray(const ConfigProperty& property,
                   std::string_view name,
                   size_t ancestor,
                   size_t begin) {
    const std::string& path = tree_.drafts[ancestor].settings.path;
    size_t level = LevelOf(path);
    for (size_t dot = name.find('.', begin);
         dot != std::string_view::npos && level < kQueueLevelsMax;
         dot = name.find('.', dot + 1), ++level) {
      const std::string_view suffix = name.substr(dot + 1);
      if (!IsQueueKey(suffix)) continue;
      tree_.strays.push_back(
          {ancestor, std::string(name.substr(0, dot)), std::string(suffix), &property});
      return;
    }
    std::optional<std::string> nearest;
    if (context_.faults.TakesWarnings()) nearest = NearestQueueKey(name.substr(begin));
    context_.faults.Warn(&property,
                         Quoted(property.name) + " is not known" +
                             (nearest ? "; did you mean " + std::string(kCapacityPrefix) + path +
                                            "." + *nearest + "?"
                                      : ""));
  }

  const PropertyIndex& index_;
  ReaderContext& context_;
  QueueDrafts tree_;
};

}  // namespace

QueueDrafts ReadQueueTree(const PropertyIndex& index, ReaderContext& context) {
  return TreeReader(index, context).Read();
}

}  // namespace weir::scheduler
