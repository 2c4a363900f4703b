// How long one waits for another, where both have to know.
#ifndef WEIR_COMMON_PATIENCE_H_
#define WEIR_COMMON_PATIENCE_H_

#include "common/time.h"

namespace weir {

// A call of a client that waits for the state store is refused, with the reason, when that has said
// nothing for so long; clients give a call up later than that.
inline constexpr Duration kStorePatience = seconds(20);

}  // namespace weir

#endif  // WEIR_COMMON_PATIENCE_H_
