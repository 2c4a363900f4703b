#include "platform/audit_options.h"

#include "platform/config_keys.h"

namespace weir::platform {
namespace {

constexpr int64_t kSmallestFile = 1 << 12;
constexpr int64_t kLargestFile = int64_t{1} << 40;
constexpr int64_t kMostFiles = 1000;

}  // namespace

AuditOptions ReadAuditOptions(OptionReader& read, const std::string& directory) {
  AuditOptions options;
  options.file = directory + "/audit.jsonl";
  options.max_bytes = read.Int(keys::kAuditMaxBytes, kSmallestFile, kLargestFile);
  options.kept_files = static_cast<int>(read.Int(keys::kAuditKeptFiles, 0, kMostFiles));
  return options;
}

}  // namespace weir::platform
