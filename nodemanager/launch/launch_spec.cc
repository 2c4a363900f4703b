#include "nodemanager/launch/launch_spec.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "nodemanager/launch/launch_format.h"

namespace weir::nm::launch {
namespace {

bool ReadAll(const char* path, std::string& content) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  char chunk[16 << 10];
  ssize_t count = 0;
  while ((count = read(fd, chunk, sizeof chunk)) > 0 && content.size() < kSpecBytes) {
    content.append(chunk, static_cast<size_t>(count));
  }
  const int cause = count < 0 ? errno : 0;
  close(fd);
  errno = cause;
  return cause == 0;
}

// Takes "key length\n bytes \n" off the front; false at the end or when it is not that.
bool TakeField(std::string_view& rest, std::string_view& key, std::string& value) {
  const size_t line = rest.find('\n');
  if (line == std::string_view::npos) return false;
  const std::string_view head = rest.substr(0, line);
  const size_t space = head.find(' ');
  if (space == std::string_view::npos) return false;
  const std::string digits(head.substr(space + 1));
  char* end = nullptr;
  const unsigned long length = std::strtoul(digits.c_str(), &end, 10);
  if (digits.empty() || *end != '\0' || length >= rest.size() - line - 1) return false;
  key = head.substr(0, space);
  value = std::string(rest.substr(line + 1, length));
  rest.remove_prefix(line + 1 + length);
  if (rest.empty() || rest.front() != '\n') return false;
  rest.remove_prefix(1);
  return true;
}

// A user's or group's number. The largest means "leave as it is" to the system calls that set one.
bool ParseId(const std::string& text, uint32_t& id) {
  const bool digits = !text.empty() && text.size() <= 10 &&
                      text.find_first_not_of("0123456789") == std::string::npos;
  const unsigned long long value = digits ? std::strtoull(text.c_str(), nullptr, 10) : UINT32_MAX;
  if (value >= UINT32_MAX) return false;
  id = static_cast<uint32_t>(value);
  return true;
}

bool StoreIdentity(std::string_view key, const std::string& value, Identity& identity) {
  if (key == kUidKey) return ParseId(value, identity.uid);
  if (key == kGidKey) return ParseId(value, identity.gid);
  uint32_t group = 0;
  if (!ParseId(value, group)) return false;
  identity.groups.push_back(group);
  return true;
}

bool Store(std::string_view key, std::string value, LaunchSpec& spec) {
  if (key == kUidKey || key == kGidKey || key == kSupplementaryGroupKey) {
    // The uid is the first of them: without one there is nobody to become.
    if (key == kUidKey && !spec.identity) spec.identity.emplace();
    return spec.identity && StoreIdentity(key, value, *spec.identity);
  }
  if (key == kDirectoryKey) {
    spec.directory = std::move(value);
  } else if (key == kStdoutKey) {
    spec.stdout_path = std::move(value);
  } else if (key == kStderrKey) {
    spec.stderr_path = std::move(value);
  } else if (key == kExitFileKey) {
    spec.exit_file = std::move(value);
  } else if (key == kRetryKey) {
    spec.retry = std::strtol(value.c_str(), nullptr, 10);
  } else if (key == kGraceKey) {
    spec.grace_ms = std::strtol(value.c_str(), nullptr, 10);
  } else if (key == kArgumentKey) {
    spec.arguments.push_back(std::move(value));
  } else if (key == kEnvironmentKey) {
    spec.environment.push_back(std::move(value));
  } else if (key == kCoreDumpsKey) {
    spec.core_dumps = value == "1";
  } else if (key == kUnifiedGroupKey) {
    spec.groups.unified = std::move(value);
  } else if (key == kFreezerGroupKey) {
    spec.groups.freezer = std::move(value);
  } else if (key == kGroupKey) {
    spec.groups.others.push_back(std::move(value));
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::optional<long> VersionOfSpec(std::string_view content) {
  std::string_view key;
  std::string value;
  if (!TakeField(content, key, value) || key != kVersionKey) return std::nullopt;
  constexpr size_t kDigits = 9;
  if (value.empty() || value.size() > kDigits ||
      value.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  const long version = std::strtol(value.c_str(), nullptr, 10);
  return version < 1 ? std::nullopt : std::optional<long>(version);
}

bool ReadLaunchSpec(const char* path, LaunchSpec& spec) {
  std::string content;
  if (!ReadAll(path, content)) return false;
  return ParseLaunchSpec(content, spec);
}

bool ParseLaunchSpec(std::string_view content, LaunchSpec& spec) {
  const auto version = VersionOfSpec(content);
  errno = version && *version > kVersionNumber ? EPROTONOSUPPORT : EINVAL;
  if (!version || *version > kVersionNumber) return false;
  std::string_view rest = content;
  std::string_view key;
  std::string value;
  TakeField(rest, key, value);
  while (!rest.empty()) {
    if (!TakeField(rest, key, value) || !Store(key, std::move(value), spec)) return false;
  }
  if (spec.identity && spec.identity->gid == kNobodysId) return false;
  return !spec.arguments.empty() && !spec.directory.empty() && !spec.exit_file.empty();
}

}  // namespace weir::nm::launch
