#include "nodemanager/executor/launch_notes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "common/strings.h"
#include "nodemanager/launch/launch_format.h"
#include "nodemanager/launch/launch_spec.h"
#include "platform/open_beneath.h"

namespace weir::nm {
namespace {

constexpr int64_t kNoteBytes = 64 << 10;
constexpr int kOwnerOnly = 0600;
constexpr int kRunnable = 0700;
constexpr int64_t kKibPerMib = 1024;
constexpr size_t kStderrTail = 4096;
constexpr uint64_t kNoRoomBytes = 16 << 10;
constexpr char kSpec[] = "spec";
constexpr char kLauncher[] = "launcher";

std::string Field(std::string_view key, std::string_view value) {
  std::string field(key);
  field += " " + std::to_string(value.size()) + "\n";
  return field.append(value).append("\n");
}

}  // namespace

std::optional<LaunchEnd> ParseLaunchEnd(std::string_view line, const std::string& program) {
  const auto words = Split(Trim(line), ' ');
  if (words.size() == 4 && words[0] == "ended") {
    const auto value = ParseInt64(words[2]);
    const auto peak = ParseInt64(words[3]);
    if (!value || !peak || (words[1] != "exited" && words[1] != "signaled")) return std::nullopt;
    ExitOutcome outcome;
    outcome.kind = words[1] == "exited" ? ExitKind::kExited : ExitKind::kSignaled;
    outcome.value = static_cast<int>(*value);
    outcome.peak_memory_mib = *peak / kKibPerMib;
    return LaunchEnd{outcome, std::nullopt};
  }
  if (words.size() >= 3 && words[0] == "failed") {
    const auto cause = ParseInt64(words[1]);
    if (!cause) return std::nullopt;
    const std::string step(
        Trim(line.substr(line.find(words[2], words[0].size() + words[1].size()))));
    std::string remedy;
    if (step == launch::kProgramStep) remedy = "check the command; it is not run by a shell";
    if (step == launch::kNewerStep) {
      remedy = "install weir-launch and weir-nodemanager of one release on this node";
    }
    return LaunchEnd{
        std::nullopt,
        Error{*cause == ENOENT ? ErrorCode::kNotFound : ErrorCode::kFailedPrecondition,
              "'" + program + "': cannot " + step + ": " + std::strerror(static_cast<int>(*cause)),
              std::move(remedy)},
        step != launch::kProgramStep && step != launch::kUsersStep};
  }
  return std::nullopt;
}

// Not synced: with the power the processes that the notes are about are gone as well.
Status LaunchNotes::Write(const std::string& name, std::string_view bytes, int mode) const {
  WEIR_ASSIGN_OR_RETURN(auto file, files_.Create(directory_ + "/" + name, mode));
  WEIR_RETURN_IF_ERROR(file->Append(bytes));
  return file->Close();
}

Status LaunchNotes::WriteAccount(const std::optional<Account>& account) const {
  if (!account) return files_.Remove(directory_ + "/account");
  return Write("account", std::to_string(account->uid) + "\n", kOwnerOnly);
}

Status LaunchNotes::WritePlan(const LaunchPlan& plan) const {
  std::string spec = Field(launch::kVersionKey, launch::kVersion);
  spec += Field(launch::kDirectoryKey, plan.directory);
  spec += Field(launch::kStdoutKey, plan.log_directory + "/stdout");
  spec += Field(launch::kStderrKey, plan.log_directory + "/stderr");
  spec += Field(launch::kExitFileKey, EndPath(plan.retry));
  spec += Field(launch::kRetryKey, std::to_string(plan.retry));
  spec += Field(launch::kGraceKey, std::to_string(ToMillis(plan.grace)));
  if (plan.account) {
    spec += Field(launch::kUidKey, std::to_string(plan.account->uid));
    spec += Field(launch::kGidKey, std::to_string(plan.account->gid));
    for (const int64_t group : plan.account->groups) {
      spec += Field(launch::kSupplementaryGroupKey, std::to_string(group));
    }
  }
  if (plan.core_dumps) spec += Field(launch::kCoreDumpsKey, "1");
  for (const std::string& argument : plan.command) spec += Field(launch::kArgumentKey, argument);
  for (const auto& [name, value] : plan.environment) {
    spec += Field(launch::kEnvironmentKey, name + "=" + value);
  }
  if (!plan.groups.unified.empty()) spec += Field(launch::kUnifiedGroupKey, plan.groups.unified);
  if (!plan.groups.freezer.empty()) spec += Field(launch::kFreezerGroupKey, plan.groups.freezer);
  for (const std::string& group : plan.groups.others) spec += Field(launch::kGroupKey, group);
  if (plan.retry == 0) return Write(kSpec, spec, kOwnerOnly);
  // One of these takes the place of another at once: which start it is about is never in doubt.
  WEIR_RETURN_IF_ERROR(files_.Remove(directory_ + "/" + kLauncher));
  WEIR_RETURN_IF_ERROR(files_.Remove(EndPath(plan.retry)));
  const std::string beside = std::string(kSpec) + ".new";
  WEIR_RETURN_IF_ERROR(Write(beside, spec, kOwnerOnly));
  return files_.Rename(directory_ + "/" + beside, spec_path());
}

Status LaunchNotes::WriteScript(const LaunchPlan& plan) const {
  return Write(
      "launch.sh", LaunchScript(plan.environment, plan.directory, plan.command), kRunnable);
}

std::string LaunchNotes::EndPath(int64_t retry) const {
  return directory_ + (retry == 0 ? "/exit" : "/exit-" + std::to_string(retry));
}

Status LaunchNotes::RemoveEndBefore(int64_t retry) const {
  return retry == 0 ? Status() : files_.Remove(EndPath(retry - 1));
}

Status LaunchNotes::WriteLauncher(const ProcessIdentity& launcher) const {
  return Write(kLauncher, launcher.Encode(), kOwnerOnly);
}

ContainerUid LaunchNotes::ReadAccount() const {
  const auto text = files_.ReadFile(directory_ + "/account", kNoteBytes);
  return text.ok() ? ParseInt64(Trim(*text)) : std::nullopt;
}

std::optional<ProcessIdentity> LaunchNotes::ReadLauncher() const {
  const auto text = files_.ReadFile(directory_ + "/" + kLauncher, kNoteBytes);
  if (!text.ok()) return std::nullopt;
  return ProcessIdentity::Decode(*text);
}

std::optional<int64_t> LaunchNotes::ReadRetry() const {
  const auto text = files_.ReadFile(spec_path(), launch::kSpecBytes);
  launch::LaunchSpec spec;
  if (!text.ok() || !launch::ParseLaunchSpec(*text, spec) || spec.retry < 0) return std::nullopt;
  return spec.retry;
}

Status LaunchNotes::CheckVersion() const {
  const auto text = files_.ReadFile(spec_path(), launch::kSpecBytes);
  const auto version = text.ok() ? launch::VersionOfSpec(*text) : std::nullopt;
  if (!version || *version <= launch::kVersionNumber) return {};
  return Error{ErrorCode::kFailedPrecondition,
               "the notes in " + directory_ + " are of version " + std::to_string(*version) +
                   ", and this NodeManager knows up to " + std::to_string(launch::kVersionNumber),
               "start the release that wrote them, which goes on with its containers; to go back "
               "for good, let it end them first"};
}

bool LaunchNotes::MayHaveBegun(int64_t retry) const {
  const auto there = files_.Stat(EndPath(retry));
  return there.ok() || there.error().code != ErrorCode::kNotFound;
}

std::optional<LaunchEnd> LaunchNotes::ReadEnd(const std::string& program) const {
  return ReadEnd(program, ReadRetry().value_or(0));
}

std::optional<LaunchEnd> LaunchNotes::ReadEnd(const std::string& program, int64_t retry) const {
  const auto text = files_.ReadFile(EndPath(retry), kNoteBytes);
  if (!text.ok()) return std::nullopt;
  return ParseLaunchEnd(*text, program);
}

std::optional<WallTime> LaunchNotes::TimeOf(const std::string& name) const {
  const auto info = files_.Stat(directory_ + "/" + name);
  if (!info.ok()) return std::nullopt;
  return WallFromMillis(info->mtime_ms);
}

std::string ReadTail(const std::string& path, size_t bytes) {
  const size_t slash = path.rfind('/');
  const platform::FileDescriptor directory(
      ::open(path.substr(0, slash).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  struct stat owner {};
  if (!directory.valid() || ::fstat(directory.get(), &owner) != 0) return "";
  const platform::FileDescriptor fd =
      platform::OpenBeneath(directory.get(), path.substr(slash + 1), O_RDONLY);
  struct stat info {};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return "";
  // Another name of somebody else's file.
  if (info.st_nlink > 1 && info.st_uid != owner.st_uid) return "";
  const off_t start = std::max<off_t>(0, info.st_size - static_cast<off_t>(bytes));
  std::string tail(bytes, '\0');
  const ssize_t count = ::pread(fd.get(), tail.data(), bytes, start);
  tail.resize(count > 0 ? static_cast<size_t>(count) : 0);
  return tail;
}

void AddCircumstances(const std::string& work_directory,
                      const std::string& stderr_path,
                      ExitOutcome& outcome) {
  if (outcome.kind == ExitKind::kExited && outcome.value == 0) return;
  outcome.stderr_tail = ReadTail(stderr_path, kStderrTail);
  const std::string logs = stderr_path.substr(0, stderr_path.rfind('/'));
  for (const std::string& directory : {work_directory, logs}) {
    struct statvfs space {};
    if (::statvfs(directory.c_str(), &space) != 0) continue;
    if (space.f_bavail * space.f_frsize < kNoRoomBytes) {
      outcome.full_disk = directory;
      return;
    }
  }
}

}  // namespace weir::nm
