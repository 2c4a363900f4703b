#include <utility>

#include "nodemanager/core/machine.h"

namespace weir::nm {
namespace {

constexpr int64_t kMillisPerSecond = 1000;

std::string InWords(Duration wait) {
  const int64_t ms = ToMillis(wait);
  if (ms % kMillisPerSecond != 0) return std::to_string(ms) + " ms";
  return std::to_string(ms / kMillisPerSecond) + " s";
}

}  // namespace

bool NodeManagerCore::Machine::Retry(Container& container, const ExitCause& cause, Now now) {
  const bool drains = container.state == State::kExitedWithFailure && container.has_process;
  if (!drains || container.stop || container.asked || shutdown || LacksIndices(container)) {
    return false;
  }
  // The machine was started again, and who knows how long it was away: it may run elsewhere by now.
  if (lease.heard() == Instant::min()) return false;
  const auto decision =
      container.retry.OnFailure(cause.exit_code, options.smallest_retry, now.monotonic);
  if (!decision) return false;
  const std::string words = decision->words + " in " + InWords(decision->wait);
  if (!Fire(container, Trigger::kRetry, words + "; " + cause.diagnostics)) return false;
  ForgetProcess(container);
  container.outcome.reset();
  container.resident_bytes = 0;
  container.retry_at = now.monotonic + decision->wait;
  container.status.detail = words;
  Record(container);
  return true;
}

void NodeManagerCore::Machine::StartDueRetries(Now now) {
  for (auto& [id, container] : containers) {
    // Which size it starts with is settled first.
    if (container.retry_at > now.monotonic || container.resizing) continue;
    container.retry_at = kNever;
    if (!Fire(container, Trigger::kRetryDue)) continue;
    actions.push_back(Launch{id, container.indices, container.retry.count()});
  }
}

}  // namespace weir::nm
