// Discovery of indices by real programs: good, bad, hanging and not to be trusted.
#include "nodemanager/executor/device_discovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>

#include "tests/support/temp_directory.h"
#include "tests/support/wait_until.h"

namespace weir::nm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Discovery : public ::testing::Test {
 protected:
  // A shell script in the test's directory.
  std::string Script(const std::string& body, mode_t mode = 0755) {
    const std::string path = directory_ / "nvidia-smi";
    weir::testing::WriteWholeFile(path, "#!/bin/sh\n" + body + "\n");
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }
  Result<std::vector<Device>> Run(const std::string& path, Duration timeout = seconds(60)) {
    return DiscoverDevices(
        {.type = "yarn.io/gpu", .key = "the.key", .path = path, .timeout = timeout});
  }
  // The message; "" and a failure when it found something.
  std::string Fault(const std::string& body, ErrorCode code = ErrorCode::kFailedPrecondition) {
    const std::string path = Script(body);
    const auto devices = Run(path);
    EXPECT_FALSE(devices.ok());
    if (devices.ok()) return "";
    EXPECT_EQ(devices.error().code, code) << devices.error().ToString();
    EXPECT_THAT(devices.error().message,
                StartsWith("the indices of yarn.io/gpu cannot be discovered (the.key): " + path));
    EXPECT_FALSE(devices.error().remedy.empty());
    return devices.error().message;
  }

  const weir::testing::TempDirectory directory_;
};

TEST_F(Discovery, TakesWhatTheProgramWrites) {
  const std::string path = Script("[ \"$1\" = -L ] && echo '1:5 slow' && echo 0:4");
  EXPECT_THAT(Run(path).value(), ElementsAre(Device{0, 4}, Device{1, 5}));
  EXPECT_THAT(Run(directory_.path()).value(), ElementsAre(Device{0, 4}, Device{1, 5}))
      << "a directory with an nvidia-smi";
}

TEST_F(Discovery, TakesNvidiaSmi) {
  const auto devices =
      Run(Script("echo 'GPU 0: Tesla T4 (UUID: GPU-1)'; echo 'warning' >&2\n"
                 "echo 'GPU 1: Tesla T4 (UUID: GPU-2)'"));
  EXPECT_THAT(devices.value(), ElementsAre(Device{0, 0}, Device{1, 1}));
}

TEST_F(Discovery, NamesTheLineThatIsNoDevice) {
  EXPECT_THAT(Fault("echo 0; echo one"), HasSubstr("line 2 of its output, 'one', is no device"));
  EXPECT_THAT(Fault("true"), HasSubstr("its output has no line with a device"));
  EXPECT_THAT(Fault("echo 0; echo 0"), HasSubstr("index 0 stands twice"));
}

TEST_F(Discovery, SaysHowTheProgramFailed) {
  EXPECT_THAT(Fault("echo 0; echo no driver >&2; exit 9"),
              HasSubstr("-L ended with status 9, last words: no driver"));
  EXPECT_THAT(Fault("kill -9 $$"), HasSubstr("-L died of signal 9"));
  EXPECT_THAT(Fault("head -c 70000 /dev/zero"), HasSubstr("wrote more than 65536 bytes"));
}

// Also one that never stops writing, and what it has started.
TEST_F(Discovery, KillsAProgramThatHangs) {
  const std::string pid_file = directory_ / "pid";
  for (const char* body : {"sleep 1000", "yes", "while :; do echo x >&2; done"}) {
    const std::string path = Script("sleep 1000 & echo $! >" + pid_file + ".new; mv " + pid_file +
                                    ".new " + pid_file + "\n" + body);
    const auto devices = Run(path, milliseconds(700));
    ASSERT_FALSE(devices.ok());
    EXPECT_EQ(devices.error().code, ErrorCode::kDeadlineExceeded);
    EXPECT_THAT(devices.error().message, HasSubstr("did not end within 700 ms and was killed"));
    if (!weir::testing::Exists(pid_file)) continue;  // it was not that far
    const std::string text = weir::testing::ReadWholeFile(pid_file);
    pid_t pid = 0;
    std::from_chars(text.data(), text.data() + text.size(), pid);
    ASSERT_GT(pid, 1);
    EXPECT_TRUE(weir::testing::WaitUntil([&] { return ::kill(pid, 0) != 0; },
                                         "what it started to be gone"));
  }
}

TEST_F(Discovery, RefusesWhatOthersMayChange) {
  for (const mode_t mode : {0775u, 0757u, 0777u}) {
    const auto devices = Run(Script("echo 0", mode));
    ASSERT_FALSE(devices.ok());
    EXPECT_EQ(devices.error().code, ErrorCode::kPermissionDenied);
    EXPECT_THAT(devices.error().remedy, HasSubstr("chmod go-w"));
  }
  if (::geteuid() != 0) GTEST_SKIP() << "the owner can be changed by root only";
  const std::string path = Script("echo 0");
  ASSERT_EQ(::chown(path.c_str(), 65'534, 65'534), 0);
  EXPECT_EQ(Run(path).error().code, ErrorCode::kPermissionDenied);
}

TEST_F(Discovery, RefusesWhatIsNoProgram) {
  EXPECT_EQ(Run(directory_ / "none").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(Run("/dev/null").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(Run(Script("echo 0", 0644)).error().code, ErrorCode::kNotFound);
  const std::string path = directory_ / "bad";
  weir::testing::WriteWholeFile(path, "#!/no/such/interpreter\n");
  ASSERT_EQ(::chmod(path.c_str(), 0755), 0);
  EXPECT_EQ(Run(path).error().code, ErrorCode::kFailedPrecondition);
}

}  // namespace
}  // namespace weir::nm
