// TempDirectory: a fresh directory for one test, removed with the object; kept, and named on
// standard error, when the test has failed. Single-threaded.
#ifndef WEIR_TESTS_SUPPORT_TEMP_DIRECTORY_H_
#define WEIR_TESTS_SUPPORT_TEMP_DIRECTORY_H_

#include <string>
#include <string_view>

namespace weir::testing {

class TempDirectory {
 public:
  TempDirectory();
  ~TempDirectory();
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

// The whole file; a failure of the test when it cannot be read.
std::string ReadWholeFile(const std::string& path);
void WriteWholeFile(const std::string& path, std::string_view content);
bool Exists(const std::string& path);

}  // namespace weir::testing

#endif  // WEIR_TESTS_SUPPORT_TEMP_DIRECTORY_H_
