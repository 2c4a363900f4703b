// OptionReader: reads a daemon's configuration key by key and keeps every fault, so that all are
// told together. Single-threaded; the configuration must outlive it.
#ifndef WEIR_PLATFORM_OPTION_READER_H_
#define WEIR_PLATFORM_OPTION_READER_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/hostport.h"
#include "common/result.h"
#include "common/time.h"
#include "platform/hadoop_xml_config.h"
#include "platform/port_range.h"

namespace weir::platform {

// Where one service listens, and how others reach it. The port of both is the same; 0 = any.
struct ServiceAddress {
  HostPort bind;
  std::string advertised_host;

  HostPort Advertised(uint16_t port) const { return {advertised_host, port}; }
};

class OptionReader {
 public:
  static constexpr int64_t kMillisMax = int64_t{7} * 24 * 3600 * 1000;

  explicit OptionReader(const Configuration& config) : config_(config) {}

  // Of known keys (platform/config_keys.h).
  std::string Text(const char* key) const;
  int64_t Int(const char* key, int64_t low, int64_t high);
  // Of a key whose default is another key's value.
  int64_t IntOr(const char* key, int64_t fallback, int64_t low, int64_t high) {
    return Keep(config_.GetInt(key, fallback, low, high), fallback);
  }
  bool Bool(const char* key);
  // A decimal number with at most three places, as thousandths; the bounds are thousandths too.
  int64_t Thousandths(const char* key, int64_t low, int64_t high);
  Duration Millis(const char* key) { return milliseconds(Int(key, 1, kMillisMax)); }
  // Of weir.poll.park-ms: so short that nobody polls all the time, so long that a peer that is gone
  // is missed.
  Duration PollPark();
  PortRange Ports(const char* key);
  std::string ClusterId();
  // `configured` is what `key` says; the host to bind may stand under another key. Both hosts must
  // be of the loopback: nothing is encrypted yet.
  ServiceAddress Address(const char* key,
                         const Result<HostPort>& configured,
                         const char* bind_host_key);
  // A fault if it is relative.
  std::string Absolute(const char* key, std::string path);

  template <typename T>
  T Keep(Result<T> result, T fallback) {
    if (result.ok()) return std::move(result).value();
    Fault(result.error());
    return fallback;
  }
  void Check(const Status& status);
  void Fault(const Error& error);
  // kInvalidArgument: every fault, one line each.
  Status Finish() const;

 private:
  const Configuration& config_;
  std::vector<std::string> faults_;
};

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_OPTION_READER_H_
