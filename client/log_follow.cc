#include "client/log_follow.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "client/output.h"
#include "common/strings.h"
#include "platform/clock.h"
#include "platform/http_client.h"
#include "platform/mutex.h"

namespace weir::cli {
namespace {

using platform::MutexLock;

constexpr milliseconds kParkMs{10'000};
constexpr seconds kRetryPause{1};
constexpr seconds kCallPatience{30};

void OnInterrupt(int) {
  _exit(static_cast<int>(ExitCode::kInterrupted));
}

// Standard output, shared by all. False once it cannot be written.
class Output {
 public:
  bool Write(std::string_view text) {
    MutexLock lock(mutex_);
    while (!text.empty() && good_) {
      const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
      if (written < 0 && errno != EINTR) good_ = false;
      if (written > 0) text.remove_prefix(static_cast<size_t>(written));
    }
    return good_;
  }

 private:
  platform::Mutex mutex_;
  bool good_ WEIR_GUARDED_BY(mutex_) = true;
};

// A pause that ends early when all is over.
class Ending {
 public:
  void Set() {
    {
      MutexLock lock(mutex_);
      set_ = true;
    }
    changed_.NotifyAll();
  }
  bool WaitFor(Duration pause) {
    const Instant deadline = platform::MonotonicNow() + pause;
    MutexLock lock(mutex_);
    while (!set_ && platform::MonotonicNow() < deadline) {
      changed_.WaitFor(mutex_, deadline - platform::MonotonicNow());
    }
    return set_;
  }

 private:
  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  bool set_ WEIR_GUARDED_BY(mutex_) = false;
};

int64_t Number(const platform::HttpAnswer& answer, const std::string& name, int64_t fallback) {
  const auto it = answer.headers.find(name);
  return it == answer.headers.end() ? fallback : ParseInt64(it->second).value_or(fallback);
}

// One log file that is followed, and the thread that does it.
class Followed {
 public:
  Followed(const FoundContainer& container,
           std::string file,
           std::optional<int64_t> size,
           bool prefixed,
           Output& output,
           Ending& ending)
      : id_(container.id),
        file_(std::move(file)),
        prefixed_(prefixed),
        lines_(FollowPrefix(container, file_)),
        output_(output),
        ending_(ending),
        size_(size) {}
  ~Followed() { Join(); }
  Followed(const Followed&) = delete;
  Followed& operator=(const Followed&) = delete;

  // From `place` on. Requires: not called before.
  void Start(std::optional<LogPlace> place) {
    place_ = place;
    thread_ = std::thread([this] { Run(); });
  }
  bool started() const { return thread_.joinable(); }
  bool done() const { return done_; }
  // Where it is served now; nothing = nobody serves it.
  void SetServer(std::optional<HostPort> server) {
    MutexLock lock(mutex_);
    server_ = std::move(server);
  }
  // Nobody serves it, or who does said no the last time.
  bool lost() const { return lost_; }
  // There will be no more from its node. Afterwards Print, place and Finish are the caller's.
  void GiveUp() {
    given_up_ = true;
    Join();
  }
  // How far it was printed; nothing = not at all.
  std::optional<LogPlace> place() const { return place_; }
  const std::string& file() const { return file_; }
  bool Print(std::string_view bytes) {
    return output_.Write(prefixed_ ? lines_.Take(bytes) : std::string(bytes));
  }
  void Finish() {
    if (prefixed_) output_.Write(lines_.Rest());
    done_ = true;
  }

 private:
  void Join() {
    if (thread_.joinable()) thread_.join();
  }

  void Run() {
    while (!given_up_) {
      const auto server = Server();
      if (server && !place_) place_ = FirstPlace(*server);
      if (server && place_) {
        platform::HttpCall call;
        call.server = *server;
        call.timeout = kCallPatience;
        call.target = Target() + "?follow=" + std::to_string(ToMillis(kParkMs)) +
                      "&offset=" + std::to_string(place_->position);
        const auto answer = platform::CallHttp(call);
        if (answer.ok() && answer->status == 200) {
          lost_ = false;
          if (!Take(*answer)) break;
          continue;
        }
      }
      // Another look finds out whether it has ended, or where it is.
      lost_ = true;
      if (ending_.WaitFor(kRetryPause)) break;
    }
    if (!given_up_) Finish();
  }

  // False: that was the last of it.
  bool Take(const platform::HttpAnswer& answer) {
    const bool good = Print(answer.body);
    place_->position =
        Number(answer, "x-log-offset", place_->position) + static_cast<int64_t>(answer.body.size());
    if (const auto it = answer.headers.find("x-log-identity"); it != answer.headers.end()) {
      place_->identity = std::strtoull(it->second.c_str(), nullptr, 10);
    }
    const auto ended = answer.headers.find("x-log-ended");
    return good && (ended == answer.headers.end() || ended->second != "true");
  }

  std::optional<HostPort> Server() {
    MutexLock lock(mutex_);
    return server_;
  }
  std::string Target() const {
    return "/ws/v1/node/containerlogs/" + id_.ToString() + "/" + platform::UrlEncode(file_);
  }

  // Where the last `size` bytes begin; nothing when its node does not say.
  std::optional<LogPlace> FirstPlace(const HostPort& server) {
    if (!size_ || *size_ >= 0) return LogPlace{};
    platform::HttpCall call;
    call.server = server;
    call.method = "HEAD";
    call.target = Target() + "?size=" + std::to_string(*size_);
    const auto answer = platform::CallHttp(call);
    if (!answer.ok() || answer->status != 200) return std::nullopt;
    return LogPlace{.identity = 0, .position = Number(*answer, "x-log-offset", 0)};
  }

  const ContainerId id_;
  const std::string file_;
  const bool prefixed_;
  LinePrefixer lines_;
  Output& output_;
  Ending& ending_;
  const std::optional<int64_t> size_;
  platform::Mutex mutex_;
  std::optional<HostPort> server_ WEIR_GUARDED_BY(mutex_);
  std::optional<LogPlace> place_;  // of the thread, while it runs
  std::atomic<bool> done_ = false;
  std::atomic<bool> given_up_ = false;
  std::atomic<bool> lost_ = false;
  std::thread thread_;
};

class Follower {
 public:
  Follower(const LogQuery& query, LogFinder& finder) : query_(query), finder_(finder) {}

  ExitCode Run() {
    std::optional<Error> last_error;
    Instant heard = platform::MonotonicNow();
    bool over = false;
    while (true) {
      // Asked first: what comes after the answer is still found.
      const bool may_have_more = finder_.MayHaveMore();
      const auto found = finder_.Find();
      if (found.ok()) {
        last_error.reset();
        heard = platform::MonotonicNow();
        Look(*found);
      } else {
        last_error = found.error();
        if (platform::MonotonicNow() - heard > kFollowPatience) GiveUpLost(*last_error);
      }
      const bool ended = AllDone() && (!may_have_more || OnlyOneContainer(found));
      if (ended && over) break;
      // Once more after the end: files that came last.
      over = ended;
      ending_.WaitFor(over ? Duration{0} : Duration{kFollowLookPeriod});
    }
    ending_.Set();
    const bool nothing = followed_.empty() && seen_.empty();
    followed_.clear();
    if (nothing && last_error) return Fail(*last_error);
    return result_;
  }

 private:
  using Key = std::pair<ContainerId, std::string>;

  bool AllDone() const {
    for (const auto& [key, followed] : followed_) {
      if (!followed->done()) return false;
    }
    return true;
  }
  // The one container that was asked for has ended, whatever its application does.
  bool OnlyOneContainer(const Result<std::vector<FoundContainer>>& found) const {
    return query_.container && found.ok() && !found->empty() && found->front().ended;
  }

  void Look(const std::vector<FoundContainer>& found) {
    std::set<ContainerId> there;
    for (const FoundContainer& container : found) {
      there.insert(container.id);
      for (const auto& [key, followed] : followed_) {
        if (key.first != container.id || followed->done()) continue;
        followed->SetServer(container.live);
        const bool gone = !container.live && container.ended;
        if (gone && (followed->lost() || !followed->started())) End(container, *followed);
      }
      for (const FoundFile& file : container.files) Begin(container, file);
    }
    for (const auto& [key, followed] : followed_) {
      if (there.contains(key.first) || followed->done() || !followed->lost()) continue;
      GiveUp(*followed,
             {ErrorCode::kUnavailable,
              "the rest of " + key.first.ToString() + " " + key.second +
                  " cannot be had: nobody knows the container any more",
              ""});
    }
  }

  void Begin(const FoundContainer& container, const FoundFile& file) {
    if (!query_.TakesFile(file.name)) return;
    const Key key{container.id, file.name};
    if (followed_.contains(key) || !seen_.insert(key).second) return;
    if (followed_.size() >= kFollowedMax) {
      Say("weir: " + container.id.ToString() + " " + file.name +
          " is not followed: " + std::to_string(kFollowedMax) +
          " files are at most; choose with -containerId, --role "
          "or -log_files");
      return;
    }
    // The first look decides whether lines need names: more may come unless one is asked for.
    const bool prefixed = !(query_.container && query_.files.size() == 1);
    auto followed =
        std::make_unique<Followed>(container, file.name, query_.size, prefixed, output_, ending_);
    if (container.live) {
      followed->SetServer(container.live);
      followed->Start(std::nullopt);
    } else {
      const LogPlace place = PrintCollected(container, file, std::nullopt, *followed);
      // Its node is away: it may come back with more.
      container.ended ? followed->Finish() : followed->Start(place);
    }
    followed_[key] = std::move(followed);
  }

  // Its node has no more of it, and the container has ended: what is collected beyond what was
  // printed, if anything.
  void End(const FoundContainer& container, Followed& followed) {
    followed.GiveUp();
    for (const FoundFile& file : container.files) {
      if (file.name == followed.file()) {
        PrintCollected(container, file, followed.place(), followed);
      }
    }
    if (container.fault) result_ = Fail(*container.fault);
    followed.Finish();
  }

  void GiveUp(Followed& followed, const Error& error) {
    followed.GiveUp();
    result_ = Fail(error);
    followed.Finish();
  }

  void GiveUpLost(const Error& error) {
    for (const auto& [key, followed] : followed_) {
      if (!followed->done() && followed->lost()) GiveUp(*followed, error);
    }
  }

  // Where that ends.
  LogPlace PrintCollected(const FoundContainer& container,
                          const FoundFile& file,
                          std::optional<LogPlace> from,
                          Followed& followed) {
    LogPlace place = from.value_or(LogPlace{});
    const auto sink = [&](std::string_view bytes) -> Status {
      followed.Print(bytes);
      return {};
    };
    const auto missing = finder_.ReadCollected(container, file, !from, place, sink);
    if (!missing.ok()) result_ = Fail(missing.error());
    return place;
  }

  const LogQuery& query_;
  LogFinder& finder_;
  Output output_;
  Ending ending_;
  std::map<Key, std::unique_ptr<Followed>> followed_;
  std::set<Key> seen_;
  ExitCode result_ = ExitCode::kOk;
};

}  // namespace

std::string LinePrefixer::Take(std::string_view bytes) {
  std::string lines;
  pending_ += bytes;
  size_t at = 0;
  while (at < pending_.size()) {
    size_t end = pending_.find('\n', at);
    if (end == std::string::npos && pending_.size() - at < kLineBytes) break;
    end = std::min({end, at + kLineBytes, pending_.size()});
    lines += prefix_ + pending_.substr(at, end - at) + "\n";
    at = end < pending_.size() && pending_[end] == '\n' ? end + 1 : end;
  }
  pending_.erase(0, at);
  return lines;
}

std::string LinePrefixer::Rest() {
  if (pending_.empty()) return "";
  return prefix_ + std::exchange(pending_, "") + "\n";
}

std::string FollowPrefix(const FoundContainer& container, const std::string& file) {
  const std::string id = container.id.ToString();
  // container_e01_<time>_<application>_<attempt>_<number>: the last two.
  const size_t attempt = id.rfind('_', id.rfind('_') - 1) + 1;
  return id.substr(attempt) + (container.role.empty() ? "" : " " + container.role) + " " + file +
         "| ";
}

ExitCode FollowLogs(const LogQuery& query, LogFinder& finder) {
  std::signal(SIGINT, OnInterrupt);
  return Follower(query, finder).Run();
}

}  // namespace weir::cli
