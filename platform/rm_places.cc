#include "platform/rm_places.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "common/limits.h"
#include "common/strings.h"
#include "platform/address_file.h"
#include "platform/config_keys.h"
#include "platform/loopback.h"
#include "platform/option_reader.h"

namespace weir::platform {
namespace {

using namespace keys;

constexpr size_t kRmsMin = 2;
constexpr size_t kRmsMax = 16;

struct Service {
  const char* key;
  HostPort RmPlace::*address;
};
constexpr Service kServices[] = {{kRmClientAddress, &RmPlace::client},
                                 {kRmMasterAddress, &RmPlace::master},
                                 {kRmTrackerAddress, &RmPlace::tracker},
                                 {kRmAdminAddress, &RmPlace::admin},
                                 {kRmHttpAddress, &RmPlace::http}};

std::string KeyOf(const char* key, const std::string& id) {
  return id.empty() ? key : std::string(key) + "." + id;
}

std::string Quoted(const std::string& text) {
  return "'" + CutMiddle(text, 100) + "'";
}

bool IsIdCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

bool IsId(std::string_view text) {
  return !text.empty() && text.size() <= limits::kNameBytes &&
         std::all_of(text.begin(), text.end(), IsIdCharacter);
}

// Reads the places and keeps every fault. Used once.
class PlaceReader {
 public:
  explicit PlaceReader(const Configuration& config) : config_(config), read_(config) {}

  Result<RmPlaces> Read() {
    RmPlaces places;
    places.high_availability = read_.Bool(kRmHaEnabled);
    if (!places.high_availability) {
      places.all.push_back(ReadPlace(""));
    } else {
      for (const std::string& id : ReadIds()) places.all.push_back(ReadPlace(id));
      CheckDistinct(places);
    }
    WEIR_RETURN_IF_ERROR(read_.Finish());
    return places;
  }

 private:
  void Fault(std::string message, std::string remedy) {
    read_.Fault({ErrorCode::kInvalidArgument, std::move(message), std::move(remedy)});
  }
  // "key (file:line)"
  std::string Named(const std::string& key) const {
    const std::string origin = config_.Origin(key);
    return origin.empty() ? key : key + " (" + origin + ")";
  }

  std::vector<std::string> ReadIds() {
    const std::string text = config_.GetOr(kRmHaIds, "");
    std::vector<std::string> ids;
    if (Trim(text).empty()) {
      Fault(std::string(kRmHaEnabled) + " is true, but " + kRmHaIds + " is not set",
            "name the ResourceManagers, as in rm1,rm2");
      return ids;
    }
    const std::vector<std::string_view> parts = Split(text, ',');
    for (const std::string_view part : parts) {
      const std::string id(Trim(part));
      if (!IsId(id)) {
        Fault(Named(kRmHaIds) + " has the name " + Quoted(id),
              "use letters, digits, '-' and '_', with a comma between two names");
      } else if (std::find(ids.begin(), ids.end(), id) != ids.end()) {
        Fault(Named(kRmHaIds) + " names " + id + " twice", "name each ResourceManager once");
      } else {
        ids.push_back(id);
      }
    }
    if (parts.size() < kRmsMin || parts.size() > kRmsMax) {
      Fault(Named(kRmHaIds) + " has " + std::to_string(parts.size()) +
                (parts.size() == 1 ? " name" : " names"),
            "name from " + std::to_string(kRmsMin) + " to " + std::to_string(kRmsMax) +
                " ResourceManagers, or set " + kRmHaEnabled + " to false");
    }
    ids.resize(std::min(ids.size(), kRmsMax));
    return ids;
  }

  RmPlace ReadPlace(const std::string& id) {
    RmPlace place;
    place.id = id;
    const Configuration own = ConfigurationOf(config_, id);
    place.directory = RmDir(own);
    if (!id.empty() && !CheckHost(id)) return place;
    for (const Service& service : kServices) {
      const std::string key = KeyOf(service.key, id);
      place.*service.address = read_.Keep(
          config_.Get(key) ? config_.GetHostPort(key, {}) : ConfiguredRmAddress(own, service.key),
          HostPort());
      if (!id.empty()) CheckPort(key, place.*service.address);
    }
    return place;
  }

  // Whether addresses can be derived from it, or need not be.
  bool CheckHost(const std::string& id) {
    const std::string key = KeyOf(kRmHost, id);
    const std::string host(Trim(config_.GetOr(key, "")));
    // Two colons at least are an IPv6 address.
    if (std::count(host.begin(), host.end(), ':') == 1 ||
        host.find_first_of(" \t/,") != std::string::npos) {
      Fault(Named(key) + " is " + Quoted(host) + ", which is not a host",
            "give a host name or an IP address, without a port");
      return false;
    }
    if (!host.empty()) return true;
    std::vector<std::string> missing;
    for (const Service& service : kServices) {
      if (!config_.Get(KeyOf(service.key, id))) missing.push_back(KeyOf(service.key, id));
    }
    if (missing.empty()) return true;
    Fault(key + " is not set, and so there is no " + missing.front(),
          "set " + key + " to the host of " + id);
    return false;
  }

  void CheckPort(const std::string& key, const HostPort& address) {
    if (address.empty() || address.port != 0) return;
    Fault(Named(key) + " is " + Quoted(config_.GetOr(key, "")) +
              ": with high availability others have to know the port beforehand",
          "give a port from 1 to 65535");
  }

  // Two that say the same address would each take the other for itself.
  void CheckDistinct(const RmPlaces& places) {
    std::map<HostPort, std::pair<std::string, std::string>> taken;  // by whom, with which key
    for (const RmPlace& place : places.all) {
      for (const Service& service : kServices) {
        const HostPort& address = place.*service.address;
        const std::string key = KeyOf(service.key, place.id);
        if (address.empty() || address.port == 0) continue;
        const auto [other, is_new] = taken.try_emplace(address, place.id, key);
        if (is_new || other->second.first == place.id) continue;
        Fault(other->second.second + " and " + key + " are both " + address.ToString(),
              "give each ResourceManager its own host or ports");
      }
    }
  }

  const Configuration& config_;
  OptionReader read_;
};

std::string Ids(const RmPlaces& places) {
  std::vector<std::string> ids;
  for (const RmPlace& place : places.all) ids.push_back(place.id);
  return Join(ids, ", ");
}

Result<std::string> GivenRmId(const Configuration& config,
                              const RmPlaces& places,
                              const std::string& given) {
  for (const RmPlace& place : places.all) {
    if (place.id == given) return given;
  }
  return Error{ErrorCode::kInvalidArgument,
               std::string(kRmHaId) + " (" + config.Origin(kRmHaId) + ") is " + Quoted(given) +
                   ", which is not in " + kRmHaIds + ": " + Ids(places),
               "name one of them"};
}

}  // namespace

Result<RmPlaces> ReadRmPlaces(const Configuration& config) {
  return PlaceReader(config).Read();
}

Result<std::string> OwnRmId(const Configuration& config,
                            const RmPlaces& places,
                            const std::function<bool(const std::string& host)>& is_here) {
  if (!places.high_availability) return std::string();
  const std::string given(Trim(config.GetOr(kRmHaId, "")));
  if (!given.empty()) return GivenRmId(config, places, given);
  std::vector<std::string> here;
  std::vector<std::string> hosts;
  for (const RmPlace& place : places.all) {
    hosts.push_back(place.client.host);
    if (is_here(place.client.host)) here.push_back(place.id);
  }
  if (here.size() == 1) return here.front();
  if (here.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 "none of " + std::string(kRmHaIds) + " (" + Ids(places) +
                     ") is on this machine: their hosts are " + Join(hosts, ", "),
                 "set " + std::string(kRmHaId) + ", or correct " + kRmHost + ".ID"};
  }
  return Error{ErrorCode::kInvalidArgument,
               Join(here, " and ") + " of " + kRmHaIds + " are all on this machine",
               "set " + std::string(kRmHaId) + " to the name of this one, as with -D"};
}

Result<std::string> OwnRmId(const Configuration& config, const RmPlaces& places) {
  return OwnRmId(config, places, IsThisMachine);
}

Configuration ConfigurationOf(const Configuration& config, const std::string& id) {
  if (id.empty()) return config;
  std::map<std::string, std::string> from;
  for (const char* key : PerRmKeys()) {
    const std::string own = KeyOf(key, id);
    // Where to bind is mostly the same for all.
    if (key == std::string_view(kRmBindHost) && !config.Get(own)) continue;
    from.emplace(key, own);
  }
  Configuration seen = config.WithKeysFrom(from);
  if (!seen.Get(kRmWorkDir)) {
    seen = seen.With(kRmWorkDir, WorkDir(config) + "/rm-" + id, config.Origin(kRmHaIds));
  }
  const bool given = config.GetOr(kRmHaId, "") == id;
  return seen.With(kRmHaId, id, config.Origin(given ? kRmHaId : kRmHaIds));
}

Result<Configuration> OwnRmConfiguration(const Configuration& config) {
  WEIR_ASSIGN_OR_RETURN(const bool several, config.GetBool(kRmHaEnabled, false));
  // What is wrong with its addresses is told with everything else.
  if (!several) return config;
  WEIR_ASSIGN_OR_RETURN(const RmPlaces places, ReadRmPlaces(config));
  WEIR_ASSIGN_OR_RETURN(const std::string id, OwnRmId(config, places));
  return ConfigurationOf(config, id);
}

Result<std::vector<Endpoint>> FindRmEndpoints(const Configuration& config,
                                              const std::string& name,
                                              const char* key) {
  WEIR_ASSIGN_OR_RETURN(const RmPlaces places, ReadRmPlaces(config));
  std::vector<Endpoint> endpoints;
  for (const RmPlace& place : places.all) {
    const Configuration own = ConfigurationOf(config, place.id);
    std::optional<std::string> published;
    if (const auto file = ReadAddressFile(RmAddressFile(own)); file.ok()) {
      const auto found = file->find(name);
      if (found != file->end()) published = found->second;
    }
    WEIR_ASSIGN_OR_RETURN(HostPort address,
                          published ? HostPort::Parse(*published) : ConfiguredRmAddress(own, key));
    endpoints.push_back({"", std::move(address)});
  }
  return endpoints;
}

Result<std::vector<Endpoint>> RmSockets(const Configuration& config,
                                        std::string (*socket)(const Configuration&)) {
  WEIR_ASSIGN_OR_RETURN(const RmPlaces places, ReadRmPlaces(config));
  std::vector<Endpoint> endpoints;
  for (const RmPlace& place : places.all) {
    endpoints.push_back({socket(ConfigurationOf(config, place.id)), {}});
  }
  return endpoints;
}

std::string MasterAddresses(const RmPlaces& places,
                            const std::string& own_id,
                            const std::string& own_address) {
  std::vector<std::string> addresses = {own_address};
  for (const RmPlace& place : places.all) {
    if (place.id != own_id) addresses.push_back(place.master.ToString());
  }
  return Join(addresses, ",");
}

}  // namespace weir::platform
