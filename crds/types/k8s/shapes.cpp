// The union of the fields that Slipway ever renders, per kind. A default stands here where the
// server fills it in (pkg/apis/*/v*/defaults.go of Kubernetes 1.34), so that a rendered object
// need not repeat it and the stored one still compares equal.
#include "crds/types/k8s/shape.hpp"

namespace slipway {
namespace {

Shape any() {
  return {};
}

Shape uncompared() {
  Shape shape;
  shape.kind = Shape::Kind::Uncompared;
  return shape;
}

Shape quantity() {
  Shape shape;
  shape.kind = Shape::Kind::Quantity;
  return shape;
}

Shape members(std::vector<Shape::Member> named) {
  Shape shape;
  shape.kind = Shape::Kind::Members;
  shape.members = std::move(named);
  return shape;
}

Shape keys(bool (*accepts)(std::string_view), Shape value = any()) {
  Shape shape;
  shape.kind = Shape::Kind::Keys;
  shape.accepts_key = accepts;
  shape.each = {std::move(value)};
  return shape;
}

Shape list(Shape item) {
  Shape shape;
  shape.kind = Shape::Kind::Items;
  shape.each = {std::move(item)};
  return shape;
}

Shape list_of(const char* told_by, std::vector<std::string_view> kept, Shape item) {
  Shape shape = list(std::move(item));
  shape.told_by = told_by;
  shape.kept = std::move(kept);
  return shape;
}

Shape otherwise(const Json& default_value, Shape shape = any()) {
  shape.default_value = fingerprint(shape, default_value);
  return shape;
}

bool every_key(std::string_view) {
  return true;
}

// Labels and annotations of a child's own metadata. Others write here too (a Deployment's
// revision, tools' tracking labels), so only what we render counts.
bool rendered_key(std::string_view key) {
  if (key == kEpochAnnotation) return false;
  return key.starts_with("serving.slipway.dev/") || key == "app.kubernetes.io/managed-by" ||
         key == "app.kubernetes.io/name";
}

// In a pod template everything counts, because people's spec.pod.labels go there; but for what
// kubectl leaves behind (`rollout restart`): an apply could not take it away, and should not.
bool template_key(std::string_view key) {
  return !key.starts_with("kubectl.kubernetes.io/");
}

Shape metadata() {
  return members(
      {{"name", uncompared()},
       {"namespace", uncompared()},
       {"labels", keys(rendered_key)},
       {"annotations", keys(rendered_key)},
       {"ownerReferences", list_of("controller", {"true"},
                                   members({{"apiVersion", any()},
                                            {"kind", any()},
                                            {"name", any()},
                                            {"uid", any()},
                                            {"controller", any()},
                                            {"blockOwnerDeletion", otherwise(false)}}))}});
}

Shape object(Shape spec) {
  return members({{"apiVersion", uncompared()},
                  {"kind", uncompared()},
                  {"metadata", metadata()},
                  {"spec", std::move(spec)}});
}

Shape http_get() {
  return members({{"path", otherwise("/")},
                  {"port", any()},
                  {"host", any()},
                  {"scheme", otherwise("HTTP")},
                  {"httpHeaders", any()}});
}

Shape probe() {
  return members({{"httpGet", http_get()},
                  {"exec", any()},
                  {"tcpSocket", any()},
                  {"initialDelaySeconds", otherwise(0)},
                  {"periodSeconds", otherwise(10)},
                  {"timeoutSeconds", otherwise(1)},
                  {"successThreshold", otherwise(1)},
                  {"failureThreshold", otherwise(3)},
                  {"terminationGracePeriodSeconds", any()}});
}

Shape field_ref() {
  return members({{"fieldPath", any()}, {"apiVersion", otherwise("v1")}});
}

Shape resource_field_ref() {
  return members(
      {{"containerName", any()}, {"resource", any()}, {"divisor", otherwise("0", quantity())}});
}

Shape key_ref() {
  return members({{"name", any()}, {"key", any()}, {"optional", otherwise(false)}});
}

Shape environment() {
  return list(members({{"name", any()},
                       {"value", any()},
                       {"valueFrom", members({{"fieldRef", field_ref()},
                                              {"resourceFieldRef", resource_field_ref()},
                                              {"secretKeyRef", key_ref()},
                                              {"configMapKeyRef", key_ref()}})}}));
}

Shape security_context() {
  return members({{"allowPrivilegeEscalation", any()},
                  {"readOnlyRootFilesystem", any()},
                  {"privileged", otherwise(false)},
                  {"capabilities", any()},
                  {"runAsNonRoot", any()},
                  {"runAsUser", any()},
                  {"runAsGroup", any()},
                  {"seccompProfile", any()}});
}

Shape handler() {
  return members({{"httpGet", http_get()}, {"exec", any()}, {"sleep", any()}});
}

Shape container() {
  return members(
      {{"name", any()},
       {"image", any()},
       {"imagePullPolicy", any()},
       {"command", any()},
       {"args", any()},
       {"workingDir", any()},
       {"env", environment()},
       {"ports",
        list(members({{"name", any()}, {"containerPort", any()}, {"protocol", otherwise("TCP")}}))},
       {"resources", members({{"requests", keys(every_key, quantity())},
                              {"limits", keys(every_key, quantity())},
                              {"claims", any()}})},
       {"volumeMounts", list(members({{"name", any()},
                                      {"mountPath", any()},
                                      {"subPath", any()},
                                      {"readOnly", otherwise(false)}}))},
       {"restartPolicy", any()},
       {"startupProbe", probe()},
       {"readinessProbe", probe()},
       {"livenessProbe", probe()},
       {"lifecycle", members({{"postStart", handler()}, {"preStop", handler()}})},
       {"terminationMessagePath", otherwise("/dev/termination-log")},
       {"terminationMessagePolicy", otherwise("File")},
       {"securityContext", security_context()}});
}

Shape file_mode() {
  return otherwise(0644);
}

Shape volumes() {
  return list(members(
      {{"name", any()},
       {"emptyDir", members({{"medium", any()}, {"sizeLimit", quantity()}})},
       {"persistentVolumeClaim", members({{"claimName", any()}, {"readOnly", otherwise(false)}})},
       {"configMap", members({{"name", any()},
                              {"items", any()},
                              {"optional", otherwise(false)},
                              {"defaultMode", file_mode()}})},
       {"secret", members({{"secretName", any()},
                           {"items", any()},
                           {"optional", otherwise(false)},
                           {"defaultMode", file_mode()}})}}));
}

Shape pod_spec() {
  return members({{"initContainers", list_of("name", {"model"}, container())},
                  {"containers", list_of("name", {"engine"}, container())},
                  {"volumes", volumes()},
                  {"nodeSelector", any()},
                  {"affinity", any()},
                  {"tolerations", any()},
                  {"topologySpreadConstraints", any()},
                  {"serviceAccountName", any()},
                  {"automountServiceAccountToken", any()},
                  {"enableServiceLinks", otherwise(true)},
                  {"imagePullSecrets", any()},
                  {"runtimeClassName", any()},
                  {"priorityClassName", any()},
                  {"restartPolicy", otherwise("Always")},
                  {"dnsPolicy", otherwise("ClusterFirst")},
                  {"schedulerName", otherwise("default-scheduler")},
                  {"terminationGracePeriodSeconds", otherwise(30)},
                  {"securityContext", members({{"runAsNonRoot", any()},
                                               {"runAsUser", any()},
                                               {"runAsGroup", any()},
                                               {"fsGroup", any()},
                                               {"fsGroupChangePolicy", any()},
                                               {"supplementalGroups", any()},
                                               {"seccompProfile", any()}})}});
}

Shape deployment() {
  return object(members(
      {{"replicas", uncompared()},
       {"selector", any()},
       {"minReadySeconds", otherwise(0)},
       {"paused", otherwise(false)},
       {"revisionHistoryLimit", otherwise(10)},
       {"progressDeadlineSeconds", otherwise(600)},
       {"strategy", members({{"type", otherwise("RollingUpdate")},
                             {"rollingUpdate", members({{"maxSurge", otherwise("25%")},
                                                        {"maxUnavailable", otherwise("25%")}})}})},
       {"template", members({{"metadata", members({{"labels", keys(template_key)},
                                                   {"annotations", keys(template_key)}})},
                             {"spec", pod_spec()}})}}));
}

Shape service() {
  return object(members({{"type", otherwise("ClusterIP")},
                         {"selector", any()},
                         {"ports", list(members({{"name", any()},
                                                 {"port", any()},
                                                 {"protocol", otherwise("TCP")},
                                                 {"targetPort", any()},
                                                 {"appProtocol", any()}}))},
                         {"publishNotReadyAddresses", otherwise(false)},
                         {"sessionAffinity", otherwise("None")},
                         {"internalTrafficPolicy", otherwise("Cluster")}}));
}

Shape metric_target() {
  return members({{"type", any()},
                  {"averageUtilization", any()},
                  {"averageValue", quantity()},
                  {"value", quantity()}});
}

Shape metric_source() {
  return members({{"container", any()},
                  {"name", any()},
                  {"metric", any()},
                  {"describedObject", any()},
                  {"target", metric_target()}});
}

// A direction that is not given is filled in as soon as the other one is.
Shape scaling_rules(Shape window, const Json& policies) {
  return members({{"stabilizationWindowSeconds", std::move(window)},
                  {"selectPolicy", otherwise("Max")},
                  {"policies", otherwise(policies)}});
}

Shape behavior() {
  const Json percent{{"type", "Percent"}, {"value", 100}, {"periodSeconds", 15}};
  const Json pods{{"type", "Pods"}, {"value", 4}, {"periodSeconds", 15}};
  return members({{"scaleUp", scaling_rules(otherwise(0), Json::array({pods, percent}))},
                  {"scaleDown", scaling_rules(any(), Json::array({percent}))}});
}

Shape autoscaler() {
  return object(members({{"scaleTargetRef", any()},
                         {"minReplicas", otherwise(1)},
                         {"maxReplicas", any()},
                         {"metrics", list(members({{"type", any()},
                                                   {"resource", metric_source()},
                                                   {"containerResource", metric_source()},
                                                   {"pods", metric_source()},
                                                   {"object", metric_source()},
                                                   {"external", metric_source()}}))},
                         {"behavior", behavior()}}));
}

Shape disruption_budget() {
  return object(members({{"minAvailable", any()},
                         {"maxUnavailable", any()},
                         {"selector", any()},
                         {"unhealthyPodEvictionPolicy", any()}}));
}

Shape network_policy() {
  const Shape ports =
      list(members({{"protocol", otherwise("TCP")}, {"port", any()}, {"endPort", any()}}));
  return object(members({{"podSelector", any()},
                         {"policyTypes", any()},
                         {"ingress", list(members({{"from", any()}, {"ports", ports}}))},
                         {"egress", list(members({{"to", any()}, {"ports", ports}}))}}));
}

// Of a ModelVersion that we make: `stage` is left to people.
Shape model_version() {
  return object(members({{"model", any()},
                         {"version", any()},
                         {"source", any()},
                         {"digest", any()},
                         {"format", any()},
                         {"task", any()}}));
}

struct Named {
  std::string_view kind;
  Shape shape;
};

}  // namespace

const Shape* shape_of(std::string_view kind) {
  static const std::vector<Named> shapes = {{"Deployment", deployment()},
                                            {"Service", service()},
                                            {"HorizontalPodAutoscaler", autoscaler()},
                                            {"PodDisruptionBudget", disruption_budget()},
                                            {"NetworkPolicy", network_policy()},
                                            {"ModelVersion", model_version()}};
  for (const Named& named : shapes) {
    if (named.kind == kind) return &named.shape;
  }
  return nullptr;
}

}  // namespace slipway
