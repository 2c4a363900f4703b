// Sinks: lines into a part file, or onto the TaskManager's standard output.
//
// A part file has no name while it is written: whatever becomes of the TaskManager, nothing of it
// stays. It is synced at the end of the input. When its job is committed it gets its hidden name
// (stream/graph/part_files.h) and then `<dir>/part-<subtask>`. The hidden name stays beside that
// until the job has ended, and proves then whose file it is: when the job fails after all, the
// JobManager withdraws what was published. Where files cannot be without a name (NFS), it is
// written under its hidden name. A directory that has part files already is refused when the task
// is deployed. Owner: its task. Single-threaded, but PrintTarget, which is thread-safe.
#ifndef WEIR_STREAM_RUNTIME_TEXT_FILE_SINK_H_
#define WEIR_STREAM_RUNTIME_TEXT_FILE_SINK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/result.h"
#include "platform/file_system.h"
#include "platform/mutex.h"
#include "stream/api/task_context.h"

namespace weir::stream {

// A file that waits for its job's commit.
struct PendingFile {
  std::string in_progress;
  std::string final;
  // Holds the file while it has no name; null when it was made under its hidden one.
  std::shared_ptr<platform::UnnamedFile> unnamed;
};

// Publishes it: both names are the file's afterwards; where there are no hard links, it is renamed.
// Repeating it is no fault. kAlreadyExists: another file has the final name; else the errors of
// FileSystem. One caller at a time.
Status CommitFile(platform::FileSystem& files, const PendingFile& file);
// Deletes the hidden name, and with it the file if it was not committed; one without a name goes
// with the last PendingFile that holds it.
Status DiscardFile(platform::FileSystem& files, const PendingFile& file);

// A sink that the task closes.
class ClosableSink : public LineSink {
 public:
  // Everything is out; the errors of what was written come here at the latest.
  virtual Status Close() = 0;
  // After a failure or a cancellation.
  virtual void Abandon() = 0;
  // For a task about to wait: what waits in memory goes out, if readers would miss it.
  virtual void Flush() {}
};

struct TextFileSinkOptions {
  std::string directory;
  std::string job;
  std::string execution;
  int32_t subtask = 0;
};

class TextFileSink final : public ClosableSink {
 public:
  static constexpr size_t kWriteBytes = 256u << 10;

  // Makes the directory if needed. kFailedPrecondition: it has part files, or is no directory; else
  // the errors of FileSystem. `context` is failed by errors that come later.
  static Result<std::unique_ptr<TextFileSink>> Open(platform::FileSystem& files,
                                                    TaskContext& context,
                                                    const TextFileSinkOptions& options);

  void Append(std::string_view line) override;
  Status Close() override;
  void Abandon() override;
  const PendingFile& pending() const { return pending_; }

 private:
  TextFileSink(platform::FileSystem& files, TaskContext& context, PendingFile pending)
      : files_(files), context_(context), pending_(std::move(pending)) {}
  Status Create();
  Status Write();

  platform::FileSystem& files_;
  TaskContext& context_;
  PendingFile pending_;
  std::shared_ptr<platform::WritableFile> file_;  // null when closed; or it is pending_.unnamed
  std::string buffer_;
  int64_t lines_ = 0;  // not yet in the counters
};

// Where print sinks of all tasks write: whole lines to a file descriptor. Thread-safe.
class PrintTarget {
 public:
  explicit PrintTarget(int fd) : fd_(fd) {}
  // Requires: ends with a newline.
  Status Write(std::string_view lines);

 private:
  const int fd_;
  platform::Mutex mutex_;
};

// Prefixes "<subtask + 1>> " when there are several tasks, as Flink does.
class PrintSink final : public ClosableSink {
 public:
  static constexpr size_t kWriteBytes = 4096;

  PrintSink(PrintTarget& target, TaskContext& context);
  void Append(std::string_view line) override;
  Status Close() override;
  void Abandon() override { buffer_.clear(); }
  void Flush() override;

 private:
  Status Write();

  PrintTarget& target_;
  TaskContext& context_;
  std::string prefix_;
  std::string buffer_;
  int64_t lines_ = 0;
};

}  // namespace weir::stream

#endif  // WEIR_STREAM_RUNTIME_TEXT_FILE_SINK_H_
