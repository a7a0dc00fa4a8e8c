#include "runtime-images/agent/options.hpp"

#include <CLI/CLI.hpp>

namespace slipway::agent {
namespace {

constexpr int kUsage = 2;

void add_termination_log(CLI::App& verb, std::string& path) {
  path = "/dev/termination-log";
  verb.add_option("--termination-log", path, "where the final report goes");
}

void describe_fetch(CLI::App& verb, FetchCommand& command) {
  FetchOptions& options = command.options;
  verb.add_option("--uri", options.uri, "https://, pvc:// or file://")->required();
  verb.add_option("--digest", options.digest, "sha256:HEX the file must have");
  verb.add_option("--to", options.to, "folder that gets model.gguf and manifest.json");
  verb.add_option("--install", options.install, "folder that gets a copy of this program");
  verb.add_option("--source-dir", options.source_dir, "where the claim of pvc:// is mounted");
  verb.add_option("--ca-file", options.download.tls.ca_file,
                  "the only authorities to trust, instead of the system's");
  verb.add_option("--token-dir", options.token_dir, "mounted secret: token, or username, password");
  verb.add_option("--format", options.format, "gguf");
  add_termination_log(verb, command.termination_log);
}

}  // namespace

tl::expected<Command, Usage> parse_command(int argc, const char* const* argv) {
  CLI::App app("Slipway's agent in a model's pod", "slipway-agent");
  app.require_subcommand(1);
  FetchCommand fetch;
  ProbeCommand probe;
  CLI::App* fetch_verb = app.add_subcommand("fetch", "get a model and verify it");
  CLI::App* probe_verb = app.add_subcommand("probe", "exit 0 when the agent on this port is ready");
  CLI::App* version_verb = app.add_subcommand("version", "print the version");
  describe_fetch(*fetch_verb, fetch);
  probe_verb->add_option("--port", probe.port, "of the agent");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return tl::unexpected(Usage{app.help(), 0});
  } catch (const CLI::ParseError& error) {
    return tl::unexpected(Usage{std::string(error.what()) + "\n", kUsage});
  }
  if (fetch_verb->parsed()) return fetch;
  if (version_verb->parsed()) return VersionCommand{};
  return probe;
}

}  // namespace slipway::agent
