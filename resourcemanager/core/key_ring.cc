#include "resourcemanager/core/key_ring.h"

#include <algorithm>
#include <map>
#include <utility>

#include "common/check.h"

namespace weir::rm {
namespace {

constexpr Duration kShortestSpread = seconds(1);

WallTime After(WallTime wall, Duration duration) {
  return wall + std::chrono::duration_cast<milliseconds>(duration);
}

// Whatever the clock says: from nothing to `most`.
Duration Until(WallTime then, WallTime now, Duration most) {
  if (then <= now) return Duration{0};
  return then >= After(now, most) ? most : Duration(then - now);
}

int Newest(const store::TokenKeysRecord& record) {
  return record.keys.empty() ? 0 : record.keys.rbegin()->first;
}

}  // namespace

Duration KeySpread(Duration node_expiry, Duration master_expiry) {
  return std::max(kShortestSpread, std::max(node_expiry, master_expiry) / 2 * 3);
}

Duration ShortestKeyInterval(Duration spread) {
  return 2 * spread;
}

KeyRing::KeyRing(const KeyRingOptions& options, store::TokenKeysRecord stored, Now now)
    : options_(options), in_force_(std::move(stored)), due_(now.monotonic) {
  WEIR_CHECK(options_.interval >= ShortestKeyInterval(options_.spread),
             "a key is known long enough before it signs, and after it has signed");
  if (in_force_.keys.empty()) return;
  if (in_force_.signer == 0) in_force_.signer = Newest(in_force_);
  if (spreading()) {
    // How long it has been known is not: time that was not ours does not count.
    due_ = now.monotonic + options_.spread;
    return;
  }
  // A key whose age nobody has noted is taken for new.
  const bool noted = in_force_.next_step != WallTime{};
  due_ = now.monotonic + (noted ? Until(in_force_.next_step, now.wall, period()) : period());
}

bool KeyRing::spreading() const {
  return newest() > in_force_.signer;
}

int KeyRing::newest() const {
  return Newest(in_force_);
}

std::optional<store::TokenKeysRecord> KeyRing::Step(Now now, const std::string& key) {
  if (writing_ || now.monotonic < due_) return std::nullopt;
  store::TokenKeysRecord next = in_force_;
  if (spreading()) {
    std::erase_if(next.keys, [&](const auto& old) { return old.first < in_force_.signer; });
    next.signer = newest();
    next.next_step = After(now.wall, period());
  } else {
    const int id = newest() + 1;
    next.keys.emplace(id, key);
    const bool first = in_force_.keys.empty();
    if (first) next.signer = id;
    next.next_step = After(now.wall, first ? period() : options_.spread);
  }
  writing_ = next;
  return next;
}

void KeyRing::OnStored(Now now) {
  WEIR_CHECK(writing_.has_value(), "a record was being written");
  in_force_ = *std::exchange(writing_, std::nullopt);
  due_ = now.monotonic + (spreading() ? options_.spread : period());
}

void KeyRing::Hasten(Now now) {
  if (!writing_ && !spreading()) due_ = std::min(due_, now.monotonic);
}

}  // namespace weir::rm
