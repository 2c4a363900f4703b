// The life of one cached resource on its node, with YARN's names, as one table.
//
//   INIT -> DOWNLOADING -> LOCALIZED -> REMOVING -> INIT
//
// INIT is everything the node does not hold: it keeps no entry for it. A failure leaves nothing
// behind either: it is told to those who waited, and who asks next tries anew. Immutable values.
#ifndef WEIR_NODEMANAGER_EXECUTOR_CACHE_STATES_H_
#define WEIR_NODEMANAGER_EXECUTOR_CACHE_STATES_H_

#include <array>
#include <span>
#include <string_view>

#include "common/transition_table.h"

namespace weir::nm {

enum class CacheState { kInit, kDownloading, kLocalized, kRemoving };

enum class CacheTrigger {
  kRequest,    // a container wants it
  kFetched,    // it is complete under its name
  kTakenOver,  // the transfer failed or was called off, and another who waits tries
  kFailed,     // it failed, and nobody is left who waits
  kRelease,    // a container that used it or waited for it does so no more
  kEvict,      // its room is wanted
  kVanished,   // it is not what it was: gone, or of another size
  kRemoved,    // nothing is left of it on the disk
  kFound,      // it is there from an earlier run
};

constexpr std::string_view CacheStateName(CacheState state) {
  switch (state) {
    case CacheState::kInit:
      return "INIT";
    case CacheState::kDownloading:
      return "DOWNLOADING";
    case CacheState::kLocalized:
      return "LOCALIZED";
    case CacheState::kRemoving:
      return "REMOVING";
  }
  return kNoName;
}
inline constexpr auto kCacheStates = Enumerators<CacheState, &CacheStateName>();

constexpr std::string_view CacheTriggerName(CacheTrigger trigger) {
  switch (trigger) {
    case CacheTrigger::kRequest:
      return "REQUEST";
    case CacheTrigger::kFetched:
      return "LOCALIZED";
    case CacheTrigger::kTakenOver:
      return "TAKEN_OVER";
    case CacheTrigger::kFailed:
      return "LOCALIZATION_FAILED";
    case CacheTrigger::kRelease:
      return "RELEASE";
    case CacheTrigger::kEvict:
      return "EVICT";
    case CacheTrigger::kVanished:
      return "VANISHED";
    case CacheTrigger::kRemoved:
      return "REMOVED";
    case CacheTrigger::kFound:
      return "FOUND";
  }
  return kNoName;
}
inline constexpr auto kCacheTriggers = Enumerators<CacheTrigger, &CacheTriggerName>();

using CacheRow = TransitionRow<CacheState, CacheTrigger>;

inline constexpr char kNothingHeld[] = "nothing is held";
inline constexpr char kKnownAlready[] = "it is known already";

inline constexpr std::array kCacheRows = {
    Allow(CacheState::kInit,
          CacheTrigger::kRequest,
          CacheState::kDownloading,
          "a fetch thread begins"),
    Allow(CacheState::kInit,
          CacheTrigger::kFound,
          CacheState::kLocalized,
          "found at the start of the NodeManager"),
    Ignore(CacheState::kInit, CacheTrigger::kRelease, kNothingHeld),
    Ignore(CacheState::kInit, CacheTrigger::kVanished, kNothingHeld),

    Allow(CacheState::kDownloading,
          CacheTrigger::kRequest,
          CacheState::kDownloading,
          "waits with the others"),
    Allow(CacheState::kDownloading,
          CacheTrigger::kFetched,
          CacheState::kLocalized,
          "all who wait have it"),
    Allow(CacheState::kDownloading,
          CacheTrigger::kTakenOver,
          CacheState::kDownloading,
          "with the rights and the address of the one who takes over"),
    Allow(CacheState::kDownloading,
          CacheTrigger::kFailed,
          CacheState::kInit,
          "told to all for whom it counts; nothing is kept"),
    Allow(CacheState::kDownloading,
          CacheTrigger::kRelease,
          CacheState::kDownloading,
          "one less waits; without any the transfer ends early"),
    Ignore(CacheState::kDownloading, CacheTrigger::kVanished, "it is being fetched anew"),
    Ignore(CacheState::kDownloading, CacheTrigger::kFound, kKnownAlready),

    Allow(
        CacheState::kLocalized, CacheTrigger::kRequest, CacheState::kLocalized, "one more uses it"),
    Allow(CacheState::kLocalized,
          CacheTrigger::kRelease,
          CacheState::kLocalized,
          "one less uses it; it stays for the next"),
    Allow(CacheState::kLocalized,
          CacheTrigger::kEvict,
          CacheState::kRemoving,
          "nobody uses it, and it was used least recently"),
    Allow(CacheState::kLocalized,
          CacheTrigger::kVanished,
          CacheState::kRemoving,
          "what is left of it goes first"),
    Ignore(CacheState::kLocalized, CacheTrigger::kFound, kKnownAlready),

    Allow(CacheState::kRemoving,
          CacheTrigger::kRequest,
          CacheState::kRemoving,
          "waits for the removal"),
    Allow(CacheState::kRemoving,
          CacheTrigger::kRemoved,
          CacheState::kInit,
          "fetched at once if somebody waits"),
    Ignore(CacheState::kRemoving, CacheTrigger::kRelease, "it goes already"),
    Ignore(CacheState::kRemoving, CacheTrigger::kVanished, "it goes already"),
    Ignore(CacheState::kRemoving, CacheTrigger::kFound, kKnownAlready),
};

inline constexpr std::span<const CacheRow> kCacheTable = kCacheRows;
static_assert(HasUniquePairs(kCacheTable));

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_CACHE_STATES_H_
