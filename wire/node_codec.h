// Translation of idl/resource_tracker.thrift. See values_codec.h for the rules. Tokens are signed
// on the way out (RM) and verified on the way in (NM).
#ifndef WEIR_WIRE_NODE_CODEC_H_
#define WEIR_WIRE_NODE_CODEC_H_

#include <optional>

#include "common/node_messages.h"
#include "gen/resource_tracker_types.h"
#include "wire/values_codec.h"

namespace weir::wire {

idl::RegisterNodeRequest ToWire(const RegisterNodeRequest& request);
Result<RegisterNodeRequest> FromWire(const idl::RegisterNodeRequest& wire);

// With the keys that the node needs to verify tokens, and where staged files are.
idl::RegisterNodeAnswer ToWire(const RegisterNodeAnswer& answer,
                               const platform::TokenKeys& keys,
                               const std::string& rm_http_address);
RegisterNodeAnswer FromWire(const idl::RegisterNodeAnswer& wire);
// kCorruption: the key that signs is not among them.
Result<platform::TokenKeys> KeysFromWire(const idl::RegisterNodeAnswer& wire);
// Nothing when the node's keys hold.
Result<std::optional<platform::TokenKeys>> KeysFromWire(const idl::NodeHeartbeatAnswer& wire);

// The node's id travels beside the request; so does the version of the token keys that it has,
// which is set by whoever knows it.
idl::NodeHeartbeatRequest ToWire(const NodeHeartbeatRequest& request, const NodeId& node);
Result<NodeHeartbeatRequest> FromWire(const idl::NodeHeartbeatRequest& wire);

idl::CommandOutcome ToWire(const CommandOutcome& outcome);
Result<CommandOutcome> FromWire(const idl::CommandOutcome& wire);
idl::ResizeContainerCommand ToWire(const ResizeContainerCommand& command);
Result<ResizeContainerCommand> FromWire(const idl::ResizeContainerCommand& wire);

idl::SignalContainerCommand ToWire(const SignalContainerCommand& command);
Result<SignalContainerCommand> FromWire(const idl::SignalContainerCommand& wire);

idl::NodeHeartbeatAnswer ToWire(const NodeHeartbeatAnswer& answer, const platform::TokenKeys& keys);
// Gives the node the keys, if those that it has are older.
void AddKeys(const KnownKeys& known,
             const platform::TokenKeys& keys,
             idl::NodeHeartbeatAnswer& wire);
// A start command whose token does not verify makes the whole answer an error (kUnauthenticated).
Result<NodeHeartbeatAnswer> FromWire(const idl::NodeHeartbeatAnswer& wire,
                                     const platform::TokenKeys& keys);

}  // namespace weir::wire

#endif  // WEIR_WIRE_NODE_CODEC_H_
