// What a container may do to get away from a kill: a table of scripts, each with what can be seen
// from outside once it has done that. A test that waits for it kills a child that is hostile, not
// one that is about to be.
//
// Mark: a number in the command line of everything that a script starts, by which it is found
// whatever became of its name, parent, session and environment. Of fixed width and of this process
// and container alone, so that tests can run side by side. Linux only; thread-safe.
#ifndef WEIR_TESTS_UNIT_NODEMANAGER_HOSTILE_CHILDREN_H_
#define WEIR_TESTS_UNIT_NODEMANAGER_HOSTILE_CHILDREN_H_

#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "common/strings.h"
#include "nodemanager/core/actions.h"

namespace weir::nm {

// Of all containers of this test.
inline std::string CommonMark() {
  char text[32];
  std::snprintf(text, sizeof text, "9%08d.", ::getpid());
  return text;
}
inline std::string Mark(int64_t number) {
  char text[32];
  std::snprintf(text, sizeof text, "%07lld", static_cast<long long>(number));
  return CommonMark() + text;
}

struct ProcessFacts {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t session = 0;
  char state = '?';
  uint64_t ignored = 0;          // signals, bit 0 is signal 1
  bool names_container = false;  // in its environment
  std::vector<std::string> arguments;

  bool Has(const std::string& word) const {
    return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& one) {
      return one.find(word) != std::string::npos;
    });
  }
  bool Ignores(int signal) const { return (ignored >> (signal - 1) & 1) != 0; }
};

inline std::string ReadProcFile(pid_t pid, const char* file) {
  std::ifstream stream("/proc/" + std::to_string(pid) + "/" + file, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

// Of all processes that live, those with `word` in an argument.
inline std::vector<ProcessFacts> LivingWith(const std::string& word) {
  std::vector<ProcessFacts> found;
  DIR* proc = ::opendir("/proc");
  while (const dirent* entry = ::readdir(proc)) {
    const auto number = ParseInt64(entry->d_name);
    if (!number || *number == ::getpid()) continue;
    ProcessFacts facts;
    facts.pid = static_cast<pid_t>(*number);
    const std::string arguments = ReadProcFile(facts.pid, "cmdline");
    if (arguments.find(word) == std::string::npos) continue;
    for (const std::string_view one : Split(arguments, '\0')) facts.arguments.emplace_back(one);
    const std::string stat = ReadProcFile(facts.pid, "stat");
    const size_t name_end = stat.rfind(')');
    int group = 0;
    if (name_end == std::string::npos || std::sscanf(stat.c_str() + name_end + 1,
                                                     " %c %d %d %d",
                                                     &facts.state,
                                                     &facts.parent,
                                                     &group,
                                                     &facts.session) != 4) {
      continue;
    }
    const std::string status = ReadProcFile(facts.pid, "status");
    const size_t ignored = status.find("\nSigIgn:\t");
    if (ignored == std::string::npos) continue;
    facts.ignored = std::strtoull(status.c_str() + ignored + 9, nullptr, 16);
    facts.names_container =
        ReadProcFile(facts.pid, "environ").find("CONTAINER_ID=") != std::string::npos;
    found.push_back(std::move(facts));
  }
  ::closedir(proc);
  return found;
}

inline std::vector<pid_t> ProcessesWith(const std::string& word) {
  std::vector<pid_t> pids;
  for (const ProcessFacts& facts : LivingWith(word)) pids.push_back(facts.pid);
  return pids;
}

struct HostileKind {
  const char* name;
  const char* script;     // MARK stands for the mark
  bool outlives_sigterm;  // the main program; then it takes SIGKILL
  // Of the container's processes that live, and its launcher: they have done it.
  bool (*proven)(const std::vector<ProcessFacts>& living, pid_t launcher);
  size_t nobodys = 0;  // processes with neither the container's session nor its environment
};

inline long Count(const std::vector<ProcessFacts>& living,
                  const std::function<bool(const ProcessFacts&)>& is) {
  return std::count_if(living.begin(), living.end(), is);
}

inline constexpr HostileKind kHostile[] = {
    {"daemonises by a double fork, in a session of its own",
     "setsid sh -c '(sleep MARK &) ; exec sleep MARK' & exec sleep MARK",
     false,
     [](const std::vector<ProcessFacts>& living, pid_t launcher) {
       return Count(living,
                    [&](const ProcessFacts& one) {
                      return one.arguments[0] == "sleep" && one.session != launcher;
                    }) == 2 &&
              Count(living, [&](const ProcessFacts& one) {
                return one.session != launcher && one.parent == launcher;
              }) == 1;
     }},
    {"ignores what can be ignored",
     "trap '' TERM HUP INT QUIT; sleep MARK & exec sleep MARK",
     true,
     [](const std::vector<ProcessFacts>& living, pid_t) {
       return Count(living, [](const ProcessFacts& one) {
                return one.arguments[0] == "sleep" && one.Ignores(SIGTERM) && one.Ignores(SIGHUP) &&
                       one.Ignores(SIGINT) && one.Ignores(SIGQUIT);
              }) == 2;
     }},
    {"is without its environment, its session, its parent and its name",
     "env -i setsid -f bash -c 'exec -a kworker sleep MARK'; env -i setsid -f sleep MARK; exec "
     "sleep MARK",
     false,
     [](const std::vector<ProcessFacts>& living, pid_t launcher) {
       const auto is_nobodys = [&](const ProcessFacts& one) {
         return !one.names_container && one.session != launcher && one.parent == launcher;
       };
       return Count(living,
                    [&](const ProcessFacts& one) {
                      return is_nobodys(one) && one.arguments[0] == "kworker";
                    }) == 1 &&
              Count(living, [&](const ProcessFacts& one) {
                return is_nobodys(one) && one.arguments[0] == "sleep";
              }) == 1;
     },
     2},
    // Each generation starts the next in a session of its own, and ends.
    {"is always a new one",
     "trap '' TERM; export H='sleep 0.02; setsid -f sh -c \"$H\" MARK $(($1+1))'; "
     "sh -c \"$H\" MARK 1 & exec sleep MARK",
     true,
     [](const std::vector<ProcessFacts>& living, pid_t launcher) {
       return Count(living, [&](const ProcessFacts& one) {
                return one.session != launcher && one.parent == launcher && one.Ignores(SIGTERM) &&
                       one.arguments.size() >= 5 && std::atoi(one.arguments[4].c_str()) >= 3;
              }) >= 1;
     }},
    {"is stopped",
     "sh -c 'kill -STOP $$; sleep MARK' & setsid -f sh -c 'kill -STOP $$; sleep MARK'; exec sleep "
     "MARK",
     false,
     [](const std::vector<ProcessFacts>& living, pid_t) {
       return Count(living, [](const ProcessFacts& one) { return one.state == 'T'; }) == 2;
     }},
};

inline const HostileKind& KindOf(int64_t number) {
  return kHostile[static_cast<size_t>(number) % std::size(kHostile)];
}

// Each also leaves what is awkward to remove in its working directory.
inline LaunchContext HostileLaunch(const HostileKind& kind, const std::string& mark) {
  std::string script = kind.script;
  for (size_t at = 0; (at = script.find("MARK", at)) != std::string::npos;) {
    script.replace(at, 4, mark);
  }
  LaunchContext launch;
  launch.command = {
      "/bin/sh",
      "-c",
      "mkdir -p 'd/-r f/e' && ln -s / d/root && ln -s d d/d && chmod 0 'd/-r f'; " + script};
  return launch;
}

}  // namespace weir::nm

#endif  // WEIR_TESTS_UNIT_NODEMANAGER_HOSTILE_CHILDREN_H_
