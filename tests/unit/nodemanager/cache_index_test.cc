#include "nodemanager/executor/cache_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "common/random.h"

namespace weir::nm {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ContainerId IdOf(int64_t number) {
  return ContainerId::Make({{1'700'000'000'000, 7}, 1}, Epoch{1}, number);
}

CacheWish Wish(CacheTicket ticket, int64_t container, const std::string& path, int64_t bytes = 10) {
  return {.ticket = ticket,
          .container = IdOf(container),
          .path = path,
          .root = "/local",
          .source = "ann http://host/" + path,
          .bytes = bytes};
}

const Error kBroken{ErrorCode::kCorruption, "broken", ""};
const Error kRefused{ErrorCode::kPermissionDenied, "not you", ""};
const Error kCalledOff{ErrorCode::kAborted, "called off", ""};

std::vector<CacheTicket> Refused(const CacheDecisions& decisions) {
  std::vector<CacheTicket> tickets;
  for (const auto& refusal : decisions.refused) tickets.push_back(refusal.ticket);
  return tickets;
}

TEST(CacheTable, AnswersEveryPairOrCallsItInvalid) {
  size_t listed = 0;
  for (const CacheState state : kCacheStates) {
    for (const CacheTrigger trigger : kCacheTriggers) {
      const auto transition = FindTransition(kCacheTable, state, trigger);
      if (transition.kind != TransitionKind::kInvalid) ++listed;
    }
  }
  EXPECT_EQ(listed, kCacheRows.size());
}

TEST(CacheIndex, AFailureCountsForTheSameSourceAndAnotherOneTriesItsOwn) {
  CacheIndex index(1000);
  EXPECT_THAT(index.Want(Wish(1, 1, "a")).fetch, ElementsAre(1));
  EXPECT_THAT(index.Want(Wish(2, 2, "a")).fetch, IsEmpty());
  CacheWish elsewhere = Wish(3, 3, "a");
  elsewhere.source = "ann http://mirror/a";
  EXPECT_THAT(index.Want(elsewhere).fetch, IsEmpty());
  const CacheDecisions decisions = index.Failed("a", kBroken);
  EXPECT_THAT(Refused(decisions), ElementsAre(1, 2));
  EXPECT_THAT(decisions.fetch, ElementsAre(3));
  EXPECT_THAT(index.Fetched("a", 10).granted, ElementsAre(3));
  EXPECT_EQ(index.CheckInvariants(), "");
}

TEST(CacheIndex, ARefusalOfRightsCountsForTheOwnerAlone) {
  CacheIndex index(1000);
  index.Want(Wish(1, 1, "a"));
  index.Want(Wish(2, 2, "a"));
  const CacheDecisions decisions = index.Failed("a", kRefused);
  EXPECT_THAT(Refused(decisions), ElementsAre(1));
  EXPECT_THAT(decisions.fetch, ElementsAre(2));
  const CacheDecisions last = index.Failed("a", kRefused);
  EXPECT_THAT(Refused(last), ElementsAre(2));
  EXPECT_THAT(last.fetch, IsEmpty());
  EXPECT_EQ(index.size(), 0u);
  EXPECT_EQ(index.held(), 0);
}

TEST(CacheIndex, ATransferGoesOnWhileAnybodyWaits) {
  CacheIndex index(1000);
  index.Want(Wish(1, 1, "a"));
  index.Want(Wish(2, 2, "a"));
  EXPECT_THAT(index.CallOff(IdOf(1), kCalledOff).abandon, IsEmpty());
  EXPECT_THAT(index.CallOff(IdOf(2), kCalledOff).abandon, ElementsAre("a"));
  // Who comes before the transfer has noticed takes over.
  index.Want(Wish(3, 3, "a"));
  EXPECT_THAT(index.Failed("a", kCalledOff).fetch, ElementsAre(3));
}

TEST(CacheIndex, WhatIsWantedWhileItIsRemovedIsFetchedAfterwards) {
  CacheIndex index(5);
  index.Want(Wish(1, 1, "a"));
  index.Fetched("a", 10);
  EXPECT_THAT(index.Release(IdOf(1)).remove, ElementsAre("a"));
  EXPECT_THAT(index.Want(Wish(2, 2, "a")).fetch, IsEmpty());
  EXPECT_THAT(index.Removed("a").fetch, ElementsAre(2));
}

// Any history: every ticket is answered once, nothing in use goes, the bytes add up.
TEST(CacheIndex, HoldsItsInvariantsInAnyHistory) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    CacheIndex index(100);
    std::set<CacheTicket> open;
    std::map<CacheTicket, CacheWish> wishes;
    std::set<std::string> transfers;
    std::set<std::string> removals;
    std::map<std::string, std::multiset<ContainerId>> users;
    CacheTicket last = 0;
    const auto apply = [&](const CacheDecisions& decisions) {
      for (const CacheTicket ticket : decisions.granted) {
        ASSERT_EQ(open.erase(ticket), 1u) << "seed " << seed;
        users[wishes.at(ticket).path].insert(wishes.at(ticket).container);
      }
      for (const auto& refusal : decisions.refused) {
        ASSERT_EQ(open.erase(refusal.ticket), 1u) << "seed " << seed;
      }
      for (const CacheTicket ticket : decisions.fetch) {
        ASSERT_TRUE(transfers.insert(wishes.at(ticket).path).second) << "seed " << seed;
        ASSERT_FALSE(removals.contains(wishes.at(ticket).path)) << "seed " << seed;
      }
      for (const std::string& path : decisions.remove) {
        ASSERT_TRUE(users[path].empty()) << "seed " << seed << ": " << path << " is in use";
        ASSERT_TRUE(removals.insert(path).second) << "seed " << seed;
      }
    };
    for (int step = 0; step < 300; ++step) {
      const std::string path(1, static_cast<char>('a' + random.Below(6)));
      const int64_t container = static_cast<int64_t>(1 + random.Below(8));
      switch (random.Below(6)) {
        case 0:
        case 1: {
          CacheWish wish = Wish(++last, container, path, 20);
          wish.for_this_one = random.Below(8) == 0;
          open.insert(last);
          wishes[last] = wish;
          apply(index.Want(wish));
          break;
        }
        case 2:
          if (transfers.erase(path) == 1) apply(index.Fetched(path, 20));
          break;
        case 3:
          if (transfers.erase(path) == 1) {
            apply(index.Failed(path, random.Below(2) == 0 ? kBroken : kRefused));
          }
          break;
        case 4:
          for (auto& [used, by] : users) by.erase(IdOf(container));
          apply(index.Release(IdOf(container)));
          break;
        default:
          if (removals.erase(path) == 1) apply(index.Removed(path));
          break;
      }
      ASSERT_EQ(index.CheckInvariants(), "") << "seed " << seed << " step " << step;
    }
  }
}

}  // namespace
}  // namespace weir::nm
