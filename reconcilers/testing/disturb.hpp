// Test only: what a user, the kubelet, another controller or the API server may do to a cluster,
// drawn from the bytes of a fuzzer. All of it passes the schemas of our kinds and the API server's
// own rules (names, label values, text in UTF-8); none of it need make sense.
#pragma once

#include "crds/base/testing/fuzz_input.hpp"
#include "reconcilers/testing/cluster.hpp"

namespace slipway::testing {

std::string drawn_service_name(FuzzInput& input);

class Disturbance {
 public:
  // REQUIRES: both outlive this.
  Disturbance(FuzzInput& input, Cluster& cluster) : input_(input), cluster_(cluster) {}

  // One thing.
  void happen();

 private:
  void edit_service();
  void add_pod();
  void touch_child();
  void touch_deployment(Json& deployment);
  void put_runtime();
  void put_model();
  void put_node();
  void refuse();
  void restore_status();

  std::string revision();
  Json pod_status();
  Json container_status();
  Json container_state();
  std::string termination_message();

  FuzzInput& input_;
  Cluster& cluster_;
};

}  // namespace slipway::testing
