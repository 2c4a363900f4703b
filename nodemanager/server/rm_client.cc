#include "nodemanager/server/rm_client.h"

#include <pthread.h>

#include <deque>
#include <thread>
#include <utility>

#include "gen/ResourceTrackerService.h"
#include "platform/authenticators.h"
#include "platform/mutex.h"
#include "platform/thrift_client.h"
#include "wire/codec.h"

namespace weir::nm {
namespace {

using platform::MutexLock;
using Tracker = platform::ThriftClient<idl::ResourceTrackerServiceClient>;

}  // namespace

// One connection and its thread. Thread-safe.
class RmClient::Line {
 public:
  using Job = std::function<void(Tracker&)>;

  explicit Line(std::shared_ptr<platform::EndpointSet> rms, const platform::HelloIdentity& identity)
      : rms_(std::move(rms)), identity_(identity), thread_([this] { Run(); }) {}
  ~Line() { Stop(); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  void Submit(Job job) {
    {
      MutexLock lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    changed_.NotifyOne();
  }
  // Ends the call under way, if any, and drops those that wait: they are of an older session, and
  // one that parked would hold up what comes now. The next job has a new connection.
  void Cut() {
    MutexLock lock(mutex_);
    jobs_.clear();
    if (tracker_) tracker_->Interrupt();
    tracker_.reset();
  }
  void Stop() {
    {
      MutexLock lock(mutex_);
      ending_ = true;
      if (tracker_) tracker_->Interrupt();
    }
    changed_.NotifyAll();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Run() {
    pthread_setname_np(pthread_self(), "nm-rm");
    while (true) {
      Job job;
      std::shared_ptr<Tracker> tracker;
      {
        MutexLock lock(mutex_);
        while (jobs_.empty() && !ending_) changed_.Wait(mutex_);
        if (ending_) return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
        if (!tracker_) tracker_ = std::make_shared<Tracker>(rms_, identity_);
        tracker = tracker_;
      }
      job(*tracker);
    }
  }

  const std::shared_ptr<platform::EndpointSet> rms_;
  const platform::HelloIdentity identity_;
  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  std::deque<Job> jobs_ WEIR_GUARDED_BY(mutex_);  // at most a registration and a few heartbeats
  std::shared_ptr<Tracker> tracker_ WEIR_GUARDED_BY(mutex_);  // interrupted ones are put away
  bool ending_ WEIR_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

RmClient::RmClient(RmClientOptions options, RmCredentials& credentials, EventSink sink)
    : options_(std::move(options)),
      rms_(std::make_shared<platform::EndpointSet>(options_.find_rms)),
      credentials_(credentials),
      sink_(std::move(sink)) {
  platform::HelloIdentity identity;
  identity.cluster_id = options_.cluster_id;
  identity.secret = options_.cluster_secret;
  identity.role = platform::kDaemonRole;
  identity.name = options_.node.uuid;
  for (auto& line : lines_) line = std::make_unique<Line>(rms_, identity);
}

RmClient::~RmClient() {
  Stop();
}

void RmClient::Stop() {
  for (auto& line : lines_) line->Stop();
}

void RmClient::Register(RegisterNodeRequest request) {
  for (auto& line : lines_) line->Cut();
  lines_[0]->Submit([this, wire = wire::ToWire(request)](Tracker& tracker) {
    const auto answer = tracker.Call(options_.call_timeout, [&](auto& client) {
      idl::RegisterNodeAnswer received;
      client.registerNode(received, wire);
      return received;
    });
    if (!answer.ok()) return sink_(RegistrationFailed{answer.error()});
    const auto rm_http = HostPort::Parse(answer->rm_http_address);
    if (!rm_http.ok()) return sink_(RegistrationFailed{rm_http.error()});
    auto keys = wire::KeysFromWire(*answer);
    if (!keys.ok()) return sink_(RegistrationFailed{keys.error()});
    credentials_.Set(*std::move(keys), *rm_http);
    sink_(Registered{wire::FromWire(*answer)});
  });
}

void RmClient::Heartbeat(NodeHeartbeatRequest request) {
  const int64_t session = request.session;
  const int64_t sequence = request.sequence;
  const Duration timeout = request.park + options_.call_timeout;
  lines_[static_cast<size_t>(sequence) % lines_.size()]->Submit(
      [this, session, sequence, timeout, wire = wire::ToWire(request, options_.node)](
          Tracker& tracker) mutable {
        wire.__set_keys_version(credentials_.keys().version());
        const auto received = tracker.Call(timeout, [&](auto& client) {
          idl::NodeHeartbeatAnswer answer;
          client.nodeHeartbeat(answer, wire);
          return answer;
        });
        if (!received.ok()) return sink_(HeartbeatFailed{session, sequence, received.error()});
        auto keys = wire::KeysFromWire(*received);
        if (!keys.ok()) return sink_(HeartbeatFailed{session, sequence, keys.error()});
        // What the answer itself brings may be signed with them.
        if (*keys) credentials_.Renew(**std::move(keys));
        auto answer = wire::FromWire(*received, credentials_.keys());
        if (!answer.ok()) return sink_(HeartbeatFailed{session, sequence, answer.error()});
        sink_(HeartbeatAnswered{session, sequence, *std::move(answer)});
      });
}

void RmClient::Unregister(int64_t session) {
  for (auto& line : lines_) line->Cut();
  lines_[0]->Submit([this, session](Tracker& tracker) {
    // Whatever becomes of it, this node has done what it can.
    static_cast<void>(tracker.Call(options_.leave_timeout, [&](auto& client) {
      client.unregisterNode(options_.node.uuid, session);
    }));
    sink_(Unregistered{});
  });
}

}  // namespace weir::nm
