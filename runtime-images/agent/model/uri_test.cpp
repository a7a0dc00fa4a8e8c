#include "runtime-images/agent/model/uri.hpp"

#include <gtest/gtest.h>

#include "runtime-images/agent/model/manifest.hpp"

namespace slipway::agent {
namespace {

const std::string kHex(64, 'a');

TEST(ModelUri, TakesHttpsApart) {
  const auto uri = parse_model_uri("https://Models.Example:8443/a/b.gguf?x=1#sha256=" + kHex);
  ASSERT_TRUE(uri);
  EXPECT_EQ(uri->host, "models.example");
  EXPECT_EQ(uri->port, "8443");
  EXPECT_EQ(uri->target, "/a/b.gguf?x=1");
  EXPECT_EQ(uri->digest, "sha256:" + kHex);
  EXPECT_EQ(uri->file_name(), "b.gguf");
}

TEST(ModelUri, KnowsAddresses) {
  EXPECT_EQ(parse_model_uri("https://[fd00::1]:444/m")->host, "fd00::1");
  EXPECT_EQ(parse_model_uri("https://[fd00::1]/m")->port, "443");
  EXPECT_EQ(parse_model_uri("https://10.0.0.1/m")->host, "10.0.0.1");
}

TEST(ModelUri, TakesClaimsAndFilesApart) {
  const auto claim = parse_model_uri("pvc://models/llama/tiny.gguf");
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->scheme, Scheme::Pvc);
  EXPECT_EQ(claim->path, "llama/tiny.gguf");
  const auto file = parse_model_uri("file:///models/tiny.gguf");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->path, "/models/tiny.gguf");
}

class RefusedUri : public testing::TestWithParam<const char*> {};
TEST_P(RefusedUri, IsUnsupported) {
  const auto uri = parse_model_uri(GetParam());
  ASSERT_FALSE(uri);
  EXPECT_EQ(uri.error().reason, "UnsupportedScheme");
  EXPECT_FALSE(uri.error().message.empty());
}
INSTANTIATE_TEST_SUITE_P(Table, RefusedUri,
                         testing::Values("", "tiny.gguf", "http://h/m", "hf://org/model",
                                         "s3://bucket/m", "ftp://h/m", "https:///m", "https://h:/m",
                                         "https://h:0/m", "https://h:70000/m",
                                         "https://user:secret@h/m", "https://h /m",
                                         "https://h/m\r\nX: y", "https://h/m#sha256=abc",
                                         "https://h/m#md5=abc", "https://[fd00::1/m",
                                         "https://[fd00::1]x/m", "pvc://claim", "pvc://claim/",
                                         "pvc:///path", "pvc://claim/../secret", "pvc://claim/a/..",
                                         "file://relative", "file:///", "file:///a/../etc/passwd"));

TEST(ModelUri, NeverPrintsSecrets) {
  EXPECT_EQ(printable("https://h/m?X-Amz-Signature=abc"), "https://h/m?...");
  EXPECT_EQ(printable("https://user:secret@h/m"), "https://h/m");
}

TEST(Redirect, FollowsWithinHttps) {
  const auto base = *parse_model_uri("https://a/x/y?q");
  EXPECT_EQ(resolve_redirect(base, "https://b/z?s=1")->target, "/z?s=1");
  EXPECT_EQ(resolve_redirect(base, "//b/z")->host, "b");
  EXPECT_EQ(resolve_redirect(base, "/z")->target, "/z");
  EXPECT_EQ(resolve_redirect(base, "z")->target, "/x/z");
  EXPECT_EQ(resolve_redirect(base, "?r")->target, "/x/y?r");
  EXPECT_TRUE(resolve_redirect(base, "/z")->same_origin(base));
  EXPECT_FALSE(resolve_redirect(base, "https://a:444/z")->same_origin(base));
  for (const char* bad : {"", "http://a/x", "file:///etc/passwd", "https://a/ b"})
    EXPECT_FALSE(resolve_redirect(base, bad)) << bad;
}

TEST(Digest, IsSixtyFourHexDigits) {
  EXPECT_EQ(*parse_digest("sha256:" + std::string(64, 'A')), "sha256:" + kHex);
  for (const std::string& bad : {kHex, "sha256:" + kHex + "a", "sha512:" + kHex,
                                 "sha256:" + std::string(64, 'g'), std::string()})
    EXPECT_FALSE(parse_digest(bad)) << bad;
}

TEST(Manifest, SurvivesItsOwnEncoding) {
  const Manifest manifest{"https://h/m", "sha256:" + kHex,      7, "gguf", "llama", 3,
                          512,           "2026-11-23T14:02:00Z"};
  EXPECT_EQ(*parse_manifest(to_json(manifest)), manifest);
  for (const char* bad : {"", "{}", "[]", "{\"source\":1}"}) EXPECT_FALSE(parse_manifest(bad));
}

TEST(Report, FitsIntoTheTerminationLog) {
  AgentReport report;
  report.reason = "EngineExited";
  report.message = std::string(5000, 'm');
  report.last_line = std::string(5000, '\xff');
  const std::string line = to_line(report);
  EXPECT_LE(line.size(), 4096U);
  EXPECT_TRUE(line.starts_with(R"({"reason":"EngineExited")"));
  EXPECT_TRUE(line.ends_with("}"));
}

}  // namespace
}  // namespace slipway::agent
