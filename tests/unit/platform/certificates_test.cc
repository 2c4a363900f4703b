#include "platform/certificates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr WallTime kNow{milliseconds(1'800'000'000'000)};
constexpr Duration kDay = std::chrono::hours(24);

WallTime After(Duration time) {
  return kNow + std::chrono::duration_cast<milliseconds>(time);
}
CertificateAuthority NewAuthority(const std::string& cluster = "prod") {
  return CertificateAuthority::Make(cluster, 100 * kDay, kNow).value();
}
CertificateRequest Manager() {
  return {.identity = {"prod", CertificateRole::kResourceManager, "rm1"},
          .hosts = {"rm1.example.org", "10.0.0.5", "fd00::5"},
          .validity = 10 * kDay};
}
CertificateRequest User(const std::string& name) {
  return {.identity = {"prod", CertificateRole::kUser, name}, .validity = kDay};
}

TEST(CertificateIdentity, IsAUri) {
  const CertificateIdentity identity{"prod", CertificateRole::kNodeManager, "node-7.example"};
  EXPECT_EQ(identity.ToUri(), "weir://prod/nm/node-7.example");
  EXPECT_EQ(CertificateIdentity::FromUri(identity.ToUri()).value(), identity);
  for (const char* bad : {"",
                          "weir://",
                          "weir://prod/nm",
                          "weir://prod/nm/",
                          "weir:///nm/x",
                          "weir://prod/god/x",
                          "weir://prod/nm/a/b",
                          "weir://prod/nm/a b",
                          "weir://prod/nm/..%2f",
                          "http://prod/nm/x",
                          "Weir://prod/nm/x"}) {
    EXPECT_EQ(CertificateIdentity::FromUri(bad).error().code, ErrorCode::kInvalidArgument) << bad;
  }
  EXPECT_FALSE(CertificateIdentity::FromUri("weir://p/nm/" + std::string(10'000, 'x')).ok());
}

TEST(Certificates, SayWhoseTheyAreAndWhere) {
  const CertificateAuthority authority = NewAuthority();
  const std::string pem = authority.Issue(Manager(), kNow).value();
  EXPECT_THAT(pem, HasSubstr("BEGIN PRIVATE KEY"));
  const CertificateInfo info = ReadCertificate(pem).value();
  EXPECT_EQ(info.identity, Manager().identity);
  EXPECT_THAT(info.hosts, ElementsAre("rm1.example.org", "10.0.0.5", "fd00::5"));
  EXPECT_EQ(info.not_before, kNow - std::chrono::minutes(5));
  EXPECT_EQ(info.not_after, After(10 * kDay));
  EXPECT_EQ(info.fingerprint.size(), 64U);
  EXPECT_TRUE(CheckCertificate(pem, authority.CertificatePem(), kNow).ok());
  const CertificateInfo again = ReadCertificate(authority.Issue(Manager(), kNow).value()).value();
  EXPECT_NE(again.serial, info.serial);
  EXPECT_NE(again.fingerprint, info.fingerprint);
}

TEST(Certificates, AreRefusedOutsideTheirTimeAndFromAnotherAuthority) {
  const CertificateAuthority authority = NewAuthority();
  const std::string pem = authority.Issue(User("ann"), kNow).value();
  const auto at = [&](WallTime now) {
    return CheckCertificate(pem, authority.CertificatePem(), now);
  };
  EXPECT_TRUE(at(After(kDay - seconds(1))).ok());
  const Status late = at(After(kDay + seconds(1)));
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, ErrorCode::kUnauthenticated);
  EXPECT_THAT(late.error().message, HasSubstr("weir://prod/user/ann ended at "));
  EXPECT_THAT(late.error().remedy, HasSubstr("renew"));
  EXPECT_TRUE(at(After(-std::chrono::minutes(4))).ok()) << "a clock that is behind";
  EXPECT_THAT(at(After(-std::chrono::minutes(6))).error().message, HasSubstr("begins at"));

  const CertificateAuthority other = NewAuthority();
  const Status foreign = CheckCertificate(pem, other.CertificatePem(), kNow);
  ASSERT_FALSE(foreign.ok());
  EXPECT_THAT(foreign.error().message, HasSubstr("is not of this cluster's authority"));
  // One that it has issued is no authority.
  const Status borrowed = CheckCertificate(pem, authority.Issue(Manager(), kNow).value(), kNow);
  EXPECT_FALSE(borrowed.ok());
}

TEST(Certificates, AKeyThatIsAnotherOnesIsNoticed) {
  const CertificateAuthority authority = NewAuthority();
  const std::string ann = authority.Issue(User("ann"), kNow).value();
  const std::string bob = authority.Issue(User("bob"), kNow).value();
  const std::string begin = "-----BEGIN CERTIFICATE-----";
  const std::string mixed = ann.substr(0, ann.find(begin)) + bob.substr(bob.find(begin));
  EXPECT_THAT(CheckCertificate(mixed, authority.CertificatePem(), kNow).error().message,
              HasSubstr("does not belong to its key"));
}

TEST(Certificates, WhatCannotBeIssuedIsNamed) {
  const CertificateAuthority authority = NewAuthority();
  const auto refused = [&](CertificateRequest request) {
    const auto issued = authority.Issue(request, kNow);
    return issued.ok() ? "" : issued.error().ToString();
  };
  CertificateRequest request = Manager();
  request.hosts.clear();
  EXPECT_THAT(refused(request), HasSubstr("role rm needs the hosts"));
  request.hosts = {"not a host"};
  EXPECT_THAT(refused(request), HasSubstr("'not a host' is neither"));
  request = Manager();
  request.identity.cluster_id = "test";
  EXPECT_THAT(refused(request), HasSubstr("authority of cluster prod, not of test"));
  request = Manager();
  request.validity = 101 * kDay;
  EXPECT_THAT(refused(request), HasSubstr("the authority itself ends at"));
  request.validity = Duration{0};
  EXPECT_THAT(refused(request), HasSubstr("valid for some time"));
  request = User("ann");
  request.hosts = {"here"};
  EXPECT_THAT(refused(request), HasSubstr("serves nowhere"));
  for (const char* name : {"", "a/b", "a b", "a\nb", "ann,O=other"}) {
    EXPECT_THAT(refused(User(name)), HasSubstr("cannot stand in a certificate")) << name;
  }
  EXPECT_FALSE(CertificateAuthority::Make("a/b", kDay, kNow).ok());
  EXPECT_FALSE(ParseRole("root").ok());
}

TEST(CertificateAuthority, IsLoadedFromWhatItSays) {
  const CertificateAuthority made = NewAuthority();
  const auto loaded = CertificateAuthority::Load(made.KeyPem(), made.CertificatePem());
  ASSERT_TRUE(loaded.ok()) << loaded.error().ToString();
  EXPECT_EQ(loaded->cluster_id(), "prod");
  EXPECT_EQ(loaded->not_after(), After(100 * kDay));
  const std::string pem = loaded->Issue(User("ann"), kNow).value();
  EXPECT_TRUE(CheckCertificate(pem, made.CertificatePem(), kNow).ok());

  EXPECT_EQ(CertificateAuthority::Load("", made.CertificatePem()).error().code,
            ErrorCode::kCorruption);
  EXPECT_EQ(CertificateAuthority::Load(made.KeyPem(), "x").error().code, ErrorCode::kCorruption);
  EXPECT_EQ(CertificateAuthority::Load(NewAuthority().KeyPem(), made.CertificatePem()).error().code,
            ErrorCode::kFailedPrecondition);
  EXPECT_FALSE(CertificateAuthority::Load(pem, pem).ok()) << "a user is no authority";
}

// Whatever is in the file, it is refused or read, and nothing else.
TEST(Certificates, SpoiltOnesAreRefused) {
  const CertificateAuthority authority = NewAuthority();
  const std::string pem = authority.Issue(User("ann"), kNow).value();
  const std::string ca = authority.CertificatePem();
  const size_t from = pem.find("-----BEGIN CERTIFICATE-----");
  for (size_t at = from; at < pem.size(); at += 7) {
    std::string spoilt = pem;
    spoilt[at] = spoilt[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(CheckCertificate(spoilt, ca, kNow).ok() && spoilt != pem &&
                 ReadCertificate(spoilt)->fingerprint != ReadCertificate(pem)->fingerprint)
        << at;
    EXPECT_FALSE(ReadCertificate(pem.substr(from, at - from)).ok()) << at;
  }
  EXPECT_FALSE(ReadCertificate(std::string(1 << 20, 'A')).ok());
  EXPECT_EQ(ReadCertificate(ca).error().code, ErrorCode::kCorruption) << "of no identity";
}

}  // namespace
}  // namespace weir::platform
