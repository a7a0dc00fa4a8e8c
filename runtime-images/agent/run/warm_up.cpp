#include "runtime-images/agent/run/warm_up.hpp"

#include <fmt/format.h>

#include <boost/asio/steady_timer.hpp>

#include "crds/base/json.hpp"
#include "runtime-images/agent/run/engine_client.hpp"

namespace slipway::agent {
namespace {

constexpr Duration kPoll{20};
// A first token may wait for a large model's pages to come from a slow disk.
constexpr Duration kFirstToken{120'000};

// The ways to ask for one token: chat, then plain text for a model without a chat template, then an
// embedding for one that generates nothing.
struct Try {
  const char* target;
  Json body;
};

std::vector<Try> tries(const std::string& model) {
  return {{"/v1/chat/completions",
           {{"model", model},
            {"messages", Json::array({{{"role", "user"}, {"content", "hello"}}})},
            {"max_tokens", 1},
            {"temperature", 0}}},
          {"/v1/completions",
           {{"model", model}, {"prompt", "hello"}, {"max_tokens", 1}, {"temperature", 0}}},
          {"/v1/embeddings", {{"model", model}, {"input", "hello"}}}};
}

Outcome<> check_listed(const Reply& reply, const std::string& model) {
  const Json page = Json::parse(reply.body, nullptr, false);
  if (reply.status != 200 || !page.is_object() || !page.contains("data"))
    return refuse("EngineNotReady",
                  fmt::format("the engine answers {} to /v1/models", reply.status));
  std::string listed;
  for (const Json& entry : page["data"]) {
    const std::string id = entry.value("id", "");
    if (id == model) return {};
    listed += (listed.empty() ? "" : ", ") + id;
  }
  return refuse("ModelMismatch",
                fmt::format("the engine serves {}, expected is {}", listed, model));
}

}  // namespace

Awaitable<> wait_until_healthy(std::string socket_path, std::function<bool()> gone) {
  asio::steady_timer pause(co_await asio::this_coro::executor);
  while (!gone()) {
    Question question{socket_path, "GET", "/health", "", Duration{2000}};
    const auto health = co_await ask(std::move(question));
    if (health && health->status == 200) co_return;
    pause.expires_after(kPoll);
    error_code ignored;
    co_await pause.async_wait(into(ignored));
  }
}

Awaitable<Outcome<>> warm_up(std::string socket_path, std::string model_name) {
  std::string refusal;
  bool answered = false;
  for (const Try& attempt : tries(model_name)) {
    Question question{socket_path, "POST", attempt.target, attempt.body.dump(), kFirstToken};
    const auto reply = co_await ask(std::move(question));
    if (!reply) co_return tl::unexpected(reply.error());
    answered = reply->status == 200;
    if (answered) break;
    refusal =
        fmt::format("{} to {}: {}", reply->status, attempt.target, reply->body.substr(0, 300));
  }
  if (!answered)
    co_return refuse("EngineNotReady",
                     fmt::format("no warm-up token: the engine answers {}", refusal));
  Question question{socket_path, "GET", "/v1/models", "", Duration{10'000}};
  const auto models = co_await ask(std::move(question));
  if (!models) co_return tl::unexpected(models.error());
  co_return check_listed(*models, model_name);
}

}  // namespace slipway::agent
