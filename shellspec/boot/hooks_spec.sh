# shellcheck shell=sh
# hooks: which plugins there are, in which order, and what a hook may do to the core.

Describe 'hooks'
    Include "$SOURCES/boot/api.sh"
    Include "$SOURCES/boot/core.sh"
    Include "$SOURCES/boot/hooks.sh"
    BeforeEach make_scratch fake_core fresh
    AfterEach remove_scratch

    fresh() {
        unset BOOT_PLUGINS_OFF BOOT_PLUGINS_PATH
        _boot_hooks_sourcing='' _boot_hooks_isolated='' _boot_hooks_post_failed='' _boot_hooks_after=''
        _boot_hooks_umask=$(umask)
    }
    _boot_core_traps() { traps=set; }

    # the plugins found, a line each, below SCRATCH
    found() {
        _boot_hooks_find
        n=1
        while [ "$n" -le "$_boot_hooks_n" ]; do
            eval "path=\$_boot_plugin_$n"
            printf '%s\n' "${path#"$SCRATCH/"}"
            n=$((n + 1))
        done
    }

    # PHASE: as a command would run it
    run_phase() {
        _boot_hooks_find
        _boot_hooks_check "$1"
        _boot_hooks_phase "$1"
    }

    Describe 'finding plugins'
        plugin() {
            for name in "$@"; do mkdir -p "$SCRATCH/$name"; done
        }

        It 'finds none where there is nothing'
            When call found
            The output should be blank
        End

        It 'sorts by bytes, whatever the locale'
            plugin plugins/b plugins/B plugins/a plugins/10-x plugins/9-x plugins/_ 'plugins/a b' plugins/a-
            LC_ALL=C.UTF-8
            When call found
            The line 1 of output should equal plugins/10-x
            The line 2 of output should equal plugins/9-x
            The line 3 of output should equal plugins/B
            The line 4 of output should equal plugins/_
            The line 5 of output should equal plugins/a
            The line 6 of output should equal 'plugins/a b'
            The line 7 of output should equal plugins/a-
            The line 8 of output should equal plugins/b
            The variable LC_ALL should equal C.UTF-8
        End

        It 'sorts over all directories, and the first of a name hides the others'
            plugin plugins/m plugins/z releases/0.1.0/boot/plugins/a releases/0.1.0/boot/plugins/m more/b more/m 'last one/0'
            BOOT_PLUGINS_PATH="$SCRATCH/more::$SCRATCH/none:$SCRATCH/last one:"
            When call found
            The line 1 of output should equal 'last one/0'
            The line 2 of output should equal releases/0.1.0/boot/plugins/a
            The line 3 of output should equal more/b
            The line 4 of output should equal plugins/m
            The line 5 of output should equal plugins/z
            The lines of output should equal 5
        End

        It 'leaves out what is switched off, and files'
            plugin plugins/a plugins/b.off plugins/c plugins/d plugins/e plugins/ee
            put plugins/README.md text
            # shellcheck disable=SC2034 # hooks.sh reads it
            BOOT_PLUGINS_OFF='a,c:d e'
            When call found
            The output should equal plugins/ee
        End
    End

    Describe 'a sourced hook'
        It 'sees what the core has, and leaves what it sets'
            put plugins/p/pre_ping '#!/bin/sh' 'echo "$SOME_VAR $BOOT_PHASE $BOOT_PLUGIN $BOOT_PLUGIN_DIR"' 'LEFT=behind'
            SOME_VAR=foobar
            When call run_phase pre_ping
            The output should equal "foobar pre_ping p $SCRATCH/plugins/p"
            The variable LEFT should equal behind
        End

        Parameters
            '#!/bin/sh'
            '#!/bin/sh -e'
            '#! /bin/sh'
            '#!/usr/bin/env sh'
            '# no shebang'
        End

        It "is one that begins with $1"
            put plugins/p/pre_ping "$1" 'sourced=yes'
            When call run_phase pre_ping
            The variable sourced should equal yes
        End
    End

    Describe 'after a sourced hook'
        mask() { umask -S; }

        It 'all that it changed is put back'
            put plugins/p/pre_ping 'cd /' 'IFS=:' 'set -f' 'set -u' 'umask 000' 'set -- x y'
            put plugins/q/pre_ping 'unset nonesuch' 'set -- a:b $nonesuch' 'echo "$#" *'
            mkdir -p "$SCRATCH/cwd"
            put cwd/file text
            cd "$SCRATCH/cwd" || return
            umask 027
            fresh
            When call run_phase pre_ping
            The output should equal '1 file'
            The variable PWD should equal "$SCRATCH/cwd"
            The variable traps should equal set
            The result of function mask should equal u=rwx,g=rx,o=
        End
    End

    Describe 'a hook that fails'
        It 'ends a pre phase with status 5 and names itself'
            put plugins/p/pre_ping 'return 3'
            put plugins/q/pre_ping 'echo not reached'
            When run run_phase pre_ping
            The status should equal 5
            The output should be blank
            The line 1 of error should equal "error: plugin p: pre_ping failed with status 3, so ping was not done ($SCRATCH/plugins/p/pre_ping)"
            The line 2 of error should equal 'help: mend the hook, or switch the plugin off: BOOT_PLUGINS_OFF=p'
        End

        It 'is reported in a post phase, and the others run'
            put plugins/p/post_ping 'return 3'
            put plugins/q/post_ping 'echo reached'
            When call run_phase post_ping
            The output should equal reached
            The error should equal "warning: plugin p: post_ping failed with status 3 ($SCRATCH/plugins/p/post_ping)"
            The variable _boot_hooks_post_failed should equal yes
        End

        It 'may be one that can not be read'
            mkdir -p "$SCRATCH/plugins/p"
            ln -s nonesuch "$SCRATCH/plugins/p/pre_ping"
            When run run_phase pre_ping
            The status should equal 5
            The line 1 of error should equal "warning: $SCRATCH/plugins/p/pre_ping cannot be read"
            The line 2 of error should start with 'error: plugin p: pre_ping failed with status 126'
        End

        It 'may be a program without the permission to be one'
            put plugins/p/pre_ping '#!/usr/bin/python3'
            When run run_phase pre_ping
            The status should equal 5
            The line 1 of error should equal "warning: $SCRATCH/plugins/p/pre_ping is a program, but not executable"
        End
    End

    Describe 'an executed hook'
        It 'runs as a process of its own, here without the helper'
            put plugins/p/pre_ping '#!/usr/bin/env -S sh -u' 'echo "$BOOT_PHASE"; LEFT=behind'
            chmod +x "$SCRATCH/plugins/p/pre_ping"
            When call run_phase pre_ping
            The output should equal pre_ping
            The error should start with 'warning: the helper is missing: '
            The variable LEFT should be undefined
        End
    End

    Describe 'trust'
        Parameters
            g+w
            o+w
        End

        It "is refused to a file with $1"
            put plugins/p/pre_ping 'echo not reached'
            chmod "$1" "$SCRATCH/plugins/p/pre_ping"
            When run run_phase pre_ping
            The status should equal 5
            The line 1 of error should start with 'error: others can write these'
            The output should be blank
        End
    End

    Describe 'which phases come after the command'
        It 'are none when there are only pre hooks'
            put plugins/p/pre_ping ':'
            put plugins/p/post_stop ':'
            check() { _boot_hooks_find && _boot_hooks_check pre_ping post_ping failed; }
            When call check
            The variable _boot_hooks_after should equal ''
        End

        It 'are seen before the command, so that it does not take the place of the shell'
            put plugins/p/failed ':'
            check() { _boot_hooks_find && _boot_hooks_check pre_ping post_ping failed; }
            When call check
            The variable _boot_hooks_after should equal yes
        End
    End

    Describe 'boot_run_phase'
        It 'runs the hooks of a step of its own inside a hook'
            put plugins/p/pre_ping 'boot_run_phase post_mine' 'echo "$BOOT_PHASE $BOOT_PLUGIN"'
            put plugins/a/post_mine 'echo "$BOOT_PHASE $BOOT_PLUGIN"'
            _boot_core_dir=$SOURCES/boot
            When call run_phase pre_ping
            The line 1 of output should equal 'post_mine a'
            The line 2 of output should equal 'pre_ping p'
        End
    End
End
