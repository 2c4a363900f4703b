// Whole clusters whose ResourceManager is killed and started again, alone or with everything else:
// what runs goes on.
#include <gtest/gtest.h>

#include "tests/integration/stream_job_test.h"

namespace weir::testing {
namespace {

class WorkPreserving : public StreamJobTest {};

TEST_F(WorkPreserving, ASessionAndItsRunningJobGoOnThroughAKill) {
  ExpectSessionGoesOn([this] {
    cluster().resource_manager().Kill();
    ASSERT_TRUE(cluster().StartResourceManager());
    ASSERT_TRUE(cluster().WaitForNodes(1));
  });
}

TEST_F(WorkPreserving, AllDaemonsKilledAtOnceDisturbNoContainer) {
  ExpectContainersGoOn([this] {
    cluster().node(0).Kill();
    cluster().resource_manager().Kill();
    ASSERT_TRUE(cluster().StartResourceManager());
    ASSERT_TRUE(cluster().StartNode(0));
    ASSERT_TRUE(cluster().WaitForNodes(1));
  });
}

}  // namespace
}  // namespace weir::testing
