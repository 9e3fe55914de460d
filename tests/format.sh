#!/usr/bin/env bash
# Every source file is as clang-format leaves it. One version, because others differ in details.
# usage: format.sh SOURCE_FOLDER
set -euo pipefail
cd "$1"
find transport gpu agents runtime examples tests \( -name '*.cpp' -o -name '*.hpp' \) -print0 |
  xargs -0 clang-format-14 --dry-run -Werror
