#include "resourcemanager/server/election_member.h"

#include "common/hostport.h"
#include "common/strings.h"

namespace weir::rm {
namespace {

constexpr std::string_view kHttp = "http=";

}  // namespace

std::string ElectionMember::ToString() const {
  return http.empty() ? id : id + " " + std::string(kHttp) + http;
}

ElectionMember ElectionMember::Parse(std::string_view text) {
  ElectionMember member;
  bool first = true;
  for (const std::string_view word : Split(text, ' ')) {
    if (first) {
      member.id = word;
    } else if (word.starts_with(kHttp)) {
      member.http = word.substr(kHttp.size());
    }
    first = false;
  }
  return member;
}

bool ElectionMember::IsOne(std::string_view text) {
  const ElectionMember member = Parse(text);
  return !member.id.empty() && HostPort::Parse(member.http).ok();
}

}  // namespace weir::rm
