#include "platform/rpc_security.h"

#include <optional>
#include <utility>

#include "common/check.h"
#include "common/strings.h"
#include "platform/crypto.h"
#include "platform/token_encoding.h"

namespace weir::platform {
namespace {

constexpr char kTokenFileTag[] = "weir-token/1";
constexpr size_t kTokenFileBytes = 64u << 10;
constexpr size_t kChecksumBytes = 8;
constexpr size_t kNonceBytes = 16;

Error Corrupt(const char* what) {
  return {ErrorCode::kCorruption,
          std::string("a token file does not decode: ") + what,
          "get the token anew"};
}

Error Unauthenticated(std::string message) {
  return {ErrorCode::kUnauthenticated, std::move(message), "get a token for this purpose anew"};
}

template <typename Identifier>
SignedToken SignWith(TokenKind kind,
                     int key_id,
                     std::string_view key,
                     const Identifier& identifier) {
  SignedToken token;
  token.kind = kind;
  token.key_id = key_id;
  token.identifier = EncodeIdentifier(identifier);
  token.mac = HmacSha256(key, token.identifier);
  return token;
}

Status CheckMac(const SignedToken& token, std::string_view key) {
  // An empty key would be one that everybody knows.
  if (key.empty() || !ConstantTimeEquals(HmacSha256(key, token.identifier), token.mac)) {
    return Unauthenticated("the token's signature does not hold");
  }
  return {};
}

Status CheckWith(const std::map<int, std::string>& keys, const SignedToken& token, TokenKind kind) {
  if (token.kind != kind) return Unauthenticated("the token is of another kind");
  const auto key = keys.find(token.key_id);
  if (key != keys.end()) return CheckMac(token, key->second);
  const std::string name = "key " + std::to_string(token.key_id);
  const bool dropped = !keys.empty() && token.key_id < keys.begin()->first;
  return Unauthenticated(dropped
                             ? "the token is too old: it is signed with " + name +
                                   ", which newer ones have replaced"
                             : "the token is signed with " + name + ", which is not known here");
}

std::string DeriveClientKey(std::string_view key, const AttemptId& attempt) {
  return HmacSha256(key, EncodeFields({"client-key/1", attempt.ToString()}));
}

std::string ProofText(const Proof& proof) {
  std::string text = "weir-hello";
  for (const std::string* part : {&proof.role, &proof.name, &proof.nonce}) {
    text.push_back('\0');
    text += *part;
  }
  return text;
}

}  // namespace

std::string EncodeTokenFile(const SignedToken& token) {
  const std::string fields = EncodeFields({kTokenFileTag,
                                           std::to_string(static_cast<int>(token.kind)),
                                           std::to_string(token.key_id),
                                           token.identifier,
                                           token.mac});
  return HexEncode(fields + Sha256(fields).substr(0, kChecksumBytes));
}

Result<SignedToken> DecodeTokenFile(std::string_view bytes) {
  if (bytes.ends_with('\n')) bytes.remove_suffix(1);
  if (bytes.size() > kTokenFileBytes) return Corrupt("it is too long");
  const std::optional<std::string> raw = HexDecode(bytes);
  // Compared because HexDecode also takes capital letters: a token has one form.
  if (!raw || HexEncode(*raw) != bytes) return Corrupt("it is not hexadecimal");
  if (raw->size() <= kChecksumBytes) return Corrupt("it is too short");
  const std::string fields_text = raw->substr(0, raw->size() - kChecksumBytes);
  if (Sha256(fields_text).substr(0, kChecksumBytes) != raw->substr(fields_text.size())) {
    return Corrupt("it was changed");
  }
  WEIR_ASSIGN_OR_RETURN(const auto fields, DecodeFields(fields_text, 5));
  const auto kind = ParseInt64(fields[1]);
  const auto key_id = ParseInt64(fields[2]);
  if (fields[0] != kTokenFileTag) return Corrupt("its version is not known");
  if (!kind || *kind < static_cast<int>(TokenKind::kApplicationMaster) ||
      *kind > static_cast<int>(TokenKind::kClient)) {
    return Corrupt("its kind is not known");
  }
  if (!key_id || *key_id < 0 || *key_id > INT32_MAX) return Corrupt("its key");
  return SignedToken{
      static_cast<TokenKind>(*kind), static_cast<int>(*key_id), fields[3], fields[4]};
}

TokenKeys::TokenKeys(std::map<int, std::string> keys) : keys_(std::move(keys)) {
  signer_ = newest();
}

TokenKeys::TokenKeys(std::map<int, std::string> keys, int signer)
    : keys_(std::move(keys)), signer_(signer) {
  WEIR_CHECK(keys_.contains(signer_), "the key that signs is there");
}

SignedToken TokenKeys::Sign(const AmTokenIdentifier& identifier) const {
  WEIR_CHECK(!keys_.empty(), "signing needs a key");
  return SignWith(TokenKind::kApplicationMaster, signer_, keys_.at(signer_), identifier);
}

SignedToken TokenKeys::Sign(const NmTokenIdentifier& identifier) const {
  WEIR_CHECK(!keys_.empty(), "signing needs a key");
  return SignWith(TokenKind::kNodeManager, signer_, keys_.at(signer_), identifier);
}

SignedToken TokenKeys::Sign(const ContainerTokenIdentifier& identifier) const {
  WEIR_CHECK(!keys_.empty(), "signing needs a key");
  return SignWith(TokenKind::kContainer, signer_, keys_.at(signer_), identifier);
}

SignedToken TokenKeys::Sign(const ClientTokenIdentifier& identifier) const {
  WEIR_CHECK(!keys_.empty(), "signing needs a key");
  const std::string key = DeriveClientKey(keys_.at(signer_), identifier.attempt);
  return SignWith(TokenKind::kClient, signer_, key, identifier);
}

std::map<int, std::string> TokenKeys::ClientKeys(const AttemptId& attempt) const {
  std::map<int, std::string> derived;
  for (const auto& [id, key] : keys_) derived[id] = DeriveClientKey(key, attempt);
  return derived;
}

Result<AmTokenIdentifier> TokenKeys::VerifyAm(const SignedToken& token) const {
  WEIR_RETURN_IF_ERROR(CheckWith(keys_, token, TokenKind::kApplicationMaster));
  return DecodeAmIdentifier(token.identifier);
}

Result<NmTokenIdentifier> TokenKeys::VerifyNm(const SignedToken& token) const {
  WEIR_RETURN_IF_ERROR(CheckWith(keys_, token, TokenKind::kNodeManager));
  return DecodeNmIdentifier(token.identifier);
}

Result<ContainerTokenIdentifier> TokenKeys::VerifyContainer(const SignedToken& token) const {
  WEIR_RETURN_IF_ERROR(CheckWith(keys_, token, TokenKind::kContainer));
  return DecodeContainerIdentifier(token.identifier);
}

Result<ClientTokenIdentifier> VerifyClient(const SignedToken& token,
                                           const std::map<int, std::string>& client_keys) {
  WEIR_RETURN_IF_ERROR(CheckWith(client_keys, token, TokenKind::kClient));
  return DecodeClientIdentifier(token.identifier);
}

Proof MakeProof(std::string_view secret, std::string_view role, std::string_view name) {
  Proof proof{std::string(role), std::string(name), RandomBytes(kNonceBytes), ""};
  proof.mac = HmacSha256(secret, ProofText(proof));
  return proof;
}

bool ProofHolds(const Proof& proof, std::string_view secret) {
  // A NUL inside a part would let two different proofs have the same text.
  const bool plain = proof.role.find('\0') == std::string::npos &&
                     proof.name.find('\0') == std::string::npos &&
                     proof.nonce.size() == kNonceBytes;
  return plain && !secret.empty() &&
         ConstantTimeEquals(HmacSha256(secret, ProofText(proof)), proof.mac);
}

}  // namespace weir::platform
