#!/bin/sh
# Trains on the first 112 cases of hippocampus-mr (by name), segments and evaluates the other 28, by the commands that users have.
# One network or several, mirrored windows averaged:
#   sh bench/hippocampus/acceptance.sh [DATA] [WORK] [STEPS] [NETWORKS]
set -eu
data=${1:-../shared/data/hippocampus-mr}
work=${2:-hippocampus-bench}
steps=${3:-2000}
networks=${4:-nnunet attention-unet vq}
root=$(cd "$(dirname "$0")/../.." && pwd)
residua() { "$root/node_modules/.bin/node" "$root/src/cli/main.ts" "$@"; }

mkdir -p "$work/imagesTr" "$work/labelsTr" "$work/imagesTs" "$work/labelsTs"
count=0
for image in "$data"/images/*.nii.gz; do
  name=$(basename "$image" .nii.gz)
  count=$((count + 1))
  set=Ts
  [ "$count" -le 112 ] && set=Tr
  cp "$image" "$work/images$set/${name}_0000.nii.gz"
  cp "$data/labels/$name.nii.gz" "$work/labels$set/$name.nii.gz"
done
cat > "$work/dataset.json" <<'JSON'
{ "channel_names": { "0": "MR" }, "labels": { "background": 0, "anterior": 1, "posterior": 2 }, "numTraining": 112, "file_ending": ".nii.gz" }
JSON

for network in $networks; do
  start=$(date +%s)
  residua train "$work" --network "$network" --out "$work/$network" --steps "$steps"
  echo "$network: $steps steps in $(($(date +%s) - start)) s"
  residua segment "$work/$network" "$work/imagesTs" --out "$work/$network-predicted" --mirror > /dev/null
  residua evaluate "$work/$network-predicted" "$work/labelsTs" | grep '^mean'
done
