// weir-appmaster: the ApplicationMaster of a stream cluster, started by a ResourceManager in a
// container.
#include <unistd.h>

#include <optional>
#include <string>

#include "appmaster/client/master_environment.h"
#include "appmaster/server/graph_child.h"
#include "appmaster/server/master_options.h"
#include "appmaster/server/master_process.h"
#include "appmaster/server/stream_master.h"
#include "common/exit_status.h"
#include "platform/daemon_main.h"
#include "platform/file_system.h"
#include "platform/log.h"
#include "platform/signals.h"

namespace {

using namespace weir;
using namespace weir::am;

constexpr int64_t kGraphBytesMax = 1 << 20;

int Fail(int status, const Error& error) {
  return platform::FailProgram("weir-appmaster", status, error.ToString());
}

std::string GraphBuilder() {
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  const std::string self(path, length > 0 ? static_cast<size_t>(length) : 0);
  return self.substr(0, self.rfind('/') + 1) + "weir-graph";
}

// Of the cluster's own job; nothing in a session.
std::optional<Result<std::string>> FindGraph(const MasterOptions& options) {
  if (!options.exists_for_job()) return std::nullopt;
  if (!options.job_graph.empty()) {
    return platform::FileSystem::Real().ReadFile(options.job_graph, kGraphBytesMax);
  }
  GraphRequest request;
  request.program = GraphBuilder();
  request.library = options.job_library;
  request.parallelism = options.parallelism;
  request.arguments = options.job_arguments;
  return RunGraphBuilder(request);
}

int Run(const MasterOptions& options, const MasterEnvironment& environment) {
  const auto graph = FindGraph(options);
  platform::EventLoop loop("am-core");
  platform::EventLoop io_loop("am-io");
  MasterProcess process;
  StreamMaster master(options, environment, loop, io_loop, [&process] { process.OnEnd(); });
  loop.Start();
  io_loop.Start();
  Status started;
  loop.PostAndWait([&] { started = master.Start(graph); });
  int status = exit_status::kFailure;
  if (started.ok()) {
    status = process.Wait([&] { loop.Post([&master] { master.Terminate(); }); });
    if (status == exit_status::kOk) status = master.exit_status();
  } else {
    Fail(status, started.error());
  }
  loop.Stop();
  io_loop.Stop();
  master.Close();
  platform::FlushLog();
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  platform::BlockSignals();
  auto parsed = ParseMasterOptions(argc, argv);
  if (!parsed.ok()) return Fail(exit_status::kUsage, parsed.error());
  if (parsed->done) return exit_status::kOk;
  if (Status log = platform::StartLog("", parsed->options.log_level); !log.ok()) {
    return Fail(exit_status::kFailure, log.error());
  }
  const auto environment = ReadMasterEnvironment();
  if (!environment.ok()) return Fail(exit_status::kUsage, environment.error());
  return Run(parsed->options, *environment);
}
