#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "localizer_fixture.h"
#include "platform/event_loop.h"
#include "platform/http_server.h"
#include "platform/remote_file.h"
#include "tests/support/open_door.h"

namespace weir::nm {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kModified[] = "Tue, 14 Nov 2023 22:13:20 GMT";
constexpr int64_t kModifiedMs = 1'700'000'000'000;

// A web server that is also name node and data node of a small HDFS.
class RemoteTest : public LocalizerTest {
 protected:
  RemoteTest()
      : server_(loop_,
                {.address = {"127.0.0.1", 0},
                 .host_names = {},
                 .upload_directory = "",
                 .door = testing::MakeOpenDoor()}) {
    loop_.Start();
    for (const char* method : {"GET", "HEAD"}) {
      server_.Route(method, "/data", [this](auto, auto reply) { reply(File()); });
      server_.Route(method, "/gone", [](auto, auto reply) { reply(Status(404)); });
      server_.Route(method, "/secret", [](auto, auto reply) { reply(Status(403)); });
      server_.Route(method, "/moved", [this](auto, auto reply) { reply(To("/data")); });
      server_.Route(method, "/round", [this](auto, auto reply) { reply(To("/round")); });
      server_.Route(method, "/local", [](auto, auto reply) {
        auto answer = Status(302);
        answer.headers["Location"] = "file:///etc/passwd";
        reply(std::move(answer));
      });
    }
    server_.Route("GET", "/webhdfs/v1/{*}", [this](platform::HttpRequest request, auto reply) {
      reply(NameNode(request));
    });
    server_.Route("GET", "/datanode/{*}", [this](auto, auto reply) {
      ++opened_;
      reply(File());
    });
    const auto address = server_.Listen();
    EXPECT_TRUE(address.ok());
    address_ = *address;
  }
  ~RemoteTest() override {
    Stop();
    server_.Close();
    loop_.Stop();
  }

  static platform::HttpResponse Status(int status) {
    platform::HttpResponse response;
    response.status = status;
    return response;
  }
  platform::HttpResponse File() const {
    platform::HttpResponse response;
    response.content_type = "application/octet-stream";
    response.headers["Last-Modified"] = kModified;
    response.body = content_;
    return response;
  }
  platform::HttpResponse To(const std::string& path) const {
    platform::HttpResponse response = Status(307);
    response.headers["Location"] = "http://" + address_.ToString() + path;
    return response;
  }
  platform::HttpResponse NameNode(const platform::HttpRequest& request) {
    user_ = request.query.contains("user.name") ? request.query.at("user.name") : "";
    if (request.captures[0] != "dir/file") {
      platform::HttpResponse response = Status(404);
      response.body =
          R"({"RemoteException":{"exception":"FileNotFoundException","message":"File does not exist: /x"}})";
      return response;
    }
    if (request.query.at("op") == "OPEN") return To("/datanode/dir/file");
    platform::HttpResponse response;
    response.body = R"({"FileStatus":{"length":)" + std::to_string(content_.size()) +
                    R"(,"modificationTime":1700000000123,"type":"FILE"}})";
    return response;
  }

  std::string Http(const std::string& path) const { return "http://" + address_.ToString() + path; }
  std::string Hdfs(const std::string& path) const {
    return "webhdfs://" + address_.ToString() + path;
  }
  LocalResource Remote(const std::string& uri, int64_t mtime_ms) const {
    LocalResource resource;
    resource.uri = uri;
    resource.size = static_cast<int64_t>(content_.size());
    resource.mtime_ms = mtime_ms;
    resource.visibility = LocalResourceVisibility::kPrivate;
    return resource;
  }
  std::string Refusal(const LocalResource& resource) {
    const auto status = Fetch(++last_, resource);
    EXPECT_THAT(*files_.List(Work(last_)), IsEmpty());
    EXPECT_THAT(Cached(LocalResourceVisibility::kPrivate), IsEmpty());
    return status.ok() ? "it was fetched" : status.error().ToString();
  }

  platform::EventLoop loop_{"test-http"};
  platform::HttpServer server_;
  HostPort address_;
  std::string content_ = std::string(300'000, 'r');
  std::string user_;
  std::atomic<int> opened_ = 0;
  int64_t last_ = 100;
};

TEST_F(RemoteTest, HttpIsFetchedOnceCheckedAgainstItsTimeAndFollowed) {
  const auto info = platform::StatRemoteFile(Http("/data"), {});
  ASSERT_TRUE(info.ok()) << info.error().ToString();
  EXPECT_EQ(info->size, 300'000);
  EXPECT_EQ(info->mtime_ms, kModifiedMs);
  const auto status = Fetch(1, Remote(Http("/moved"), kModifiedMs));
  ASSERT_TRUE(status.ok()) << status.error().ToString();
  EXPECT_EQ(Read(1), content_);
  ASSERT_TRUE(Fetch(2, Remote(Http("/moved"), kModifiedMs)).ok());
  EXPECT_EQ(cache_->numbers().downloads, 1);
}

TEST_F(RemoteTest, WebHdfsAsksTheNameNodeAndReadsFromTheDataNode) {
  const auto info = platform::StatRemoteFile(Hdfs("/dir/file"), {.user = "ann"});
  ASSERT_TRUE(info.ok()) << info.error().ToString();
  EXPECT_EQ(info->mtime_ms, 1'700'000'000'123);
  const auto status = Fetch(1, Remote(Hdfs("/dir/file"), info->mtime_ms));
  ASSERT_TRUE(status.ok()) << status.error().ToString();
  EXPECT_EQ(Read(1), content_);
  EXPECT_EQ(user_, "ann");
  EXPECT_EQ(opened_, 1);
}

TEST_F(RemoteTest, AFailureNamesTheAddressAndTheCause) {
  struct Row {
    std::string uri;
    int64_t mtime_ms;
    int64_t more_bytes;
    std::string says;
  };
  const std::vector<Row> rows = {
      {Http("/gone"), 0, 0, "the server answered 404"},
      {Http("/secret"), 0, 0, "the server answered 403"},
      {Http("/round"), 0, 0, "more than 5 redirects"},
      {Http("/local"), 0, 0, "redirects to something that is not followed"},
      {Http("/data"), kModifiedMs - 1000, 0, "it was changed at 2023-11-14"},
      {Http("/data"), 0, 5, "expected 300005 bytes, the server has 300000"},
      {Http("/data"), 0, -5, "expected 299995 bytes, the server has 300000"},
      {Hdfs("/dir/file"), 1, 0, "it was changed at 2023-11-14"},
      {Hdfs("/dir/file"), 0, 1, "expected 300001 bytes, there are 300000"},
      {Hdfs("/x"), 0, 0, "answered 404: File does not exist: /x"},
      {"https://" + address_.ToString() + "/data", 0, 0, "SSL"},
  };
  for (const Row& row : rows) {
    LocalResource resource = Remote(row.uri, row.mtime_ms);
    resource.size += row.more_bytes;
    const std::string refusal = Refusal(resource);
    EXPECT_THAT(refusal, HasSubstr(row.says));
    EXPECT_THAT(refusal, HasSubstr(row.uri));
  }
}

// Says what it has and then nothing more.
class StalledServer {
 public:
  StalledServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(socket_, raw, length), 0);
    EXPECT_EQ(::listen(socket_, 8), 0);
    EXPECT_EQ(::getsockname(socket_, raw, &length), 0);
    port_ = ::ntohs(address.sin_port);
    thread_ = std::thread([this] {
      peer_ = ::accept(socket_, nullptr, nullptr);
      const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\nbegin";
      EXPECT_EQ(::send(peer_, answer.data(), answer.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(answer.size()));
      accepted_ = true;
    });
  }
  ~StalledServer() {
    thread_.join();
    ::close(peer_);
    ::close(socket_);
  }
  std::string Uri() const { return "http://127.0.0.1:" + std::to_string(port_) + "/file"; }

 private:
  const int socket_;
  int port_ = 0;
  std::atomic<int> peer_ = -1;
  std::atomic<bool> accepted_ = false;
  std::thread thread_;
};

TEST_F(RemoteTest, ADownloadThatStallsFailsInsteadOfWaiting) {
  const StalledServer stalled;
  Stop();
  cache_ = std::make_unique<ResourceCache>(
      ResourceCacheOptions{.patience = {.connect = seconds(5), .stall = seconds(1)}},
      files_,
      directories_);
  localizer_ =
      std::make_unique<Localizer>(files_, *cache_, [](const ContainerId&, auto job) { job(); });
  const std::string refusal = Refusal(Remote(stalled.Uri(), 0));
  EXPECT_THAT(refusal, HasSubstr("stalled"));
  EXPECT_THAT(refusal, HasSubstr(stalled.Uri()));
}

TEST_F(RemoteTest, AStalledDownloadIsCalledOffAtOnceAndHoldsUpNoOther) {
  const StalledServer stalled;
  auto waiting = Begin(1, {{"one", Remote(stalled.Uri(), 0)}});
  ASSERT_TRUE(Fetch(2, Remote(Http("/data"), 0)).ok());
  const auto progress = localizer_->Progress();
  ASSERT_EQ(progress.size(), 1u);
  EXPECT_EQ(progress[0].second, "localizing: 0 of 1 files, 0 of 0 MiB");
  localizer_->CallOff(IdOf(1));
  EXPECT_EQ(waiting.get().error().code, ErrorCode::kAborted);
}

}  // namespace
}  // namespace weir::nm
