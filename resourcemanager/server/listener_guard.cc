#include "resourcemanager/server/listener_guard.h"

#include <utility>

#include "platform/log.h"

namespace weir::rm {
namespace {

class AdministratorsOnly : public platform::Authenticator {
 public:
  AdministratorsOnly(std::shared_ptr<platform::Authenticator> inner, std::string rm_user)
      : inner_(std::move(inner)), rm_user_(std::move(rm_user)) {}

  Result<Caller> Authenticate(const platform::Credentials& credentials) override {
    WEIR_ASSIGN_OR_RETURN(Caller caller, inner_->Authenticate(credentials));
    const bool may =
        caller.kind == CallerKind::kDaemon || caller.user == "root" || caller.user == rm_user_;
    if (may) return caller;
    return Error{ErrorCode::kUnauthenticated,
                 caller.user + " may not administer this ResourceManager",
                 "use root or " + rm_user_ + ", the account it runs under"};
  }

 private:
  const std::shared_ptr<platform::Authenticator> inner_;
  const std::string rm_user_;
};

}  // namespace

std::shared_ptr<platform::Authenticator> MakeAdministratorsOnly(
    std::shared_ptr<platform::Authenticator> inner, std::string rm_user) {
  return std::make_shared<AdministratorsOnly>(std::move(inner), std::move(rm_user));
}

void RefusalLog::Add(const std::string& peer, const Error& error, Instant now) {
  metrics_.CountRefusal(listener_, error.code);
  if (logged_before_ && now - last_logged_ < seconds(1)) {
    ++left_out_;
    return;
  }
  platform::LogWarn(
      "rm.auth",
      peer,
      "refused",
      {{"listener", listener_}, {"why", error.message}, {"left_out", std::to_string(left_out_)}});
  logged_before_ = true;
  last_logged_ = now;
  left_out_ = 0;
}

}  // namespace weir::rm
