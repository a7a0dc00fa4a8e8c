#include "reconcilers/common/model_use.hpp"

namespace slipway {

std::set<std::string> models_used_by(const InferenceService& service) {
  std::set<std::string> models{service.spec.model.version};
  if (service.status.model) {
    models.insert(service.status.model->version);
    models.insert(service.status.model->served_version);
  }
  models.erase("");
  return models;
}

}  // namespace slipway
