# shellcheck shell=sh
# notify: posts what has happened to a webhook, as JSON; the hooks of this plugin read it.
#
# WEBHOOK_URL         where to; not set: nowhere
# WEBHOOK_TOKEN       sent as "Authorization: Bearer TOKEN"
# WEBHOOK_TOKEN_FILE  its first line is the token, when WEBHOOK_TOKEN is not set
# WEBHOOK_TIMEOUT     how many seconds all may take, 5 when not set
#
# Values are handed over in variables, not by printf: where that is a program of its own, others could
# read its arguments.

# EVENT: a webhook that does not work is reported and stops nothing
notify_webhook() {
    [ -n "${WEBHOOK_URL:-}" ] || return 0
    if ! command -v curl >/dev/null 2>&1; then
        boot_warn "notify-webhook: \"$1\" was not sent: no curl"
        return 0
    fi
    notify_body "$1"
    notify_token || return 0
    notify_code=$(notify_send)
    notify_status=$?
    case $notify_status:$notify_code in
    0:2??) boot_debug "notify-webhook: $1 sent" ;;
    0:*) boot_warn "notify-webhook: \"$1\" was refused with HTTP status $notify_code" ;;
    28:*) boot_warn "notify-webhook: \"$1\" was not sent: no answer within ${WEBHOOK_TIMEOUT:-5} s" ;;
    *) boot_warn "notify-webhook: \"$1\" was not sent (curl: $notify_status)" ;;
    esac
    return 0
}

# EVENT: what is to be sent, in notify_json
notify_body() {
    notify_json="{"
    notify_add event "$1"
    notify_add name "$RELEASE_NAME"
    notify_add version "$RELEASE_VSN"
    [ -z "${notify_previous:-}" ] || notify_add previous "$notify_previous"
    notify_add host "$(uname -n)"
    notify_add node "${RELEASE_NODE:-}"
    notify_add command "$BOOT_COMMAND"
    notify_add time "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
    notify_json="$notify_json\"status\":${BOOT_STATUS:-0}}"
}

# KEY VALUE
notify_add() {
    notify_quote "$2"
    notify_json="$notify_json\"$1\":$notify_quoted,"
}

# TEXT: as a string of JSON in notify_quoted; curl's configuration quotes in the same way
notify_quote() {
    notify_rest=$1
    notify_quoted='"'
    while [ -n "$notify_rest" ]; do
        notify_after=${notify_rest#?}
        notify_char=${notify_rest%"$notify_after"}
        notify_rest=$notify_after
        case $notify_char in
        \" | \\) notify_char="\\$notify_char" ;;
        '
') notify_char='\n' ;;
        '	') notify_char='\t' ;;
        "$notify_return") notify_char='\r' ;;
        *)
            case $notify_controls in
            # A control character is no secret.
            *"$notify_char"*) notify_char=$(printf '\\u%04x' "'$notify_char") ;;
            esac
            ;;
        esac
        notify_quoted=$notify_quoted$notify_char
    done
    notify_quoted=$notify_quoted'"'
}

notify_return=$(printf '\r')
notify_controls=$(printf '\001\002\003\004\005\006\007\010\013\014\016\017\020\021\022\023\024\025\026\027\030\031\032\033\034\035\036\037')

# the token, in notify_secret
notify_token() {
    notify_secret=${WEBHOOK_TOKEN:-}
    [ -z "$notify_secret" ] && [ -n "${WEBHOOK_TOKEN_FILE:-}" ] || return 0
    if [ ! -r "$WEBHOOK_TOKEN_FILE" ]; then
        boot_warn "notify-webhook: nothing was sent: cannot read WEBHOOK_TOKEN_FILE=$WEBHOOK_TOKEN_FILE"
        return 1
    fi
    IFS= read -r notify_secret <"$WEBHOOK_TOKEN_FILE" || :
}

# Prints the HTTP status. URL, token and body go to curl's standard input: an argument could be read by others,
# and the URL of a webhook is often its key. -q: no ~/.curlrc.
notify_send() {
    notify_quote "$WEBHOOK_URL"
    notify_url=$notify_quoted
    notify_quote "Authorization: Bearer $notify_secret"
    notify_header=
    [ -z "$notify_secret" ] || notify_header="header = $notify_quoted"
    notify_quote "$notify_json"
    curl -q -sS -o /dev/null -w '%{http_code}' --connect-timeout "${WEBHOOK_TIMEOUT:-5}" \
        --max-time "${WEBHOOK_TIMEOUT:-5}" --config - <<EOT
url = $notify_url
$notify_header
header = "Content-Type: application/json"
data-binary = $notify_quoted
EOT
}
