#!/usr/bin/env bash
# Builds Argo Workflows into the folder $1, from the module pinned in tools/ or in the folder $2 beside it.
set -euo pipefail
bin=$1
tools=$(cd "$(dirname "$0")/${2:-tools}" && pwd)
module=$(sed -n 's|^\t\(.*\)/cmd/argo$|\1|p' "$tools/go.mod")
version=$(cd "$tools" && go list -m -f '{{.Version}}' "$module")
source=$(cd "$tools" && go mod download -json "$module" | sed -n 's/.*"Dir": "\(.*\)",/\1/p')
export CGO_ENABLED=0 GOFLAGS=-mod=readonly
mkdir -p "$bin"

# The server embeds pages that the module lacks, and nothing may be added to the module cache:
# a copy gets an empty page, and the tests need no other.
rm -rf "$bin/source"
cp -r --no-preserve=mode "$source" "$bin/source"
mkdir -p "$bin/source/ui/dist/app"
echo "argo" > "$bin/source/ui/dist/app/index.html"
cp "$tools/go.mod" "$bin/build.mod"
cp "$tools/go.sum" "$bin/build.sum"
go mod edit -replace "$module=$bin/source" "$bin/build.mod"

for program in workflow-controller argo; do
  echo "== Building $program (Argo Workflows $version)"
  go build -C "$tools" -modfile "$bin/build.mod" -trimpath \
    -ldflags "-s -w -X $module.version=$version" -o "$bin/$program" "$module/cmd/$program"
done

for file in "$bin/source"/manifests/base/crds/minimal/argoproj.io_*.yaml; do
  echo ---
  cat "$file"
done > "$bin/crds.yaml"
rm -rf "$bin/source" "$bin"/build.*
