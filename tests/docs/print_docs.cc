// Prints what is generated of docs/: the pages `print_docs state-machines` and `print_docs
// configuration`, and the table in security.md, `print_docs operations`. scripts/docs writes them;
// CTest compares them with what is committed.
#include <cstdio>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "common/transition_table.h"
#include "nodemanager/core/container_states.h"
#include "nodemanager/executor/cache_states.h"
#include "platform/config_keys.h"
#include "resourcemanager/core/application_states.h"
#include "resourcemanager/core/attempt_states.h"
#include "resourcemanager/core/container_states.h"
#include "resourcemanager/core/node_states.h"
#include "security/operations.h"
#include "stream/jobmanager/core/job_states.h"
#include "stream/jobmanager/core/task_states.h"
#include "stream/taskmanager/core/task_states.h"

namespace weir::docs {
namespace {

// Every pair of one machine, state by state: allowed and ignored rows, and the rest as invalid.
template <typename State, typename Event, typename StateNameFn, typename EventNameFn>
void PrintMachine(const char* title,
                  std::span<const State> states,
                  std::span<const Event> events,
                  std::span<const TransitionRow<State, Event>> table,
                  StateNameFn state_name,
                  EventNameFn event_name) {
  std::printf("\n## %s\n\n| State | Event | To | What, or why nothing |\n|---|---|---|---|\n",
              title);
  std::string invalid;
  for (const State state : states) {
    std::string missing;
    for (const Event event : events) {
      const TransitionRow<State, Event>* found = nullptr;
      for (const auto& row : table) {
        if (row.from == state && row.event == event) found = &row;
      }
      if (found == nullptr) {
        missing += (missing.empty() ? "" : ", ") + std::string(event_name(event));
        continue;
      }
      const bool allowed = found->kind == TransitionKind::kAllowed;
      std::printf("| %s | %s | %s | %s |\n",
                  std::string(state_name(state)).c_str(),
                  std::string(event_name(event)).c_str(),
                  allowed ? std::string(state_name(found->to)).c_str() : "(ignored)",
                  std::string(found->why).c_str());
    }
    if (!missing.empty()) {
      invalid += "- " + std::string(state_name(state)) + ": " + missing + "\n";
    }
  }
  if (!invalid.empty()) std::printf("\nInvalid (a fault if it happens):\n\n%s", invalid.c_str());
}

void PrintStateMachines() {
  std::puts(
      "# State machines\n\n"
      "Generated from the tables in the code by `scripts/docs`; a test compares. Every pair of "
      "state "
      "and event is\nallowed, ignored (with the reason) or invalid.");
  const auto name = [](auto value) { return rm::Name(value); };
  PrintMachine("Application (ResourceManager)",
               std::span<const rm::RmApplicationState>(rm::kApplicationStates),
               std::span<const rm::ApplicationEvent>(rm::kApplicationEvents),
               rm::ApplicationTransitions(),
               name,
               name);
  PrintMachine("Application attempt (ResourceManager)",
               std::span<const rm::RmAttemptState>(rm::kAttemptStates),
               std::span<const rm::AttemptEvent>(rm::kAttemptEvents),
               rm::AttemptTransitions(),
               name,
               name);
  PrintMachine("Container (ResourceManager)",
               std::span<const rm::RmContainerState>(rm::kContainerStates),
               std::span<const rm::ContainerEvent>(rm::kContainerEvents),
               rm::ContainerTransitions(),
               name,
               name);
  PrintMachine("Node (ResourceManager)",
               std::span<const NodeState>(rm::kNodeStates),
               std::span<const rm::NodeEvent>(rm::kNodeEvents),
               rm::NodeTransitions(),
               name,
               name);
  PrintMachine("Container (NodeManager)",
               std::span<const nm::State>(nm::kStates),
               std::span<const nm::Trigger>(nm::kTriggers),
               nm::kContainerTable,
               nm::StateName,
               nm::TriggerName);
  PrintMachine("Cached resource (NodeManager)",
               std::span<const nm::CacheState>(nm::kCacheStates),
               std::span<const nm::CacheTrigger>(nm::kCacheTriggers),
               nm::kCacheTable,
               nm::CacheStateName,
               nm::CacheTriggerName);
  PrintMachine("Job (JobManager)",
               stream::AllJobStates(),
               stream::AllJobEvents(),
               stream::JobTransitions(),
               stream::JobStateName,
               stream::JobEventName);
  PrintMachine("Task (JobManager)",
               stream::AllTaskStates(),
               stream::AllTaskEvents(),
               stream::TaskTransitions(),
               stream::TaskStateName,
               stream::TaskEventName);
  PrintMachine("Task (TaskManager)",
               stream::taskmanager::AllTaskStates(),
               stream::taskmanager::AllTaskEvents(),
               stream::taskmanager::TaskTransitions(),
               stream::taskmanager::TaskStateName,
               stream::taskmanager::TaskEventName);
}

void PrintConfiguration() {
  std::puts(
      "# Configuration\n\n"
      "Generated from the table in `platform/config_keys.cc` by `scripts/docs`; a test "
      "compares.\n\n"
      "Keys are read from yarn-site.xml, resource-types.xml and node-resources.xml in "
      "WEIR_CONF_DIR, else HADOOP_CONF_DIR. Strongest first: "
      "`-D key=value`, the\nenvironment (`WEIR_OPTS=\"-Dkey=value ...\"`), the file, the default. "
      "`${other.key}` and `${env.NAME}` are replaced.\nTimes take ms, s, m, h, d. Faults are "
      "reported "
      "together, with file and line.\n\n"
      "| Key | Default | Meaning |\n|---|---|---|");
  for (const platform::ConfigKey& key : platform::KnownConfigKeys()) {
    std::printf("| `%s` | %s | %s |\n",
                key.name,
                *key.fallback == '\0' ? "" : ("`" + std::string(key.fallback) + "`").c_str(),
                key.meaning);
  }
}

void PrintOperations() {
  for (const security::Service service : security::kAllServices) {
    std::printf("\n### %s\n\n| Operation | Kind | Object | Who may |\n|---|---|---|---|\n",
                std::string(security::ServiceTitle(service)).c_str());
    for (const security::Operation& operation : security::OperationsOf(service)) {
      std::printf("| `%s` | %s | %s | %s |\n",
                  std::string(operation.name).c_str(),
                  std::string(security::KindName(operation.kind)).c_str(),
                  std::string(security::ObjectName(operation.object)).c_str(),
                  operation.may.ToString().c_str());
    }
  }
  std::puts("");
}

}  // namespace
}  // namespace weir::docs

int main(int argc, char** argv) {
  const std::string page = argc == 2 ? argv[1] : "";
  if (page == "state-machines") {
    weir::docs::PrintStateMachines();
  } else if (page == "configuration") {
    weir::docs::PrintConfiguration();
  } else if (page == "operations") {
    weir::docs::PrintOperations();
  } else {
    std::fputs("usage: print_docs state-machines|configuration|operations\n", stderr);
    return 2;
  }
  return 0;
}
