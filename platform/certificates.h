// Certificates of a cluster: its own authority, and who each certificate stands for.
//
// Terms. The *authority* is a key and a certificate that signs the others and nothing else; whoever
// has its key can be anybody, so it stays off the machines that serve. A *credential* is one file
// with a private key and the certificate for it, so that replacing the file replaces both at once.
// An *identity* says whose a certificate is: cluster, role, name; it stands in the certificate as a
// URI, weir://CLUSTER/ROLE/NAME, beside the host names and addresses under which the holder may
// serve. Roles: rm, nm, am, user. A user's certificate cannot serve.
//
// Keys are of curve P-256, signatures ECDSA with SHA-256. A certificate begins five minutes before
// it was made, for clocks that are behind.
//
// Values; thread-safe. Nothing here touches files. No error shows a key.
#ifndef WEIR_PLATFORM_CERTIFICATES_H_
#define WEIR_PLATFORM_CERTIFICATES_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "common/time.h"

namespace weir::platform {

enum class CertificateRole {
  kResourceManager = 1,
  kNodeManager = 2,
  kApplicationMaster = 3,
  kUser = 4,
};
std::string_view RoleName(CertificateRole role);  // "rm", "nm", "am", "user"
// kInvalidArgument, with the names there are.
Result<CertificateRole> ParseRole(std::string_view name);

struct CertificateIdentity {
  std::string cluster_id;
  CertificateRole role = CertificateRole::kUser;
  std::string name;  // of a user the account; of a daemon whatever tells it from others

  std::string ToUri() const;
  // kInvalidArgument: not such a URI, or names with other characters than letters, digits and
  // "-._@".
  static Result<CertificateIdentity> FromUri(std::string_view uri);
  bool operator==(const CertificateIdentity&) const = default;
};

struct CertificateRequest {
  CertificateIdentity identity;
  std::vector<std::string> hosts{};  // names or addresses; needed of rm, nm, am
  Duration validity{};
};

// What a certificate says.
struct CertificateInfo {
  CertificateIdentity identity;
  std::vector<std::string> hosts;
  WallTime not_before{};
  WallTime not_after{};
  std::string serial;       // hexadecimal
  std::string fingerprint;  // SHA-256 of the certificate, hexadecimal
};

class CertificateAuthority {
 public:
  // A new one. kInvalidArgument: the cluster's id cannot stand in a URI.
  static Result<CertificateAuthority> Make(const std::string& cluster_id,
                                           Duration validity,
                                           WallTime now);
  // kCorruption: they cannot be read; kFailedPrecondition: the key is another certificate's.
  static Result<CertificateAuthority> Load(std::string_view key_pem,
                                           std::string_view certificate_pem);
  ~CertificateAuthority();
  CertificateAuthority(CertificateAuthority&&) noexcept;
  CertificateAuthority& operator=(CertificateAuthority&&) noexcept;

  std::string KeyPem() const;
  std::string CertificatePem() const;
  std::string cluster_id() const;
  WallTime not_after() const;

  // A credential, as PEM: a new key, and its certificate. kInvalidArgument: another cluster's, a
  // daemon without hosts, a user with some, or a host that is neither a name nor an address;
  // kFailedPrecondition: the authority ends before it would.
  Result<std::string> Issue(const CertificateRequest& request, WallTime now) const;

 private:
  struct State;
  explicit CertificateAuthority(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Of a credential, or of a certificate alone. kCorruption: none can be read, or it is of no
// identity.
Result<CertificateInfo> ReadCertificate(std::string_view pem);

// Whether `authority_pem` has signed it, it is valid now, and, of a credential, the key is its own.
// kUnauthenticated, with what is wrong and the remedy; kCorruption as above.
Status CheckCertificate(std::string_view pem, std::string_view authority_pem, WallTime now);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_CERTIFICATES_H_
