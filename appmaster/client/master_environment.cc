#include "appmaster/client/master_environment.h"

#include <cstdlib>

#include "common/strings.h"
#include "platform/file_system.h"

namespace weir::am {
namespace {

constexpr char kAddresses[] = "WEIR_RM_MASTER_ADDRESS";
constexpr size_t kAddressesMax = 16;
constexpr int64_t kTokenBytesMax = 64 << 10;

Result<std::string> Required(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') {
    return Error{ErrorCode::kFailedPrecondition,
                 std::string("the environment has no ") + name,
                 "an ApplicationMaster is started by a ResourceManager, not by hand"};
  }
  return std::string(value);
}

Result<std::vector<HostPort>> ParseAddresses(const std::string& text) {
  std::vector<HostPort> addresses;
  for (const std::string_view part : Split(text, ',')) {
    auto address = HostPort::Parse(Trim(part));
    if (!address.ok() || address->port == 0 || addresses.size() == kAddressesMax) {
      return Error{ErrorCode::kInvalidArgument,
                   std::string(kAddresses) + " is '" + CutMiddle(text, 200) + "'",
                   "it must be host:port, with a comma between two, and at most " +
                       std::to_string(kAddressesMax)};
    }
    addresses.push_back(*std::move(address));
  }
  return addresses;
}

std::string Optional(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? fallback : value;
}

}  // namespace

Result<MasterEnvironment> ReadMasterEnvironment() {
  MasterEnvironment environment;
  WEIR_ASSIGN_OR_RETURN(const std::string addresses, Required(kAddresses));
  WEIR_ASSIGN_OR_RETURN(environment.rm_addresses, ParseAddresses(addresses));
  WEIR_ASSIGN_OR_RETURN(const std::string attempt, Required("WEIR_ATTEMPT_ID"));
  WEIR_ASSIGN_OR_RETURN(environment.attempt, AttemptId::Parse(attempt));
  WEIR_ASSIGN_OR_RETURN(const std::string secrets, Required("WEIR_SECRETS_DIR"));
  WEIR_ASSIGN_OR_RETURN(
      const std::string token,
      platform::FileSystem::Real().ReadFile(secrets + "/am.token", kTokenBytesMax));
  WEIR_ASSIGN_OR_RETURN(environment.token, platform::DecodeTokenFile(Trim(token)));
  environment.cluster_id = Optional("WEIR_CLUSTER_ID", "");
  environment.submit_user = Optional("WEIR_SUBMIT_USER", "");
  environment.host = Optional("NM_HOST", "127.0.0.1");
  return environment;
}

}  // namespace weir::am
