// The service that the rpc tests talk to: ClientService with a behaviour per method, its server on
// a loop of its own, and clients for it. Used by one test at a time.
#ifndef WEIR_TESTS_UNIT_PLATFORM_RPC_TEST_SERVICE_H_
#define WEIR_TESTS_UNIT_PLATFORM_RPC_TEST_SERVICE_H_

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "gen/ClientService.h"
#include "platform/authenticators.h"
#include "platform/event_loop.h"
#include "platform/mutex.h"
#include "platform/thrift_client.h"
#include "platform/thrift_server.h"

namespace weir::platform {

inline constexpr char kTestSecret[] = "0123456789abcdef0123456789abcdef";
// Nothing here takes so long: it only keeps a broken test from hanging.
inline constexpr Duration kHangGuard = seconds(60);

// What the handlers of all connections share. Thread-safe.
class TestBoard {
 public:
  using Report = Responder<idl::ApplicationReport>;

  void Park(Report responder) {
    MutexLock lock(mutex_);
    parked_.push_back(std::move(responder));
    changed_.NotifyAll();
  }
  std::vector<Report> TakeParked() {
    MutexLock lock(mutex_);
    return std::exchange(parked_, {});
  }
  void CountAbandoned() {
    MutexLock lock(mutex_);
    ++abandoned_;
    changed_.NotifyAll();
  }
  void NoteRefused(const Error& error) {
    MutexLock lock(mutex_);
    refused_.push_back(error);
    changed_.NotifyAll();
  }
  std::vector<Error> refused() {
    MutexLock lock(mutex_);
    return refused_;
  }
  void AwaitParked(size_t count) {
    MutexLock lock(mutex_);
    while (parked_.size() < count) {
      ASSERT_TRUE(changed_.WaitFor(mutex_, kHangGuard)) << parked_.size() << " of " << count;
    }
  }
  void AwaitAbandoned(size_t count) {
    MutexLock lock(mutex_);
    while (abandoned_ < count) {
      ASSERT_TRUE(changed_.WaitFor(mutex_, kHangGuard)) << abandoned_ << " of " << count;
    }
  }
  void AwaitRefused(size_t count) {
    MutexLock lock(mutex_);
    while (refused_.size() < count) {
      ASSERT_TRUE(changed_.WaitFor(mutex_, kHangGuard)) << refused_.size() << " of " << count;
    }
  }

 private:
  Mutex mutex_;
  ConditionVariable changed_;
  std::vector<Report> parked_ WEIR_GUARDED_BY(mutex_);
  std::vector<Error> refused_ WEIR_GUARDED_BY(mutex_);
  size_t abandoned_ WEIR_GUARDED_BY(mutex_) = 0;
};

// An I/O loop with one server on it.
class TestServer {
 public:
  TestServer();
  ~TestServer();

  // Serves on 127.0.0.1, or on a socket file. Expected to work.
  Endpoint Listen(std::shared_ptr<Authenticator> authenticator, const std::string& path = "");
  // With the cluster secret as the only way in.
  Endpoint Listen() { return Listen(MakeDaemonAuthenticator(kTestSecret)); }

  ThriftListenerOptions Options(std::shared_ptr<Authenticator> authenticator);
  TestBoard& board() { return *board_; }
  ThriftServer& server() { return *server_; }
  EventLoop& loop() { return loop_; }

 private:
  const std::shared_ptr<TestBoard> board_ = std::make_shared<TestBoard>();
  EventLoop loop_{"test-io"};
  std::unique_ptr<ThriftServer> server_;
};

using TestClient = ThriftClient<idl::ClientServiceClient>;

inline HelloIdentity DaemonIdentity(const std::string& secret = kTestSecret) {
  HelloIdentity identity;
  identity.cluster_id = "test";
  identity.secret = secret;
  identity.role = kDaemonRole;
  identity.name = "node-1";
  return identity;
}

// What the server answers to getClusterInfo: its caller in words.
inline Result<std::string> AskWho(TestClient& client, Duration timeout = kHangGuard) {
  return client.Call(timeout, [](idl::ClientServiceClient& c) {
    idl::ClusterInfo info;
    c.getClusterInfo(info);
    return info.cluster_id;
  });
}

inline Result<idl::ApplicationReport> ParkCall(TestClient& client, Duration timeout = kHangGuard) {
  return client.Call(timeout, [](idl::ClientServiceClient& c) {
    idl::ApplicationReport report;
    c.getApplication(report, idl::GetApplicationRequest());
    return report;
  });
}

// A directory under the system's own for temporary files, deleted with the object.
class TestDirectory {
 public:
  TestDirectory();
  ~TestDirectory();
  std::string Path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace weir::platform

#endif  // WEIR_TESTS_UNIT_PLATFORM_RPC_TEST_SERVICE_H_
