# shellcheck shell=sh
# doctor: check whether the node can start and work on this host.
#
# usage: NAME doctor [--json]
#
# A line for each check: ok, warning or error, what was found, and below it what to do. Nothing is written and
# no VM is booted. Hooks of pre_configure run, as what they export counts for vm.args. Ends with 0 when
# there is no error, with 1 when there is one.
#
# --json writes one line, a list of objects with the keys id, verdict (ok, warning, error), what and fix
# (null where there is nothing to do). The checks, by id:
#
#   kit.files             whether the kit's files are as they were generated, and executable
#   kit.plugins           whether others could write code into a plugin
#   erts.found            which runtime system a start would use
#   erts.programs         its programs: for this processor and C library, with all shared libraries
#   erts.crypto           the same for the native part of the application crypto
#   erts.run_erl          whether a node in the background can be attached to
#   release.boot          the boot script and the .rel file
#   release.applications  the directory and .app file of each application
#   release.owner         whose files these are, and whether everybody can write them
#   config.rendered       vm.args and sys.config, rendered and checked as for a start
#   node.host             whether the host in the node's name can be found
#   node.epmd             epmd, or what stands in its place; not with a fixed port
#   node.name             whether another node has the name; not with a fixed port
#   node.port             whether another program has the port; only with a fixed port
#   node.cookie           where the cookie is from, and how well it is kept
#   dirs.state dirs.log   whether the directories can be written, and are private
#   dirs.space            how much room they have
#   host.files            how many files may be open
#   host.processes        how many processes and threads there may be
#   host.memory           how much memory may be used
#   host.clock            whether the clock and the time zone can be right
#   host.locale           whether text is UTF-8, which Elixir wants
#   run.node              whether the node runs and answers
#   run.version           of a node that runs: whether the next start boots the same version
#   run.root              of a node that runs: whether it was started from this release
#
# example: NAME doctor
# example: NAME doctor --json | jq '.[] | select(.verdict != "ok")'

# shellcheck disable=SC2154 # the files of a kit share variables

_boot_core_phases=pre_configure

boot_command() {
    _boot_core_need_helper
    _boot_hooks_phase pre_configure
    _boot_core_last doctor "$@" --kind "$_boot_kind" --erts "$_boot_erts_vsn" --prepare --kind "$_boot_kind" \
        --template "$_boot_template" --erts "$_boot_erts_vsn" --sizing "${BOOT_SIZING:-$_boot_sizing}" \
        ${_boot_flags:+--flags "$_boot_flags"}
}
