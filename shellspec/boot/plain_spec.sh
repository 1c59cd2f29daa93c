# shellcheck shell=sh
# plain: a start without the helper: what it writes is what the VM reads.

Describe 'plain'
    Include "$SOURCES/boot/api.sh"
    Include "$SOURCES/boot/core.sh"
    Include "$SOURCES/boot/plain.sh"
    BeforeEach make_scratch fake_core
    AfterEach remove_scratch

    Describe '_boot_plain_quote'
        Parameters
            ''            "''"
            'plain'       "'plain'"
            'a  b'        "'a  b'"
            "it's"        "'it'\\''s'"
            "''"          "''\\'''\\'''"
            'a"b$c`d`\e*' "'a\"b\$c\`d\`\\e*'"
            '%s -n'       "'%s -n'"
            'é日'          "'é日'"
        End

        # sh reads such a word as erlexec does.
        It "makes one word of <$1>"
            When call _boot_plain_quote "$1"
            The output should equal "$2"
        End

        It "is read back as <$1>"
            read_back() {
                quoted=$(_boot_plain_quote "$1")
                eval "set -- $quoted"
                printf '%s' "$#$1"
            }
            When call read_back "$1"
            The output should equal "1$1"
        End
    End

    Describe '_boot_plain_cookie'
        It 'is the one in the environment first'
            put releases/COOKIE from_release
            RELEASE_COOKIE=from_environment
            When call _boot_plain_cookie
            The output should equal from_environment
        End

        It 'is the release'\''s else'
            put releases/COOKIE from_release
            RELEASE_COOKIE='' HOME=$SCRATCH/home
            When call _boot_plain_cookie
            The output should equal from_release
        End

        It 'is the user'\''s then'
            put home/.erlang.cookie from_home
            RELEASE_COOKIE='' HOME=$SCRATCH/home
            When call _boot_plain_cookie
            The output should equal from_home
        End

        It 'is never empty'
            RELEASE_COOKIE='' HOME=$SCRATCH/home
            When call _boot_plain_cookie
            The output should equal nocookie
        End
    End

    Describe '_boot_plain_args'
        It 'holds the kit'\''s flags, the user'\''s file, then the arguments, each as one word'
            put releases/0.1.0/vm.args '-sname demo' '+P 10000'
            put releases/0.1.0/sys.config '[].'
            RELEASE_MODE=embedded RELEASE_BOOT_SCRIPT=start HOME=/home/u _boot_erts_mode=foreground
            _boot_plain_dir=/r RELEASE_ROOT=/root
            RELEASE_VM_ARGS=$SCRATCH/releases/0.1.0/vm.args RELEASE_SYS_CONFIG=$SCRATCH/releases/0.1.0/sys
            When call _boot_plain_args 'a b' "it's"
            The line 1 of output should equal "-mode embedded -boot '/r/start'"
            The line 2 of output should equal "-boot_var RELEASE_LIB '/root/lib'"
            The line 3 of output should start with "-config '"
            The line 4 of output should equal "-env HOME '/home/u'"
            The line 5 of output should equal '-noinput'
            The line 6 of output should equal '-sname demo'
            The line 7 of output should equal '+P 10000'
            The line 9 of output should equal '--'
            The line 10 of output should equal "'a b'"
            The line 11 of output should equal "'it'\\''s'"
        End

        It 'starts Elixir as its own script does'
            RELEASE_MODE=embedded RELEASE_BOOT_SCRIPT=start HOME=/home/u _boot_erts_mode=background _boot_kind=mix
            _boot_plain_dir=/r RELEASE_VM_ARGS=/none RELEASE_SYS_CONFIG=/none RELEASE_NODE='' RELEASE_DISTRIBUTION=''
            When call _boot_plain_args
            The output should include '-sname demo'
            The output should include '-noshell -s elixir start_cli'
            The line 7 of output should equal '-extra --no-halt'
        End
    End

    Describe '_boot_plain_alive'
        It 'is false without a record'
            BOOT_STATE_DIR=$SCRATCH/state
            When call _boot_plain_alive
            The status should be failure
        End

        It 'is false for a process that was started at another time'
            put state/pid "$$ 1"
            BOOT_STATE_DIR=$SCRATCH/state
            When call _boot_plain_alive
            The status should be failure
        End

        It 'is true for the one that was recorded'
            Skip if 'there is no /proc' [ ! -r /proc/self/stat ]
            record() {
                read -r line <"/proc/$$/stat"
                # shellcheck disable=SC2086 # fields, to be split
                set -- ${line##*')' }
                put state/pid "$$ ${20}"
                BOOT_STATE_DIR=$SCRATCH/state
                _boot_plain_alive
            }
            When call record
            The status should be success
            The variable _boot_plain_pid should equal "$$"
        End
    End

    Describe '_boot_plain_stop'
        BeforeEach settings
        AfterEach leave

        settings() {
            _boot_stop_timeout=60 _boot_stop_kill=yes _boot_stop_dump='' BOOT_STATE_DIR=$SCRATCH/state sleeper=
        }
        leave() {
            [ -z "$sleeper" ] || kill -KILL "$sleeper" 2>/dev/null || :
        }

        # SIGNAL: the recorded node is a process that ignores SIGNAL
        node() {
            # Not this shell's child, of whose end it would tell.
            # shellcheck disable=SC2016 # for that shell to expand
            (sh -c 'trap "" "$1"; echo "$$" >"$2"; exec sleep 60' sh "$1" "$SCRATCH/sleeper" >/dev/null 2>&1 &)
            comm=
            until [ "$comm" = sleep ]; do
                [ ! -s "$SCRATCH/sleeper" ] || read -r sleeper <"$SCRATCH/sleeper"
                [ -z "$sleeper" ] || read -r comm <"/proc/$sleeper/comm"
            done
            read -r line <"/proc/$sleeper/stat"
            # shellcheck disable=SC2086 # fields, to be split
            set -- ${line##*')' }
            put state/pid "$sleeper ${20}"
            put state/node 'node=demo@h'
        }

        Describe 'refuses a time'
            Parameters:value '' 0 05 -1 x 999999

            It "of <$1>"
                When run _boot_plain_stop --timeout "$1"
                The status should equal 2
                The line 1 of error should equal "error: --timeout takes 1 to 86400 seconds, not \"$1\""
            End
        End

        It 'refuses what it does not know'
            When run _boot_plain_stop --now
            The status should equal 2
            The line 1 of error should equal 'error: stop takes no argument "--now"'
        End

        It 'is done where nothing runs'
            When call _boot_plain_stop
            The status should equal 0
            The error should equal 'demo is not running'
        End

        It 'asks the node, and is done when it has ended'
            Skip if 'there is no /proc' [ ! -r /proc/self/stat ]
            node USR1
            When call _boot_plain_stop
            The status should equal 0
            The file "$SCRATCH/state/pid" should not be exist
            The file "$SCRATCH/state/node" should not be exist
        End

        It 'ends one that does not stop, and says so'
            Skip if 'there is no /proc' [ ! -r /proc/self/stat ]
            node TERM
            When call _boot_plain_stop --timeout=1
            The status should equal 7
            The error should include "demo (pid $sleeper) has not stopped within 1 s: sending SIGKILL"
            The file "$SCRATCH/state/pid" should not be exist
        End

        It 'leaves one that does not stop, where that is asked for'
            Skip if 'there is no /proc' [ ! -r /proc/self/stat ]
            node TERM
            When call _boot_plain_stop --timeout 1 --no-kill
            The status should equal 7
            The line 1 of error should equal "warning: demo (pid $sleeper) is still running after 1 s"
            The line 2 of error should equal 'help: demo stop --kill ends it'
            The file "$SCRATCH/state/pid" should be exist
        End

        It 'ends it at once, where that is asked for'
            Skip if 'there is no /proc' [ ! -r /proc/self/stat ]
            node TERM
            When call _boot_plain_stop --kill
            The status should equal 0
            The file "$SCRATCH/state/pid" should not be exist
        End
    End
End
