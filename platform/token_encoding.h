// The bytes of token identifiers: fields as "<length>:<bytes>", the first one naming kind and
// version. There is exactly one encoding of a value; any other text is refused. Pure functions.
#ifndef WEIR_PLATFORM_TOKEN_ENCODING_H_
#define WEIR_PLATFORM_TOKEN_ENCODING_H_

#include <string>
#include <string_view>
#include <vector>

#include "common/caller.h"
#include "common/result.h"

namespace weir::platform {

std::string EncodeFields(const std::vector<std::string>& fields);
// kCorruption: not the encoding of exactly `count` fields.
Result<std::vector<std::string>> DecodeFields(std::string_view bytes, size_t count);

std::string EncodeIdentifier(const AmTokenIdentifier& identifier);
std::string EncodeIdentifier(const NmTokenIdentifier& identifier);
std::string EncodeIdentifier(const ContainerTokenIdentifier& identifier);
std::string EncodeIdentifier(const ClientTokenIdentifier& identifier);

// kCorruption.
Result<AmTokenIdentifier> DecodeAmIdentifier(std::string_view bytes);
Result<NmTokenIdentifier> DecodeNmIdentifier(std::string_view bytes);
Result<ContainerTokenIdentifier> DecodeContainerIdentifier(std::string_view bytes);
Result<ClientTokenIdentifier> DecodeClientIdentifier(std::string_view bytes);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_TOKEN_ENCODING_H_
