#!/usr/bin/env bash
# Files a signed complaint with nothing but curl and openssl, from what the published contract says.
set -euo pipefail
umask 077
export LC_ALL=C

usage() {
    cat <<'TEXT'
Usage: GATEWAY=URL CLIENT_ID=NAME KEY_FILE=FILE SIGNING_KEY_FILE=FILE bash curl.sh

Files a complaint, shows that the same bytes are refused a second time (nonce_replayed), and that the same
idempotency key with a fresh signature gives the same complaint.

  GATEWAY           such as http://127.0.0.1:8080
  CLIENT_ID         the registered name of this client
  KEY_FILE          PEM, EC P-256 private key: proves the client at the token endpoint (ES256)
  SIGNING_KEY_FILE  PEM, Ed25519 private key: signs every request
  KEY_ID, SIGNING_KEY_ID
                    how the keys are registered; the RFC 7638 thumbprint of each, unless set

The first four are what `egov sandbox` prints. Needs bash 3.2, curl 7.61 and openssl 3.0 or newer, and the usual
awk, grep, od, sed and tr.
TEXT
}

fail() {
    printf 'curl.sh: %s\n' "$1" >&2
    exit 1
}

case "${1-}" in
    -h | --help) usage && exit 0 ;;
    "") ;;
    *) usage >&2 && exit 2 ;;
esac
for name in GATEWAY CLIENT_ID KEY_FILE SIGNING_KEY_FILE; do
    [ -n "${!name-}" ] || fail "$name is not set; see curl.sh --help"
done
GATEWAY=${GATEWAY%/}
for file in "$KEY_FILE" "$SIGNING_KEY_FILE"; do
    [ -r "$file" ] || fail "cannot read $file"
done
for program in curl openssl awk grep od sed tr; do
    command -v "$program" > /dev/null || fail "$program is missing"
done

# Tokens, assertions and headers go through files in here, never through arguments that others could list.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# --- bytes and texts ------------------------------------------------------------------------------------------------

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
unhex() { printf '%b' "$(sed 's/../\\x&/g')"; }
random() { openssl rand "$1"; }
uuid() { random 16 | hex | sed -E 's/(.{8})(.{4}).(.{3}).(.{3})(.{12})/\1-\2-4\3-8\4-\5/'; }

# field NAME FILE: the first text of that name in a JSON document, empty where there is none. Enough for these answers.
field() { { grep -o "\"$1\" *: *\"[^\"]*\"" "$2" || true; } | sed -nE '1s/^[^:]*: *"(.*)"$/\1/p'; }

# Public keys in DER end with the key itself: 64 bytes of x and y, or the 32 of Ed25519.
public() { openssl pkey -in "$1" -pubout -outform DER 2> /dev/null | tail -c "$2"; }

thumbprint() { openssl dgst -sha256 -binary | base64url; }

ec_key_id() {
    x=$(public "$1" 64 | head -c 32 | base64url) y=$(public "$1" 32 | base64url)
    printf '{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}' "$x" "$y" | thumbprint
}

ed25519_key_id() {
    printf '{"crv":"Ed25519","kty":"OKP","x":"%s"}' "$(public "$1" 32 | base64url)" | thumbprint
}

# openssl writes an ECDSA signature as two DER integers; JOSE wants them as two times 32 bytes.
ecdsa_raw() {
    openssl asn1parse -inform DER |
        sed -nE 's/.*INTEGER *:([0-9A-F]+)$/\1/p' |
        awk '{ while (length($0) < 64) $0 = "0" $0; printf "%s", $0 }' |
        unhex
}

# --- a token (docs/wire-by-hand.md, step 1) -------------------------------------------------------------------------

quiet() { curl --silent --show-error --noproxy '*' --max-time 30 "$@"; }

discover() {
    quiet --fail --output "$work/gateway" "$GATEWAY/.well-known/smartcity-gateway" ||
        fail "no gateway answers at $GATEWAY"
    issuer=$(field issuer "$work/gateway")
    quiet --fail --output "$work/issuer" "$issuer/.well-known/oauth-authorization-server" ||
        fail "the issuer does not say where its token endpoint is"
    token_endpoint=$(field token_endpoint "$work/issuer")
}

assertion() {
    now=$(date +%s)
    head=$(printf '{"alg":"ES256","kid":"%s"}' "${KEY_ID-$(ec_key_id "$KEY_FILE")}" | base64url)
    claims=$(printf '{"iss":"%s","sub":"%s","aud":"%s","iat":%d,"exp":%d,"jti":"%s"}' \
        "$CLIENT_ID" "$CLIENT_ID" "$issuer" "$now" "$((now + 60))" "$(uuid)" | base64url)
    proof=$(printf '%s.%s' "$head" "$claims" | openssl dgst -sha256 -sign "$KEY_FILE" | ecdsa_raw | base64url)
    printf '%s.%s.%s' "$head" "$claims" "$proof"
}

fetch_token() {
    assertion > "$work/assertion"
    quiet --output "$work/token" "$token_endpoint" \
        --data grant_type=client_credentials \
        --data client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer \
        --data-urlencode "client_assertion@$work/assertion" || fail "the token endpoint does not answer"
    token=$(field access_token "$work/token")
    [ -n "$token" ] || fail "no token: $(field error "$work/token"), $(field error_description "$work/token")"
}

# --- a signed request (step 2) --------------------------------------------------------------------------------------

# sign METHOD URL BODY_FILE IDEMPOTENCY_KEY: writes the headers of one attempt to $work/headers.
sign() {
    created=$(date +%s)
    request_id=$(uuid)
    digest="sha-256=:$(openssl dgst -sha256 -binary "$3" | openssl base64 -A):"
    covered='("@method" "@target-uri" "content-type" "content-digest" "idempotency-key" "authorization" "x-request-id")'
    parameters="$covered;created=$created;expires=$((created + 300));nonce=\"$(random 16 | base64url)\""
    parameters="$parameters;keyid=\"${SIGNING_KEY_ID-$(ed25519_key_id "$SIGNING_KEY_FILE")}\""
    parameters="$parameters;alg=\"ed25519\";tag=\"egov-serang\""
    # The signature base: one line a component, and no newline at the end.
    printf '%s' "\"@method\": $1
\"@target-uri\": $2
\"content-type\": application/json
\"content-digest\": $digest
\"idempotency-key\": $4
\"authorization\": Bearer $token
\"x-request-id\": $request_id
\"@signature-params\": $parameters" > "$work/base"
    signature=$(openssl pkeyutl -sign -rawin -inkey "$SIGNING_KEY_FILE" -in "$work/base" | openssl base64 -A)
    cat > "$work/headers" <<TEXT
Content-Type: application/json
Content-Digest: $digest
Idempotency-Key: $4
Authorization: Bearer $token
X-Request-Id: $request_id
Signature-Input: egov=$parameters
Signature: egov=:$signature:
Accept: application/json, application/problem+json
Egov-Contract: 1
TEXT
}

# send METHOD URL BODY_FILE: sends with $work/headers; the status is left in $status.
send() {
    status=$(quiet --request "$1" --header @"$work/headers" --data-binary @"$3" \
        --dump-header "$work/answer-headers" --output "$work/answer" --write-out '%{http_code}' "$2") ||
        fail "the gateway does not answer"
}

expect() {
    [ "$status" = "$1" ] || fail "answered $status $(field code "$work/answer"): $(field detail "$work/answer")"
}

discover
fetch_token
url="$GATEWAY/v1/complaints/cases"
key=$(uuid)
cat > "$work/body" <<'TEXT'
{"service_code": "sampah", "description": "Sampah menumpuk di depan pasar sejak Senin.", "area_code": "36.73"}
TEXT

sign POST "$url" "$work/body" "$key"
send POST "$url" "$work/body"
expect 201
complaint=$(field complaint_id "$work/answer")
echo "filed: $(field reference "$work/answer"), $(field status "$work/answer")"

send POST "$url" "$work/body"
expect 401
echo "the same request again: $status $(field code "$work/answer")"

sign POST "$url" "$work/body" "$key"
send POST "$url" "$work/body"
expect 201
[ "$(field complaint_id "$work/answer")" = "$complaint" ] || fail "the same key gave another complaint"
grep -qi '^idempotency-replayed: true' "$work/answer-headers" || fail "the answer does not say it was kept"
echo "the same key, signed anew: $status, the same complaint (Idempotency-Replayed: true)"
