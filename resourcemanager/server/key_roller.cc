#include "resourcemanager/server/key_roller.h"

#include <algorithm>
#include <utility>

#include "common/check.h"
#include "platform/clock.h"
#include "platform/crypto.h"
#include "platform/log.h"

namespace weir::rm {
namespace {

constexpr char kComponent[] = "rm.keys";
constexpr size_t kKeyBytes = 32;

// The oldest key, if the roll does away with it.
int DroppedBy(const store::TokenKeysRecord& spreading) {
  const int oldest = spreading.keys.begin()->first;
  return oldest < spreading.signer ? oldest : 0;
}

}  // namespace

std::string MakeTokenKey() {
  return platform::RandomBytes(kKeyBytes);
}

KeyRoller::KeyRoller(platform::EventLoop& core_loop,
                     store::StateStore& state_store,
                     Epoch epoch,
                     KeyRing ring,
                     std::function<void(const Error&)> lost)
    : loop_(core_loop),
      store_(state_store),
      epoch_(epoch),
      lost_(std::move(lost)),
      ring_(std::move(ring)) {
  WEIR_CHECK(!ring_.in_force().keys.empty(), "there is a key to sign with");
  Publish();
}

void KeyRoller::Start() {
  loop_.Post([this] { Advance(); });
}

std::shared_ptr<const platform::TokenKeys> KeyRoller::Current() const {
  platform::MutexLock lock(mutex_);
  return current_;
}

void KeyRoller::Roll(const std::string& by, Done done) {
  loop_.Post([this, by, done = std::move(done)]() mutable {
    if (stopped_) {
      return done(Error{ErrorCode::kUnavailable,
                        "this ResourceManager can no longer write its state",
                        "ask the one that takes its place"});
    }
    if (waiting_.size() >= kWaitersMax) {
      return done(Error{ErrorCode::kResourceExhausted,
                        "the state store does not keep up: others wait for a roll of the keys",
                        "try again later"});
    }
    platform::LogInfo(kComponent, by, "told to roll the token keys");
    waiting_.push_back(std::move(done));
    Advance();
  });
}

void KeyRoller::Advance() {
  if (stopped_ || ring_.writing()) return;
  const Now now = platform::ReadClock();
  if (!waiting_.empty()) ring_.Hasten(now);
  if (now.monotonic >= ring_.NextDeadline()) {
    if (auto record = ring_.Step(now, MakeTokenKey())) return Write(*std::move(record));
  }
  if (ring_.spreading()) Tell();
  ArmTimer();
}

void KeyRoller::Write(store::TokenKeysRecord record) {
  store_.Append({store::Put{std::move(record)}}, epoch_, [this](const Status& status) {
    loop_.Post([this, status] { OnStored(status); });
  });
}

void KeyRoller::OnStored(const Status& status) {
  if (!status.ok()) {
    stopped_ = true;
    for (Done& done : std::exchange(waiting_, {})) done(status.error());
    return lost_(status.error());
  }
  const Now now = platform::ReadClock();
  ring_.OnStored(now);
  Publish();
  const store::TokenKeysRecord& record = ring_.in_force();
  const std::string newest = std::to_string(ring_.newest());
  if (ring_.spreading()) {
    const Duration left = ring_.NextDeadline() - now.monotonic;
    platform::LogInfo(kComponent,
                      "-",
                      "the next token key is made known",
                      {{"key", newest}, {"signs_in_ms", std::to_string(ToMillis(left))}});
  } else {
    platform::LogInfo(kComponent,
                      "-",
                      "a new token key signs",
                      {{"key", newest}, {"oldest", std::to_string(record.keys.begin()->first)}});
  }
  Advance();
}

void KeyRoller::Publish() {
  const store::TokenKeysRecord& record = ring_.in_force();
  auto keys = std::make_shared<const platform::TokenKeys>(record.keys, record.signer);
  platform::MutexLock lock(mutex_);
  current_ = std::move(keys);
}

void KeyRoller::Tell() {
  const Duration left = ring_.NextDeadline() - platform::MonotonicNow();
  const KeyRoll roll{.next = ring_.newest(),
                     .signs_in = std::max(left, Duration{0}),
                     .dropped = DroppedBy(ring_.in_force())};
  for (Done& done : std::exchange(waiting_, {})) done(roll);
}

void KeyRoller::ArmTimer() {
  loop_.Cancel(timer_);
  timer_ = 0;
  if (ring_.NextDeadline() == kNever) return;
  timer_ = loop_.At(ring_.NextDeadline(), [this] {
    timer_ = 0;
    Advance();
  });
}

}  // namespace weir::rm
