// The actions of `weir application` that change a running application or explain it.
#ifndef WEIR_CLIENT_APPLICATION_CHANGES_H_
#define WEIR_CLIENT_APPLICATION_CHANGES_H_

#include "client/command.h"

namespace weir::cli {

// Requires: one of -movetoqueue, -changeQueue, -updatePriority, -updateLifetime, -explain.
ExitCode RunApplicationChange(const Invocation& invocation);

}  // namespace weir::cli

#endif  // WEIR_CLIENT_APPLICATION_CHANGES_H_
