#!/usr/bin/env bash
# Builds wheel and sdist, checks both, and uses the wheel in a fresh environment of each Python: validation/wheel.sh 3.11 3.12 3.13
# In each: the first fit, the verbs on a file, what is said where an extra is missing, and the time of `import ndive`.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv build --quiet --out-dir "$work/dist"
uvx --quiet twine check --strict "$work"/dist/*.whl "$work"/dist/*.tar.gz

refused() {
  local told status=0 expected="ndive: $1 needs the extra '$2': pip install 'ndive[$2]', in a clone uv sync --inexact --extra $2"
  told=$("${@:3}" 2>&1 >/dev/null) || status=$?
  [ "$status" -eq 2 ] && [ "$told" = "$expected" ] || { echo "'${*:3}' ended with $status: $told"; exit 1; }
}

for python in "$@"; do
  uv venv --quiet --python "$python" "$work/$python"
  uv pip install --quiet --python "$work/$python" "$work"/dist/*.whl
  bin=$work/$python/bin
  echo "$("$bin/python" --version), $(du -sh "$work/$python" | cut -f1)"

  (
    cd "$work"
    # shellcheck disable=SC2016  # backquotes of Markdown
    sed -n '/^```python$/,/^```$/p' "$OLDPWD/README.md" | grep -v '^```' | "$bin/python" - >/dev/null
    "$bin/python" - <<'END'
from importlib.resources import files
from ndive import load_schema, write_sample
import numpy as np

assert files("ndive").joinpath("py.typed").is_file()
schema = load_schema()
tracks = np.zeros((8, 3), schema.dtype("tracks"))
tracks["theta"], tracks["valid"] = 1.5, True
for name in tracks.dtype.names:
    if name.endswith("Uncertainty"):
        tracks[name] = 0.01
write_sample("jets.h5", [{"jets": np.zeros(8, schema.dtype("jets")), "tracks": tracks}], {})
END
    "$bin/ndive" inspect jets.h5 >/dev/null
    "$bin/ndive" fit jets.h5 --output "vertices-$python.h5" >/dev/null
    "$bin/ndive" export fit --output "fit-$python.stablehlo" >/dev/null
    refused drawing plots "$bin/ndive" demo
    refused drawing plots "$bin/ndive" report none
    refused drawing plots "$bin/ndive" display jets.h5
    refused "the simulation" sim "$bin/ndive" simulate --output none
    refused "the format onnx" onnx "$bin/ndive" export fit --output none.onnx --format onnx
    touch none.root
    refused "reading ROOT files" root "$bin/ndive" convert none.root --output none
  )
  "$bin/python" - <<'END'
import statistics, subprocess, sys, time

def seconds():
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import ndive"], check=True)
    return time.perf_counter() - begin

print(f"import ndive: {statistics.median(seconds() for _ in range(5)):.2f} s")
END
done
