#include "state-store/zookeeper_session.h"

#include <zookeeper/zookeeper.h>

#include <atomic>
#include <cerrno>
#include <map>
#include <utility>

#include "platform/log.h"
#include "platform/mutex.h"
#include "platform/sockets.h"

namespace weir::store {
namespace {

// The C client has no other way to learn about an operation: one of these per call, which deletes
// itself in the completion.
struct MultiCall {
  std::vector<ZkOperation> operations;
  std::vector<zoo_op_t> calls;
  std::vector<zoo_op_result_t> results;
  ZooKeeperSession::MultiHandler done;
};
struct NodeCall {
  zhandle_t* handle = nullptr;
  ZooKeeperSession::NodeHandler done;
};
struct ChildrenCall {
  ZooKeeperSession::ChildrenHandler done;
};

ZkCode CodeOf(int code) {
  switch (code) {
    case ZOK:
      return ZkCode::kOk;
    case ZNONODE:
      return ZkCode::kNoNode;
    case ZNODEEXISTS:
      return ZkCode::kNodeExists;
    case ZBADVERSION:
      return ZkCode::kBadVersion;
    case ZNOTEMPTY:
      return ZkCode::kNotEmpty;
    case ZNOAUTH:
      return ZkCode::kNoAuth;
    // An answer that does not fit its request, or cannot be read: the stream is broken.
    case ZRUNTIMEINCONSISTENCY:
    case ZMARSHALLINGERROR:
    case ZCONNECTIONLOSS:
    case ZOPERATIONTIMEOUT:
    case ZINVALIDSTATE:
    case ZSESSIONEXPIRED:
    case ZSESSIONMOVED:
    case ZCLOSING:
      return ZkCode::kUnknown;
    default:
      return ZkCode::kRefused;
  }
}

ZkOutcome OutcomeOf(int code) {
  return {.code = CodeOf(code), .failed = 0, .text = zerror(code)};
}

void InitCall(const ZkOperation& operation, zoo_op_t& call) {
  const char* path = operation.path.c_str();
  const int size = static_cast<int>(operation.data.size());
  const ACL_vector* acl = operation.open ? &ZOO_OPEN_ACL_UNSAFE : &ZOO_CREATOR_ALL_ACL;
  switch (operation.kind) {
    case ZkOperation::Kind::kCheck:
      return zoo_check_op_init(&call, path, operation.version);
    case ZkOperation::Kind::kSet:
      return zoo_set_op_init(&call, path, operation.data.data(), size, operation.version, nullptr);
    case ZkOperation::Kind::kCreate:
      return zoo_create_op_init(&call, path, operation.data.data(), size, acl, 0, nullptr, 0);
    case ZkOperation::Kind::kCreateEphemeral:
      return zoo_create_op_init(
          &call, path, operation.data.data(), size, acl, ZOO_EPHEMERAL, nullptr, 0);
    case ZkOperation::Kind::kDelete:
      return zoo_delete_op_init(&call, path, operation.version);
  }
}

void FinishMulti(int code, const void* data) {
  std::unique_ptr<const MultiCall> call(static_cast<const MultiCall*>(data));
  ZkOutcome outcome = OutcomeOf(code);
  if (outcome.code != ZkCode::kOk && outcome.code != ZkCode::kUnknown) {
    // The first that has an error of its own: those before it say "rolled back" (ok), those after
    // it "not looked at" (a runtime inconsistency).
    for (size_t i = 0; i < call->results.size(); ++i) {
      const int result = call->results[i].err;
      if (result == ZOK || result == ZRUNTIMEINCONSISTENCY) continue;
      outcome = OutcomeOf(result);
      outcome.failed = i;
      break;
    }
  }
  call->done(outcome);
}

void FinishNode(int code, const char* value, int size, const Stat* stat, const void* data) {
  std::unique_ptr<const NodeCall> call(static_cast<const NodeCall*>(data));
  ZkNode node;
  if (code == ZOK) {
    node.exists = true;
    if (value != nullptr && size > 0) node.data.assign(value, static_cast<size_t>(size));
    node.version = stat->version;
    node.ephemeral = stat->ephemeralOwner != 0;
    node.ours = node.ephemeral && stat->ephemeralOwner == zoo_client_id(call->handle)->client_id;
  }
  call->done(OutcomeOf(code), std::move(node));
}

void FinishChildren(int code, const String_vector* names, const void* data) {
  std::unique_ptr<const ChildrenCall> call(static_cast<const ChildrenCall*>(data));
  std::vector<std::string> children;
  if (code == ZOK && names != nullptr) {
    children.assign(names->data, names->data + names->count);
  }
  call->done(OutcomeOf(code), std::move(children));
}

void FinishSync(int code, const char*, const void* data) {
  std::unique_ptr<const MultiCall> call(static_cast<const MultiCall*>(data));
  call->done(OutcomeOf(code));
}

void LogLine(const char* message) {
  platform::LogDebug("rm.store", "zookeeper", message);
}

}  // namespace

struct ZooKeeperSession::Handle {
  StateHandler changed;
  std::string credential;  // user:password
  // The client has the credential, and gives it on every connection by itself.
  std::atomic<bool> credential_given{false};
  std::atomic<State> state{State::kConnecting};
  // Held while the client is called: Close takes the handle away only in between.
  platform::Mutex client_mutex;
  zhandle_t* client WEIR_GUARDED_BY(client_mutex) = nullptr;
  platform::Mutex mutex;
  std::map<std::string, WatchHandler> watches WEIR_GUARDED_BY(mutex);  // by path, one each

  // Called for a node's change; and for every change of the session beside: those are not meant.
  static void NodeChanged(zhandle_t*, int type, int, const char* path, void* context) {
    if (type == ZOO_SESSION_EVENT || path == nullptr) return;
    Handle& self = *static_cast<Handle*>(context);
    WatchHandler changed;
    {
      platform::MutexLock lock(self.mutex);
      const auto found = self.watches.find(path);
      if (found == self.watches.end()) return;
      changed = found->second;
    }
    changed();
  }

  // What `call` says of the client; as if the session were over when it is closed, and as if there
  // were no connection before the credential is given.
  template <typename Call>
  int Send(const Call& call) {
    if (!credential_given) return ZINVALIDSTATE;
    platform::MutexLock lock(client_mutex);
    return client == nullptr ? static_cast<int>(ZCLOSING) : call(client);
  }

  // On a connection only: between two attempts to connect the client takes no credential, and the
  // first one may have been refused before zookeeper_init2 returns. When this connection is gone
  // already, the next one is told of too.
  void GiveCredential(zhandle_t* connected) {
    if (credential_given) return;
    const int added = zoo_add_auth(connected,
                                   "digest",
                                   credential.data(),
                                   static_cast<int>(credential.size()),
                                   nullptr,
                                   nullptr);
    if (added == ZOK) {
      credential_given = true;
    } else {
      platform::LogWarn("rm.store", "zookeeper_credential", zerror(added));
    }
  }

  static void SessionChanged(zhandle_t* client, int type, int state, const char*, void* context) {
    if (type != ZOO_SESSION_EVENT) return;
    Handle& self = *static_cast<Handle*>(context);
    State now = State::kConnecting;
    if (state == ZOO_CONNECTED_STATE) {
      self.GiveCredential(client);
      now = self.credential_given ? State::kConnected : State::kConnecting;
    }
    if (state == ZOO_EXPIRED_SESSION_STATE) now = State::kExpired;
    if (state == ZOO_AUTH_FAILED_STATE) now = State::kRefused;
    self.state = now;
    self.changed(now);
  }
};

ZooKeeperSession::ZooKeeperSession(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}

ZooKeeperSession::~ZooKeeperSession() {
  Close();
}

Result<std::unique_ptr<ZooKeeperSession>> ZooKeeperSession::Open(const ZooKeeperOptions& options,
                                                                 StateHandler changed) {
  zoo_set_debug_level(ZOO_LOG_LEVEL_WARN);
  auto handle = std::make_unique<Handle>();
  handle->changed = std::move(changed);
  handle->credential = options.user + ":" + options.password;
  zhandle_t* client = zookeeper_init2(options.servers.c_str(),
                                      &Handle::SessionChanged,
                                      static_cast<int>(ToMillis(options.timeout)),
                                      nullptr,
                                      handle.get(),
                                      ZOO_NO_LOG_CLIENTENV,
                                      &LogLine);
  if (client == nullptr) {
    const int cause = errno;
    return Error{
        cause == EINVAL ? ErrorCode::kInvalidArgument : ErrorCode::kUnavailable,
        "ZooKeeper at " + options.servers + " cannot be used: " + platform::ErrnoText(cause),
        "it must be host:port,host:port, with /path at the end if there is a chroot"};
  }
  {
    platform::MutexLock lock(handle->client_mutex);
    handle->client = client;
  }
  return std::unique_ptr<ZooKeeperSession>(new ZooKeeperSession(std::move(handle)));
}

void ZooKeeperSession::Multi(std::vector<ZkOperation> operations, MultiHandler done) {
  auto call = std::make_unique<MultiCall>();
  call->operations = std::move(operations);
  call->calls.resize(call->operations.size());
  call->results.resize(call->operations.size());
  call->done = std::move(done);
  for (size_t i = 0; i < call->operations.size(); ++i) {
    InitCall(call->operations[i], call->calls[i]);
  }
  const int sent = handle_->Send([&](zhandle_t* client) {
    return zoo_amulti(client,
                      static_cast<int>(call->calls.size()),
                      call->calls.data(),
                      call->results.data(),
                      &FinishMulti,
                      call.get());
  });
  const MultiCall* owned = call.release();
  if (sent != ZOK) FinishMulti(sent, owned);
}

void ZooKeeperSession::Get(const std::string& path, NodeHandler done, WatchHandler watch) {
  auto call = std::make_unique<NodeCall>();
  call->done = std::move(done);
  const bool watched = watch != nullptr;
  if (watched) {
    platform::MutexLock lock(handle_->mutex);
    handle_->watches[path] = std::move(watch);
  }
  const int sent = handle_->Send([&](zhandle_t* client) {
    call->handle = client;
    return zoo_awget(client,
                     path.c_str(),
                     watched ? &Handle::NodeChanged : nullptr,
                     handle_.get(),
                     &FinishNode,
                     call.get());
  });
  const NodeCall* owned = call.release();
  if (sent != ZOK) FinishNode(sent, nullptr, 0, nullptr, owned);
}

void ZooKeeperSession::Children(const std::string& path, ChildrenHandler done) {
  auto call = std::make_unique<ChildrenCall>(ChildrenCall{std::move(done)});
  const int sent = handle_->Send([&](zhandle_t* client) {
    return zoo_aget_children(client, path.c_str(), 0, &FinishChildren, call.get());
  });
  const ChildrenCall* owned = call.release();
  if (sent != ZOK) FinishChildren(sent, nullptr, owned);
}

void ZooKeeperSession::Sync(const std::string& path, MultiHandler done) {
  auto call = std::make_unique<MultiCall>();
  call->done = std::move(done);
  const int sent = handle_->Send(
      [&](zhandle_t* client) { return zoo_async(client, path.c_str(), &FinishSync, call.get()); });
  const MultiCall* owned = call.release();
  if (sent != ZOK) FinishSync(sent, nullptr, owned);
}

ZooKeeperSession::State ZooKeeperSession::state() const {
  return handle_->state;
}

Duration ZooKeeperSession::granted_timeout() const {
  if (handle_->state != State::kConnected) return {};
  return milliseconds(handle_->Send([](zhandle_t* client) { return zoo_recv_timeout(client); }));
}

void ZooKeeperSession::Close() {
  zhandle_t* client = nullptr;
  {
    platform::MutexLock lock(handle_->client_mutex);
    client = std::exchange(handle_->client, nullptr);
  }
  if (client == nullptr) return;
  static_cast<void>(zookeeper_close(client));  // its errors say that the server was not told
}

}  // namespace weir::store
