// The kinds of sources, sinks and edges of a job, without dependencies: job libraries include
// this too. Immutable values.
#ifndef WEIR_STREAM_GRAPH_KINDS_H_
#define WEIR_STREAM_GRAPH_KINDS_H_

#include <cstddef>
#include <cstdint>

namespace weir::stream {

enum class SourceKind { kNone, kTextFiles, kSequence };
enum class SinkKind { kNone, kTextFiles, kPrint };
// Forward: subtask i to subtask i. Hash: by the record's key. Rebalance: round robin.
enum class Partitioning { kForward, kHash, kRebalance };

inline constexpr int32_t kParallelismMax = 32768;
inline constexpr size_t kVerticesMax = 1000;

// A task's failure that begins with this is the echo of another one's (its connection broke, or the
// task at the other end failed): when tasks fail together, the cause is the one without it.
inline constexpr char kInheritedFailure[] = "peer failed: ";

}  // namespace weir::stream

#endif  // WEIR_STREAM_GRAPH_KINDS_H_
