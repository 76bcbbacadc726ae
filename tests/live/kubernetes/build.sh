#!/usr/bin/env bash
# Builds the control plane, kwok, and a kubelet with a runtime that runs nothing into the folder $1,
# from modules pinned in tools/, and copies the definitions of the kinds of Kueue, Karpenter and
# Cluster API there.
set -euo pipefail
bin=$1
tools=$(cd "$(dirname "$0")/tools" && pwd)
kube=$(cd "$tools/kube" && go list -m -f '{{.Version}}' k8s.io/kubernetes)
minor=$(cut -d. -f2 <<<"$kube")
server=k8s.io/component-base/version
client=k8s.io/client-go/pkg/version
version="-X $server.gitVersion=$kube -X $server.gitMajor=1 -X $server.gitMinor=$minor -X $client.gitVersion=$kube"
export CGO_ENABLED=0 GOFLAGS=-mod=readonly

build() {
  echo "== Building $2 (${3##*/})"
  go build -C "$tools/$1" -trimpath -ldflags "-s -w $version" -o "$bin/$2" "$3"
}

mkdir -p "$bin"
build etcd etcd go.etcd.io/etcd/server/v3
for program in kube-apiserver kube-scheduler kube-controller-manager kubelet; do
  build kube "$program" "k8s.io/kubernetes/cmd/$program"
done
build kube runtime ./runtime
build kwok kwok sigs.k8s.io/kwok/cmd/kwok

stages=$(cd "$tools/kwok" && go list -m -f '{{.Dir}}' sigs.k8s.io/kwok)/kustomize/stage
for file in "$stages"/{node,pod}/fast/*.yaml "$stages"/node/heartbeat-with-lease/*.yaml; do
  [[ $file == */kustomization.yaml ]] || { echo ---; cat "$file"; }
done > "$bin/stages.yaml"

crds() {
  echo "== Copying the kinds of $1"
  local dir
  (cd "$tools/$1" && go mod download "sigs.k8s.io/$1")
  dir=$(cd "$tools/$1" && go list -m -f '{{.Dir}}' "sigs.k8s.io/$1")
  shift
  install -D -m 644 -t "$bin/crds" "${@/#/$dir/}"
}

crds kueue config/components/crd/bases/kueue.x-k8s.io_{clusterqueues,localqueues,resourceflavors,workloads}.yaml
crds karpenter pkg/apis/crds/karpenter.sh_{nodepools,nodeclaims}.yaml
crds cluster-api core/config/crd/bases/cluster.x-k8s.io_machinedeployments.yaml
