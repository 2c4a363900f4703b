// What the judge of the journals sees and what it lets pass, on journals made by hand; and that
// the script writes what is read.
#include "tests/integration/container_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/process.h"
#include "tests/support/temp_directory.h"

namespace weir::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kFirst[] = "container_e01_1796052749517_0002_01_000002";
constexpr char kSecond[] = "container_e02_1796052749517_0002_01_000003";
// Of the next attempt; and the ApplicationMasters of both.
constexpr char kOfNext[] = "container_e02_1796052749517_0002_02_000002";
constexpr char kMaster[] = "container_e01_1796052749517_0002_01_000001";
constexpr char kNextMaster[] = "container_e02_1796052749517_0002_02_000001";
constexpr int64_t kAliveSince = 100'000;

Life MakeLife(const char* container, const std::string& text) {
  return ParseJournal(container, "7", text);
}

std::vector<std::string> Judge(const std::vector<Life>& lives, bool may_end = false) {
  return FindFaults(lives, kAliveSince, [may_end](const Life&) { return may_end; });
}

TEST(ContainerJournal, ALifeIsReadFromItsLines) {
  const Life life = MakeLife(kFirst,
                             "90.00 start t0 127.0.0.1\n90.20 beat\n91.00 beat\n91.20 asked\n"
                             "91.30 end\n91.");
  EXPECT_EQ(life.task, "t0");
  EXPECT_EQ(life.host, "127.0.0.1");
  EXPECT_EQ(life.first_ms, 90'000);
  EXPECT_EQ(life.last_ms, 91'300);
  EXPECT_EQ(life.longest_silence_ms, 800);
  EXPECT_TRUE(life.asked);
  EXPECT_TRUE(life.ended);
}

struct JudgeCase {
  const char* what;
  std::vector<std::pair<const char*, const char*>> journals;  // container, text
  const char* fault;                                          // "" = none
};

TEST(ContainerJournal, FaultsAreSeen) {
  const JudgeCase cases[] = {
      {"lives on", {{kFirst, "90.00 start t h\n100.10 beat\n"}}, ""},
      {"ran to its end", {{kFirst, "90.00 start t h\n91.00 end\n"}}, ""},
      {"replaced afterwards",
       {{kFirst, "90.00 start t h\n91.00 end\n"}, {kSecond, "91.01 start t h\n100.00 beat\n"}},
       ""},
      {"others at the same time",
       {{kFirst, "90.00 start t h\n100.00 beat\n"}, {kSecond, "91.00 start u h\n100.00 beat\n"}},
       ""},
      {"replaced too early",
       {{kFirst, "90.00 start t h\n92.00 end\n"}, {kSecond, "91.00 start t h\n100.00 beat\n"}},
       "two at once"},
      {"replaced in the same moment",
       {{kFirst, "90.00 start t h\n92.00 end\n"}, {kSecond, "92.00 start t h\n100.00 beat\n"}},
       "two at once"},
      {"a worker of the next attempt too early",
       {{kFirst, "90.00 start t h\n92.00 end\n"}, {kOfNext, "91.00 start t h\n100.00 beat\n"}},
       "two at once"},
      {"a worker of the next attempt afterwards",
       {{kFirst, "90.00 start t h\n91.00 end\n"}, {kOfNext, "91.01 start t h\n100.00 beat\n"}},
       ""},
      {"the next master too early",
       {{kMaster, "90.00 start t h\n92.00 end\n"}, {kNextMaster, "91.00 start t h\n100.00 beat\n"}},
       "two at once"},
      {"the same container twice",
       {{kFirst, "90.00 start t h\n91.00 end\n"}, {kFirst, "92.00 start t h\n100.00 beat\n"}},
       "started twice"},
      {"silent", {{kFirst, "90.00 start t h\n99.99 beat\n"}}, "gone without a cause"},
      {"asked to end",
       {{kFirst, "90.00 start t h\n99.00 asked\n100.00 beat\n"}},
       "asked to end without a cause"},
  };
  for (const JudgeCase& one : cases) {
    SCOPED_TRACE(one.what);
    std::vector<Life> lives;
    for (const auto& [container, text] : one.journals) lives.push_back(MakeLife(container, text));
    if (*one.fault == '\0') {
      EXPECT_THAT(Judge(lives), IsEmpty());
    } else {
      EXPECT_THAT(Judge(lives), ElementsAre(HasSubstr(one.fault)));
    }
  }
}

// The second life is over before the third begins, but the first is not.
TEST(ContainerJournal, ALongLifeBesideTwoShortOnesIsSeenBesideBoth) {
  const char* third = "container_e02_1796052749517_0002_01_000004";
  EXPECT_THAT(Judge({MakeLife(kFirst, "90.00 start t h\n99.00 end\n"),
                     MakeLife(kSecond, "91.00 start t h\n92.00 end\n"),
                     MakeLife(third, "93.00 start t h\n94.00 end\n")}),
              ElementsAre(HasSubstr(kSecond), HasSubstr(third)));
}

TEST(ContainerJournal, OverlapsAreMeasured) {
  const Life first = MakeLife(kFirst, "90.00 start t h\n92.50 beat\n");
  EXPECT_EQ(LongestOverlapMs({first, MakeLife(kOfNext, "92.60 start t h\n95.00 end\n")}), 0);
  EXPECT_EQ(LongestOverlapMs({first, MakeLife(kOfNext, "92.10 start t h\n95.00 end\n")}), 400);
  EXPECT_EQ(LongestOverlapMs({first, MakeLife(kOfNext, "92.10 start u h\n95.00 end\n")}), 0);
}

TEST(ContainerJournal, WhatSomethingWasDoneToMayEndButNotRunTwice) {
  const Life gone = MakeLife(kFirst, "90.00 start t h\n90.50 asked\n91.00 beat\n");
  EXPECT_THAT(Judge({gone}, true), IsEmpty());
  EXPECT_THAT(Judge({gone, MakeLife(kSecond, "90.90 start t h\n91.00 end\n")}, true),
              ElementsAre(HasSubstr("two at once")));
}

TEST(ContainerJournal, TheScriptWritesWhatIsRead) {
  const TempDirectory directory;
  WriteWholeFile(directory / "script", JournalScript(directory.path() + "/journals"));
  ASSERT_EQ(RunCommand({"mkdir", directory / "journals"}).exit_code, 0);
  const int64_t before = UptimeMs();
  const CommandResult ran = RunCommand(
      {"/bin/sh", directory / "script", "task", "/"},
      {{"CONTAINER_ID", kFirst}, {"NM_HOST", "127.0.0.9"}, {"WEIR_CONTAINER_INDEX", "3"}});
  ASSERT_EQ(ran.exit_code, 0) << ran.ToString();
  const std::vector<Life> lives = ReadJournals(directory / "journals");
  ASSERT_EQ(lives.size(), 1u);
  EXPECT_EQ(lives[0].container.ToString(), kFirst);
  EXPECT_EQ(lives[0].task, "task3");
  EXPECT_EQ(lives[0].host, "127.0.0.9");
  EXPECT_GE(lives[0].first_ms, before);
  EXPECT_LE(lives[0].last_ms, UptimeMs());
  EXPECT_TRUE(lives[0].ended);
}

}  // namespace
}  // namespace weir::testing
