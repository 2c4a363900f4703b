#include "stream/taskmanager/server/job_manager_link.h"

#include <pthread.h>
#include <unistd.h>

#include <optional>
#include <thread>
#include <utility>

#include "gen/TaskService.h"
#include "platform/mutex.h"
#include "platform/thrift_client.h"
#include "stream/taskmanager/server/task_codec.h"

namespace weir::stream::taskmanager {
namespace {

using Client = platform::ThriftClient<idl::TaskServiceClient>;
using platform::MutexLock;

constexpr Duration kCallTimeout = seconds(10);

platform::HelloIdentity IdentityOf(const TaskManagerOptions& options) {
  platform::HelloIdentity identity;
  identity.cluster_id = options.cluster_id;
  identity.secret = options.secret;
  identity.role = "taskmanager";
  identity.name = options.container;
  return identity;
}

std::shared_ptr<Client> MakeClient(const TaskManagerOptions& options) {
  return std::make_shared<Client>(platform::Endpoint{"", options.job_manager}, IdentityOf(options));
}

}  // namespace

struct JobManagerLink::State {
  // A call asked for: a registration, or a poll.
  struct Request {
    std::optional<PollRequest> poll;
  };

  State(const TaskManagerOptions& given, HostPort address, std::function<void(Event)> report_to)
      : options(given),
        data_address(std::move(address)),
        report(std::move(report_to)),
        blob_client(MakeClient(given)) {}

  void Submit(Request request);
  void Run();
  Event Execute(Client& connection, const Request& request);
  Event Register(Client& connection);
  Event Poll(Client& connection, const PollRequest& request);

  const TaskManagerOptions options;
  const HostPort data_address;
  const std::function<void(Event)> report;
  const std::shared_ptr<Client> blob_client;

  platform::Mutex mutex;
  platform::ConditionVariable changed;
  std::optional<Request> waiting WEIR_GUARDED_BY(mutex);
  std::shared_ptr<Client> client WEIR_GUARDED_BY(mutex);  // null after an interruption
  bool interrupted WEIR_GUARDED_BY(mutex) = false;        // the call waiting or under way
  bool stopped WEIR_GUARDED_BY(mutex) = false;
  std::thread thread;
};

void JobManagerLink::State::Submit(Request request) {
  {
    MutexLock lock(mutex);
    waiting = std::move(request);
    interrupted = false;
  }
  changed.NotifyAll();
}

void JobManagerLink::State::Run() {
  while (true) {
    Request request;
    std::shared_ptr<Client> connection;
    {
      MutexLock lock(mutex);
      while (!waiting && !stopped) changed.Wait(mutex);
      if (stopped) return;
      request = std::move(*waiting);
      waiting.reset();
      if (client == nullptr) client = MakeClient(options);
      // An interrupted call is made on a connection that refuses it: one way for all cases.
      if (interrupted) client->Interrupt();
      connection = client;
      if (interrupted) client = nullptr;
    }
    report(Execute(*connection, request));
  }
}

Event JobManagerLink::State::Execute(Client& connection, const Request& request) {
  return request.poll ? Poll(connection, *request.poll) : Register(connection);
}

Event JobManagerLink::State::Register(Client& connection) {
  idl::RegisterTaskManagerRequest request;
  idl::HostPort address;
  address.__set_host(data_address.host);
  address.__set_port(data_address.port);
  request.__set_container_id(options.container);
  request.__set_data_address(address);
  request.__set_slots(options.slots);
  request.__set_pid(static_cast<int32_t>(getpid()));
  const auto answer = connection.Call(kCallTimeout, [&](idl::TaskServiceClient& service) {
    idl::RegisterTaskManagerAnswer out;
    service.registerTaskManager(out, request);
    return out;
  });
  if (!answer.ok()) return RegisterFailed{answer.error()};
  return Registered{answer->session, milliseconds(answer->expiry_ms)};
}

Event JobManagerLink::State::Poll(Client& connection, const PollRequest& request) {
  const idl::TaskPollRequest wire = ToWire(request);
  const auto answer =
      connection.Call(request.park + kCallTimeout, [&](idl::TaskServiceClient& service) {
        idl::TaskPollAnswer out;
        service.poll(out, wire);
        return out;
      });
  if (!answer.ok()) return PollFailed{answer.error()};
  Result<PollAnswered> answered = FromWire(*answer);
  if (!answered.ok()) return PollFailed{answered.error()};
  return std::move(answered).value();
}

JobManagerLink::JobManagerLink(const TaskManagerOptions& options,
                               HostPort data_address,
                               std::function<void(Event)> report)
    : state_(std::make_unique<State>(options, std::move(data_address), std::move(report))) {
  State* state = state_.get();
  state->thread = std::thread([state] {
    pthread_setname_np(pthread_self(), "jobmanager");
    state->Run();
  });
}

JobManagerLink::~JobManagerLink() {
  Close();
  state_->thread.join();
}

void JobManagerLink::Close() {
  {
    MutexLock lock(state_->mutex);
    state_->stopped = true;
  }
  state_->changed.NotifyAll();
  Interrupt();
  state_->blob_client->Interrupt();
}

void JobManagerLink::Register() {
  state_->Submit({});
}

void JobManagerLink::Poll(PollRequest request) {
  state_->Submit({std::move(request)});
}

void JobManagerLink::Interrupt() {
  MutexLock lock(state_->mutex);
  state_->interrupted = true;
  if (state_->client != nullptr && !state_->waiting) {
    state_->client->Interrupt();
    state_->client = nullptr;
  }
}

Result<std::string> JobManagerLink::Fetch(const std::string& sha256,
                                          int64_t offset,
                                          int32_t length) {
  return state_->blob_client->Call(kCallTimeout, [&](idl::TaskServiceClient& service) {
    std::string bytes;
    service.fetchBlob(bytes, sha256, offset, length);
    return bytes;
  });
}

}  // namespace weir::stream::taskmanager
