// OtherManagers: asks the other ResourceManagers of a cluster whether they are active, over their
// admin ports, as a daemon that knows the cluster secret.
//
// An answer holds as of some moment after the question. Where the connection is refused nobody
// listens, so nobody is active either; whatever else goes wrong says nothing.
//
// Bounded: one question at a time; they are asked one after the other, each for kPatience at most.
// Threads: one of its own, on which `said` is called. Owner: the ResourceManagerDaemon; the
// destructor interrupts what is under way and waits for it.
#ifndef WEIR_RESOURCEMANAGER_SERVER_OTHER_MANAGERS_H_
#define WEIR_RESOURCEMANAGER_SERVER_OTHER_MANAGERS_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/hostport.h"
#include "common/ids.h"
#include "common/time.h"

namespace weir::rm {

class OtherManagers {
 public:
  static constexpr Duration kPatience = milliseconds(700);

  // The epoch under which the `other`th is active, {} = it is not; nothing: it cannot be told.
  using Said = std::function<void(size_t other, std::optional<Epoch> active)>;

  // `admin_addresses`: of the others, in an order that stays.
  OtherManagers(const std::vector<HostPort>& admin_addresses,
                const std::string& cluster_id,
                const std::string& cluster_secret);
  ~OtherManagers();
  OtherManagers(const OtherManagers&) = delete;
  OtherManagers& operator=(const OtherManagers&) = delete;

  // Thread-safe. While the question before this one is under way it is left out.
  void Ask(Said said);

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_OTHER_MANAGERS_H_
