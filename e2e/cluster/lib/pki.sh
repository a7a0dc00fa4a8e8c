# shellcheck shell=bash disable=SC2154,SC2034
# Certificates and kubeconfig files of one cluster, in $state/pki. Source it; needs $state.

# new_ca: one authority for servers, clients and the aggregation layer.
new_ca() {
  mkdir -p "$state/pki"
  openssl ecparam -name prime256v1 -genkey -noout -out "$state/pki/ca.key"
  openssl req -x509 -new -key "$state/pki/ca.key" -days 3650 -subj "/CN=slipway-e2e" \
    -out "$state/pki/ca.crt"
  openssl genrsa -out "$state/pki/service-account.key" 2048 2>/dev/null
  openssl rsa -in "$state/pki/service-account.key" -pubout \
    -out "$state/pki/service-account.pub" 2>/dev/null
}

# new_cert FILE SUBJECT [NAMES]: NAMES as in "DNS:kubernetes,IP:127.0.0.1".
new_cert() {
  local file=$state/pki/$1 subject=$2 names=${3:-DNS:unused.invalid}
  openssl ecparam -name prime256v1 -genkey -noout -out "$file.key"
  openssl req -new -key "$file.key" -subj "$subject" -out "$file.csr"
  openssl x509 -req -in "$file.csr" -CA "$state/pki/ca.crt" -CAkey "$state/pki/ca.key" \
    -set_serial "0x$(openssl rand -hex 8)" -days 3650 -out "$file.crt" 2>/dev/null -extfile <(
      printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$names"
      printf 'keyUsage=digitalSignature\nbasicConstraints=CA:FALSE\n'
    )
  rm -f "$file.csr"
}

# new_kubeconfig FILE SERVER CERT: everything inline, so the file can be copied anywhere.
new_kubeconfig() {
  local file=$1 server=$2 cert=$state/pki/$3
  cat >"$file" <<END
apiVersion: v1
kind: Config
current-context: slipway
contexts: [{name: slipway, context: {cluster: slipway, user: slipway}}]
clusters:
  - name: slipway
    cluster:
      server: $server
      certificate-authority-data: $(base64 -w0 "$state/pki/ca.crt")
users:
  - name: slipway
    user:
      client-certificate-data: $(base64 -w0 "$cert.crt")
      client-key-data: $(base64 -w0 "$cert.key")
END
  chmod 600 "$file"
}
