// What administrators write about labels and the resources of nodes, in YARN's forms. Pure
// functions. Errors: kInvalidArgument, with the form.
#ifndef WEIR_CLIENT_ADMIN_WORDS_H_
#define WEIR_CLIENT_ADMIN_WORDS_H_

#include <map>
#include <string>
#include <vector>

#include "client/admin_client.h"
#include "platform/resource_types_config.h"

namespace weir::cli {

// "gpu(exclusive=true),fast(exclusive=false),any".
Result<std::vector<LabelToAdd>> ParseLabelsToAdd(const std::string& text);
// "gpu,fast".
Result<std::vector<std::string>> ParseLabelNames(const std::string& text);
// "node1=gpu", "node2:45454=fast", "node3=" (none); also YARN's older "node1,gpu".
Result<std::map<std::string, std::string>> ParseNodeLabels(const std::vector<std::string>& words);

// "memory-mb=1024Mi,vcores=2,yarn.io/gpu=1". Units of named types are those of `types`; a type that
// is not among them has none.
Result<Resource> ParseResource(const std::string& text,
                               const std::vector<platform::NamedResourceType>& types);
// "NODE MEMORY VCORES [TIMEOUT]", "NODE memory-mb=..,vcores=.. [TIMEOUT]" or "NODE default". A bare
// TIMEOUT is in milliseconds, as YARN's; -1 = none.
Result<NodeResourceChange> ParseNodeResource(const std::vector<std::string>& words,
                                             const std::vector<platform::NamedResourceType>& types);

}  // namespace weir::cli

#endif  // WEIR_CLIENT_ADMIN_WORDS_H_
