# shellcheck shell=sh
# phase: the hooks around a node in the foreground, in a shell of their own.

Describe 'phase'
    Include "$SOURCES/boot/phase.sh"
    BeforeEach make_scratch fake_core foreground
    AfterEach remove_scratch

    foreground() {
        fake_kit
        BOOT_PROG=demo BOOT_COMMAND=foreground
    }

    Describe '_boot_phase_run'
        It 'runs all hooks of the phase'
            put plugins/a/pre_stop 'echo "a $BOOT_PHASE"'
            put plugins/b/pre_stop 'echo "b $BOOT_PHASE"'
            put plugins/b/post_stop 'echo "not reached"'
            When run _boot_phase_run _boot_phase_run "$BOOT_DIR" pre_stop
            The line 1 of output should equal 'a pre_stop'
            The line 2 of output should equal 'b pre_stop'
            The lines of output should equal 2
            The status should equal 0
        End

        It 'runs them all, also when one fails: nothing refuses a signal'
            put plugins/a/pre_stop 'exit 3'
            put plugins/b/pre_stop 'echo "b $BOOT_PHASE"'
            When run _boot_phase_run _boot_phase_run "$BOOT_DIR" pre_stop
            The output should equal 'b pre_stop'
            The error should include 'plugin a: pre_stop'
            The status should equal 6
        End
    End

    Describe '_boot_phase_end'
        It 'runs the hooks after a command that is done'
            put plugins/a/post_foreground 'echo "done $BOOT_STATUS"'
            put plugins/a/failed 'echo "not reached"'
            When run _boot_phase_end _boot_phase_end "$BOOT_DIR" 0
            The output should equal 'done 0'
            The status should equal 0
        End

        It 'is 6 when a hook failed before'
            put plugins/a/post_foreground 'echo "done $BOOT_STATUS"'
            When run _boot_phase_end _boot_phase_end "$BOOT_DIR" 0 yes
            The output should equal 'done 0'
            The status should equal 6
        End

        It 'runs the hooks of a failure, and keeps its status'
            put plugins/a/failed_foreground 'echo "foreground $BOOT_STATUS"'
            put plugins/a/failed 'echo "any $BOOT_STATUS"'
            put plugins/a/post_foreground 'echo "not reached"'
            When run _boot_phase_end _boot_phase_end "$BOOT_DIR" 137
            The line 1 of output should equal 'foreground 137'
            The line 2 of output should equal 'any 137'
            The status should equal 137
        End
    End
End
