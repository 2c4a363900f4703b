// Files fetched over TLS, from a server whose certificate is signed by an authority that this test
// makes: what is trusted, and what is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <poll.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "localizer_fixture.h"
#include "platform/remote_file.h"
#include "tests/support/process.h"
#include "tests/support/raw_connection.h"

namespace weir::nm {
namespace {

using ::testing::HasSubstr;
using weir::testing::RunCommand;

constexpr char kModified[] = "Tue, 14 Nov 2023 22:13:20 GMT";
constexpr int64_t kModifiedMs = 1'700'000'000'000;
const std::string kContent(300'000, 't');

// Answers one request per connection: /data, webhdfs with its redirect to it, and /down, which
// leads to http.
class TlsServer {
 public:
  TlsServer(const std::string& certificate, const std::string& key)
      : context_(SSL_CTX_new(TLS_server_method())) {
    EXPECT_EQ(SSL_CTX_use_certificate_file(context_, certificate.c_str(), SSL_FILETYPE_PEM), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context_, key.c_str(), SSL_FILETYPE_PEM), 1);
    thread_ = std::thread([this] { Run(); });
  }
  ~TlsServer() {
    ending_ = true;
    thread_.join();
    SSL_CTX_free(context_);
  }
  std::string Address() const { return listener_.address().ToString(); }

 private:
  void Run() {
    while (!ending_) {
      pollfd one{.fd = listener_.fd(), .events = POLLIN, .revents = 0};
      if (::poll(&one, 1, 20) > 0) Serve(listener_.Accept());
    }
  }
  void Serve(const weir::testing::RawConnection& connection) {
    SSL* tls = SSL_new(context_);
    SSL_set_fd(tls, connection.fd());
    std::string request;
    if (SSL_accept(tls) == 1) {
      char chunk[4096];
      int count = 0;
      while (request.find("\r\n\r\n") == std::string::npos &&
             (count = SSL_read(tls, chunk, sizeof chunk)) > 0) {
        request.append(chunk, static_cast<size_t>(count));
      }
      const std::string answer = Answer(request);
      SSL_write(tls, answer.data(), static_cast<int>(answer.size()));
      SSL_shutdown(tls);
    }
    SSL_free(tls);
  }
  std::string Answer(const std::string& request) const {
    const auto asks = [&](const char* what) { return request.find(what) != std::string::npos; };
    const auto to = [](const std::string& url) {
      return "HTTP/1.1 307 There\r\nConnection: close\r\nContent-Length: 0\r\nLocation: " + url +
             "\r\n\r\n";
    };
    const auto ok = [](const std::string& body, bool head) {
      return "HTTP/1.1 200 OK\r\nConnection: close\r\nLast-Modified: " + std::string(kModified) +
             "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + (head ? "" : body);
    };
    if (asks(" /data ")) return ok(kContent, request.starts_with("HEAD"));
    if (asks(" /down ")) return to("http://" + Address() + "/data");
    if (asks("op=OPEN")) return to("https://" + Address() + "/data");
    return ok(R"({"FileStatus":{"length":)" + std::to_string(kContent.size()) +
                  R"(,"modificationTime":1700000000123,"type":"FILE"}})",
              false);
  }

  SSL_CTX* const context_;
  weir::testing::RawListener listener_;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

class TlsTest : public LocalizerTest {
 protected:
  ~TlsTest() override { ::unsetenv("SSL_CERT_FILE"); }

  void OpenSsl(std::vector<std::string> words) {
    words.insert(words.begin(), "openssl");
    const auto made = RunCommand(words);
    ASSERT_EQ(made.exit_code, 0) << made.ToString();
  }
  void MakeAuthority(const std::string& name) {
    OpenSsl({"req",
             "-x509",
             "-newkey",
             "rsa:2048",
             "-nodes",
             "-days",
             "2",
             "-subj",
             "/CN=" + name,
             "-keyout",
             Path(name + ".key"),
             "-out",
             Path(name + ".pem")});
  }
  // For a server of that address.
  void MakeCertificate(const std::string& authority, const std::string& ip) {
    OpenSsl({"req",
             "-newkey",
             "rsa:2048",
             "-nodes",
             "-subj",
             "/CN=server",
             "-keyout",
             Path("server.key"),
             "-out",
             Path("server.csr")});
    ASSERT_TRUE(
        platform::WriteFileAtomically(files_, Path("names"), "subjectAltName=IP:" + ip + "\n", 0600)
            .ok());
    OpenSsl({"x509",
             "-req",
             "-days",
             "2",
             "-in",
             Path("server.csr"),
             "-CA",
             Path(authority + ".pem"),
             "-CAkey",
             Path(authority + ".key"),
             "-CAcreateserial",
             "-extfile",
             Path("names"),
             "-out",
             Path("server.pem")});
  }
  void Trust(const std::string& authority) {
    ASSERT_EQ(::setenv("SSL_CERT_FILE", Path(authority + ".pem").c_str(), 1), 0);
  }
  static LocalResource Remote(const std::string& uri, int64_t mtime_ms) {
    LocalResource resource;
    resource.uri = uri;
    resource.size = static_cast<int64_t>(kContent.size());
    resource.mtime_ms = mtime_ms;
    return resource;
  }
  std::string Refusal(int64_t number, const std::string& uri) {
    const Status status = Fetch(number, Remote(uri, kModifiedMs));
    ExpectNothingLeft(number);
    return status.ok() ? "it was fetched" : status.error().ToString();
  }
};

TEST_F(TlsTest, IsFetchedFromAServerOfATrustedAuthority) {
  MakeAuthority("ours");
  MakeCertificate("ours", "127.0.0.1");
  Trust("ours");
  const TlsServer server(Path("server.pem"), Path("server.key"));
  const std::string https = "https://" + server.Address() + "/data";
  const auto info = platform::StatRemoteFile(https, {});
  ASSERT_TRUE(info.ok()) << info.error().ToString();
  EXPECT_EQ(info->size, 300'000);
  EXPECT_EQ(info->mtime_ms, kModifiedMs);
  const Status status = Fetch(1, Remote(https, kModifiedMs));
  ASSERT_TRUE(status.ok()) << status.error().ToString();
  EXPECT_EQ(Read(1), kContent);
  const Status hdfs =
      Fetch(2, Remote("swebhdfs://" + server.Address() + "/dir/file", 1'700'000'000'123));
  ASSERT_TRUE(hdfs.ok()) << hdfs.error().ToString();
  EXPECT_EQ(Read(2), kContent);
}

TEST_F(TlsTest, IsRefusedWhenItLeadsToPlainHttp) {
  MakeAuthority("ours");
  MakeCertificate("ours", "127.0.0.1");
  Trust("ours");
  const TlsServer server(Path("server.pem"), Path("server.key"));
  EXPECT_THAT(Refusal(1, "https://" + server.Address() + "/down"),
              HasSubstr("redirects to something that is not followed"));
}

TEST_F(TlsTest, AnotherAuthorityOrAnotherNameIsNotTrusted) {
  MakeAuthority("ours");
  MakeAuthority("others");
  MakeCertificate("others", "127.0.0.1");
  Trust("ours");
  {
    const TlsServer server(Path("server.pem"), Path("server.key"));
    const std::string uri = "https://" + server.Address() + "/data";
    EXPECT_THAT(Refusal(1, uri),
                ::testing::AllOf(HasSubstr(uri), HasSubstr("SSL peer certificate")));
    // Nor by the authorities of the system.
    ::unsetenv("SSL_CERT_FILE");
    EXPECT_THAT(Refusal(2, uri), HasSubstr("SSL peer certificate"));
  }
  MakeCertificate("ours", "127.0.0.2");
  Trust("ours");
  const TlsServer server(Path("server.pem"), Path("server.key"));
  EXPECT_THAT(Refusal(3, "https://" + server.Address() + "/data"),
              HasSubstr("SSL peer certificate"));
}

}  // namespace
}  // namespace weir::nm
