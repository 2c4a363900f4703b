// RmPlaces: where the ResourceManagers of a cluster are: one, or with high availability several, of
// which one is active. Who looks for the active one tries them in this order.
//
// With yarn.resourcemanager.ha.enabled, each of yarn.resourcemanager.ha.rm-ids has the hostname and
// address keys with its id at the end (yarn.resourcemanager.address.rm1), else its hostname with
// the default port; keys without an id say nothing then. Ports are never 0: others have to know
// them. Immutable values; the functions are thread-safe and may ask the resolver.
#ifndef WEIR_PLATFORM_RM_PLACES_H_
#define WEIR_PLATFORM_RM_PLACES_H_

#include <functional>
#include <string>
#include <vector>

#include "common/hostport.h"
#include "common/result.h"
#include "platform/endpoint_set.h"
#include "platform/hadoop_xml_config.h"

namespace weir::platform {

struct RmPlace {
  std::string id;         // "" without high availability
  std::string directory;  // its own, if it runs on this machine: sockets, address file
  HostPort client;
  HostPort master;
  HostPort tracker;
  HostPort admin;
  HostPort http;
};

struct RmPlaces {
  bool high_availability = false;
  std::vector<RmPlace> all;  // in the order of rm-ids; one without high availability
};

// kInvalidArgument: every fault, one line each, with its key and the remedy.
Result<RmPlaces> ReadRmPlaces(const Configuration& config);

// Which of them this process is: yarn.resourcemanager.ha.id, else the one whose client address is
// of this machine (`is_here`). "" without high availability. kInvalidArgument: none is, or several
// are, or the id is not in rm-ids.
Result<std::string> OwnRmId(const Configuration& config,
                            const RmPlaces& places,
                            const std::function<bool(const std::string& host)>& is_here);
// With IsThisMachine.
Result<std::string> OwnRmId(const Configuration& config, const RmPlaces& places);

// The configuration as the ResourceManager `id` sees it: the keys without an id say what those with
// its id do, or are unset, so that its hostname counts; yarn.resourcemanager.ha.id and
// weir.resourcemanager.work.dir are its own. `id` is one of rm-ids, or "": the same configuration.
Configuration ConfigurationOf(const Configuration& config, const std::string& id);

// What the ResourceManager that reads this is to use: ReadRmPlaces, OwnRmId and ConfigurationOf in
// one; without high availability the same configuration, unchecked. kInvalidArgument.
Result<Configuration> OwnRmConfiguration(const Configuration& config);

// --- for those who look for the active one

// Of each ResourceManager the address as a peer reaches it: its address file on this machine if it
// exists (so that port 0 works), else the configured address. `name` as in the address file, `key`
// without an id.
Result<std::vector<Endpoint>> FindRmEndpoints(const Configuration& config,
                                              const std::string& name,
                                              const char* key);
// Of each the unix socket that `socket` (RmClientSocket or RmAdminSocket) gives.
Result<std::vector<Endpoint>> RmSockets(const Configuration& config,
                                        std::string (*socket)(const Configuration&));
// What ApplicationMasters are told: the master addresses of all, comma-separated; first that of the
// one that starts them, as bound.
std::string MasterAddresses(const RmPlaces& places,
                            const std::string& own_id,
                            const std::string& own_address);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_RM_PLACES_H_
