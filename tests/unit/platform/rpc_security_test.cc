// Tokens, proofs, secret files, hashes.
#include "platform/rpc_security.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/strings.h"
#include "platform/crypto.h"
#include "platform/token_encoding.h"
#include "tests/unit/platform/rpc_test_service.h"

namespace weir::platform {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

const AttemptId kAttempt{{1700000000000, 12}, 3};

TokenKeys Keys() {
  return TokenKeys({{1, "an older key, long enough"}, {2, "the newest key, long enough"}});
}

ContainerTokenIdentifier ContainerIdentifier() {
  ContainerTokenIdentifier identifier;
  identifier.id = ContainerId::Make(kAttempt, Epoch{5}, 77);
  identifier.node = NodeId{"5f0c"};
  identifier.resource = Resource{4096, 8, {{"yarn.io/fpga", 1}, {"yarn.io/gpu", 2}}};
  identifier.user = "a:b\n\xFF";  // any bytes are fine
  identifier.expires = WallFromMillis(1'700'000'000'123);
  identifier.epoch = Epoch{5};
  identifier.node_session = 9;
  return identifier;
}

TEST(Token, RoundTripsInAllKinds) {
  const TokenKeys keys = Keys();
  const AmTokenIdentifier am{kAttempt};
  const NmTokenIdentifier nm{kAttempt, NodeId{"5f0c"}};
  const ContainerTokenIdentifier container = ContainerIdentifier();
  const ClientTokenIdentifier client{kAttempt, "ada"};
  EXPECT_EQ(*keys.VerifyAm(keys.Sign(am)), am);
  EXPECT_EQ(*keys.VerifyNm(keys.Sign(nm)), nm);
  EXPECT_EQ(*keys.VerifyContainer(keys.Sign(container)), container);
  EXPECT_EQ(*VerifyClient(keys.Sign(client), keys.ClientKeys(kAttempt)), client);
  EXPECT_EQ(keys.Sign(am).key_id, 2);
}

TEST(Token, OfAnOlderKeyHoldsUntilTheKeyIsGone) {
  const TokenKeys old({{1, "an older key, long enough"}});
  const TokenKeys gone({{2, "the newest key, long enough"}});
  const SignedToken token = old.Sign(AmTokenIdentifier{kAttempt});
  EXPECT_TRUE(Keys().VerifyAm(token).ok());
  const Error refused = gone.VerifyAm(token).error();
  EXPECT_EQ(refused.code, ErrorCode::kUnauthenticated);
  EXPECT_THAT(refused.message, HasSubstr("too old: it is signed with key 1"));
  EXPECT_THAT(refused.remedy, HasSubstr("anew"));
  const Error unknown = old.VerifyAm(gone.Sign(AmTokenIdentifier{kAttempt})).error();
  EXPECT_EQ(unknown.code, ErrorCode::kUnauthenticated);
  EXPECT_THAT(unknown.message, HasSubstr("key 2, which is not known here"));
}

// A key that does not sign yet, or not any more, verifies.
TEST(Token, IsSignedWithTheKeyThatSigns) {
  const std::map<int, std::string> three = {
      {4, "the key before, long enough"}, {5, "the one that signs"}, {6, "the next one, to come"}};
  const TokenKeys keys(three, 5);
  EXPECT_EQ(keys.signer(), 5);
  EXPECT_EQ(keys.newest(), 6);
  const ClientTokenIdentifier client{kAttempt, "ada"};
  EXPECT_EQ(keys.Sign(AmTokenIdentifier{kAttempt}).key_id, 5);
  EXPECT_EQ(keys.Sign(NmTokenIdentifier{kAttempt, NodeId{"5f0c"}}).key_id, 5);
  EXPECT_EQ(keys.Sign(ContainerIdentifier()).key_id, 5);
  EXPECT_EQ(keys.Sign(client).key_id, 5);
  for (const int signer : {4, 5, 6}) {
    const TokenKeys then(three, signer);
    EXPECT_TRUE(keys.VerifyAm(then.Sign(AmTokenIdentifier{kAttempt})).ok()) << signer;
    EXPECT_TRUE(VerifyClient(then.Sign(client), keys.ClientKeys(kAttempt)).ok()) << signer;
  }
}

TEST(Token, KeysThatDifferHaveAnotherVersion) {
  const auto version = [](std::vector<int> ids, int signer) {
    std::map<int, std::string> keys;
    for (const int id : ids) keys[id] = "a key of sufficient length";
    return TokenKeys(std::move(keys), signer).version();
  };
  EXPECT_EQ(TokenKeys().version(), 0);
  const std::vector<int64_t> roll = {version({1}, 1),
                                     version({1, 2}, 1),
                                     version({1, 2}, 2),
                                     version({1, 2, 3}, 2),
                                     version({2, 3}, 3)};
  EXPECT_TRUE(std::is_sorted(roll.begin(), roll.end(), std::less_equal<>()));
}

TEST(Token, OfAnotherKindNeverHolds) {
  const TokenKeys keys = Keys();
  SignedToken token = keys.Sign(AmTokenIdentifier{kAttempt});
  EXPECT_EQ(keys.VerifyNm(token).error().code, ErrorCode::kUnauthenticated);
  EXPECT_EQ(keys.VerifyContainer(token).error().code, ErrorCode::kUnauthenticated);
  // A right signature under a false flag does not decode as the other kind.
  token.kind = TokenKind::kNodeManager;
  EXPECT_EQ(keys.VerifyNm(token).error().code, ErrorCode::kCorruption);
}

TEST(Token, OfAClientHoldsWithItsAttemptsKeyOnly) {
  const TokenKeys keys = Keys();
  const SignedToken token = keys.Sign(ClientTokenIdentifier{kAttempt, "ada"});
  const AttemptId other{{1700000000000, 13}, 3};
  EXPECT_EQ(VerifyClient(token, keys.ClientKeys(other)).error().code, ErrorCode::kUnauthenticated);
  SignedToken unkeyed = token;
  unkeyed.mac = HmacSha256("", token.identifier);
  EXPECT_EQ(VerifyClient(unkeyed, {{2, ""}}).error().code, ErrorCode::kUnauthenticated);
  EXPECT_EQ(VerifyClient(token, {}).error().code, ErrorCode::kUnauthenticated);
}

// Every single-bit change of every byte of identifier and signature is refused.
TEST(Token, IsRefusedAfterAnyFlippedBit) {
  const TokenKeys keys = Keys();
  const SignedToken good = keys.Sign(ContainerIdentifier());
  for (std::string SignedToken::*part : {&SignedToken::identifier, &SignedToken::mac}) {
    for (size_t i = 0; i < (good.*part).size(); ++i) {
      for (int bit = 0; bit < 8; ++bit) {
        SignedToken bad = good;
        (bad.*part)[i] = static_cast<char>((bad.*part)[i] ^ (1 << bit));
        ASSERT_FALSE(keys.VerifyContainer(bad).ok()) << i << " bit " << bit;
      }
    }
  }
  SignedToken shorter = good;
  shorter.mac.pop_back();
  EXPECT_FALSE(keys.VerifyContainer(shorter).ok());
}

TEST(TokenFile, RoundTripsAsOneLineOfText) {
  const SignedToken token = Keys().Sign(ContainerIdentifier());
  const std::string text = EncodeTokenFile(token);
  EXPECT_THAT(text, MatchesRegex("[0-9a-f]+"));
  for (const std::string& form : {text, text + "\n"}) {
    const auto decoded = DecodeTokenFile(form);
    ASSERT_TRUE(decoded.ok()) << decoded.error().ToString();
    EXPECT_EQ(decoded->kind, token.kind);
    EXPECT_EQ(decoded->key_id, token.key_id);
    EXPECT_EQ(decoded->identifier, token.identifier);
    EXPECT_EQ(decoded->mac, token.mac);
  }
}

TEST(TokenFile, IsRefusedAfterAnyFlippedBitCutOrAddition) {
  const std::string good = EncodeTokenFile(Keys().Sign(ContainerIdentifier()));
  for (size_t i = 0; i < good.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      ASSERT_FALSE(DecodeTokenFile(bad).ok()) << i << " bit " << bit;
    }
    ASSERT_FALSE(DecodeTokenFile(good.substr(0, i)).ok()) << i;
  }
  for (const std::string& bad : {good + "0", good + "00", good + "\n\n", " " + good, good + good}) {
    EXPECT_EQ(DecodeTokenFile(bad).error().code, ErrorCode::kCorruption);
  }
}

TEST(TokenEncoding, HasOneFormPerValue) {
  const char* const bad[] = {"",
                             "4:am/1",
                             "4:am/11:x",
                             "4:am/12:xy",
                             "04:am/11:x",
                             "4:am/1+1:x",
                             "4:am/1-1:x",
                             "4:am/19999999999:x",
                             "4:am/21:x",
                             "4:nm/11:x",
                             "4:am/1 36:appattempt"};
  for (const char* text : bad) EXPECT_FALSE(DecodeAmIdentifier(text).ok()) << text;
  // The same attempt with more zeros in it than we write.
  const std::string loose = EncodeFields({"am/1", "appattempt_1700000000000_00012_000003"});
  EXPECT_EQ(DecodeAmIdentifier(loose).error().code, ErrorCode::kCorruption);
  // A separator inside a field cannot move a boundary.
  EXPECT_NE(EncodeFields({"a", "1:b"}), EncodeFields({"a1:", "b"}));
}

TEST(SecretProof, HoldsForItsOwnSecretRoleAndNameOnly) {
  const Proof good = MakeProof(kTestSecret, "daemon", "node-1");
  EXPECT_TRUE(ProofHolds(good, kTestSecret));
  EXPECT_FALSE(ProofHolds(good, "another secret"));
  EXPECT_FALSE(ProofHolds(good, ""));
  EXPECT_FALSE(ProofHolds(MakeProof("", "daemon", "node-1"), ""));
  for (std::string Proof::*part : {&Proof::role, &Proof::name, &Proof::nonce, &Proof::mac}) {
    Proof bad = good;
    (bad.*part).back() = static_cast<char>((bad.*part).back() ^ 1);
    EXPECT_FALSE(ProofHolds(bad, kTestSecret));
  }
  // The boundary between role and name is part of what is signed.
  Proof moved = MakeProof(kTestSecret, "daemon", std::string("a\0b", 3));
  moved.role = std::string("daemon\0a", 8);
  moved.name = "b";
  EXPECT_FALSE(ProofHolds(moved, kTestSecret));
  EXPECT_NE(MakeProof(kTestSecret, "daemon", "node-1").nonce, good.nonce);
}

void WriteFile(const std::string& path, const std::string& content, mode_t mode) {
  std::ofstream(path) << content;
  ASSERT_EQ(::chmod(path.c_str(), mode), 0);
}

TEST(SecretFile, IsMadeOnceAndReadableByItsOwnerOnly) {
  TestDirectory directory;
  const std::string path = directory.Path("sub/cluster.secret");
  EXPECT_EQ(ReadSecretFile(path).error().code, ErrorCode::kNotFound);
  const auto made = ReadOrCreateSecretFile(path);
  ASSERT_TRUE(made.ok()) << made.error().ToString();
  EXPECT_THAT(*made, MatchesRegex("[0-9a-f]{64}"));
  EXPECT_EQ(*ReadOrCreateSecretFile(path), *made);
  EXPECT_EQ(*ReadSecretFile(path), *made);
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST(SecretFile, IsRefusedWhenOthersCanReadItOrItIsNoSecret) {
  TestDirectory directory;
  const std::string path = directory.Path("secret");
  WriteFile(path, kTestSecret, 0640);
  EXPECT_EQ(ReadSecretFile(path).error().code, ErrorCode::kPermissionDenied);
  EXPECT_THAT(ReadOrCreateSecretFile(path).error().remedy, HasSubstr("chmod 600"));
  WriteFile(path, kTestSecret, 0400);
  EXPECT_EQ(*ReadSecretFile(path), kTestSecret);
  for (const std::string& content :
       {std::string(), std::string("short\n"), std::string(5000, 'x')}) {
    ::unlink(path.c_str());
    WriteFile(path, content, 0600);
    EXPECT_EQ(ReadSecretFile(path).error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(ReadSecretFile(directory.Path("")).error().code, ErrorCode::kInvalidArgument);
}

TEST(UserNameTest, IsTheSystemsOrANumber) {
  EXPECT_EQ(UserName(0), "root");
  EXPECT_EQ(UserName(0), "root");
  EXPECT_EQ(UserName(3'999'999'999), "uid3999999999");
}

TEST(Crypto, GivesThePublishedDigests) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  // RFC 4231, test case 2.
  EXPECT_EQ(HexEncode(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  Sha256Stream stream;
  stream.Update("a");
  stream.Update("");
  stream.Update("bc");
  EXPECT_EQ(stream.FinishHex(), Sha256Hex("abc"));
  EXPECT_TRUE(ConstantTimeEquals("abc", "abc"));
  EXPECT_FALSE(ConstantTimeEquals("abc", "abd"));
  EXPECT_FALSE(ConstantTimeEquals("abc", "ab"));
}

TEST(Crypto, DigestsFiles) {
  TestDirectory directory;
  const std::string content(200'000, 'w');
  WriteFile(directory.Path("file"), content, 0600);
  const auto digest = DigestFile(directory.Path("file"));
  ASSERT_TRUE(digest.ok());
  EXPECT_EQ(digest->size, 200'000);
  EXPECT_EQ(digest->sha256, Sha256Hex(content));
  EXPECT_EQ(DigestFile(directory.Path("none")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(DigestFile(directory.Path("")).error().code, ErrorCode::kInvalidArgument);
}

TEST(Crypto, MakesDifferentUuidsOfVersionFour) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string uuid = RandomUuid();
    EXPECT_THAT(
        uuid, MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
    seen.insert(uuid);
  }
  EXPECT_EQ(seen.size(), 100u);
}

}  // namespace
}  // namespace weir::platform
