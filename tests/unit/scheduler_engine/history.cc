#include "tests/unit/scheduler_engine/history.h"

#include <rapidcheck.h>

#include <array>
#include <iterator>
#include <type_traits>
#include <utility>

#include "tests/unit/scheduler_engine/queue_files.h"

namespace weir::scheduler {
namespace {

constexpr int64_t kGiB = 1024;
// A theme with plain asks of few users: large ones are overtaken, nodes are held back for them.
constexpr size_t kCrowded = 1;

const std::array<std::shared_ptr<const QueueConfiguration>, 3>& Configurations() {
  static const auto* const configurations = [] {
    const Lines tree = {
        "root.queues=a,b,d",
        "root.a.queues=x,y",
        "root.d.auto-queue-creation-v2.enabled=true",
        "auto-queue-creation-v2.queue-expiration-time=3",
        "resource-calculator=org.apache.hadoop.yarn.util.resource.DominantResourceCalculator",
        "root.accessible-node-labels.x.capacity=100",
        "root.accessible-node-labels.y.capacity=100",
        "root.a.accessible-node-labels=x,y",
        "root.a.x.accessible-node-labels=x,y",
        "root.b.accessible-node-labels=y",
    };
    const std::array<Lines, 3> others = {
        Lines{"root.a.capacity=40",
              "root.a.accessible-node-labels.x.capacity=100",
              "root.a.accessible-node-labels.y.capacity=50",
              "root.b.accessible-node-labels.y.capacity=50",
              "root.a.x.accessible-node-labels.x.capacity=100",
              "root.a.x.accessible-node-labels.y.capacity=100",
              "root.a.maximum-capacity=70",
              "root.b.capacity=50",
              "root.d.capacity=10",
              "root.a.x.capacity=60",
              "root.a.y.capacity=40",
              "root.a.y.ordering-policy=fair",
              "root.b.minimum-user-limit-percent=50",
              "root.b.user-limit-factor=2",
              "root.a.x.user-limit-factor=3",
              "maximum-am-resource-percent=0.5",
              "node-locality-delay=2"},
        Lines{"root.a.capacity=30",
              "root.a.accessible-node-labels.x.capacity=100",
              "root.a.accessible-node-labels.y.capacity=50",
              "root.b.accessible-node-labels.y.capacity=50",
              "root.a.x.accessible-node-labels.x.capacity=100",
              "root.a.x.accessible-node-labels.y.capacity=100",
              "root.b.capacity=60",
              "root.d.capacity=10",
              "root.ordering-policy=priority-utilization",
              "root.b.priority=3",
              "root.a.x.capacity=100",
              "root.a.y.capacity=0",
              "root.a.y.user-limit-factor=-1",
              "root.b.max-parallel-apps=2",
              "root.b.maximum-capacity=80",
              "root.b.user-limit-factor=-1",
              "root.b.user-settings.u1.weight=0.5",
              "root.a.x.minimum-user-limit-percent=25",
              "root.a.x.user-limit-factor=-1",
              "maximum-am-resource-percent=0.3",
              "rack-locality-additional-delay=1",
              "reservations-continue-look-all-nodes=false"},
        Lines{
            "root.a.capacity=2w",
            "root.a.accessible-node-labels.x.capacity=1w",
            "root.a.accessible-node-labels.y.capacity=1w",
            "root.b.accessible-node-labels.y.capacity=1w",
            "root.a.x.accessible-node-labels.x.capacity=1w",
            "root.a.x.accessible-node-labels.y.capacity=1w",
            "root.b.capacity=1w",
            "root.d.capacity=1w",
            "root.a.x.capacity=1w",
            "root.a.y.capacity=3w",
            "root.a.x.ordering-policy=fair",
            "root.a.x.ordering-policy.fair.enable-size-based-weight=true",
            "root.a.x.user-limit-factor=5",
            "root.b.user-limit-factor=0.5",
            "root.b.max-parallel-apps=3",
            "root.a.max-parallel-apps=4",
            "maximum-am-resource-percent=1",
            "node-locality-delay=-1",
            "yarn.resourcemanager.scheduler.monitor.enable=true",
            "yarn.resourcemanager.monitor.capacity.preemption.monitoring_interval=900",
            "yarn.resourcemanager.monitor.capacity.preemption.max_wait_before_kill=2000",
            "yarn.resourcemanager.monitor.capacity.preemption.total_preemption_per_round=1",
            "yarn.resourcemanager.monitor.capacity.preemption.natural_termination_factor=1",
            "yarn.resourcemanager.monitor.capacity.preemption.intra-queue-preemption.enabled=true"},
    };
    auto* parsed = new std::array<std::shared_ptr<const QueueConfiguration>, 3>;
    for (size_t i = 0; i < others.size(); ++i) {
      Lines lines = tree;
      lines.insert(lines.end(), others[i].begin(), others[i].end());
      (*parsed)[i] = Parse(lines, ThreeTypes(), {{"x", true}, {"y", false}});
    }
    return parsed;
  }();
  return *configurations;
}

SchedulerOptions Options() {
  SchedulerOptions options;
  options.types = ThreeTypes();
  return options;
}

Resource SomeSize(uint64_t memory, uint64_t vcores, uint64_t gpus) {
  Resource size{static_cast<int64_t>(memory) * kGiB, static_cast<int64_t>(vcores)};
  size.SetNamed("yarn.io/gpu", static_cast<int64_t>(gpus));
  return size;
}

template <typename T>
typename T::key_type SomeKey(const T& map, uint64_t number) {
  return std::next(map.begin(), static_cast<std::ptrdiff_t>(number % map.size()))->first;
}

}  // namespace

History::History(uint64_t theme)
    : options_(Options()),
      theme_(theme % Configurations().size()),
      scheduler_(std::make_unique<CapacityScheduler>(options_, Configurations()[theme_])),
      model_(options_, *Configurations()[theme_]) {
  now_.monotonic += std::chrono::hours(1);
}

Amounts History::ToAmounts(const Resource& resource) const {
  return options_.types.KnownPartsOf(resource);
}

template <typename Change>
auto History::Both(const Change& change) {
  if constexpr (std::is_void_v<decltype(change(*scheduler_))>) {
    change(*scheduler_);
    if (twin_ != nullptr) change(*twin_);
  } else {
    auto answer = change(*scheduler_);
    if (twin_ != nullptr && !(change(*twin_) == answer)) RC_FAIL("a copy answers otherwise");
    return answer;
  }
}

void History::Clone() {
  twin_ = scheduler_->Clone();
}

void History::Step(uint64_t word) {
  Choice choice(word);
  Do(choice);
  HearNotices();
  model_.NoteReservations(*scheduler_);
  model_.CheckSums(*scheduler_);
  if (++steps_ % 16 == 0) model_.CheckQueues(*scheduler_, false);
}

void History::Do(Choice& choice) {
  const uint64_t kind = choice.Of(64);
  if (model_.nodes().empty() || kind < 3) return AddNode(choice);
  if (kind < 10) return ChangeNode(kind, choice);
  if (kind < 14 || model_.applications().empty()) return AddApplication(choice);
  if (kind < 36) return ChangeApplication(kind, choice);
  if (kind < 40) return ReleaseSome(choice);
  if (kind < 42) return Resize(choice);
  if (kind == 42) return Reconfigure(choice);
  if (kind < 48) return Wait(choice);
  if (kind < 52) return Schedule(1 + choice.Of(6));
  return Settle();
}

// --- nodes

NodeSlot History::SomeNode(Choice& choice) const {
  return SomeKey(model_.nodes(), choice.Of(1'000));
}

void History::AddNode(Choice& choice) {
  if (model_.nodes().size() >= 8) return;
  constexpr std::array<const char*, 5> kLabels = {"", "", "", "x", "y"};
  const Resource size = SomeSize(2 + choice.Of(15), 2 + choice.Of(11), choice.Of(3));
  // Ports differ, host names need not.
  EngineModel::Node node{.name = "n" + std::to_string(choice.Of(5)),
                         .rack = "/r" + std::to_string(choice.Of(3)),
                         .label = kLabels[choice.Of(kLabels.size())],
                         .capacity = ToAmounts(size),
                         .used = {}};
  const NodeId id{std::to_string(next_node_++)};
  const NodeSlot slot = Both([&](CapacityScheduler& scheduler) {
    return scheduler.AddNode(id, node.name, node.rack, node.label, size);
  });
  model_.AddNode(slot, std::move(node));
}

void History::ChangeNode(uint64_t kind, Choice& choice) {
  const NodeSlot slot = SomeNode(choice);
  switch (kind) {
    case 3: {
      const auto released = Both([&](CapacityScheduler& s) { return s.RemoveNode(slot); });
      return model_.RemoveNode(slot, released);
    }
    case 4:
    case 5: {
      const bool schedulable = kind == 5 || choice.Of(3) == 0;
      Both([&](CapacityScheduler& s) { s.SetNodeSchedulable(slot, schedulable); });
      return model_.SetSchedulable(slot, schedulable);
    }
    case 6: {
      const Resource size = SomeSize(1 + choice.Of(16), 1 + choice.Of(12), choice.Of(3));
      Both([&](CapacityScheduler& s) { s.SetNodeCapacity(slot, size); });
      return model_.SetCapacity(slot, ToAmounts(size));
    }
    case 7: {
      const std::string label = std::array<const char*, 3>{"", "x", "y"}[choice.Of(3)];
      Both([&](CapacityScheduler& s) { s.SetNodeLabel(slot, label); });
      return model_.SetLabel(slot, label);
    }
    default:
      return Both([&](CapacityScheduler& s) { s.UpdateNode(slot, {}); });
  }
}

// --- applications

ApplicationSlot History::SomeApplication(Choice& choice) const {
  return SomeKey(model_.applications(), choice.Of(1'000));
}

std::string History::SomeQueue(Choice& choice) const {
  constexpr std::array<const char*, 8> kQueues = {
      "root.a.x", "root.a.x", "root.a.y", "root.b", "root.b", "root.d.q1", "root.d.q2", "root.a.y"};
  if (theme_ == kCrowded) return choice.Of(4) == 0 ? "root.b" : "root.a.x";
  return kQueues[choice.Of(kQueues.size())];
}

void History::AddApplication(Choice& choice) {
  if (model_.applications().size() >= 9) return;
  constexpr std::array<const char*, 6> kLabels = {"", "", "", "", "x", "y"};
  EngineModel::Application application;
  application.queue = SomeQueue(choice);
  application.user = "u" + std::to_string(choice.Of(3));
  application.label = kLabels[choice.Of(kLabels.size())];
  if (application.queue != "root.a.x") application.label = "";
  application.priority = static_cast<int32_t>(choice.Of(3));
  application.order = ++next_application_;
  const Resource am = SomeSize(1 + choice.Of(3), 1, 0);
  application.am = ToAmounts(am);
  const bool taken = Both([&](CapacityScheduler& s) {
    return s.CheckSubmission(application.queue, {.user = application.user, .groups = {}}).ok();
  });
  if (!taken) return;
  const ApplicationSpec spec{.id = AttemptId{{1, next_application_}, 1},
                             .queue = application.queue,
                             .user = application.user,
                             .priority = application.priority,
                             .order = application.order,
                             .am_resource = am,
                             .am_label = application.label,
                             .default_label = application.label};
  const ApplicationSlot slot =
      Both([&](CapacityScheduler& s) { return s.AddApplication(spec, now_); });
  HearNotices();  // its queue may have been made
  model_.AddApplication(slot, std::move(application));
}

void History::RemoveApplication(ApplicationSlot slot) {
  const auto released = Both([&](CapacityScheduler& s) { return s.RemoveApplication(slot); });
  model_.RemoveApplication(slot, released);
}

void History::ChangeApplication(uint64_t kind, Choice& choice) {
  const ApplicationSlot slot = SomeApplication(choice);
  switch (kind) {
    case 14:
      return RemoveApplication(slot);
    case 15:
      return Move(slot, choice);
    case 16: {
      const auto priority = static_cast<int32_t>(choice.Of(4));
      model_.application(slot).priority = priority;
      return Both([&](CapacityScheduler& s) { s.SetPriority(slot, priority); });
    }
    case 17:
      return ChangeBlacklist(slot, choice);
    case 18:
      return Recover(slot, choice);
    case 19: {
      const auto& containers = model_.application(slot).containers;
      if (containers.empty()) return;
      const ContainerSlot master = *containers.begin();
      Both([&](CapacityScheduler& s) { s.SetMaster(master); });
      return model_.SetMaster(master);
    }
    default:
      return Ask(slot, choice);
  }
}

void History::Move(ApplicationSlot slot, Choice& choice) {
  const std::string queue = SomeQueue(choice);
  const EngineModel::Application& application = model_.application(slot);
  if (scheduler_->configuration().Find(queue) == nullptr || queue == application.queue) return;
  const bool moved =
      Both([&](CapacityScheduler& s) { return s.MoveApplication(slot, queue, now_).ok(); });
  if (!moved) return;
  model_.Move(slot, queue, scheduler_->activated(slot));
}

void History::ChangeBlacklist(ApplicationSlot slot, Choice& choice) {
  const std::string added = "n" + std::to_string(choice.Of(5));
  const std::string removed = "n" + std::to_string(choice.Of(5));
  Both([&](CapacityScheduler& s) { s.ChangeBlacklist(slot, {added}, {removed, removed}); });
  model_.application(slot).blacklist.insert(added);
  model_.application(slot).blacklist.erase(removed);
}

ContainerAsk History::SomeAsk(const EngineModel::Application& application, Choice& choice) const {
  ContainerAsk ask{.request_id = static_cast<int64_t>(choice.Of(4)),
                   .priority = static_cast<int32_t>(choice.Of(2)),
                   .count = static_cast<int32_t>(choice.Of(7)),
                   .resource = SomeSize(1 + choice.Of(4), 1 + choice.Of(3), 0)};
  ask.label = application.label;
  const uint64_t shape = choice.Of(16);
  if (shape < 3) ask.resource = SomeSize(5 + choice.Of(8), 1 + choice.Of(5), 0);
  if (shape == 3) ask.resource.SetNamed("yarn.io/gpu", static_cast<int64_t>(1 + choice.Of(2)));
  if (shape == 4) ask.count *= 20;
  const uint64_t kind = theme_ == kCrowded ? 16 + choice.Of(4) : choice.Of(20);
  ask.gang = kind < 3;
  if (kind == 3 || kind == 4) {
    ask.nodes = {"n" + std::to_string(choice.Of(5)), "n" + std::to_string(choice.Of(6))};
  }
  if (kind == 5) ask.racks = {"/r" + std::to_string(choice.Of(3))};
  if (kind == 2) ask.racks = {"/r" + std::to_string(choice.Of(4))};
  const bool places = !ask.nodes.empty() || !ask.racks.empty();
  ask.relax_locality = !places || choice.Of(2) == 0;
  if (kind == 6) ask.spread = Spread::kNodes;
  if (kind == 7) ask.spread = Spread::kRacks;
  if (kind == 1 || kind == 8) ask.max_per_node = static_cast<int32_t>(1 + choice.Of(2));
  if (kind == 1 || kind == 9) ask.max_per_rack = static_cast<int32_t>(1 + choice.Of(3));
  return ask;
}

void History::Ask(ApplicationSlot slot, Choice& choice) {
  const EngineModel::Application& application = model_.application(slot);
  const ContainerAsk wish = SomeAsk(application, choice);
  const Result<ContainerAsk> valid = scheduler_->Validate(slot, wish);
  if (!valid.ok()) return;
  Both([&](CapacityScheduler& s) { s.SetAsk(slot, valid.value(), now_); });
  model_.SetAsk(slot, valid.value());
}

void History::Recover(ApplicationSlot slot, Choice& choice) {
  const NodeSlot node = SomeNode(choice);
  const Resource size = SomeSize(1 + choice.Of(3), 1 + choice.Of(2), 0);
  const EngineModel::Node& at = model_.nodes().at(node);
  if (!(ToAmounts(size) + at.used).FitsIn(at.capacity)) return;
  const ContainerSlot container =
      Both([&](CapacityScheduler& s) { return s.Recover(slot, node, size); });
  model_.Recover(slot, node, container, ToAmounts(size));
}

void History::Resize(Choice& choice) {
  // What queues and users may have follows changes of nodes with the next pass.
  Schedule(1'000'000);
  if (model_.containers().empty()) return;
  const ContainerSlot container = SomeKey(model_.containers(), choice.Of(1'000));
  const bool large = choice.Of(4) == 0;
  Resource size = SomeSize(1 + choice.Of(large ? 12 : 4), 1 + choice.Of(large ? 6 : 3), 0);
  size.named = scheduler_->resource(scheduler_->placement(container).shape).named;
  const Result<Resource> valid = scheduler_->SizeFor(container, size);
  if (!valid.ok()) return;
  const bool granted =
      Both([&](CapacityScheduler& s) { return s.Resize(container, valid.value()).ok(); });
  model_.Resize(container, ToAmounts(valid.value()), granted);
}

void History::ReleaseSome(Choice& choice) {
  uint64_t count = 1 + choice.Of(4);
  for (; count > 0 && !model_.containers().empty(); --count) {
    const ContainerSlot container = SomeKey(model_.containers(), choice.Of(1'000));
    Release(container);
  }
}

// --- everything else

void History::Reconfigure(Choice& choice) {
  const auto& next = Configurations()[choice.Of(3)];
  const bool done = Both([&](CapacityScheduler& s) { return s.Reconfigure(next, now_).ok(); });
  if (done) model_.Configure(scheduler_->configuration());
}

void History::Wait(Choice& choice) {
  constexpr std::array<int64_t, 7> kMillis = {50, 100, 500, 1'000, 1'000, 4'000, 45'000};
  now_.monotonic += std::chrono::milliseconds(kMillis[choice.Of(kMillis.size())]);
  while (Both([&](CapacityScheduler& s) { return s.PreemptionStep(now_); })) {
  }
  HearNotices();
  model_.NoteReservations(*scheduler_);
  // What is to go goes, sooner or later.
  if (choice.Of(2) == 0) {
    for (const ContainerSlot container : std::exchange(leaving_, {})) Release(container);
  }
  if (choice.Of(2) == 0) Settle();
}

void History::Release(ContainerSlot container) {
  if (!model_.containers().contains(container)) return;  // it has ended otherwise
  Both([&](CapacityScheduler& s) { s.Release(container); });
  model_.Release(container);
}

void History::HearNotices() {
  const std::vector<Notice> notices = scheduler_->TakeNotices();
  if (twin_ != nullptr && twin_->TakeNotices().size() != notices.size()) {
    RC_FAIL("a copy tells something else");
  }
  for (const Notice& notice : notices) {
    switch (notice.kind) {
      case Notice::Kind::kActivated:
        model_.Activated(notice.application);
        break;
      case Notice::Kind::kQueueCreated:
      case Notice::Kind::kQueueRemoved:
        model_.Configure(scheduler_->configuration());
        break;
      case Notice::Kind::kQueueStopped:
        break;
      case Notice::Kind::kPreemptionWarning:
      case Notice::Kind::kPreemptionCancelled:
        if (!model_.containers().contains(notice.container)) RC_FAIL("a warning for nobody");
        break;
      case Notice::Kind::kPreempt:
        leaving_.push_back(notice.container);
        break;
    }
  }
}

void History::Schedule(size_t limit) {
  std::vector<Allocation> decisions;
  std::vector<Allocation> of_twin;
  const bool more = scheduler_->Schedule(now_, limit, decisions);
  if (twin_ != nullptr) {
    bool same = twin_->Schedule(now_, limit, of_twin) == more &&
                of_twin.size() == decisions.size() &&
                twin_->NextDeadline() == scheduler_->NextDeadline();
    for (size_t i = 0; same && i < decisions.size(); ++i) {
      same = of_twin[i].container == decisions[i].container &&
             of_twin[i].application == decisions[i].application &&
             of_twin[i].node == decisions[i].node &&
             of_twin[i].request_id == decisions[i].request_id;
    }
    if (!same) RC_FAIL("a copy decides otherwise");
  }
  HearNotices();
  model_.Take(decisions, *scheduler_);
  for (const Allocation& each : decisions) {
    Note(static_cast<uint64_t>(each.node.value));
    Note(static_cast<uint64_t>(each.application.value));
    Note(static_cast<uint64_t>(each.request_id));
  }
  model_.NoteReservations(*scheduler_);
  if (!more) model_.CheckNothingLeft(*scheduler_, now_);
}

void History::Settle() {
  Schedule(1'000'000);
  if (steps_ % 8 == 0) model_.CheckReasons(*scheduler_);
}

void History::End() {
  Settle();
  model_.CheckQueues(*scheduler_, true);
  model_.CheckReasons(*scheduler_);
  while (!model_.applications().empty()) RemoveApplication(model_.applications().begin()->first);
  HearNotices();
  model_.NoteReservations(*scheduler_);
  model_.CheckSums(*scheduler_);
  model_.CheckQueues(*scheduler_, false);
  std::vector<Allocation> decisions;
  if (scheduler_->Schedule(now_, 1'000, decisions) || !decisions.empty() ||
      !scheduler_->cluster_used().IsZero() || !scheduler_->cluster_pending().IsZero() ||
      scheduler_->pending_containers() != 0) {
    RC_FAIL("something is left");
  }
}

}  // namespace weir::scheduler
