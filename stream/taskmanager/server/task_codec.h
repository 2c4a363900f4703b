// Translation between idl/task.thrift and the core's values. The only file that knows both.
#ifndef WEIR_STREAM_TASKMANAGER_SERVER_TASK_CODEC_H_
#define WEIR_STREAM_TASKMANAGER_SERVER_TASK_CODEC_H_

#include "common/result.h"
#include "gen/task_types.h"
#include "stream/taskmanager/core/messages.h"

namespace weir::stream::taskmanager {

idl::TaskPollRequest ToWire(const PollRequest& request);

// kCorruption: a command without a needed field, or with a number out of range.
Result<PollAnswered> FromWire(const idl::TaskPollAnswer& answer);

}  // namespace weir::stream::taskmanager

#endif  // WEIR_STREAM_TASKMANAGER_SERVER_TASK_CODEC_H_
