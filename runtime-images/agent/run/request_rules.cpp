#include "runtime-images/agent/run/request_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "crds/base/json.hpp"

namespace slipway::agent {
namespace {

constexpr int kMaxDepth = 256;

constexpr auto kGenerate = std::to_array<std::string_view>(
    {"/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses", "/v1/messages",
     "/v1/messages/count_tokens", "/tokenize"});

struct Own {
  std::string_view path;
  Route route;
};
constexpr auto kOwn = std::to_array<Own>({{"/livez", Route::Live},
                                          {"/readyz", Route::Ready},
                                          {"/startupz", Route::Startup},
                                          {"/metrics", Route::Metrics},
                                          {"/slipway/v1/status", Route::Status},
                                          {"/v1/models", Route::Models}});

// Walks a document without building it: only the members of the outermost object matter.
class BodyReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  BodyFacts facts;
  std::string error;

  bool null() override { return value(false); }
  bool boolean(bool on) override {
    if (at("stream")) facts.stream = on;
    return value(true);
  }
  bool number_integer(number_integer_t) override { return value(true); }
  bool number_unsigned(number_unsigned_t) override { return value(true); }
  bool number_float(number_float_t, const string_t&) override { return value(true); }
  bool binary(binary_t&) override { return value(true); }
  bool string(string_t& text) override {
    if (!at("model")) return value(true);
    // Two names could mean one thing here and another to the engine.
    if (facts.model) return refused("model is given twice");
    facts.model = std::move(text);
    return true;
  }
  bool key(string_t& name) override {
    if (depth_ == 1) key_ = std::move(name);
    return true;
  }
  bool start_object(std::size_t) override { return open(true); }
  bool start_array(std::size_t) override { return open(false); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception&) override {
    return refused(fmt::format("the body is not valid JSON at byte {}", position));
  }

 private:
  bool at(std::string_view name) const { return depth_ == 1 && key_ == name; }
  bool refused(std::string why) {
    if (error.empty()) error = std::move(why);
    return false;
  }
  bool value(bool present) {
    if (depth_ == 0) return refused("the body is not a JSON object");
    if (present && at("model")) return refused("model must be a string");
    return true;
  }
  bool open(bool object) {
    if (depth_ == 0 && !object) return refused("the body is not a JSON object");
    if (at("model")) return refused("model must be a string");
    if (++depth_ > kMaxDepth) return refused(fmt::format("nested deeper than {}", kMaxDepth));
    return true;
  }
  bool close() {
    --depth_;
    return true;
  }

  int depth_ = 0;
  std::string key_;
};

}  // namespace

Route route(std::string_view method, std::string_view path) {
  const auto* own = std::ranges::find(kOwn, path, &Own::path);
  if (own != kOwn.end()) return method == "GET" ? own->route : Route::WrongMethod;
  if (std::ranges::find(kGenerate, path) != kGenerate.end())
    return method == "POST" ? Route::Generate : Route::WrongMethod;
  return Route::Unknown;
}

tl::expected<BodyFacts, http::ApiError> read_body(std::string_view body) {
  BodyReader reader;
  nlohmann::json::sax_parse(body.begin(), body.end(), &reader);
  if (reader.error.empty()) return std::move(reader.facts);
  return tl::unexpected(http::ApiError{400, "invalid_request_error", "", "", reader.error});
}

std::optional<http::ApiError> check_model(const BodyFacts& facts,
                                          const std::vector<std::string>& names) {
  if (!facts.model || std::ranges::find(names, *facts.model) != names.end()) return std::nullopt;
  return http::ApiError{404, "invalid_request_error", "model_not_found", "model",
                        fmt::format("the model {} does not exist here; {} does",
                                    facts.model->substr(0, 256), names.front())};
}

std::string models_page(const std::vector<std::string>& names, long created) {
  Json data = Json::array();
  for (const std::string& name : names)
    data.push_back(
        {{"id", name}, {"object", "model"}, {"created", created}, {"owned_by", "slipway"}});
  return Json{{"object", "list"}, {"data", std::move(data)}}.dump();
}

}  // namespace slipway::agent
