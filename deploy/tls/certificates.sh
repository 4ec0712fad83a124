#!/bin/sh
# An own authority, and certificates of servers and clients that it signs, into this folder.
#   deploy/tls/certificates.sh server mosquitto mqtt.example   # mosquitto.crt, mosquitto.key
#   deploy/tls/certificates.sh client gateway-1                # gateway-1.crt, gateway-1.key
# ca.key signs: keep it elsewhere, off this machine. For names of the public Internet take
# certificates of a public authority instead (ACME: docs/operations.md).
set -eu
umask 077
cd "${TLS_DIR:-$(dirname "$0")}"
kind=${1:?server or client} name=${2:?name of the files}
shift 2
days=${DAYS:-397}
if [ ! -e ca.key ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days 3650 \
        -keyout ca.key -out ca.crt -subj "/CN=Tachowatt own authority" \
        -addext "basicConstraints=critical,CA:TRUE,pathlen:0" \
        -addext "keyUsage=critical,keyCertSign,cRLSign" 2> /dev/null
fi
names="DNS:$name"
for other in "$@"; do
    case $other in
        *[!0-9.]*) names="$names,DNS:$other" ;;
        *) names="$names,IP:$other" ;;
    esac
done
extensions=$(mktemp)
trap 'rm -f "$extensions" "$name.csr"' EXIT
cat > "$extensions" <<EXTENSIONS
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=${kind}Auth
subjectAltName=$names
EXTENSIONS
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 \
    -keyout "$name.key" -out "$name.csr" -subj "/CN=$name" 2> /dev/null
openssl x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -sha256 \
    -days "$days" -extfile "$extensions" -out "$name.crt" 2> /dev/null
chmod 644 ca.crt "$name.crt"
echo "$PWD/$name.crt, $PWD/$name.key"
