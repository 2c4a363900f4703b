// `weir security` as people type it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/temp_directory.h"

namespace weir::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class SecurityCommand : public ::testing::Test {
 protected:
  CommandResult Weir(std::vector<std::string> words) {
    words.insert(words.begin(), {std::string(getenv("WEIR_BIN_DIR")) + "/weir", "security"});
    words.insert(words.end(), {"-D", "weir.work.dir=" + directory_.path()});
    return RunCommand(words);
  }
  std::string Path(const std::string& name) { return directory_.path() + "/" + name; }
  int ModeOf(const std::string& name) {
    struct stat info {};
    return ::stat(Path(name).c_str(), &info) == 0 ? static_cast<int>(info.st_mode & 07777) : -1;
  }

  TempDirectory directory_;
};

TEST_F(SecurityCommand, MakesRenewsAndShows) {
  const CommandResult made = Weir({"init", "-cluster", "prod"});
  ASSERT_EQ(made.exit_code, 0) << made.ToString();
  EXPECT_THAT(made.out, HasSubstr("authority of cluster prod in " + Path("authority")));
  EXPECT_EQ(ModeOf("authority"), 0700);
  EXPECT_EQ(ModeOf("authority/ca.key"), 0400);
  EXPECT_EQ(ModeOf("authority/ca.crt"), 0444);

  const CommandResult issued = Weir({"issue",
                                     "-role",
                                     "rm",
                                     "-name",
                                     "rm1",
                                     "-host",
                                     "rm1.example.org",
                                     "-host",
                                     "10.0.0.5",
                                     "-days",
                                     "30",
                                     "-out",
                                     Path("rm1.pem")});
  ASSERT_EQ(issued.exit_code, 0) << issued.ToString();
  EXPECT_THAT(issued.out, HasSubstr(Path("rm1.pem") + ": weir://prod/rm/rm1 until "));
  EXPECT_THAT(issued.out + issued.err, Not(HasSubstr("PRIVATE")));
  EXPECT_EQ(ModeOf("rm1.pem"), 0400);
  const std::string before = ReadWholeFile(Path("rm1.pem"));

  const CommandResult shown = Weir({"show", Path("rm1.pem")});
  EXPECT_EQ(shown.exit_code, 0) << shown.ToString();
  EXPECT_THAT(shown.out,
              AllOf(HasSubstr("Identity : weir://prod/rm/rm1\n"),
                    HasSubstr("Hosts : rm1.example.org, 10.0.0.5\n"),
                    Not(HasSubstr("PRIVATE"))));
  EXPECT_THAT(Weir({"show", Path("rm1.pem"), "-o", "json"}).out,
              HasSubstr("\"hosts\":[\"rm1.example.org\",\"10.0.0.5\"]"));

  const CommandResult renewed = Weir({"renew", Path("rm1.pem")});
  EXPECT_EQ(renewed.exit_code, 0) << renewed.ToString();
  EXPECT_EQ(ModeOf("rm1.pem"), 0400);
  EXPECT_NE(ReadWholeFile(Path("rm1.pem")), before);
  EXPECT_THAT(Weir({"show", Path("rm1.pem")}).out,
              HasSubstr("Hosts : rm1.example.org, 10.0.0.5\n"));
}

TEST_F(SecurityCommand, NamesWhatIsWrong) {
  const CommandResult none = Weir({"issue", "-role", "user", "-name", "ann"});
  EXPECT_NE(none.exit_code, 0);
  EXPECT_THAT(none.err, AllOf(HasSubstr("ca.key"), HasSubstr("weir security init")));
  ASSERT_EQ(Weir({"init"}).exit_code, 0);
  const std::string key = ReadWholeFile(Path("authority/ca.key"));
  const CommandResult twice = Weir({"init"});
  EXPECT_EQ(twice.exit_code, 6) << twice.ToString();
  EXPECT_THAT(twice.err, HasSubstr("has an authority already"));
  EXPECT_EQ(ReadWholeFile(Path("authority/ca.key")), key);

  EXPECT_THAT(Weir({"issue", "-role", "boss", "-name", "ann"}).err,
              HasSubstr("rm, nm, am and user"));
  EXPECT_THAT(Weir({"issue", "-role", "nm", "-name", "n1"}).err, HasSubstr("-host"));
  const std::vector<std::string> ann = {
      "issue", "-role", "user", "-name", "ann", "-out", Path("ann.pem")};
  ASSERT_EQ(Weir(ann).exit_code, 0);
  const CommandResult again = Weir(ann);
  EXPECT_EQ(again.exit_code, 6) << again.ToString();
  EXPECT_THAT(again.err, HasSubstr("weir security renew"));

  WriteWholeFile(Path("other.pem"), "no certificate");
  EXPECT_NE(Weir({"renew", Path("other.pem")}).exit_code, 0);
  EXPECT_EQ(ReadWholeFile(Path("other.pem")), "no certificate");
  ASSERT_EQ(Weir({"init", "-dir", Path("second")}).exit_code, 0);
  const CommandResult foreign = Weir({"renew", Path("ann.pem"), "-dir", Path("second")});
  EXPECT_NE(foreign.exit_code, 0);
  EXPECT_THAT(foreign.err, HasSubstr("is not of this cluster's authority"));
  EXPECT_EQ(Weir({"shine"}).exit_code, 2);
  EXPECT_EQ(Weir({"renew"}).exit_code, 2);
}

}  // namespace
}  // namespace weir::testing
