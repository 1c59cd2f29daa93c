//! The vm.args that build tools write and that large users of OTP ship, against the tables of all versions: none of
//! them may be refused, nor may a start warn of what is right.

use super::check;
use crate::host::Otp;
use crate::vmargs::Args;

/// The first versions of erts of OTP 23 to 29.
const ERTS: [&str; 7] = ["11.0", "12.0", "13.0", "14.0", "15.0", "16.0", "17.0"];

/// What `rebar3 new release` writes.
const REBAR3: &str = "-sname shop\n\n-setcookie shop_cookie\n\n+K true\n+A30\n";

/// What `mix release.init` writes, all of it out of its comments.
const MIX: &str = "## Customize flags given to the VM: https://www.erlang.org/doc/man/erl.html\n\
    ## -mode/-name/-sname/-setcookie are configured via env vars, do not set them here\n\n\
    +Q 65536\n-env ERL_FULLSWEEP_AFTER 10\n-heart\n";

/// Elixir applications: releases of Phoenix, Livebook.
const ELIXIR: &str = "+sbwt none\n+sbwtdcpu none\n+sbwtdio none\n-start_epmd false -erl_epmd_port 6789\n\
    -epmd_module Elixir.Shop.EPMD\n-elixir ansi_enabled true\n-proto_dist inet6_tcp\n+fnu\n+Bc\n+hmax 125000000\n\
    -kernel shell_history enabled -kernel connect_all false\n-user elixir\n-noinput\n-connect_all false\n";

/// A message broker with queues.
const BROKER: &str = "-name broker@127.0.0.1\n-setcookie c\n-pa ''\n+W w\n+MBas ageffcbf +MHas ageffcbf +MBlmbcs 512 \
    +MHlmbcs 512 +MMmcs 30\n+pc unicode\n+P 1048576 +t 5000000 +stbt db +zdbbl 128000 +sbwt none +sbwtdcpu none \
    +sbwtdio none\n+B i\n-lager crash_log false\n-rabbit product_name \"A name\"\n-syslog logger []\n\
    -kernel inet_default_connect_options \"[{nodelay,true}]\"\n-kernel inet_dist_listen_min 25672\n\
    -kernel inet_dist_listen_max 25672\n-kernel prevent_overlapping_partitions false -kernel net_ticktime 15\n\
    -sasl errlog_type error -sasl sasl_error_logger false\n-os_mon start_cpu_sup false\n-noshell -noinput\n";

/// A broker for many connections.
const CONNECTIONS: &str = "-name mqtt@127.0.0.1\n-setcookie c\n# -heart\n+P 2097152\n+Q 1048576\n+e 262144\n##+t 1048576\n\
    -env ERL_FULLSWEEP_AFTER 1000\n-env ERL_CRASH_DUMP log/crash.dump\n#-smp auto\n+zdbbl 32768\n+A 4\n+sbt db\n\
    +C multi_time_warp\n+c true\n+spp true\n+SDio 8\n+IOt 4\n-os_mon start_disksup false\n-kernel net_ticktime 120\n\
    -shutdown_time 30000\n-mnesia dir \"data/mnesia\"\n+K true\n-start_epmd false\n-epmd_module ekka_epmd\n\
    -proto_dist inet_tcp\n";

/// A database, of documents.
const DOCUMENTS: &str = "-name documents@127.0.0.1\n-setcookie monster\n-kernel error_logger silent\n\
    -kernel prevent_overlapping_partitions false\n+K true\n+A 16\n+P 1048576\n+SDio 16\n+zdbbl 32768\n+Bd -noinput\n\
    -ssl session_lifetime 300\n-kernel inet_dist_use_interface {127,0,0,1}\n-kernel inet_dist_listen_min 9100\n\
    -kernel inet_dist_listen_max 9200\n-os_mon start_memsup false start_cpu_sup false\n";

/// A chat server, with what its script adds.
const CHAT: &str = "+K true\n+P 250000\n+Q 32000\n-smp auto\n-sname chat@localhost\n-setcookie c\n\
    -env ERL_MAX_ETS_TABLES 2053\n-env ERL_CRASH_DUMP log/erl_crash_20260101.dump\n-mnesia dir \"database\"\n-noshell\n\
    -s chat\n-chat log_rate_limit 100 config \"conf/chat.yml\"\n-sasl sasl_error_logger {file,\\\"log/erlang.log\\\"}\n\
    -kernel inet_dist_use_interface \"{127,0,0,1}\" -kernel start_timer true\n-pa ebin /opt/chat/ebin\n-hidden\n\
    -kernel inetrc '\"/etc/chat/inetrc\"'\n";

/// A database, of keys and values.
const KEYS: &str = "-name keys@127.0.0.1\n-setcookie c\n+K true\n+A 64\n+W w\n+P 256000\n+Q 262144\n+e 256000\n+zdbbl 32768\n\
    +sfwi 500\n+scl false\n+sub true\n+S 4:4\n+swt low\n+stbt db\n-smp enable\n-env ERL_FULLSWEEP_AFTER 0\n\
    -env ERL_CRASH_DUMP ./log/erl_crash.dump\n-env ERL_MAX_PORTS 262144\n-env ERL_MAX_ETS_TABLES 256000\n\
    -kernel net_ticktime 60\n-pa ./lib/patches -pa ./lib/more-patches\n-config ./etc/app.config\n-heart\n\
    -env HEART_COMMAND \"/usr/bin/keys start\"\n+hms 233 +hmqd off_heap +MMscs 1024 +MIscs 256\n";

#[test]
fn what_is_in_use_is_neither_refused_nor_warned_of() {
    for text in [REBAR3, MIX, ELIXIR, BROKER, CONNECTIONS, DOCUMENTS, CHAT, KEYS] {
        let args = Args::parse(text, "vm.args", &mut |_| unreachable!("no includes here")).unwrap();
        for erts in ERTS {
            let told = match check(&args, &Otp::of_erts(erts)).told() {
                Ok(warnings) => warnings,
                Err(refused) => refused.to_string(),
            };
            assert_eq!(told, "", "erts {erts}: {text}");
        }
    }
}
