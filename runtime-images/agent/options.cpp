#include "runtime-images/agent/options.hpp"

#include <CLI/CLI.hpp>
#include <charconv>
#include <map>

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

// A duration as Kubernetes writes it, or plain seconds: 5s, 1m30s, 250ms, 60.
tl::expected<Duration, std::string> parse_duration(std::string text) {
  if (text.find_first_not_of("0123456789") == std::string::npos) text += "s";
  std::int64_t total = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), value);
    if (error != std::errc() || value < 0 || value > 1'000'000) return tl::unexpected(text);
    const std::string_view unit =
        std::string_view(text).substr(static_cast<std::size_t>(end - text.data()));
    const auto factor = unit.starts_with("ms")  ? 1
                        : unit.starts_with('s') ? 1000
                        : unit.starts_with('m') ? 60'000
                        : unit.starts_with('h') ? 3'600'000
                                                : 0;
    if (factor == 0) return tl::unexpected(text);
    total += value * factor;
    at = static_cast<std::size_t>(end - text.data()) + (factor == 1 ? 2 : 1);
  }
  return Duration(total);
}

void add_duration(CLI::App& verb, const std::string& name, Duration& into, const char* what) {
  verb.add_option_function<std::string>(
      name,
      [&into, name](const std::string& text) {
        const auto parsed = parse_duration(text);
        if (!parsed) throw CLI::ValidationError(name, parsed.error() + " is not a duration");
        into = *parsed;
      },
      what);
}

void describe_run(CLI::App& verb, RunCommand& command) {
  RunOptions& options = command.options;
  verb.option_defaults()->take_last();
  verb.add_option("--model-dir", options.model_dir, "folder with model.gguf and manifest.json");
  verb.add_option("--model-name", options.model_name, "name that callers use")->required();
  verb.add_option("--alias", options.aliases, "another name; may be repeated")->take_all();
  verb.add_option("--port", options.port, "public port; 0: any")->check(CLI::Range(0, 65535));
  verb.add_option("--engine", options.engine.engine, "llama.cpp");
  verb.add_option("--context-length", options.engine.context_length, "tokens of one request")
      ->check(CLI::Range(0, 1 << 30));
  verb.add_option("--parallel", options.engine.parallel, "requests at once")
      ->check(CLI::Range(0, 1024));
  const std::map<std::string, Accelerator> kinds{{"none", Accelerator::None},
                                                 {"cuda", Accelerator::Cuda}};
  verb.add_option("--expect-accelerator", options.accelerator, "none or cuda")
      ->transform(CLI::CheckedTransformer(kinds));
  add_duration(verb, "--drain-delay", options.drain.delay, "still accepting after SIGTERM");
  add_duration(verb, "--grace", options.drain.grace, "from SIGTERM to the kubelet's SIGKILL");
  verb.add_option("--run-dir", options.run_dir, "folder of the engine's socket");
  verb.add_option("engine", options.engine.command, "the engine's command, after --")->required();
  add_termination_log(verb, options.termination_log);
}

}  // namespace

tl::expected<Command, Usage> parse_command(int argc, const char* const* argv) {
  CLI::App app("Slipway's agent in a model's pod", "slipway-agent");
  app.require_subcommand(1);
  FetchCommand fetch;
  RunCommand run;
  ProbeCommand probe;
  CLI::App* fetch_verb = app.add_subcommand("fetch", "get a model and verify it");
  CLI::App* run_verb = app.add_subcommand("run", "serve a verified model with an engine");
  CLI::App* probe_verb = app.add_subcommand("probe", "exit 0 when the agent on this port is ready");
  CLI::App* version_verb = app.add_subcommand("version", "print the version");
  describe_fetch(*fetch_verb, fetch);
  describe_run(*run_verb, run);
  probe_verb->add_option("--port", probe.port, "of the agent");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return tl::unexpected(Usage{app.help(), 0});
  } catch (const CLI::ParseError& error) {
    return tl::unexpected(Usage{std::string(error.what()) + "\n", kUsage});
  }
  if (fetch_verb->parsed()) return fetch;
  if (run_verb->parsed()) return run;
  if (version_verb->parsed()) return VersionCommand{};
  return probe;
}

}  // namespace slipway::agent
