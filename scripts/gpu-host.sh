#!/usr/bin/env bash
# Checks Torchwright on a GPU host that has a Python with torch, a C++ compiler and cmake, but neither
# Node nor a network.
#
#   scripts/gpu-host.sh pack [--with-model]      here: writes .gpu-pack/torchwright.tar.xz
#   scripts/gpu-host.sh run <pack> <results>     there: unpacks, builds against that Python's torch,
#                                                runs the suite on CUDA and writes the results:
#                                                result.json has GPU, driver, libtorch, date, outcome
#
# --with-model adds the demo's weights from the cache, which the benchmarks need (about 80 MB more).
# PYTHON names the Python on the host; TORCHWRIGHT_GPU_WORK the folder to unpack into.
set -euo pipefail

pack() {
  cd "$(dirname "$0")/.."
  local stage cache target=.gpu-pack/torchwright.tar.xz
  stage="$(mktemp -d)"
  trap 'rm -rf "$stage"' RETURN
  mkdir -p "$stage/torchwright" .gpu-pack

  git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do [[ -e "$file" ]] && printf '%s\0' "$file"; done |
    tar --null --files-from - --create --file - | tar -x -C "$stage/torchwright"
  # What only checks sources and package, or serves other platforms, stays here.
  tar -c --exclude='*eslint*' --exclude=node_modules/{prebuildify,.cache,prettier,typedoc,@arethetypeswrong,@microsoft,@rushstack,@shikijs} \
    --exclude='tokenizers.*.node' --exclude='*.map' node_modules | tar -x -C "$stage/torchwright"
  cp node_modules/tokenizers/tokenizers.linux-x64-gnu.node "$stage/torchwright/node_modules/tokenizers/"
  if [[ -d dist ]]; then cp -r dist "$stage/torchwright/"; fi
  cp "$(node -p process.execPath)" "$stage/node"
  strip "$stage/node" 2>/dev/null || true

  if [[ "${1:-}" == --with-model ]]; then
    cache="$(node -r ts-node/register/transpile-only -p 'require("./lib/native/locate").cacheFolder()')"
    [[ -d "$cache/models" ]] || { echo "gpu-host: no weights in $cache/models; run npm run demo once" >&2; exit 1; }
    mkdir -p "$stage/cache"
    cp -r "$cache/models" "$stage/cache/"
  fi
  tar -C "$stage" -c . | xz -T0 -6 >"$target.part"
  mv "$target.part" "$target"
  echo "$target: $(du -h "$target" | cut -f1)"
}

# Writes what a step prints to a file of the results as well, and goes on when it fails.
record() {
  local name="$1" code=0
  shift
  echo "=== $name"
  "$@" 2>&1 | tee "$results/$name.txt" || code=$?
  echo "$name: exit code $code" | tee -a "$results/summary.txt"
  if ((code != 0)); then failures=$((failures + 1)); fi
}

run() {
  local archive="$1" work="${TORCHWRIGHT_GPU_WORK:-$(mktemp -d)}" python="${PYTHON:-python3}" torch
  mkdir -p "$2" "$work"
  results="$(cd "$2" && pwd)"
  failures=0
  xz -dc "$archive" | tar -x -C "$work"
  export PATH="$work:$PATH"
  torch="$("$python" -c "import importlib.util as u; print(u.find_spec('torch').submodule_search_locations[0])")"
  export LIBTORCH="$torch" TORCHWRIGHT_PYTHON="$python" TORCHWRIGHT_CACHE="$work/cache"
  export TORCHWRIGHT_JOBS="${TORCHWRIGHT_JOBS:-$(nproc)}"
  : >"$results/summary.txt"
  {
    date -u
    nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null || echo "no nvidia-smi"
    echo "node $(node --version), torch in $torch, $(nproc) cores"
  } | tee "$results/machine.txt"

  cd "$work/torchwright"
  record build node scripts/prepare.js
  # There is no browser, and no network to bring Jupyter or a corpus of e-mails from.
  record tests env TORCHWRIGHT_TEST_DEVICE="${TORCHWRIGHT_TEST_DEVICE:-cuda}" TORCHWRIGHT_TEST_BROWSER=none \
    node node_modules/mocha/bin/mocha.js --ignore test/notebooks/kernel.test.ts --ignore test/text/relatives.test.ts \
    'test/**/*.test.ts'
  if [[ -d "$work/cache/models" ]]; then
    record bench node -r ts-node/register/transpile-only bench/run.ts --quick --json
  else
    echo "bench: left out, the pack was made without --with-model" | tee -a "$results/summary.txt"
  fi
  cat "$results/summary.txt"
  "$python" scripts/gpu_result.py "$results" "$(node --version)"
  ((failures == 0))
}

case "${1:-}" in
  pack) pack "${2:-}" ;;
  run) run "${2:?gpu-host: run needs the pack}" "${3:?gpu-host: run needs a folder for results}" ;;
  *)
    sed -n '2,12s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
