#!/usr/bin/env bash
# Do the addon's sources compile, unchanged, against the headers of other libtorch releases?
#
#   scripts/check-compile.sh <torch folder>...
#
# A folder holds include/, as a wheel's torch/ does; nothing is linked, so the headers of any platform's wheel will do:
#   pip download torch==2.11.0 --no-deps --platform macosx_11_0_arm64 --only-binary=:all:   (80 MB)
set -euo pipefail
cd "$(dirname "$0")/.."
(($# > 0)) || { sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2; }

failures=0
for torch in "$@"; do
  [[ -e "$torch/include/ATen/ATen.h" ]] || { echo "check-compile: $torch has no include/ATen/ATen.h" >&2; exit 2; }
  version="$(sed -n 's/^#define TORCH_VERSION_\(MAJOR\|MINOR\|PATCH\) //p' "$torch/include/torch/headeronly/version.h" | paste -sd.)"
  for source in binding/src/*.cc; do
    if ! "${CXX:-g++}" -std=c++20 -fsyntax-only -Wall -Wextra -Werror -fPIC -DNAPI_VERSION=8 \
      "-DTORCHWRIGHT_LIBTORCH_VERSION=\"$version\"" -isystem node_modules/node-api-headers/include \
      -isystem node_modules/node-addon-api -isystem "$torch/include" \
      -isystem "$torch/include/torch/csrc/api/include" "$source"; then
      failures=$((failures + 1))
      echo "libtorch $version: $source does not compile"
    fi
  done
  echo "libtorch $version: checked $(ls binding/src/*.cc | wc -l) files"
done
((failures == 0))
