// ResourceManagerProcess: a real weir-resourcemanager on ports of its own in a work directory of
// the test. Killed with the object. Single-threaded.
#ifndef WEIR_TESTS_INTEGRATION_RESOURCE_MANAGER_PROCESS_H_
#define WEIR_TESTS_INTEGRATION_RESOURCE_MANAGER_PROCESS_H_

#include <map>
#include <memory>
#include <string>

#include "common/hostport.h"
#include "platform/thrift_client.h"
#include "tests/support/process.h"

namespace weir::testing {

class ResourceManagerProcess {
 public:
  // `settings` go to the command line as -D key=value. Several may share a work directory, if each
  // has a weir.resourcemanager.work.dir.
  explicit ResourceManagerProcess(std::string work_directory,
                                  std::map<std::string, std::string> settings = {});

  // From the next Start on, no file grows beyond this, as on a full disk; 0 = no limit.
  void LimitFileSize(int kib) { file_kib_ = kib; }
  // Starts it and waits until it serves. False when it ended before; see Wait and output.
  bool Start();
  void KillHard();  // SIGKILL, and waits for its end
  int Terminate();  // SIGTERM; its exit code
  // Waits for an end by itself: its exit code.
  int Wait();

  // What it wrote to standard output and error, all starts one after another.
  std::string output() const;
  HostPort address(const std::string& name) const;  // "client", "http", ...
  // An endpoint of its unix sockets: "client_socket", "admin_socket".
  platform::Endpoint socket(const std::string& name) const;
  platform::Endpoint endpoint(const std::string& name) const { return {"", address(name)}; }
  std::string secret() const;
  const std::string& work_directory() const { return work_directory_; }
  std::string address_file() const;

 private:
  std::string log_file() const { return work_directory_ + "/output"; }

  const std::string work_directory_;
  const std::map<std::string, std::string> settings_;
  int file_kib_ = 0;
  std::unique_ptr<Process> process_;
  std::map<std::string, std::string> addresses_;
};

}  // namespace weir::testing

#endif  // WEIR_TESTS_INTEGRATION_RESOURCE_MANAGER_PROCESS_H_
