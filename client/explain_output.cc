#include "client/explain_output.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "client/output.h"

namespace weir::cli {
namespace {

using nlohmann::ordered_json;

constexpr size_t kStartingShown = 10;

std::string Line(const std::string& label, const std::string& value) {
  return value.empty() ? "" : "\t" + label + " : " + value + "\n";
}

std::string FormatLimits(const std::vector<ExplainedLimit>& limits) {
  if (limits.empty()) return "";
  std::vector<std::vector<std::string>> rows;
  for (const ExplainedLimit& limit : limits) {
    rows.push_back(
        {limit.binds ? "*" : "", limit.name, limit.used.ToString(), limit.limit.ToString()});
  }
  return "\nLimits (* binds):\n" + FormatTable({"", "Limit", "Used", "Of"}, rows);
}

std::string FormatAsk(const ExplainedAsk& ask) {
  std::string text = "\nAsk " + std::to_string(ask.request_id) + " : " + std::to_string(ask.count) +
                     " x " + ask.resource.ToString() + ", priority " + std::to_string(ask.priority);
  if (!ask.label.empty()) text += ", label " + ask.label;
  text += "\n";
  text += Line("Reason", std::string(PendingReasonName(ask.reason)));
  text += Line("Detail", ask.detail);
  text += Line("Would unblock it", ask.unblock);
  for (const RefusedNodes& refused : ask.refused) {
    text += Line("Nodes refused", std::to_string(refused.nodes) + ", " + refused.cause);
  }
  return text;
}

std::string FormatPast(const PastTheScheduler& past) {
  std::string text;
  if (!past.starting.empty()) {
    text +=
        "\nContainers being localised and started : " + std::to_string(past.starting.size()) + "\n";
    for (size_t i = 0; i < std::min(past.starting.size(), kStartingShown); ++i) {
      const ContainerReport& container = past.starting[i];
      text += "\t" + container.id.ToString() + " on " + container.node_name +
              (container.detail.empty() ? "" : ": " + container.detail) + "\n";
    }
  }
  for (const std::string& job : past.jobs) text += "\n" + job + "\n";
  return text;
}

ordered_json ToJson(const Resource& resource) {
  ordered_json json = {{"memory", resource.memory_mib}, {"vCores", resource.vcores}};
  for (const NamedAmount& part : resource.named) json[part.name] = part.amount;
  return json;
}

ordered_json ToJson(const ExplainedAsk& ask) {
  ordered_json refused = ordered_json::array();
  for (const RefusedNodes& one : ask.refused) {
    refused.push_back({{"cause", one.cause}, {"nodes", one.nodes}});
  }
  return {{"requestId", ask.request_id},
          {"priority", ask.priority},
          {"count", ask.count},
          {"resource", ToJson(ask.resource)},
          {"nodeLabel", ask.label},
          {"reason", PendingReasonName(ask.reason)},
          {"detail", ask.detail},
          {"unblock", ask.unblock},
          {"refusedNodes", std::move(refused)}};
}

}  // namespace

std::string FormatExplanation(const Explanation& explanation, const PastTheScheduler& past) {
  std::string text = "Application Explanation : \n";
  text += Line("Application-Id", explanation.application.ToString());
  text += Line("User", explanation.user);
  text += Line("Queue", explanation.queue);
  text += Line("State", std::string(ApplicationStateName(explanation.state)));
  if (explanation.reason == PendingReason::kNone) {
    text += Line("Waiting", "no");
    text += Line("Detail", explanation.detail);
  } else {
    text += Line("Reason", std::string(PendingReasonName(explanation.reason)));
    text += Line("Detail", explanation.detail);
    text += Line("Would unblock it", explanation.unblock);
  }
  if (explanation.applications_ahead > 0) {
    text += Line("Applications ahead", std::to_string(explanation.applications_ahead));
  }
  text += FormatLimits(explanation.limits);
  for (const ExplainedAsk& ask : explanation.asks) text += FormatAsk(ask);
  if (explanation.asks_left_out > 0) {
    text += "\n" + std::to_string(explanation.asks_left_out) + " more asks wait.\n";
  }
  return text + FormatPast(past);
}

std::string ExplanationJson(const Explanation& explanation, const PastTheScheduler& past) {
  ordered_json limits = ordered_json::array();
  for (const ExplainedLimit& limit : explanation.limits) {
    limits.push_back({{"name", limit.name},
                      {"limit", ToJson(limit.limit)},
                      {"used", ToJson(limit.used)},
                      {"binds", limit.binds}});
  }
  ordered_json asks = ordered_json::array();
  for (const ExplainedAsk& ask : explanation.asks) asks.push_back(ToJson(ask));
  ordered_json starting = ordered_json::array();
  for (const ContainerReport& container : past.starting) {
    starting.push_back({{"containerId", container.id.ToString()},
                        {"nodeId", container.node_name},
                        {"detail", container.detail}});
  }
  const ordered_json json = {{"explanation",
                              {{"applicationId", explanation.application.ToString()},
                               {"user", explanation.user},
                               {"queuePath", explanation.queue},
                               {"state", ApplicationStateName(explanation.state)},
                               {"reason", PendingReasonName(explanation.reason)},
                               {"detail", explanation.detail},
                               {"unblock", explanation.unblock},
                               {"applicationsAhead", explanation.applications_ahead},
                               {"limits", std::move(limits)},
                               {"asks", std::move(asks)},
                               {"asksLeftOut", explanation.asks_left_out},
                               {"containersStarting", std::move(starting)},
                               {"jobs", past.jobs}}}};
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace weir::cli
