#include "nodemanager/server/log_followers.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "nodemanager/executor/log_directory.h"
#include "nodemanager/server/container_logs.h"
#include "platform/clock.h"

namespace weir::nm {
namespace {

using platform::ErrorResponse;
using platform::HttpResponse;

constexpr milliseconds kLookPeriod{200};

// Nothing when there is nothing to say yet.
std::optional<HttpResponse> Look(const ContainerDirectories& directories,
                                 const LogFollower& follower,
                                 bool ended,
                                 bool last_look) {
  const auto directory = LogDirectory::Open(directories, follower.id);
  auto log =
      directory.ok() ? directory->OpenFile(follower.name) : Result<OpenLog>(directory.error());
  if (!log.ok()) {
    const bool may_come = log.error().code == ErrorCode::kNotFound && !ended;
    if (!may_come) return ErrorResponse(log.error());
    if (!last_look) return std::nullopt;
    HttpResponse nothing;
    nothing.content_type = "text/plain; charset=utf-8";
    nothing.headers = {
        {"X-Log-Begin", "0"}, {"X-Log-End", "0"}, {"X-Log-Offset", "0"}, {"X-Log-Ended", "false"}};
    return nothing;
  }
  const LogFile& file = log->file;
  // Shorter than what is known: it was emptied and begins anew.
  const int64_t known =
      follower.position > file.end ? file.begin : std::max(follower.position, file.begin);
  if (known == file.end && known == follower.position && !ended && !last_look) return std::nullopt;
  const int64_t length = std::min(file.end - known, kFollowBytes);
  HttpResponse answer = LogResponse(*log, {LogRange::Kind::kPart, known, length});
  answer.headers["X-Log-Ended"] = ended && known + length == file.end ? "true" : "false";
  return answer;
}

}  // namespace

struct LogFollowers::State : std::enable_shared_from_this<LogFollowers::State> {
  State(platform::EventLoop& loop,
        WorkerPool& pool,
        const ContainerDirectories& where,
        AskEnded ask)
      : io_loop(loop), disk(pool), directories(where), ask_ended(std::move(ask)) {}

  void LookAround();
  void LookAtFiles(const Ids& ended);
  void Again();

  platform::EventLoop& io_loop;
  WorkerPool& disk;
  const ContainerDirectories& directories;
  const AskEnded ask_ended;
  // Of the I/O loop. Those that are being looked at are with the disk thread.
  std::vector<LogFollower> waiting;
  size_t looked_at = 0;
  bool looking = false;
};

void LogFollowers::State::LookAround() {
  looking = !waiting.empty();
  if (!looking) return;
  Ids ids;
  for (const LogFollower& follower : waiting) ids.insert(follower.id);
  ask_ended(std::move(ids), [weak = weak_from_this()](Ids ended) {
    const auto self = weak.lock();
    if (!self) return;
    self->io_loop.Post([self, ended = std::move(ended)] { self->LookAtFiles(ended); });
  });
}

void LogFollowers::State::LookAtFiles(const Ids& ended) {
  auto followers = std::make_shared<std::vector<LogFollower>>(std::move(waiting));
  waiting.clear();
  // Who came after the question was asked is looked at as if its container were still running.
  looked_at = followers->size();
  const bool taken = disk.Submit(
      [weak = weak_from_this(), where = &directories, loop = &io_loop, followers, ended] {
        const Instant now = platform::MonotonicNow();
        auto left = std::make_shared<std::vector<LogFollower>>();
        for (LogFollower& follower : *followers) {
          auto answer =
              Look(*where, follower, ended.contains(follower.id), now >= follower.deadline);
          if (answer) {
            follower.reply(*std::move(answer));
          } else {
            left->push_back(std::move(follower));
          }
        }
        loop->Post([weak, left] {
          const auto self = weak.lock();
          if (!self) return;
          self->looked_at = 0;
          for (LogFollower& follower : *left) self->waiting.push_back(std::move(follower));
          self->Again();
        });
      });
  if (taken) return;
  waiting = std::move(*followers);
  looked_at = 0;
  Again();
}

void LogFollowers::State::Again() {
  io_loop.At(platform::MonotonicNow() + kLookPeriod,
             [self = shared_from_this()] { self->LookAround(); });
}

LogFollowers::LogFollowers(platform::EventLoop& io_loop,
                           WorkerPool& disk,
                           const ContainerDirectories& directories,
                           AskEnded ask_ended)
    : state_(std::make_shared<State>(io_loop, disk, directories, std::move(ask_ended))) {}

LogFollowers::~LogFollowers() = default;

void LogFollowers::Add(LogFollower follower) {
  if (state_->waiting.size() + state_->looked_at >= kFollowersMax) {
    follower.reply(ErrorResponse({ErrorCode::kResourceExhausted,
                                  std::to_string(kFollowersMax) + " callers follow logs already",
                                  "try again when some have ended, or read without follow"}));
    return;
  }
  state_->waiting.push_back(std::move(follower));
  if (!state_->looking) state_->LookAround();
}

}  // namespace weir::nm
