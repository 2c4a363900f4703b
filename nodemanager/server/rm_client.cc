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

bool IsTransport(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kDeadlineExceeded;
}

}  // namespace

// One connection and its thread. Thread-safe.
class RmClient::Line {
 public:
  // Uses the connection; returns the error it had, if any.
  using Job = std::function<Status(Tracker&)>;
  // Told the error when there is not even a connection to try.
  using Refusal = std::function<void(const Error&)>;

  explicit Line(const RmClientOptions& options) : options_(options), thread_([this] { Run(); }) {}
  ~Line() { Stop(); }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  void Submit(Job job, Refusal refusal) {
    {
      MutexLock lock(mutex_);
      jobs_.push_back({std::move(job), std::move(refusal)});
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
  struct Entry {
    Job job;
    Refusal refusal;
  };

  void Run() {
    pthread_setname_np(pthread_self(), "nm-rm");
    while (true) {
      Entry entry;
      std::shared_ptr<Tracker> tracker;
      Error error;
      {
        MutexLock lock(mutex_);
        while (jobs_.empty() && !ending_) changed_.Wait(mutex_);
        if (ending_) return;
        entry = std::move(jobs_.front());
        jobs_.pop_front();
        if (Status made = MakeTracker(); !made.ok()) error = std::move(made).error();
        tracker = tracker_;
      }
      if (tracker == nullptr) {
        entry.refusal(error);
        continue;
      }
      const Status status = entry.job(*tracker);
      if (status.ok() || !IsTransport(status.error())) continue;
      MutexLock lock(mutex_);
      if (tracker_ == tracker) tracker_.reset();
    }
  }

  Status MakeTracker() WEIR_REQUIRES(mutex_) {
    if (tracker_) return {};
    WEIR_ASSIGN_OR_RETURN(HostPort address, options_.find_rm());
    platform::Endpoint endpoint;
    endpoint.address = std::move(address);
    platform::HelloIdentity identity;
    identity.cluster_id = options_.cluster_id;
    identity.secret = options_.cluster_secret;
    identity.role = platform::kDaemonRole;
    identity.name = options_.node.uuid;
    tracker_ = std::make_shared<Tracker>(std::move(endpoint), identity);
    return {};
  }

  const RmClientOptions& options_;
  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  std::deque<Entry> jobs_ WEIR_GUARDED_BY(mutex_);  // at most a registration and a few heartbeats
  std::shared_ptr<Tracker> tracker_ WEIR_GUARDED_BY(mutex_);
  bool ending_ WEIR_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

RmClient::RmClient(RmClientOptions options, RmCredentials& credentials, EventSink sink)
    : options_(std::move(options)), credentials_(credentials), sink_(std::move(sink)) {
  for (auto& line : lines_) line = std::make_unique<Line>(options_);
}

RmClient::~RmClient() {
  Stop();
}

void RmClient::Stop() {
  for (auto& line : lines_) line->Stop();
}

void RmClient::Register(RegisterNodeRequest request) {
  for (auto& line : lines_) line->Cut();
  const auto failed = [this](const Error& error) { sink_(RegistrationFailed{error}); };
  lines_[0]->Submit(
      [this, failed, wire = wire::ToWire(request)](Tracker& tracker) -> Status {
        const auto answer = tracker.Call(options_.call_timeout, [&](auto& client) {
          idl::RegisterNodeAnswer received;
          client.registerNode(received, wire);
          return received;
        });
        if (!answer.ok()) {
          failed(answer.error());
          return answer.error();
        }
        const auto rm_http = HostPort::Parse(answer->rm_http_address);
        if (!rm_http.ok()) {
          failed(rm_http.error());
          return {};
        }
        credentials_.Set(wire::KeysFromWire(*answer), *rm_http);
        sink_(Registered{wire::FromWire(*answer)});
        return {};
      },
      failed);
}

void RmClient::Heartbeat(NodeHeartbeatRequest request) {
  const int64_t session = request.session;
  const int64_t sequence = request.sequence;
  const auto failed = [this, session, sequence](const Error& error) {
    sink_(HeartbeatFailed{session, sequence, error});
  };
  const Duration timeout = request.park + options_.call_timeout;
  lines_[static_cast<size_t>(sequence) % lines_.size()]->Submit(
      [this, failed, session, sequence, timeout, wire = wire::ToWire(request, options_.node)](
          Tracker& tracker) -> Status {
        const auto received = tracker.Call(timeout, [&](auto& client) {
          idl::NodeHeartbeatAnswer answer;
          client.nodeHeartbeat(answer, wire);
          return answer;
        });
        if (!received.ok()) {
          failed(received.error());
          return received.error();
        }
        auto answer = wire::FromWire(*received, credentials_.keys());
        if (!answer.ok()) {
          failed(answer.error());
          return {};
        }
        sink_(HeartbeatAnswered{session, sequence, *std::move(answer)});
        return {};
      },
      failed);
}

void RmClient::Unregister(int64_t session) {
  for (auto& line : lines_) line->Cut();
  // Whatever becomes of it, this node has done what it can.
  const auto done = [this](const Error&) { sink_(Unregistered{}); };
  lines_[0]->Submit(
      [this, done, session](Tracker& tracker) -> Status {
        Status left = tracker.Call(options_.leave_timeout, [&](auto& client) {
          client.unregisterNode(options_.node.uuid, session);
        });
        done({});
        return left;
      },
      done);
}

}  // namespace weir::nm
