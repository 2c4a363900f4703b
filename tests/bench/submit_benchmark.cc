// submit-durable: submissions through a real ResourceManager, beside its store alone and, with
// ZooKeeper, beside what its servers do at most.
#include <utility>

#include "common/limits.h"
#include "platform/config_keys.h"
#include "platform/short_turns.h"
#include "state-store/protocol/zk_layout.h"
#include "state-store/zookeeper_client.h"
#include "tests/bench/bench.h"
#include "tests/bench/closed_loop.h"
#include "tests/bench/store_place.h"
#include "tests/bench/submit_load.h"
#include "tests/support/process_cluster.h"

namespace weir::bench {
namespace {

using testing::ProcessCluster;

// As many applications as are submitted wait at the same time: no queue may mind.
constexpr char kQueues[] =
    "<configuration><property><name>yarn.scheduler.capacity.root.queues</name>"
    "<value>default</value></property><property>"
    "<name>yarn.scheduler.capacity.root.default.capacity</name><value>100</value></property>"
    "<property><name>yarn.scheduler.capacity.maximum-applications</name>"
    "<value>1000000</value></property><property>"
    "<name>yarn.scheduler.capacity.root.default.maximum-applications</name>"
    "<value>1000000</value></property></configuration>";

// A ResourceManager with the store that was asked for and no nodes, and clients with a socket each.
Result<Measured> MeasureSubmissions(const StorePlace& place, int64_t clients, Duration length) {
  testing::ClusterOptions options;
  options.nodes = 0;
  options.settings = place.Settings();
  // In ZooKeeper beside the store that is measured alone.
  options.settings[platform::keys::kClusterId] = "submissions";
  options.queue_file = kQueues;
  ProcessCluster cluster(options);
  WEIR_RETURN_IF_ERROR(place.WriteSecret(cluster.work_dir() + "/cluster.secret"));
  if (!cluster.Start()) return Error{ErrorCode::kInternal, cluster.Logs(), ""};
  WEIR_ASSIGN_OR_RETURN(const auto load,
                        SubmitLoad::Connect(cluster.work_dir() + "/rm/client.sock", clients));
  auto measured = load->Run(length, static_cast<int64_t>(limits::kLiveApplications));
  if (measured.ok()) return measured;
  return Error{measured.error().code, measured.error().message + "\n" + cluster.Logs(), ""};
}

Result<Measured> MeasureStore(const StorePlace& place, int64_t clients, Duration length) {
  WEIR_ASSIGN_OR_RETURN(const std::unique_ptr<store::StateStore> opened, place.Open());
  WEIR_ASSIGN_OR_RETURN(const store::EpochRecord epoch, opened->Open(StorePlace::Request()));
  auto measured =
      MeasureClosedLoop(clients, length, [&](int64_t number, std::function<void(bool)> done) {
        opened->Append({store::Put{ApplicationOf(number)}},
                       epoch.epoch,
                       [done = std::move(done)](const Status& status) { done(status.ok()); });
      });
  opened->Close();
  return measured;
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
  return MeasureClosedLoop(clients, length, [&](int64_t number, std::function<void(bool)> done) {
    const store::ApplicationRecord record = ApplicationOf(number);
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

}  // namespace

std::string WhyNotSubmitDurable(const std::string& metric, const Parameters& parameters) {
  const auto choice = static_cast<StoreChoice>(parameters.at("store"));
  if (choice == StoreChoice::kZookeeper || metric.find("multis") == std::string::npos) return "";
  return "not measured: it is beside ZooKeeper's own rate, and this store is on disk";
}

Result<Samples> RunSubmitDurable(const Parameters& parameters) {
  const auto choice = static_cast<StoreChoice>(parameters.at("store"));
  const int64_t clients = parameters.at("clients");
  const Duration length = milliseconds(parameters.at("ms"));
  WEIR_ASSIGN_OR_RETURN(const std::unique_ptr<StorePlace> place, StorePlace::Make(choice));
  const bool zookeeper = choice == StoreChoice::kZookeeper;
  // As a ResourceManager does: neither its clients nor the store that is measured alone wait
  // longer.
  platform::AskForShortTurns();
  // Servers that have just begun are slow: all rates are of warm ones.
  if (zookeeper) WEIR_RETURN_IF_ERROR(MeasureMultis(*place, "warm", clients, length));
  WEIR_ASSIGN_OR_RETURN(Measured submissions, MeasureSubmissions(*place, clients, length));
  WEIR_ASSIGN_OR_RETURN(Measured raw, MeasureStore(*place, clients, length));
  Samples samples;
  samples["submissions_per_second"] = {submissions.per_second};
  samples["submission_ms"] = std::move(submissions.latencies_ms);
  samples["raw_store_per_second"] = {raw.per_second};
  samples["store_ms"] = std::move(raw.latencies_ms);
  if (zookeeper) {
    WEIR_ASSIGN_OR_RETURN(const Measured multis,
                          MeasureMultis(*place, "measured", clients, length));
    samples["multis_per_second"] = {multis.per_second};
    samples["of_multis"] = {submissions.per_second / multis.per_second};
    samples["raw_store_of_multis"] = {raw.per_second / multis.per_second};
  }
  return samples;
}

}  // namespace weir::bench
