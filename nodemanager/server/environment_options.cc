#include "nodemanager/server/environment_options.h"

#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "common/strings.h"
#include "nodemanager/executor/environment_rules.h"
#include "platform/config_keys.h"

namespace weir::nm {
namespace {

using platform::Configuration;
using platform::OptionReader;
using namespace platform::keys;

std::optional<std::string> OwnVariable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

void Fault(const Configuration& config,
           const std::string& key,
           const Error& error,
           OptionReader& read) {
  const std::string origin = config.Origin(key);
  read.Fault({error.code,
              key + (origin.empty() ? "" : " (" + origin + ")") + ": " + error.message,
              error.remedy});
}

}  // namespace

EnvironmentRules ReadEnvironmentRules(const Configuration& config, OptionReader& read) {
  EnvironmentRules rules;
  auto forced = ParseForced(read.Text(kNmAdminEnv), OwnVariable);
  if (!forced.ok()) Fault(config, kNmAdminEnv, forced.error(), read);
  if (forced.ok()) rules.forced = *std::move(forced);
  const std::string prefix = std::string(kNmAdminEnv) + ".";
  for (const std::string& key : config.Keys()) {
    if (!key.starts_with(prefix)) continue;
    const Status added =
        AddForced(key.substr(prefix.size()), config.GetOr(key, ""), OwnVariable, rules.forced);
    if (!added.ok()) Fault(config, key, added.error(), read);
  }
  auto passed = ParsePassed(read.Text(kNmEnvWhitelist), OwnVariable);
  if (!passed.ok()) Fault(config, kNmEnvWhitelist, passed.error(), read);
  if (passed.ok()) rules.passed = *std::move(passed);
  return rules;
}

std::string NamesOf(const Environment& environment) {
  std::vector<std::string> names;
  for (const auto& [name, value] : environment) names.push_back(name);
  return Join(names, ", ");
}

}  // namespace weir::nm
