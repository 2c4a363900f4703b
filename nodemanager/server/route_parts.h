// What the HTTP routes of several files have in common: web_routes.h says on which loop what runs.
#ifndef WEIR_NODEMANAGER_SERVER_ROUTE_PARTS_H_
#define WEIR_NODEMANAGER_SERVER_ROUTE_PARTS_H_

#include <memory>
#include <optional>
#include <utility>

#include "nodemanager/server/web_routes.h"

namespace weir::nm {

// The container named in the path, or the error is answered.
inline std::optional<ContainerId> ContainerOf(const platform::HttpRequest& request,
                                              const platform::HttpReply& reply) {
  const auto id = ContainerId::Parse(request.captures.front());
  if (id.ok()) return *id;
  reply(platform::ErrorResponse(id.error()));
  return std::nullopt;
}

// `query` runs on the core loop and copies out; `use` makes the answer of it on the I/O loop.
template <typename Query, typename Use>
void ReadThen(const WebEnvironment& environment, platform::HttpReply reply, Query query, Use use) {
  environment.server->Read([&io_loop = environment.io_loop,
                            reply = std::move(reply),
                            query = std::move(query),
                            use = std::move(use)](const NodeManagerCore& core) {
    auto value = std::make_shared<decltype(query(core))>(query(core));
    io_loop.Post([reply, use, value] { reply(use(*value)); });
  });
}

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_ROUTE_PARTS_H_
