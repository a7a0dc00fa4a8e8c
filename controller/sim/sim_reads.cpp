// Lists and watches of the simulated API server, as bytes.
#include <algorithm>
#include <charconv>
#include <optional>

#include "controller/sim/sim_api_server.hpp"

namespace slipway::sim {
namespace {

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ec == std::errc()) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::map<std::string, std::string> parse_query(std::string_view query) {
  std::map<std::string, std::string> values;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view term = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = std::min(term.find('='), term.size());
    const std::string_view value = term.substr(std::min(equals + 1, term.size()));
    values.emplace(unescape(term.substr(0, equals)), unescape(value));
  }
  return values;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

struct SimApiServer::Query {
  Collection* collection = nullptr;
  Filter filter;
  std::map<std::string, std::string> values;

  std::string value(const std::string& name) const {
    const auto found = values.find(name);
    return found == values.end() ? std::string() : found->second;
  }
};

Result<SimApiServer::Query> SimApiServer::parse(const std::string& target) {
  const std::size_t mark = std::min(target.find('?'), target.size());
  std::vector<std::string> parts;
  for (std::size_t at = 1; at < mark;) {
    const std::size_t end = std::min(target.find('/', at), mark);
    parts.push_back(unescape(target.substr(at, end - at)));
    at = end + 1;
  }
  // /api/v1/... or /apis/GROUP/VERSION/..., then [namespaces/NS/]PLURAL.
  const std::size_t skip = !parts.empty() && parts[0] == "api" ? 2 : 3;
  if (parts.size() <= skip) return fail(Fault::NotFound, "no such path: " + target);
  const std::string group = skip == 2 ? "" : parts[1];
  Query query;
  std::size_t rest = skip;
  std::string ns;
  if (parts[rest] == "namespaces" && parts.size() == rest + 3) {
    ns = parts[rest + 1];
    rest += 2;
  }
  if (mark < target.size()) query.values = parse_query(std::string_view(target).substr(mark + 1));
  std::optional<Filter> filter = parse_selector(query.value("labelSelector"));
  if (!filter) return fail(Fault::Invalid, "unable to parse requirement: " + target);
  query.filter = *std::move(filter);
  query.filter.ns = ns;
  constexpr std::string_view kByName = "metadata.name=";
  const std::string fields = query.value("fieldSelector");
  if (!fields.empty() && !fields.starts_with(kByName))
    return fail(Fault::Invalid, "unable to find requirement: " + fields);
  if (!fields.empty()) query.filter.name = fields.substr(kByName.size());
  const auto known = collections_.find(group + "/" + parts[rest]);
  if (known == collections_.end()) return fail(Fault::NotFound, "no such path: " + target);
  query.collection = &known->second;
  return query;
}

Result<WatchStream> SimApiServer::open_watch(const std::string& target) {
  Result<Query> query = parse(target);
  if (!query) return tl::unexpected<Error>(std::move(query).error());
  const Collection& home = *query->collection;
  const std::string from = query->value("resourceVersion");
  if (query->value("watch") != "1" && query->value("watch") != "true")
    return fail(Fault::Invalid, "not a watch: " + target);

  if (query->value("sendInitialEvents") == "true") {
    if (query->value("resourceVersionMatch") != "NotOlderThan" ||
        query->value("allowWatchBookmarks") != "true")
      return fail(Fault::Invalid, "sendInitialEvents needs NotOlderThan and bookmarks");
    std::deque<std::string> initial;
    for (const auto& [name, object] : home.objects) {
      if (query->filter.matches(*object.object))
        initial.push_back(event_line("ADDED", *object.object));
    }
    initial.push_back(
        bookmark_line(home.resource->api_version(), home.resource->kind, version_, true));
    return WatchStream(home.log, query->filter, std::move(initial), home.log.end());
  }
  const std::optional<std::uint64_t> version = number(from);
  if (!version) return fail(Fault::Invalid, "invalid resource version: " + from);
  if (*version < home.log.compacted()) return fail(Fault::Expired, "too old resource version");
  if (*version > version_) return fail(Fault::Unavailable, "too large resource version");
  return WatchStream(home.log, query->filter, {}, home.log.after(*version));
}

Result<std::string> SimApiServer::list_page(const std::string& target) {
  Result<Query> query = parse(target);
  if (!query) return tl::unexpected<Error>(std::move(query).error());
  const Collection& home = *query->collection;
  const std::size_t limit = number(query->value("limit")).value_or(0);
  // A continue token is "VERSION:SKIP". Pages of an older version are not kept: they are Expired.
  std::size_t skip = 0;
  if (const std::string token = query->value("continue"); !token.empty()) {
    const std::size_t colon = std::min(token.find(':'), token.size());
    if (token.substr(0, colon) != std::to_string(version_))
      return fail(Fault::Expired, "the provided continue parameter is too old");
    skip = number(std::string_view(token).substr(colon + 1)).value_or(0);
  }
  Json items = Json::array();
  std::size_t seen = 0;
  std::string more;
  for (const auto& [name, object] : home.objects) {
    if (!query->filter.matches(*object.object) || seen++ < skip) continue;
    if (limit != 0 && items.size() == limit) {
      more = std::to_string(version_) + ":" + std::to_string(skip + limit);
      break;
    }
    items.push_back(*object.object);
  }
  Json metadata{{"resourceVersion", std::to_string(version_)}};
  if (!more.empty()) metadata["continue"] = more;
  return Json{{"apiVersion", home.resource->api_version()},
              {"kind", home.resource->kind + "List"},
              {"metadata", std::move(metadata)},
              {"items", std::move(items)}}
      .dump();
}

void SimApiServer::compact() {
  for (auto& [path, home] : collections_) home.log.compact(version_);
}

}  // namespace slipway::sim
