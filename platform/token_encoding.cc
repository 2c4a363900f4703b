#include "platform/token_encoding.h"

#include <optional>
#include <utility>

#include "common/strings.h"

namespace weir::platform {
namespace {

constexpr char kAm[] = "am/1";
constexpr char kNm[] = "nm/1";
constexpr char kContainer[] = "container/2";
constexpr char kClient[] = "client/1";
constexpr size_t kLengthDigits = 6;

Error Corrupt(const char* what) {
  return {ErrorCode::kCorruption, std::string("a token does not decode: ") + what, ""};
}

// Removes the first field from `rest` and gives it.
Result<std::string> TakeField(std::string_view& rest) {
  const size_t colon = rest.find(':');
  if (colon == std::string_view::npos || colon > kLengthDigits) return Corrupt("a length");
  const std::optional<int64_t> length = ParseInt64(rest.substr(0, colon));
  rest.remove_prefix(colon + 1);
  if (!length || *length < 0 || static_cast<uint64_t>(*length) > rest.size()) {
    return Corrupt("a length");
  }
  std::string field(rest.substr(0, static_cast<size_t>(*length)));
  rest.remove_prefix(field.size());
  return field;
}

// The fields after the first one, which must be `tag`.
Result<std::vector<std::string>> FieldsOf(std::string_view bytes, const char* tag, size_t count) {
  WEIR_ASSIGN_OR_RETURN(std::vector<std::string> fields, DecodeFields(bytes, count + 1));
  if (fields.front() != tag) return Corrupt("another kind or version");
  fields.erase(fields.begin());
  return fields;
}

// Fields in a field: name, amount, name, amount...
std::string EncodeNamed(const Resource& resource) {
  std::vector<std::string> fields;
  for (const NamedAmount& part : resource.named) {
    fields.push_back(part.name);
    fields.push_back(std::to_string(part.amount));
  }
  return EncodeFields(fields);
}

Status DecodeNamed(std::string_view bytes, Resource& resource) {
  std::string_view rest = bytes;
  for (size_t types = 0; !rest.empty(); ++types) {
    if (types == Resource::kNamedTypesMax) return Corrupt("too many resource types");
    std::string pair[2];
    for (std::string& field : pair) {
      WEIR_ASSIGN_OR_RETURN(field, TakeField(rest));
    }
    const std::optional<int64_t> amount = ParseInt64(pair[1]);
    if (!amount) return Corrupt("an amount");
    resource.SetNamed(pair[0], *amount);
  }
  return {};
}

// Parsing ids and numbers forgives leading zeros and the like; this does not.
template <typename Identifier>
Result<Identifier> OnlyCanonical(Identifier identifier, std::string_view bytes) {
  if (EncodeIdentifier(identifier) != bytes) return Corrupt("not in its one form");
  return identifier;
}

}  // namespace

std::string EncodeFields(const std::vector<std::string>& fields) {
  std::string out;
  for (const std::string& field : fields) out += std::to_string(field.size()) + ":" + field;
  return out;
}

Result<std::vector<std::string>> DecodeFields(std::string_view bytes, size_t count) {
  std::vector<std::string> fields;
  std::string_view rest = bytes;
  while (fields.size() < count) {
    WEIR_ASSIGN_OR_RETURN(std::string field, TakeField(rest));
    fields.push_back(std::move(field));
  }
  if (!rest.empty() || EncodeFields(fields) != bytes) return Corrupt("its fields");
  return fields;
}

std::string EncodeIdentifier(const AmTokenIdentifier& identifier) {
  return EncodeFields({kAm, identifier.attempt.ToString()});
}

std::string EncodeIdentifier(const NmTokenIdentifier& identifier) {
  return EncodeFields({kNm, identifier.attempt.ToString(), identifier.node.uuid});
}

std::string EncodeIdentifier(const ContainerTokenIdentifier& identifier) {
  return EncodeFields({kContainer,
                       identifier.id.ToString(),
                       identifier.node.uuid,
                       std::to_string(identifier.resource.memory_mib),
                       std::to_string(identifier.resource.vcores),
                       EncodeNamed(identifier.resource),
                       identifier.user,
                       std::to_string(ToMillis(identifier.expires)),
                       std::to_string(identifier.epoch.value),
                       std::to_string(identifier.node_session)});
}

std::string EncodeIdentifier(const ClientTokenIdentifier& identifier) {
  return EncodeFields({kClient, identifier.attempt.ToString(), identifier.user});
}

Result<AmTokenIdentifier> DecodeAmIdentifier(std::string_view bytes) {
  WEIR_ASSIGN_OR_RETURN(const auto fields, FieldsOf(bytes, kAm, 1));
  const auto attempt = AttemptId::Parse(fields[0]);
  if (!attempt.ok()) return Corrupt("its attempt");
  return OnlyCanonical(AmTokenIdentifier{*attempt}, bytes);
}

Result<NmTokenIdentifier> DecodeNmIdentifier(std::string_view bytes) {
  WEIR_ASSIGN_OR_RETURN(const auto fields, FieldsOf(bytes, kNm, 2));
  const auto attempt = AttemptId::Parse(fields[0]);
  if (!attempt.ok()) return Corrupt("its attempt");
  return OnlyCanonical(NmTokenIdentifier{*attempt, NodeId{fields[1]}}, bytes);
}

Result<ContainerTokenIdentifier> DecodeContainerIdentifier(std::string_view bytes) {
  WEIR_ASSIGN_OR_RETURN(const auto fields, FieldsOf(bytes, kContainer, 9));
  const auto id = ContainerId::Parse(fields[0]);
  const auto memory = ParseInt64(fields[2]);
  const auto vcores = ParseInt64(fields[3]);
  const auto expires = ParseInt64(fields[6]);
  const auto epoch = ParseInt64(fields[7]);
  const auto session = ParseInt64(fields[8]);
  if (!id.ok() || !memory || !vcores || !expires || !epoch || !session) {
    return Corrupt("its container");
  }
  ContainerTokenIdentifier identifier;
  identifier.id = *id;
  identifier.node = NodeId{fields[1]};
  identifier.resource = Resource{*memory, *vcores};
  WEIR_RETURN_IF_ERROR(DecodeNamed(fields[4], identifier.resource));
  identifier.user = fields[5];
  identifier.expires = WallFromMillis(*expires);
  identifier.epoch = Epoch{*epoch};
  identifier.node_session = *session;
  return OnlyCanonical(std::move(identifier), bytes);
}

Result<ClientTokenIdentifier> DecodeClientIdentifier(std::string_view bytes) {
  WEIR_ASSIGN_OR_RETURN(const auto fields, FieldsOf(bytes, kClient, 2));
  const auto attempt = AttemptId::Parse(fields[0]);
  if (!attempt.ok()) return Corrupt("its attempt");
  return OnlyCanonical(ClientTokenIdentifier{*attempt, fields[1]}, bytes);
}

}  // namespace weir::platform
