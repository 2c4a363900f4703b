// localise: many containers that share a few large resources, through the NodeManager's cache.
#include <future>
#include <map>
#include <memory>

#include "nodemanager/executor/localizer.h"
#include "platform/clock.h"
#include "platform/crypto.h"
#include "platform/event_loop.h"
#include "platform/http_server.h"
#include "tests/bench/bench.h"
#include "tests/support/open_door.h"
#include "tests/support/temp_directory.h"

namespace weir::bench {
namespace {

using nm::ContainerDirectories;
using nm::StagingAccess;

constexpr size_t kPrepareThreads = 2;
constexpr char kUser[] = "bench";

// The resources of an application, behind a server that is asked for each as the RM's staging is.
class Staging {
 public:
  Staging(int64_t resources, int64_t bytes)
      : server_(loop_,
                {.address = {"127.0.0.1", 0},
                 .host_names = {},
                 .upload_directory = "",
                 .door = testing::MakeOpenDoor()}) {
    for (int64_t i = 0; i < resources; ++i) {
      std::string content(static_cast<size_t>(bytes), static_cast<char>('a' + i % 26));
      content.replace(0, 8, std::to_string(10'000'000 + i));
      const std::string hash = platform::Sha256Hex(content);
      LocalResource resource;
      resource.uri = "staging:" + hash;
      resource.size = bytes;
      resource.sha256 = hash;
      resources_["file" + std::to_string(i)] = resource;
      contents_[hash] = std::move(content);
    }
    server_.Route("GET", "/staging/{}", [this](platform::HttpRequest request, auto reply) {
      platform::HttpResponse response;
      response.content_type = "application/octet-stream";
      response.body = contents_[request.captures[0]];
      reply(std::move(response));
    });
    loop_.Start();
  }
  ~Staging() {
    server_.Close();
    loop_.Stop();
  }
  Result<HostPort> Listen() { return server_.Listen(); }
  const std::map<std::string, LocalResource>& resources() const { return resources_; }

 private:
  std::map<std::string, LocalResource> resources_;
  std::map<std::string, std::string> contents_;  // by hash; read only once it serves
  platform::EventLoop loop_{"bench-http"};
  platform::HttpServer server_;
};

// What a NodeManager has between a start request and the launch, without the processes.
class Node {
 public:
  explicit Node(const std::string& path)
      : directories_({path + "/local"}, {path + "/log"}, path + "/notes"),
        cache_({}, files_, directories_),
        localizer_(files_, cache_, [this](const ContainerId&, auto job) {
          if (!pool_.Submit(job)) job();
        }) {}
  ~Node() { cache_.Stop(); }

  Status Start() { return directories_.PrepareNode(files_); }
  Status Prepare(const ContainerId& id) { return directories_.Prepare(files_, kUser, id); }
  std::future<Status> Localize(const ContainerId& id,
                               const std::map<std::string, LocalResource>& resources,
                               const StagingAccess& staging) {
    auto outcome = std::make_shared<std::promise<Status>>();
    localizer_.Start({.container = id,
                      .resources = resources,
                      .access = {staging, kUser},
                      .directory = directories_.Work(kUser, id),
                      .notes = directories_.Notes(id)},
                     [outcome](Status status) { outcome->set_value(std::move(status)); });
    return outcome->get_future();
  }
  int64_t downloads() const { return cache_.numbers().downloads; }

 private:
  platform::FileSystem& files_ = platform::FileSystem::Real();
  ContainerDirectories directories_;
  nm::ResourceCache cache_;
  nm::Localizer localizer_;
  nm::WorkerPool pool_{"bench-prepare", kPrepareThreads, 100'000};
};

ContainerId IdOf(int64_t number) {
  return ContainerId::Make({{1'700'000'000'000, 1}, 1}, Epoch{1}, number);
}

double Microseconds(Duration duration) {
  return static_cast<double>(duration.count()) / 1000.0;
}

}  // namespace

Result<Samples> RunLocalise(const Parameters& parameters) {
  const int64_t containers = parameters.at("containers");
  const testing::TempDirectory directory;
  Staging staging(parameters.at("resources"), parameters.at("resource-mb") * 1'000'000);
  WEIR_ASSIGN_OR_RETURN(const HostPort server, staging.Listen());
  const StagingAccess access{server, "token"};
  Node node(directory.path());
  WEIR_RETURN_IF_ERROR(node.Start());
  Samples samples;

  // All at once, with nothing there yet.
  std::vector<std::future<Status>> outcomes;
  for (int64_t i = 1; i <= containers; ++i) WEIR_RETURN_IF_ERROR(node.Prepare(IdOf(i)));
  const Instant begin = platform::MonotonicNow();
  for (int64_t i = 1; i <= containers; ++i) {
    outcomes.push_back(node.Localize(IdOf(i), staging.resources(), access));
  }
  for (auto& outcome : outcomes) WEIR_RETURN_IF_ERROR(outcome.get());
  samples["all_ms"].push_back(Microseconds(platform::MonotonicNow() - begin) / 1000.0);

  // One after the other, with all there: what that adds to a container's start.
  for (int64_t i = containers + 1; i <= 2 * containers; ++i) {
    WEIR_RETURN_IF_ERROR(node.Prepare(IdOf(i)));
    const Instant asked = platform::MonotonicNow();
    WEIR_RETURN_IF_ERROR(node.Localize(IdOf(i), staging.resources(), access).get());
    samples["cache_hit_us"].push_back(Microseconds(platform::MonotonicNow() - asked));
  }
  samples["downloads"].push_back(static_cast<double>(node.downloads()));
  return samples;
}

}  // namespace weir::bench
