// What a bad disk does to bytes, for tests. Pure, from a seed.
#ifndef WEIR_TESTS_STORE_DAMAGE_H_
#define WEIR_TESTS_STORE_DAMAGE_H_

#include <xxhash.h>

#include <string>

#include "common/random.h"

namespace weir::store {

// The checksum of a record made right again, so that the fields themselves are put to the test.
inline void Reseal(std::string& bytes) {
  if (bytes.size() < 8) return;
  const size_t covered = bytes.size() - 8;
  const uint64_t hash = XXH3_64bits(bytes.data(), covered);
  for (size_t i = 0; i < 8; ++i) {
    bytes[covered + i] = static_cast<char>((hash >> (8 * i)) & 0xff);
  }
}

inline void Mutate(Random& random, std::string& bytes) {
  const size_t at = bytes.empty() ? 0 : random.Below(bytes.size());
  switch (random.Below(5)) {
    case 0:
      if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.Below(8)));
      return;
    case 1:
      if (!bytes.empty()) bytes[at] = static_cast<char>(random.Below(256));
      return;
    case 2:
      bytes.resize(at);
      return;
    case 3:
      bytes.insert(at, 1 + random.Below(9), static_cast<char>(random.Below(256)));
      return;
    default:
      bytes.erase(at, 1 + random.Below(9));
      return;
  }
}

}  // namespace weir::store

#endif  // WEIR_TESTS_STORE_DAMAGE_H_
