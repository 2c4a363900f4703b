// The frame of an ApplicationMaster's process: it runs until its application has ended or a signal
// ends it.
#ifndef WEIR_APPMASTER_SERVER_MASTER_PROCESS_H_
#define WEIR_APPMASTER_SERVER_MASTER_PROCESS_H_

#include <atomic>
#include <functional>

namespace weir::am {

// Owner: main, whose thread waits. OnEnd() is thread-safe: it wakes the wait by a signal to
// ourselves.
class MasterProcess {
 public:
  // The application has ended by itself.
  void OnEnd();
  // Waits for OnEnd() (gives nothing, 0) or a signal (its exit status). After a signal `terminate`
  // is called once and OnEnd() awaited, but no longer than NodeManagers wait with SIGKILL anyway.
  int Wait(const std::function<void()>& terminate);

 private:
  std::atomic<bool> ended_{false};
};

}  // namespace weir::am

#endif  // WEIR_APPMASTER_SERVER_MASTER_PROCESS_H_
