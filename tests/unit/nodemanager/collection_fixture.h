// A node with logs of one application, and the shared directory to which they are brought.
#ifndef WEIR_TESTS_UNIT_NODEMANAGER_COLLECTION_FIXTURE_H_
#define WEIR_TESTS_UNIT_NODEMANAGER_COLLECTION_FIXTURE_H_

#include <atomic>
#include <string>
#include <utility>

#include "log_fixture.h"
#include "nodemanager/executor/log_aggregator.h"
#include "nodemanager/executor/log_collector.h"
#include "tests/support/wait_until.h"

namespace weir::nm {

class LogCollection : public LogFixture {
 protected:
  LogCollection() { MakeContainer(2, "taskmanager"); }

  logs::ArchiveRoot Root() const { return {directory_ / "shared", "logs"}; }
  std::string Archive() const { return Root().File("ann", kApplication, "host_1"); }
  std::string Archived(const std::string& name, int64_t number = 2) const {
    return ReadArchive(Archive(), number, name);
  }
  CollectorOptions Collecting() const {
    CollectorOptions options;
    options.root = Root();
    options.application = kApplication;
    options.user = "ann";
    options.node = "host_1";
    return options;
  }
  LogCollector Collector(platform::FileSystem& files = platform::FileSystem::Real()) const {
    return {files, directories_, Collecting()};
  }
  // The bytes of one.
  Result<int64_t> Round(LogCollector& collector, bool last = false) const {
    const auto round = collector.Round(last, never_);
    if (!round.ok()) return round.error();
    return round->bytes;
  }
  AggregatorOptions Options() const {
    AggregatorOptions options;
    options.root = Root();
    options.node = "host:1";
    options.notes = directory_ / "aggregation";
    options.roll_interval = milliseconds(20);
    options.smallest_back_off = milliseconds(5);
    return options;
  }
  // Told again and again that nothing runs here, as a NodeManager does every second.
  ::testing::AssertionResult AwaitLeaving(LogAggregator& aggregator) const {
    return weir::testing::WaitUntil(
        [&] {
          aggregator.Update({});
          return !weir::testing::Exists(Local());
        },
        "the local logs to go");
  }
  std::string Note() const { return directory_ / "aggregation/" + kApplication.ToString(); }
  std::string Local() const { return directory_ / "log/" + kApplication.ToString(); }

  const std::atomic<bool> never_ = false;
};

}  // namespace weir::nm

#endif  // WEIR_TESTS_UNIT_NODEMANAGER_COLLECTION_FIXTURE_H_
