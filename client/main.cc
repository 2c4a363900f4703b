// `weir`: the command line of the cluster.
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "client/command.h"
#include "client/output.h"
#include "common/strings.h"

namespace weir::cli {
namespace {

constexpr char kVersion[] = "weir 0.1.0";

void PrintHelp(std::FILE* out) {
  std::fputs("Usage: weir COMMAND [options]\n\nCommands:\n", out);
  for (const Command& command : Commands()) {
    std::fprintf(out, "  %-12s %s\n", command.name.c_str(), command.summary.c_str());
  }
  std::fputs(
      "  version      print the version\n"
      "  help         this text; 'weir help COMMAND' or 'weir COMMAND --help' says more\n\n"
      "Every command takes --conf DIR, -D key=value and, where it lists, -o json.\n"
      "Example: weir application -submit -wait -- /bin/echo hello\n",
      out);
}

const Command* FindCommand(const std::string& name) {
  // YARN's short form of the noun.
  const std::string full = name == "app" ? "application" : name;
  for (const Command& command : Commands()) {
    if (command.name == full) return &command;
  }
  return nullptr;
}

ExitCode UnknownCommand(const std::string& name) {
  std::vector<std::string> names = {"help", "version"};
  for (const Command& command : Commands()) names.push_back(command.name);
  const auto nearest = NearestName(name, names);
  return Fail({ErrorCode::kInvalidArgument,
               "unknown command '" + name + "'",
               nearest ? "did you mean '" + *nearest + "'? See 'weir help'" : "see 'weir help'"},
              ExitCode::kUsage);
}

ExitCode Main(const std::vector<std::string>& words) {
  if (words.empty()) {
    PrintHelp(stderr);
    return ExitCode::kUsage;
  }
  const std::string& name = words[0];
  if (name == "version" || name == "--version" || name == "-v") {
    std::puts(kVersion);
    return ExitCode::kOk;
  }
  if (name.starts_with("-") && name != "--help" && name != "-h") {
    return Fail({ErrorCode::kInvalidArgument,
                 "'" + name + "' stands before the command",
                 "options come after it: weir COMMAND " + name + " ...; see 'weir help'"},
                ExitCode::kUsage);
  }
  const bool help = name == "help" || name == "--help" || name == "-h";
  if (help && words.size() == 1) {
    PrintHelp(stdout);
    return ExitCode::kOk;
  }
  const Command* command = FindCommand(help ? words[1] : name);
  if (command == nullptr) return UnknownCommand(help ? words[1] : name);
  if (help) {
    std::fputs(command->help.c_str(), stdout);
    return ExitCode::kOk;
  }
  return command->run({words.begin() + 1, words.end()});
}

}  // namespace
}  // namespace weir::cli

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  return static_cast<int>(weir::cli::Main({argv + 1, argv + argc}));
}
