#include "platform/authenticators.h"

#include <utility>

namespace weir::platform {
namespace {

Error Refused(std::string message, std::string remedy) {
  return {ErrorCode::kUnauthenticated, std::move(message), std::move(remedy)};
}

Caller MakeCaller(CallerKind kind, const Credentials& credentials) {
  Caller caller;
  caller.kind = kind;
  caller.address = credentials.address;
  return caller;
}

using Judge = std::function<Result<Caller>(const Credentials&)>;

class FunctionAuthenticator : public Authenticator {
 public:
  explicit FunctionAuthenticator(Judge judge) : judge_(std::move(judge)) {}
  Result<Caller> Authenticate(const Credentials& credentials) override {
    return judge_(credentials);
  }

 private:
  const Judge judge_;
};

std::shared_ptr<Authenticator> Make(Judge judge) {
  return std::make_shared<FunctionAuthenticator>(std::move(judge));
}

Result<Caller> JudgeUnixUser(const Credentials& credentials) {
  if (credentials.proof != nullptr || credentials.token != nullptr) {
    return Refused("this port takes no credential", "connect without one");
  }
  if (credentials.peer_uid < 0) {
    return Refused("hello carries no credential",
                   "users connect through the unix socket on the ResourceManager's machine");
  }
  Caller caller = MakeCaller(CallerKind::kUser, credentials);
  caller.user = UserName(credentials.peer_uid);
  return caller;
}

Result<Caller> JudgeDaemon(const Credentials& credentials, const std::string& secret) {
  if (credentials.proof == nullptr || credentials.proof->role != kDaemonRole) {
    return Refused("hello carries no proof of the cluster secret",
                   "this port is for daemons; see weir.cluster.secret.file");
  }
  if (!ProofHolds(*credentials.proof, secret)) {
    return Refused("the cluster secret is another one here",
                   "use the same weir.cluster.secret.file on all machines of the cluster");
  }
  return MakeCaller(CallerKind::kDaemon, credentials);
}

Error NoToken(const char* kind) {
  return Refused(std::string("hello carries no ") + kind, "present the token you were given");
}

}  // namespace

std::shared_ptr<Authenticator> MakeUnixUserAuthenticator() {
  return Make(JudgeUnixUser);
}

std::shared_ptr<Authenticator> MakeDaemonAuthenticator(std::string cluster_secret) {
  return Make([secret = std::move(cluster_secret)](const Credentials& credentials) {
    return JudgeDaemon(credentials, secret);
  });
}

std::shared_ptr<Authenticator> MakeClientPortAuthenticator(std::string cluster_secret) {
  return Make([secret = std::move(cluster_secret)](const Credentials& credentials) {
    return credentials.proof != nullptr ? JudgeDaemon(credentials, secret)
                                        : JudgeUnixUser(credentials);
  });
}

std::shared_ptr<Authenticator> MakeAmTokenAuthenticator(std::function<TokenKeys()> keys) {
  return Make([keys = std::move(keys)](const Credentials& credentials) -> Result<Caller> {
    if (credentials.token == nullptr) return NoToken("AM token");
    WEIR_ASSIGN_OR_RETURN(const auto identifier, keys().VerifyAm(*credentials.token));
    Caller caller = MakeCaller(CallerKind::kApplicationMaster, credentials);
    caller.attempt = identifier.attempt;
    return caller;
  });
}

std::shared_ptr<Authenticator> MakeNmTokenAuthenticator(std::function<TokenKeys()> keys,
                                                        NodeId this_node) {
  return Make([keys = std::move(keys),
               node = std::move(this_node)](const Credentials& credentials) -> Result<Caller> {
    if (credentials.token == nullptr) return NoToken("NM token");
    WEIR_ASSIGN_OR_RETURN(const auto identifier, keys().VerifyNm(*credentials.token));
    if (identifier.node != node) {
      return Refused(
          "the token is for node " + identifier.node.ToString() + ", this is " + node.ToString(),
          "use the token that came with the container of this node");
    }
    Caller caller = MakeCaller(CallerKind::kApplicationMaster, credentials);
    caller.attempt = identifier.attempt;
    return caller;
  });
}

std::shared_ptr<Authenticator> MakeClientTokenAuthenticator(
    std::function<std::map<int, std::string>()> client_keys, AttemptId attempt) {
  return Make([client_keys = std::move(client_keys),
               attempt](const Credentials& credentials) -> Result<Caller> {
    if (credentials.token == nullptr) return NoToken("client token");
    WEIR_ASSIGN_OR_RETURN(const auto identifier, VerifyClient(*credentials.token, client_keys()));
    if (identifier.attempt != attempt) {
      return Refused(
          "the token is for " + identifier.attempt.ToString() + ", this is " + attempt.ToString(),
          "ask the ResourceManager for the application's report anew");
    }
    Caller caller = MakeCaller(CallerKind::kApplicationUser, credentials);
    caller.attempt = identifier.attempt;
    caller.user = identifier.user;
    return caller;
  });
}

std::shared_ptr<Authenticator> MakeTaskManagerAuthenticator(std::string worker_secret,
                                                            AttemptId attempt) {
  return Make([secret = std::move(worker_secret),
               attempt](const Credentials& credentials) -> Result<Caller> {
    if (credentials.proof == nullptr || credentials.proof->role != kTaskManagerRole ||
        !ProofHolds(*credentials.proof, secret)) {
      return Refused("hello carries no proof of the secret of " + attempt.ToString(),
                     "only workers that its ApplicationMaster started may connect");
    }
    Caller caller = MakeCaller(CallerKind::kTaskManager, credentials);
    caller.attempt = attempt;
    return caller;
  });
}

}  // namespace weir::platform
