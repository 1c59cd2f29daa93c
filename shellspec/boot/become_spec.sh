# shellcheck shell=sh
# become: root becomes the user who is to run the release.

Describe 'become'
    Include "$SOURCES/boot/api.sh"
    Include "$SOURCES/boot/become.sh"
    BeforeEach make_scratch fake_core
    AfterEach remove_scratch

    is_root() { [ "$(id -u)" = 0 ]; }
    is_user() { ! is_root; }

    # [ARG...]: as nobody comes back from an exec, in a subshell
    become() {
        _boot_name=demo
        unset LISTEN_FDS
        (_boot_become_user "$@" && echo 'goes on')
    }

    It 'changes nothing where root is to run it'
        _boot_user=root
        When call become start
        The output should equal 'goes on'
    End

    It 'changes nothing for somebody else'
        Skip if 'this is root' is_root
        _boot_user=somebody
        When call become start
        The output should equal 'goes on'
    End

    It 'begins anew as the user, by the path that root knows, with each argument as it was'
        Skip if 'this is not root' is_user
        fake_helper 'printf "<%s>" "$@"'
        _boot_user=somebody
        When call become rpc 'a  b' '$c'
        The output should equal "<run-as><somebody><--></bin/sh><$SCRATCH/bin/demo><rpc><a  b><\$c>"
    End

    It 'is refused without the helper'
        Skip if 'this is not root' is_user
        _boot_user=somebody
        When call become start
        The status should equal 4
        The line 1 of error should end with 'relboot-helper is missing, without which root does not become somebody'
    End
End
