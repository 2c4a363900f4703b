// What the ResourceManager adds to the start of an ApplicationMaster: its token, as a secret file,
// and where it finds the ResourceManager, as environment. Pure; thread-safe.
#ifndef WEIR_RESOURCEMANAGER_SERVER_LAUNCH_DECORATION_H_
#define WEIR_RESOURCEMANAGER_SERVER_LAUNCH_DECORATION_H_

#include "common/node_messages.h"
#include "resourcemanager/server/service_environment.h"

namespace weir::rm {

// Replaces what the submitter may have put under the same names.
inline void DecorateStart(const ServiceEnvironment& environment, StartContainerCommand& start) {
  const AttemptId attempt = start.token.id.attempt;
  start.launch.secrets["am.token"] =
      platform::EncodeTokenFile(environment.keys.Current()->Sign(AmTokenIdentifier{attempt}));
  auto& variables = start.launch.environment;
  variables["WEIR_RM_MASTER_ADDRESS"] = environment.master_address;
  variables["WEIR_RM_HTTP_ADDRESS"] = environment.http_address;
  variables["WEIR_CLUSTER_ID"] = environment.cluster_id;
  variables["WEIR_ATTEMPT_ID"] = attempt.ToString();
  variables["WEIR_SUBMIT_USER"] = start.token.user;
}

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_LAUNCH_DECORATION_H_
