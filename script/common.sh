# Shared by the scripts beside it: finding Python, making a virtual environment, installing the checkout.
# Sourced, never run. Expects `root` to be the checkout.

say() { printf '%s\n' "$*" >&2; }
die() {
  say "$*"
  exit 1
}

# The python of at least 3.11, or of exactly the version asked for (find_python 3.12). Each
# candidate is run: a pyenv shim may exist for a version that is not active.
find_python() {
  local wanted=${1:-} name candidate found
  local names=(python3.13 python3.12 python3.11 python3)
  [ -z "$wanted" ] || names=("python$wanted")
  for name in "${names[@]}"; do
    while IFS= read -r candidate; do
      [ -x "$candidate" ] || continue
      found=$("$candidate" -c 'import sys, ssl, sqlite3; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
      case ${wanted:-any}:$found in
        any:3.11 | any:3.12 | any:3.13 | "$found:$found")
          printf '%s\n' "$candidate"
          return 0
          ;;
      esac
    done < <(
      type -ap "$name" 2>/dev/null
      pythons_of_pyenv "$name"
    )
  done
  return 1
}

# The interpreters named $1 that pyenv holds, newest first, whether active or not.
pythons_of_pyenv() {
  local versions=${PYENV_ROOT:-$HOME/.pyenv}/versions
  if [ -d "$versions" ]; then find "$versions" -path "$versions/3.*/bin/$1" | sort -rV; fi
}

# Runs a command as root: as we are, or through sudo where that asks nothing.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo -n "$@"
  else
    return 1
  fi
}

# Debian packages, without questions and without starting the services that they bring.
debian_install() {
  command -v apt-get >/dev/null || return 1
  as_root true || return 1
  say "installing Debian packages: $*"
  local policy=/usr/sbin/policy-rc.d made=
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null && as_root chmod 755 "$policy" && made=1
  fi
  local status=0
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" </dev/null >/dev/null 2>&1 ||
    { as_root apt-get update -qq </dev/null >/dev/null &&
      as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" </dev/null >&2; } ||
    status=1
  [ -z "$made" ] || as_root rm -f "$policy"
  return $status
}

# make_venv FOLDER PYTHON: a virtual environment; a broken or foreign one is made anew.
make_venv() {
  local folder=$1 python=$2
  if [ -x "$folder/bin/python" ] && "$folder/bin/python" -c 'import pip' 2>/dev/null; then return 0; fi
  "$python" -m venv --clear "$folder" >/dev/null 2>&1 && return 0
  # Debian ships Python without the part of venv that brings pip.
  local version
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  debian_install "python$version-venv" || debian_install python3-venv ||
    die "This Python cannot make virtual environments. Run this, then try again:
    sudo apt-get install python3-venv"
  "$python" -m venv --clear "$folder" || die "$python cannot make a virtual environment in $folder"
}

# install_checkout FOLDER [EXTRA]: what constraints.txt pins, and the checkout itself, editable. Does
# nothing while neither setup nor pins, nor the place of either folder, have changed since last time.
install_checkout() {
  local folder=$1 extra=${2:-} stamp now
  stamp=$folder/.installed${extra:+-$extra}
  now=$(printf '%s\n' "$root" "$folder" && cat "$root/setup.cfg" "$root/setup.py" "$root/pyproject.toml" "$root/constraints.txt")
  if [ -f "$stamp" ] && [ "$now" = "$(cat "$stamp")" ]; then return 0; fi
  say "installing SecureChat${extra:+ with its $extra tools} into $folder"
  (cd "$root" && "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
    --constraint constraints.txt --editable ".${extra:+[$extra]}" </dev/null >&2) ||
    die "The installation into $folder failed; the reason is above."
  printf '%s\n' "$now" >"$stamp"
}
