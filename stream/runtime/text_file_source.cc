#include "stream/runtime/text_file_source.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace weir::stream {
namespace {

constexpr int64_t kLinesPerPublish = 256;

}  // namespace

TextFileSource::TextFileSource(TaskContext& context,
                               std::vector<TextSplit> splits,
                               size_t read_bytes)
    : context_(context), splits_(std::move(splits)), read_bytes_(read_bytes) {}

TextFileSource::~TextFileSource() {
  CloseFile();
}

void TextFileSource::CloseFile() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

void TextFileSource::FailFile(const char* what) {
  const std::string& path = splits_[next_split_ - 1].path;
  context_.Fail("cannot " + std::string(what) + " input file " + path + ": " +
                std::strerror(errno));
  CloseFile();
}

bool TextFileSource::OpenNext() {
  const TextSplit& split = splits_[next_split_++];
  fd_ = open(split.path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0) {
    FailFile("open");
    return false;
  }
  position_ = split.begin;
  end_ = split.end;
  taken_ = filled_ = 0;
  at_end_of_file_ = false;
  if (split.begin == 0) return true;
  // The byte before decides whether a line begins at the first byte.
  --position_;
  return SkipFirstPartialLine();
}

bool TextFileSource::SkipFirstPartialLine() {
  while (position_ < end_) {
    if (taken_ == filled_ && !Fill()) break;
    const char* begin = buffer_.data() + taken_;
    const void* newline = std::memchr(begin, '\n', filled_ - taken_);
    const size_t skipped = newline == nullptr
                               ? filled_ - taken_
                               : static_cast<size_t>(static_cast<const char*>(newline) - begin) + 1;
    taken_ += skipped;
    position_ += static_cast<int64_t>(skipped);
    if (newline != nullptr) break;
  }
  return fd_ >= 0;
}

bool TextFileSource::Fill() {
  if (at_end_of_file_ || fd_ < 0) return false;
  if (taken_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + taken_, filled_ - taken_);
    filled_ -= taken_;
    taken_ = 0;
  }
  if (filled_ > kLineBytesMax) {
    errno = EFBIG;
    FailFile("split into lines (one has more than 64 MiB)");
    return false;
  }
  if (buffer_.size() < filled_ + read_bytes_) buffer_.resize((filled_ + read_bytes_) * 2);
  ssize_t count = 0;
  do {
    count = pread(fd_,
                  buffer_.data() + filled_,
                  read_bytes_,
                  static_cast<off_t>(position_ + static_cast<int64_t>(filled_)));
  } while (count < 0 && errno == EINTR);
  if (count < 0) {
    FailFile("read");
    return false;
  }
  at_end_of_file_ = count == 0;
  filled_ += static_cast<size_t>(count);
  return count > 0;
}

bool TextFileSource::NextInSplit(std::string_view& line) {
  if (position_ >= end_) return false;
  size_t searched = 0;
  size_t length = 0;
  size_t terminator = 1;
  while (true) {
    const char* begin = buffer_.data() + taken_;
    const void* newline = std::memchr(begin + searched, '\n', filled_ - taken_ - searched);
    if (newline != nullptr) {
      length = static_cast<size_t>(static_cast<const char*>(newline) - begin);
      break;
    }
    searched = filled_ - taken_;
    if (Fill()) continue;
    if (fd_ < 0 || searched == 0) return false;
    length = searched;
    terminator = 0;
    break;
  }
  line = std::string_view(buffer_.data() + taken_, length);
  if (terminator == 1 && line.ends_with('\r')) line.remove_suffix(1);
  taken_ += length + terminator;
  position_ += static_cast<int64_t>(length + terminator);
  bytes_ += static_cast<int64_t>(length + terminator);
  return true;
}

void TextFileSource::Publish() {
  RecordCounters::Add(context_.counters().records_in, lines_);
  RecordCounters::Add(context_.counters().bytes_in, bytes_);
  lines_ = bytes_ = 0;
}

bool TextFileSource::Next(std::string_view& line) {
  if (lines_ >= kLinesPerPublish) {
    Publish();
    context_.FlushIfDue();
  }
  while (!context_.stopped()) {
    if (fd_ >= 0 && NextInSplit(line)) {
      ++lines_;
      return true;
    }
    CloseFile();
    if (context_.stopped() || next_split_ == splits_.size() || !OpenNext()) break;
  }
  Publish();
  return false;
}

}  // namespace weir::stream
