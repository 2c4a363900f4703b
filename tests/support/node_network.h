// NodeNetwork: a network namespace for one node of a test, with a link to the test's own network
// that can be taken down, as when somebody pulls the cable: nothing is closed, nothing arrives.
//
// The test's own network is a namespace too (EnterOwn), so that nothing of the machine's is
// touched. Daemons listen on loopback addresses only, because nothing is encrypted yet. So the ends
// of the link have addresses of 127.0.0.0/8, which both sides route over it (route_localnet): to
// the daemons they are of the loopback, and still they are lost with the link. Within the node only
// 127.0.0.1 is its own.
//
// Needs root, iproute2 and util-linux; WhyNot says what is missing. Single-threaded: EnterOwn comes
// before the test has other threads. The namespaces go with the test's process and its children.
#ifndef WEIR_TESTS_SUPPORT_NODE_NETWORK_H_
#define WEIR_TESTS_SUPPORT_NODE_NETWORK_H_

#include <string>
#include <vector>

#include "platform/file_descriptor.h"

namespace weir::testing {

class NodeNetwork {
 public:
  // Why there are no namespaces to be had here; "" = there are.
  static std::string WhyNot();
  // This process leaves the machine's network for one of its own, which has a loopback and no more.
  static bool EnterOwn();

  // Requires: EnterOwn. `number`, from 0, differs between the nodes of a test.
  explicit NodeNetwork(int number);

  // False when it could not be set up; the test has failed then.
  bool ok() const { return ok_; }
  // Of the node, for everybody.
  const std::string& host() const { return host_; }
  // To be put before a command line: it runs in the node's network, as the same process.
  std::vector<std::string> Prefix() const;

  // Both are done when they return.
  void Unplug();
  void Plug();

 private:
  // One command in the node's network; a failure of the test when it fails.
  bool RunInside(const std::vector<std::string>& words) const;
  bool ConnectOutside() const;
  bool ConnectInside() const;
  bool RouteInside() const;

  const std::string link_;  // our end
  const std::string gate_;  // its address
  const std::string host_;
  platform::FileDescriptor namespace_;
  bool ok_ = false;
};

}  // namespace weir::testing

#endif  // WEIR_TESTS_SUPPORT_NODE_NETWORK_H_
