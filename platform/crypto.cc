#include "platform/crypto.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "common/check.h"
#include "common/strings.h"
#include "platform/sockets.h"

namespace weir::platform {
namespace {

constexpr size_t kDigestBytes = 32;
constexpr size_t kFileChunkBytes = 64u << 10;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

struct Sha256Stream::State {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                  &EVP_MD_CTX_free};

  std::string Finish() {
    std::string digest(kDigestBytes, '\0');
    unsigned int size = 0;
    const int done =
        EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest.data()), &size);
    WEIR_CHECK(done == 1 && size == kDigestBytes, "OpenSSL finishes a SHA-256");
    return digest;
  }
};

Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) {
  WEIR_CHECK(
      state_->context && EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr) == 1,
      "OpenSSL has SHA-256");
}

Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::Update(std::string_view bytes) {
  WEIR_CHECK(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1,
             "OpenSSL takes bytes into a SHA-256");
}

std::string Sha256Stream::FinishHex() {
  return HexEncode(state_->Finish());
}

std::string Sha256(std::string_view bytes) {
  std::string digest(kDigestBytes, '\0');
  unsigned int size = 0;
  const int done = EVP_Digest(bytes.data(),
                              bytes.size(),
                              reinterpret_cast<unsigned char*>(digest.data()),
                              &size,
                              EVP_sha256(),
                              nullptr);
  WEIR_CHECK(done == 1 && size == kDigestBytes, "OpenSSL has SHA-256");
  return digest;
}

std::string Sha256Hex(std::string_view bytes) {
  return HexEncode(Sha256(bytes));
}

std::string HmacSha256(std::string_view key, std::string_view bytes) {
  std::string mac(kDigestBytes, '\0');
  unsigned int size = 0;
  const unsigned char* done = HMAC(EVP_sha256(),
                                   key.data(),
                                   static_cast<int>(key.size()),
                                   Bytes(bytes),
                                   bytes.size(),
                                   reinterpret_cast<unsigned char*>(mac.data()),
                                   &size);
  WEIR_CHECK(done != nullptr && size == kDigestBytes, "OpenSSL has HMAC-SHA256");
  return mac;
}

bool ConstantTimeEquals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  WEIR_CHECK(
      RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1,
      "the machine has randomness");
  return bytes;
}

std::string RandomUuid() {
  std::string bytes = RandomBytes(16);
  bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0f) | 0x40);  // version 4
  bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3f) | 0x80);  // variant
  std::string uuid = HexEncode(bytes);
  for (const size_t position : {8u, 13u, 18u, 23u}) uuid.insert(position, 1, '-');
  return uuid;
}

Result<FileDigest> DigestFile(const std::string& path) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    return Error{errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
                 path + " cannot be opened: " + ErrnoText(errno),
                 "check the path and its permissions"};
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) == 0 && S_ISDIR(status.st_mode)) {
    return Error{ErrorCode::kInvalidArgument, path + " is a directory", "name a file"};
  }
  Sha256Stream stream;
  FileDigest digest;
  std::string chunk(kFileChunkBytes, '\0');
  while (true) {
    const ssize_t count = ::read(fd.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return Error{ErrorCode::kUnavailable,
                   path + " cannot be read: " + ErrnoText(errno),
                   "check that it is a file and that its disk works"};
    }
    if (count == 0) break;
    stream.Update(std::string_view(chunk).substr(0, static_cast<size_t>(count)));
    digest.size += count;
  }
  digest.sha256 = stream.FinishHex();
  return digest;
}

}  // namespace weir::platform
