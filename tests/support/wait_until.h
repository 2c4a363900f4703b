// WaitUntil: the one way in which a test waits for something that no call waits for.
#ifndef WEIR_TESTS_SUPPORT_WAIT_UNTIL_H_
#define WEIR_TESTS_SUPPORT_WAIT_UNTIL_H_

#include <gtest/gtest.h>

#include <functional>
#include <string_view>

#include "common/time.h"

namespace weir::testing {

// Tries the condition every few milliseconds until it holds. The limit is a guard against hanging,
// not a measurement: it is generous. Use: ASSERT_TRUE(WaitUntil([&] {...}, "the node is there")).
::testing::AssertionResult WaitUntil(const std::function<bool()>& condition,
                                     std::string_view what,
                                     Duration limit = seconds(60));

}  // namespace weir::testing

#endif  // WEIR_TESTS_SUPPORT_WAIT_UNTIL_H_
