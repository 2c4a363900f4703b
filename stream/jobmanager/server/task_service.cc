#include <utility>

#include "gen/TaskService.h"
#include "stream/jobmanager/server/job_codec.h"
#include "stream/jobmanager/server/services.h"

namespace weir::stream {
namespace {

using Thrown = std::function<void(apache::thrift::TDelayedException*)>;
template <typename T>
using Answer = std::function<void(const T&)>;

class TaskServiceHandler : public virtual idl::TaskServiceCobSvIf,
                           public virtual idl::BaseServiceCobSvNull {
 public:
  TaskServiceHandler(platform::ConnectionContext& context, JobManager& jobs)
      : context_(context), jobs_(jobs) {}

  void registerTaskManager(Answer<idl::RegisterTaskManagerAnswer> cob,
                           Thrown,
                           const idl::RegisterTaskManagerRequest& request) override {
    const auto responder = context_.Respond(std::move(cob));
    Result<RegisterTaskManager> event = RegistrationFromWire(request);
    if (!event.ok()) return responder.Fail(std::move(event).error());
    if (event->container.attempt != context_.caller().attempt) {
      return responder.Fail({ErrorCode::kPermissionDenied,
                             request.container_id + " belongs to another attempt",
                             "register with the container's own id"});
    }
    jobs_.Register(std::move(event).value(), [responder](Result<TaskManagerSession> session) {
      if (!session.ok()) return responder.Fail(std::move(session).error());
      responder.Reply(SessionToWire(*session));
    });
  }

  void poll(Answer<idl::TaskPollAnswer> cob, Thrown, const idl::TaskPollRequest& request) override {
    const auto responder = context_.Respond(std::move(cob));
    Result<PollTaskManager> event = PollFromWire(request);
    if (!event.ok()) return responder.Fail(std::move(event).error());
    responder.OnAbandoned(
        jobs_.Poll(std::move(event).value(), [responder](Result<PollAnswer> answer) {
          if (!answer.ok()) return responder.Fail(std::move(answer).error());
          responder.Reply(PollToWire(*answer));
        }));
  }

  void fetchBlob(Answer<std::string> cob,
                 Thrown,
                 const std::string& sha256,
                 int64_t offset,
                 int32_t length) override {
    const auto responder = context_.Respond(std::move(cob));
    jobs_.FetchBlob(sha256, offset, length, [responder](Result<std::string> bytes) {
      responder.Finish(std::move(bytes));
    });
  }

 private:
  platform::ConnectionContext& context_;
  JobManager& jobs_;
};

}  // namespace

ProcessorFactory MakeTaskService(JobManager& jobs) {
  return [&jobs](platform::ConnectionContext& context) {
    return std::make_shared<idl::TaskServiceAsyncProcessor>(
        std::make_shared<TaskServiceHandler>(context, jobs));
  };
}

}  // namespace weir::stream
