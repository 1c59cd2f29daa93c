# shellcheck shell=sh
# attach: attach this terminal to that of a node in the background.
#
# usage: NAME attach
#
# Talks to the node through its pipes, without distribution, as it was started: so it works for a node
# that no other command reaches. An Erlang shell waits there; in a release made by mix none does, and one sees
# what the node prints: "remote" is a shell there. Leave it with ctrl-D; ctrl-C, or q() in the shell, would stop
# the node. Ends with 3 when the node is not running, and with 4 when it has no pipes: it was started in the
# foreground, or erts has no run_erl. Then "remote" is what you want. Also known as: daemon_attach.
#
# example: NAME attach

# shellcheck disable=SC2154 # the files of a kit share variables

boot_command() {
    [ -z "$_boot_hooks_after" ] || trap : INT
    _boot_core_last attach "--to-erl=$RELEASE_ROOT/erts-$_boot_erts_vsn/bin/to_erl" "$@"
}
