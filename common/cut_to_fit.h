// Texts that go into one message together, cut until they fit. Pure function; thread-safe.
#ifndef WEIR_COMMON_CUT_TO_FIT_H_
#define WEIR_COMMON_CUT_TO_FIT_H_

#include <cstddef>
#include <string>
#include <vector>

namespace weir {

// When they have more than `limit` bytes together: each is cut in the middle to its even share, the
// shorter ones are left alone.
void CutToFit(const std::vector<std::string*>& texts, size_t limit);

}  // namespace weir

#endif  // WEIR_COMMON_CUT_TO_FIT_H_
