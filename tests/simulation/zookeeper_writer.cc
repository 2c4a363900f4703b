#include "tests/simulation/zookeeper_writer.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "tests/simulation/world.h"

namespace weir::simulation {
namespace {

using Kind = store::ZkOperation::Kind;

const store::ZkLayout& Layout() {
  static const store::ZkLayout layout("/weir", "simulation");
  return layout;
}

std::string EpochBytes(const store::EpochRecord& epoch) {
  return *store::Encode(epoch);
}

}  // namespace

ZookeeperRecords::ZookeeperRecords(ZookeeperModel& zookeeper) : zookeeper_(zookeeper) {
  zookeeper_.OnApplied([this](const auto& applied) { Check(applied); });
}

void ZookeeperRecords::Fail(const std::string& what) {
  if (fault_.empty()) fault_ = what;
}

std::optional<store::Record> ZookeeperRecords::Find(const std::string& key) const {
  const store::ZkNode node = zookeeper_.Read(0, Layout().RecordPath(key));
  if (!node.exists) return std::nullopt;
  Result<store::Record> record = store::Decode(key, node.data);
  if (!record.ok()) return std::nullopt;
  return std::move(record).value();
}

std::vector<store::Record> ZookeeperRecords::Load() const {
  std::vector<store::Record> list;
  for (const auto& [key, bytes] : Bytes()) list.push_back(*store::Decode(key, bytes));
  return list;
}

std::map<std::string, std::string> ZookeeperRecords::Bytes() const {
  std::map<std::string, std::string> records;
  for (int bucket = 0; bucket < store::ZkLayout::kBuckets; ++bucket) {
    const std::string parent = Layout().Bucket(bucket);
    for (const auto& [path, bytes] : zookeeper_.Below(parent)) {
      const auto key = Layout().KeyAt(bucket, path.substr(parent.size() + 1));
      if (key && store::Decode(*key, bytes).ok()) records.emplace(*key, bytes);
    }
  }
  return records;
}

void ZookeeperRecords::Check(const std::vector<store::ZkOperation>& applied) {
  for (const store::ZkOperation& operation : applied) {
    const bool written = operation.kind == Kind::kSet || operation.kind == Kind::kCreate;
    if (!written) continue;
    if (operation.path == Layout().epoch()) {
      const auto record = store::Decode(store::KeyOf(store::EpochRecord{}), operation.data);
      const Epoch next = record.ok() ? std::get<store::EpochRecord>(*record).epoch : Epoch{};
      if (next <= epoch_) Fail("the epoch does not grow");
      epoch_ = next;
    } else if (operation.path == Layout().head()) {
      const auto head = store::DecodeHead(operation.data);
      const bool made_empty = head && head->number == 0;
      if (!made_empty && (!head || head->epoch != epoch_)) {
        Fail("epoch " + std::to_string(head ? head->epoch.value : 0) + " writes although epoch " +
             std::to_string(epoch_.value) + " has begun");
      }
    }
  }
}

ZookeeperWriter::ZookeeperWriter(World& world, SimProcess& process, const std::string& host)
    : world_(world), process_(process), connection_(world, process, host, "the store's") {}

void ZookeeperWriter::Open(int64_t wall_millis, Handlers handlers) {
  Crash();
  wall_millis_ = wall_millis;
  handlers_ = std::move(handlers);
  opening_ = true;
  // As patient as the product is, which gives another one the chance then.
  process_.After(seconds(10), [this, life = life_] {
    if (life == life_ && opening_) {
      FailOpening({ErrorCode::kUnavailable, "the store could not be opened in time", ""});
    }
  });
  connection_.Open({.connected =
                        [this] {
                          if (writer_ == nullptr) return TakeEpoch();
                          store::ZkActions actions;
                          writer_->Connected(actions);
                          Carry(actions);
                        },
                    .disconnected =
                        [this] {
                          if (writer_ != nullptr) writer_->Disconnected();
                        }});
}

void ZookeeperWriter::Crash() {
  ++life_;
  opening_ = false;
  connection_.Close(false);
  writer_.reset();
}

void ZookeeperWriter::FailOpening(const Error& error) {
  const auto opened = handlers_.opened;
  Crash();
  opened(error);
}

// The conditional write that makes a writer; an outcome that is not known is settled by the next
// reading, under one more epoch.
void ZookeeperWriter::TakeEpoch() {
  connection_.Read(
      {Layout().epoch()}, nullptr, [this, life = life_](const ZookeeperConnection::View& view) {
        if (life != life_ || view.outcome.code != store::ZkCode::kOk) return;
        if (view.nodes[0].exists) return Bump(view.nodes[0]);
        MakeStore();
      });
}

void ZookeeperWriter::MakeStore() {
  const store::EpochRecord epoch = NextEpochRecord(std::nullopt, wall_millis_);
  std::vector<store::ZkOperation> all = {
      {.kind = Kind::kCreate, .path = Layout().parent(), .data = ""}};
  for (store::ZkOperation& one : Layout().MakeAll(true, EpochBytes(epoch))) {
    all.push_back(std::move(one));
  }
  connection_.Apply(std::move(all), [this, life = life_, epoch](const store::ZkOutcome& outcome) {
    if (life != life_ || outcome.code == store::ZkCode::kUnknown) return;
    if (outcome.code == store::ZkCode::kOk) return Taken(epoch, 0);
    TakeEpoch();
  });
}

void ZookeeperWriter::Bump(const store::ZkNode& node) {
  const auto stored = store::Decode(store::KeyOf(store::EpochRecord{}), node.data);
  const store::EpochRecord epoch = NextEpochRecord(*stored, wall_millis_);
  connection_.Apply(
      {{.kind = Kind::kSet,
        .path = Layout().epoch(),
        .data = EpochBytes(epoch),
        .version = node.version}},
      [this, life = life_, epoch, version = node.version + 1](const store::ZkOutcome& outcome) {
        if (life != life_ || outcome.code == store::ZkCode::kUnknown) return;
        if (outcome.code == store::ZkCode::kOk) return Taken(epoch, version);
        FailOpening({ErrorCode::kFenced, "another one was faster", ""});
      });
}

void ZookeeperWriter::Taken(const store::EpochRecord& epoch, int32_t version) {
  epoch_ = epoch;
  std::unordered_set<std::string> existing;  // lookup-only
  for (const auto& [path, bytes] : world_.zookeeper.Below(Layout().root())) existing.insert(path);
  store::ZkWriter::Options options;
  options.window = 4;
  writer_ = std::make_unique<store::ZkWriter>(
      options, Layout(), epoch.epoch, version, std::move(existing), "simulated");
  store::ZkActions actions;
  if (connection_.connected()) writer_->Connected(actions);
  Carry(actions);
}

void ZookeeperWriter::Append(uint64_t sequence, std::vector<store::StoreOperation> batch) {
  std::vector<store::EngineOperation> operations;
  for (const store::StoreOperation& operation : batch) {
    if (const auto* erased = std::get_if<store::Delete>(&operation)) {
      operations.push_back({.key = erased->key, .value = std::nullopt});
      continue;
    }
    const store::Record& record = std::get<store::Put>(operation).record;
    Result<std::string> bytes = store::Encode(record);
    if (!bytes.ok()) {
      world_.records.Fail(bytes.error().ToString());
      continue;
    }
    operations.push_back({.key = store::KeyOf(record), .value = *std::move(bytes)});
  }
  store::ZkActions actions;
  writer_->Append(sequence, std::move(operations), std::nullopt, true, actions);
  Carry(actions);
}

void ZookeeperWriter::Carry(const store::ZkActions& actions) {
  const uint64_t life = life_;
  for (const store::ZkAction& action : actions) {
    if (life != life_) return;
    if (const auto* multi = std::get_if<store::SendMulti>(&action)) {
      connection_.Apply(multi->operations,
                        [this, life, id = multi->id](const store::ZkOutcome& outcome) {
                          if (life != life_) return;
                          store::ZkActions next;
                          writer_->MultiDone(id, outcome, next);
                          Carry(next);
                        });
    } else if (const auto* read = std::get_if<store::ReadHead>(&action)) {
      ReadHead(read->id);
    } else if (const auto* answer = std::get_if<store::AnswerBatch>(&action)) {
      // Not in the midst of the call that appended it.
      process_.After(Duration(0), [this, life, answer = *answer] {
        if (life == life_) handlers_.done({.sequence = answer.ticket, .status = answer.status});
      });
    } else if (std::holds_alternative<store::BecameReady>(action)) {
      if (!std::exchange(opening_, false)) continue;
      handlers_.opened(Opened{.epoch = epoch_, .records = world_.records.Load()});
    } else if (const auto* ended = std::get_if<store::Ended>(&action)) {
      if (opening_) return FailOpening(ended->error);
      // The owner hears of it without having written anything.
      process_.After(Duration(0), [this, life, error = ended->error] {
        if (life == life_) handlers_.done({.sequence = 0, .status = error});
      });
    }
  }
}

void ZookeeperWriter::Confirm(std::function<void(bool)> done) {
  connection_.Read(
      {Layout().epoch()},
      nullptr,
      [this, life = life_, done = std::move(done)](const ZookeeperConnection::View& view) {
        if (life != life_ || writer_ == nullptr) return;
        if (view.outcome.code != store::ZkCode::kOk) return done(false);
        store::ZkActions actions;
        writer_->EpochSeen(view.nodes[0].version, actions);
        const bool ours = !writer_->ended();
        Carry(actions);
        if (life == life_) done(ours);
      });
}

void ZookeeperWriter::ReadHead(uint64_t id) {
  const uint64_t life = life_;
  const auto changed = [this, life] {
    connection_.Read(
        {Layout().epoch()}, nullptr, [this, life](const ZookeeperConnection::View& view) {
          if (life != life_ || view.outcome.code != store::ZkCode::kOk) return;
          store::ZkActions actions;
          writer_->EpochSeen(view.nodes[0].version, actions);
          Carry(actions);
        });
  };
  connection_.Read({Layout().epoch(), Layout().head(), Layout().holder()},
                   changed,
                   [this, life, id](const ZookeeperConnection::View& view) {
                     if (life != life_) return;
                     store::ZkHeadView head;
                     head.outcome = view.outcome;
                     if (view.outcome.code == store::ZkCode::kOk) {
                       head.epoch = view.nodes[0];
                       head.head = view.nodes[1];
                       head.holder = view.nodes[2];
                     }
                     store::ZkActions actions;
                     writer_->HeadRead(id, head, actions);
                     Carry(actions);
                   });
}

}  // namespace weir::simulation
