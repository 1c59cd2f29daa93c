# shellcheck shell=sh
# start: its options, and how it waits.

Describe 'start'
    Include "$SOURCES/boot/api.sh"
    Include "$SOURCES/boot/core.sh"
    Include "$SOURCES/boot/commands/start.sh"
    BeforeEach make_scratch fake_core erts
    AfterEach remove_scratch

    erts() {
        put releases/0.1.0/boot/erts.sh '_boot_erts_configure() { printf "<%s>" "$_boot_start_limit" "$@"; }' \
            '_boot_erts_run_erl() { printf "<%s>" run_erl "$@"; }' '_boot_erts_background() { printf "<background>"; }'
        _boot_start_timeout=60 _boot_hooks_after=yes BINDIR=$SCRATCH/erts/bin
    }

    Describe 'takes its option as the first word alone'
        Parameters
            '<60><background><_boot_start_launch>'
            '<5><background><_boot_start_launch><a><b>' --timeout 5 a b
            '<86400><background><_boot_start_launch>' --timeout=86400
            '<60><background><_boot_start_launch><a><--timeout><5>' a --timeout 5
        End

        It "<$2 $3 $4 $5>"
            expected=$1
            shift
            When call boot_command "$@"
            The output should equal "$expected"
        End
    End

    Describe 'refuses a time'
        Parameters:value '' 0 05 -1 x 1x 86401 999999

        It "of <$1>"
            When run boot_command --timeout "$1"
            The status should equal 2
            The line 1 of error should equal "error: --timeout takes 1 to 86400 seconds, not \"$1\""
            The line 2 of error should equal 'help: demo help start'
        End
    End

    # as boot_command leaves it
    launch() {
        # shellcheck source=/dev/null
        . "$BOOT_DIR/erts.sh"
        _boot_start_limit=5
        _boot_start_launch
    }

    It 'waits in the place of run_erl'\''s caller'
        fake_helper
        put erts/bin/run_erl '#!/bin/sh'
        chmod +x "$SCRATCH/erts/bin/run_erl"
        When call launch
        The output should equal '<run_erl><_boot_core_last><wait><--timeout><5><-->'
    End

    It 'waits itself where erts has no run_erl'
        fake_helper
        When call launch
        The output should equal '<background>'
        The contents of file "$BOOT_DIR/calls" should equal 'wait --timeout 5'
    End

    It 'does not wait without the helper'
        When call launch
        The output should equal '<background>'
    End
End
