// Objects of the kinds that Slipway writes, with a random choice of their fields: small enough that
// two requests often touch the same field. All values are in the server's own notation, because the
// simulated server compares quantities as text.
#pragma once

#include "controller/sim/random.hpp"
#include "crds/base/json.hpp"
#include "reconcilers/plan.hpp"

namespace slipway::sim {

// apiVersion, kind, metadata and spec.
Json object_like(const ObjectRef& ref, Random& random);
// A status as the kind's controller would write it; null for kinds whose status nobody reads.
Json status_like(const ObjectRef& ref, Random& random);
// Changes of fields of such an object, by JSON pointer; null removes.
Json change_like(const ObjectRef& ref, Random& random);
Json status_change_like(const ObjectRef& ref, Random& random);

}  // namespace slipway::sim
