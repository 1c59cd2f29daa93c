//! Which plugins there are and in which order: names in byte order, the first of a name wins.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::support::made::Made;
use crate::support::tools::{need, shells};

const SAY: &str = "printf '%s|' \"$BOOT_PLUGIN\"";

/// Plugins over three directories, and what runs: `-`, `.` and a space come before the slash that ends a path.
fn three_directories() -> (Made, Vec<&'static str>) {
    let mut made = Made::new("");
    for plugin in ["b", "B", "a-b", "a", "a.b", "a b", "it's $HOME *", "é", "10", "9", "z.off", "off"] {
        made.hook(plugin, "pre_work", SAY);
    }
    let shipped = "releases/0.1.0/boot/plugins";
    for plugin in ["b", "c", "a0", "x"] {
        made.write(&format!("{shipped}/{plugin}/pre_work"), format!("printf 'shipped ';{SAY}"));
    }
    made.write(&format!("{shipped}/README"), "no plugin");
    let more = |dir: &str, plugin: &str| {
        let path = made.base().join(dir).join(plugin);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("pre_work"), format!("printf 'more ';{SAY}")).unwrap();
    };
    for plugin in ["x", "0", "zz", "Z", "~"] {
        more("one more", plugin);
    }
    for plugin in ["zz", "yy", "off"] {
        more("two", plugin);
    }
    let base = made.base().to_str().unwrap().to_owned();
    made.set("BOOT_PLUGINS_PATH", &format!(":{base}/one more::/nonexistent:{base}/two/:"));
    made.set("BOOT_PLUGINS_OFF", "off,é 9:nothing");
    let order = vec![
        "more 0",
        "10",
        "B",
        "more Z",
        "a",
        "a b",
        "a-b",
        "a.b",
        "shipped a0",
        "b",
        "shipped c",
        "it's $HOME *",
        "shipped x",
        "more yy",
        "more zz",
        "more ~",
    ];
    (made, order)
}

#[test]
fn names_are_in_byte_order_over_all_directories() {
    let (made, order) = three_directories();
    let said = order.iter().map(|name| format!("{name}|")).collect::<String>() + "work \n";
    for shell in shells() {
        let output = made.run(&shell, &["work"]);
        assert_eq!(
            (output.status, output.stdout.as_str(), output.stderr.as_str()),
            (0, said.as_str(), ""),
            "{shell:?}"
        );
    }
}

#[test]
fn the_locale_does_not_change_the_order() {
    if !need(&["localedef"]) {
        return;
    }
    let (mut made, order) = three_directories();
    let locales = made.base().join("locales");
    fs::create_dir(&locales).unwrap();
    let mut localedef = Command::new("localedef");
    localedef.args(["-i", "en_US", "-f", "UTF-8"]).arg(locales.join("en_US.UTF-8"));
    made.finish(&mut localedef, "");
    if !locales.join("en_US.UTF-8/LC_COLLATE").exists() {
        need(&["the source of the locale en_US"]);
        return;
    }
    made.set("LOCPATH", locales.to_str().unwrap());
    made.hook("~~", "pre_work", "printf '%s' \"[$LC_ALL $(env | grep -c ^LC_ALL=en_US.UTF-8)]\"");
    let said = order.iter().map(|name| format!("{name}|")).collect::<String>() + "[en_US.UTF-8 1]work \n";
    made.set("LC_ALL", "en_US.UTF-8");
    for shell in shells() {
        assert_eq!(made.run(&shell, &["work"]).ok(), said, "{shell:?}");
    }
}

#[test]
fn hooks_and_plugins_list_what_runs() {
    let (made, _) = three_directories();
    made.no_plugins();
    let own = made.root().join("plugins").display().to_string();
    let base = made.base().display().to_string();
    let shipped = made.root().join("releases/0.1.0/boot/plugins").display().to_string();
    for phase in ["post_start", "pre_configure", "failed", "failed_start", "pre_unheard_of"] {
        made.hook("m", phase, ":");
    }
    symlink("nowhere", made.root().join("plugins/m/pre_start")).unwrap();
    let more = |name: &str, dir: &str| format!("{name}\t{base}/{dir}/{name}\n");
    let plugins = [
        more("0", "one more"),
        more("Z", "one more"),
        format!("a0\t{shipped}/a0\n"),
        format!("b\t{shipped}/b\n"),
        format!("c\t{shipped}/c\n"),
        format!("m\t{own}/m\n"),
        format!("x\t{shipped}/x\n"),
        format!("yy\t{base}/two//yy\n"),
        more("zz", "one more"),
        more("~", "one more"),
    ];
    let start = ["pre_start", "pre_configure", "post_start", "failed_start", "failed"];
    let start: String = start.iter().map(|phase| format!("{phase}\tm\t{own}/m/{phase}\n")).collect();
    for shell in shells() {
        assert_eq!(made.run(&shell, &["plugins"]).ok(), plugins.concat(), "{shell:?}");
        assert_eq!(made.run(&shell, &["hooks", "start"]).ok(), start, "{shell:?}");
        let all = made.run(&shell, &["hooks"]).ok();
        assert_eq!(all.matches("pre_configure\tm\t").count(), 1, "{shell:?}: {all}");
        assert_eq!(all.matches("pre_work\t").count(), 9, "{shell:?}: {all}");
        let unknown = made.run(&shell, &["hooks", "../core"]);
        assert_eq!((unknown.status, unknown.stdout.as_str()), (2, ""), "{shell:?}: {unknown}");
        assert!(unknown.stderr.contains("unknown command \"../core\""), "{shell:?}: {unknown}");
    }
}

#[test]
fn nothing_runs_where_there_is_nothing() {
    let made = Made::new("");
    fs::remove_dir_all(made.root().join("plugins")).unwrap();
    for shell in shells() {
        let output = made.run(&shell, &["plugins"]);
        assert_eq!((output.status, output.stdout.as_str(), output.stderr.as_str()), (0, "", ""), "{shell:?}");
        let output = made.run(&shell, &["work", "a"]);
        assert_eq!(
            (output.status, output.stdout.as_str(), output.stderr.as_str()),
            (0, "work a\n", ""),
            "{shell:?}"
        );
    }
}
