#include "client/container_command.h"

#include <cstdio>
#include <optional>

#include "client/command.h"
#include "client/node_resources.h"
#include "client/output.h"
#include "client/rm_client.h"

namespace weir::cli {
namespace {

// For the node of a container to act, which is a matter of milliseconds while it is well.
constexpr Duration kWaitForNode = seconds(20);

std::string LogUrl(const ContainerReport& container) {
  if (container.node_http_address.empty()) return "N/A";
  return "http://" + container.node_http_address + "/ws/v1/node/containers/" +
         container.id.ToString() + "/logs";
}

// Those of an attempt, or of all attempts when an application is named.
ExitCode List(const Invocation& invocation, RmClient& rm) {
  const std::string name = invocation.arguments.Get("list");
  std::optional<AttemptId> attempt;
  auto application = ApplicationId::Parse(name);
  if (!application.ok()) {
    const auto parsed = AttemptId::Parse(name);
    if (!parsed.ok()) {
      return Fail({ErrorCode::kInvalidArgument,
                   "'" + name + "' is no id of an attempt or an application",
                   "see 'weir application -list'"});
    }
    attempt = *parsed;
    application = parsed->application;
  }
  auto containers = rm.Containers(*application);
  if (!containers.ok()) return Fail(containers.error());
  if (attempt) {
    std::erase_if(*containers, [&](const auto& one) { return one.id.attempt != *attempt; });
  }
  if (invocation.json) {
    std::fputs(ContainersJson(*containers).c_str(), stdout);
    return ExitCode::kOk;
  }
  std::vector<std::vector<std::string>> rows;
  for (const ContainerReport& container : *containers) {
    rows.push_back({container.id.ToString(),
                    FormatTime(container.started),
                    FormatTime(container.finished),
                    std::string(ContainerStateName(container.state)),
                    container.node_name,
                    container.node_http_address,
                    LogUrl(container)});
  }
  std::printf("Total number of containers :%zu\n", rows.size());
  std::fputs(FormatTable({"Container-Id",
                          "Start Time",
                          "Finish Time",
                          "State",
                          "Host",
                          "Node Http Address",
                          "LOG-URL"},
                         rows)
                 .c_str(),
             stdout);
  return ExitCode::kOk;
}

// Of its named resources, by the node's own word; "" when there is nothing to say.
std::string AssignedText(const ContainerReport& container) {
  const bool over = container.state == ContainerState::kComplete;
  if (over || container.resource.named.empty()) return "";
  const auto assigned = AssignedIndices(container.node_http_address, container.id);
  return assigned.ok() ? *assigned : "not known: " + assigned.error().message;
}

void PrintContainer(const ContainerReport& container) {
  const auto line = [](const char* label, const std::string& value) {
    std::printf("\t%s : %s\n", label, value.c_str());
  };
  std::printf("Container Report : \n");
  line("Container-Id", container.id.ToString());
  line("Start-Time", FormatTime(container.started));
  line("Finish-Time", FormatTime(container.finished));
  line("State", std::string(ContainerStateName(container.state)));
  line("Execution-Type", "GUARANTEED");
  line("LOG-URL", LogUrl(container));
  line("Host", container.node_name);
  line("NodeHttpAddress", container.node_http_address);
  line("Resource", container.resource.ToString());
  if (const std::string assigned = AssignedText(container); !assigned.empty()) {
    line("Assigned-Resources", assigned);
  }
  if (!container.detail.empty()) line("Detail", container.detail);
  const bool over = container.state == ContainerState::kComplete;
  line("Exit-Code", over ? std::to_string(container.exit_code) : "N/A");
  line("Diagnostics", container.diagnostics);
}

ExitCode ShowStatus(const Invocation& invocation, RmClient& rm) {
  const std::string name = invocation.arguments.Get("status");
  const auto id = ContainerId::Parse(name);
  if (!id.ok()) return Fail(id.error());
  const auto containers = rm.Containers(id->attempt.application);
  if (!containers.ok()) return Fail(containers.error());
  for (const ContainerReport& container : *containers) {
    if (container.id != *id) continue;
    if (invocation.json) {
      std::fputs(ContainersJson({container}).c_str(), stdout);
    } else {
      PrintContainer(container);
    }
    return ExitCode::kOk;
  }
  return Fail({ErrorCode::kNotFound,
               "there is no container '" + name + "'",
               "see 'weir container -list " + id->attempt.application.ToString() + "'"});
}

Result<ContainerId> IdIn(const Invocation& invocation, const std::string& option) {
  return ContainerId::Parse(invocation.arguments.Get(option));
}

ExitCode Resize(const Invocation& invocation, RmClient& rm) {
  const Arguments& arguments = invocation.arguments;
  const auto id = IdIn(invocation, "resize");
  if (!id.ok()) return Fail(id.error());
  if (!arguments.Has("memory") && !arguments.Has("vcores")) {
    return Fail({ErrorCode::kInvalidArgument,
                 "container -resize needs -memory MB or -vcores N",
                 "what is not named stays as it is"});
  }
  std::optional<int64_t> memory_mib;
  std::optional<int64_t> vcores;
  if (arguments.Has("memory")) {
    const auto memory = arguments.GetMemoryMib("memory", 0);
    if (!memory.ok()) return Fail(memory.error());
    memory_mib = *memory;
  }
  if (arguments.Has("vcores")) {
    const auto number = arguments.GetInt("vcores", 0, 1, Resource::kVcoresMax);
    if (!number.ok()) return Fail(number.error());
    vcores = *number;
  }
  const auto resized = rm.ResizeContainer(*id, memory_mib, vcores, kWaitForNode);
  if (!resized.ok()) return Fail(resized.error());
  if (invocation.json) {
    std::fputs(ContainersJson({*resized}).c_str(), stdout);
  } else {
    std::printf("%s has %s now\n", id->ToString().c_str(), resized->resource.ToString().c_str());
  }
  return ExitCode::kOk;
}

ExitCode Signal(const Invocation& invocation, RmClient& rm) {
  const auto& words = invocation.arguments.words();
  const auto id = IdIn(invocation, "signal");
  if (!id.ok()) return Fail(id.error());
  const auto signal =
      ParseContainerSignal(words.empty() ? ContainerSignalName(ContainerSignal::kOutputThreadDump)
                                         : std::string_view(words.front()));
  if (!signal.ok()) return Fail(signal.error());
  const auto signalled = rm.SignalContainer(*id, *signal, kWaitForNode);
  if (!signalled.ok()) return Fail(signalled.error());
  if (invocation.json) {
    std::fputs(ContainersJson({*signalled}).c_str(), stdout);
  } else {
    std::printf("%s was sent %s\n",
                id->ToString().c_str(),
                std::string(ContainerSignalName(*signal)).c_str());
  }
  return ExitCode::kOk;
}

struct Action {
  const char* name;
  std::vector<std::string> options;  // with its own
  size_t words;
  ExitCode (*run)(const Invocation& invocation, RmClient& rm);
};

const Action kActions[] = {{"list", {"list"}, 0, List},
                           {"status", {"status"}, 0, ShowStatus},
                           {"resize", {"resize", "memory", "vcores"}, 0, Resize},
                           {"signal", {"signal"}, 1, Signal}};

}  // namespace

ExitCode RunContainerCommand(const std::vector<std::string>& words) {
  const Prepared prepared = Prepare("container",
                                    {.options = {{"list", "ID", "", false},
                                                 {"status", "ID", "", false},
                                                 {"resize", "ID", "", false},
                                                 {"memory", "MB", "", false},
                                                 {"vcores", "N", "", false},
                                                 {"signal", "ID", "", false}}},
                                    words);
  if (!prepared.invocation) return prepared.exit;
  const Arguments& arguments = prepared.invocation->arguments;
  const Action* chosen = nullptr;
  int count = 0;
  for (const Action& action : kActions) {
    if (!arguments.Has(action.name)) continue;
    chosen = &action;
    ++count;
  }
  if (count != 1) {
    return Fail({ErrorCode::kInvalidArgument,
                 "container needs one of -list ID, -status ID, -resize ID, -signal ID",
                 "see 'weir container --help'"});
  }
  const Status fits = arguments.AllowOnly(
      std::string("container -") + chosen->name, chosen->options, chosen->words);
  if (!fits.ok()) return Fail(fits.error());
  RmClient rm(prepared.invocation->config);
  return chosen->run(*prepared.invocation, rm);
}

}  // namespace weir::cli
