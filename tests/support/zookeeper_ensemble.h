// ZooKeeperEnsemble: one or three real ZooKeeper servers of Debian's package on loopback ports of
// their own, with their data in the test's directory. Gone with the object.
//
// tickTime is 200 ms unless told otherwise, so sessions may be as short as 400 ms; Zab's limits are
// generous, since other tests run beside. Single-threaded.
#ifndef WEIR_TESTS_SUPPORT_ZOOKEEPER_ENSEMBLE_H_
#define WEIR_TESTS_SUPPORT_ZOOKEEPER_ENSEMBLE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/temp_directory.h"

namespace weir::testing {

struct ZooKeeperSettings {
  int servers = 1;          // 1 or 3
  int jute_max_buffer = 0;  // of the servers, in bytes; 0 = theirs
  int heap_mb = 128;
  int tick_ms = 200;  // a session has two at least
  bool sync = true;   // of their logs; false for tests that do not cut the power
};

class ZooKeeperEnsemble {
 public:
  // Why there is no ZooKeeper on this machine; "" = there is.
  static std::string WhyNot();

  explicit ZooKeeperEnsemble(const ZooKeeperSettings& settings = {});
  ~ZooKeeperEnsemble();

  // Waits until it serves (with a leader, if there are three); a failure of the test when it does
  // not.
  bool Start();
  void StopServer(size_t number);   // SIGKILL; its data stays
  void StartServer(size_t number);  // does not wait
  void StopAll();
  // The number of the server that leads; -1 = there is none now.
  int Leader() const;
  bool IsServing() const;

  std::string address() const;  // "127.0.0.1:1,127.0.0.1:2"
  uint16_t port(size_t number) const { return ports_[number].client; }
  size_t size() const { return ports_.size(); }
  // The answer of a server to a four-letter word; "" when it gives none.
  static std::string Ask(uint16_t port, const std::string& word);

 private:
  struct Ports {
    uint16_t client = 0;
    uint16_t peer = 0;
    uint16_t election = 0;
  };
  void ChoosePorts();
  void WriteConfiguration(size_t number) const;
  std::string DirectoryOf(size_t number) const;

  const ZooKeeperSettings settings_;
  TempDirectory directory_;
  std::vector<Ports> ports_;
  std::vector<std::unique_ptr<Process>> servers_;
};

}  // namespace weir::testing

#endif  // WEIR_TESTS_SUPPORT_ZOOKEEPER_ENSEMBLE_H_
