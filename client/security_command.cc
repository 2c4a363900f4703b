// weir security: init, issue, renew, show: a cluster's own certificate authority, on files.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "client/command.h"
#include "client/output.h"
#include "common/strings.h"
#include "platform/certificates.h"
#include "platform/clock.h"
#include "platform/config_keys.h"
#include "platform/file_system.h"
#include "platform/sockets.h"

namespace weir::cli {
namespace {

using platform::CertificateAuthority;
using platform::CertificateInfo;
using platform::FileSystem;

constexpr int64_t kPemBytes = 64 << 10;
constexpr int kSecretMode = 0400;
constexpr int kPublicMode = 0444;
constexpr int64_t kAuthorityDays = 3650;
constexpr int64_t kCredentialDays = 90;

Duration Days(int64_t count) {
  return std::chrono::hours(24) * count;
}

std::string Absolute(const std::string& path) {
  std::error_code ignored;  // what cannot be made absolute cannot be opened either
  return std::filesystem::absolute(path, ignored).lexically_normal().string();
}

std::string AuthorityDirectory(const Invocation& invocation) {
  const std::string work = invocation.config.GetOr(platform::keys::kWorkDir, "");
  return Absolute(invocation.arguments.Get("dir", work + "/authority"));
}

struct Authority {
  CertificateAuthority authority;
  std::string certificate;  // PEM
};

Result<Authority> LoadAuthority(const std::string& directory) {
  FileSystem& files = FileSystem::Real();
  const auto key = files.ReadFile(directory + "/ca.key", kPemBytes);
  if (!key.ok()) {
    Error error = key.error();
    error.remedy = "name the authority's directory by -dir, or make one: 'weir security init'";
    return error;
  }
  WEIR_ASSIGN_OR_RETURN(const std::string certificate,
                        files.ReadFile(directory + "/ca.crt", kPemBytes));
  auto authority = CertificateAuthority::Load(*key, certificate);
  if (!authority.ok()) {
    Error error = authority.error();
    error.message = directory + ": " + error.message;
    return error;
  }
  return Authority{std::move(authority).value(), certificate};
}

Status Init(const Invocation& invocation) {
  FileSystem& files = FileSystem::Real();
  const std::string directory = AuthorityDirectory(invocation);
  WEIR_ASSIGN_OR_RETURN(const int64_t days,
                        invocation.arguments.GetInt("days", kAuthorityDays, 1, 36'500));
  if (files.Stat(directory + "/ca.key").ok()) {
    return Error{ErrorCode::kAlreadyExists,
                 directory + " has an authority already",
                 "every certificate it has issued would be worthless without it; name another "
                 "directory by -dir"};
  }
  const std::string cluster = invocation.arguments.Get(
      "cluster", invocation.config.GetOr(platform::keys::kClusterId, "weir"));
  WEIR_ASSIGN_OR_RETURN(const CertificateAuthority authority,
                        CertificateAuthority::Make(cluster, Days(days), platform::WallNow()));
  WEIR_RETURN_IF_ERROR(files.MakeDirectories(directory, 0700));
  WEIR_RETURN_IF_ERROR(platform::WriteFileAtomically(
      files, directory + "/ca.crt", authority.CertificatePem(), kPublicMode));
  WEIR_RETURN_IF_ERROR(
      platform::WriteFileAtomically(files, directory + "/ca.key", authority.KeyPem(), kSecretMode));
  std::printf("authority of cluster %s in %s, until %s\n",
              cluster.c_str(),
              directory.c_str(),
              ToIso8601(authority.not_after()).c_str());
  Say("weir: keep " + directory + "/ca.key off the machines that serve; " + directory +
      "/ca.crt goes to all of them");
  return {};
}

void PrintIssued(const std::string& path, const CertificateInfo& info) {
  std::printf("%s: %s until %s\n",
              path.c_str(),
              info.identity.ToUri().c_str(),
              ToIso8601(info.not_after).c_str());
}

Status Issue(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  WEIR_ASSIGN_OR_RETURN(const Authority loaded, LoadAuthority(AuthorityDirectory(invocation)));
  platform::CertificateRequest request;
  request.identity.cluster_id = loaded.authority.cluster_id();
  WEIR_ASSIGN_OR_RETURN(request.identity.role, platform::ParseRole(arguments.Get("role")));
  request.identity.name = arguments.Get("name");
  if (arguments.Has("host")) request.hosts = arguments.All("host");
  WEIR_ASSIGN_OR_RETURN(const int64_t days, arguments.GetInt("days", kCredentialDays, 1, 3650));
  request.validity = Days(days);
  WEIR_ASSIGN_OR_RETURN(const std::string pem,
                        loaded.authority.Issue(request, platform::WallNow()));
  const std::string role(platform::RoleName(request.identity.role));
  const std::string path =
      Absolute(arguments.Get("out", role + "-" + request.identity.name + ".pem"));
  FileSystem& files = FileSystem::Real();
  if (files.Stat(path).ok()) {
    return Error{ErrorCode::kAlreadyExists,
                 path + " is there already",
                 "name another file by -out, or renew it: 'weir security renew " + path + "'"};
  }
  WEIR_RETURN_IF_ERROR(platform::WriteFileAtomically(files, path, pem, kSecretMode));
  WEIR_ASSIGN_OR_RETURN(const CertificateInfo info, platform::ReadCertificate(pem));
  PrintIssued(path, info);
  return {};
}

// Whoever could read it before can read it again.
Status KeepOwner(const std::string& path, const struct stat& before) {
  if (::chown(path.c_str(), before.st_uid, before.st_gid) == 0) return {};
  return Error{
      ErrorCode::kPermissionDenied,
      path + " is renewed, but cannot be given back to its owner: " + platform::ErrnoText(errno),
      "give it to the account of the daemon that reads it"};
}

Status Renew(const Invocation& invocation) {
  FileSystem& files = FileSystem::Real();
  const std::string path = Absolute(invocation.arguments.words()[1]);
  WEIR_ASSIGN_OR_RETURN(const Authority loaded, LoadAuthority(AuthorityDirectory(invocation)));
  WEIR_ASSIGN_OR_RETURN(const std::string former, files.ReadFile(path, kPemBytes));
  WEIR_ASSIGN_OR_RETURN(const CertificateInfo info, platform::ReadCertificate(former));
  // Also when it has ended: as of when it was valid.
  WEIR_RETURN_IF_ERROR(
      platform::CheckCertificate(former, loaded.certificate, info.not_before + seconds(1)));
  platform::CertificateRequest request{.identity = info.identity, .hosts = info.hosts};
  if (invocation.arguments.Has("host")) request.hosts = invocation.arguments.All("host");
  const auto former_days =
      std::chrono::duration_cast<std::chrono::hours>(info.not_after - info.not_before) /
      std::chrono::hours(24);
  WEIR_ASSIGN_OR_RETURN(
      const int64_t days,
      invocation.arguments.GetInt("days", std::max<int64_t>(former_days, 1), 1, 3650));
  request.validity = Days(days);
  WEIR_ASSIGN_OR_RETURN(const std::string pem,
                        loaded.authority.Issue(request, platform::WallNow()));
  struct stat before {};
  if (::stat(path.c_str(), &before) != 0) {
    return Error{ErrorCode::kUnavailable, path + ": " + platform::ErrnoText(errno), ""};
  }
  WEIR_RETURN_IF_ERROR(platform::WriteFileAtomically(files, path, pem, kSecretMode));
  WEIR_RETURN_IF_ERROR(KeepOwner(path, before));
  WEIR_ASSIGN_OR_RETURN(const CertificateInfo renewed, platform::ReadCertificate(pem));
  PrintIssued(path, renewed);
  return {};
}

std::string InfoJson(const CertificateInfo& info) {
  return nlohmann::json{{"identity", info.identity.ToUri()},
                        {"role", platform::RoleName(info.identity.role)},
                        {"name", info.identity.name},
                        {"clusterId", info.identity.cluster_id},
                        {"hosts", info.hosts},
                        {"notBefore", ToIso8601(info.not_before)},
                        {"notAfter", ToIso8601(info.not_after)},
                        {"serial", info.serial},
                        {"sha256", info.fingerprint}}
      .dump();
}

Status Show(const Invocation& invocation) {
  const std::string path = Absolute(invocation.arguments.words()[1]);
  WEIR_ASSIGN_OR_RETURN(const std::string pem, FileSystem::Real().ReadFile(path, kPemBytes));
  WEIR_ASSIGN_OR_RETURN(const CertificateInfo info, platform::ReadCertificate(pem));
  if (invocation.json) {
    std::puts(InfoJson(info).c_str());
    return {};
  }
  const std::string hosts = info.hosts.empty() ? "none" : Join(info.hosts, ", ");
  std::printf("Identity : %s\nHosts : %s\nValid : %s to %s\nSerial : %s\nSHA-256 : %s\n",
              info.identity.ToUri().c_str(),
              hosts.c_str(),
              ToIso8601(info.not_before).c_str(),
              ToIso8601(info.not_after).c_str(),
              info.serial.c_str(),
              info.fingerprint.c_str());
  return {};
}

struct Action {
  const char* name;
  std::vector<std::string> options;
  size_t words;  // with the action itself
  Status (*run)(const Invocation& invocation);
};

}  // namespace

ExitCode RunSecurityCommand(const std::vector<std::string>& words) {
  const Prepared prepared = Prepare("security",
                                    {.options = {{"dir", "DIR", "", false},
                                                 {"cluster", "ID", "", false},
                                                 {"role", "ROLE", "", false},
                                                 {"name", "NAME", "", false},
                                                 {"host", "HOST", "", true},
                                                 {"days", "N", "", false},
                                                 {"out", "FILE", "", false}}},
                                    words);
  if (!prepared.invocation) return prepared.exit;
  static const Action kActions[] = {
      {"init", {"dir", "cluster", "days"}, 1, Init},
      {"issue", {"dir", "role", "name", "host", "days", "out"}, 1, Issue},
      {"renew", {"dir", "host", "days"}, 2, Renew},
      {"show", {}, 2, Show}};
  const std::vector<std::string>& said = prepared.invocation->arguments.words();
  for (const Action& action : kActions) {
    if (said.empty() || said[0] != action.name) continue;
    const Status fits = prepared.invocation->arguments.AllowOnly(
        std::string("security ") + action.name, action.options, action.words);
    if (!fits.ok()) return Fail(fits.error());
    if (said.size() < action.words) break;
    const Status done = action.run(*prepared.invocation);
    return done.ok() ? ExitCode::kOk : Fail(done.error());
  }
  return Fail({ErrorCode::kInvalidArgument,
               "security needs one of: init, issue, renew FILE, show FILE",
               "see 'weir security --help'"});
}

}  // namespace weir::cli
