#include "tests/unit/scheduler_engine/cluster.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "common/check.h"

namespace weir::scheduler {

Resource Size(int64_t gib, int64_t vcores, int64_t gpus) {
  Resource size{gib * 1024, vcores};
  size.SetNamed("yarn.io/gpu", gpus);
  return size;
}

Lines Cluster::OneQueue() {
  return {"root.queues=q",
          "root.q.capacity=100",
          "root.q.user-limit-factor=-1",
          "maximum-am-resource-percent=1",
          "resource-calculator=org.apache.hadoop.yarn.util.resource.DominantResourceCalculator"};
}

Cluster::Cluster(const Lines& queues, const std::map<std::string, bool>& labels) {
  options_.types = ThreeTypes();
  scheduler_ = std::make_unique<CapacityScheduler>(options_, Parse(queues, options_.types, labels));
}

void Cluster::AddNode(const std::string& name, const NodeSpec& spec) {
  const auto number = std::to_string(nodes_.size());
  nodes_[name] = scheduler_->AddNode(NodeId{number}, name, spec.rack, spec.label, spec.size);
}

void Cluster::AddApp(const std::string& name, const AppSpec& spec) {
  ++order_;
  apps_[name] = scheduler_->AddApplication({.id = AttemptId{{1, order_}, 1},
                                            .queue = spec.queue,
                                            .user = spec.user,
                                            .priority = spec.priority,
                                            .order = order_,
                                            .am_resource = spec.am,
                                            .am_label = "",
                                            .default_label = spec.label,
                                            .runs = spec.runs},
                                           now_);
}

void Cluster::Ask(const std::string& app, ContainerAsk ask) {
  if (ask.request_id == 0) ask.request_id = ++request_;
  const Result<ContainerAsk> valid = scheduler_->Validate(apps_.at(app), ask);
  WEIR_CHECK(valid.ok(), "the ask is valid");
  scheduler_->SetAsk(apps_.at(app), valid.value(), now_);
}

void Cluster::Ask(const std::string& app, int32_t count, const Resource& size) {
  Ask(app, ContainerAsk{.count = count, .resource = size});
}

void Cluster::Withdraw(const std::string& app, int64_t request_id) {
  scheduler_->SetAsk(apps_.at(app), ContainerAsk{.request_id = request_id}, now_);
}

void Cluster::Release(const std::string& app, const std::string& node) {
  std::vector<ContainerSlot>& own = containers_[app][node];
  WEIR_CHECK(!own.empty(), app + " has a container on " + node);
  scheduler_->Release(own.front());
  own.erase(own.begin());
}

std::string Cluster::Resize(const std::string& app, const std::string& node, const Resource& size) {
  const ContainerSlot container = containers_.at(app).at(node).front();
  const Result<Resource> valid = scheduler_->SizeFor(container, size);
  if (!valid.ok()) return valid.error().message;
  const Status resized = scheduler_->Resize(container, *valid);
  EXPECT_EQ(scheduler_->CheckInvariants(), "");
  return resized.ok() ? "" : resized.error().message;
}

void Cluster::SetMaster(const std::string& app, const std::string& node) {
  scheduler_->SetMaster(containers_.at(app).at(node).front());
}

void Cluster::RemoveApp(const std::string& app) {
  scheduler_->RemoveApplication(apps_.at(app));
  apps_.erase(app);
  containers_.erase(app);
}

std::string Cluster::Decide(size_t limit) {
  std::vector<Allocation> decisions;
  while (scheduler_->Schedule(now_, limit, decisions) && decisions.size() < limit) {
  }
  std::string told;
  for (const Allocation& each : decisions) {
    const std::string app = NameOf(each.application);
    const std::string node = NameOf(each.node);
    containers_[app][node].push_back(each.container);
    told += (told.empty() ? "" : " ") + app + ":" + node;
  }
  const std::string fault = scheduler_->CheckInvariants();
  return fault.empty() ? told : fault;
}

std::string Cluster::DecideInAll() {
  std::map<std::string, int> counts;
  std::string told = Decide() + " ";
  for (size_t space = told.find(' '); space != std::string::npos; space = told.find(' ')) {
    if (space > 0) ++counts[told.substr(0, space)];
    told.erase(0, space + 1);
  }
  std::string all;
  for (const auto& [what, count] : counts) {
    all += (all.empty() ? "" : " ") + what + "*" + std::to_string(count);
  }
  return all;
}

PendingReason Cluster::ReasonOf(const std::string& app) const {
  return scheduler_->pending_reason(apps_.at(app));
}

std::string Cluster::DetailOf(const std::string& app) const {
  const std::vector<PendingAsk> pending = scheduler_->pending(apps_.at(app), 1);
  return pending.empty() ? "" : pending.front().detail;
}

std::string Cluster::HeldFor(const std::string& app) const {
  std::string held;
  for (const auto& [name, slot] : nodes_) {
    if (scheduler_->reserved_for(slot) != apps_.at(app)) continue;
    held += (held.empty() ? "" : " ") + name;
  }
  return held;
}

std::vector<std::string> Cluster::Told() {
  std::vector<std::string> told;
  for (const Notice& notice : scheduler_->TakeNotices()) {
    switch (notice.kind) {
      case Notice::Kind::kPreemptionWarning:
        told.push_back("warning " + NameOf(notice.application));
        break;
      case Notice::Kind::kPreemptionCancelled:
        told.push_back("cancelled " + NameOf(notice.application));
        break;
      case Notice::Kind::kPreempt:
        told.push_back("preempt " + NameOf(notice.application));
        break;
      case Notice::Kind::kActivated:
        break;
      case Notice::Kind::kQueueStopped:
        told.push_back("stopped " + notice.queue);
        break;
      case Notice::Kind::kQueueCreated:
        told.push_back("created " + notice.queue);
        break;
      case Notice::Kind::kQueueRemoved:
        told.push_back("removed " + notice.queue);
        break;
    }
  }
  return told;
}

int64_t Cluster::used_gib(const std::string& app) const {
  return scheduler_->application_used(apps_.at(app)).memory_mib / 1024;
}

std::string Cluster::NameOf(NodeSlot slot) const {
  for (const auto& [name, each] : nodes_) {
    if (each == slot) return name;
  }
  return "?";
}

std::string Cluster::NameOf(ApplicationSlot slot) const {
  for (const auto& [name, each] : apps_) {
    if (each == slot) return name;
  }
  return "?";
}

}  // namespace weir::scheduler
