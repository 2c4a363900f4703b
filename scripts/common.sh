# Shared by the scripts of this folder. Source it; it sets root and defines functions.
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

# die CODE MESSAGE: one clear line on standard error, and that exit code.
die() {
  local code="$1"
  shift
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit "$code"
}

say() { printf '%s\n' "$*" >&2; }

# configure_and_build PRESET TARGET...: quiet when all is well, the compiler's words when not.
configure_and_build() {
  local preset="$1"
  shift
  local log
  log="$(mktemp)"
  if ! cmake --preset "$preset" -S "$root" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    die 1 "cmake could not configure the preset '$preset'; see above"
  fi
  rm -f "$log"
  local directory
  directory="$(build_directory "$preset")"
  if ! ninja -C "$directory" "$@" >&2; then
    die 1 "the build in $directory failed; see above"
  fi
}

build_directory() {
  if [ "$1" = release ]; then echo "$root/build"; else echo "$root/build-$1"; fi
}
