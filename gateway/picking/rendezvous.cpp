#include "gateway/picking/rendezvous.hpp"

#include <cmath>

namespace slipway::gateway {

double score(std::uint64_t drawn, double weight) {
  return -weight / std::log(unit(drawn));
}

}  // namespace slipway::gateway
