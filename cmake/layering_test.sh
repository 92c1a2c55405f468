#!/bin/sh
# usage: layering_test.sh SOURCE
# Three rings, one direction: tools/ may include formats/ and lib/, formats/ may include lib/, lib/ neither, and a folder
# of lib/ only itself and those before it. Nothing below tools/ prints or reads the environment.
set -eu
cd "$1"
bad=0

report() { # HEADING FOUND
  [ -z "$2" ] || { printf '%s:\n%s\n' "$1" "$2"; bad=1; }
}
includes() { # PATTERN FOLDER: lines that include a file whose path matches
  grep -rnE --include='*.hpp' --include='*.cpp' "#include *[\"<]($1)/" "$2" || true
}

report "lib/ includes what is above it" "$(includes 'formats|tools' lib)"
report "formats/ includes what is above it" "$(includes 'tools' formats)"

later=
for folder in extend convert state verify replay sources quote tpm registers content record crypto base; do
  if [ -d "lib/$folder" ] && [ -n "$later" ]; then
    report "lib/$folder includes a later folder of lib/" "$(includes "lib/($later)" "lib/$folder" | grep -v '_test\.cpp:' || true)"
  fi
  later="$later${later:+|}$folder"
done
for folder in lib/*/; do
  case "|$later|" in
    *"|$(basename "$folder")|"*) ;;
    *) report "not in this test's order of folders" "$folder" ;;
  esac
done

report "printing or reading the environment below tools/" "$(
  grep -rnE --include='*.hpp' --include='*.cpp' \
    '<iostream>|<print>|std::(cout|cerr|clog)|\b(v?f?printf|f?puts|putchar|perror|secure_getenv|getenv) *\(|fmt::print' lib formats |
    grep -vE '_(test|fuzz|bench)\.cpp:' || true
)"
exit "$bad"
