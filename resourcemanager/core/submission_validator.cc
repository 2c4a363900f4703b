#include "resourcemanager/core/submission_validator.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "common/limits.h"
#include "common/resource_uri.h"

namespace weir::rm {
namespace {

constexpr std::string_view kStagingScheme = "staging:";
constexpr std::string_view kAmTokenSecret = "am.token";  // the ResourceManager adds it itself
constexpr size_t kFileNameBytes = 255;
constexpr size_t kSha256Digits = 64;

Error Invalid(std::string message, std::string remedy) {
  return {ErrorCode::kInvalidArgument, std::move(message), std::move(remedy)};
}

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

bool IsLowerHex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool IsSha256(std::string_view text) {
  return text.size() == kSha256Digits && std::all_of(text.begin(), text.end(), IsLowerHex);
}

// A name that stays inside the container's directory.
Status ValidateFileName(std::string_view what, std::string_view name) {
  WEIR_RETURN_IF_ERROR(ValidateText(what, name, kFileNameBytes, EmptyText::kRefused));
  if (name == "." || name == ".." || name.find('/') != std::string_view::npos) {
    return Invalid(std::string(what) + " \"" + std::string(name) + "\" is not a plain file name",
                   "use a name without '/'");
  }
  return {};
}

Status ValidateResource(const std::string& name, const LocalResource& resource) {
  WEIR_RETURN_IF_ERROR(ValidateFileName("local resource", name));
  const std::string what = "local resource \"" + name + "\"";
  WEIR_RETURN_IF_ERROR(
      ValidateText(what + "'s uri", resource.uri, limits::kStringBytes, EmptyText::kRefused));
  if (resource.size < 0 || resource.mtime_ms < 0) {
    return Invalid(what + " has a negative size or time", "give its exact size");
  }
  if (!resource.sha256.empty() && !IsSha256(resource.sha256)) {
    return Invalid(what + " has a sha256 that is not 64 lower-case hexadecimal digits",
                   "give the file's SHA-256");
  }
  if (resource.uri.starts_with(kStagingScheme)) {
    if (!IsSha256(resource.sha256) ||
        std::string_view(resource.uri).substr(kStagingScheme.size()) != resource.sha256) {
      return Invalid(what + " has the uri \"" + resource.uri + "\", which does not name its sha256",
                     "use staging:<sha256> with the same sha256");
    }
    if (resource.size > limits::kStagedFileBytes) {
      return Invalid(what + " has " + std::to_string(resource.size) + " bytes",
                     "staged files have at most " + std::to_string(limits::kStagedFileBytes));
    }
    return {};
  }
  const Status address = CheckResourceUri(resource.uri);
  if (address.ok()) return {};
  return Invalid(what + ": " + address.error().message, address.error().remedy);
}

Status ValidateCommand(const LaunchContext& launch) {
  if (launch.command.empty() || launch.command.front().empty()) {
    return Invalid("the ApplicationMaster's command is empty", "give a program to run");
  }
  if (launch.command.size() > limits::kCommandArguments) {
    return Invalid("the command has " + std::to_string(launch.command.size()) + " arguments",
                   "at most " + std::to_string(limits::kCommandArguments));
  }
  for (const auto& argument : launch.command) {
    if (argument.find('\0') != std::string::npos) {
      return Invalid("an argument of the command contains a zero byte", "remove it");
    }
  }
  return {};
}

Status ValidateEnvironment(const LaunchContext& launch) {
  for (const auto& [name, value] : launch.environment) {
    WEIR_RETURN_IF_ERROR(ValidateText(
        "the name of an environment variable", name, limits::kNameBytes, EmptyText::kRefused));
    if (name.find('=') != std::string::npos || value.find('\0') != std::string::npos) {
      return Invalid("the environment variable \"" + name + "\" cannot be set",
                     "names have no '=', values no zero byte");
    }
  }
  return {};
}

Status ValidateSecrets(const LaunchContext& launch) {
  for (const auto& [name, bytes] : launch.secrets) {
    WEIR_RETURN_IF_ERROR(ValidateFileName("secret", name));
    if (name == kAmTokenSecret) {
      return Invalid("the secret \"am.token\" is the ResourceManager's own", "use another name");
    }
    if (bytes.size() > kSecretBytes) {
      return Invalid("the secret \"" + name + "\" has " + std::to_string(bytes.size()) + " bytes",
                     "at most " + std::to_string(kSecretBytes));
    }
  }
  return {};
}

// An upper estimate of the encoded size: every part with room for its length and tags.
size_t EncodedSize(const LaunchContext& launch) {
  constexpr size_t kPerPart = 8;
  constexpr size_t kPerResource = 64;
  size_t size = 0;
  for (const auto& argument : launch.command) size += argument.size() + kPerPart;
  for (const auto& [name, value] : launch.environment) {
    size += name.size() + value.size() + 2 * kPerPart;
  }
  for (const auto& [name, resource] : launch.local_resources) {
    size += name.size() + resource.uri.size() + resource.sha256.size() + kPerResource;
  }
  for (const auto& [name, bytes] : launch.secrets) {
    size += name.size() + bytes.size() + 2 * kPerPart;
  }
  return size;
}

Status ValidateLaunch(const LaunchContext& launch) {
  WEIR_RETURN_IF_ERROR(ValidateCommand(launch));
  WEIR_RETURN_IF_ERROR(ValidateEnvironment(launch));
  if (launch.local_resources.size() > limits::kLocalResources) {
    return Invalid(
        "the application has " + std::to_string(launch.local_resources.size()) + " local resources",
        "at most " + std::to_string(limits::kLocalResources) + "; put them into an archive");
  }
  for (const auto& [name, resource] : launch.local_resources) {
    WEIR_RETURN_IF_ERROR(ValidateResource(name, resource));
  }
  WEIR_RETURN_IF_ERROR(ValidateSecrets(launch));
  const size_t size = EncodedSize(launch);
  if (size > limits::kLaunchContextBytes) {
    return Invalid("the launch context has about " + std::to_string(size) + " bytes",
                   "at most " + std::to_string(limits::kLaunchContextBytes) +
                       "; put large parts into a local resource");
  }
  return {};
}

Status ValidateTags(const std::vector<std::string>& tags) {
  if (tags.size() > kSubmissionTags) {
    return Invalid("the application has " + std::to_string(tags.size()) + " tags",
                   "at most " + std::to_string(kSubmissionTags));
  }
  for (const auto& tag : tags) {
    WEIR_RETURN_IF_ERROR(ValidateText("a tag", tag, limits::kNameBytes, EmptyText::kRefused));
  }
  return {};
}

}  // namespace

Status ValidateText(std::string_view what, std::string_view text, size_t limit, EmptyText empty) {
  if (text.empty()) {
    if (empty == EmptyText::kAllowed) return {};
    return Invalid(std::string(what) + " is empty", "give one");
  }
  if (text.size() > limit) {
    return Invalid(std::string(what) + " has " + std::to_string(text.size()) + " bytes",
                   "at most " + std::to_string(limit));
  }
  if (std::any_of(text.begin(), text.end(), IsControl)) {
    return Invalid(std::string(what) + " contains control characters", "use printable text");
  }
  return {};
}

Status ValidateSubmission(const SubmitApplication& submission) {
  const SubmissionContext& context = submission.context;
  WEIR_RETURN_IF_ERROR(
      ValidateText("the user", submission.user, limits::kNameBytes, EmptyText::kRefused));
  WEIR_RETURN_IF_ERROR(ValidateText("the idempotency key",
                                    submission.idempotency_key,
                                    kIdempotencyKeyBytes,
                                    EmptyText::kRefused));
  WEIR_RETURN_IF_ERROR(ValidateText(
      "the application's name", context.name, limits::kNameBytes, EmptyText::kRefused));
  WEIR_RETURN_IF_ERROR(ValidateText(
      "the application's type", context.type, limits::kNameBytes, EmptyText::kAllowed));
  WEIR_RETURN_IF_ERROR(
      ValidateText("the queue", context.queue, limits::kNameBytes, EmptyText::kAllowed));
  WEIR_RETURN_IF_ERROR(
      ValidateText("the label", context.label, limits::kNameBytes, EmptyText::kAllowed));
  WEIR_RETURN_IF_ERROR(ValidateText(
      "the ApplicationMaster's label", context.am_label, limits::kNameBytes, EmptyText::kAllowed));
  if (context.lifetime < Duration(0) || context.lifetime > kLifetimeMax) {
    return Invalid("the lifetime is negative or over a hundred years", "give 0 for the queue's");
  }
  WEIR_RETURN_IF_ERROR(ValidateTags(context.tags));
  if (context.max_attempts < 0) {
    return Invalid("the maximum of attempts is " + std::to_string(context.max_attempts),
                   "give 1 or more, or 0 for the cluster's maximum");
  }
  const Duration validity = context.attempt_failures_validity;
  if (validity < Duration(0) || validity > kLifetimeMax) {
    return Invalid(
        "the validity interval of attempts' failures is negative or over a hundred years",
        "give 0 for the whole life");
  }
  if (context.queue_timeout < Duration(0) || context.queue_timeout > kQueueTimeoutMax) {
    return Invalid("the queue timeout is negative or over a year", "give 0 to wait for ever");
  }
  return ValidateLaunch(context.am_launch);
}

}  // namespace weir::rm
