// EndedCall: what came of a call, or of a connection that was refused. Immutable value.
#ifndef WEIR_PLATFORM_ENDED_CALL_H_
#define WEIR_PLATFORM_ENDED_CALL_H_

#include <optional>
#include <string>

#include "common/caller.h"
#include "common/result.h"
#include "security/operations.h"

namespace weir::platform {

struct EndedCall {
  Caller caller;
  const security::Operation* operation = nullptr;  // null: it did not come so far as to name one
  std::string object;                              // its name; "" = none was told
  std::optional<Error> error;                      // none: done
  bool unheard = false;  // the caller left before there was an answer: what came of it is not known
};

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_ENDED_CALL_H_
