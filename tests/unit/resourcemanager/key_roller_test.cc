// The shell of the keys, with a store whose writes end when the test says so.
#include "resourcemanager/server/key_roller.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "platform/clock.h"
#include "platform/event_loop.h"
#include "tests/unit/resourcemanager/held_store.h"

namespace weir::rm {
namespace {

constexpr std::chrono::seconds kPatience{60};  // a hang guard
constexpr KeyRingOptions kSlow{.interval = std::chrono::hours(24), .spread = std::chrono::hours(1)};
constexpr KeyRingOptions kFast{.interval = std::chrono::hours(24), .spread = milliseconds(20)};

class KeyRollerTest : public ::testing::Test {
 protected:
  void TearDown() override { loop_.Stop(); }

  void Start(const KeyRingOptions& options) {
    const store::TokenKeysRecord stored{.keys = {{1, std::string(32, 'k')}},
                                        .signer = 1,
                                        .next_step = platform::WallNow() + std::chrono::hours(23)};
    roller_ = std::make_unique<KeyRoller>(loop_,
                                          store_,
                                          Epoch{1},
                                          KeyRing(options, stored, platform::ReadClock()),
                                          [this](const Error& error) { lost_.set_value(error); });
    loop_.Start();
    roller_->Start();
  }
  std::future<Result<KeyRoll>> Roll() {
    const auto answer = std::make_shared<std::promise<Result<KeyRoll>>>();
    roller_->Roll("ann", [answer](Result<KeyRoll> roll) { answer->set_value(std::move(roll)); });
    return answer->get_future();
  }
  // Ends the next write; the record that it was.
  store::TokenKeysRecord Stored(const Status& status = {}) {
    const auto batch = store_.FinishOne(status);
    EXPECT_EQ(batch.size(), 1U);
    return std::get<store::TokenKeysRecord>(std::get<store::Put>(batch.at(0)).record);
  }
  // Returns when what was posted before has been worked on.
  void Settle() {
    loop_.PostAndWait([] {});
  }
  static KeyRoll Get(std::future<Result<KeyRoll>>& answer) {
    if (answer.wait_for(kPatience) != std::future_status::ready) {
      ADD_FAILURE() << "no answer";
      return {};
    }
    const Result<KeyRoll> roll = answer.get();
    EXPECT_TRUE(roll.ok());
    return roll.ok() ? *roll : KeyRoll{};
  }

  HeldStore store_;
  platform::EventLoop loop_{"test-core"};
  std::promise<Error> lost_;
  std::unique_ptr<KeyRoller> roller_;
};

TEST_F(KeyRollerTest, ANewKeyIsThereForNobodyBeforeItIsDurable) {
  Start(kSlow);
  auto answer = Roll();
  auto another = Roll();
  Settle();
  EXPECT_EQ(roller_->Current()->newest(), 1);
  EXPECT_EQ(answer.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  const store::TokenKeysRecord record = Stored();
  const KeyRoll roll = Get(answer);
  EXPECT_EQ(roll.next, 2);
  EXPECT_EQ(roll.dropped, 0) << "there is none before the one that signs";
  EXPECT_GT(roll.signs_in, std::chrono::minutes(59));
  EXPECT_EQ(Get(another).next, 2) << "the same roll";
  EXPECT_EQ(roller_->Current()->keys(), record.keys);
  EXPECT_EQ(roller_->Current()->signer(), 1);
  EXPECT_EQ(record.keys.at(2).size(), 32U);
  auto later = Roll();
  EXPECT_EQ(Get(later).next, 2) << "it goes on";
}

TEST_F(KeyRollerTest, AKeyThatLeakedIsGoneAfterTwoRolls) {
  Start(kFast);
  const auto before = roller_->Current();
  const platform::SignedToken leaked = before->Sign(AmTokenIdentifier{{{1, 1}, 1}});
  auto first = Roll();
  Stored();
  EXPECT_EQ(Get(first).next, 2);
  EXPECT_EQ(Stored().signer, 2);  // once all know it
  Settle();
  EXPECT_EQ(roller_->Current()->signer(), 2);
  EXPECT_TRUE(roller_->Current()->VerifyAm(leaked).ok());
  auto second = Roll();
  Stored();
  const KeyRoll roll = Get(second);
  EXPECT_EQ(roll.next, 3);
  EXPECT_EQ(roll.dropped, 1);
  Stored();
  Settle();
  EXPECT_EQ(roller_->Current()->VerifyAm(leaked).error().code, ErrorCode::kUnauthenticated);
  EXPECT_TRUE(before->VerifyAm(leaked).ok()) << "who has the old ones keeps them";
}

TEST_F(KeyRollerTest, AWriteThatFailsIsTheLast) {
  Start(kSlow);
  auto answer = Roll();
  Stored(Error{ErrorCode::kFenced, "another one leads", ""});
  ASSERT_EQ(answer.wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(answer.get().error().code, ErrorCode::kFenced);
  EXPECT_EQ(lost_.get_future().get().code, ErrorCode::kFenced);
  EXPECT_EQ(roller_->Current()->newest(), 1) << "as before";
  auto late = Roll();
  ASSERT_EQ(late.wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(late.get().error().code, ErrorCode::kUnavailable);
}

TEST_F(KeyRollerTest, WhoWaitsForASlowStoreIsCounted) {
  Start(kSlow);
  std::vector<std::future<Result<KeyRoll>>> waiting;
  for (size_t i = 0; i < KeyRoller::kWaitersMax; ++i) waiting.push_back(Roll());
  auto refused = Roll();
  ASSERT_EQ(refused.wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(refused.get().error().code, ErrorCode::kResourceExhausted);
  Stored();
  for (auto& each : waiting) EXPECT_EQ(Get(each).next, 2);
}

}  // namespace
}  // namespace weir::rm
