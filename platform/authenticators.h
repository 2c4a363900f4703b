// The authenticators of Weir's ports: who may talk there, and as what Caller.
//
// Each refuses with kUnauthenticated, and a word on the credential that the port wants. The
// providers are called on the I/O loop for every hello and must not block. Results are used by one
// I/O loop.
#ifndef WEIR_PLATFORM_AUTHENTICATORS_H_
#define WEIR_PLATFORM_AUTHENTICATORS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "platform/rpc_security.h"

namespace weir::platform {

inline constexpr char kDaemonRole[] = "daemon";
inline constexpr char kTaskManagerRole[] = "taskmanager";

// RM client and admin ports: without a credential the user of the unix socket's other end (kUser);
// with a proof of the cluster secret a daemon (kDaemon).
std::shared_ptr<Authenticator> MakeClientPortAuthenticator(std::string cluster_secret);
// A unix socket's other end only (kUser).
std::shared_ptr<Authenticator> MakeUnixUserAuthenticator();
// RM tracker port: a proof of the cluster secret (kDaemon).
std::shared_ptr<Authenticator> MakeDaemonAuthenticator(std::string cluster_secret);
// RM master port: an AM token (kApplicationMaster).
std::shared_ptr<Authenticator> MakeAmTokenAuthenticator(std::function<TokenKeys()> keys);
// NM container port: an NM token for this node (kApplicationMaster).
std::shared_ptr<Authenticator> MakeNmTokenAuthenticator(std::function<TokenKeys()> keys,
                                                        NodeId this_node);
// JobService: a client token of this attempt (kApplicationUser), by one of its keys.
std::shared_ptr<Authenticator> MakeClientTokenAuthenticator(
    std::function<std::map<int, std::string>()> client_keys, AttemptId attempt);
// TaskService: a proof of the attempt's worker secret (kTaskManager).
std::shared_ptr<Authenticator> MakeTaskManagerAuthenticator(std::string worker_secret,
                                                            AttemptId attempt);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_AUTHENTICATORS_H_
