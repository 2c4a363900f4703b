#include "tests/support/node_network.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include "tests/support/process.h"

namespace weir::testing {
namespace {

constexpr char kIp[] = "/usr/sbin/ip";
constexpr char kNsenter[] = "/usr/bin/nsenter";
constexpr char kUplink[] = "uplink";          // the node's end
constexpr char kOutside[] = "127.64.0.0/10";  // where a test's daemons may be, but 127.0.0.1

platform::FileDescriptor CurrentNamespace() {
  return platform::FileDescriptor(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

std::string AddressOf(int number, int end) {
  // No ResourceManager of a test has a third part above 63 (ProcessCluster).
  return "127.66." + std::to_string(200 + number) + "." + std::to_string(end);
}

constexpr char kRouteLoopback[] = "echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet";

std::vector<std::string> RouteLoopback() {
  return {"/bin/sh", "-c", kRouteLoopback};
}

bool Succeeds(const std::vector<std::string>& words) {
  const CommandResult result = RunCommand(words);
  EXPECT_EQ(result.exit_code, 0) << words.at(0) << ": " << result.ToString();
  return result.exit_code == 0;
}

}  // namespace

std::string NodeNetwork::WhyNot() {
  if (::geteuid() != 0) return "network namespaces need root";
  if (::access(kIp, X_OK) != 0) return "there is no ip: install iproute2";
  if (::access(kNsenter, X_OK) != 0) return "there is no nsenter: install util-linux";
  // Whoever is root in a container may still not be allowed to, in part or as a whole.
  const CommandResult tried =
      RunCommand({"/usr/bin/unshare",
                  "--net",
                  "/bin/sh",
                  "-ec",
                  std::string(kRouteLoopback) + "; " + kIp + " link set lo up; " + kIp +
                      " link add one type veth peer name other"});
  return tried.exit_code == 0 ? "" : "network namespaces cannot be used here: " + tried.err;
}

bool NodeNetwork::EnterOwn() {
  if (::unshare(CLONE_NEWNET) != 0) return false;
  return Succeeds({kIp, "link", "set", "lo", "up"}) && Succeeds(RouteLoopback());
}

NodeNetwork::NodeNetwork(int number)
    : link_("node" + std::to_string(number)),
      gate_(AddressOf(number, 1)),
      host_(AddressOf(number, 2)) {
  const platform::FileDescriptor ours = CurrentNamespace();
  EXPECT_EQ(::unshare(CLONE_NEWNET), 0);
  namespace_ = CurrentNamespace();
  EXPECT_EQ(::setns(ours.get(), CLONE_NEWNET), 0);
  ok_ = ConnectOutside() && ConnectInside();
}

std::vector<std::string> NodeNetwork::Prefix() const {
  return {kNsenter,
          "--net=/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(namespace_.get())};
}

bool NodeNetwork::RunInside(const std::vector<std::string>& words) const {
  std::vector<std::string> all = Prefix();
  all.insert(all.end(), words.begin(), words.end());
  return Succeeds(all);
}

bool NodeNetwork::ConnectOutside() const {
  const std::string other =
      "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(namespace_.get());
  return Succeeds({kIp,
                   "link",
                   "add",
                   link_,
                   "type",
                   "veth",
                   "peer",
                   "name",
                   kUplink,
                   "netns",
                   other}) &&
         Succeeds({kIp, "addr", "add", gate_ + "/32", "dev", link_}) &&
         Succeeds({kIp, "link", "set", link_, "up"}) &&
         // The table with the loopback's own network is asked first: the route has to be there.
         Succeeds(
             {kIp, "route", "add", "table", "local", "unicast", host_, "dev", link_, "src", gate_});
}

bool NodeNetwork::ConnectInside() const {
  if (!RunInside({kIp, "link", "set", "lo", "up"}) || !RunInside(RouteLoopback())) return false;
  // Otherwise what is sent while the link is down would go to the node itself.
  if (!RunInside({kIp, "route", "del", "table", "local", "local", "127.0.0.0/8", "dev", "lo"})) {
    return false;
  }
  return RunInside({kIp, "addr", "add", host_ + "/32", "dev", kUplink}) &&
         RunInside({kIp, "link", "set", kUplink, "up"}) && RouteInside();
}

bool NodeNetwork::RouteInside() const {
  return RunInside(
      {kIp, "route", "add", "table", "local", "unicast", kOutside, "dev", kUplink, "src", host_});
}

void NodeNetwork::Unplug() {
  EXPECT_TRUE(RunInside({kIp, "link", "set", kUplink, "down"}));
}

void NodeNetwork::Plug() {
  EXPECT_TRUE(RunInside({kIp, "link", "set", kUplink, "up"}));
  EXPECT_TRUE(RouteInside()) << "the route went with the link";
}

}  // namespace weir::testing
