// The verdict of the bench 'failover': what it must not overlook, and what it must not hold against
// anybody.
#include "tests/bench/failover_journal.h"

#include <gtest/gtest.h>

#include <functional>

namespace weir::bench {
namespace {

const ApplicationId kApplication{.cluster_timestamp = 1'700'000'000'000, .sequence = 1};
const AttemptId kFirst{.application = kApplication, .number = 1};
const AttemptId kSecond{.application = kApplication, .number = 2};
const ContainerId kMaster = ContainerId::Make(kFirst, Epoch{1}, 1);
const ContainerId kWorker = ContainerId::Make(kFirst, Epoch{1}, 2);

Instant At(int64_t ms) {
  return Instant(milliseconds(ms));
}

struct Row {
  const char* what;
  std::function<void(FailoverJournal&)> happens;
  FailoverBooks books;
  size_t lost = 0;
  size_t duplicated = 0;
  size_t disturbed = 0;
};

// An application that was acknowledged, with its ApplicationMaster and a worker.
void Begin(FailoverJournal& journal) {
  journal.Acknowledged(kApplication);
  journal.Started(kMaster, At(1));
  journal.Started(kWorker, At(2));
}

const FailoverBooks kAll{.applications = {kApplication}, .containers = {kMaster, kWorker}};
const FailoverBooks kMasterOnly{.applications = {kApplication}, .containers = {kMaster}};

const std::vector<Row> kRows = {
    {"all is known and runs", [](FailoverJournal&) {}, kAll},
    {"a container that was given back is gone",
     [](FailoverJournal& journal) {
       journal.GivenBack(kWorker);
       journal.ToldToStop(kWorker);
       journal.ToldEnded(kWorker);
     },
     kMasterOnly},
    {"an end is told of a container that never was started",
     [](FailoverJournal& journal) { journal.ToldEnded(ContainerId::Make(kFirst, Epoch{1}, 3)); },
     kAll},
    {"a stop that is said again",
     [](FailoverJournal& journal) {
       journal.GivenBack(kWorker);
       journal.ToldToStop(kWorker);
       journal.ToldToStop(kWorker);
     },
     kMasterOnly},
    {"the application is not known any more",
     [](FailoverJournal&) {},
     {.applications = {}, .containers = {kMaster, kWorker}},
     1},
    {"a container that runs is not known any more", [](FailoverJournal&) {}, kMasterOnly, 1},
    {"a container is known that runs nowhere",
     [](FailoverJournal&) {},
     {.applications = {kApplication},
      .containers = {kMaster, kWorker, ContainerId::Make(kFirst, Epoch{2}, 4)}},
     1},
    {"an end is told of a container that runs",
     [](FailoverJournal& journal) { journal.ToldEnded(kWorker); },
     kAll,
     1},
    {"a container is started twice",
     [](FailoverJournal& journal) { journal.Started(kWorker, At(3)); },
     kAll,
     0,
     1},
    {"a second attempt while the first one runs",
     [](FailoverJournal& journal) {
       journal.Started(ContainerId::Make(kSecond, Epoch{2}, 1), At(3));
     },
     {.applications = {kApplication},
      .containers = {kMaster, kWorker, ContainerId::Make(kSecond, Epoch{2}, 1)}},
     0,
     1},
    {"the same attempt once more, after its end",
     [](FailoverJournal& journal) {
       journal.GivenBack(kMaster);
       journal.ToldToStop(kMaster);
       journal.Started(ContainerId::Make(kFirst, Epoch{2}, 1), At(3));
     },
     {.applications = {kApplication},
      .containers = {kWorker, ContainerId::Make(kFirst, Epoch{2}, 1)}},
     0,
     1},
    {"a second attempt after the end of the first one",
     [](FailoverJournal& journal) {
       journal.GivenBack(kMaster);
       journal.ToldToStop(kMaster);
       journal.Started(ContainerId::Make(kSecond, Epoch{2}, 1), At(3));
     },
     {.applications = {kApplication},
      .containers = {kWorker, ContainerId::Make(kSecond, Epoch{2}, 1)}}},
    {"a container is stopped that nobody has given back",
     [](FailoverJournal& journal) { journal.ToldToStop(kWorker); },
     kMasterOnly,
     0,
     0,
     1},
};

TEST(FailoverJournal, CountsWhatWasLostDoneTwiceAndDisturbed) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.what);
    FailoverJournal journal;
    Begin(journal);
    row.happens(journal);
    const FailoverVerdict verdict = journal.Judge(row.books);
    EXPECT_EQ(verdict.lost.size(), row.lost) << verdict.ToString();
    EXPECT_EQ(verdict.duplicated.size(), row.duplicated) << verdict.ToString();
    EXPECT_EQ(verdict.disturbed.size(), row.disturbed) << verdict.ToString();
  }
}

TEST(FailoverJournal, TheFirstOfALaterEpochIsAWorkerThatWasStarted) {
  FailoverJournal journal;
  Begin(journal);
  EXPECT_EQ(journal.FirstWorkerSince(Epoch{1}), std::nullopt);
  EXPECT_EQ(journal.FirstWorkerSince(Epoch{0}), At(2));
  journal.Started(ContainerId::Make(kSecond, Epoch{2}, 1), At(10));
  journal.ToldEnded(ContainerId::Make(kFirst, Epoch{2}, 5));
  EXPECT_EQ(journal.FirstWorkerSince(Epoch{1}), std::nullopt);
  journal.Started(ContainerId::Make(kFirst, Epoch{2}, 7), At(12));
  journal.Started(ContainerId::Make(kFirst, Epoch{2}, 6), At(14));
  EXPECT_EQ(journal.FirstWorkerSince(Epoch{1}), At(12));
  EXPECT_EQ(journal.FirstWorkerSince(Epoch{2}), std::nullopt);
}

}  // namespace
}  // namespace weir::bench
