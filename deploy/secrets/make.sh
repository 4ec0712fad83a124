#!/bin/sh
# Make the passwords and the key that are not there yet, one in each file; safe to repeat.
#
# Only you may enter the folder; the files are open, because containers read them as other users.
set -eu
cd "$(dirname "$0")"
chmod 700 .
for name in postgres_password tw_owner_password tw_ingest_password tw_contacts_password \
    tw_api_password grafana_password mqtt_admin_password mqtt_health_password \
    mqtt_gateway_1_password mqtt_gateway_2_password; do
    [ -s "$name" ] || openssl rand -hex 24 > "$name"
done
# 32 bytes in base64, as `tachowatt secrets new-key` prints. Keep a copy of this one elsewhere.
[ -s secrets_key ] || openssl rand -base64 32 > secrets_key
chmod 644 ./*_password secrets_key
