#include "controller/kube/credentials.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/kube/testing/scratch_folder.hpp"

namespace slipway::kube {
namespace {

using fake::ScratchFolder;
using testing::HasSubstr;

// A kubeconfig with one context; `cluster` and `user` are YAML flow maps.
std::string kubeconfig(const std::string& cluster, const std::string& user) {
  return R"(apiVersion: v1
kind: Config
current-context: here
contexts:
- {name: elsewhere, context: {cluster: other, user: other}}
- {name: here, context: {cluster: dev, user: me, namespace: shop}}
clusters:
- name: dev
  cluster: )" +
         cluster + R"(
users:
- name: me
  user: )" +
         user + "\n";
}

constexpr const char* kCluster =
    "{server: 'https://10.0.0.1:6443', certificate-authority-data: Q0E=}";

TEST(Kubeconfig, ReadsInlineData) {
  const ScratchFolder scratch;
  const auto file = scratch.write(
      "config",
      kubeconfig("{server: 'https://[::1]:6443/prefix/', certificate-authority-data: Q0E=, "
                 "tls-server-name: kubernetes, certificate-authority: ignored}",
                 "{client-certificate-data: Q0VSVA==, client-key-data: S0VZ}"));
  const auto read = read_kubeconfig(file);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->endpoint.host, "::1");
  EXPECT_EQ(read->endpoint.port, "6443");
  EXPECT_EQ(read->endpoint.path, "/prefix");
  EXPECT_EQ(read->endpoint.authority(), "[::1]:6443");
  EXPECT_TRUE(read->endpoint.tls);
  EXPECT_EQ(read->server_name, "kubernetes");
  EXPECT_EQ(read->ca.text, "CA");
  EXPECT_EQ(read->ca.file, "");
  EXPECT_EQ(read->certificate.text, "CERT");
  EXPECT_EQ(read->key.text, "KEY");
  EXPECT_FALSE(read->token.given());
  EXPECT_EQ(read->ns, "shop");
}

TEST(Kubeconfig, NamesFilesBesideIt) {
  const ScratchFolder scratch;
  scratch.write("ca.crt", "CA");
  scratch.write("token", "T");
  const auto file =
      scratch.write("config", kubeconfig("{server: 'https://api', certificate-authority: ca.crt}",
                                         "{tokenFile: " + scratch.path() + "/token, token: old}"));
  const auto read = read_kubeconfig(file);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->endpoint.port, "443");
  EXPECT_EQ(read->ca.file, scratch.path() + "/ca.crt");
  EXPECT_EQ(read->token.file, scratch.path() + "/token");
  EXPECT_EQ(read->token.text, "");
}

struct Refused {
  const char* name;
  std::string content;
  const char* says;  // behind "kubeconfig <file>: "
};

void PrintTo(const Refused& one, std::ostream* out) {
  *out << one.name;
}

class RefusedKubeconfig : public testing::TestWithParam<Refused> {};

TEST_P(RefusedKubeconfig, NamesFileAndField) {
  const ScratchFolder scratch;
  const auto file = scratch.write("config", GetParam().content);
  const auto read = read_kubeconfig(file);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().fault, Fault::Invalid);
  EXPECT_THAT(read.error().what, HasSubstr("kubeconfig " + file + ": "));
  EXPECT_THAT(read.error().what, HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Kubeconfigs, RefusedKubeconfig,
    testing::ValuesIn<Refused>({
        {"empty", "", "current-context is not set"},
        {"not_yaml", "a: [", "line 1"},
        {"a_list", "- a\n- b\n", "current-context is not set"},
        {"context_of_wrong_type", "current-context: [a]\n", "current-context is not a text"},
        {"no_contexts", "current-context: a\n", "contexts[a] does not exist"},
        {"contexts_of_wrong_type", "current-context: a\ncontexts: 7\n",
         "contexts[a] does not exist"},
        {"context_without_body", "current-context: a\ncontexts: [{name: a}]\n",
         "contexts[a].context is missing"},
        {"context_without_cluster",
         "current-context: a\ncontexts: [{name: a, context: {user: u}}]\n",
         "contexts[a].context.cluster is not set"},
        {"cluster_missing",
         "current-context: a\ncontexts: [{name: a, context: {user: u, cluster: c}}]\n",
         "clusters[c] does not exist"},
        {"no_server", kubeconfig("{certificate-authority-data: Q0E=}", "{token: t}"),
         "clusters[dev].cluster.server is not set"},
        {"odd_server", kubeconfig("{server: 'ftp://x'}", "{token: t}"),
         "clusters[dev].cluster.server is not an http(s) address: 'ftp://x'"},
        {"odd_port", kubeconfig("{server: 'https://x:http'}", "{token: t}"),
         "clusters[dev].cluster.server has no valid port"},
        {"no_host", kubeconfig("{server: 'https://:6443'}", "{token: t}"),
         "clusters[dev].cluster.server has no host"},
        {"no_authority", kubeconfig("{server: 'https://x'}", "{token: t}"),
         "clusters[dev].cluster.certificate-authority is not set"},
        {"insecure",
         kubeconfig("{server: 'https://x', insecure-skip-tls-verify: true}", "{token: t}"),
         "clusters[dev].cluster.insecure-skip-tls-verify is not supported"},
        {"proxy", kubeconfig("{server: 'https://x', proxy-url: 'http://p'}", "{token: t}"),
         "clusters[dev].cluster.proxy-url is not supported"},
        {"authority_not_base64",
         kubeconfig("{server: 'https://x', certificate-authority-data: '***'}", "{token: t}"),
         "clusters[dev].cluster.certificate-authority-data is not base64"},
        {"authority_file_missing",
         kubeconfig("{server: 'https://x', certificate-authority: nowhere.crt}", "{token: t}"),
         "clusters[dev].cluster.certificate-authority names"},
        {"exec", kubeconfig(kCluster, "{exec: {command: aws}}"),
         "users[me].user.exec is a plug-in, which is not supported: use a client certificate"},
        {"auth_provider", kubeconfig(kCluster, "{auth-provider: {name: gcp}}"),
         "users[me].user.auth-provider is a plug-in"},
        {"password", kubeconfig(kCluster, "{username: me, password: secret}"),
         "users[me].user.username is not supported"},
        {"certificate_without_key", kubeconfig(kCluster, "{client-certificate-data: Q0E=}"),
         "users[me].user has only one of client-certificate and client-key"},
        {"token_file_missing", kubeconfig(kCluster, "{tokenFile: nowhere}"),
         "users[me].user.tokenFile names"},
        {"token_of_wrong_type", kubeconfig(kCluster, "{token: {a: b}}"),
         "users[me].user.token is not a text"},
    }),
    [](const auto& instance) { return std::string(instance.param.name); });

TEST(Kubeconfig, SaysWhenThereIsNoFile) {
  const auto read = read_kubeconfig("/nowhere/config");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().what, "kubeconfig /nowhere/config cannot be read");
}

TEST(ServiceAccount, ReadsFolder) {
  const ScratchFolder scratch;
  scratch.write("ca.crt", "CA");
  scratch.write("token", "T");
  scratch.write("namespace", "slipway-system");
  const auto read = read_service_account("10.96.0.1", "443", scratch.path());
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->endpoint.authority(), "10.96.0.1:443");
  EXPECT_TRUE(read->endpoint.tls);
  EXPECT_EQ(read->ca.file, scratch.path() + "/ca.crt");
  EXPECT_EQ(read->token.file, scratch.path() + "/token");
  EXPECT_EQ(read->ns, "slipway-system");
}

TEST(ServiceAccount, SaysWhatIsMissing) {
  const ScratchFolder scratch;
  EXPECT_THAT(read_service_account("", "", scratch.path()).error().what,
              HasSubstr("KUBERNETES_SERVICE_HOST"));
  EXPECT_THAT(read_service_account("10.96.0.1", "443", scratch.path()).error().what,
              HasSubstr("/ca.crt cannot be read"));
}

}  // namespace
}  // namespace slipway::kube
