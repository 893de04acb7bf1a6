#!/bin/sh
# Trains on the first 112 cases of hippocampus-mr (by name), segments and evaluates the other 28, by the commands that users have.
#   sh bench/hippocampus/acceptance.sh [DATA] [WORK] [STEPS]
set -eu
data=${1:-../shared/data/hippocampus-mr}
work=${2:-hippocampus-bench}
steps=${3:-1000}
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

start=$(date +%s)
residua train "$work" --network nnunet --out "$work/model" --steps "$steps"
echo "training: $(($(date +%s) - start)) s"
residua segment "$work/model" "$work/imagesTs" --out "$work/predicted" > /dev/null
residua evaluate "$work/predicted" "$work/labelsTs" | grep '^mean'
