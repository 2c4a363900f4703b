// Hashes, message authentication and secret randomness, from OpenSSL. Thread-safe.
#ifndef WEIR_PLATFORM_CRYPTO_H_
#define WEIR_PLATFORM_CRYPTO_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/result.h"

namespace weir::platform {

std::string Sha256(std::string_view bytes);                            // 32 bytes
std::string Sha256Hex(std::string_view bytes);                         // 64 hexadecimal digits
std::string HmacSha256(std::string_view key, std::string_view bytes);  // 32 bytes
// In time that does not depend on where the two differ.
bool ConstantTimeEquals(std::string_view a, std::string_view b);
std::string RandomBytes(size_t count);
std::string RandomUuid();  // version 4, 36 characters

// SHA-256 of a stream. Single-threaded.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  void Update(std::string_view bytes);
  std::string FinishHex();  // call once, last

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Hexadecimal hash and size of a file. kNotFound, kUnavailable (cannot be read).
struct FileDigest {
  std::string sha256;
  int64_t size = 0;
};
Result<FileDigest> DigestFile(const std::string& path);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_CRYPTO_H_
