#include "nodemanager/core/launch_check.h"

#include <algorithm>
#include <string>

#include "common/limits.h"
#include "common/resource_uri.h"
#include "common/strings.h"
#include "nodemanager/core/node_records.h"

namespace weir::nm {
namespace {

constexpr size_t kPathPartBytes = 255;
constexpr std::string_view kStaging = "staging:";
constexpr size_t kSha256Digits = 64;
// To an ApplicationMaster's launch context, which the RM has checked, it adds a token.
constexpr size_t kAddedBytes = 8u << 10;

Error Invalid(std::string message, std::string remedy = "") {
  return {ErrorCode::kInvalidArgument, std::move(message), std::move(remedy)};
}

bool IsVariableName(std::string_view name) {
  if (name.empty() || name.size() > limits::kNameBytes) return false;
  return name.find('=') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

bool HasNul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

bool IsSha256(std::string_view text) {
  return text.size() == kSha256Digits && HexDecode(text).has_value();
}

Status CheckResource(const std::string& name, const LocalResource& resource) {
  if (!IsPlainFileName(name)) {
    return Invalid("'" + name.substr(0, kPathPartBytes) + "' is no name for a local file",
                   "a name is one part of a path");
  }
  const bool staged = resource.uri.starts_with(kStaging);
  if (Status address = CheckResourceUri(resource.uri); !address.ok()) {
    return Invalid("local file " + name + ": " + address.error().message, address.error().remedy);
  }
  // The hash becomes a file name in the node's cache.
  if (!resource.sha256.empty() && !IsSha256(resource.sha256)) {
    return Invalid("local file " + name + " has a SHA-256 that is none", "64 hexadecimal digits");
  }
  if (staged && (resource.sha256.empty() ||
                 ToLower(resource.uri.substr(kStaging.size())) != ToLower(resource.sha256))) {
    return Invalid("local file " + name + " is staged under another name than its SHA-256");
  }
  if (resource.size < 0 || resource.size > limits::kStagedFileBytes) {
    return Invalid("local file " + name + " has the size " + std::to_string(resource.size),
                   "at most " + std::to_string(limits::kStagedFileBytes) + " bytes");
  }
  return {};
}

// A user's name becomes a directory, and a line in files.
bool IsUserName(std::string_view user) {
  const auto is_control = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  };
  return IsPlainFileName(user) && user.front() != '-' && user.front() != '.' &&
         std::none_of(user.begin(), user.end(), is_control);
}

}  // namespace

bool IsPlainFileName(std::string_view name) {
  return !name.empty() && name.size() <= kPathPartBytes && name != "." && name != ".." &&
         name.find('/') == std::string_view::npos && !HasNul(name);
}

Status CheckLaunchContext(const LaunchContext& launch) {
  if (launch.command.empty() || launch.command.front().empty()) {
    return Invalid("the launch context has no command");
  }
  if (launch.command.size() > limits::kCommandArguments) {
    return Invalid("the command has " + std::to_string(launch.command.size()) + " arguments",
                   "at most " + std::to_string(limits::kCommandArguments));
  }
  for (const std::string& argument : launch.command) {
    if (HasNul(argument)) return Invalid("an argument of the command has a NUL byte");
  }
  for (const auto& [name, value] : launch.environment) {
    if (!IsVariableName(name) || HasNul(value)) {
      return Invalid("'" + name.substr(0, kPathPartBytes) + "' cannot be an environment variable");
    }
  }
  if (launch.local_resources.size() > limits::kLocalResources) {
    return Invalid(
        "the container wants " + std::to_string(launch.local_resources.size()) + " local files",
        "at most " + std::to_string(limits::kLocalResources));
  }
  for (const auto& [name, resource] : launch.local_resources) {
    WEIR_RETURN_IF_ERROR(CheckResource(name, resource));
  }
  for (const auto& [name, value] : launch.secrets) {
    if (!IsPlainFileName(name)) return Invalid("a secret has a name that is no plain file name");
  }
  // It is to fit into its record.
  const size_t bytes = RecordedBytes(launch);
  if (bytes > limits::kLaunchContextBytes + kAddedBytes) {
    return Invalid("the launch context has " + std::to_string(bytes) + " bytes",
                   "at most " + std::to_string(limits::kLaunchContextBytes));
  }
  return {};
}

Status CheckContainerToken(const ContainerTokenIdentifier& token,
                           const NodeRegistration& registration,
                           WallTime rm_wall) {
  const Epoch registered_epoch = registration.epoch;
  const std::string what = "the token of " + token.id.ToString();
  if (token.node != registration.node) {
    return Error{ErrorCode::kPermissionDenied, what + " is for another node", ""};
  }
  if (!IsUserName(token.user)) {
    return Error{ErrorCode::kPermissionDenied, what + " names a user that cannot be", ""};
  }
  if (token.resource.memory_mib <= 0 || token.resource.vcores <= 0) {
    return Error{ErrorCode::kPermissionDenied,
                 what + " is for " + token.resource.ToString() + ", which is no container",
                 ""};
  }
  if (token.epoch < registered_epoch) {
    return Error{ErrorCode::kFenced,
                 what + " is of epoch " + std::to_string(token.epoch.value) +
                     ", the node is registered under " + std::to_string(registered_epoch.value),
                 "ask the ResourceManager for a new container"};
  }
  if (token.epoch > registered_epoch) {
    return Error{ErrorCode::kUnavailable,
                 what + " is of epoch " + std::to_string(token.epoch.value) +
                     ", under which the node has yet to register",
                 "try again soon"};
  }
  if (token.node_session < registration.first_session) {
    return Error{ErrorCode::kFenced,
                 what + " was given out before this NodeManager started",
                 "ask the ResourceManager for a new container"};
  }
  if (token.expires < rm_wall) {
    return Error{ErrorCode::kUnauthenticated,
                 what + " expired at " + ToIso8601(token.expires),
                 "start containers soon after they are granted"};
  }
  return {};
}

}  // namespace weir::nm
