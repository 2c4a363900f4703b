// Network: messages between processes, with the faults of the run; and calls over it.
//
// A call is a request and an answer, each a message of its own, which may be lost, late, overtaken
// or delivered twice. The caller hears exactly one outcome: the first answer that arrives, or
// kUnavailable (nobody listens there, the connection broke), or kDeadlineExceeded after its time
// limit; the server may have acted in each of these cases, more than once even.
//
// Server types have: bool up() const; uint64_t incarnation() const, another for each process; a
// `Receive(request, reply)` that returns the number of the
// call; `Abandon(number)` for when its caller went away. Must outlive every scheduled event.
// Single-threaded.
#ifndef WEIR_TESTS_SIMULATION_NETWORK_H_
#define WEIR_TESTS_SIMULATION_NETWORK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/result.h"
#include "tests/simulation/event_queue.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/trace.h"

namespace weir::simulation {

class Network {
 public:
  Network(EventQueue& queue, Faults& faults, Trace& trace)
      : queue_(queue), faults_(faults), trace_(trace) {}

  void Send(const std::string& from,
            const std::string& to,
            const std::string& what,
            const std::function<void()>& deliver);
  // Nothing reaches or leaves `host` until then.
  void Isolate(const std::string& host, Duration time);
  // Nothing gets from one to the other; what goes the other way does.
  void Cut(const std::string& from, const std::string& to, Duration time);
  bool Reachable(const std::string& from, const std::string& to);
  void HealAll() {
    isolated_.clear();
    cut_.clear();
  }

  struct Route {
    std::string from;
    std::string to;
    std::string what;  // for the trace
    Duration time_limit{0};
  };
  // `Answer`: a variant with Error. `done` must check whether its owner still lives.
  template <typename Answer, typename Server, typename Request>
  void Call(const Route& route,
            Server& server,
            const Request& request,
            std::function<void(const Answer&)> done) {
    struct Pending {
      std::function<void(const Answer&)> done;
      std::vector<uint64_t> numbers;  // at the server, one per delivery
      bool settled = false;
      void Settle(const Answer& answer) {
        if (std::exchange(settled, true)) return;
        const auto owned = std::move(done);
        owned(answer);
      }
    };
    auto pending = std::make_shared<Pending>();
    pending->done = std::move(done);
    // A connection is to one process: what is on its way to one that has died goes with it.
    const uint64_t process = server.up() ? server.incarnation() : 0;
    Send(route.from, route.to, route.what, [this, route, &server, request, pending, process] {
      const auto reply = [this, route, pending](const Answer& answer) {
        Send(route.to, route.from, "answer to " + route.what, [pending, answer] {
          pending->Settle(answer);
        });
      };
      if (!server.up() || server.incarnation() != process) {
        reply(Answer(Error{ErrorCode::kUnavailable, route.to + " is not listening", ""}));
        return;
      }
      pending->numbers.push_back(server.Receive(request, reply));
    });
    queue_.After(route.time_limit, [this, route, &server, pending] {
      if (pending->settled) return;
      pending->Settle(
          Answer(Error{ErrorCode::kDeadlineExceeded, "no answer from " + route.to, ""}));
      Send(route.from, route.to, "hang up " + route.what, [&server, pending] {
        for (const uint64_t number : pending->numbers) server.Abandon(number);
      });
    });
  }

 private:
  bool Isolated(const std::string& host);

  EventQueue& queue_;
  Faults& faults_;
  Trace& trace_;
  std::map<std::string, Instant> isolated_;
  std::map<std::pair<std::string, std::string>, Instant> cut_;
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_NETWORK_H_
