#include "platform/short_turns.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace weir::platform {
namespace {

// The kernel's sched_attr as it was first: no libc of ours declares it.
struct Attributes {
  uint32_t size = 0;
  uint32_t policy = 0;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0;  // of a turn, in ns
  uint64_t deadline = 0;
  uint64_t period = 0;
};
static_assert(sizeof(Attributes) == 48);

constexpr int kThisThread = 0;
constexpr unsigned kNoFlags = 0;

bool Read(Attributes& attributes) {
  return ::syscall(SYS_sched_getattr, kThisThread, &attributes, sizeof attributes, kNoFlags) == 0;
}

}  // namespace

bool AskForShortTurns() {
  Attributes attributes;
  if (!Read(attributes) || attributes.policy != SCHED_OTHER) return false;
  attributes.size = sizeof attributes;
  attributes.runtime = static_cast<uint64_t>(kShortTurn.count());
  if (::syscall(SYS_sched_setattr, kThisThread, &attributes, kNoFlags) != 0) return false;
  // A kernel that has no such turns takes the wish and forgets it.
  return Read(attributes) && attributes.runtime == static_cast<uint64_t>(kShortTurn.count());
}

}  // namespace weir::platform
