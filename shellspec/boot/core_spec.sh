# shellcheck shell=sh
# core: which command is meant.

Describe 'core'
    Include "$SOURCES/boot/api.sh"
    Include "$SOURCES/boot/hooks.sh"
    Include "$SOURCES/boot/core.sh"
    BeforeEach make_scratch fake_core commands
    AfterEach remove_scratch

    commands() {
        for name in attach console foreground help ping remote start version; do
            put "releases/0.1.0/boot/commands/$name.sh" '# shellcheck shell=sh'
        done
        unset RELEASE_COMMAND _boot_core_help
    }

    Describe 'the command'
        Parameters
            # called with        command     as mix release names it
            ''                   help        help
            '--help'             help        help
            '-V'                 version     version
            'ping'               ping        ping
            'start'              start       daemon
            'daemon'             start       daemon
            'start --foreground' foreground  start
            'console'            console     start_iex
            'remote_console'     remote      remote
            'remsh'              remote      remote
            'daemon_attach'      attach      attach
            'start --help'       help        help
        End

        It "of <$1> is $2"
            _boot_kind=mix
            # shellcheck disable=SC2086 # words
            When call _boot_core_command $1
            The variable BOOT_COMMAND should equal "$2"
            The variable RELEASE_COMMAND should equal "$3"
        End

        It 'has the same name for hooks and for the release elsewhere'
            When call _boot_core_command daemon
            The variable RELEASE_COMMAND should equal start
        End

        It 'keeps which command help was asked of'
            When call _boot_core_command start -h
            The variable BOOT_COMMAND should equal help
            The variable _boot_core_help should equal start
        End
    End

    Describe 'an unknown command'
        Parameters
            nonesuch
            '../commands/ping'
            'a b'
            '$(id)'
            'é'
            '*'
        End

        It "is wrong usage: <$1>"
            When run _boot_core_command "$1"
            The status should equal 2
            The line 1 of error should equal "error: unknown command \"$1\""
            The line 2 of error should equal 'help: demo help lists the commands'
        End
    End

    Describe 'a command that takes no argument'
        It 'refuses one'
            BOOT_COMMAND=version
            When run _boot_core_no_arguments --json
            The status should equal 2
            The line 1 of error should equal 'error: version takes no argument "--json"'
            The line 2 of error should equal 'help: demo help version'
        End

        It 'goes on without'
            When call _boot_core_no_arguments
            The status should be success
        End
    End

    Describe 'the version that a command is about'
        Parameters
            0.2.0 0.2.0
            0.2.0 --no-permanent 0.2.0
            0.2.0 --timeout 5 0.2.0
            0.2.0 0.2.0 --timeout 5
            0.2.0 --timeout=5 0.2.0
            'a b' 'a b'
            ''
            '' --timeout
        End

        It "is <$1> among <$2 $3 $4>"
            wanted=$1
            shift
            When call _boot_core_target "$@"
            The variable BOOT_TARGET_VSN should equal "$wanted"
        End
    End

    Describe 'the end'
        ends() {
            _boot_hooks_find
            _boot_hooks_check post_ping failed_ping failed
            _boot_core_end "$1"
        }

        It 'has the status of the command'
            When run ends 3
            The status should equal 3
        End

        It 'is 6 when the command is done but a post hook failed'
            put plugins/p/post_ping 'return 1'
            When run ends 0
            The status should equal 6
            The error should include 'plugin p: post_ping failed with status 1'
        End

        It 'is told to failed hooks, with the status'
            put plugins/p/failed 'echo "failed $BOOT_STATUS"'
            put plugins/p/failed_ping 'echo "failed_ping $BOOT_STATUS"'
            put plugins/p/post_ping 'echo "not reached"'
            When run ends 4
            The line 1 of output should equal 'failed_ping 4'
            The line 2 of output should equal 'failed 4'
            The status should equal 4
        End

        It 'stays what it was when a failed hook fails'
            put plugins/p/failed 'return 9'
            When run ends 4
            The status should equal 4
            The error should include 'plugin p: failed failed with status 9'
        End
    End

    It 'says what is missing when a command needs the helper'
        When run _boot_core_need_helper
        The status should equal 4
        The line 1 of error should equal "error: $BOOT_DIR/relboot-helper is missing or not executable"
    End

    Describe 'one writer per instance'
        # [ARG...]: a command that wants the lock says what it has: USER SECONDS, and nobody in these
        job() {
            fake_kit
            put releases/0.1.0/boot/commands/job.sh '_boot_core_locks=yes' "${patience:-}" \
                'boot_command() { lock=${_boot_lock:-none}; echo "asked ${lock#"job $$ "}, held ${BOOT_LOCK:-none}: $*"; }'
            _boot_core_main job "$@"
        }

        Describe 'without hooks: the first subcommand takes it'
            Parameters
                ' 0' ': '
                ' 3' ': a' --wait 3 a
                ' 7' ': ' --wait=7
                ' 0' ': a --wait 3' a --wait 3
            End

            It "and waits <$1> seconds, called with <$3 $4 $5>"
                fake_helper
                expected="asked $1, held none$2"
                shift 2
                When run job "$@"
                The output should equal "$expected"
                The file "$BOOT_DIR/calls" should not be exist
            End
        End

        It 'waits by itself for some commands'
            fake_helper
            patience='_boot_core_patience=10'
            When run job
            The output should equal 'asked  10, held none: '
        End

        It 'is not waited for without a number'
            fake_helper
            When run job --wait
            The status should equal 2
            The line 1 of error should equal 'error: --wait needs a number of seconds'
        End

        It 'is taken before the hooks'
            fake_helper '[ "$1" = lock ] || exit 1' 'echo "export BOOT_LOCK=1:2"'
            put plugins/p/pre_job 'echo "hook, held ${BOOT_LOCK:-none}"'
            When run job --wait 3 a
            The line 1 of output should equal 'hook, held 1:2'
            The line 2 of output should equal 'asked none, held 1:2: a'
            The contents of file "$BOOT_DIR/calls" should include "lock --command job --holder $$ --wait 3 --user "
        End

        It 'ends the command before the hooks where another one has it'
            fake_helper '[ "$1" = lock ] || exit 1' 'exit 8'
            put plugins/p/pre_job 'echo "not reached"'
            When run job
            The status should equal 8
            The output should equal ''
        End

        It 'is done without where the helper does not run'
            fake_helper 'exit 126'
            put plugins/p/pre_job ':'
            When run job
            The error should end with 'relboot-helper does not run on this machine (status 126)'
            The output should equal 'asked none, held none: '
        End

        It 'is done without where there is no helper'
            When run job
            The output should equal 'asked none, held none: '
        End
    End
End
