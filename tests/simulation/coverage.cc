#include "tests/simulation/coverage.h"

#include <span>

#include "common/transition_table.h"
#include "nodemanager/core/container_states.h"
#include "resourcemanager/core/application_states.h"
#include "resourcemanager/core/attempt_states.h"
#include "resourcemanager/core/container_states.h"
#include "resourcemanager/core/node_states.h"

namespace weir::simulation {
namespace {

template <typename S, typename E, typename NameState, typename NameEvent>
void AddTable(std::string_view machine,
              std::span<const TransitionRow<S, E>> table,
              NameState state_name,
              NameEvent event_name,
              std::vector<Coverage::Pair>& pairs) {
  for (const TransitionRow<S, E>& row : table) {
    pairs.push_back({.machine = std::string(machine),
                     .state = std::string(state_name(row.from)),
                     .event = std::string(event_name(row.event)),
                     .kind = row.kind == TransitionKind::kAllowed ? "allowed" : "ignored",
                     .hits = 0});
  }
}

}  // namespace

void Coverage::Hit(std::string_view machine,
                   std::string_view state,
                   std::string_view event,
                   int64_t times) {
  hits_[Key(machine, state, event)] += times;
}

void Coverage::Merge(const Coverage& other) {
  for (const auto& [key, hits] : other.hits_) hits_[key] += hits;
}

std::string Coverage::Pair::ToString() const {
  return machine + " " + state + " " + event + " (" + kind + ")";
}

std::vector<Coverage::Pair> Coverage::Pairs() const {
  const auto rm_name = [](auto value) { return rm::Name(value); };
  std::vector<Pair> pairs;
  AddTable("application", rm::ApplicationTransitions(), rm_name, rm_name, pairs);
  AddTable("attempt", rm::AttemptTransitions(), rm_name, rm_name, pairs);
  AddTable("container", rm::ContainerTransitions(), rm_name, rm_name, pairs);
  AddTable("node", rm::NodeTransitions(), rm_name, rm_name, pairs);
  AddTable("nm container", nm::kContainerTable, nm::StateName, nm::TriggerName, pairs);
  for (Pair& pair : pairs) {
    const auto found = hits_.find(Key(pair.machine, pair.state, pair.event));
    if (found != hits_.end()) pair.hits = found->second;
  }
  return pairs;
}

}  // namespace weir::simulation
