// HaClient: the command line's conversation with one ResourceManager of several, whether it is
// active or standby, over its unix socket for administrators. Blocking; single-threaded.
//
// Errors: those of the RM, kPermissionDenied for who may not administer it; kUnavailable with the
// id and the remedy when it does not run here.
#ifndef WEIR_CLIENT_HA_CLIENT_H_
#define WEIR_CLIENT_HA_CLIENT_H_

#include <memory>
#include <string>

#include "common/result.h"
#include "common/time.h"
#include "platform/hadoop_xml_config.h"

namespace weir::cli {

struct RmServiceState {
  std::string state;   // "ACTIVE", "STANDBY"
  std::string leader;  // the id of who is elected; "" = not known
  bool automatic = false;
};

class HaClient {
 public:
  // `id`: of yarn.resourcemanager.ha.rm-ids; "" when there is one ResourceManager only.
  HaClient(const platform::Configuration& config, const std::string& id);
  ~HaClient();
  HaClient(const HaClient&) = delete;
  HaClient& operator=(const HaClient&) = delete;

  Result<RmServiceState> State();
  Status CheckHealth();
  // Accepted when they return; State tells when they are done.
  Status ToActive(bool forced);
  Status ToStandby(bool forced);
  Status Cede(Duration time);

 private:
  struct Link;
  const std::unique_ptr<Link> link_;
};

}  // namespace weir::cli

#endif  // WEIR_CLIENT_HA_CLIENT_H_
