# shellcheck shell=bash disable=SC2154,SC2034  # repo, build and step_total belong to tools/lib.sh
# ./dev up: a real one-node Kubernetes, Slipway by its chart, the example, and its first answer.

node=$repo/e2e/cluster/node.sh
kubectl=$repo/e2e/cluster/kubectl.sh

up() {
  step_total=7
  local started=$SECONDS
  step "packages" "apt-get update, and the disk's free space" ensure_packages || return 1
  ensure_go
  step "build slipway" "./dev unit shows the compiler's own words" build_slipway || return 1
  step "build kubernetes" "the Go module proxy must answer; cold, this takes 15 minutes" \
    build_kubernetes || return 1
  step "images" "runtime-images/README.md" build_images_noted || return 1
  step "cluster" "./dev down, then ./dev up again" start_cluster || return 1
  step "helm install" "./dev kubectl -n slipway-system get pods,events" install_slipway || return 1
  step "examples/chat.yaml" "./dev kubectl describe isvc chat" apply_example || return 1
  printf '\n'
  chat Hello
  printf '\nup after %d s. Next:  ./dev kubectl get isvc -w      ./dev chat      ./dev down\n' \
    "$((SECONDS - started))"
}

build_slipway() {
  build_preset release slipway-controller slipway-agent
  echo "note: cmake --preset release"
}

build_kubernetes() {
  "$repo/e2e/cluster/build.sh"
  echo "note: v1.34.4, from Go modules"
}

build_images_noted() {
  build_images
  echo "note: slipway, llama-cpp, pause, fileserver"
}

start_cluster() {
  "$node" status >/dev/null 2>&1 || "$node" start
  "$node" load "$build"/kube/images/*.tar "$build"/images/*.tar
  echo "note: 1 node, 198.19.255.1"
}

install_slipway() {
  # The tag stays "dev", so the pod has to see by other means that its image is another one.
  local image_digest
  image_digest=$(sha256sum "$build/images/slipway.tar" | cut -c1-12)
  "$node" exec helm upgrade --install slipway "$repo/charts/slipway" \
    --namespace slipway-system --create-namespace --wait --timeout 120s \
    --set "image.repository=localhost/slipway,image.tag=dev" \
    --set-string "controller.podAnnotations.slipway-image=$image_digest" \
    --set "runtimes.llamaCpp.image=localhost/slipway-llama-cpp:dev"
  local ready
  ready=$("$kubectl" -n slipway-system get deploy slipway-controller \
    -o jsonpath='{.status.readyReplicas}/{.spec.replicas}')
  echo "note: slipway-system: controller $ready"
}

# The example's claim, with the tiny model in it.
prepare_model() {
  "$node" volume models default/models
  install -m 0444 "$repo/runtime-images/model/tiny.gguf" "$build/cluster/node/volumes/models/"
}

apply_example() {
  local started=$SECONDS
  prepare_model
  "$kubectl" apply -f "$repo/examples/chat.yaml"
  "$kubectl" wait --for=condition=Ready --timeout=120s inferenceservice/chat
  echo "note: Ready after $((SECONDS - started)) s"
}

# Streams one answer through the model's Service.
chat() {
  local python
  python=$("$repo/e2e/cases/venv.sh")
  printf 'chat> %s\n' "$1"
  "$node" exec "$python" "$repo/tools/chat.py" "$1"
}
