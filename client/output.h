// What `weir` prints: tables for people, JSON for programs. Standard output is data, standard error
// is messages. Pure functions, but Fail and Say, which write to standard error.
#ifndef WEIR_CLIENT_OUTPUT_H_
#define WEIR_CLIENT_OUTPUT_H_

#include <string>
#include <vector>

#include "client/exit_code.h"
#include "common/application.h"
#include "common/result.h"

namespace weir::cli {

// Columns as wide as their widest cell; numbers are the caller's text.
std::string FormatTable(const std::vector<std::string>& header,
                        const std::vector<std::vector<std::string>>& rows);

// Flink's and YARN's progress: 12.34%
std::string FormatPercent(float fraction);
std::string FormatTime(WallTime time);  // ISO 8601, "N/A" for 1970

// JSON objects with YARN's field names (REST), as one line.
std::string ApplicationsJson(const std::vector<ApplicationReport>& applications);
std::string ApplicationJson(const ApplicationReport& application);
std::string NodeJson(const NodeReport& node);
std::string NodesJson(const std::vector<NodeReport>& nodes);
std::string ContainersJson(const std::vector<ContainerReport>& containers);

// One line on standard error: "weir: message (remedy)".
ExitCode Fail(const Error& error);
ExitCode Fail(const Error& error, ExitCode code);
void Say(const std::string& line);

}  // namespace weir::cli

#endif  // WEIR_CLIENT_OUTPUT_H_
