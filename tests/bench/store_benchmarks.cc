// submit-durable and recover: the state stores under the records of submissions.
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "common/random.h"
#include "platform/clock.h"
#include "platform/mutex.h"
#include "state-store/protocol/zk_layout.h"
#include "state-store/state_store.h"
#include "state-store/zookeeper_client.h"
#include "state-store/zookeeper_store.h"
#include "tests/bench/bench.h"
#include "tests/support/temp_directory.h"
#include "tests/support/zookeeper_ensemble.h"

namespace weir::bench {
namespace {

constexpr size_t kSubmissionBytes = 1024;
constexpr int64_t kTimestamp = 1'700'000'000'000;
constexpr size_t kFillInFlight = 256;
constexpr int kServers = 3;

double InMs(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

double InSeconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// A place for stores of the kind that was asked for, in files or in a ZooKeeper of its own.
class StorePlace {
 public:
  static Result<std::unique_ptr<StorePlace>> Make(StoreChoice choice) {
    auto place = std::make_unique<StorePlace>(choice);
    if (choice != StoreChoice::kZookeeper) return place;
    if (const std::string why = testing::ZooKeeperEnsemble::WhyNot(); !why.empty()) {
      return Error{ErrorCode::kFailedPrecondition, why, ""};
    }
    place->ensemble_ = std::make_unique<testing::ZooKeeperEnsemble>(
        testing::ZooKeeperSettings{.servers = kServers, .heap_mb = 512});
    if (place->ensemble_->Start()) return place;
    return Error{ErrorCode::kUnavailable, "ZooKeeper does not start", ""};
  }
  explicit StorePlace(StoreChoice choice) : choice_(choice) {}

  Result<std::unique_ptr<store::StateStore>> Open() const {
    const std::string directory = directory_ / "store";
    switch (choice_) {
      case StoreChoice::kLevelDb:
        return store::OpenLevelDbStore({.directory = directory});
      case StoreChoice::kFilesystem:
        return store::OpenFilesystemStore({.directory = directory});
      case StoreChoice::kZookeeper:
        return store::OpenZookeeperStore(Zookeeper());
    }
    return Error{ErrorCode::kInvalidArgument, "an unknown store", ""};
  }
  store::ZookeeperStoreOptions Zookeeper() const {
    store::ZookeeperStoreOptions options;
    options.session.servers = ensemble_->address();
    options.session.password = "bench";
    options.cluster_id = "bench";
    return options;
  }

 private:
  const StoreChoice choice_;
  testing::TempDirectory directory_;
  std::unique_ptr<testing::ZooKeeperEnsemble> ensemble_;
};

store::ApplicationRecord Submission(int64_t number) {
  store::ApplicationRecord record;
  record.id = {.cluster_timestamp = kTimestamp, .sequence = static_cast<int32_t>(number)};
  record.idempotency_key = "bench-" + std::to_string(number);
  record.user = "bench";
  record.queue = "root.default";
  record.context.name = "durable";
  record.context.type = "WEIR_COMMAND";
  record.context.am_resource = {1024, 1};
  Random random(static_cast<uint64_t>(number) + 1);
  std::string filler;
  while (filler.size() < kSubmissionBytes - 200) {
    filler.push_back(static_cast<char>('!' + random.Below(90)));
  }
  record.context.am_launch.command = {"/bin/sh", "-c", filler};
  return record;
}

// Clients that each have one submission under way, and the next one when that is durable.
class ClosedLoop {
 public:
  // `submit` begins one and calls what it is given when it is durable.
  using Submit = std::function<void(int64_t number, std::function<void(bool ok)>)>;

  ClosedLoop(int64_t clients, Duration length, Submit submit)
      : submit_(std::move(submit)),
        end_(platform::MonotonicNow() + length),
        clients_(clients),
        running_(clients) {}

  // The latencies, in ms; fewer than one a client when something failed.
  std::vector<double> Run() {
    for (int64_t i = 0; i < clients_; ++i) Next();
    platform::MutexLock lock(mutex_);
    while (running_ > 0) changed_.Wait(mutex_);
    return std::move(latencies_);
  }
  bool failed() const { return failed_; }

 private:
  void Next() {
    const Instant began = platform::MonotonicNow();
    submit_(next_++, [this, began](bool ok) {
      const Instant now = platform::MonotonicNow();
      if (!ok) failed_ = true;
      {
        platform::MutexLock lock(mutex_);
        latencies_.push_back(InMs(now - began));
        if (!ok || now >= end_) {
          --running_;
          changed_.NotifyAll();
          return;
        }
      }
      Next();
    });
  }

  const Submit submit_;
  const Instant end_;
  const int64_t clients_;
  std::atomic<int64_t> next_{1};
  std::atomic<bool> failed_{false};
  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  std::vector<double> latencies_ WEIR_GUARDED_BY(mutex_);
  int64_t running_ WEIR_GUARDED_BY(mutex_);
};

struct Measured {
  double per_second = 0;
  std::vector<double> latencies;
};

Result<Measured> Measure(int64_t clients, Duration length, ClosedLoop::Submit submit) {
  ClosedLoop loop(clients, length, std::move(submit));
  const Instant began = platform::MonotonicNow();
  Measured measured{.per_second = 0, .latencies = loop.Run()};
  const double took = InSeconds(platform::MonotonicNow() - began);
  measured.per_second = static_cast<double>(measured.latencies.size()) / took;
  if (!loop.failed()) return measured;
  return Error{ErrorCode::kUnavailable, "a write failed", ""};
}

// What the ensemble itself does: multis of the same shape and size, as many under way, each with a
// check and a record of its own. `name` is of a place of their own.
Result<Measured> MeasureMultis(const StorePlace& place,
                               const std::string& name,
                               int64_t clients,
                               Duration length) {
  store::ZookeeperClient client(place.Zookeeper().session,
                                [](uint64_t, store::ZooKeeperSession::State) {});
  WEIR_RETURN_IF_ERROR(client.Renew());
  WEIR_RETURN_IF_ERROR(client.AwaitConnection());
  const store::ZkLayout layout("/raw", name);
  using Kind = store::ZkOperation::Kind;
  for (const std::string& path : {std::string("/raw"), layout.root()}) {
    WEIR_ASSIGN_OR_RETURN(const auto made, client.Multi({{.kind = Kind::kCreate, .path = path}}));
    static_cast<void>(made);
  }
  WEIR_ASSIGN_OR_RETURN(const auto made, client.Multi(layout.MakeAll(false, "1")));
  if (made.code != store::ZkCode::kOk) return client.Refused(layout.root(), made);
  const auto session = client.session();
  return Measure(clients, length, [&](int64_t number, std::function<void(bool)> done) {
    const store::ApplicationRecord record = Submission(number);
    session->Multi({{.kind = Kind::kCheck, .path = layout.epoch(), .version = 0},
                    {.kind = Kind::kSet, .path = layout.head(), .data = "1 1"},
                    {.kind = Kind::kCreate,
                     .path = layout.changes() + "/" + std::to_string(number),
                     .data = store::KeyOf(record)},
                    {.kind = Kind::kCreate,
                     .path = layout.RecordPath(store::KeyOf(record)),
                     .data = store::Encode(record).value()}},
                   [done = std::move(done)](const store::ZkOutcome& outcome) {
                     done(outcome.code == store::ZkCode::kOk);
                   });
  });
}

Status Fill(store::StateStore& to, Epoch epoch, int64_t applications) {
  platform::Mutex mutex;
  platform::ConditionVariable changed;
  size_t in_flight = 0;
  std::optional<Error> failure;
  for (int64_t number = 1; number <= applications; ++number) {
    const store::ApplicationRecord application = Submission(number);
    const AttemptId attempt{.application = application.id, .number = 1};
    {
      platform::MutexLock lock(mutex);
      while (in_flight >= kFillInFlight) changed.Wait(mutex);
      ++in_flight;
    }
    to.Append({store::Put{application},
               store::Put{store::AttemptRecord{
                   .id = attempt, .am_container = ContainerId::Make(attempt, epoch, 1)}}},
              epoch,
              [&](const Status& status) {
                platform::MutexLock lock(mutex);
                --in_flight;
                if (!status.ok()) failure = status.error();
                changed.NotifyAll();
              });
  }
  platform::MutexLock lock(mutex);
  while (in_flight > 0) changed.Wait(mutex);
  if (failure) return *failure;
  return {};
}

}  // namespace

Result<Samples> RunSubmitDurable(const Parameters& parameters) {
  const auto choice = static_cast<StoreChoice>(parameters.at("store"));
  const int64_t clients = parameters.at("clients");
  const Duration length = milliseconds(parameters.at("ms"));
  WEIR_ASSIGN_OR_RETURN(const std::unique_ptr<StorePlace> place, StorePlace::Make(choice));
  if (choice == StoreChoice::kZookeeper) {
    // Servers that have just begun are slow: both rates are of warm ones.
    WEIR_RETURN_IF_ERROR(MeasureMultis(*place, "warm", clients, length));
  }
  WEIR_ASSIGN_OR_RETURN(const std::unique_ptr<store::StateStore> opened, place->Open());
  WEIR_ASSIGN_OR_RETURN(const store::EpochRecord epoch,
                        opened->Open({.wall_millis = kTimestamp, .cluster_id = "bench"}));
  WEIR_ASSIGN_OR_RETURN(
      Measured measured,
      Measure(clients, length, [&](int64_t number, std::function<void(bool)> done) {
        opened->Append({store::Put{Submission(number)}},
                       epoch.epoch,
                       [done = std::move(done)](const Status& status) { done(status.ok()); });
      }));
  opened->Close();
  Samples samples;
  samples["raw_store_per_second"] = {measured.per_second};
  samples["store_ms"] = std::move(measured.latencies);
  // Beside ZooKeeper's own rate; on disk a store's rate is the disk's.
  samples["of_multis"] = {1};
  if (choice == StoreChoice::kZookeeper) {
    WEIR_ASSIGN_OR_RETURN(const Measured multis,
                          MeasureMultis(*place, "measured", clients, length));
    samples["of_multis"] = {measured.per_second / multis.per_second};
  }
  return samples;
}

Result<Samples> RunRecover(const Parameters& parameters) {
  const auto choice = static_cast<StoreChoice>(parameters.at("store"));
  WEIR_ASSIGN_OR_RETURN(const std::unique_ptr<StorePlace> place, StorePlace::Make(choice));
  const store::OpenRequest request{.wall_millis = kTimestamp, .cluster_id = "bench"};
  {
    WEIR_ASSIGN_OR_RETURN(const std::unique_ptr<store::StateStore> opened, place->Open());
    WEIR_ASSIGN_OR_RETURN(const store::EpochRecord epoch, opened->Open(request));
    WEIR_RETURN_IF_ERROR(Fill(*opened, epoch.epoch, parameters.at("applications")));
    opened->Close();
  }
  const Instant began = platform::MonotonicNow();
  WEIR_ASSIGN_OR_RETURN(const std::unique_ptr<store::StateStore> opened, place->Open());
  WEIR_RETURN_IF_ERROR(opened->Open(request));
  WEIR_ASSIGN_OR_RETURN(const store::LoadedState state, opened->Load());
  Samples samples;
  samples["load_seconds"] = {InSeconds(platform::MonotonicNow() - began)};
  samples["records"] = {static_cast<double>(state.records.size())};
  return samples;
}

}  // namespace weir::bench
