// ValidateSubmission: whether a submission may become an application, judged by itself. Pure.
#ifndef WEIR_RESOURCEMANAGER_CORE_SUBMISSION_VALIDATOR_H_
#define WEIR_RESOURCEMANAGER_CORE_SUBMISSION_VALIDATOR_H_

#include <cstddef>

#include "common/result.h"
#include "common/time.h"
#include "resourcemanager/core/events.h"

namespace weir::rm {

inline constexpr size_t kIdempotencyKeyBytes = 64;
inline constexpr size_t kSubmissionTags = 32;
inline constexpr size_t kSecretBytes = 64u << 10;
inline constexpr Duration kLifetimeMax = std::chrono::hours(24 * 366 * 100);
inline constexpr Duration kQueueTimeoutMax = std::chrono::hours(24 * 366);

// kInvalidArgument: names, launch context, limits; the message names the part. Not judged here: the
// queue and the AM's resource, which the scheduler knows about.
Status ValidateSubmission(const SubmitApplication& submission);

// kInvalidArgument when the text is empty (unless allowed), too long, or has control characters;
// `what` names it in the message.
enum class EmptyText { kRefused, kAllowed };
Status ValidateText(std::string_view what, std::string_view text, size_t limit, EmptyText empty);

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_SUBMISSION_VALIDATOR_H_
