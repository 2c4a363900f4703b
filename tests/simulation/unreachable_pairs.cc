// The pairs of the cores' tables that no run of the simulator can reach, each with the reason. The
// check of the hits fails on one that occurs all the same.
#include <array>

#include "tests/simulation/hits.h"

namespace weir::simulation {
namespace {

constexpr std::string_view kLeavesNew = "a container leaves NEW in the step that makes it";

constexpr std::string_view kNotPreparedAgain =
    "the ResourceManager resizes what its node has said to run, and that is never prepared again";

constexpr std::string_view kListedByItsNode =
    "a node that has launched an ApplicationMaster has its record, and lists it when it registers "
    "again, so that its start is not told once more";

constexpr std::array kUnreachable = {
    UnreachablePair{"application",
                    "KILLING",
                    "ATTEMPT_FAILED",
                    "what fails while its application is being killed is its last attempt"},
    UnreachablePair{"attempt", "RUNNING", "LAUNCHED", kListedByItsNode},
    UnreachablePair{"attempt", "FINISHING", "LAUNCHED", kListedByItsNode},
    UnreachablePair{"nm container", "NEW", "SIGNAL", kLeavesNew},
    UnreachablePair{"nm container", "NEW", "RESIZE", kLeavesNew},
    UnreachablePair{"nm container", "LOCALIZING", "RESIZE", kNotPreparedAgain},
    UnreachablePair{"nm container", "LOCALIZATION_FAILED", "RESIZE", kNotPreparedAgain},
};

}  // namespace

std::span<const UnreachablePair> UnreachablePairs() {
  return kUnreachable;
}

}  // namespace weir::simulation
