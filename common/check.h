// CHECK: a programmer's error stops the process, in every build.
//
// Never reachable from the wire, configuration, disk or time: those give an Error. The message says
// what was expected, with the values.
#ifndef WEIR_COMMON_CHECK_H_
#define WEIR_COMMON_CHECK_H_

#include <string_view>

namespace weir {

// Prints "file:line: CHECK failed: condition: message" to standard error and aborts.
[[noreturn]] void CheckFailed(const char* file,
                              int line,
                              const char* condition,
                              std::string_view message);

}  // namespace weir

#define WEIR_CHECK(condition, message)                                \
  do {                                                                \
    if (!(condition)) {                                               \
      ::weir::CheckFailed(__FILE__, __LINE__, #condition, (message)); \
    }                                                                 \
  } while (false)

#endif  // WEIR_COMMON_CHECK_H_
