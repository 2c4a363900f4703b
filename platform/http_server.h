// HttpServer: HTTP/1.1 on one address, asynchronous (Boost.Beast), with routes.
//
// Deadlines on everything, headers <= 8 KiB, bodies <= 1 MiB unless a route takes them as a file,
// 1024 connections (one more gets 503). Only GET and HEAD are safe: others are refused to pages of
// other sites, and without the header X-Requested-By. Host must be one of the advertised names or
// an address. Every answer carries a CSP of 'self', nosniff, and that nobody may frame it. No
// cookie is ever set. Faults of a request are answered in the shape of ErrorResponse. The door is
// asked before a body is read and a route is called, and told what came of it; a route that the
// door has no operation for cannot be added.
//
// Threads: routes are called on the I/O loop and must not block; an answer may be given later from
// any thread, as long as the loop exists; it is dropped when the peer has left. After Close no
// route is called. Owner: the daemon; the loop must outlive it.
#ifndef WEIR_PLATFORM_HTTP_SERVER_H_
#define WEIR_PLATFORM_HTTP_SERVER_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/caller.h"
#include "common/hostport.h"
#include "common/result.h"
#include "common/time.h"
#include "platform/door.h"
#include "platform/event_loop.h"
#include "platform/file_descriptor.h"

namespace weir::platform {

struct HttpRequest {
  std::string method;                          // "GET"
  std::string path;                            // decoded, without query
  std::string target;                          // as it was sent
  std::vector<std::string> captures;           // of the route's {} parts
  std::map<std::string, std::string> query;    // decoded
  std::map<std::string, std::string> headers;  // lower-case names
  std::string body;                            // unless the route takes files
  std::string body_file;  // the uploaded file, if it does; deleted after the answer
  int64_t body_size = 0;
  std::string body_sha256;  // of an uploaded file
  std::string peer;         // address
  Caller caller;            // who it is, as far as that was proven
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  // Or a file, from offset, `file_length` bytes (-1 = to its end).
  std::string file;
  int64_t file_offset = 0;
  int64_t file_length = -1;
  // Instead of `file`, one that is open already: for names that must not be looked up again.
  std::shared_ptr<FileDescriptor> open_file{};
  std::map<std::string, std::string> headers;
  // Set by ErrorResponse: what the answer says, for the door.
  std::optional<Error> error{};
};

using HttpReply = std::function<void(HttpResponse)>;  // call once, from any thread
using HttpRoute = std::function<void(HttpRequest, HttpReply)>;

// Absolute: a peer that sends or takes byte after byte gains nothing.
struct HttpDeadlines {
  Duration idle = seconds(30);      // between two requests
  Duration head = seconds(5);       // a request up to its body
  Duration progress = seconds(30);  // 64 KiB of a body, in or out
  Duration reply = seconds(60);     // by the route; then the peer gets 503
  Duration linger = seconds(2);     // for the peer to close after a last answer
};

// Who sends a request, by what it carries; without a credential kAnonymous. kUnauthenticated: a
// credential that does not hold. The address is filled in by the server. Called on the I/O loop;
// must not block.
using HttpAuthenticator = std::function<Result<Caller>(const HttpRequest& request)>;

struct HttpServerOptions {
  HostPort address;  // port 0 = any
  std::vector<std::string>
      host_names;                // accepted Host headers besides loopback names and the address
  std::string upload_directory;  // for routes that take files
  HttpDeadlines deadlines;
  std::shared_ptr<const Door> door{};
  HttpAuthenticator authenticator{};  // empty: all are kAnonymous
};

class HttpServer {
 public:
  HttpServer(EventLoop& io_loop, HttpServerOptions options);
  ~HttpServer();

  // `pattern`: "/ws/v1/cluster/apps/{}" (each {} is one part, {%} perhaps with %2F, a last {*}
  // all). Requires: before Listen; the door has an operation "METHOD PATTERN".
  void Route(const std::string& method, const std::string& pattern, HttpRoute route);
  // The body goes to a file in upload_directory while its SHA-256 is taken; at most `limit` bytes.
  void UploadRoute(const std::string& method,
                   const std::string& pattern,
                   int64_t limit,
                   HttpRoute route);
  // kUnavailable: cannot bind.
  Result<HostPort> Listen();
  void Close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

HttpResponse JsonResponse(int status, std::string body);
// {"RemoteException": {...}} as YARN says it, with the status that fits the code.
HttpResponse ErrorResponse(const Error& error);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_HTTP_SERVER_H_
