// Values of OpenSSL with their ends, and its last error in words. Thread-safe.
#ifndef WEIR_PLATFORM_OPENSSL_VALUES_H_
#define WEIR_PLATFORM_OPENSSL_VALUES_H_

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>

namespace weir::platform {

template <auto kFree>
struct FreeWith {
  template <typename T>
  void operator()(T* value) const {
    kFree(value);
  }
};

using OpensslBio = std::unique_ptr<BIO, FreeWith<&BIO_free_all>>;
using OpensslKey = std::unique_ptr<EVP_PKEY, FreeWith<&EVP_PKEY_free>>;
using OpensslCertificate = std::unique_ptr<X509, FreeWith<&X509_free>>;
using OpensslExtension = std::unique_ptr<X509_EXTENSION, FreeWith<&X509_EXTENSION_free>>;
using OpensslNames = std::unique_ptr<GENERAL_NAMES, FreeWith<&GENERAL_NAMES_free>>;
using OpensslNumber = std::unique_ptr<BIGNUM, FreeWith<&BN_free>>;
using OpensslStore = std::unique_ptr<X509_STORE, FreeWith<&X509_STORE_free>>;
using OpensslStoreContext = std::unique_ptr<X509_STORE_CTX, FreeWith<&X509_STORE_CTX_free>>;

// A reader of bytes that outlive it.
OpensslBio ReadFrom(std::string_view bytes);
std::string BytesOf(BIO* bio);
// The last error of this thread, which is thereby forgotten; "unknown" when there is none.
std::string OpensslError();

// nullptr: there is none, or it cannot be read.
OpensslKey KeyFromPem(std::string_view pem);
OpensslCertificate CertificateFromPem(std::string_view pem);
std::string ToPem(EVP_PKEY* key);
std::string ToPem(X509* certificate);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_OPENSSL_VALUES_H_
