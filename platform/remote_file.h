// Files on servers: http and https, and HDFS through its HTTP face (webhdfs, swebhdfs).
//
//   http(s)://HOST[:PORT]/PATH          HEAD for size and time, GET
//   (s)webhdfs://HOST:PORT/PATH         GETFILESTATUS, OPEN with its redirect to a data node
//
// Connecting is bounded, and so is a transfer that stalls: less than `slowest` bytes a second for
// `stall`. At most `redirects` redirects, to http and https only, and never from https to http.
// Certificates are checked against the authorities of the system, or those in the file that the
// process's SSL_CERT_FILE names. No cookies, no stored credentials. Blocking; thread-safe functions
// (libcurl).
//
// Errors, the address first: kNotFound, kPermissionDenied (401, 403), kUnavailable (cannot connect,
// connection lost, 429, 5xx), kDeadlineExceeded (stalled), kInvalidArgument (address, redirects),
// kFailedPrecondition (other answers, TLS), kCorruption (not what was expected), kAborted.
#ifndef WEIR_PLATFORM_REMOTE_FILE_H_
#define WEIR_PLATFORM_REMOTE_FILE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/result.h"
#include "common/time.h"

namespace weir::platform {

struct RemoteFileOptions {
  std::string user;  // told to webhdfs as user.name; "" = none
  Duration connect = seconds(10);
  Duration stall = seconds(30);  // whole seconds
  int64_t slowest = 1024;        // bytes a second
  int redirects = 5;
  std::function<bool()> called_off = nullptr;
};

struct RemoteFileInfo {
  int64_t size = 0;
  int64_t mtime_ms = 0;  // 0 = the server does not say
};

// Also kFailedPrecondition: the server does not say the size.
Result<RemoteFileInfo> StatRemoteFile(const std::string& uri, const RemoteFileOptions& options);
// `expected`: a file that is announced with another size, or another time unless that is 0, is
// refused before its first byte. `sink` returns an error to stop.
Status ReadRemoteFile(const std::string& uri,
                      const RemoteFileInfo& expected,
                      const RemoteFileOptions& options,
                      const std::function<Status(std::string_view)>& sink);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_REMOTE_FILE_H_
