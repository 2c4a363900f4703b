// StorePlace: where the stores of a benchmark are, in files or in three ZooKeeper servers of its
// own, and the submissions of 1 KB that are put there. Owner: a benchmark; of one thread.
#ifndef WEIR_TESTS_BENCH_STORE_PLACE_H_
#define WEIR_TESTS_BENCH_STORE_PLACE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "common/application.h"
#include "common/result.h"
#include "state-store/state_store.h"
#include "state-store/zookeeper_store.h"
#include "tests/bench/bench.h"
#include "tests/support/process_cluster.h"
#include "tests/support/temp_directory.h"
#include "tests/support/zookeeper_ensemble.h"

namespace weir::bench {

inline constexpr char kBenchCluster[] = "bench";

class StorePlace {
 public:
  // kFailedPrecondition: there is no ZooKeeper here; kUnavailable: it does not start.
  static Result<std::unique_ptr<StorePlace>> Make(StoreChoice choice);
  explicit StorePlace(StoreChoice choice) : choice_(choice) {}

  StoreChoice choice() const { return choice_; }
  Result<std::unique_ptr<store::StateStore>> Open() const;
  // Requires: kZookeeper.
  store::ZookeeperStoreOptions Zookeeper() const;
  // A new epoch of the store of kBenchCluster.
  static store::OpenRequest Request();
  // What makes ResourceManagers use a store of this kind; in ZooKeeper that of kBenchCluster, for
  // those whose secret file is WriteSecret's.
  testing::ClusterOptions::Settings Settings() const;
  Status WriteSecret(const std::string& file) const;

 private:
  const StoreChoice choice_;
  testing::TempDirectory directory_;
  std::unique_ptr<testing::ZooKeeperEnsemble> ensemble_;
};

SubmissionContext SubmissionOf(int64_t number);
store::ApplicationRecord ApplicationOf(int64_t number);

// `applications` of them, each with an ApplicationMaster on one of `nodes` nodes.
Status Fill(store::StateStore& to, Epoch epoch, int64_t applications, int64_t nodes);

}  // namespace weir::bench

#endif  // WEIR_TESTS_BENCH_STORE_PLACE_H_
