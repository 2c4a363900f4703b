// Random histories of a small tree: after every step every sum is what its parts say, and a copy
// taken at any moment goes on the same way.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/unit/scheduler_queues/tree_builder.h"

namespace weir::scheduler {
namespace {

constexpr PartitionSlot kGpu{1};

struct Holding {
  UserSlot user;
  PartitionSlot partition;
  Amounts amounts;
  bool reserved = false;
};

struct App {
  UserSlot user;
  bool activated = false;
  bool asking = false;
  Amounts am;
};

// What an engine does with a tree, without deciding anything.
struct World {
  QueueTree tree{TwoTypes()};
  std::vector<App> apps;
  std::vector<Holding> holdings;

  bool Holds(UserSlot user) const {
    return std::any_of(
        holdings.begin(), holdings.end(), [&](const Holding& h) { return h.user == user; });
  }
};

TreeBuilder Shape(bool other) {
  TreeBuilder builder;
  builder.SetLabel("gpu", kGpu.value);
  builder.Add("root.a", Percent(other ? 30 : 60), Percent(80));
  builder.Add("root.b", Percent(other ? 70 : 40));
  builder.Add("root.a.x", Weight(other ? 1 : 3)).minimum_user_limit = kWholePercent / 4;
  builder.Add("root.a.y", Weight(1)).user_limit_factor = std::nullopt;
  builder["root.a.x"].user_weights["u1"] = other ? kWholeWeight : 2 * kWholeWeight;
  builder["root.b"].am_share = kWholeFactor / 2;
  builder.SetLabelCapacity("root.a", "gpu", Percent(100), Percent(100));
  builder.SetLabelCapacity("root.a.x", "gpu", Weight(1), Percent(other ? 50 : 100));
  if (other) builder["root.b"].state = QueueState::kStopped;
  return builder;
}

struct Step {
  int kind = 0;
  int64_t a = 0;
  int64_t b = 0;
};

Amounts SomeAmounts(const Step& step) {
  return {1024 * (1 + step.a % 7), 1 + step.b % 5};
}

void AddApp(World& world, const Step& step) {
  constexpr const char* kLeaves[] = {"root.a.x", "root.a.y", "root.b"};
  const QueueSlot leaf = At(world.tree, kLeaves[step.a % 3]);
  const UserSlot user = world.tree.AddApplication(leaf, "u" + std::to_string(step.b % 4));
  world.apps.push_back({user, false, false, SomeAmounts(step)});
}

void ToggleActivation(World& world, App& app) {
  if (!app.activated) {
    world.tree.Activate(app.user, kDefaultPartition, app.am);
  } else {
    if (app.asking) world.tree.SetAsking(app.user, false);
    app.asking = false;
    world.tree.Deactivate(app.user, kDefaultPartition, app.am);
  }
  app.activated = !app.activated;
}

void RemoveApp(World& world, size_t index) {
  App& app = world.apps[index];
  if (app.activated) ToggleActivation(world, app);
  world.tree.RemoveApplication(app.user);
  world.apps.erase(world.apps.begin() + static_cast<std::ptrdiff_t>(index));
}

void Take(World& world, const App& app, const Step& step) {
  Holding holding{app.user, PartitionSlot{static_cast<int32_t>(step.a % 2)}, SomeAmounts(step)};
  holding.reserved = step.kind == 5;
  if (holding.reserved) {
    world.tree.Reserve(holding.user, holding.partition, holding.amounts);
  } else {
    world.tree.Charge(holding.user, holding.partition, holding.amounts, 1);
  }
  world.holdings.push_back(holding);
}

void GiveBack(World& world, size_t index) {
  const Holding holding = world.holdings[index];
  if (holding.reserved) {
    world.tree.Unreserve(holding.user, holding.partition, holding.amounts);
  } else {
    world.tree.Discharge(holding.user, holding.partition, holding.amounts, 1);
  }
  world.holdings.erase(world.holdings.begin() + static_cast<std::ptrdiff_t>(index));
}

void Do(World& world, const Step& step) {
  const auto any = [&](size_t size) { return static_cast<size_t>(step.b) % size; };
  if (step.kind == 0 || world.apps.empty()) return AddApp(world, step);
  App& app = world.apps[any(world.apps.size())];
  switch (step.kind) {
    case 1:
      return ToggleActivation(world, app);
    case 2:
      if (!app.activated) return;
      app.asking = !app.asking;
      return world.tree.SetAsking(app.user, app.asking);
    case 3:
    case 4:
    case 5:
      return Take(world, app, step);
    case 6:
      if (!world.holdings.empty()) GiveBack(world, any(world.holdings.size()));
      return;
    case 7:
      return RemoveApp(world, any(world.apps.size()));
    case 8:
      return world.tree.SetPartitionTotal(PartitionSlot{static_cast<int32_t>(step.a % 2)},
                                          {1024 * (step.a % 300), step.b % 200});
    default:
      Shape(step.a % 4 == 0).Apply(world.tree);
      return;
  }
}

std::vector<Amounts> Answers(const QueueTree& tree) {
  std::vector<Amounts> answers;
  for (const QueueSlot queue : tree.All()) {
    for (const PartitionSlot partition : {kDefaultPartition, kGpu}) {
      const QueueShare& share = tree.at(queue).shares[Index(partition)];
      answers.insert(answers.end(), {share.used, share.reserved, share.am_used, share.guaranteed});
      answers.push_back(tree.CurrentLimit(queue, partition));
      const Allowance allowance =
          tree.QueueAllowance(queue, partition, {1024, 1}, LimitMode::kRespectExclusivity);
      answers.push_back({allowance.count, static_cast<int64_t>(allowance.binding)});
      answers.push_back({tree.Order(queue, partition).used, tree.at(queue).version});
      for (const UserSlot user : tree.UsersOf(queue)) {
        answers.push_back(
            tree.UserLimit(user, partition, {1024, 1}, LimitMode::kRespectExclusivity));
        answers.push_back(tree.UserAmLimit(user, partition));
      }
    }
  }
  return answers;
}

rc::Gen<std::vector<Step>> Histories() {
  const auto step = rc::gen::build<Step>(
      rc::gen::set(
          &Step::kind,
          rc::gen::weightedElement<int>(
              {{4, 0}, {4, 1}, {4, 2}, {6, 3}, {6, 4}, {3, 5}, {6, 6}, {2, 7}, {1, 8}, {1, 9}})),
      rc::gen::set(&Step::a, rc::gen::inRange<int64_t>(0, 1000)),
      rc::gen::set(&Step::b, rc::gen::inRange<int64_t>(0, 1000)));
  return rc::gen::mapcat(rc::gen::inRange<size_t>(20, 120), [step](size_t length) {
    return rc::gen::container<std::vector<Step>>(length, step);
  });
}

void Begin(World& world) {
  Shape(false).Apply(world.tree);
  world.tree.SetPartitionTotal(kDefaultPartition, {200 * 1024, 100});
  world.tree.SetPartitionTotal(kGpu, {50 * 1024, 40});
}

void EmptyOut(World& world) {
  while (!world.apps.empty()) RemoveApp(world, 0);
  while (!world.holdings.empty()) GiveBack(world, 0);
}

RC_GTEST_PROP(QueueTreeProperty, SumsAreThoseOfTheirPartsAfterEveryStep, ()) {
  World world;
  Begin(world);
  for (const Step& step : *Histories()) {
    Do(world, step);
    RC_ASSERT(world.tree.CheckInvariants() == "");
  }
  EmptyOut(world);
  RC_ASSERT(world.tree.CheckInvariants() == "");
  const Queue& root = world.tree.at(At(world.tree, "root"));
  for (const QueueShare& share : root.shares) {
    RC_ASSERT(share.used.IsZero() && share.reserved.IsZero() && share.am_used.IsZero());
    RC_ASSERT(share.containers == 0 && share.used_capacity == 0);
  }
  for (const QueueSlot queue : world.tree.All()) RC_ASSERT(world.tree.UsersOf(queue).empty());
}

RC_GTEST_PROP(QueueTreeProperty, ACopyGoesOnTheSameWayAndLeavesTheOriginalAlone, ()) {
  const std::vector<Step> steps = *Histories();
  World world;
  Begin(world);
  const auto half = static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::for_each(steps.begin(), steps.begin() + half, [&](const Step& step) { Do(world, step); });
  World copy = world;
  const std::vector<Amounts> before = Answers(world.tree);
  std::for_each(steps.begin() + half, steps.end(), [&](const Step& step) { Do(copy, step); });
  RC_ASSERT(Answers(world.tree) == before);
  std::for_each(steps.begin() + half, steps.end(), [&](const Step& step) { Do(world, step); });
  RC_ASSERT(Answers(world.tree) == Answers(copy.tree));
}

// The child may never reach more than its parent, and the children of one parent are not guaranteed
// more than it is.
RC_GTEST_PROP(QueueTreeProperty, GuaranteesAddUpToAtMostTheParents, ()) {
  World world;
  Begin(world);
  world.tree.SetPartitionTotal(
      kDefaultPartition,
      {*rc::gen::inRange<int64_t>(0, 1 << 30), *rc::gen::inRange<int64_t>(0, 1 << 20)});
  for (const QueueSlot slot : world.tree.All()) {
    const Queue& queue = world.tree.at(slot);
    Amounts sum;
    for (const QueueSlot child : queue.children) {
      sum += world.tree.at(child).shares[0].guaranteed;
      RC_ASSERT(world.tree.at(child).shares[0].maximum.FitsIn(queue.shares[0].maximum));
    }
    RC_ASSERT(sum.FitsIn(queue.shares[0].guaranteed));
  }
}

}  // namespace
}  // namespace weir::scheduler
