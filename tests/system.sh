#!/bin/bash
# Installs what the tests need of Debian and is not there yet; quick when all is.
# One line a need: a program (or a path, * allowed) that shows it is there, and Debian's package.
set -euo pipefail

needs='
/usr/lib/postgresql/*/bin/initdb postgresql
chromium-headless-shell chromium-headless-shell
/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc fonts-wqy-zenhei
'

missing=()
while read -r sign package; do
  [[ -z $sign ]] && continue
  compgen -G "$sign" >/dev/null || command -v "$sign" >/dev/null || missing+=("$package")
done <<<"$needs"
[[ ${#missing[@]} -eq 0 ]] && exit 0

install=(apt-get install --no-install-recommends -o Dpkg::Options::=--force-confold -y "${missing[@]}")
tell() {
  echo "测试还需要: ${missing[*]} / the tests also need: ${missing[*]}" >&2
  echo "  sudo apt-get update && sudo ${install[*]}" >&2
  exit 1
}
command -v apt-get >/dev/null || tell
if [[ $EUID -eq 0 ]]; then
  as=(env)
elif sudo -n true 2>/dev/null; then
  as=(sudo env)
else
  tell
fi
echo "安装 ${missing[*]} …… / installing ${missing[*]}"
if [[ " ${missing[*]} " == *" postgresql "* && ! -e /etc/postgresql-common/createcluster.conf ]]; then
  # The tests start a server of their own: Debian's package need not make and start one.
  "${as[@]}" sh -c 'mkdir -p /etc/postgresql-common && echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf'
fi
quiet=(DEBIAN_FRONTEND=noninteractive)
"${as[@]}" "${quiet[@]}" "${install[@]}" >/dev/null ||
  { "${as[@]}" apt-get update -qq && "${as[@]}" "${quiet[@]}" "${install[@]}" >/dev/null; } || tell
