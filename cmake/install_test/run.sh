#!/bin/sh
# usage: run.sh BUILD SOURCE COMPILER LIBDIR
# Installs a build into an empty prefix, looks for each piece, and builds a program against it in two ways.
set -eu
build=$1 source=$2 compiler=$3 libdir=$4
work=$build/install_test
prefix=$work/prefix

fail() { echo "install test: $*" >&2; exit 1; }

rm -rf "$work"
mkdir -p "$work"
env -u DESTDIR cmake --install "$build" --prefix "$prefix" >"$work/install.log"

for file in bin/mrtool bin/tsmfs "$libdir/libmrtool.a" "$libdir/pkgconfig/mrtool.pc" "$libdir/cmake/mrtool/mrtoolConfig.cmake" \
  include/mrtool/mrtool.hpp include/mrtool/lib/record/record.hpp include/mrtool/formats/formats.hpp \
  share/man/man1/mrtool.1 share/man/man1/mrtool-inspect.1 share/man/man1/tsmfs.1 share/man/man7/mrtool-fleets.7 \
  share/mrtool/schemas/mrtool.replay-1.schema.json \
  share/bash-completion/completions/mrtool share/zsh/site-functions/_mrtool \
  share/fish/vendor_completions.d/mrtool.fish; do
  [ -e "$prefix/$file" ] || fail "$file is not installed"
done
"$prefix/bin/mrtool" --version >/dev/null || fail "the installed tool does not run"
"$prefix/bin/tsmfs" --version >/dev/null || fail "the installed file system does not run"

log=$source/testdata/vm/shimgrub-secureboot/binary_bios_measurements
# PCR 7 of the machine that made the log, as its TPM gave it (tpm2_pcrread.yaml beside it).
expected=75677db6f14082d3bfec4d14bdd75c8d72612ef6914ca99cd5a5997b7a21309d

cmake -S "$source/cmake/install_test" -B "$work/package" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" \
  -DCMAKE_PREFIX_PATH="$prefix" >"$work/package.log"
cmake --build "$work/package" >>"$work/package.log" || { cat "$work/package.log" >&2; fail "no build by CMake package"; }

PKG_CONFIG_PATH=$prefix/$libdir/pkgconfig
export PKG_CONFIG_PATH
# shellcheck disable=SC2046 # words on purpose
"$compiler" -std=c++23 "$source/cmake/install_test/consumer.cpp" -o "$work/by_pkg_config" \
  $(pkg-config --cflags --libs mrtool)

for program in "$work/package/consumer" "$work/by_pkg_config"; do
  value=$("$program" "$log" pcr7 sha256)
  [ "$value" = "$expected" ] || fail "$program says $value, the TPM said $expected"
done
