#include "tests/support/temp_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "common/check.h"
#include "platform/remove_tree.h"

namespace weir::testing {

TempDirectory::TempDirectory() {
  const char* base = std::getenv("TMPDIR");
  path_ = std::string(base == nullptr || *base == '\0' ? "/tmp" : base) + "/weir-test-XXXXXX";
  WEIR_CHECK(::mkdtemp(path_.data()) != nullptr, "a temporary directory can be made: " + path_);
}

TempDirectory::~TempDirectory() {
  if (::testing::Test::HasFailure()) {
    std::fprintf(stderr, "the test's files are kept in %s\n", path_.c_str());
    return;
  }
  const Status removed = platform::RemoveDirectoryTree(path_);
  EXPECT_TRUE(removed.ok()) << removed.error().ToString();
}

std::string ReadWholeFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  EXPECT_TRUE(stream.is_open()) << path;
  std::ostringstream content;
  content << stream.rdbuf();
  return content.str();
}

void WriteWholeFile(const std::string& path, std::string_view content) {
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream << content;
  stream.close();
  EXPECT_TRUE(stream.good()) << path;
}

bool Exists(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

}  // namespace weir::testing
