#include "stream/jobmanager/server/job_manager.h"

#include <utility>

#include "common/limits.h"
#include "common/strings.h"
#include "platform/clock.h"
#include "platform/log.h"
#include "stream/jobmanager/server/output_cleaning.h"
#include "stream/jobmanager/server/source_listing.h"

namespace weir::stream {
namespace {

constexpr size_t kFileCallsMax = 512;
constexpr char kComponent[] = "jm.job";

Error TooBusy() {
  return {
      ErrorCode::kResourceExhausted, "the JobManager has too many calls to answer", "try again"};
}

std::string Clean(const CleanOutputs& what) {
  const Status cleaned = DeleteOutputs(platform::FileSystem::Real(), what);
  if (cleaned.ok()) return "";
  std::string failure = cleaned.error().ToString();
  platform::LogWarn(kComponent, what.id.hex, "output is left over", {{"cause", failure}});
  return failure;
}

}  // namespace

JobManager::JobManager(platform::EventLoop& loop,
                       const JobManagerOptions& options,
                       const std::string& blob_directory,
                       JobManagerListener& listener)
    : loop_(loop),
      listener_(listener),
      core_(options),
      blobs_(platform::FileSystem::Real(), blob_directory),
      files_loop_("jm-files"),
      mailbox_(loop, limits::kMailbox, [](const std::function<void()>& work) { work(); }),
      files_mailbox_(
          files_loop_, kFileCallsMax, [](const std::function<void()>& work) { work(); }) {
  files_loop_.Start();
}

JobManager::~JobManager() {
  files_loop_.Stop();
}

template <typename T>
void JobManager::Post(platform::Lane lane, const Callback<T>& done, std::function<void()> work) {
  if (!mailbox_.Push(lane, std::move(work))) done(TooBusy());
}

template <typename T>
void JobManager::PostFiles(const Callback<T>& done, std::function<void()> work) {
  if (!files_mailbox_.Push(platform::Lane::kControl, std::move(work))) done(TooBusy());
}

// --- from any thread

void JobManager::Submit(JobSpec spec, Callback<JobId> done) {
  PostFiles(done, [this, spec = std::move(spec), done]() mutable {
    Result<int64_t> size = blobs_.SizeOf(spec.library_sha256);
    if (!size.ok()) return done(std::move(size).error());
    spec.library_size = *size;
    SubmitNow(std::move(spec), std::move(done));
  });
}

void JobManager::SubmitWithFile(JobSpec spec, const std::string& library, Callback<JobId> done) {
  PostFiles(done, [this, spec = std::move(spec), library, done]() mutable {
    Result<BlobStore::Added> added = blobs_.AddFile(library);
    if (!added.ok()) return done(std::move(added).error());
    spec.library_sha256 = added->sha256;
    spec.library_size = added->size;
    SubmitNow(std::move(spec), std::move(done));
  });
}

void JobManager::SubmitNow(JobSpec spec, Callback<JobId> done) {
  const CallId call = NextCall();
  const JobId id{HexEncode(platform::RandomBytes(16))};
  Post(platform::Lane::kControl, done, [this, call, id, spec = std::move(spec), done] {
    pending_.emplace(call, done);
    Step(SubmitJob{call, id, spec});
  });
}

void JobManager::Cancel(const JobId& id, Callback<void> done) {
  const CallId call = NextCall();
  Post(platform::Lane::kControl, done, [this, call, id, done] {
    pending_.emplace(call, done);
    Step(CancelJob{call, id});
  });
}

std::function<void()> JobManager::Watch(const JobId& id,
                                        int64_t known_version,
                                        Duration park,
                                        Callback<JobReport> done) {
  const CallId call = NextCall();
  Post(platform::Lane::kRead, done, [this, call, id, known_version, park, done] {
    pending_.emplace(call, done);
    Step(WatchJob{call, id, known_version, park});
  });
  return AbandonLater(call);
}

std::function<void()> JobManager::AbandonLater(CallId call) {
  return [this, call] {
    // When the lane is full the call stays until its park ends: harmless.
    [[maybe_unused]] const bool pushed = mailbox_.Push(platform::Lane::kControl, [this, call] {
      if (pending_.erase(call) > 0) Step(CallAbandoned{call});
    });
  };
}

void JobManager::List(Callback<std::vector<JobReport>> done) {
  Post(platform::Lane::kRead, done, [this, done] { done(core_.Reports()); });
}

void JobManager::Report(const JobId& id, Callback<JobReport> done) {
  Post(platform::Lane::kRead, done, [this, id, done] { done(core_.Report(id)); });
}

void JobManager::Slots(Callback<SlotSummary> done) {
  Post(platform::Lane::kRead, done, [this, done] { done(core_.Slots()); });
}

void JobManager::RequestStop(Callback<void> done) {
  Post(platform::Lane::kControl, done, [this, done] {
    done({});
    listener_.OnStopRequested();
  });
}

void JobManager::Register(RegisterTaskManager event, Callback<TaskManagerSession> done) {
  event.call = NextCall();
  Post(platform::Lane::kMaster, done, [this, event = std::move(event), done] {
    pending_.emplace(event.call, done);
    Step(event);
  });
}

std::function<void()> JobManager::Poll(PollTaskManager event, Callback<PollAnswer> done) {
  event.call = NextCall();
  const CallId call = event.call;
  Post(platform::Lane::kMaster, done, [this, event = std::move(event), done] {
    pending_.emplace(event.call, done);
    Step(event);
  });
  return AbandonLater(call);
}

void JobManager::Upload(
    std::string sha256, int64_t size, int64_t offset, std::string data, Callback<bool> done) {
  PostFiles(done, [this, sha256 = std::move(sha256), size, offset, data = std::move(data), done] {
    done(blobs_.Upload(sha256, size, offset, data));
  });
}

void JobManager::HasBlob(std::string sha256, Callback<bool> done) {
  PostFiles(done, [this, sha256 = std::move(sha256), done] { done(blobs_.SizeOf(sha256).ok()); });
}

void JobManager::FetchBlob(std::string sha256,
                           int64_t offset,
                           int64_t length,
                           Callback<std::string> done) {
  PostFiles(done, [this, sha256 = std::move(sha256), offset, length, done] {
    done(blobs_.Read(sha256, offset, length));
  });
}

// --- on the owner's loop

void JobManager::Handle(const JobManagerEvent& event) {
  Step(event);
}

void JobManager::Close() {
  files_loop_.Stop();
  for (const CleanOutputs& what : core_.Unclean()) Clean(what);
}

void JobManager::Step(const JobManagerEvent& event) {
  auto actions = core_.Step(event, platform::ReadClock());
  for (JobManagerAction& action : actions) Execute(action);
  SetTimer();
  listener_.OnStepped();
}

void JobManager::SetTimer() {
  const Instant next = core_.NextDeadline();
  if (next == timer_at_) return;
  if (timer_ != 0) loop_.Cancel(timer_);
  timer_ = 0;
  timer_at_ = next;
  if (next == kNever) return;
  timer_ = loop_.At(next, [this] {
    timer_ = 0;
    timer_at_ = kNever;
    Step(DeadlineReached{});
  });
}

template <typename T>
void JobManager::Answer(const CallId& call, Result<T> result) {
  const auto found = pending_.find(call);
  if (found == pending_.end()) return;  // its caller has left
  const Callback<T> done = std::get<Callback<T>>(std::move(found->second));
  pending_.erase(found);
  done(std::move(result));
}

void JobManager::Execute(JobManagerAction& action) {
  struct Executor {
    JobManager& jobs;
    void operator()(AnswerSubmission& a) const { jobs.Answer(a.call, std::move(a.result)); }
    void operator()(AnswerCancel& a) const { jobs.Answer(a.call, std::move(a.result)); }
    void operator()(AnswerWatch& a) const { jobs.Answer(a.call, std::move(a.result)); }
    void operator()(AnswerRegistration& a) const { jobs.Answer(a.call, std::move(a.result)); }
    void operator()(AnswerPoll& a) const { jobs.Answer(a.call, std::move(a.result)); }
    void operator()(const ListSources& a) const { jobs.StartListing(a); }
    void operator()(const CleanOutputs& a) const { jobs.StartCleaning(a); }
    void operator()(const JobChanged& a) const { jobs.LogChange(a); }
    void operator()(const WorkerRegistered& a) const {
      platform::LogInfo("jm.worker",
                        a.container.ToString(),
                        "TaskManager registered",
                        {{"slots", std::to_string(a.slots)}});
      jobs.listener_.OnWorkerRegistered(a.container);
    }
    void operator()(const WorkerGivenUp& a) const {
      platform::LogWarn(
          "jm.worker", a.container.ToString(), "TaskManager given up", {{"cause", a.cause}});
      jobs.listener_.OnWorkerGivenUp(a.container, a.cause);
    }
  };
  std::visit(Executor{*this}, action);
}

void JobManager::StartListing(const ListSources& action) {
  const auto answer = [this, id = action.id](SourcesListed listed) {
    // Not through the bounded mailbox: one per job, and it must arrive.
    loop_.Post([this, listed = std::move(listed)] { Step(listed); });
  };
  const Callback<void> refused = [answer, id = action.id](const Status& status) {
    answer(SourcesListed{id, status.error()});
  };
  PostFiles(refused, [action, answer] {
    std::map<int32_t, std::vector<SourceFile>> files;
    for (const auto& [vertex, paths] : action.paths) {
      auto listed = ListSourceFiles(platform::FileSystem::Real(), paths);
      if (!listed.ok()) return answer(SourcesListed{action.id, std::move(listed).error()});
      files.emplace(vertex, std::move(listed).value());
    }
    answer(SourcesListed{action.id, std::move(files)});
  });
}

void JobManager::StartCleaning(const CleanOutputs& action) {
  // Neither way through the bounded mailboxes: one per job, and it must be done.
  files_loop_.Post([this, action] {
    const std::string failure = Clean(action);
    loop_.Post([this, id = action.id, failure] { Step(OutputsCleaned{id, failure}); });
  });
}

void JobManager::LogChange(const JobChanged& change) const {
  const std::string to(JobStateName(change.to));
  if (change.from == change.to) {
    platform::LogInfo(kComponent, change.id.hex, "submitted", {{"state", to}});
    return;
  }
  const std::string from(JobStateName(change.from));
  if (change.cause.empty()) {
    platform::LogInfo(kComponent, change.id.hex, "changed", {{"from", from}, {"to", to}});
  } else {
    platform::LogWarn(kComponent,
                      change.id.hex,
                      "changed",
                      {{"from", from}, {"to", to}, {"cause", change.cause}});
  }
}

}  // namespace weir::stream
