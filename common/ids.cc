#include "common/ids.h"

#include <charconv>
#include <cstdio>
#include <optional>
#include <vector>

#include "common/strings.h"

namespace weir {
namespace {

template <typename... Args>
std::string Format(const char* format, Args... args) {
  char text[128];
  std::snprintf(text, sizeof text, format, args...);
  return text;
}

Error Malformed(const char* kind, std::string_view text, const char* form) {
  return {ErrorCode::kInvalidArgument,
          "'" + std::string(text.substr(0, 200)) + "' is not " + kind,
          std::string("the form is ") + form};
}

constexpr char kApplicationForm[] = "application_<timestamp>_<number>";
constexpr char kAttemptForm[] = "appattempt_<timestamp>_<number>_<attempt>";
constexpr char kContainerForm[] = "container_e<epoch>_<timestamp>_<number>_<attempt>_<container>";

// All parts after the first as non-negative numbers; nothing if one is not.
std::optional<std::vector<int64_t>> Numbers(const std::vector<std::string_view>& parts,
                                            size_t first) {
  std::vector<int64_t> numbers;
  for (size_t i = first; i < parts.size(); ++i) {
    const auto number = ParseInt64(parts[i]);
    if (!number || *number < 0) return std::nullopt;
    numbers.push_back(*number);
  }
  return numbers;
}

bool FitsInt32(int64_t value) {
  return value <= INT32_MAX;
}

}  // namespace

std::string ApplicationId::ToString() const {
  return Format("application_%lld_%04d", static_cast<long long>(cluster_timestamp), sequence);
}

Result<ApplicationId> ApplicationId::Parse(std::string_view text) {
  const auto parts = Split(text, '_');
  if (parts.size() != 3 || parts[0] != "application") {
    return Malformed("an application id", text, kApplicationForm);
  }
  const auto n = Numbers(parts, 1);
  if (!n || !FitsInt32((*n)[1])) return Malformed("an application id", text, kApplicationForm);
  return ApplicationId{(*n)[0], static_cast<int32_t>((*n)[1])};
}

std::string AttemptId::ToString() const {
  return Format("appattempt_%lld_%04d_%06d",
                static_cast<long long>(application.cluster_timestamp),
                application.sequence,
                number);
}

Result<AttemptId> AttemptId::Parse(std::string_view text) {
  const auto parts = Split(text, '_');
  if (parts.size() != 4 || parts[0] != "appattempt") {
    return Malformed("an attempt id", text, kAttemptForm);
  }
  const auto n = Numbers(parts, 1);
  if (!n || !FitsInt32((*n)[1]) || !FitsInt32((*n)[2])) {
    return Malformed("an attempt id", text, kAttemptForm);
  }
  return AttemptId{{(*n)[0], static_cast<int32_t>((*n)[1])}, static_cast<int32_t>((*n)[2])};
}

std::string ContainerId::ToString() const {
  return Format("container_e%02lld_%lld_%04d_%02d_%06lld",
                static_cast<long long>(epoch().value),
                static_cast<long long>(attempt.application.cluster_timestamp),
                attempt.application.sequence,
                attempt.number,
                static_cast<long long>(sequence()));
}

Result<ContainerId> ContainerId::Parse(std::string_view text) {
  auto parts = Split(text, '_');
  if (parts.size() != 6 || parts[0] != "container" || parts[1].size() < 2 || parts[1][0] != 'e') {
    return Malformed("a container id", text, kContainerForm);
  }
  parts[1].remove_prefix(1);
  const auto n = Numbers(parts, 1);
  if (!n || (*n)[0] >= (int64_t{1} << 23) || !FitsInt32((*n)[2]) || !FitsInt32((*n)[3]) ||
      (*n)[4] >= (int64_t{1} << kSequenceBits)) {
    return Malformed("a container id", text, kContainerForm);
  }
  const AttemptId attempt{{(*n)[1], static_cast<int32_t>((*n)[2])}, static_cast<int32_t>((*n)[3])};
  return Make(attempt, Epoch{(*n)[0]}, (*n)[4]);
}

}  // namespace weir
