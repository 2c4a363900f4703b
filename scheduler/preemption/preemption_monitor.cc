#include "scheduler/preemption/preemption_monitor.h"

#include <algorithm>
#include <map>
#include <utility>

namespace weir::scheduler {
namespace {

// An order costs about as much as looking at this many containers.
constexpr int64_t kPublishCost = 4;

void Sooner(std::optional<Instant>& first, Instant deadline) {
  if (!first || deadline < *first) first = deadline;
}

}  // namespace

void PreemptionMonitor::Configure(const PreemptionSettings& settings) {
  if (settings == settings_) return;
  settings_ = settings;
  round_.reset();
  publishing_ = Publishing::kNo;
  if (!settings.enabled || settings.observe_only) CancelAll();
  if (!settings.enabled) {
    history_ = DemandHistory();
    asked_.clear();
    under_served_.clear();
  }
}

bool PreemptionMonitor::Step(const PreemptionSource& source, Now now, int64_t budget) {
  if (!settings_.enabled) return false;
  if (!round_) {
    if (now.monotonic < next_) return false;
    BeginRound(source, now);
  }
  // Of a step that is to do something at all: at least one.
  budget = std::max<int64_t>(budget, 1);
  if (publishing_ == Publishing::kNo) {
    if (!round_->Step(source, warnings_, history_, budget)) return true;
    PublishReservations();
    publishing_ = Publishing::kChosen;
    published_chosen_ = 0;
  }
  if (publishing_ == Publishing::kChosen) {
    if (!PublishChosen(source, budget)) return true;
    publishing_ = Publishing::kPassedOver;
    published_ = ContainerSlot();
  }
  if (!PublishPassedOver(budget)) return true;
  EndRound();
  return false;
}

void PreemptionMonitor::BeginRound(const PreemptionSource& source, Now now) {
  history_.BeginRound();
  round_.emplace(settings_, source.Snapshot(), std::move(asked_), warnings_, now.monotonic);
  asked_.clear();
  started_ = now.monotonic;
  next_ = now.monotonic + settings_.interval;
  counts_.observed_last_round = 0;
}

void PreemptionMonitor::PublishReservations() {
  if (settings_.observe_only) return;
  for (const VictimReservation& victim : round_->reservations()) {
    PreemptionOrder order;
    order.kind = PreemptionOrder::Kind::kUnreserve;
    order.application = victim.application;
    order.node = victim.node;
    orders_.push_back(order);
    ++counts_.unreserved;
  }
}

bool PreemptionMonitor::PublishChosen(const PreemptionSource& source, int64_t& budget) {
  const ChosenList& chosen = round_->chosen();
  for (; published_chosen_ < chosen.size(); ++published_chosen_) {
    if (budget <= 0) return false;
    budget -= kPublishCost;
    const ChosenList::Entry& entry = chosen.at(published_chosen_);
    if (entry.container.value >= 0) Publish(source, entry.container, entry.chosen);
  }
  return true;
}

void PreemptionMonitor::Publish(const PreemptionSource& source,
                                ContainerSlot container,
                                const ChosenContainer& chosen) {
  if (settings_.observe_only) {
    ++counts_.observed;
    ++counts_.observed_last_round;
    return;
  }
  const auto killable = [this](ContainerSlot each) { return warnings_.Due(each, started_); };
  if (settings_.lazy && killable(container) &&
      !source.RoomIsWanted(container, chosen.beneficiary, killable)) {
    ++counts_.spared;
    return;
  }
  const ContainerWarnings::Answer answer =
      warnings_.Choose(container, chosen, started_, settings_.interval);
  if (answer.verdict == ContainerWarnings::Verdict::kNothing) return;
  PreemptionOrder order;
  order.application = chosen.application;
  order.container = container;
  order.deadline = answer.deadline;
  order.leaf = chosen.leaf;
  order.beneficiary = chosen.beneficiary;
  if (answer.verdict == ContainerWarnings::Verdict::kWarn) {
    order.kind = PreemptionOrder::Kind::kWarn;
    ++counts_.warned;
  } else {
    order.kind = PreemptionOrder::Kind::kPreempt;
    ++counts_.preempted;
    if (chosen.beneficiary != chosen.leaf) {
      history_.Taken(chosen.beneficiary,
                     chosen.partition,
                     round_->UsedBy(chosen.beneficiary, chosen.partition),
                     chosen.amounts);
    }
  }
  orders_.push_back(order);
}

bool PreemptionMonitor::PublishPassedOver(int64_t& budget) {
  const auto& notes = warnings_.notes();
  for (auto at = notes.upper_bound(published_); at != notes.end();) {
    if (budget-- <= 0) return false;
    const ContainerSlot container = at->first;
    const ApplicationSlot application = at->second.chosen.application;
    ++at;  // PassOver may erase it
    published_ = container;
    if (round_->chosen().Contains(container)) continue;
    if (!warnings_.PassOver(container, started_)) continue;
    PreemptionOrder order;
    order.kind = PreemptionOrder::Kind::kCancel;
    order.application = application;
    order.container = container;
    orders_.push_back(order);
    ++counts_.cancelled;
  }
  return true;
}

void PreemptionMonitor::EndRound() {
  under_served_ = round_->under_served();
  asked_ = round_->TakeAsked();
  round_.reset();
  publishing_ = Publishing::kNo;
  ++counts_.rounds;
}

void PreemptionMonitor::CancelAll() {
  std::vector<ContainerSlot> noted;
  for (const auto& [container, note] : warnings_.notes()) {
    noted.push_back(container);
    if (!note.standing) continue;
    PreemptionOrder order;
    order.kind = PreemptionOrder::Kind::kCancel;
    order.application = note.chosen.application;
    order.container = container;
    orders_.push_back(order);
    ++counts_.cancelled;
  }
  for (const ContainerSlot container : noted) warnings_.Forget(container);
}

std::vector<PreemptionOrder> PreemptionMonitor::TakeOrders() {
  return std::exchange(orders_, {});
}

std::optional<Instant> PreemptionMonitor::NextDeadline() const {
  if (!settings_.enabled) return std::nullopt;
  return round_ ? started_ : next_;
}

void PreemptionMonitor::ContainerEnded(ContainerSlot container) {
  if (round_) round_->Ended(container);
  if (!warnings_.Ended(container)) return;  // so no order says to stop it
  std::erase_if(orders_, [container](const PreemptionOrder& order) {
    return order.container == container && order.kind != PreemptionOrder::Kind::kUnreserve;
  });
}

std::vector<PreemptionClaim> PreemptionMonitor::ClaimsOf(QueueSlot leaf) const {
  std::map<PartitionSlot, PreemptionClaim> claims;
  for (const UnderServed& entry : under_served_) {
    if (entry.leaf == leaf) claims[entry.partition].lacks = entry.lacks;
  }
  for (const auto& [container, note] : warnings_.notes()) {
    if (note.chosen.beneficiary != leaf || !note.standing) continue;
    PreemptionClaim& claim = claims[note.chosen.partition];
    claim.warned += note.chosen.amounts;
    ++claim.warned_containers;
    Sooner(claim.first_deadline, note.deadline);
  }
  for (const auto& [container, gone] : warnings_.leaving()) {
    if (gone.beneficiary == leaf) claims[gone.partition].leaving += gone.amounts;
  }
  for (const PartitionSlot partition : history_.WaitingIn(leaf)) claims[partition];
  std::vector<PreemptionClaim> result;
  for (auto& [partition, claim] : claims) {
    claim.partition = partition;
    claim.taken = history_.TakenFor(leaf, partition);
    claim.waited_rounds = history_.Lasted(leaf, partition);
    claim.patience_rounds = history_.Patience(leaf, partition);
    result.push_back(claim);
  }
  return result;
}

std::vector<PreemptionLoss> PreemptionMonitor::LossesOf(QueueSlot leaf) const {
  std::map<PartitionSlot, PreemptionLoss> losses;
  for (const auto& [container, note] : warnings_.notes()) {
    if (note.chosen.leaf != leaf || !note.standing) continue;
    PreemptionLoss& loss = losses[note.chosen.partition];
    loss.warned += note.chosen.amounts;
    ++loss.warned_containers;
    Sooner(loss.first_deadline, note.deadline);
  }
  for (const auto& [container, gone] : warnings_.leaving()) {
    if (gone.leaf == leaf) losses[gone.partition].leaving += gone.amounts;
  }
  std::vector<PreemptionLoss> result;
  for (auto& [partition, loss] : losses) {
    loss.partition = partition;
    result.push_back(loss);
  }
  return result;
}

std::optional<Instant> PreemptionMonitor::WarnedUntil(ContainerSlot container) const {
  const auto found = warnings_.notes().find(container);
  if (found == warnings_.notes().end() || !found->second.standing) return std::nullopt;
  return found->second.deadline;
}

}  // namespace weir::scheduler
