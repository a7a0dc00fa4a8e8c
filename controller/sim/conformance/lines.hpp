// Targets and answers that both servers share.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "controller/kube/resource.hpp"
#include "crds/base/json.hpp"
#include "crds/base/result.hpp"
#include "reconcilers/plan.hpp"

namespace slipway::sim {

// REQUIRES: `ref` is of a kind that Slipway knows.
const kube::Resource& resource_of(const ObjectRef& ref);

std::string watch_target(const ObjectRef& like, const std::string& selector,
                         const std::string& version);

// Reads all pages: `page` gets a target and returns a list.
Result<std::vector<Json>> read_pages(
    const ObjectRef& like, const std::string& selector,
    const std::function<Result<std::string>(const std::string&)>& page);

// Sets or removes what `change` names.
void make_change(Json& object, const Json& change);

}  // namespace slipway::sim
