// SimStandby: what a ResourceManager of a run that does not lead makes of the records in ZooKeeper:
// the product's StandbyCore, given what has changed now and then. As when records are written while
// they are read, it does not see all of it at once.
//
// Its chances are of its own: whether there is a standby changes nothing else in a run.
#ifndef WEIR_TESTS_SIMULATION_SIM_STANDBY_H_
#define WEIR_TESTS_SIMULATION_SIM_STANDBY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "common/random.h"
#include "resourcemanager/core/standby_core.h"
#include "tests/simulation/zookeeper_writer.h"

namespace weir::simulation {

class SimStandby {
 public:
  SimStandby(const ZookeeperRecords& records, const rm::CoreOptions& options, uint64_t seed);

  void Look();
  // All of it is seen. Requires: nobody writes any more.
  std::unique_ptr<rm::ResourceManagerCore> Lead(const store::EpochRecord& epoch,
                                                const rm::LeadershipOptions& leadership,
                                                Now now);

 private:
  enum class Eyes { kAll, kSome };
  void Look(Eyes eyes);

  const ZookeeperRecords& records_;
  rm::StandbyCore core_;
  Random random_;
  std::map<std::string, std::string> seen_;  // bytes by key
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_SIM_STANDBY_H_
