#!/bin/sh
# otp-root.sh: another Debian suite's Erlang and Elixir in a directory, and commands run in it.
#
# usage: otp-root.sh fetch SUITE DIR       downloads by a private apt, checks signatures, unpacks; DIR is new
#        otp-root.sh run DIR COMMAND...    by chroot, with a network and processes of its own: nothing outlives it
#
# Packages are unpacked, not configured. The mirror is that of this machine; OTP_MIRROR names another.
# Needs root, debian-archive-keyring, unshare, ip (iproute2).
set -eu

erlang='erlang-base erlang-crypto erlang-ssl erlang-asn1 erlang-public-key erlang-inets erlang-runtime-tools
erlang-syntax-tools erlang-parsetools erlang-tools elixir'
basics='base-files bsdutils coreutils dash findutils gawk grep hostname libc-bin ncurses-base sed tar gzip util-linux'
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

die() {
    printf 'error: %s\n' "$1" >&2
    [ -z "${2:-}" ] || printf 'help: %s\n' "$2" >&2
    exit 1
}

# mirror: prints the address of Debian's main archive that this machine uses.
mirror() {
    [ -z "${OTP_MIRROR:-}" ] || {
        printf '%s\n' "$OTP_MIRROR"
        return
    }
    # shellcheck disable=SC2016 # apt's own variables
    apt-get indextargets --no-release-info --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
        awk '$2 == "main" && $1 !~ /[-\/](security|updates)/ { print $3; exit }'
}

# private_apt DIR SUITE MIRROR: an apt that knows this suite only, and of no installed package.
private_apt() {
    mkdir -p "$1/etc/apt/apt.conf.d" "$1/etc/apt/preferences.d" "$1/var/lib/apt/lists/partial" \
        "$1/var/cache/apt/archives/partial" "$1/var/lib/dpkg"
    : >"$1/var/lib/dpkg/status"
    printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$3" "$2" >"$1/etc/apt/sources.list"
    {
        # The machine's proxy, if it has one.
        apt-config dump | grep -E '^Acquire::https?::' || :
        printf 'Dir "%s";\nDir::State::status "%s/var/lib/dpkg/status";\n' "$1" "$1"
        printf '%s\n' 'APT::Install-Recommends "false";' 'APT::Sandbox::User "root";' \
            'Acquire::Languages "none";' 'Acquire::Check-Valid-Until "false";'
    } >"$1/apt.conf"
    APT_CONFIG=$1/apt.conf
    export APT_CONFIG
}

fetch() {
    [ -f "$keyring" ] || die "no $keyring" "apt-get install debian-archive-keyring"
    source=$(mirror)
    [ -n "$source" ] || die "apt has no Debian mirror" "OTP_MIRROR=http://deb.debian.org/debian"
    apt=$(mktemp -d)
    # Half a root would be taken for a whole one.
    new=$2.new
    trap 'rm -rf "$apt" "$new"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    private_apt "$apt" "$1" "$source"
    apt-get update -qq || die "cannot read $1 from $source"
    # shellcheck disable=SC2086 # names, to be split
    apt-get install -qq -y --download-only $basics $erlang >/dev/null || die "cannot get the packages of $1"
    unpack "$new" "$apt/var/cache/apt/archives"
    mv "$new" "$2"
}

# unpack DIR ARCHIVES: all packages, and what their scripts would have made.
unpack() {
    rm -rf "$1"
    mkdir -p "$1"
    for dir in bin sbin lib lib64; do
        mkdir -p "$1/usr/$dir"
        ln -s "usr/$dir" "$1/$dir"
    done
    for package in "$2"/*.deb; do
        dpkg-deb --fsys-tarfile "$package" |
            tar -x -C "$1" --keep-directory-symlink --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' \
                --exclude='./usr/share/locale/*' || die "cannot unpack $package"
    done
    mkdir -p "$1/proc" "$1/dev" "$1/sys" "$1/root" "$1/run" "$1/tmp" "$1/etc"
    chmod 1777 "$1/tmp"
    [ -e "$1/usr/bin/sh" ] || ln -s dash "$1/usr/bin/sh"
    [ -e "$1/usr/bin/awk" ] || ln -s gawk "$1/usr/bin/awk"
    cp /etc/passwd /etc/group "$1/etc/"
    printf 'hosts: files\n' >"$1/etc/nsswitch.conf"
    printf '127.0.0.1 localhost %s\n::1 ip6-localhost ip6.test\n' "$(hostname)" >"$1/etc/hosts"
    chroot "$1" /sbin/ldconfig
}

run() {
    root=$1
    shift
    # shellcheck disable=SC2016 # for that shell to expand
    exec unshare --mount --propagation private --net --pid --fork --kill-child sh -euc '
        ip link set lo up
        mount -t proc proc "$1/proc"
        mount --rbind /dev "$1/dev"
        mount --rbind /sys "$1/sys"
        mount -t tmpfs tmpfs "$1/tmp"
        root=$1
        shift
        exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 chroot "$root" "$@"
    ' otp-root "$root" "$@"
}

[ "$(id -u)" -eq 0 ] || die "only root can unpack and enter another system"
case ${1:-}:$# in
fetch:3) fetch "$2" "$3" ;;
run:[3-9] | run:??) shift && run "$@" ;;
*) die "usage: otp-root.sh fetch SUITE DIR | run DIR COMMAND..." ;;
esac
