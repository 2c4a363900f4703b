// What "-file" and "-archive" of a submission mean: a file of this machine, which is staged with
// the ResourceManager, or the address of one that the nodes fetch themselves.
#ifndef WEIR_CLIENT_LOCAL_FILES_H_
#define WEIR_CLIENT_LOCAL_FILES_H_

#include <string>

#include "client/arguments.h"
#include "client/rm_client.h"
#include "common/resource_uri.h"
#include "common/result.h"

namespace weir::cli {

// `text`: FILE[#NAME] or URI[#NAME]; without NAME the last part of the path. Size and time of what
// stays where it is are asked now, so that a node takes no other file for it. kNotFound,
// kInvalidArgument (no name, no archive, an address that is none), errors of the servers asked.
Result<NamedResource> FindLocalFile(RmClient& rm, const std::string& text, LocalResourceType type);

// Those of "-file" and "-archive", added to the command line of the command master, which gives
// them to every container. Also kInvalidArgument: two of one name.
Status AddLocalFiles(const Arguments& arguments, RmClient& rm, LaunchContext& master);

}  // namespace weir::cli

#endif  // WEIR_CLIENT_LOCAL_FILES_H_
