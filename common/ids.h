// The identifiers of Weir: strong types that do not convert into each other, printed as YARN prints
// them, ordered, and small enough to pass by value (but NodeId, which holds a string).
//
//   application_1700000000000_0001
//   appattempt_1700000000000_0001_000001
//   container_e03_1700000000000_0001_01_000002
//
// A container id's number is epoch (24 bits) << 40 | sequence within the attempt; the
// ApplicationMaster's container has sequence 1. Immutable values.
#ifndef WEIR_COMMON_IDS_H_
#define WEIR_COMMON_IDS_H_

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/result.h"

namespace weir {

// The leadership number: it grows by one whenever a ResourceManager becomes active. 0 = none.
struct Epoch {
  int64_t value = 0;
  auto operator<=>(const Epoch&) const = default;
};

struct ApplicationId {
  int64_t cluster_timestamp = 0;  // wall milliseconds at which the ResourceManager became active
  int32_t sequence = 0;           // from 1

  auto operator<=>(const ApplicationId&) const = default;
  std::string ToString() const;
  // kInvalidArgument when the text is not of the form above.
  static Result<ApplicationId> Parse(std::string_view text);
};

struct AttemptId {
  ApplicationId application;
  int32_t number = 0;  // from 1

  auto operator<=>(const AttemptId&) const = default;
  std::string ToString() const;
  static Result<AttemptId> Parse(std::string_view text);
};

struct ContainerId {
  AttemptId attempt;
  int64_t number = 0;  // epoch << 40 | sequence

  static constexpr int kSequenceBits = 40;
  static ContainerId Make(AttemptId attempt, Epoch epoch, int64_t sequence) {
    return {attempt, (epoch.value << kSequenceBits) | sequence};
  }
  Epoch epoch() const { return {number >> kSequenceBits}; }
  int64_t sequence() const { return number & ((int64_t{1} << kSequenceBits) - 1); }
  bool is_application_master() const { return sequence() == 1; }

  auto operator<=>(const ContainerId&) const = default;
  std::string ToString() const;
  static Result<ContainerId> Parse(std::string_view text);
};

// A node's identity is the uuid it persists at its first start; host:port is only its name.
struct NodeId {
  std::string uuid;
  auto operator<=>(const NodeId&) const = default;
  const std::string& ToString() const { return uuid; }
};

// A job of the stream engine: 32 hexadecimal digits, as Flink prints them.
struct JobId {
  std::string hex;
  auto operator<=>(const JobId&) const = default;
  const std::string& ToString() const { return hex; }
};

}  // namespace weir

template <>
struct std::hash<weir::ApplicationId> {
  size_t operator()(const weir::ApplicationId& id) const noexcept {
    return std::hash<int64_t>()(id.cluster_timestamp * 1000003 + id.sequence);
  }
};
template <>
struct std::hash<weir::ContainerId> {
  size_t operator()(const weir::ContainerId& id) const noexcept {
    return std::hash<weir::ApplicationId>()(id.attempt.application) * 31 +
           std::hash<int64_t>()(id.number * 131 + id.attempt.number);
  }
};

#endif  // WEIR_COMMON_IDS_H_
