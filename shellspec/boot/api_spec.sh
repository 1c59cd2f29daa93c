# shellcheck shell=sh
# api: what hooks and commands may call.

Describe 'api'
    Include "$SOURCES/boot/api.sh"
    BeforeEach make_scratch fake_core
    AfterEach remove_scratch

    Describe 'messages'
        It 'tell on standard error, byte for byte'
            When call boot_info -n 'a  b' '\n' '%s' '$(id)'
            The error should equal '-n a  b \n %s $(id)'
            The output should be blank
        End

        It 'warn, with a line of help when there is one'
            When call boot_warn 'it is odd' 'mend it'
            The line 1 of error should equal 'warning: it is odd'
            The line 2 of error should equal 'help: mend it'
        End

        It 'warn without help'
            When call boot_warn 'it is odd'
            The lines of error should equal 1
            The error should equal 'warning: it is odd'
        End

        It 'die with status 1'
            When run boot_die 'no way'
            The error should equal 'error: no way'
            The status should equal 1
        End

        It 'die with help and a status'
            When run boot_die 'no way' 'go round' 7
            The line 1 of error should equal 'error: no way'
            The line 2 of error should equal 'help: go round'
            The status should equal 7
        End

        It 'say nothing of debugging unless it is asked for'
            BOOT_DEBUG=''
            When call boot_debug detail
            The error should be blank
            The status should be success
        End

        It 'say something when it is'
            BOOT_DEBUG=1
            When call boot_debug a detail
            The error should equal 'debug: a detail'
        End
    End

    Describe 'the node'
        helper() { printf '<%s>' "$@"; }

        It 'is asked by the helper, in the language of the release'
            _boot_helper=helper _boot_elixir=1.14.0
            When call boot_node_rpc 'IO.puts "a  b"'
            The output should equal '<rpc><--default-elixir><IO.puts "a  b">'
        End

        It 'is asked in Erlang elsewhere'
            _boot_helper=helper
            When call boot_node_rpc 'node().'
            The output should equal '<rpc><node().>'
        End

        It 'gives its pid'
            _boot_helper=helper
            When call boot_node_pid
            The output should equal '<pid>'
        End

        It 'is pinged in silence'
            _boot_helper=helper
            When call boot_node_ping
            The output should be blank
            The status should be success
        End

        It 'can not be told without a helper, which ends no hook'
            When call boot_node_ping
            The status should equal 4
            The error should be blank
        End

        It 'says why an expression was not evaluated'
            When call boot_node_rpc 'node().'
            The status should equal 4
            The error should equal "warning: $BOOT_DIR/relboot-helper is missing or not executable"
        End
    End

    Describe 'boot_wait_until'
        sleep() { slept=$((slept + 1)); }

        It 'does not wait for what is so'
            When call boot_wait_until 5 test 1 = 1
            The status should be success
        End

        It 'tries once when there is no time'
            attempt() {
                printf x
                return 1
            }
            When call boot_wait_until 0 attempt
            The output should equal x
            The status should equal 7
        End

        It 'tries until it succeeds, with the arguments as they are'
            attempt() {
                slept=${slept:-0}
                printf '%s;' "$1"
                [ "$slept" -ge 2 ]
            }
            When call boot_wait_until 60 attempt 'a  *'
            The output should equal 'a  *;a  *;a  *;'
            The status should be success
        End

        It 'changes no variable of the caller'
            slept=17
            When call boot_wait_until 0 false
            The status should equal 7
            The variable slept should equal 17
        End
    End

    Describe 'boot_command_exists'
        It 'knows the kit'\''s commands'
            put releases/0.1.0/boot/commands/ping.sh '# shellcheck shell=sh'
            When call boot_command_exists ping
            The status should be success
        End

        It 'knows no others'
            When call boot_command_exists nonesuch
            The status should be failure
        End
    End
End
