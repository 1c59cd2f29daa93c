# shellcheck shell=sh
# restart, and reboot on which "restart --full" stands: who stops the node and who starts it again.

Describe 'restart'
    Include "$SOURCES/boot/api.sh"
    Include "$SOURCES/boot/hooks.sh"
    Include "$SOURCES/boot/core.sh"
    BeforeEach make_scratch fake_core settings
    AfterEach remove_scratch

    settings() {
        fake_kit
        _boot_name=demo _boot_stop_timeout=60 _boot_start_timeout=60 BOOT_COMMAND=restart _boot_hooks_after=yes
        BOOT_STATE_DIR=$SCRATCH/state
        entry ''
    }

    # LINE: the release's entry notes what it was called with, and does as the line says
    entry() { put bin/demo 'printf "%s\n" "$*" >>"${0%/*}/calls"' "$1"; }

    # [ARG...]
    restart() {
        # shellcheck source=/dev/null
        . "$SOURCES/boot/commands/restart.sh"
        boot_command "$@"
    }

    It 'is the helper'\''s work'
        fake_helper 'exit 3'
        When run restart --timeout 5
        The contents of file "$BOOT_DIR/calls" should equal 'restart --timeout 120 --timeout 5'
        The status should equal 3
    End

    Describe '--full'
        It 'stops and starts the node by its own commands, within the time for it all'
            fake_helper 'echo start 1000'
            When call restart --timeout 1000 --full
            The contents of file "$BOOT_DIR/calls" should equal 'reboot --timeout 120 --timeout 1000 --full'
            The line 1 of contents of file "$SCRATCH/bin/calls" should equal 'stop --timeout 60'
            The line 2 of contents of file "$SCRATCH/bin/calls" should match pattern 'start --timeout *'
        End

        It 'only starts one that does not run'
            fake_helper 'echo up 1000'
            When call restart --full
            The contents of file "$SCRATCH/bin/calls" should match pattern 'start --timeout *'
        End

        It 'leaves the start to a supervisor, and waits for it'
            fake_helper 'case $* in *--after*) ;; *) echo wait 1000 12 ;; esac'
            When call restart --full
            The contents of file "$SCRATCH/bin/calls" should equal 'stop --timeout 60'
            The line 2 of contents of file "$BOOT_DIR/calls" should match pattern 'reboot --timeout * --after 12'
        End

        It 'does nothing where it is refused'
            fake_helper 'exit 1'
            When call restart --full
            The status should equal 1
            The file "$SCRATCH/bin/calls" should not be exist
        End

        It 'goes on when the node had to be ended by force'
            fake_helper 'echo start 1000'
            entry '[ "$1" != stop ] || exit 7'
            When call restart --full
            The error should include 'warning: demo has ended, but not by itself; restart goes on'
            The line 2 of contents of file "$SCRATCH/bin/calls" should match pattern 'start --timeout *'
        End

        It 'ends when the node goes on'
            fake_helper 'echo start 1000'
            entry '[ "$1" != stop ] || exit 7'
            put state/node 'node=demo@h'
            When call restart --full
            The status should equal 7
            The contents of file "$SCRATCH/bin/calls" should equal 'stop --timeout 60'
        End

        It 'is done but for a post hook of stop'
            fake_helper 'echo start 1000'
            entry '[ "$1" != stop ] || exit 6'
            When call restart --full
            The status should equal 0
            The variable _boot_hooks_post_failed should equal yes
        End

        It 'takes the lock for the commands that it calls'
            fake_helper '[ "$1" != lock ] || exit 8'
            _boot_lock="restart $$ 0 " _boot_core_wait=4
            When run restart --full
            The contents of file "$BOOT_DIR/calls" should equal "lock --command restart --holder $$ --wait 4 --user "
            The status should equal 8
        End
    End
End
