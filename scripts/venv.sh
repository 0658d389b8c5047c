# Makes .venv and installs the package into it; read by the other scripts, from the checkout's folder.
# Usage: make_venv EXTRA [LARGER EXTRA]: where the larger one is installed already, it does.

supported() {
  "$1" -c 'import ensurepip, sys, venv; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, '"$newest"'))' 2>/dev/null
}

find_python() {
  local name
  for name in python3 python3.12 python3.11 python3.13 python3.14 python3.10; do
    if supported "$name"; then
      echo "$name"
      return
    fi
  done
  echo "Python 3.10 to 3.$newest with the venv module is needed, and none was found." >&2
  echo "On Debian and Ubuntu: apt-get install python3-venv. Elsewhere: https://www.python.org/downloads/" >&2
  return 1
}

# The minor version of the newest Python that is supported. A source distribution's setup.cfg is indented by tabs.
newest_python() {
  sed -n 's/^[[:space:]]*Programming Language :: Python :: 3\.//p' setup.cfg | sort -n | tail -1
}

make_venv() {
  local extra=$1 python stamp wanted newest
  wanted=$(cksum <setup.cfg)
  newest=$(newest_python)
  if [ ! -x .venv/bin/python ] || ! supported .venv/bin/python; then
    python=$(find_python)
    echo "Making .venv with $("$python" --version) ..."
    "$python" -m venv --clear .venv
  fi
  for stamp in "$@"; do
    if [ "$(cat ".venv/installed-$stamp" 2>/dev/null)" = "$wanted" ]; then return; fi
  done
  echo "Installing marcelle-rt[$extra] into .venv, once; with TensorFlow, which the tests of \`--fast\` go without, this takes some minutes ..."
  .venv/bin/python -m pip install --disable-pip-version-check --editable ".[$extra]"
  echo "$wanted" >".venv/installed-$extra"
}

# Adds PyTorch and the other frameworks, which the extra `dev` leaves out.
add_frameworks() {
  local wanted
  wanted=$(cksum <scripts/frameworks.txt)
  if [ "$(cat .venv/installed-frameworks 2>/dev/null)" = "$wanted" ]; then return; fi
  echo "Installing PyTorch and the other frameworks into .venv, once ..."
  .venv/bin/python -m pip install torch==2.13.0
  .venv/bin/python -m pip install --disable-pip-version-check --requirement scripts/frameworks.txt
  echo "$wanted" >.venv/installed-frameworks
}
