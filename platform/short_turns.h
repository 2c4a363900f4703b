// Short turns on the processor, for a process whose threads answer others and work for
// microseconds at a time.
//
// On a machine where more wants to run than there are processors, a thread that wakes up waits
// until the one that runs has had its turn, milliseconds; what passes through several threads waits
// as often. A thread that asks for short turns itself comes before the end of a longer one (Linux
// from 6.12 on). It gets no more of the processor's time for it, and needs no rights.
#ifndef WEIR_PLATFORM_SHORT_TURNS_H_
#define WEIR_PLATFORM_SHORT_TURNS_H_

#include "common/time.h"

namespace weir::platform {

inline constexpr Duration kShortTurn = std::chrono::microseconds(100);  // the shortest there is

// For the calling thread, and for threads and processes that it makes from then on: call it before
// there are others. Policy and nice value stay. False: this kernel does not know how, or the thread
// is not scheduled by turns; nothing has changed.
bool AskForShortTurns();

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_SHORT_TURNS_H_
