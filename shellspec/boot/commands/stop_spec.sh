# shellcheck shell=sh
# stop: the configured way down and the asked one.

Describe 'stop'
    Include "$SOURCES/boot/api.sh"
    Include "$SOURCES/boot/core.sh"
    Include "$SOURCES/boot/commands/stop.sh"
    BeforeEach make_scratch fake_core settings
    AfterEach remove_scratch

    settings() {
        fake_kit
        _boot_stop_timeout=60 _boot_stop_kill=yes _boot_stop_dump='' BOOT_STATE_DIR=$SCRATCH/state
    }

    Describe 'asks the helper'
        Parameters
            # [stop] kill, dump   the helper's options       typed
            '' ''   'stop --no-kill --timeout 60'
            yes ''  'stop --timeout 60'
            yes yes 'stop --dump --timeout 60'
            '' yes  'stop --no-kill --timeout 60'
            yes yes 'stop --timeout 60 --kill' --kill
            yes yes 'stop --dump --timeout 60 --timeout 5' --timeout 5
            '' ''   'stop --no-kill --timeout 60 --dump' --dump
        End

        It "$3, with kill=<$1>, dump=<$2>"
            fake_helper
            _boot_stop_kill=$1 _boot_stop_dump=$2
            expected=$3
            shift 3
            When call boot_command "$@"
            The contents of file "$BOOT_DIR/calls" should equal "$expected"
        End
    End

    It 'ends as the helper does'
        fake_helper 'exit 7'
        When call boot_command
        The status should equal 7
    End

    It 'does it by signals where the helper does not run on this machine'
        fake_helper 'exit 126'
        When call boot_command
        The line 1 of error should include 'relboot-helper does not run on this machine (status 126)'
        The line 2 of error should equal 'demo is not running'
        The status should equal 0
    End
End
