# shellcheck shell=bash
# What the scripts of tools/ share: where things are, which PHP, which Drupal. Sourced, not run.
#
# Sets `top` (the project's root, which becomes the working directory), `build`, `drupal_root`,
# `trixie_root` and `target_dir`. Everything else is a function.

set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top"
build=$top/build
drupal_root=${DRUPAL_ROOT:-/opt/drupal/web}
trixie_root=${TRIXIE_ROOT:-/var/lib/causeway/trixie}
target_dir=${CARGO_TARGET_DIR:-$top/target}
trixie_target_dir=${CAUSEWAY_TRIXIE_TARGET_DIR:-$target_dir-php8.4}
# nginx and php-fpm are not on everybody's path; neither is a cargo of a fresh rustup.
PATH=$PATH:${CARGO_HOME:-${HOME:-/root}/.cargo}/bin:/usr/sbin:/sbin
export COMPOSER_ALLOW_SUPERUSER=1

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 2; }
have() { command -v "$1" >/dev/null 2>&1; }

# Whether version $1 is at least version $2.
at_least() { [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]; }

# The PHP that the extension is built for, as a path; its series, such as 8.4.
php_path() { command -v "${PHP:-php}"; }
php_series() { "$1" -n -r 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;'; }

trixie_is_ready() { [[ $EUID -eq 0 && -f $trixie_root/etc/causeway-packages ]]; }

# Runs a command in the trixie, with the project and a target directory of its own at their paths;
# a Drupal of the machine comes along where the trixie has none. Leading arguments of the form
# `--bind SRC[:DST]` add to that.
in_trixie() {
  local binds=(--bind "$top" --bind "$trixie_target_dir")
  mkdir -p "$trixie_target_dir"
  if has_drupal "" && ! has_drupal "$trixie_root"; then
    binds+=(--bind "$(dirname "$drupal_root")")
  fi
  while [[ ${1:-} == --bind ]]; do
    binds+=("$1" "$2")
    shift 2
  done
  "$top/tools/trixie" run "${binds[@]}" -- env CARGO_TARGET_DIR="$trixie_target_dir" "$@"
}

# Whether there is a Drupal at DRUPAL_ROOT below the directory $1 (empty: this machine).
has_drupal() { [[ -f $1$drupal_root/core/lib/Drupal.php ]]; }

# Where Drupal's tests and its drill can run, as tools/drupal-site finds it: sets `place` to native,
# trixie or none, and with none `reason`.
find_drupal() {
  place=none reason=
  local answer
  if ! answer=$("$top/tools/drupal-site" where 2>&1); then
    reason=${answer#drupal-site: }
  elif [[ $answer == trixie* ]] && ! trixie_is_ready; then
    reason="the trixie at $trixie_root wants root and a finished tools/trixie"
  else
    place=${answer%% *}
  fi
}
