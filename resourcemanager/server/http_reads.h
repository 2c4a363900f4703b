// ReadThen: answers an HTTP request from the core, with the answer's text built off its loop.
#ifndef WEIR_RESOURCEMANAGER_SERVER_HTTP_READS_H_
#define WEIR_RESOURCEMANAGER_SERVER_HTTP_READS_H_

#include <memory>
#include <type_traits>
#include <utility>

#include "resourcemanager/server/http_routes.h"

namespace weir::rm {

// `query` (core, now) -> Result<Value> runs on the core loop and copies one page out;
// `use` (Value, now) runs on the I/O loop with it. A refusal or an Error is answered here.
template <typename Query, typename Use>
void ReadThen(const HttpEnvironment& environment,
              const platform::HttpReply& reply,
              Query query,
              Use use) {
  using Value =
      std::decay_t<decltype(query(std::declval<const ResourceManagerCore&>(), Now{}).value())>;
  environment.services.server.Read(
      [&io_loop = environment.io_loop, reply, query = std::move(query), use = std::move(use)](
          const ResourceManagerCore& core, Now now) {
        auto value = std::make_shared<Result<Value>>(query(core, now));
        io_loop.Post([reply, use, value, now] {
          if (value->ok()) {
            use(*std::move(*value), now);
          } else {
            reply(platform::ErrorResponse(value->error()));
          }
        });
      },
      [reply](const Error& error) { reply(platform::ErrorResponse(error)); });
}

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_HTTP_READS_H_
