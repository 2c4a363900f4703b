// TextFileSource: the lines of byte ranges of files.
//
// A line belongs to the range in which its first byte lies, so that ranges that partition a file
// give each of its lines exactly once. A line ends with \n, or \r\n, or with the file; the end is
// not part of it. A line of more than kLineBytesMax fails the task.
// Owner: its task. Single-threaded.
#ifndef WEIR_STREAM_RUNTIME_TEXT_FILE_SOURCE_H_
#define WEIR_STREAM_RUNTIME_TEXT_FILE_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "stream/api/task_context.h"

namespace weir::stream {

// The bytes [begin, end) of a file.
struct TextSplit {
  std::string path;
  int64_t begin = 0;
  int64_t end = 0;
  bool operator==(const TextSplit&) const = default;
};

class TextFileSource final : public LineSource {
 public:
  static constexpr size_t kReadBytes = 512u << 10;
  static constexpr size_t kLineBytesMax = 64u << 20;

  // `read_bytes` is how much is read at once (small in tests).
  TextFileSource(TaskContext& context,
                 std::vector<TextSplit> splits,
                 size_t read_bytes = kReadBytes);
  ~TextFileSource() override;

  // Fails the context when a file cannot be opened or read, naming it.
  bool Next(std::string_view& line) override;

 private:
  bool OpenNext();
  void CloseFile();
  // Reads behind what is there; false at the end of the file or after a failure.
  bool Fill();
  bool SkipFirstPartialLine();
  bool NextInSplit(std::string_view& line);
  void FailFile(const char* what);
  void Publish();

  TaskContext& context_;
  const std::vector<TextSplit> splits_;
  const size_t read_bytes_;
  size_t next_split_ = 0;
  int fd_ = -1;
  bool at_end_of_file_ = false;
  int64_t position_ = 0;  // in the file, of the first byte not yet taken
  int64_t end_ = 0;
  std::string buffer_;
  size_t taken_ = 0;   // bytes of the buffer that were given out
  size_t filled_ = 0;  // bytes of the buffer that are file content
  int64_t lines_ = 0;  // not yet in the counters
  int64_t bytes_ = 0;
};

}  // namespace weir::stream

#endif  // WEIR_STREAM_RUNTIME_TEXT_FILE_SOURCE_H_
