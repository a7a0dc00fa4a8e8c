#include "gateway/http/message.hpp"

#include "gateway/http/characters.hpp"

namespace slipway::http {

FieldName field_name_of(std::string_view name) {
  const auto when = [name](std::string_view text, FieldName then) {
    return same_name(name, text) ? then : FieldName::Other;
  };
  switch (name.size()) {
    case 2:
      return when("te", FieldName::Te);
    case 4:
      return when("host", FieldName::Host);
    case 6:
      return when("expect", FieldName::Expect);
    case 7:
      return lower(name.front()) == 'u' ? when("upgrade", FieldName::Upgrade)
                                        : when("trailer", FieldName::Trailer);
    case 10:
      return lower(name.front()) == 'c' ? when("connection", FieldName::Connection)
                                        : when("keep-alive", FieldName::KeepAlive);
    case 14:
      return when("content-length", FieldName::ContentLength);
    case 16:
      return when("proxy-connection", FieldName::ProxyConnection);
    case 17:
      return when("transfer-encoding", FieldName::TransferEncoding);
    case 18:
      return when("proxy-authenticate", FieldName::ProxyAuthenticate);
    case 19:
      return when("proxy-authorization", FieldName::ProxyAuthorization);
    default:
      return FieldName::Other;
  }
}

bool is_hop_by_hop(FieldName name) {
  switch (name) {
    case FieldName::Connection:
    case FieldName::KeepAlive:
    case FieldName::ProxyAuthenticate:
    case FieldName::ProxyAuthorization:
    case FieldName::ProxyConnection:
    case FieldName::Te:
    case FieldName::Trailer:
    case FieldName::TransferEncoding:
    case FieldName::Upgrade:
      return true;
    case FieldName::ContentLength:
    case FieldName::Expect:
    case FieldName::Host:
    case FieldName::Other:
      return false;
  }
  return false;
}

const Field* find_field(const std::vector<Field>& fields, std::string_view name) {
  for (const Field& field : fields)
    if (same_name(field.name, name)) return &field;
  return nullptr;
}

}  // namespace slipway::http
