// SmallDisk: a file system of some megabytes in a directory of its own, for tests that fill it.
// Needs the right to mount; without it, mounted() is false. Single-threaded.
#ifndef WEIR_TESTS_INTEGRATION_SMALL_DISK_H_
#define WEIR_TESTS_INTEGRATION_SMALL_DISK_H_

#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>

#include "tests/support/temp_directory.h"

namespace weir::testing {

class SmallDisk {
 public:
  explicit SmallDisk(int megabytes) {
    const std::string size = "size=" + std::to_string(megabytes) + "m,mode=0755";
    mounted_ = ::mount("tmpfs", path().c_str(), "tmpfs", 0, size.c_str()) == 0;
    error_ = errno;
  }
  // Unmounts.
  ~SmallDisk() {
    if (mounted_) {
      EXPECT_EQ(::umount2(path().c_str(), MNT_DETACH), 0);
    }
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  std::string WhyNot() const {
    return std::string("cannot mount a tmpfs: ") + std::strerror(error_);
  }
  const std::string& path() const { return directory_.path(); }
  // All but the last `bytes` that are free.
  void FillUpTo(int64_t bytes) {
    const auto space = std::filesystem::space(path());
    filler_ = path() + "/filler";
    WriteWholeFile(
        filler_,
        std::string(static_cast<size_t>(static_cast<int64_t>(space.available) - bytes), 'x'));
  }
  void MakeRoom() { std::filesystem::remove(filler_); }
  // As the kernel does when it finds a broken file system.
  ::testing::AssertionResult SetReadOnly(bool read_only) {
    const auto change = read_only ? static_cast<unsigned long>(MS_RDONLY) : 0UL;
    const unsigned long flags = static_cast<unsigned long>(MS_REMOUNT) | change;
    if (::mount("tmpfs", path().c_str(), "tmpfs", flags, nullptr) == 0) {
      return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << "cannot remount: " << std::strerror(errno);
  }

 private:
  TempDirectory directory_;
  bool mounted_ = false;
  int error_ = 0;
  std::string filler_;
};

}  // namespace weir::testing

#endif  // WEIR_TESTS_INTEGRATION_SMALL_DISK_H_
