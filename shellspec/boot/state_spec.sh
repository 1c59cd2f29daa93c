# shellcheck shell=sh
# state: where an instance keeps its state.

Describe 'the state directory'
    Include "$SOURCES/boot/api.sh"
    Include "$SOURCES/boot/core.sh"
    Include "$SOURCES/boot/state.sh"
    BeforeEach make_scratch fake_core
    AfterEach remove_scratch

    places() {
        RELEASE_TMP='' RUNTIME_DIRECTORY='' XDG_RUNTIME_DIR='' BOOT_INSTANCE='' RELEASE_NODE=''
    }
    BeforeEach places

    It 'is in the release, where that can be written'
        When call _boot_state_find
        The variable BOOT_STATE_DIR should equal "$SCRATCH/tmp/demo"
    End

    It 'is where RELEASE_TMP says'
        RELEASE_TMP=$SCRATCH/elsewhere
        When call _boot_state_find
        The variable BOOT_STATE_DIR should equal "$SCRATCH/elsewhere/demo"
    End

    It 'is in the first of the directories that systemd gives'
        # shellcheck disable=SC2034 # state.sh reads it
        RUNTIME_DIRECTORY=$SCRATCH/run:/other
        When call _boot_state_find
        The variable BOOT_STATE_DIR should equal "$SCRATCH/run/demo"
    End

    It 'is in a directory for the run that is there for this release'
        XDG_RUNTIME_DIR=$SCRATCH/run
        mkdir -p "$SCRATCH/run/demo"
        When call _boot_state_find
        The variable BOOT_STATE_DIR should equal "$SCRATCH/run/demo/demo"
    End

    It 'is not in one that nobody has made, where the release can be written'
        XDG_RUNTIME_DIR=$SCRATCH/run
        mkdir -p "$SCRATCH/run"
        When call _boot_state_find
        The variable BOOT_STATE_DIR should equal "$SCRATCH/tmp/demo"
    End

    It 'is one for each node'
        RELEASE_NODE=two
        When call _boot_state_find
        The variable BOOT_STATE_DIR should equal "$SCRATCH/tmp/two"
    End

    It 'is one for each instance'
        # shellcheck disable=SC2034 # state.sh reads it
        BOOT_INSTANCE=blue RELEASE_NODE=two
        When call _boot_state_find
        The variable BOOT_STATE_DIR should equal "$SCRATCH/tmp/blue"
    End

    It 'is absolute, also where RELEASE_TMP is not'
        RELEASE_TMP=not/there/yet
        When call _boot_state_find
        The variable BOOT_STATE_DIR should equal "$PWD/not/there/yet/demo"
    End

    It 'is somewhere, also where nothing of RELEASE_TMP is there'
        RELEASE_TMP=/not-there-at-all/run
        BOOT_COMMAND=start
        When call _boot_state_find
        The variable BOOT_STATE_DIR should be present
    End

    It 'is where a node has left its record and lives, before all others'
        # The number of one that has ended is another process's now.
        put run/demo/demo/node 'node=demo@h'
        put run/demo/demo/pid "$$ 1"
        put tmp/demo/node 'node=demo@h'
        _boot_core_is_alive "$$" 1 || :
        put tmp/demo/pid "$$ $_boot_core_since"
        XDG_RUNTIME_DIR=$SCRATCH/run
        When call _boot_state_find
        The variable BOOT_STATE_DIR should equal "$SCRATCH/tmp/demo"
    End

    It 'is for a start where it can be written, not where a dead node has left its record'
        # shellcheck disable=SC2034 # state.sh reads it
        BOOT_COMMAND=start
        put run/demo/demo/node 'node=demo@h'
        put run/demo/demo/pid '0 0'
        RELEASE_TMP=$SCRATCH/elsewhere XDG_RUNTIME_DIR=$SCRATCH/run
        When call _boot_state_find
        The variable BOOT_STATE_DIR should equal "$SCRATCH/elsewhere/demo"
    End

    It 'is where a node has left its record, before all others'
        put run/demo/demo/node 'node=demo@h'
        RELEASE_TMP=$SCRATCH/elsewhere XDG_RUNTIME_DIR=$SCRATCH/run
        When call _boot_state_find
        The variable BOOT_STATE_DIR should equal "$SCRATCH/run/demo/demo"
    End
End
