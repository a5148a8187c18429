#!/usr/bin/env bash
# Let Jupyter offer the Python of an image as a kernel: deploy/jupyter-kernel.sh IMAGE.sif [NAME]
# Options for Apptainer: APPTAINER_OPTIONS='--nv --bind /data'. Jupyter itself need not be in the image.
set -euo pipefail

image=$(realpath "${1:?the image, FILE.sif}")
name=${2:-ndive}
read -ra options <<<"${APPTAINER_OPTIONS:-}"
kernels=${JUPYTER_DATA_DIR:-${XDG_DATA_HOME:-$HOME/.local/share}/jupyter}/kernels/$name

words=(apptainer exec "${options[@]}" "$image" python -m ipykernel_launcher -f "{connection_file}")
mkdir -p "$kernels"
{
  printf '{"display_name": "%s", "language": "python", "argv": [' "$name"
  printf '"%s"' "${words[0]}"
  printf ', "%s"' "${words[@]:1}"
  printf ']}\n'
} >"$kernels/kernel.json"
echo "kernel '$name' in '$kernels'"
