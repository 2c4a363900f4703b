// The one web page of the ResourceManager: applications and nodes as plain tables, without script.
// Everything shown is escaped. Pure functions; thread-safe.
#ifndef WEIR_RESOURCEMANAGER_SERVER_HTML_PAGE_H_
#define WEIR_RESOURCEMANAGER_SERVER_HTML_PAGE_H_

#include <string>
#include <vector>

#include "common/application.h"
#include "common/queue.h"
#include "resourcemanager/server/rest_json.h"

namespace weir::rm {

struct PageContent {
  RestIdentity identity;
  ClusterSummary summary;
  std::vector<ApplicationReport> applications;  // newest first
  bool more_applications = false;
  std::vector<NodeReport> nodes;
  std::vector<QueueReport> queues;  // parents before children
};

std::string OverviewPage(const PageContent& content);

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_HTML_PAGE_H_
