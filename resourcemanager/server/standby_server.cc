#include "resourcemanager/server/standby_server.h"

#include <unistd.h>

#include <utility>

#include "platform/audit_log.h"
#include "platform/authenticators.h"
#include "platform/door.h"
#include "platform/event_loop.h"
#include "platform/http_server.h"
#include "platform/log.h"
#include "platform/mutex.h"
#include "platform/thrift_server.h"
#include "resourcemanager/server/access.h"
#include "resourcemanager/server/ha_service.h"
#include "resourcemanager/server/rest_json.h"
#include "resourcemanager/server/user_groups.h"

namespace weir::rm {
namespace {

using platform::HttpReply;
using platform::HttpRequest;
using platform::HttpResponse;

// Who is active, as far as it is known here. Thread-safe.
class KnownLeader {
 public:
  explicit KnownLeader(std::string own_id) : own_id_(std::move(own_id)) {}

  void Set(const ElectionMember& leader) {
    platform::MutexLock lock(mutex_);
    leader_ = leader;
  }
  ElectionMember Get() const {
    platform::MutexLock lock(mutex_);
    return leader_;
  }
  Error Refusal() const {
    const std::string leader = Get().id;
    const bool known = !leader.empty() && leader != own_id_;
    return {ErrorCode::kNotActive,
            "the ResourceManager " + own_id_ + " is standby" +
                (known ? "; " + leader + " is active" : "; no other is known to be active"),
            known ? "use " + leader : "try again: one is elected within seconds"};
  }

 private:
  const std::string own_id_;
  mutable platform::Mutex mutex_;
  ElectionMember leader_ WEIR_GUARDED_BY(mutex_);
};

// Lets nobody in but, if there is an `inner` one, those for whom any role will do.
class StandbyAuthenticator final : public platform::Authenticator {
 public:
  StandbyAuthenticator(const KnownLeader& leader, std::shared_ptr<platform::Authenticator> inner)
      : leader_(leader), inner_(std::move(inner)) {}

  Result<Caller> Authenticate(const platform::Credentials& credentials) override {
    if (inner_ == nullptr || !credentials.any_role) return leader_.Refusal();
    return inner_->Authenticate(credentials);
  }

 private:
  const KnownLeader& leader_;
  const std::shared_ptr<platform::Authenticator> inner_;
};

}  // namespace

// Members are destroyed from the last to the first: whoever calls goes before who is called.
struct StandbyServer::State {
  State(const RmOptions& given,
        const std::string& cluster_secret,
        ListenAddresses& places,
        RoleControl& control)
      : options(given),
        secret(cluster_secret),
        addresses(places),
        leader(given.id),
        roles(control) {}

  Status ListenFor(const std::string& name,
                   const platform::ServiceAddress& address,
                   const std::string& socket,
                   const std::shared_ptr<platform::Authenticator>& authenticator);
  Status ListenHttp();
  void Redirect(const HttpRequest& request, const HttpReply& reply) const;

  const RmOptions& options;
  const std::string& secret;
  ListenAddresses& addresses;
  KnownLeader leader;
  RoleControl& roles;
  platform::EventLoop admin_loop{"rm-admin"};
  platform::EventLoop io_loop{"rm-io"};
  UserGroups groups{admin_loop};
  const AccessRules access{groups,
                           platform::UserName(static_cast<int64_t>(geteuid())),
                           ParseAdministrators(options.administrators)};
  std::unique_ptr<platform::AuditLog> audit;
  const HaEnvironment ha{.roles = &roles, .server = nullptr, .store_name = ""};
  std::unique_ptr<platform::ThriftServer> thrift;
  std::unique_ptr<platform::HttpServer> http;
  bool stopped = false;
};

StandbyServer::StandbyServer(const RmOptions& options,
                             const std::string& secret,
                             ListenAddresses& addresses,
                             RoleControl& roles)
    : state_(std::make_unique<State>(options, secret, addresses, roles)) {}

StandbyServer::~StandbyServer() {
  Stop();
}

Status StandbyServer::Start() {
  State& state = *state_;
  const RmOptions& options = state.options;
  auto audit = platform::AuditLog::Open(options.audit);
  if (!audit.ok()) {
    // It is no port that is taken.
    return Error{ErrorCode::kFailedPrecondition, audit.error().message, audit.error().remedy};
  }
  state.audit = *std::move(audit);
  state.thrift = std::make_unique<platform::ThriftServer>(state.io_loop);
  const auto nobody = std::make_shared<StandbyAuthenticator>(state.leader, nullptr);
  const auto any_role = std::make_shared<StandbyAuthenticator>(
      state.leader, platform::MakeClientPortAuthenticator(state.secret));
  WEIR_RETURN_IF_ERROR(state.ListenHttp());
  WEIR_RETURN_IF_ERROR(state.ListenFor("master", options.master, "", nobody));
  WEIR_RETURN_IF_ERROR(state.ListenFor("tracker", options.tracker, "", nobody));
  WEIR_RETURN_IF_ERROR(state.ListenFor("client", options.client, options.client_socket(), nobody));
  WEIR_RETURN_IF_ERROR(state.ListenFor("admin", options.admin, options.admin_socket(), any_role));
  state.admin_loop.Start();
  state.io_loop.Start();
  WEIR_RETURN_IF_ERROR(state.addresses.Publish());
  platform::LogInfo("rm.server",
                    "-",
                    "standby",
                    {{"cluster", options.cluster_id},
                     {"id", options.id},
                     {"http", state.addresses.Get("http")},
                     {"admin", state.addresses.Get("admin")}});
  return {};
}

Status StandbyServer::State::ListenFor(
    const std::string& name,
    const platform::ServiceAddress& address,
    const std::string& socket,
    const std::shared_ptr<platform::Authenticator>& authenticator) {
  platform::ThriftListenerOptions listener;
  listener.address = addresses.BindAgain(name, address.bind);
  listener.cluster_id = options.cluster_id;
  listener.authenticator = authenticator;
  // Nobody comes past the other ports' authenticator.
  listener.door =
      platform::MakeDoor(security::Service::kAdmin, AdministratorsOf(access), audit.get());
  listener.factory = [this](platform::ConnectionContext& context) {
    return MakeHaService(context, ha);
  };
  if (!socket.empty()) {
    platform::ThriftListenerOptions local = listener;
    local.unix_path = socket;
    WEIR_RETURN_IF_ERROR(thrift->Listen(std::move(local)));
    addresses.Set(name + "_socket", socket);
  }
  WEIR_ASSIGN_OR_RETURN(const HostPort bound, thrift->Listen(std::move(listener)));
  addresses.Set(name, address.Advertised(bound.port).ToString());
  return {};
}

// Only what is read may go elsewhere by itself.
void StandbyServer::State::Redirect(const HttpRequest& request, const HttpReply& reply) const {
  const ElectionMember active = leader.Get();
  if (active.http.empty() || active.id == options.id) {
    return reply(platform::ErrorResponse(leader.Refusal()));
  }
  HttpResponse response;
  response.status = 307;
  response.content_type = "text/plain; charset=utf-8";
  response.body = leader.Refusal().message + "\n";
  response.headers["Location"] = "http://" + active.http + request.target;
  reply(std::move(response));
}

Status StandbyServer::State::ListenHttp() {
  platform::HttpServerOptions http_options;
  http_options.address = addresses.BindAgain("http", options.http.bind);
  http_options.host_names = {options.http.advertised_host};
  http_options.door = platform::MakeDoor(security::Service::kRmWeb, nullptr, audit.get());
  http = std::make_unique<platform::HttpServer>(io_loop, std::move(http_options));
  const auto info = [this](const HttpRequest&, const HttpReply& reply) {
    RestIdentity identity;
    identity.cluster_id = options.cluster_id;
    identity.store_name = store::StoreKindName(options.store.kind);
    identity.version = WEIR_VERSION;
    reply(platform::JsonResponse(
        200, StandbyInfoJson(identity, ZookeeperStateOf(&roles), leader.Get().id)));
  };
  http->Route("GET", "/ws/v1/cluster", info);
  http->Route("GET", "/ws/v1/cluster/info", info);
  http->Route("GET", "/healthz", [](const HttpRequest&, const HttpReply& reply) {
    reply({.status = 200, .content_type = "text/plain; charset=utf-8", .body = "ok (standby)\n"});
  });
  http->Route("GET", "/readyz", [this](const HttpRequest&, const HttpReply& reply) {
    reply(platform::ErrorResponse(leader.Refusal()));
  });
  http->Route("GET", "/metrics", [](const HttpRequest&, const HttpReply& reply) {
    reply({.status = 200,
           .content_type = "text/plain; version=0.0.4; charset=utf-8",
           .body = "# HELP weir_rm_role 1 for the role it has.\n"
                   "# TYPE weir_rm_role gauge\nweir_rm_role{role=\"standby\"} 1\n"});
  });
  for (const char* pattern : {"/", "/{*}"}) {
    http->Route("GET", pattern, [this](const HttpRequest& request, const HttpReply& reply) {
      Redirect(request, reply);
    });
  }
  WEIR_ASSIGN_OR_RETURN(const HostPort bound, http->Listen());
  addresses.Set("http", options.http.Advertised(bound.port).ToString());
  return {};
}

void StandbyServer::Stop() {
  State& state = *state_;
  if (std::exchange(state.stopped, true)) return;
  if (state.http) state.http->Close();
  if (state.thrift) state.thrift->Close();
  state.admin_loop.Stop();
  state.io_loop.Stop();
}

void StandbyServer::SetLeader(const ElectionMember& leader) {
  state_->leader.Set(leader);
}

}  // namespace weir::rm
