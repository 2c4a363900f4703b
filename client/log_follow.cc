#include "client/log_follow.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
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
  Followed(FoundContainer container,
           std::string file,
           std::optional<int64_t> size,
           bool prefixed,
           Output& output,
           Ending& ending)
      : container_(std::move(container)),
        file_(std::move(file)),
        prefixed_(prefixed),
        lines_(FollowPrefix(container_, file_)),
        output_(output),
        ending_(ending),
        size_(size) {}
  ~Followed() {
    if (thread_.joinable()) thread_.join();
  }
  Followed(const Followed&) = delete;
  Followed& operator=(const Followed&) = delete;

  void Start() {
    thread_ = std::thread([this] { Run(); });
  }
  bool done() const { return done_; }
  // The container has ended, as the ResourceManager says, and its node has no more to say of it.
  void GiveUp() {
    given_up_ = true;
    thread_.join();
  }
  bool lost() const { return lost_; }
  int64_t printed() const { return printed_; }
  const FoundContainer& container() const { return container_; }
  const std::string& file() const { return file_; }
  bool Print(std::string_view bytes) {
    printed_ += static_cast<int64_t>(bytes.size());
    return output_.Write(prefixed_ ? lines_.Take(bytes) : std::string(bytes));
  }
  void Finish() {
    if (prefixed_) output_.Write(lines_.Rest());
    done_ = true;
  }

 private:
  void Run() {
    int64_t position = FirstPosition();
    while (!given_up_) {
      platform::HttpCall call;
      call.server = *container_.live;
      call.timeout = kCallPatience;
      call.target = "/ws/v1/node/containerlogs/" + container_.id.ToString() + "/" +
                    platform::UrlEncode(file_) + "?follow=" + std::to_string(ToMillis(kParkMs)) +
                    "&offset=" + std::to_string(position);
      const auto answer = platform::CallHttp(call);
      if (answer.ok() && answer->status == 200) {
        lost_ = false;
        if (!Print(answer->body)) break;
        position =
            Number(*answer, "x-log-offset", position) + static_cast<int64_t>(answer->body.size());
        const auto ended = answer->headers.find("x-log-ended");
        if (ended != answer->headers.end() && ended->second == "true") break;
        continue;
      }
      // Another look finds out whether it has ended, or whether its node comes back.
      lost_ = true;
      if (ending_.WaitFor(kRetryPause)) break;
    }
    if (!given_up_) Finish();
    done_ = true;
  }

  // Where the last `size` bytes begin.
  int64_t FirstPosition() {
    if (!size_ || *size_ >= 0) return 0;
    platform::HttpCall call;
    call.server = *container_.live;
    call.method = "HEAD";
    call.target = "/ws/v1/node/containerlogs/" + container_.id.ToString() + "/" +
                  platform::UrlEncode(file_) + "?size=" + std::to_string(*size_);
    const auto answer = platform::CallHttp(call);
    return answer.ok() && answer->status == 200 ? Number(*answer, "x-log-offset", 0) : 0;
  }

  const FoundContainer container_;
  const std::string file_;
  const bool prefixed_;
  LinePrefixer lines_;
  Output& output_;
  Ending& ending_;
  const std::optional<int64_t> size_;
  std::atomic<bool> done_ = false;
  std::atomic<bool> given_up_ = false;
  std::atomic<bool> lost_ = false;
  std::atomic<int64_t> printed_ = 0;
  std::thread thread_;
};

class Follower {
 public:
  Follower(const LogQuery& query, LogFinder& finder) : query_(query), finder_(finder) {}

  ExitCode Run() {
    std::optional<Error> last_error;
    bool over = false;
    while (true) {
      // Asked first: what comes after the answer is still found.
      const bool may_have_more = finder_.MayHaveMore();
      const auto found = finder_.Find();
      if (found.ok()) {
        last_error.reset();
        for (const FoundContainer& container : *found) Look(container);
      } else {
        last_error = found.error();
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
    return ExitCode::kOk;
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

  void Look(const FoundContainer& container) {
    for (const auto& [key, followed] : followed_) {
      if (key.first == container.id) EndIfGone(container, *followed);
    }
    for (const FoundFile& file : container.files) {
      if (!query_.TakesFile(file.name)) continue;
      const Key key{container.id, file.name};
      if (followed_.contains(key) || !seen_.insert(key).second) continue;
      if (followed_.size() >= kFollowedMax) {
        Say("weir: " + container.id.ToString() + " " + file.name +
            " is not followed: " + std::to_string(kFollowedMax) +
            " files are at most; choose with -containerId, --role "
            "or -log_files");
        continue;
      }
      // The first look decides whether lines need names: more may come unless one is asked for.
      const bool prefixed = !(query_.container && query_.files.size() == 1);
      auto followed =
          std::make_unique<Followed>(container, file.name, query_.size, prefixed, output_, ending_);
      if (container.live) {
        followed->Start();
      } else {
        PrintCollected(container, file, 0, *followed);
        followed->Finish();
      }
      followed_[key] = std::move(followed);
    }
  }

  // Its node does not answer, and the container has ended: what is collected beyond what was
  // printed, if anything.
  void EndIfGone(const FoundContainer& container, Followed& followed) {
    if (followed.done() || !followed.lost() || container.live || !container.ended) return;
    followed.GiveUp();
    for (const FoundFile& file : container.files) {
      if (file.name == followed.file()) {
        PrintCollected(container, file, followed.printed(), followed);
      }
    }
    if (container.fault) Fail(*container.fault);
    followed.Finish();
  }

  void PrintCollected(const FoundContainer& container,
                      const FoundFile& file,
                      int64_t skip,
                      Followed& followed) {
    const auto missing = finder_.Read(container, file, [&](std::string_view bytes) -> Status {
      const auto skipped = std::min<int64_t>(skip, static_cast<int64_t>(bytes.size()));
      skip -= skipped;
      bytes.remove_prefix(static_cast<size_t>(skipped));
      followed.Print(bytes);
      return {};
    });
    if (!missing.ok()) Fail(missing.error());
  }

  const LogQuery& query_;
  LogFinder& finder_;
  Output output_;
  Ending ending_;
  std::map<Key, std::unique_ptr<Followed>> followed_;
  std::set<Key> seen_;
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
