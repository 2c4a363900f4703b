// What every ApplicationMaster finds in its container: who it is, where the ResourceManagers are,
// and the token that proves it. Immutable value.
#ifndef WEIR_APPMASTER_CLIENT_MASTER_ENVIRONMENT_H_
#define WEIR_APPMASTER_CLIENT_MASTER_ENVIRONMENT_H_

#include <string>
#include <vector>

#include "common/hostport.h"
#include "common/ids.h"
#include "common/result.h"
#include "platform/rpc_security.h"

namespace weir::am {

struct MasterEnvironment {
  // WEIR_RM_MASTER_ADDRESS: host:port, with a comma between two ResourceManagers; at most 16.
  std::vector<HostPort> rm_addresses;
  std::string cluster_id;
  AttemptId attempt;
  std::string submit_user;  // WEIR_SUBMIT_USER
  platform::SignedToken token;
  std::string host;  // advertised: NM_HOST, else 127.0.0.1
};

// kFailedPrecondition: a variable is missing (not started by a ResourceManager); kCorruption,
// kInvalidArgument: one is malformed; kNotFound: no token file.
Result<MasterEnvironment> ReadMasterEnvironment();

}  // namespace weir::am

#endif  // WEIR_APPMASTER_CLIENT_MASTER_ENVIRONMENT_H_
