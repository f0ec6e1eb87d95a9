#!/bin/sh
# Runs a command of an image build with what BuildKit mounts for this one step and keeps out of every layer:
# a secret NAME as the variable NAME, `uv.toml` as uv's settings (a package index of one's own), `ca.crt` as the
# certificates to trust (a network that reads TLS).
set -eu
for file in /run/secrets/*; do
  [ -f "$file" ] || continue
  name=${file##*/}
  case $name in
    uv.toml) export UV_CONFIG_FILE="$file" ;;
    ca.crt) export SSL_CERT_FILE="$file" ;;
    *[!A-Z0-9_]* | [!A-Z_]*) ;;
    *) export "$name=$(cat "$file")" ;;
  esac
done
exec "$@"
