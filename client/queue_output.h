// How `weir` shows queues, plans, versions and explanations: text as YARN prints it where YARN
// does, and JSON. Pure functions.
#ifndef WEIR_CLIENT_QUEUE_OUTPUT_H_
#define WEIR_CLIENT_QUEUE_OUTPUT_H_

#include <string>
#include <vector>

#include "common/queue.h"

namespace weir::cli {

// YARN's boxed table: "N queues were found".
std::string FormatQueueList(const std::vector<QueueReport>& queues);
// YARN's "Queue Information : " and what Weir knows besides.
std::string FormatQueue(const QueueReport& queue);
std::string QueuesJson(const std::vector<QueueReport>& queues);
std::string QueueJson(const QueueReport& queue);

std::string FormatPlan(const QueuePlan& plan);
std::string PlanJson(const QueuePlan& plan);

std::string FormatHistory(const std::vector<QueueConfigurationVersion>& versions);
std::string HistoryJson(const std::vector<QueueConfigurationVersion>& versions);
std::string VersionJson(const QueueConfigurationVersion& version);

// YARN's "Node Labels: <x:exclusivity=true>".
std::string FormatLabels(const std::vector<LabelReport>& labels);
std::string LabelsJson(const std::vector<LabelReport>& labels);

}  // namespace weir::cli

#endif  // WEIR_CLIENT_QUEUE_OUTPUT_H_
