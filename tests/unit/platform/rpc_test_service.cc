#include "tests/unit/platform/rpc_test_service.h"

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <thread>
#include <utility>

#include "common/limits.h"
#include "tests/support/open_door.h"

namespace weir::platform {
namespace {

using Thrown = std::function<void(apache::thrift::TDelayedException*)>;

// getClusterInfo answers at once with the caller; getApplication parks; submitApplication answers
// from another thread; killApplication fails; listNodes drops its slot; listApplications throws;
// listContainers answers what its argument names.
class TestHandler : public virtual idl::ClientServiceCobSvNull {
 public:
  TestHandler(ConnectionContext& context, std::shared_ptr<TestBoard> board)
      : context_(context), board_(std::move(board)) {}

  void getClusterInfo(std::function<void(const idl::ClusterInfo&)> cob, Thrown) override {
    const auto responder = context_.Respond(std::move(cob));
    idl::ClusterInfo info;
    info.__set_cluster_id(context_.caller().ToString());
    responder.Reply(info);
    responder.Reply(idl::ClusterInfo());  // the second answer is ignored
  }

  void getApplication(std::function<void(const idl::ApplicationReport&)> cob,
                      Thrown,
                      const idl::GetApplicationRequest&) override {
    const auto responder = context_.Respond(std::move(cob));
    responder.OnAbandoned([board = board_] { board->CountAbandoned(); });
    board_->Park(responder);
  }

  void submitApplication(std::function<void(const idl::SubmitAnswer&)> cob,
                         Thrown,
                         const idl::SubmitRequest& request) override {
    std::thread([responder = context_.Respond(std::move(cob)), key = request.idempotency_key] {
      idl::SubmitAnswer answer;
      answer.__set_application_id(key);
      responder.Reply(answer);
    }).detach();
  }

  void killApplication(std::function<void(const idl::ApplicationReport&)> cob,
                       Thrown,
                       const idl::KillRequest& request) override {
    context_.Respond(std::move(cob))
        .Fail({ErrorCode::kNotFound,
               "there is no application " + request.application_id,
               "see weir application -list"});
  }

  void listNodes(std::function<void(const std::vector<idl::NodeReport>&)> cob, Thrown) override {
    const auto dropped = context_.Respond(std::move(cob));
  }

  void listApplications(std::function<void(const idl::ListApplicationsAnswer&)> cob,
                        Thrown,
                        const idl::ListApplicationsRequest&) override {
    const auto responder = context_.Respond(std::move(cob));
    throw std::runtime_error("a text that is nobody's business");
  }

  void listContainers(std::function<void(const std::vector<idl::ContainerReport>&)> cob,
                      Thrown,
                      const std::string& what) override {
    const auto responder = context_.Respond(std::move(cob));
    const size_t count = what == "long text" ? 1 : what == "three texts" ? 3 : 10;
    std::vector<idl::ContainerReport> reports(count);
    const size_t size = what == "long text" ? limits::kStringBytes + 1 : limits::kStringBytes - 1;
    for (auto& report : reports) report.__set_diagnostics(std::string(size, 'x'));
    responder.Reply(reports);
  }

 private:
  ConnectionContext& context_;
  const std::shared_ptr<TestBoard> board_;
};

}  // namespace

TestServer::TestServer() : server_(std::make_unique<ThriftServer>(loop_)) {
  loop_.Start();
}

TestServer::~TestServer() {
  board_->TakeParked();
  server_->Close();
  loop_.Stop();
}

ThriftListenerOptions TestServer::Options(std::shared_ptr<Authenticator> authenticator) {
  ThriftListenerOptions options;
  options.address = {"127.0.0.1", 0};
  options.cluster_id = "test";
  options.epoch = [] { return int64_t{7}; };
  options.authenticator = std::move(authenticator);
  options.door = testing::MakeOpenDoor();
  options.on_refused = [board = board_](const std::string&, const Error& error) {
    board->NoteRefused(error);
  };
  options.factory = [board = board_](ConnectionContext& context) {
    return std::make_shared<idl::ClientServiceAsyncProcessor>(
        std::make_shared<TestHandler>(context, board));
  };
  return options;
}

Endpoint TestServer::Listen(std::shared_ptr<Authenticator> authenticator, const std::string& path) {
  ThriftListenerOptions options = Options(std::move(authenticator));
  options.unix_path = path;
  auto bound = server_->Listen(std::move(options));
  EXPECT_TRUE(bound.ok()) << (bound.ok() ? "" : bound.error().ToString());
  Endpoint endpoint;
  endpoint.unix_path = path;
  if (path.empty() && bound.ok()) endpoint.address = *bound;
  return endpoint;
}

TestDirectory::TestDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "weir-rpc-XXXXXX").string();
  const char* made = ::mkdtemp(pattern.data());
  EXPECT_NE(made, nullptr);
  path_ = pattern;
}

TestDirectory::~TestDirectory() {
  std::error_code ignored;  // nothing more can be done about it
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace weir::platform
