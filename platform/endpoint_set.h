// EndpointSet: the places of one service that several processes offer and one of them serves at a
// time (the ResourceManagers of a cluster), and which of them it was last. The connections of one
// caller share a set, so what one of them has found out the others need not.
//
// Thread-safe.
#ifndef WEIR_PLATFORM_ENDPOINT_SET_H_
#define WEIR_PLATFORM_ENDPOINT_SET_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "common/hostport.h"
#include "common/result.h"

namespace weir::platform {

// Where to connect: a unix socket path, or an address.
struct Endpoint {
  std::string unix_path;
  HostPort address;
  std::string ToString() const { return unix_path.empty() ? address.ToString() : unix_path; }
};

class EndpointSet {
 public:
  // At least one endpoint, always in the same order; thread-safe.
  using Find = std::function<Result<std::vector<Endpoint>>()>;

  explicit EndpointSet(std::vector<Endpoint> endpoints);
  // Asked anew for every connection: a daemon that was started again may have other ports.
  explicit EndpointSet(Find find);

  Result<std::vector<Endpoint>> List() const { return find_(); }
  // The index to begin with; may be beyond the list's end, from where it goes on at its start.
  size_t first() const { return first_.load(); }
  // It serves: the next connection begins with it.
  void Prefer(size_t index) { first_.store(index); }
  // It does not serve any more: the next connection begins with the one after it, unless somebody
  // has found a better one meanwhile.
  void Leave(size_t index) { first_.compare_exchange_strong(index, index + 1); }

 private:
  const Find find_;
  std::atomic<size_t> first_{0};
};

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_ENDPOINT_SET_H_
