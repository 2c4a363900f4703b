#include "platform/option_reader.h"

#include "common/check.h"
#include "common/limits.h"
#include "common/strings.h"
#include "platform/config_keys.h"
#include "platform/loopback.h"

namespace weir::platform {
namespace {

constexpr int64_t kParkMillisMin = 100;
constexpr size_t kThousandthPlaces = 3;

}  // namespace

std::string OptionReader::Text(const char* key) const {
  return config_.GetOr(key, DefaultOf(key));
}

int64_t OptionReader::Int(const char* key, int64_t low, int64_t high) {
  const auto fallback = ParseInt64(DefaultOf(key));
  WEIR_CHECK(fallback.has_value(), std::string("the default of ") + key + " is a number");
  return Keep(config_.GetInt(key, *fallback, low, high), *fallback);
}

bool OptionReader::Bool(const char* key) {
  const bool fallback = std::string_view(DefaultOf(key)) == "true";
  return Keep(config_.GetBool(key, fallback), fallback);
}

int64_t OptionReader::Thousandths(const char* key, int64_t low, int64_t high) {
  const std::string text(Trim(Text(key)));
  const size_t point = text.find('.');
  std::string digits = text.substr(0, point);
  const std::string places = point == std::string::npos ? "" : text.substr(point + 1);
  std::optional<int64_t> value;
  if (places.size() <= kThousandthPlaces && !(places.empty() && point != std::string::npos)) {
    digits += places + std::string(kThousandthPlaces - places.size(), '0');
    value = ParseInt64(digits);
  }
  if (value && *value >= low && *value <= high) return *value;
  const auto words = [](int64_t thousandths) {
    const std::string fraction = std::to_string(1000 + thousandths % 1000).substr(1);
    return std::to_string(thousandths / 1000) + "." + fraction;
  };
  Fault({ErrorCode::kInvalidArgument,
         std::string(key) + " (" + config_.Origin(key) + ") is '" + text + "'",
         "give a number from " + words(low) + " to " + words(high) +
             ", with at most three decimal places"});
  return low;
}

Duration OptionReader::PollPark() {
  return milliseconds(Int(keys::kPollPark, kParkMillisMin, limits::kParkMillisMax));
}

PortRange OptionReader::Ports(const char* key) {
  auto ports = PortRange::Parse(Text(key));
  if (ports.ok()) return *ports;
  Error error = std::move(ports).error();
  error.message = std::string(key) + " (" + config_.Origin(key) + "): " + error.message;
  Fault(error);
  return {};
}

std::string OptionReader::ClusterId() {
  std::string id = Text(keys::kClusterId);
  if (id.empty() || id.size() > limits::kNameBytes) {
    Fault({ErrorCode::kInvalidArgument,
           std::string(keys::kClusterId) + " must have from 1 to " +
               std::to_string(limits::kNameBytes) + " characters",
           ""});
  }
  return id;
}

ServiceAddress OptionReader::Address(const char* key,
                                     const Result<HostPort>& configured,
                                     const char* bind_host_key) {
  if (!configured.ok()) {
    Fault(configured.error());
    return {};
  }
  const std::string bind_host = Text(bind_host_key);
  ServiceAddress address;
  address.advertised_host = configured->host;
  address.bind = {bind_host.empty() ? configured->host : bind_host, configured->port};
  Check(CheckLoopback(bind_host.empty() ? key : bind_host_key, address.bind.host));
  return address;
}

std::string OptionReader::Absolute(const char* key, std::string path) {
  if (path.starts_with('/')) return path;
  Fault({ErrorCode::kInvalidArgument,
         std::string(key) + " is the relative path '" + path + "'",
         "give an absolute one"});
  return path;
}

void OptionReader::Check(const Status& status) {
  if (!status.ok()) Fault(status.error());
}

void OptionReader::Fault(const Error& error) {
  std::string line = error.ToString();
  if (faults_.empty() || faults_.back() != line) faults_.push_back(std::move(line));
}

Status OptionReader::Finish() const {
  if (faults_.empty()) return {};
  return Error{ErrorCode::kInvalidArgument, Join(faults_, "\n"), ""};
}

}  // namespace weir::platform
