// One line per event: time (UTC), level, component, subject (an id, or "-"), message, key=value.
//
//   2026-11-21T02:09:26.123Z INFO rm.app application_1700000000000_0001 accepted queue=root.default
//
// Levels: error = a person must act; warn = degraded, heals itself; info = life-cycle changes;
// debug = per heartbeat. Values with spaces, quotes or control characters are quoted and escaped;
// a value over 4 KiB is cut in its middle. Lines go to the file at once, so that none is lost when
// the process is killed (but see LogBurst). Before StartLog, lines of level info and above go to
// standard error. Thread-safe. Never called from a core.
#ifndef WEIR_PLATFORM_LOG_H_
#define WEIR_PLATFORM_LOG_H_

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "common/result.h"

namespace weir::platform {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

struct LogField {
  std::string_view key;
  std::string value;
};

// "" = standard error. Appends to `file`. Errors: the file cannot be opened.
Status StartLog(const std::string& file, LogLevel level);
// "debug", "info", "warn" or "error"; kInvalidArgument otherwise.
Result<LogLevel> ParseLogLevel(std::string_view name);
// Closes and opens the file again (after rotation).
void ReopenLog();
void FlushLog();

// While one lives, the lines of its thread up to level info are gathered and written together: when
// it goes, when many have come, and before a line of a higher level. For many lines that tell of
// one moment; what is gathered is lost when the process is killed in between. May be nested.
class LogBurst {
 public:
  LogBurst();
  ~LogBurst();
  LogBurst(const LogBurst&) = delete;
  LogBurst& operator=(const LogBurst&) = delete;
};

void Log(LogLevel level,
         std::string_view component,
         std::string_view subject,
         std::string_view message,
         std::initializer_list<LogField> fields = {});

// The line without its time, as Log writes it.
std::string FormatLogLine(LogLevel level,
                          std::string_view component,
                          std::string_view subject,
                          std::string_view message,
                          std::initializer_list<LogField> fields);

inline void LogInfo(std::string_view component,
                    std::string_view subject,
                    std::string_view message,
                    std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kInfo, component, subject, message, fields);
}
inline void LogWarn(std::string_view component,
                    std::string_view subject,
                    std::string_view message,
                    std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kWarn, component, subject, message, fields);
}
inline void LogError(std::string_view component,
                     std::string_view subject,
                     std::string_view message,
                     std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kError, component, subject, message, fields);
}
inline void LogDebug(std::string_view component,
                     std::string_view subject,
                     std::string_view message,
                     std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kDebug, component, subject, message, fields);
}

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_LOG_H_
