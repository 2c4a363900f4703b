// Result<T>: a value, or an Error that says what failed and what to do about it.
//
// Errors are values everywhere in Weir; exceptions of third-party libraries are caught where they
// arise and translated. Ignoring a Result is a compile error. Immutable values; no threads
// involved.
#ifndef WEIR_COMMON_RESULT_H_
#define WEIR_COMMON_RESULT_H_

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace weir {

// The numbers are on the wire (idl/base.thrift); never reuse one.
enum class ErrorCode : int {
  kInvalidArgument = 1,     // the caller's request is wrong in itself
  kNotFound = 2,            // the named thing does not exist
  kAlreadyExists = 3,       // the named thing exists and may not be made again
  kFailedPrecondition = 4,  // right request, wrong state
  kPermissionDenied = 5,    // known caller, not allowed
  kUnauthenticated = 6,     // no hello, or a credential that does not hold
  kResourceExhausted = 7,   // a bound is reached: memory, disk, queue, connections
  kUnavailable = 8,         // the peer cannot be reached or is going away; trying again may help
  kDeadlineExceeded = 9,    // no answer in time; the outcome is unknown
  kNotActive = 10,          // this ResourceManager is not the active one: try another
  kFenced = 11,             // an epoch older than the highest seen
  kResync = 12,             // session or sequence unknown: register again
  kCorruption = 13,         // stored or received bytes that do not decode
  kAborted = 14,            // a parked call ended because a newer one of the same session came
  kInternal = 15,           // a fault of ours
};

std::string_view ErrorCodeName(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;  // what was attempted on which thing, and why it failed
  std::string remedy;   // what the reader can do; empty if there is nothing to say

  // "message (remedy)", or the message alone.
  std::string ToString() const;
  bool operator==(const Error&) const = default;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : expected_(std::move(value)) {}                    // NOLINT: implicit by design
  Result(Error error) : expected_(tl::unexpect, std::move(error)) {}  // NOLINT: implicit by design

  bool ok() const { return expected_.has_value(); }
  explicit operator bool() const { return ok(); }
  // Requires: ok().
  const T& value() const& { return *expected_; }
  T& value() & { return *expected_; }
  T&& value() && { return *std::move(expected_); }
  const T& operator*() const& { return *expected_; }
  T& operator*() & { return *expected_; }
  T&& operator*() && { return *std::move(expected_); }
  const T* operator->() const { return &*expected_; }
  T* operator->() { return &*expected_; }
  // Requires: !ok().
  const Error& error() const& { return expected_.error(); }
  Error&& error() && { return std::move(expected_).error(); }

 private:
  tl::expected<T, Error> expected_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : expected_(tl::unexpect, std::move(error)) {}  // NOLINT: implicit by design

  bool ok() const { return expected_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const& { return expected_.error(); }
  Error&& error() && { return std::move(expected_).error(); }

 private:
  tl::expected<void, Error> expected_;
};

using Status = Result<void>;

}  // namespace weir

#define WEIR_CONCAT_INNER(a, b) a##b
#define WEIR_CONCAT(a, b) WEIR_CONCAT_INNER(a, b)

// Returns the Error of `expression` from the enclosing function, if it is one.
#define WEIR_RETURN_IF_ERROR(expression)                      \
  do {                                                        \
    if (auto weir_status = (expression); !weir_status.ok()) { \
      return std::move(weir_status).error();                  \
    }                                                         \
  } while (false)

// WEIR_ASSIGN_OR_RETURN(auto x, Expression()): x gets the value, or the Error is returned.
#define WEIR_ASSIGN_OR_RETURN(declaration, expression)             \
  auto WEIR_CONCAT(weir_result_, __LINE__) = (expression);         \
  if (!WEIR_CONCAT(weir_result_, __LINE__).ok()) {                 \
    return std::move(WEIR_CONCAT(weir_result_, __LINE__)).error(); \
  }                                                                \
  declaration = std::move(WEIR_CONCAT(weir_result_, __LINE__)).value()

#endif  // WEIR_COMMON_RESULT_H_
