# shellcheck shell=sh
# entry: bin/NAME, called: finds its release from anywhere, then the kit of the version.

Describe 'entry'
    BeforeEach make_scratch release
    AfterEach remove_scratch

    # a release whose kit says what it was told; the entry's hole is filled by hand
    release() {
        unset RELEASE_ROOT RELEASE_NAME RELEASE_VSN CDPATH
        put releases/start_erl.data '13.1.5 0.1.0'
        for vsn in 0.1.0 0.2.0; do
            put "releases/$vsn/boot/core.sh" "kit=$vsn" '_boot_core_main() {' \
                'printf "%s\n" "$RELEASE_ROOT" "$RELEASE_NAME $RELEASE_VSN $kit" "$PWD" "$@"' 'exit 3' '}'
        done
        mkdir -p "$SCRATCH/bin" "$SCRATCH/elsewhere"
        while IFS= read -r line; do
            case $line in
            *'{{ name }}'*) line="    _boot_name='it'\\''s'" ;;
            esac
            printf '%s\n' "$line"
        done <"$SOURCES/bin/entry.tpl.sh" >"$SCRATCH/bin/demo"
        chmod +x "$SCRATCH/bin/demo"
        REAL=$(cd -P "$SCRATCH" && pwd -P)
    }

    It 'hands over to the kit, with the arguments as they are'
        When run script "$SCRATCH/bin/demo" ping 'a  b' '' '*'
        The line 1 of output should equal "$REAL"
        The line 2 of output should equal "it's 0.1.0 0.1.0"
        The line 4 of output should equal ping
        The line 5 of output should equal 'a  b'
        The line 6 of output should equal ''
        The line 7 of output should equal '*'
        The status should equal 3
    End

    It 'is found through links, relative and absolute, from another directory, past CDPATH'
        ln -s ../bin/demo "$SCRATCH/elsewhere/one"
        ln -s one "$SCRATCH/elsewhere/two"
        ln -s "$SCRATCH/elsewhere/two" "$SCRATCH/three"
        cd "$SCRATCH" || return
        export CDPATH=/
        When run script ./three
        The line 1 of output should equal "$REAL"
        The line 3 of output should equal "$PWD"
        The status should equal 3
    End

    It 'takes the version that RELEASE_VSN names'
        export RELEASE_VSN=0.2.0
        When run script "$SCRATCH/bin/demo"
        The line 2 of output should equal "it's 0.2.0 0.2.0"
        The status should equal 3
    End

    It 'is not misled by the variables of another release'
        export RELEASE_ROOT=/srv/other RELEASE_NAME=other RELEASE_VSN=9.9.9
        When run script "$SCRATCH/bin/demo"
        The line 2 of output should equal "it's 0.1.0 0.1.0"
        The status should equal 3
    End

    It 'says which kit is missing'
        export RELEASE_VSN=0.3.0
        When run script "$SCRATCH/bin/demo"
        The line 1 of error should equal "error: $REAL has no kit for version \"0.3.0\""
        The line 2 of error should start with 'help: '
        The status should equal 1
    End

    It 'says so when it does not know the version'
        rm "$SCRATCH/releases/start_erl.data"
        When run script "$SCRATCH/bin/demo"
        The line 1 of error should equal "error: $REAL has no kit for version \"\""
        The status should equal 1
    End
End
