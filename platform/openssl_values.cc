#include "platform/openssl_values.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <limits>

#include "common/check.h"

namespace weir::platform {
namespace {

// A key that is encrypted is not read: nobody is there to be asked.
int NoPassword(char*, int, int, void*) {
  return -1;
}

}  // namespace

OpensslBio ReadFrom(std::string_view bytes) {
  WEIR_CHECK(bytes.size() <= size_t{std::numeric_limits<int>::max()}, "a PEM text is small");
  return OpensslBio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

std::string BytesOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);  // NOLINT(google-runtime-int): OpenSSL's
  return size <= 0 ? "" : std::string(data, static_cast<size_t>(size));
}

std::string OpensslError() {
  const unsigned long code = ERR_get_error();  // NOLINT(google-runtime-int): OpenSSL's
  ERR_clear_error();
  if (code == 0) return "unknown";
  std::array<char, 256> text{};
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

OpensslKey KeyFromPem(std::string_view pem) {
  const OpensslBio bio = ReadFrom(pem);
  OpensslKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &NoPassword, nullptr));
  ERR_clear_error();
  return key;
}

OpensslCertificate CertificateFromPem(std::string_view pem) {
  const OpensslBio bio = ReadFrom(pem);
  OpensslCertificate certificate(PEM_read_bio_X509(bio.get(), nullptr, &NoPassword, nullptr));
  ERR_clear_error();
  return certificate;
}

std::string ToPem(EVP_PKEY* key) {
  const OpensslBio bio(BIO_new(BIO_s_mem()));
  WEIR_CHECK(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
             "OpenSSL writes a key");
  return BytesOf(bio.get());
}

std::string ToPem(X509* certificate) {
  const OpensslBio bio(BIO_new(BIO_s_mem()));
  WEIR_CHECK(PEM_write_bio_X509(bio.get(), certificate) == 1, "OpenSSL writes a certificate");
  return BytesOf(bio.get());
}

}  // namespace weir::platform
