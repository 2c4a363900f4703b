// ZookeeperWriter: a ResourceManager's writer to the records in ZooKeeper, as ZookeeperStore is:
// the protocol of the product over a connection of the run.
//
// ZookeeperRecords: what is durable there, and the rule that nothing is written under an epoch
// once there is a later one.
#ifndef WEIR_TESTS_SIMULATION_ZOOKEEPER_WRITER_H_
#define WEIR_TESTS_SIMULATION_ZOOKEEPER_WRITER_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "state-store/protocol/zk_writer.h"
#include "tests/simulation/durable_state.h"
#include "tests/simulation/sim_process.h"
#include "tests/simulation/zookeeper_connection.h"
#include "tests/simulation/zookeeper_model.h"

namespace weir::simulation {

class ZookeeperRecords final : public DurableState {
 public:
  explicit ZookeeperRecords(ZookeeperModel& zookeeper);

  std::optional<store::Record> Find(const std::string& key) const override;
  const std::string& fault() const override { return fault_; }
  std::vector<store::Record> Load() const;
  std::map<std::string, std::string> Bytes() const;  // by key
  Epoch epoch() const { return epoch_; }
  void Fail(const std::string& what);

 private:
  void Check(const std::vector<store::ZkOperation>& applied);

  ZookeeperModel& zookeeper_;
  Epoch epoch_;  // the newest
  std::string fault_;
};

class ZookeeperWriter final : public RecordWriter {
 public:
  ZookeeperWriter(World& world, SimProcess& process, const std::string& host);

  void Open(int64_t wall_millis, Handlers handlers) override;
  void Append(uint64_t sequence, std::vector<store::StoreOperation> batch) override;
  void Confirm(std::function<void(bool)> done) override;
  void Crash() override;

 private:
  void TakeEpoch();
  void Bump(const store::ZkNode& node);
  void MakeStore();
  void Taken(const store::EpochRecord& epoch, int32_t version);
  void FailOpening(const Error& error);
  void Carry(const store::ZkActions& actions);
  void ReadHead(uint64_t id);

  World& world_;
  SimProcess& process_;
  ZookeeperConnection connection_;
  int64_t wall_millis_ = 0;
  Handlers handlers_;
  uint64_t life_ = 0;  // counts openings: what belongs to an earlier one is void
  bool opening_ = false;
  store::EpochRecord epoch_;
  std::unique_ptr<store::ZkWriter> writer_;
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_ZOOKEEPER_WRITER_H_
