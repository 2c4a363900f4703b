#include "platform/event_loop.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <thread>
#include <utility>

#include "common/check.h"
#include "platform/clock.h"
#include "platform/mutex.h"

namespace weir::platform {
namespace {

namespace asio = boost::asio;

constexpr int64_t kIdle = Instant::max().time_since_epoch().count();

}  // namespace

struct EventLoop::State {
  explicit State(std::string loop_name)
      : name(std::move(loop_name)), context(1), work(context.get_executor()) {}

  // Runs one function with the mark of busy_since set.
  void Run(const Function& function) {
    busy_since.store(MonotonicNow().time_since_epoch().count(), std::memory_order_relaxed);
    function();
    busy_since.store(kIdle, std::memory_order_relaxed);
  }

  const std::string name;
  std::atomic<int64_t> busy_since{kIdle};
  std::atomic<uint64_t> handled{0};
  std::atomic<bool> stopped{false};
  std::atomic<bool> started{false};
  std::atomic<std::thread::id> thread_id{};
  Mutex join_mutex;
  // For PostAndWait: `ended` also ends the waits for functions that were dropped.
  Mutex wait_mutex;
  ConditionVariable wait_changed;
  bool ended WEIR_GUARDED_BY(wait_mutex) = false;
  std::thread thread WEIR_GUARDED_BY(join_mutex);
  TimerId next_timer = 1;  // the two timer members: loop thread only
  // Destroyed before the context, whose service they use.
  asio::io_context context;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  std::map<TimerId, asio::steady_timer> timers;
};

EventLoop::EventLoop(std::string name) : state_(std::make_unique<State>(std::move(name))) {}

EventLoop::~EventLoop() {
  Stop();
}

void EventLoop::Start() {
  MutexLock lock(state_->join_mutex);
  WEIR_CHECK(!state_->thread.joinable(), "an event loop is started once");
  if (state_->stopped) return;
  State* state = state_.get();
  state->started = true;
  state_->thread = std::thread([state] {
    pthread_setname_np(pthread_self(), state->name.substr(0, 15).c_str());
    state->thread_id = std::this_thread::get_id();
    // What run() does, and counts.
    while (state->context.run_one() > 0) state->handled.fetch_add(1, std::memory_order_relaxed);
    state->thread_id = std::thread::id();
    MutexLock ended_lock(state->wait_mutex);
    state->ended = true;
    state->wait_changed.NotifyAll();
  });
}

void EventLoop::Stop() {
  state_->stopped = true;
  state_->context.stop();
  if (IsOnLoopThread()) return;
  MutexLock lock(state_->join_mutex);
  if (state_->thread.joinable()) state_->thread.join();
}

void EventLoop::Post(Function function) {
  if (state_->stopped) return;
  asio::post(state_->context,
             [state = state_.get(), function = std::move(function)] { state->Run(function); });
}

void EventLoop::PostAndWait(Function function) {
  WEIR_CHECK(!IsOnLoopThread(), "waiting for the loop on the loop itself never ends");
  State* state = state_.get();
  const auto done = std::make_shared<bool>(false);  // guarded by wait_mutex
  Post([state, done, function = std::move(function)] {
    function();
    MutexLock lock(state->wait_mutex);
    *done = true;
    state->wait_changed.NotifyAll();
  });
  MutexLock lock(state->wait_mutex);
  while (!*done && !state->ended) state->wait_changed.Wait(state->wait_mutex);
}

EventLoop::TimerId EventLoop::At(Instant deadline, Function function) {
  const TimerId id = state_->next_timer++;
  auto timer = state_->timers.try_emplace(id, state_->context).first;
  // A steady_timer with a far deadline overflows when it is turned into a waiting time.
  const Duration limit = std::chrono::hours(24 * 365);
  const Duration wait = std::min(deadline - std::min(deadline, MonotonicNow()), limit);
  timer->second.expires_after(wait);
  timer->second.async_wait([state = state_.get(), id, function = std::move(function)](
                               const boost::system::error_code& error) {
    // Cancel() erased it: then the error says so, or it had been queued already.
    if (error || state->timers.erase(id) == 0) return;
    state->Run(function);
  });
  return id;
}

void EventLoop::Cancel(TimerId timer) {
  state_->timers.erase(timer);
}

bool EventLoop::IsOnLoopThread() const {
  return state_->thread_id.load() == std::this_thread::get_id();
}

bool EventLoop::started() const {
  return state_->started;
}

const std::string& EventLoop::name() const {
  return state_->name;
}

Instant EventLoop::busy_since() const {
  return Instant(Duration(state_->busy_since.load(std::memory_order_relaxed)));
}

uint64_t EventLoop::handled() const {
  return state_->handled.load(std::memory_order_relaxed);
}

boost::asio::io_context& EventLoop::io_context() {
  return state_->context;
}

}  // namespace weir::platform
