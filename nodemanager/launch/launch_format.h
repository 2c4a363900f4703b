// What the NodeManager and weir-launch say to each other, and the names of the files they share.
//
// The launch spec is a file of fields, each "key length\n", the bytes, "\n"; the first field is
// kVersionKey. On the report pipe weir-launch writes lines:
//   started <pid>                 the program runs
//   failed <errno> <step>         it could not be started; nothing runs; weir-launch ends
//   ended <kind> <value> <peak>   no process of the container is left
// `kind` is exited or signaled, `value` the status or the signal, `peak` the largest resident size
// of one process in KiB. The exit file holds the ended line, or the failed one; that of a retry is
// there with kBegun in it before its program can run. Signals to weir-launch: SIGTERM asks all
// processes to end, and kills them after the grace; SIGUSR2 asks them and leaves them the time they
// want; SIGUSR1 kills them; SIGQUIT is passed to the program alone.
//
// The two need not be of one release: a weir-launch goes on while its NodeManager is upgraded. The
// version in the spec is that of all of this and of all notes about the container: whoever knows a
// newer one reads the older ones, and nobody guesses at a newer one. A key or a word that cannot be
// passed over makes a new version. Constants only.
#ifndef WEIR_NODEMANAGER_LAUNCH_LAUNCH_FORMAT_H_
#define WEIR_NODEMANAGER_LAUNCH_LAUNCH_FORMAT_H_

namespace weir::nm::launch {

inline constexpr char kVersionKey[] = "weir-launch";
inline constexpr char kVersion[] = "1";  // the newest; each up to it is read
inline constexpr long kVersionNumber = 1;
inline constexpr char kDirectoryKey[] = "directory";  // the working directory
inline constexpr char kStdoutKey[] = "stdout";
inline constexpr char kStderrKey[] = "stderr";
inline constexpr char kExitFileKey[] = "exit";
inline constexpr char kRetryKey[] = "retry";  // how often it was started before; for who reads it
inline constexpr char kGraceKey[] = "grace-ms";  // from SIGTERM to SIGKILL if nobody else does it
inline constexpr char kArgumentKey[] = "argument";        // in order
inline constexpr char kEnvironmentKey[] = "environment";  // NAME=value
// The account to run under, in numbers: weir-launch asks no database. None: that of weir-launch.
inline constexpr char kUidKey[] = "uid";
inline constexpr char kGidKey[] = "gid";
inline constexpr char kSupplementaryGroupKey[] = "supplementary-group";  // each
inline constexpr char kCoreDumpsKey[] = "core-dumps";  // "1" = allowed, as the system has them
// The container's cgroups (launch/container_group.h), which are there already.
inline constexpr char kUnifiedGroupKey[] = "group-unified";
inline constexpr char kFreezerGroupKey[] = "group-freezer";
inline constexpr char kGroupKey[] = "group";

inline constexpr int kReportDescriptor = 3;
inline constexpr char kBegun[] = "begun\n";

// The last step of a start; what fails before it is no fault of the program.
inline constexpr char kProgramStep[] = "run its command";
// Nor is what its user made of directories that are his, or that he cannot get through to them.
inline constexpr char kUsersStep[] = "use its directories with its user's rights";

// The NodeManager that wrote the spec is newer than weir-launch.
inline constexpr char kNewerStep[] = "understand a launch spec that is newer than itself";

}  // namespace weir::nm::launch

#endif  // WEIR_NODEMANAGER_LAUNCH_LAUNCH_FORMAT_H_
