// Builds queue configurations as values, for tests.
#ifndef WEIR_TESTS_UNIT_SCHEDULER_QUEUES_TREE_BUILDER_H_
#define WEIR_TESTS_UNIT_SCHEDULER_QUEUES_TREE_BUILDER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "scheduler/config/queue_configuration.h"
#include "scheduler/queues/queue_tree.h"

namespace weir::scheduler {

CapacityVector Percent(double percent);  // two decimals
CapacityVector Weight(int64_t weight);
CapacityVector Absolute(const Amounts& amounts);

class TreeBuilder {
 public:
  TreeBuilder();
  // Adds a queue under a parent that is there. Returns its settings for more.
  QueueSettings& Add(const std::string& path, const CapacityVector& capacity);
  QueueSettings& Add(const std::string& path,
                     const CapacityVector& capacity,
                     const CapacityVector& maximum);
  QueueSettings& operator[](const std::string& path) { return configuration_.queues.at(path); }
  QueueConfiguration& configuration() { return configuration_; }
  void SetLabel(const std::string& label, int32_t partition) {
    labels_[label] = PartitionSlot{partition};
  }
  // Gives the queue access to the label with this capacity.
  void SetLabelCapacity(const std::string& path,
                        const std::string& label,
                        const CapacityVector& capacity,
                        const CapacityVector& maximum);

  void Apply(QueueTree& tree) const;
  // A tree of memory and vcores (minimum allocation 1024 MiB and 1 vcore) with this default total.
  QueueTree Build(const Amounts& total) const;

 private:
  QueueConfiguration configuration_;
  std::map<std::string, PartitionSlot> labels_;
};

ResourceTypes TwoTypes();
QueueSlot At(const QueueTree& tree, const std::string& path);

}  // namespace weir::scheduler

#endif  // WEIR_TESTS_UNIT_SCHEDULER_QUEUES_TREE_BUILDER_H_
