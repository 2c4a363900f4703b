#include "tests/unit/scheduler_queues/tree_builder.h"

#include <algorithm>
#include <cmath>

namespace weir::scheduler {
namespace {

CapacityVector All(CapacityKind kind, int64_t value) {
  CapacityVector vector;
  vector.parts.fill({kind, value});
  return vector;
}

}  // namespace

CapacityVector Percent(double percent) {
  return All(CapacityKind::kPercent, std::llround(percent * 100) * (kWholePercent / 10'000));
}

CapacityVector Weight(int64_t weight) {
  return All(CapacityKind::kWeight, weight * kWholeWeight);
}

CapacityVector Absolute(const Amounts& amounts) {
  CapacityVector vector = All(CapacityKind::kAbsolute, 0);
  for (int i = 0; i < amounts.types(); ++i) vector.parts[static_cast<size_t>(i)].value = amounts[i];
  return vector;
}

TreeBuilder::TreeBuilder() {
  QueueSettings root;
  root.path = root.name = "root";
  root.every_label = true;
  root.partitions[""] = {Percent(100), Percent(100), {}};
  configuration_.queues["root"] = root;
}

QueueSettings& TreeBuilder::Add(const std::string& path, const CapacityVector& capacity) {
  return Add(path, capacity, Percent(100));
}

QueueSettings& TreeBuilder::Add(const std::string& path,
                                const CapacityVector& capacity,
                                const CapacityVector& maximum) {
  QueueSettings settings;
  settings.path = path;
  settings.parent = path.substr(0, path.rfind('.'));
  settings.name = path.substr(path.rfind('.') + 1);
  settings.partitions[""] = {capacity, maximum, {}};
  QueueSettings& parent = configuration_.queues.at(settings.parent);
  parent.leaf = false;
  parent.children.push_back(path);
  return configuration_.queues[path] = settings;
}

void TreeBuilder::SetLabelCapacity(const std::string& path,
                                   const std::string& label,
                                   const CapacityVector& capacity,
                                   const CapacityVector& maximum) {
  QueueSettings& settings = configuration_.queues.at(path);
  settings.partitions[label] = {capacity, maximum, {}};
  settings.labels.push_back(label);
  std::sort(settings.labels.begin(), settings.labels.end());
}

void TreeBuilder::Apply(QueueTree& tree) const {
  tree.Configure(std::make_shared<const QueueConfiguration>(configuration_), labels_);
}

QueueTree TreeBuilder::Build(const Amounts& total) const {
  QueueTree tree(TwoTypes());
  Apply(tree);
  tree.SetPartitionTotal(kDefaultPartition, total);
  return tree;
}

ResourceTypes TwoTypes() {
  return ResourceTypes(Resource{1024, 1}, Resource{1 << 20, 1 << 10});
}

QueueSlot At(const QueueTree& tree, const std::string& path) {
  return tree.Find(path).value();
}

}  // namespace weir::scheduler
