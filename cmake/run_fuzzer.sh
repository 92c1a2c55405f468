#!/bin/sh
# usage: run_fuzzer.sh PROGRAM SECONDS OUTPUT
# Runs a fuzz target on what testdata/ holds and what it finds itself. What it says goes to OUTPUT, and to standard error
# when it fails; the input that made it fail is kept beside the program.
set -eu
program=$1 seconds=$2 output=$3
source=$(dirname "$0")/..

# Inputs that it finds interesting are kept here from run to run; testdata/ is only read.
found=$program.corpus
mkdir -p "$found"
if ! "$program" -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
  -artifact_prefix="$program." "$found" "$source/testdata" >"$output" 2>&1; then
  tail -n 60 "$output" >&2
  exit 1
fi
