// Who may say what on a connection: signing and verifying tokens, proving secrets at hello.
//
// Token identifiers are encoded as versioned text fields (caller.h has the fields); the MAC is
// HMAC-SHA256 over exactly the encoded bytes. Immutable after construction, or thread-safe where a
// method changes something.
#ifndef WEIR_PLATFORM_RPC_SECURITY_H_
#define WEIR_PLATFORM_RPC_SECURITY_H_

#include <map>
#include <string>
#include <string_view>

#include "common/caller.h"
#include "common/result.h"

namespace weir::platform {

// A signed token, as it travels and as a token file holds it.
struct SignedToken {
  TokenKind kind = TokenKind::kApplicationMaster;
  int key_id = 0;
  std::string identifier;
  std::string mac;
};

// The bytes of a token file (hexadecimal text, one line) and back. kCorruption.
std::string EncodeTokenFile(const SignedToken& token);
Result<SignedToken> DecodeTokenFile(std::string_view bytes);

// Keys by id, of which one signs: the others verify what they have signed before, or will sign once
// everybody has them. Ids grow from key to key. Immutable value.
class TokenKeys {
 public:
  TokenKeys() = default;
  // The highest signs.
  explicit TokenKeys(std::map<int, std::string> keys);
  // Requires: `signer` is among them.
  TokenKeys(std::map<int, std::string> keys, int signer);
  const std::map<int, std::string>& keys() const { return keys_; }
  int signer() const { return signer_; }  // 0 without keys
  int newest() const { return keys_.empty() ? 0 : keys_.rbegin()->first; }
  // Grows with every key that comes and every key that begins to sign; keys only ever go with the
  // latter. So two with the same number are the same.
  int64_t version() const { return int64_t{newest()} + signer_; }

  // Requires: at least one key.
  SignedToken Sign(const AmTokenIdentifier& identifier) const;
  SignedToken Sign(const NmTokenIdentifier& identifier) const;
  SignedToken Sign(const ContainerTokenIdentifier& identifier) const;
  // Client tokens are signed with a key of the attempt's, which its AM knows too: that of the key
  // that signs.
  SignedToken Sign(const ClientTokenIdentifier& identifier) const;
  // The attempt's keys for client tokens, by the id of what each is derived from.
  std::map<int, std::string> ClientKeys(const AttemptId& attempt) const;

  // kUnauthenticated: another kind, an unknown key, a MAC that does not match;
  // kCorruption: a right MAC over bytes that do not decode.
  Result<AmTokenIdentifier> VerifyAm(const SignedToken& token) const;
  Result<NmTokenIdentifier> VerifyNm(const SignedToken& token) const;
  Result<ContainerTokenIdentifier> VerifyContainer(const SignedToken& token) const;

 private:
  std::map<int, std::string> keys_;
  int signer_ = 0;
};

// By the keys of its attempt. Errors as above.
Result<ClientTokenIdentifier> VerifyClient(const SignedToken& token,
                                           const std::map<int, std::string>& client_keys);

// Proof of a shared secret (idl/base.thrift SecretProof).
struct Proof {
  std::string role;
  std::string name;
  std::string nonce;
  std::string mac;
};
Proof MakeProof(std::string_view secret, std::string_view role, std::string_view name);
bool ProofHolds(const Proof& proof, std::string_view secret);

// What hello carried, before it is judged.
struct Credentials {
  std::string address;           // of the peer, for logs
  int64_t peer_uid = -1;         // of a unix socket's peer; -1 on TCP
  bool any_role = false;         // a ResourceManager that is not active will do
  const Proof* proof = nullptr;  // at most one of the two
  const SignedToken* token = nullptr;
};

// Decides who a connection is. One per listener; called on the I/O loop, so it must not block
// (beyond a cached look-up of a user's name). kUnauthenticated with what was wrong.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  virtual Result<Caller> Authenticate(const Credentials& credentials) = 0;
};

// The content of a secret file, which must be 0600 or stricter and owned by us or root.
// kNotFound, kPermissionDenied (too open), kInvalidArgument (empty or shorter than 16 bytes).
Result<std::string> ReadSecretFile(const std::string& path);
// Reads it, or makes one with 32 random bytes (hexadecimal), 0600.
Result<std::string> ReadOrCreateSecretFile(const std::string& path);
// The name of a uid, cached; "uid1234" when the system does not know it.
std::string UserName(int64_t uid);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_RPC_SECURITY_H_
