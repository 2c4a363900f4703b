#include "platform/log.h"

#include <fcntl.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>
#include <utility>

#include "common/strings.h"
#include "common/time.h"
#include "platform/clock.h"
#include "platform/mutex.h"

namespace weir::platform {
namespace {

// One field cannot flood the log.
constexpr size_t kValueBytes = 4096;

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "DEBUG";
    case LogLevel::kInfo:
      return "INFO";
    case LogLevel::kWarn:
      return "WARN";
    case LogLevel::kError:
      return "ERROR";
  }
  return "ERROR";
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

// Control characters never reach the file: one event is one line.
void AppendEscaped(std::string& line, std::string_view text, bool quoted) {
  for (const char c : text) {
    if (quoted && (c == '"' || c == '\\')) {
      line += '\\';
      line += c;
    } else if (c == '\n') {
      line += "\\n";
    } else if (c == '\t') {
      line += "\\t";
    } else if (c == '\r') {
      line += "\\r";
    } else if (IsControl(c)) {
      line += "\\x" + HexEncode(std::string_view(&c, 1));
    } else {
      line += c;
    }
  }
}

bool NeedsQuotes(std::string_view value) {
  if (value.empty()) return true;
  for (const char c : value) {
    if (c == ' ' || c == '"' || c == '=' || c == '\\' || IsControl(c)) return true;
  }
  return false;
}

void AppendValue(std::string& line, const std::string& value) {
  const std::string cut =
      value.size() > kValueBytes ? CutMiddle(value, kValueBytes) : std::string();
  const std::string_view text = cut.empty() ? std::string_view(value) : cut;
  const bool quoted = NeedsQuotes(text);
  if (quoted) line += '"';
  AppendEscaped(line, text, quoted);
  if (quoted) line += '"';
}

std::shared_ptr<spdlog::logger> MakeLogger(spdlog::sink_ptr sink) {
  auto logger = std::make_shared<spdlog::logger>("weir", std::move(sink));
  logger->set_formatter(std::make_unique<spdlog::pattern_formatter>(
      "%Y-%m-%dT%H:%M:%S.%eZ %v", spdlog::pattern_time_type::utc));
  logger->set_level(spdlog::level::trace);
  // Lines are few (no log per record, none from a core), and the last ones before a kill -9 are the
  // ones that matter: nothing stays in a buffer of this process.
  logger->flush_on(spdlog::level::info);
  return logger;
}

Result<std::shared_ptr<spdlog::logger>> OpenLogger(const std::string& file) {
  try {
    if (file.empty()) return MakeLogger(std::make_shared<spdlog::sinks::stderr_sink_mt>());
    spdlog::file_event_handlers handlers;
    handlers.after_open = [](const spdlog::filename_t&, std::FILE* stream) {
      // Containers must not inherit the daemon's log.
      ::fcntl(::fileno(stream), F_SETFD, FD_CLOEXEC);
    };
    return MakeLogger(std::make_shared<spdlog::sinks::basic_file_sink_mt>(file, false, handlers));
  } catch (const spdlog::spdlog_ex& failure) {
    return Error{ErrorCode::kUnavailable,
                 "the log file " + file + " cannot be opened: " + failure.what(),
                 "check weir.log.file and the rights on its directory"};
  }
}

struct Sink {
  std::atomic<LogLevel> level{LogLevel::kInfo};
  Mutex mutex;
  std::string file WEIR_GUARDED_BY(mutex);
  std::shared_ptr<spdlog::logger> logger WEIR_GUARDED_BY(mutex);
};

constexpr size_t kBurstBytes = 64u << 10;

// The lines of a thread's LogBurst: all but the first begin with their time, as the logger writes
// it.
struct Gathered {
  int open = 0;
  WallTime first;
  WallTime last;
  std::string last_text;  // of `last`, which is that of many lines
  std::string lines;
};
thread_local Gathered gathered;

// Lives until the process ends: threads may log while statics are being destroyed.
Sink& TheSink() {
  static Sink* const sink = new Sink;
  return *sink;
}

std::shared_ptr<spdlog::logger> CurrentLogger() {
  Sink& sink = TheSink();
  MutexLock lock(sink.mutex);
  if (!sink.logger) sink.logger = MakeLogger(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  return sink.logger;
}

void WriteGathered() {
  if (gathered.lines.empty()) return;
  const std::string lines = std::exchange(gathered.lines, {});
  CurrentLogger()->log(spdlog::log_clock::time_point(gathered.first.time_since_epoch()),
                       spdlog::source_loc{},
                       spdlog::level::info,
                       spdlog::string_view_t(lines));
}

void Gather(const std::string& line) {
  const WallTime now = WallNow();
  if (gathered.lines.empty()) {
    gathered.first = now;
  } else {
    if (now != gathered.last) gathered.last_text = ToIso8601(now);
    gathered.last = now;
    gathered.lines += '\n' + gathered.last_text + ' ';
  }
  gathered.lines += line;
  if (gathered.lines.size() >= kBurstBytes) WriteGathered();
}

}  // namespace

LogBurst::LogBurst() {
  ++gathered.open;
}

LogBurst::~LogBurst() {
  if (--gathered.open == 0) WriteGathered();
}

Status StartLog(const std::string& file, LogLevel level) {
  WEIR_ASSIGN_OR_RETURN(auto logger, OpenLogger(file));
  Sink& sink = TheSink();
  MutexLock lock(sink.mutex);
  sink.file = file;
  sink.logger = std::move(logger);
  sink.level = level;
  return {};
}

Result<LogLevel> ParseLogLevel(std::string_view name) {
  for (const LogLevel level :
       {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
    if (ToLower(LevelName(level)) == name) return level;
  }
  return Error{ErrorCode::kInvalidArgument,
               "'" + std::string(name.substr(0, 100)) + "' is not a log level",
               "the levels are debug, info, warn and error"};
}

void ReopenLog() {
  std::string file;
  {
    MutexLock lock(TheSink().mutex);
    file = TheSink().file;
  }
  if (file.empty()) return;
  auto logger = OpenLogger(file);
  if (!logger.ok()) {
    LogError("log",
             "-",
             "cannot reopen the log, going on with the old file",
             {{"error", logger.error().ToString()}});
    return;
  }
  MutexLock lock(TheSink().mutex);
  TheSink().logger = *logger;
}

void FlushLog() {
  CurrentLogger()->flush();
}

std::string FormatLogLine(LogLevel level,
                          std::string_view component,
                          std::string_view subject,
                          std::string_view message,
                          std::initializer_list<LogField> fields) {
  std::string line(LevelName(level));
  line += ' ';
  AppendEscaped(line, component, false);
  line += ' ';
  AppendEscaped(line, subject.empty() ? "-" : subject, false);
  line += ' ';
  AppendEscaped(line, message, false);
  for (const LogField& field : fields) {
    line += ' ';
    AppendEscaped(line, field.key, false);
    line += '=';
    AppendValue(line, field.value);
  }
  return line;
}

void Log(LogLevel level,
         std::string_view component,
         std::string_view subject,
         std::string_view message,
         std::initializer_list<LogField> fields) {
  if (level < TheSink().level.load(std::memory_order_relaxed)) return;
  const std::string line = FormatLogLine(level, component, subject, message, fields);
  if (gathered.open > 0 && level <= LogLevel::kInfo) return Gather(line);
  WriteGathered();
  CurrentLogger()->log(ToSpdlog(level), spdlog::string_view_t(line));
}

}  // namespace weir::platform
