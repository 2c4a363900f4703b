// AuditLog: who changed what, and who was refused: one JSON object per line, in a file of its own.
//
//   {"number":7,"time":"2026-11-30T23:59:41.123Z","service":"client","who":"user ann",
//    "from":"unix:4711","what":"killApplication","object":"application_1_0001","result":"done"}
//
// result is "done", "refused" (with code, reason: nothing was done), "failed" (the same, for
// another cause than who asked) or "unknown" (the caller left before it was answered). Arguments,
// tokens and secrets are never in it.
//
// Adding never waits: lines go through a queue to a thread. What finds the queue full, or cannot be
// written, is lost; so are refusals above some hundred a second, which would push the changes out
// of the files. How many were lost is itself a line ({"lost":3,...}), as soon as one can be
// written; and the numbers have a gap. A file that is full becomes FILE.1, and FILE.1 FILE.2; the
// last is deleted.
//
// Thread-safe. Owner: the daemon; outlives whoever adds.
#ifndef WEIR_PLATFORM_AUDIT_LOG_H_
#define WEIR_PLATFORM_AUDIT_LOG_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "common/result.h"
#include "common/time.h"
#include "platform/audit_options.h"
#include "platform/ended_call.h"
#include "platform/file_system.h"
#include "platform/mutex.h"

namespace weir::platform {

class AuditLog {
 public:
  // Opens the file, or makes it, 0600. Errors: those of FileSystem::OpenForAppending.
  static Result<std::unique_ptr<AuditLog>> Open(AuditOptions options,
                                                FileSystem& files = FileSystem::Real());
  // Writes what is in the queue.
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  void Add(std::string_view service, const EndedCall& call);

 private:
  // What the thread writes at once.
  struct Batch {
    std::string text;  // "" = it is over
    int64_t lines = 0;
    int64_t lost = 0;  // told of in the text
    bool last = false;
  };

  AuditLog(AuditOptions options,
           FileSystem& files,
           std::unique_ptr<WritableFile> file,
           int64_t size);

  bool TakeRefusal(Instant now) WEIR_REQUIRES(mutex_);
  void Run();
  Batch Await();
  Batch Take(Instant now) WEIR_REQUIRES(mutex_);
  bool GiveUp(const Batch& batch, const Error& error);
  Status Append(const std::string& text);
  Status Rotate();

  const AuditOptions options_;
  FileSystem& files_;

  Mutex mutex_;
  ConditionVariable changed_;
  std::deque<std::string> lines_ WEIR_GUARDED_BY(mutex_);
  int64_t number_ WEIR_GUARDED_BY(mutex_) = 0;                    // of the line before
  int64_t lost_ WEIR_GUARDED_BY(mutex_) = 0;                      // and not told yet
  Instant tell_lost_ WEIR_GUARDED_BY(mutex_) = Instant::min();    // not before
  Instant write_again_ WEIR_GUARDED_BY(mutex_) = Instant::min();  // not before
  Instant second_ WEIR_GUARDED_BY(mutex_) = Instant::min();
  int refusals_ WEIR_GUARDED_BY(mutex_) = 0;  // since then
  bool stopping_ WEIR_GUARDED_BY(mutex_) = false;

  // Of the thread.
  std::unique_ptr<WritableFile> file_;  // null: it could not be opened
  int64_t size_ = 0;
  bool complained_ = false;

  std::thread thread_;
};

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_AUDIT_LOG_H_
