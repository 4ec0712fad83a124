#!/bin/sh
# The users of Tachowatt itself, at each start; others in the file stay. A device is added by
#   docker compose exec mosquitto mosquitto_passwd -b /mosquitto/users/passwords TENANT/DEVICE PASSWORD
#   docker compose kill --signal HUP mosquitto
set -eu
file=/mosquitto/users/passwords
[ -e "$file" ] || (umask 077 && : > "$file")
mosquitto_passwd -b "$file" gateway "$MQTT_GATEWAY_PASSWORD"
mosquitto_passwd -b "$file" health "$MQTT_HEALTH_PASSWORD"
chown -R 1883:1883 /mosquitto/users /mosquitto/data
