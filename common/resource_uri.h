// The addresses of local resources: which there are, and what each has to look like; and how a
// resource is written on a command line. Pure functions.
#ifndef WEIR_COMMON_RESOURCE_URI_H_
#define WEIR_COMMON_RESOURCE_URI_H_

#include <string>
#include <string_view>

#include "common/container.h"
#include "common/result.h"

namespace weir {

enum class ResourceScheme { kUnknown, kStaging, kFile, kHttp, kHttps, kWebHdfs, kSecureWebHdfs };

// staging:, file:/, http://, https://, webhdfs://, swebhdfs://
ResourceScheme SchemeOf(std::string_view uri);
// One that a server on the network is asked for.
bool IsRemote(ResourceScheme scheme);
// kInvalidArgument: an unknown scheme; a remote address that is not SCHEME://HOST[:PORT]/PATH, that
// has user information, a fragment, or characters that addresses do not have.
Status CheckResourceUri(std::string_view uri);

// A local resource as one argument of a command line:
// NAME=URI,SIZE,MTIME,SHA256,file|archive,public|private|application
struct NamedResource {
  std::string name;
  LocalResource resource;
};
std::string ToArgument(const NamedResource& named);
// kInvalidArgument: not of that form. The name and the address may have '=' and ',' of their own.
Result<NamedResource> ParseResourceArgument(const std::string& text);

}  // namespace weir

#endif  // WEIR_COMMON_RESOURCE_URI_H_
