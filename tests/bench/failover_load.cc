#include "tests/bench/failover_load.h"

#include <algorithm>
#include <utility>

namespace weir::bench {
namespace {

constexpr char kClusterId[] = "weir";
constexpr size_t kShown = 5;

}  // namespace

FailoverLoad::FailoverLoad(const platform::Configuration& config, const Options& options)
    : config_(config),
      options_(options),
      thrift_(std::make_unique<platform::ThriftServer>(io_loop_)) {}

FailoverLoad::~FailoverLoad() {
  master_loop_.Stop();
  core_loop_.Stop();
  thrift_->Close();
  io_loop_.Stop();
  masters_.clear();
  nodes_.clear();
}

Status FailoverLoad::Start() {
  JournalExecutor::Masters masters;
  masters.begin = [this](const ContainerId& id, const LaunchContext& launch) {
    master_loop_.Post([this, id, launch] { BeginMaster(id, launch); });
  };
  masters.end = [this](const ContainerId& id) {
    master_loop_.Post([this, id] { masters_.erase(id); });
  };
  around_ = std::make_unique<FailoverNode::Surroundings>(
      FailoverNode::Surroundings{.core_loop = core_loop_,
                                 .thrift = *thrift_,
                                 .config = config_,
                                 .cluster_id = kClusterId,
                                 .secret = options_.secret,
                                 .journal = journal_,
                                 .masters = std::move(masters),
                                 .capacity = options_.node_capacity});
  master_loop_.Start();
  core_loop_.Start();
  io_loop_.Start();
  for (int64_t number = 0; number < options_.nodes; ++number) {
    nodes_.push_back(std::make_unique<FailoverNode>(*around_, number));
    WEIR_RETURN_IF_ERROR(nodes_.back()->Start());
  }
  return {};
}

void FailoverLoad::BeginMaster(const ContainerId& id, const LaunchContext& launch) {
  auto master = FailoverMaster::Make(master_loop_, journal_, launch);
  if (!master.ok()) {
    failure_ = id.ToString() + ": " + master.error().ToString();
    return;
  }
  (*master)->Begin();
  masters_[id] = *std::move(master);
}

bool FailoverLoad::NodesBackSince(Epoch epoch) const {
  return std::all_of(nodes_.begin(), nodes_.end(), [epoch](const auto& node) {
    return node->registered_under() > epoch;
  });
}

Epoch FailoverLoad::epoch() {
  Epoch newest;
  master_loop_.PostAndWait([&] {
    for (const auto& [id, master] : masters_) {
      newest = std::max(newest, master->registered_under());
    }
  });
  return newest;
}

Result<bool> FailoverLoad::MastersSettledSince(Epoch epoch, size_t count) {
  std::string failure;
  bool settled = true;
  master_loop_.PostAndWait([&] {
    failure = failure_;
    settled = masters_.size() == count;
    for (const auto& [id, master] : masters_) {
      settled = settled && master->registered_under() > epoch && master->Settled();
      if (!master->failure().empty()) failure = master->Describe();
    }
  });
  if (failure.empty()) return settled;
  return Error{ErrorCode::kInternal, "an ApplicationMaster failed: " + failure, ""};
}

void FailoverLoad::AskForOneMore(size_t first, size_t count) {
  master_loop_.PostAndWait([&] {
    if (masters_.empty()) return;
    auto next = std::next(masters_.begin(), static_cast<ptrdiff_t>(first % masters_.size()));
    for (size_t i = 0; i < std::min(count, masters_.size()); ++i) {
      next->second->AskForOneMore();
      if (++next == masters_.end()) next = masters_.begin();
    }
  });
}

void FailoverLoad::GiveBack() {
  master_loop_.PostAndWait([&] {
    for (const auto& [id, master] : masters_) master->GiveBack();
  });
}

std::string FailoverLoad::Unsettled() {
  std::string text;
  master_loop_.PostAndWait([&] {
    text = std::to_string(masters_.size()) + " ApplicationMasters";
    size_t shown = 0;
    for (const auto& [id, master] : masters_) {
      if (master->Settled() || ++shown > kShown) continue;
      text += "\n" + master->Describe();
    }
  });
  return text;
}

}  // namespace weir::bench
