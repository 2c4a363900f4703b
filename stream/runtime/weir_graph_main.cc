// weir-graph: runs a job library's program in a process of its own and prints the job's graph, so
// that code of users never runs in the client or the JobManager. The caller bounds its time; a
// crash ends it with the signal.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "common/exit_status.h"
#include "stream/api/job_library.h"
#include "stream/runtime/job_library.h"

namespace {

using weir::exit_status::kBadJob;
using weir::exit_status::kUsage;

bool g_program_runs = false;

// One line, whatever the program put into its message.
void PrintError(const weir::Error& error) {
  std::string line = error.ToString();
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  std::cerr << "weir-graph: " << line << std::endl;
}

// The program called exit(): without this, the caller would see its exit code and no graph.
void RefuseExit() {
  if (!g_program_runs) return;
  PrintError({weir::ErrorCode::kInvalidArgument,
              "the program ended its process while the graph was built",
              "let the job's entry function return"});
  _exit(kBadJob);
}

int PrintGraph(const std::string& library,
               int32_t parallelism,
               const std::vector<std::string>& arguments) {
  // What the program prints goes to standard error: standard output is the graph's.
  const int out = dup(STDOUT_FILENO);
  if (out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
    PrintError({weir::ErrorCode::kResourceExhausted, "cannot redirect standard output", ""});
    return EXIT_FAILURE;
  }
  std::atexit(RefuseExit);
  g_program_runs = true;
  const weir::Result<weir::stream::JobLibrary> job = weir::stream::JobLibrary::Load(library);
  const weir::Result<weir::stream::JobProgram> program =
      job.ok() ? job->BuildProgram(arguments, parallelism) : job.error();
  g_program_runs = false;
  if (!program.ok()) {
    PrintError(program.error());
    return kBadJob;
  }
  std::cout.flush();
  if (dup2(out, STDOUT_FILENO) < 0) return EXIT_FAILURE;
  std::cout << program->graph.ToText() << std::flush;
  return std::cout.good() ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  std::string library;
  int32_t parallelism = 1;
  std::vector<std::string> arguments;
  // What follows "--" is the program's; CLI11 must not read it.
  std::vector<char*> own;
  int next = 0;
  for (; next < argc && std::string_view(argv[next]) != "--"; ++next) own.push_back(argv[next]);
  for (int i = next + 1; i < argc; ++i) arguments.emplace_back(argv[i]);

  CLI::App app("Prints the graph of a job library: weir-graph --library JOB.so -- ARGUMENTS",
               "weir-graph");
  app.set_version_flag("--version", "weir-graph, " WEIR_STREAM_ABI);
  app.add_option("--library", library, "the job library, a shared object")->required();
  app.add_option("--parallelism", parallelism, "default parallelism of the job");
  try {
    app.parse(static_cast<int>(own.size()), own.data());
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EXIT_SUCCESS : kUsage;
  }
  return PrintGraph(library, parallelism, arguments);
}
