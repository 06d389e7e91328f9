#!/bin/sh
# Makes the certificates beside it anew; their keys are thrown away. Afterwards the outputs in cert.trycmd change.
set -eu
keys=$(mktemp -d)
trap 'rm -r "$keys"' EXIT
new() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$keys/$1.key" -out "$keys/$1.csr" -subj "$2"; }
sign() { openssl x509 -req -in "$keys/$1.csr" -CA "$2.pem" -CAkey "$keys/$2.key" -days 20000 -extfile "$keys/$1.cnf" -out "$1.pem"; }
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$keys/root.key" -out root.pem -days 20000 \
    -subj "/O=Example/CN=Example Root" -addext "keyUsage=critical,keyCertSign,cRLSign"
cat > "$keys/intermediate.cnf" <<CNF
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
nameConstraints = critical, permitted;DNS:example.com
CNF
cat > "$keys/leaf.cnf" <<CNF
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:www.example.com, DNS:example.com
CNF
new intermediate "/O=Example/CN=Example Intermediate"
new leaf "/CN=www.example.com"
sign intermediate root
sign leaf intermediate
cat leaf.pem intermediate.pem > chain.pem
