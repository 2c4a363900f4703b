#include "tests/simulation/sim_owner.h"

#include <utility>
#include <variant>
#include <vector>

#include "tests/simulation/sim_resource_manager.h"

namespace weir::simulation {
namespace {

constexpr char kName[] = "owner";
constexpr Duration kTime = seconds(45);

}  // namespace

void SimOwner::Start() {
  for (int i = 0; i < world_.workload.owner_commands; ++i) {
    world_.queue.After(world_.Between(seconds(1), kTime), [this] { Act(); });
  }
}

void SimOwner::Act() {
  const auto container = DrawContainer();
  if (!container) return;
  CallResourceManager(world_,
                      kName,
                      {.from = kName,
                       .to = "",
                       .what = "command for " + container->ToString(),
                       .time_limit = seconds(4)},
                      DrawEvent(*container),
                      [this](const SimResourceManager::Answer& answer) {
                        const auto* error = std::get_if<Error>(&answer);
                        world_.trace.Line(kName,
                                          error == nullptr ? "is obeyed" : error->ToString());
                        if (error != nullptr && error->code == ErrorCode::kInternal) {
                          world_.checker.Fail("a command: " + error->ToString());
                        }
                      });
}

std::optional<ContainerId> SimOwner::DrawContainer() {
  const SimResourceManager* active = world_.Active();
  if (active == nullptr) return std::nullopt;
  const rm::ResourceManagerCore& core = *active->core();
  std::vector<ContainerId> live;
  std::vector<ContainerId> over;
  for (const ApplicationReport& application : core.List({}, {}).applications) {
    const auto containers = core.Containers(application.id);
    if (!containers.ok()) continue;
    for (const ContainerReport& one : *containers) {
      (one.state == ContainerState::kComplete ? over : live).push_back(one.id);
    }
  }
  const std::vector<ContainerId>& from = live.empty() || world_.random.Chance(1, 10) ? over : live;
  if (from.empty()) return std::nullopt;
  return from[world_.random.Below(from.size())];
}

rm::Event SimOwner::DrawEvent(const ContainerId& container) {
  Random& random = world_.random;
  const Duration park = seconds(2);
  if (random.Chance(1, 3)) {
    // A shutdown is rarer than a dump: what is left to run is to go on being resized.
    ContainerSignal signal = ContainerSignal::kOutputThreadDump;
    if (random.Chance(1, 2)) signal = ContainerSignal::kGracefulShutdown;
    if (random.Chance(1, 6)) signal = ContainerSignal::kForcefulShutdown;
    return rm::SignalContainer{
        .call = {}, .user = "ann", .container = container, .signal = signal, .park = park};
  }
  rm::ResizeContainer resize{.call = {}, .user = "ann", .container = container, .park = park};
  if (random.Chance(3, 4)) resize.memory_mib = 512 * random.Between(1, 8);
  if (random.Chance(1, 2)) resize.vcores = random.Between(1, 4);
  return resize;
}

}  // namespace weir::simulation
