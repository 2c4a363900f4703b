#include "platform/certificates.h"

#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>
#include <optional>
#include <utility>

#include "common/check.h"
#include "common/limits.h"
#include "common/strings.h"
#include "platform/crypto.h"
#include "platform/openssl_values.h"

namespace weir::platform {
namespace {

constexpr char kScheme[] = "weir://";
constexpr Duration kClocksBehind = std::chrono::minutes(5);
constexpr size_t kSerialBytes = 16;
constexpr size_t kPemBytes = 64u << 10;

constexpr std::pair<CertificateRole, std::string_view> kRoles[] = {
    {CertificateRole::kResourceManager, "rm"},
    {CertificateRole::kNodeManager, "nm"},
    {CertificateRole::kApplicationMaster, "am"},
    {CertificateRole::kUser, "user"}};

bool IsPlain(std::string_view name) {
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_' || c == '@';
  };
  return !name.empty() && name.size() <= limits::kNameBytes &&
         std::all_of(name.begin(), name.end(), plain);
}

Status CheckName(const std::string& what, const std::string& name) {
  if (IsPlain(name)) return {};
  return Error{ErrorCode::kInvalidArgument,
               what + " '" + name + "' cannot stand in a certificate",
               "use letters, digits and -._@"};
}

Error Corrupt(std::string what) {
  return {ErrorCode::kCorruption, std::move(what), "issue it anew"};
}

// An address in its binary form; nothing when it is a name.
std::optional<std::string> AddressBytes(const std::string& host) {
  std::array<char, 16> bytes{};
  if (inet_pton(AF_INET, host.c_str(), bytes.data()) == 1) return std::string(bytes.data(), 4);
  if (inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1) return std::string(bytes.data(), 16);
  return std::nullopt;
}

bool IsHostName(const std::string& host) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '.'; };
  constexpr size_t kHostBytes = 253;
  return !host.empty() && host.size() <= kHostBytes && host.front() != '.' && host.front() != '-' &&
         std::all_of(host.begin(), host.end(), fits);
}

OpensslKey NewKey() {
  OpensslKey key(EVP_EC_gen("P-256"));
  WEIR_CHECK(key != nullptr, "OpenSSL has the curve P-256");
  return key;
}

std::time_t Seconds(WallTime time) {
  return static_cast<std::time_t>(ToMillis(time) / 1000);
}

WallTime FromAsn1(const ASN1_TIME* time) {
  std::tm fields{};
  if (ASN1_TIME_to_tm(time, &fields) != 1) return WallTime{};
  return WallFromMillis(static_cast<int64_t>(timegm(&fields)) * 1000);
}

void SetTimes(X509* certificate, WallTime now, Duration validity) {
  const auto from = now - std::chrono::duration_cast<milliseconds>(kClocksBehind);
  const auto until = now + std::chrono::duration_cast<milliseconds>(validity);
  WEIR_CHECK(ASN1_TIME_set(X509_getm_notBefore(certificate), Seconds(from)) != nullptr &&
                 ASN1_TIME_set(X509_getm_notAfter(certificate), Seconds(until)) != nullptr,
             "OpenSSL takes a time");
}

// Random, so that nothing has to be remembered between two; positive, as the standard wants.
void SetSerial(X509* certificate) {
  std::string bytes = RandomBytes(kSerialBytes);
  bytes[0] = static_cast<char>((static_cast<unsigned char>(bytes[0]) & 0x7FU) | 0x40U);
  const OpensslNumber number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                                       static_cast<int>(bytes.size()),
                                       nullptr));
  WEIR_CHECK(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr,
             "OpenSSL takes a serial number");
}

void SetSubject(X509* certificate, const std::string& organisation, const std::string& name) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  const auto add = [subject](const char* field, std::string text) {
    constexpr size_t kFieldBytes = 64;  // X.520's bound; the URI has the whole
    text.resize(std::min(text.size(), kFieldBytes));
    WEIR_CHECK(X509_NAME_add_entry_by_txt(subject,
                                          field,
                                          MBSTRING_UTF8,
                                          reinterpret_cast<const unsigned char*>(text.data()),
                                          static_cast<int>(text.size()),
                                          -1,
                                          0) == 1,
               "OpenSSL takes a name");
  };
  add("O", organisation);
  add("CN", name);
}

void AddExtension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const OpensslExtension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  WEIR_CHECK(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1,
             "OpenSSL takes an extension");
}

void AddName(GENERAL_NAMES* names, int kind, const std::string& bytes) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_STRING* text =
      kind == GEN_IPADD ? ASN1_OCTET_STRING_new() : static_cast<ASN1_STRING*>(ASN1_IA5STRING_new());
  WEIR_CHECK(name != nullptr && text != nullptr &&
                 ASN1_STRING_set(text, bytes.data(), static_cast<int>(bytes.size())) == 1,
             "OpenSSL takes a name");
  GENERAL_NAME_set0_value(name, kind, text);
  WEIR_CHECK(sk_GENERAL_NAME_push(names, name) > 0, "OpenSSL keeps a name");
}

void AddNames(X509* certificate, const CertificateRequest& request) {
  const OpensslNames names(GENERAL_NAMES_new());
  AddName(names.get(), GEN_URI, request.identity.ToUri());
  for (const std::string& host : request.hosts) {
    const auto address = AddressBytes(host);
    AddName(names.get(), address ? GEN_IPADD : GEN_DNS, address.value_or(host));
  }
  WEIR_CHECK(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) == 1,
             "OpenSSL takes alternative names");
}

std::string TextOf(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<size_t>(ASN1_STRING_length(text))};
}

std::string AddressText(const std::string& bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
  if (bytes.size() != 4 && bytes.size() != 16) return "";
  return inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr ? "" : text.data();
}

// Fills in identity and hosts.
Status ReadNames(X509* certificate, CertificateInfo& info) {
  const OpensslNames names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  int identities = 0;
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int kind = 0;
    const auto* text = static_cast<const ASN1_STRING*>(
        GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &kind));
    if (kind == GEN_DNS) info.hosts.push_back(TextOf(text));
    if (kind == GEN_IPADD) info.hosts.push_back(AddressText(TextOf(text)));
    if (kind != GEN_URI) continue;
    WEIR_ASSIGN_OR_RETURN(info.identity, CertificateIdentity::FromUri(TextOf(text)));
    ++identities;
  }
  if (identities == 1) return {};
  return Corrupt("the certificate has " + std::to_string(identities) +
                 " identities of Weir (weir://CLUSTER/ROLE/NAME) instead of one");
}

std::string SerialText(X509* certificate) {
  const OpensslNumber number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  std::string bytes(static_cast<size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(bytes.data()));
  return HexEncode(bytes);
}

std::string FingerprintOf(X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  WEIR_CHECK(X509_digest(certificate, EVP_sha256(), digest.data(), &size) == 1,
             "OpenSSL hashes a certificate");
  return HexEncode(std::string(reinterpret_cast<const char*>(digest.data()), size));
}

Status CheckRequest(const CertificateRequest& request, const std::string& cluster_id) {
  const CertificateIdentity& identity = request.identity;
  if (identity.cluster_id != cluster_id) {
    return Error{
        ErrorCode::kInvalidArgument,
        "this is the authority of cluster " + cluster_id + ", not of " + identity.cluster_id,
        ""};
  }
  WEIR_RETURN_IF_ERROR(CheckName("the name", identity.name));
  const bool serves = identity.role != CertificateRole::kUser;
  if (serves == request.hosts.empty()) {
    const std::string role(RoleName(identity.role));
    return serves ? Error{ErrorCode::kInvalidArgument,
                          "a certificate of role " + role + " needs the hosts it serves under",
                          "name each by -host NAME or -host ADDRESS"}
                  : Error{ErrorCode::kInvalidArgument, "a user's certificate serves nowhere", ""};
  }
  for (const std::string& host : request.hosts) {
    if (AddressBytes(host) || IsHostName(host)) continue;
    return Error{ErrorCode::kInvalidArgument,
                 "'" + host + "' is neither the name of a host nor an address",
                 ""};
  }
  if (request.validity <= Duration::zero()) {
    return Error{ErrorCode::kInvalidArgument, "a certificate must be valid for some time", ""};
  }
  return {};
}

}  // namespace

std::string_view RoleName(CertificateRole role) {
  for (const auto& [one, name] : kRoles) {
    if (one == role) return name;
  }
  return "?";
}

Result<CertificateRole> ParseRole(std::string_view name) {
  for (const auto& [role, known] : kRoles) {
    if (known == name) return role;
  }
  return Error{ErrorCode::kInvalidArgument,
               "unknown role '" + std::string(name) + "'",
               "there are rm, nm, am and user"};
}

std::string CertificateIdentity::ToUri() const {
  return kScheme + cluster_id + "/" + std::string(RoleName(role)) + "/" + name;
}

Result<CertificateIdentity> CertificateIdentity::FromUri(std::string_view uri) {
  const Error bad{
      ErrorCode::kInvalidArgument,
      "'" + CutMiddle(std::string(uri), limits::kNameBytes) + "' is no identity of Weir",
      "it has the form weir://CLUSTER/ROLE/NAME"};
  if (!uri.starts_with(kScheme)) return bad;
  const auto parts = Split(uri.substr(sizeof(kScheme) - 1), '/');
  if (parts.size() != 3 || !IsPlain(parts[0]) || !IsPlain(parts[2])) return bad;
  const auto role = ParseRole(parts[1]);
  if (!role.ok()) return bad;
  return CertificateIdentity{std::string(parts[0]), *role, std::string(parts[2])};
}

struct CertificateAuthority::State {
  OpensslKey key;
  OpensslCertificate certificate;
  std::string cluster_id;
};

CertificateAuthority::CertificateAuthority(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
CertificateAuthority::~CertificateAuthority() = default;
CertificateAuthority::CertificateAuthority(CertificateAuthority&&) noexcept = default;
CertificateAuthority& CertificateAuthority::operator=(CertificateAuthority&&) noexcept = default;

// Its subject has the cluster's id as the organisation.
Result<CertificateAuthority> CertificateAuthority::Make(const std::string& cluster_id,
                                                        Duration validity,
                                                        WallTime now) {
  WEIR_RETURN_IF_ERROR(CheckName("the cluster's id", cluster_id));
  auto state = std::make_unique<State>();
  state->cluster_id = cluster_id;
  state->key = NewKey();
  state->certificate.reset(X509_new());
  X509* certificate = state->certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  SetSerial(certificate);
  SetTimes(certificate, now, validity);
  SetSubject(certificate, cluster_id, "Weir cluster authority");
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  X509_set_pubkey(certificate, state->key.get());
  AddExtension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  AddExtension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
  AddExtension(certificate, certificate, NID_subject_key_identifier, "hash");
  WEIR_CHECK(X509_sign(certificate, state->key.get(), EVP_sha256()) > 0, "OpenSSL signs");
  return CertificateAuthority(std::move(state));
}

Result<CertificateAuthority> CertificateAuthority::Load(std::string_view key_pem,
                                                        std::string_view certificate_pem) {
  auto state = std::make_unique<State>();
  state->key = KeyFromPem(key_pem);
  if (state->key == nullptr) return Corrupt("the authority's key cannot be read");
  state->certificate = CertificateFromPem(certificate_pem);
  if (state->certificate == nullptr) return Corrupt("the authority's certificate cannot be read");
  if (X509_check_private_key(state->certificate.get(), state->key.get()) != 1) {
    ERR_clear_error();
    return Error{ErrorCode::kFailedPrecondition,
                 "the authority's key and certificate do not belong together",
                 "take both from one 'weir security init'"};
  }
  X509_NAME* subject = X509_get_subject_name(state->certificate.get());
  const int at = X509_NAME_get_index_by_NID(subject, NID_organizationName, -1);
  if (at < 0 || X509_check_ca(state->certificate.get()) == 0) {
    return Corrupt("the certificate is of no authority of Weir");
  }
  state->cluster_id = TextOf(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  return CertificateAuthority(std::move(state));
}

std::string CertificateAuthority::KeyPem() const {
  return ToPem(state_->key.get());
}
std::string CertificateAuthority::CertificatePem() const {
  return ToPem(state_->certificate.get());
}
std::string CertificateAuthority::cluster_id() const {
  return state_->cluster_id;
}
WallTime CertificateAuthority::not_after() const {
  return FromAsn1(X509_get0_notAfter(state_->certificate.get()));
}

Result<std::string> CertificateAuthority::Issue(const CertificateRequest& request,
                                                WallTime now) const {
  WEIR_RETURN_IF_ERROR(CheckRequest(request, state_->cluster_id));
  if (now + std::chrono::duration_cast<milliseconds>(request.validity) > not_after()) {
    return Error{ErrorCode::kFailedPrecondition,
                 "the authority itself ends at " + ToIso8601(not_after()),
                 "ask for less, or begin with a new authority: 'weir security init'"};
  }
  const OpensslKey key = NewKey();
  const OpensslCertificate owned(X509_new());
  X509* certificate = owned.get();
  X509* issuer = state_->certificate.get();
  X509_set_version(certificate, X509_VERSION_3);
  SetSerial(certificate);
  SetTimes(certificate, now, request.validity);
  SetSubject(certificate, state_->cluster_id, request.identity.name);
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  X509_set_pubkey(certificate, key.get());
  const bool serves = request.identity.role != CertificateRole::kUser;
  AddExtension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE");
  AddExtension(certificate, issuer, NID_key_usage, "critical,digitalSignature");
  AddExtension(
      certificate, issuer, NID_ext_key_usage, serves ? "serverAuth,clientAuth" : "clientAuth");
  AddExtension(certificate, issuer, NID_authority_key_identifier, "keyid");
  AddNames(certificate, request);
  WEIR_CHECK(X509_sign(certificate, state_->key.get(), EVP_sha256()) > 0, "OpenSSL signs");
  return ToPem(key.get()) + ToPem(certificate);
}

Result<CertificateInfo> ReadCertificate(std::string_view pem) {
  if (pem.size() > kPemBytes) return Corrupt("the certificate's file is too long");
  const OpensslCertificate certificate = CertificateFromPem(pem);
  if (certificate == nullptr) return Corrupt("there is no certificate that can be read");
  CertificateInfo info;
  WEIR_RETURN_IF_ERROR(ReadNames(certificate.get(), info));
  info.not_before = FromAsn1(X509_get0_notBefore(certificate.get()));
  info.not_after = FromAsn1(X509_get0_notAfter(certificate.get()));
  info.serial = SerialText(certificate.get());
  info.fingerprint = FingerprintOf(certificate.get());
  return info;
}

Status CheckCertificate(std::string_view pem, std::string_view authority_pem, WallTime now) {
  WEIR_ASSIGN_OR_RETURN(const CertificateInfo info, ReadCertificate(pem));
  const std::string whose = "the certificate of " + info.identity.ToUri();
  const OpensslCertificate certificate = CertificateFromPem(pem);
  const OpensslCertificate authority = CertificateFromPem(authority_pem);
  if (authority == nullptr) return Corrupt("the authority's certificate cannot be read");
  if (const OpensslKey key = KeyFromPem(pem);
      key != nullptr && X509_check_private_key(certificate.get(), key.get()) != 1) {
    ERR_clear_error();
    return Error{
        ErrorCode::kUnauthenticated, whose + " does not belong to its key", "issue it anew"};
  }
  const OpensslStore store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), authority.get());
  const OpensslStoreContext context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), certificate.get(), nullptr);
  X509_STORE_CTX_set_time(context.get(), 0, Seconds(now));
  const int verified = X509_verify_cert(context.get());
  const int why = X509_STORE_CTX_get_error(context.get());
  ERR_clear_error();
  if (verified == 1) return {};
  if (why == X509_V_ERR_CERT_HAS_EXPIRED) {
    return Error{ErrorCode::kUnauthenticated,
                 whose + " ended at " + ToIso8601(info.not_after),
                 "renew it: 'weir security renew'"};
  }
  if (why == X509_V_ERR_CERT_NOT_YET_VALID) {
    return Error{ErrorCode::kUnauthenticated,
                 whose + " begins at " + ToIso8601(info.not_before),
                 "set the clock of this machine"};
  }
  return Error{ErrorCode::kUnauthenticated,
               whose + " is not of this cluster's authority: " + X509_verify_cert_error_string(why),
               "issue it with the authority whose ca.crt is here"};
}

}  // namespace weir::platform
