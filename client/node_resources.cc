#include "client/node_resources.h"

#include <nlohmann/json.hpp>

#include "common/hostport.h"
#include "common/strings.h"
#include "platform/http_client.h"

namespace weir::cli {
namespace {

using Json = nlohmann::json;

constexpr seconds kPatience{5};
constexpr int kOk = 200;
constexpr int kNotThere = 404;

Result<Json> Get(const std::string& http_address, const std::string& target) {
  platform::HttpCall call;
  WEIR_ASSIGN_OR_RETURN(call.server, HostPort::Parse(http_address));
  call.target = target;
  call.timeout = kPatience;
  WEIR_ASSIGN_OR_RETURN(const auto answer, platform::CallHttp(call));
  if (answer.status != kOk) {
    return Error{answer.status == kNotThere ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
                 "the node answers with HTTP " + std::to_string(answer.status),
                 ""};
  }
  return Json::parse(answer.body, nullptr, false);
}

Error NotUnderstood() {
  return {ErrorCode::kUnavailable, "the node's answer is not understood", ""};
}

std::string Numbers(const Json& list) {
  std::vector<std::string> words;
  for (const Json& one : list) words.push_back(one.dump());
  return Join(words, ",");
}

void AddLines(const Json& resource, std::vector<std::string>& lines) {
  const std::string name = resource.at("name").get<std::string>();
  for (const Json& device : resource.at("devices")) {
    const std::string holder = device.at("containerId").get<std::string>();
    lines.push_back(name + " index " + device.at("index").dump() + " : " +
                    (holder.empty() ? "free" : holder));
  }
  if (!resource.at("devices").empty()) return;
  for (const Json& holder : resource.at("containers")) {
    lines.push_back(name + " " + holder.at("amount").dump() + " of " + resource.at("total").dump() +
                    " : " + holder.at("containerId").get<std::string>());
  }
}

}  // namespace

Result<std::vector<std::string>> NamedResourceLines(const std::string& http_address) {
  WEIR_ASSIGN_OR_RETURN(const Json answer, Get(http_address, "/ws/v1/node/resources"));
  std::vector<std::string> lines;
  try {
    for (const Json& one : answer.at("resources").at("resource")) AddLines(one, lines);
  } catch (const Json::exception&) {
    return NotUnderstood();
  }
  return lines;
}

Result<std::string> AssignedIndices(const std::string& http_address, const ContainerId& id) {
  WEIR_ASSIGN_OR_RETURN(const Json answer,
                        Get(http_address, "/ws/v1/node/containers/" + id.ToString()));
  std::vector<std::string> words;
  try {
    for (const auto& [type, indices] : answer.at("container").at("assignedResources").items()) {
      words.push_back(type + " " + Numbers(indices));
    }
  } catch (const Json::exception&) {
    return NotUnderstood();
  }
  return Join(words, "; ");
}

}  // namespace weir::cli
