#include "platform/audit_log.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/strings.h"
#include "platform/clock.h"
#include "platform/log.h"

namespace weir::platform {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kMode = 0600;
constexpr size_t kBatchBytes = 1 << 20;
constexpr size_t kObjectBytes = 256;
constexpr size_t kReasonBytes = 1024;
constexpr Duration kPause = seconds(1);  // between lines about losses, and attempts to write
constexpr char kComponent[] = "audit";

bool IsRefusal(const std::optional<Error>& error) {
  return error && (error->code == ErrorCode::kUnauthenticated ||
                   error->code == ErrorCode::kPermissionDenied);
}

const char* ResultOf(const EndedCall& call) {
  if (call.unheard) return "unknown";
  if (!call.error) return "done";
  return IsRefusal(call.error) ? "refused" : "failed";
}

// Who was refused before he could say what he wants has said hello, or sent a request.
std::string WhatOf(const EndedCall& call) {
  if (call.operation != nullptr) return std::string(call.operation->name);
  return call.object.empty() ? "hello" : "request";
}

std::string Dump(const Json& json) {
  // A name may hold bytes from outside that are not UTF-8.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// As JSON. Most is plain ASCII and is copied: where ten thousand applications a second are
// submitted, each has a line.
void AddText(std::string& line, std::string_view name, std::string_view text) {
  line += line.empty() ? "{\"" : ",\"";
  line += name;
  line += "\":";
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
  });
  if (!plain) {
    line += Dump(Json(text));
    return;
  }
  line += '"';
  line += text;
  line += '"';
}

// The line but for its number.
std::string LineOf(std::string_view service, const EndedCall& call) {
  std::string line;
  AddText(line, "time", ToIso8601(WallNow()));
  AddText(line, "service", service);
  AddText(line, "who", call.caller.Who());
  AddText(line, "from", call.caller.address);
  AddText(line, "what", WhatOf(call));
  if (!call.object.empty()) AddText(line, "object", CutMiddle(call.object, kObjectBytes));
  AddText(line, "result", ResultOf(call));
  if (call.error) {
    AddText(line, "code", ErrorCodeName(call.error->code));
    AddText(line, "reason", CutMiddle(call.error->message, kReasonBytes));
  }
  return line + '}';
}

Error CannotOpen(Error error) {
  error.message = "the audit file cannot be opened: " + error.message;
  error.remedy = "it must be a plain file; check the rights on its directory, and the disk";
  return error;
}

std::string Numbered(int64_t number, const std::string& line) {
  return "{\"number\":" + std::to_string(number) + "," + line.substr(1) + "\n";
}

std::string LossLine(int64_t number, int64_t lost) {
  Json json;
  json["time"] = ToIso8601(WallNow());
  json["lost"] = lost;
  return Numbered(number, Dump(json));
}

}  // namespace

Result<std::unique_ptr<AuditLog>> AuditLog::Open(AuditOptions options, FileSystem& files) {
  auto file = files.OpenForAppending(options.file, kMode);
  if (!file.ok()) return CannotOpen(std::move(file).error());
  const auto info = files.Stat(options.file);
  if (!info.ok()) return CannotOpen(info.error());
  const int64_t size = info->size;
  return std::unique_ptr<AuditLog>(new AuditLog(std::move(options), files, *std::move(file), size));
}

AuditLog::AuditLog(AuditOptions options,
                   FileSystem& files,
                   std::unique_ptr<WritableFile> file,
                   int64_t size)
    : options_(std::move(options)), files_(files), file_(std::move(file)), size_(size) {
  thread_ = std::thread([this] { Run(); });
}

AuditLog::~AuditLog() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  thread_.join();
  if (file_ == nullptr) return;
  if (const Status closed = file_->Close(); !closed.ok()) {
    LogError(kComponent, "-", "cannot close", {{"error", closed.error().ToString()}});
  }
}

bool AuditLog::TakeRefusal(Instant now) {
  if (second_ == Instant::min() || now - second_ >= seconds(1)) {
    second_ = now;
    refusals_ = 0;
  }
  return ++refusals_ <= options_.refusals_per_second;
}

void AuditLog::Add(std::string_view service, const EndedCall& call) {
  const std::string line = LineOf(service, call);
  const Instant now = MonotonicNow();
  {
    MutexLock lock(mutex_);
    ++number_;
    const bool room = lines_.size() < options_.queue;
    if (room && (!IsRefusal(call.error) || TakeRefusal(now))) {
      lines_.push_back(Numbered(number_, line));
    } else {
      ++lost_;
    }
  }
  changed_.NotifyAll();
}

void AuditLog::Run() {
  while (true) {
    const Batch batch = Await();
    if (batch.text.empty()) return;
    const Status written = Append(batch.text);
    if (!written.ok()) {
      if (GiveUp(batch, written.error())) return;
    } else if (std::exchange(complained_, false)) {
      LogInfo(kComponent, "-", "written again");
    }
  }
}

AuditLog::Batch AuditLog::Await() {
  MutexLock lock(mutex_);
  while (true) {
    const Instant now = MonotonicNow();
    Batch batch = Take(now);
    if (!batch.text.empty() || stopping_) return batch;
    if (lines_.empty() && lost_ == 0) {
      changed_.Wait(mutex_);
    } else {
      changed_.WaitFor(mutex_, kPause);
    }
  }
}

AuditLog::Batch AuditLog::Take(Instant now) {
  Batch batch;
  batch.last = stopping_;
  if (now < write_again_ && !stopping_) return batch;
  for (; !lines_.empty() && batch.text.size() < kBatchBytes; lines_.pop_front()) {
    batch.text += lines_.front();
    ++batch.lines;
  }
  if (lost_ > 0 && (now >= tell_lost_ || stopping_)) {
    tell_lost_ = now + kPause;
    batch.lost = std::exchange(lost_, 0);
    batch.text += LossLine(++number_, batch.lost);
  }
  return batch;
}

// What could not be written is lost; true when that is how it ends.
bool AuditLog::GiveUp(const Batch& batch, const Error& error) {
  int64_t lost = 0;
  {
    MutexLock lock(mutex_);
    lost_ += batch.lines + batch.lost;
    lost = lost_;
    write_again_ = MonotonicNow() + kPause;
  }
  if (batch.last || !std::exchange(complained_, true)) {
    LogError(
        kComponent,
        "-",
        "cannot write who did what",
        {{"file", options_.file}, {"lost", std::to_string(lost)}, {"error", error.ToString()}});
  }
  return batch.last;
}

Status AuditLog::Append(const std::string& text) {
  if (file_ != nullptr && size_ > 0 &&
      size_ + static_cast<int64_t>(text.size()) > options_.max_bytes) {
    WEIR_RETURN_IF_ERROR(Rotate());
  }
  if (file_ == nullptr) {
    WEIR_ASSIGN_OR_RETURN(file_, files_.OpenForAppending(options_.file, kMode));
    WEIR_ASSIGN_OR_RETURN(const FileInfo info, files_.Stat(options_.file));
    size_ = info.size;
  }
  Status written = file_->Append(text);
  if (written.ok()) {
    size_ += static_cast<int64_t>(text.size());
  } else if (const Status cut = files_.Truncate(options_.file, size_); !cut.ok()) {
    // The next line is behind a torn one then.
    LogWarn(kComponent, "-", "cannot cut", {{"error", cut.error().ToString()}});
  }
  return written;
}

// FILE.1 is the newest of the older ones.
Status AuditLog::Rotate() {
  const auto older = [this](int number) { return options_.file + "." + std::to_string(number); };
  const Status closed = std::exchange(file_, nullptr)->Close();
  if (!closed.ok()) {
    LogWarn(kComponent, "-", "cannot close", {{"error", closed.error().ToString()}});
  }
  if (options_.kept_files == 0) return files_.Remove(options_.file);
  for (int number = options_.kept_files - 1; number > 0; --number) {
    const Status moved = files_.Rename(older(number), older(number + 1));
    if (!moved.ok() && moved.error().code != ErrorCode::kNotFound) return moved.error();
  }
  return files_.Rename(options_.file, older(1));
}

}  // namespace weir::platform
