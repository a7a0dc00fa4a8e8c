// Drops from a decoded view what no decision reads, before it is kept: a node holds thousands of
// objects' worth of other people's annotations. Pure.
#pragma once

#include "reconcilers/snapshots.hpp"

namespace slipway {

void trim(InferenceService&);
void trim(ModelVersion&);
void trim(ServingRuntime&);
void trim(ClusterServingRuntime&);
void trim(k8s::NodeView&);
void trim(k8s::DeploymentView&);
void trim(k8s::ServiceView&);
void trim(k8s::PlainChildView&);
void trim(k8s::PodView&);

}  // namespace slipway
