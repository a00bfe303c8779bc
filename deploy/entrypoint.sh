#!/bin/sh
# What the container does when it starts. With arguments: that command of laiwang-bridge. Without: the first time it
# sets the bridge up, says what to do and ends; from then on it runs.
set -eu

config=${LAIWANG_CONFIG:-/data/config.yaml}
folder=$(dirname "$config")

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

if [ $# -gt 0 ]; then
    exec laiwang-bridge "$@"
fi
if [ ! -w "$folder" ]; then
    fail "This container runs as user $(id -u), who may not write to $folder: mount a volume there and let" \
        "that user have it (chown $(id -u) on the host's folder; with podman: -v …:$folder:U)."
fi
if [ -e "$config" ]; then
    exec laiwang-bridge run
fi
if [ -z "${LAIWANG_HOMESERVER__DOMAIN:-}" ]; then
    fail "There is no $config yet. Start once more with these in the environment, and it is made:" \
        "  LAIWANG_HOMESERVER__DOMAIN=example.org               server_name of the homeserver" \
        "  LAIWANG_HOMESERVER__ADDRESS=http://synapse:8008      where this container reaches the homeserver" \
        "  LAIWANG_APPSERVICE__ADDRESS=http://laiwang:29350     where the homeserver reaches this container"
fi
laiwang-bridge init --domain "$LAIWANG_HOMESERVER__DOMAIN" \
    --homeserver "${LAIWANG_HOMESERVER__ADDRESS:-http://synapse:8008}" \
    --address "${LAIWANG_APPSERVICE__ADDRESS:-http://laiwang:29350}"
printf '\n%s\n' "All these paths are inside of the container. When the homeserver has the registration, start it again."
