#include "crds/base/result.hpp"

namespace slipway {

const char* to_string(Fault fault) {
  switch (fault) {
    case Fault::NotFound:
      return "NotFound";
    case Fault::AlreadyExists:
      return "AlreadyExists";
    case Fault::Overtaken:
      return "Overtaken";
    case Fault::Conflict:
      return "Conflict";
    case Fault::Invalid:
      return "Invalid";
    case Fault::Forbidden:
      return "Forbidden";
    case Fault::Expired:
      return "Expired";
    case Fault::Throttled:
      return "Throttled";
    case Fault::Unavailable:
      return "Unavailable";
    case Fault::Malformed:
      return "Malformed";
  }
  return "Unknown";
}

}  // namespace slipway
