#include "tests/simulation/zookeeper_connection.h"

#include <algorithm>
#include <utility>

#include "tests/simulation/world.h"

namespace weir::simulation {
namespace {

constexpr Duration kSessionTimeout = seconds(3);
constexpr Duration kPing = kSessionTimeout / 3;
constexpr int kUnheardMost = 2;

}  // namespace

ZookeeperConnection::ZookeeperConnection(World& world,
                                         SimProcess& process,
                                         std::string host,
                                         std::string what)
    : world_(world), process_(process), host_(std::move(host)), what_(std::move(what)) {}

void ZookeeperConnection::Open(Handlers handlers) {
  handlers_ = std::move(handlers);
  open_ = true;
  session_ = 0;
  Connect();
}

void ZookeeperConnection::Close(bool orderly) {
  if (!std::exchange(open_, false)) return;
  if (orderly && session_ != 0 && Reachable()) world_.zookeeper.EndSession(session_);
  connected_ = false;
  ++number_;
  for (const auto& request : std::exchange(under_way_, {})) {
    request->settled = true;
    request->lost = !request->arrived && (orderly || world_.random.Chance(1, 2));
  }
}

bool ZookeeperConnection::Reachable() const {
  return world_.zookeeper.serving() && world_.network.Reachable(host_, ZookeeperModel::kName) &&
         world_.network.Reachable(ZookeeperModel::kName, host_);
}

void ZookeeperConnection::Connect() {
  process_.After(world_.Between(milliseconds(1), milliseconds(300)), [this, number = number_] {
    if (!open_ || number != number_) return;
    if (!Reachable()) return Connect();
    const bool same = session_ != 0 && world_.zookeeper.Touch(session_);
    if (!same && session_ != 0) world_.faults.Count(Fault::kSessionEnd);
    if (!same) session_ = world_.zookeeper.OpenSession(kSessionTimeout);
    world_.trace.Line(
        host_,
        what_ + (same ? " goes on in session " : " begins session ") + std::to_string(session_));
    connected_ = true;
    unheard_ = 0;
    ++number_;
    last_arrival_ = last_answer_ = world_.queue.now();
    Ping();
    handlers_.connected();
  });
}

void ZookeeperConnection::Ping() {
  process_.After(kPing, [this, number = number_] {
    if (!open_ || !connected_ || number != number_) return;
    if (world_.faults.CutZookeeper()) return Cut("is cut");
    if (!Reachable()) {
      if (++unheard_ >= kUnheardMost) return Cut("is not heard of");
    } else if (!world_.zookeeper.Touch(session_)) {
      return Cut("is closed: the session is over");
    } else {
      unheard_ = 0;
    }
    Ping();
  });
}

void ZookeeperConnection::Cut(const std::string& why) {
  world_.trace.Line(host_, what_ + " " + why);
  connected_ = false;
  ++number_;
  for (const auto& request : std::exchange(under_way_, {})) {
    if (!request->arrived) request->lost = world_.random.Chance(1, 2);
    Settle(*request, false);
  }
  handlers_.disconnected();
  Connect();
}

void ZookeeperConnection::Settle(Request& request, bool known) {
  if (std::exchange(request.settled, true)) return;
  request.done(known);
}

void ZookeeperConnection::Send(std::shared_ptr<Request> request) {
  if (!connected_) {
    process_.After(Duration(0), [this, request] { Settle(*request, false); });
    return;
  }
  under_way_.push_back(request);
  last_arrival_ = std::max(last_arrival_, world_.queue.now() + world_.faults.StoreDelay());
  world_.queue.At(last_arrival_, [this, request, session = session_, number = number_] {
    Arrive(request, session, number);
  });
}

void ZookeeperConnection::Arrive(const std::shared_ptr<Request>& request,
                                 uint64_t session,
                                 uint64_t number) {
  if (request->lost) return;
  // Nothing is lost within a connection: what cannot get through breaks it.
  if (!Reachable() || !world_.zookeeper.Touch(session)) {
    process_.Run([this, number] {
      if (open_ && connected_ && number == number_) Cut("breaks");
    });
    return;
  }
  request->arrived = true;
  request->work();
  if (number != number_) return;
  last_answer_ = std::max(last_answer_, world_.queue.now() + world_.faults.StoreDelay());
  process_.At(last_answer_, [this, request, number] {
    if (number != number_ || request->settled) return;
    std::erase(under_way_, request);
    Settle(*request, true);
  });
}

void ZookeeperConnection::Apply(std::vector<store::ZkOperation> operations,
                                std::function<void(const store::ZkOutcome&)> done) {
  auto outcome = std::make_shared<store::ZkOutcome>();
  auto request = std::make_shared<Request>();
  request->work = [this, outcome, session = session_, operations = std::move(operations)] {
    *outcome = world_.zookeeper.Apply(session, operations);
  };
  request->done = [outcome, done = std::move(done)](bool known) {
    done(known ? *outcome : store::ZkOutcome{store::ZkCode::kUnknown, 0, "lost"});
  };
  Send(std::move(request));
}

void ZookeeperConnection::Read(std::vector<std::string> paths,
                               std::function<void()> changed,
                               std::function<void(const View&)> done) {
  auto view = std::make_shared<View>();
  auto request = std::make_shared<Request>();
  const bool watches = changed != nullptr;
  const auto told = [this, number = number_, changed = std::move(changed)] {
    if (number != number_) return;
    // After the answers that were given before.
    last_answer_ = std::max(last_answer_, world_.queue.now() + world_.faults.StoreDelay());
    process_.At(last_answer_, [this, number, changed] {
      if (number == number_) changed();
    });
  };
  request->work = [this, view, told, watches, session = session_, paths = std::move(paths)] {
    for (const std::string& path : paths) {
      view->nodes.push_back(world_.zookeeper.Read(session, path));
    }
    if (watches) world_.zookeeper.Watch(session, paths.front(), told);
  };
  request->done = [view, done = std::move(done)](bool known) {
    if (!known) *view = {.outcome = {store::ZkCode::kUnknown, 0, "lost"}, .nodes = {}};
    done(*view);
  };
  Send(std::move(request));
}

}  // namespace weir::simulation
