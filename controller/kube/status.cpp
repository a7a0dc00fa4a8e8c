#include "controller/kube/status.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "crds/base/json.hpp"
#include "crds/base/utf8.hpp"

namespace slipway::kube {
namespace {

constexpr std::size_t kMaxText = 2000;  // of a message that we did not write
constexpr Duration kMaxRetryAfter = std::chrono::hours(1);
constexpr std::size_t kMaxCauses = 10;  // named one by one

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const Json& member(const Json& object, const char* key) {
  static const Json none;
  const auto found = object.find(key);
  return found == object.end() ? none : *found;
}

// `key` is "reason" or "field".
bool has_cause(const Json& status, const char* key, std::string_view value) {
  const Json& causes = member(member(status, "details"), "causes");
  return std::ranges::any_of(causes,
                             [&](const Json& cause) { return text_of(cause, key) == value; });
}

// A version that the server has not reached, for example after a restore from a backup: waiting
// may never end, starting over does. Servers before 1.20 say it only in the message.
bool is_version_from_the_future(const Json& status) {
  return has_cause(status, "reason", "ResourceVersionTooLarge") ||
         text_of(status, "message").find("Too large resource version") != std::string::npos;
}

// An apply whose object does not fit the schema is answered by a 500 without a reason (seen with
// Kubernetes 1.34); it will not fit the next time either.
bool is_misfit(const Json& status) {
  return text_of(status, "message").starts_with("failed to create typed patch object");
}

// A write for another object of that name. An apply and a patch are answered so, a PUT and a DELETE
// by 409 (seen with Kubernetes 1.34).
bool is_of_namesake(const Json& status) {
  return has_cause(status, "field", "metadata.uid");
}

Fault fault_of(int code, const Json& status) {
  const std::string reason = text_of(status, "reason");
  if (reason == "Expired" || reason == "Gone") return Fault::Expired;
  switch (code) {
    case 400:
    case 405:
    case 406:
    case 413:
    case 415:
      return Fault::Invalid;
    case 401:
    case 403:
      return Fault::Forbidden;
    case 404:
      return Fault::NotFound;
    case 409:
      return reason == "AlreadyExists" ? Fault::AlreadyExists : Fault::Conflict;
    case 410:
      return Fault::Expired;
    case 422:
      return is_of_namesake(status) ? Fault::Conflict : Fault::Invalid;
    case 429:
      return Fault::Throttled;
    case 500:
      return is_misfit(status) ? Fault::Invalid : Fault::Unavailable;
    case 504:
      return is_version_from_the_future(status) ? Fault::Expired : Fault::Unavailable;
    default:
      break;
  }
  return code >= 400 && code < 500 ? Fault::Invalid : Fault::Unavailable;
}

// The field paths that the message does not name already.
std::string causes_of(const Json& details, const std::string& message) {
  std::string text;
  std::size_t named = 0;
  for (const Json& cause : member(details, "causes")) {
    const std::string field = text_of(cause, "field");
    if (field.empty() || message.find(field) != std::string::npos) continue;
    if (named++ == kMaxCauses) return text + "; ...";
    text += "; " + field + ": " + text_of(cause, "message");
  }
  return text;
}

std::optional<Duration> retry_of(const Json& details) {
  const Json& seconds = member(details, "retryAfterSeconds");
  if (!seconds.is_number_integer() || seconds.get<std::int64_t>() <= 0) return std::nullopt;
  // Bounded before it becomes milliseconds, of which it may be too many to count.
  constexpr auto kMost = std::chrono::duration_cast<std::chrono::seconds>(kMaxRetryAfter).count();
  return std::chrono::seconds(std::min<std::int64_t>(seconds.get<std::int64_t>(), kMost));
}

Error error_of(int code, const Json& status, std::string_view raw) {
  const Json& details = member(status, "details");
  const std::string reason = text_of(status, "reason");
  std::string message = status.is_object() ? text_of(status, "message") : std::string(raw);
  message += causes_of(details, message);
  while (message.ends_with('\n')) message.pop_back();

  std::string what = std::to_string(code);
  if (!reason.empty()) what += " " + reason;
  if (!message.empty()) what += ": " + message;
  // A proxy's page need not be text at all.
  const bool is_long = what.size() > kMaxText;
  what = readable(what, kMaxText) + (is_long ? "..." : "");
  return Error{fault_of(code, status), std::move(what), retry_of(details)};
}

// A null tree for anything that is not a JSON object.
Json parse_object(std::string_view text) {
  Json tree = Json::parse(text, nullptr, false);
  return tree.is_object() ? tree : Json();
}

}  // namespace

Error status_error(const HttpResponse& response) {
  Error error = error_of(response.status, parse_object(response.body), response.body);
  if (response.retry_after) error.retry_after = response.retry_after;
  return error;
}

Error status_error(std::string_view status_object) {
  const Json status = parse_object(status_object);
  const Json& code = member(status, "code");
  return error_of(code.is_number_integer() ? code.get<int>() : 500, status, status_object);
}

std::optional<Duration> parse_retry_after(std::string_view header) {
  const bool digits = std::ranges::all_of(header, [](char c) { return c >= '0' && c <= '9'; });
  if (header.empty() || header.size() > 9 || !digits) return std::nullopt;
  return std::min<Duration>(std::chrono::seconds(std::stoul(std::string(header))), kMaxRetryAfter);
}

Result<HttpResponse> checked(Result<HttpResponse> response) {
  if (response && (response->status < 200 || response->status > 299))
    return tl::unexpected(status_error(*response));
  return response;
}

}  // namespace slipway::kube
