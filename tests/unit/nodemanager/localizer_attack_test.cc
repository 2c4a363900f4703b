// Every hostile archive of the table through every address that a node fetches from.
#include "archive_attacks.h"
#include "localizer_fixture.h"
#include "platform/event_loop.h"
#include "platform/http_server.h"
#include "tests/support/open_door.h"

namespace weir::nm {
namespace {

using ::testing::HasSubstr;

class LocalizerAttack : public LocalizerTest, public ::testing::WithParamInterface<Attack> {
 protected:
  LocalizerAttack()
      : server_(loop_,
                {.address = {"127.0.0.1", 0},
                 .host_names = {},
                 .upload_directory = "",
                 .door = testing::MakeOpenDoor()}) {
    loop_.Start();
    // What is staged, an ordinary web server, and name node and data node of HDFS.
    for (const char* path : {"/staging/{}", "/archive", "/data"}) {
      for (const char* method : {"GET", "HEAD"}) {
        server_.Route(method, path, [this](auto, auto reply) {
          platform::HttpResponse response;
          response.content_type = "application/octet-stream";
          response.body = content_;
          reply(std::move(response));
        });
      }
    }
    server_.Route("GET", "/webhdfs/v1/{*}", [this](platform::HttpRequest request, auto reply) {
      platform::HttpResponse response;
      if (request.query.at("op") == "OPEN") {
        response.status = 307;
        response.headers["Location"] = "http://" + staging_.server.ToString() + "/data";
      } else {
        response.body = R"({"FileStatus":{"length":)" + std::to_string(content_.size()) +
                        R"(,"modificationTime":0,"type":"FILE"}})";
      }
      reply(std::move(response));
    });
    const auto address = server_.Listen();
    EXPECT_TRUE(address.ok());
    staging_ = {*address, "token"};
    Stop();
    cache_ = std::make_unique<ResourceCache>(
        ResourceCacheOptions{.target_bytes = target_, .archive = SmallLimits()},
        files_,
        directories_);
    localizer_ =
        std::make_unique<Localizer>(files_, *cache_, [](const ContainerId&, auto job) { job(); });
    cache_->Recover();
  }
  ~LocalizerAttack() override {
    Stop();
    server_.Close();
    loop_.Stop();
  }
  std::vector<std::string> Addresses(const std::string& sha256) const {
    const std::string server = staging_.server.ToString();
    return {"file:" + Path("source/packed"),
            "staging:" + sha256,
            "http://" + server + "/archive",
            "webhdfs://" + server + "/archive"};
  }
  // What is neither the cache's nor a container's.
  size_t Others() const {
    size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(temporary_.path())) {
      const std::string& path = entry.path().native();
      const bool is_own = path.starts_with(Path("local")) || path.starts_with(Path("log")) ||
                          path.starts_with(Path("notes"));
      if (!is_own) ++count;
    }
    return count;
  }

  platform::EventLoop loop_{"test-http"};
  platform::HttpServer server_;
  std::string content_;
};

TEST_P(LocalizerAttack, IsRefusedWithEntryAndRuleWhereverItComesFromAndLeavesNothing) {
  const AttackedPlace place(Path("place"));
  int64_t number = 0;
  for (const Packing packing : GetParam().Packings()) {
    Pack(Path("source/packed"), packing, GetParam().EntriesFor(place.Outside()));
    content_ = *files_.ReadFile(Path("source/packed"), 8 << 20);
    LocalResource resource;
    resource.size = static_cast<int64_t>(content_.size());
    resource.sha256 = platform::Sha256Hex(content_);
    resource.type = LocalResourceType::kArchive;
    for (const std::string& address : Addresses(resource.sha256)) {
      SCOPED_TRACE(address);
      resource.uri = address;
      const size_t before = Others();
      const Status status = Fetch(++number, resource);
      ASSERT_FALSE(status.ok());
      EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
      EXPECT_THAT(status.error().message, ::testing::StartsWith(address + ": archive entry '"));
      EXPECT_THAT(status.error().message,
                  HasSubstr("breaks the rule '" + std::string(GetParam().rule)));
      ExpectNothingLeft(number);
      EXPECT_EQ(Others(), before);
      EXPECT_EQ(place.Harms(), std::set<std::string>());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Localizer,
                         LocalizerAttack,
                         ::testing::ValuesIn(Attacks()),
                         [](const auto& p) { return p.param.name; });

}  // namespace
}  // namespace weir::nm
