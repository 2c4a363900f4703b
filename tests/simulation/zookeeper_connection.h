// ZookeeperConnection: a process's way to ZooKeeper: one session, and the next when that is over,
// over a connection that comes and goes.
//
// Requests and answers of one connection keep their order. When it goes, what was under way is
// answered with kUnknown: applied already, applied later, or never. A process that is stopped sends
// no pings, so that its session may end without its knowing.
//
// Owner: who asks; must outlive the run, as events refer to it. Single-threaded.
#ifndef WEIR_TESTS_SIMULATION_ZOOKEEPER_CONNECTION_H_
#define WEIR_TESTS_SIMULATION_ZOOKEEPER_CONNECTION_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "state-store/protocol/zk_operation.h"
#include "tests/simulation/sim_process.h"

namespace weir::simulation {

struct World;

class ZookeeperConnection {
 public:
  struct Handlers {
    std::function<void()> connected;
    std::function<void()> disconnected;
  };
  struct View {
    store::ZkOutcome outcome;
    std::vector<store::ZkNode> nodes;
  };

  ZookeeperConnection(World& world, SimProcess& process, std::string host, std::string what);

  void Open(Handlers handlers);
  // The session ends at once, or by itself when its process dies without a word.
  void Close(bool orderly);
  bool connected() const { return connected_; }

  void Apply(std::vector<store::ZkOperation> operations,
             std::function<void(const store::ZkOutcome&)> done);
  // All at one moment. `changed`, if there is one, watches the first.
  void Read(std::vector<std::string> paths,
            std::function<void()> changed,
            std::function<void(const View&)> done);

 private:
  struct Request {
    std::function<void()> work;            // at the server, in the session
    std::function<void(bool known)> done;  // at the client
    bool arrived = false;
    bool lost = false;
    bool settled = false;
  };

  bool Reachable() const;
  void Send(std::shared_ptr<Request> request);
  void Arrive(const std::shared_ptr<Request>& request, uint64_t session, uint64_t number);
  void Settle(Request& request, bool known);
  void Ping();
  void Cut(const std::string& why);
  void Connect();

  World& world_;
  SimProcess& process_;
  const std::string host_;
  const std::string what_;
  Handlers handlers_;
  bool open_ = false;
  bool connected_ = false;
  uint64_t session_ = 0;
  uint64_t number_ = 0;  // of the connection: what belongs to an earlier one is void
  int unheard_ = 0;      // pings without an answer
  Instant last_arrival_{};
  Instant last_answer_{};
  std::deque<std::shared_ptr<Request>> under_way_;
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_ZOOKEEPER_CONNECTION_H_
