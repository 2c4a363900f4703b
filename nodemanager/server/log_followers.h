// LogFollowers: callers that wait for a log to grow, without a thread each.
//
// A follower says up to which position it knows a file and is answered when there is more, when
// the container has ended and there will be no more (header X-Log-Ended: true), or when its time is
// over; then it asks again. All that wait are looked at together: first which containers have
// ended (on the core loop), then the files (on the disk thread), so that nothing written before
// the end is missed. Bounded: kFollowersMax at once, kFollowBytes an answer, kFollowParkMax a wait.
//
// Threads: Add on the I/O loop. Owner: the daemon; what it is given must outlive it, and both loops
// must have stopped before it goes; jobs that are left on the disk thread do not touch it.
#ifndef WEIR_NODEMANAGER_SERVER_LOG_FOLLOWERS_H_
#define WEIR_NODEMANAGER_SERVER_LOG_FOLLOWERS_H_

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "nodemanager/executor/container_directories.h"
#include "nodemanager/executor/worker_pool.h"
#include "platform/event_loop.h"
#include "platform/http_server.h"

namespace weir::nm {

inline constexpr size_t kFollowersMax = 64;
inline constexpr int64_t kFollowBytes = int64_t{4} << 20;
inline constexpr seconds kFollowParkMax{30};

struct LogFollower {
  ContainerId id;
  std::string name;
  int64_t position = 0;  // known up to here
  Instant deadline;
  platform::HttpReply reply;
};

class LogFollowers {
 public:
  using Ids = std::set<ContainerId>;
  // Which of these have ended, told to the second from any thread.
  using AskEnded = std::function<void(Ids, std::function<void(Ids)>)>;

  LogFollowers(platform::EventLoop& io_loop,
               WorkerPool& disk,
               const ContainerDirectories& directories,
               AskEnded ask_ended);
  ~LogFollowers();
  LogFollowers(const LogFollowers&) = delete;
  LogFollowers& operator=(const LogFollowers&) = delete;

  // Answers kResourceExhausted at once when too many wait.
  void Add(LogFollower follower);

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_LOG_FOLLOWERS_H_
