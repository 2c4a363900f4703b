// AuditOptions: where a daemon writes down who changed what, and how much of it is kept. Immutable
// value.
#ifndef WEIR_PLATFORM_AUDIT_OPTIONS_H_
#define WEIR_PLATFORM_AUDIT_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "platform/option_reader.h"

namespace weir::platform {

struct AuditOptions {
  std::string file;
  int64_t max_bytes = int64_t{64} << 20;  // of one file
  int kept_files = 9;                     // older ones
  size_t queue = 4096;                    // lines
  int refusals_per_second = 200;
};

// weir.audit.*; the file is audit.jsonl in `directory`.
AuditOptions ReadAuditOptions(OptionReader& read, const std::string& directory);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_AUDIT_OPTIONS_H_
