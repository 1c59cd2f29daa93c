# shellcheck shell=sh
# facts: show what is known of this host, which is what vm.args is made from.
#
# usage: NAME facts [--json]
#
# A line for each fact that is known, under the name that a template has for it (but dirs). Of the environment
# it shows names only: values may be secret. Asks the kernel and no name service; writes nothing.
# With BOOT_HOST_ROOT set it looks at the file tree below that directory: another host's disk, or a made one.
#
# --json writes one object with these keys; null is what is not known, and of limits and quota: no limit.
# Sizes are in bytes.
#
#   release  name vsn root
#   otp      release erts: of the runtime system that a start would use
#   host     name fqdn domain
#   cpu      online; affinity: those that may be used; quota: the control groups' share, 0.5 is half of one;
#            count: how many schedulers fit
#   memory   total available; limit: the least of the total and the control groups' limits
#   limits   nofile nofile_hard nproc nproc_hard; pids: of the control group
#   net      ipv4 ipv6: the addresses towards the default route; route: its interface; interfaces: of each
#            that is up, by name: ipv4 ipv6
#   system   container: kubernetes docker podman lxc ...; init: systemd openrc runit s6 ..., or the program
#            of process 1; pid1: whether the node will be process 1
#   user     uid name home
#   dirs     state and log, of each: path exists writable free
#   env      names of variables
#
# example: NAME facts
# example: NAME facts --json | jq .memory.limit

# shellcheck disable=SC2154 # the files of a kit share variables

boot_command() {
    _boot_core_last facts --erts "$_boot_erts_vsn" "$@"
}
