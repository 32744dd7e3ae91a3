//! What a person reads, word for word. Numbers that differ from run to run are replaced.

use crate::desk::Desk;

/// What the controls found to the byte, sizes, times and widths of columns depend on machine and build.
const VARYING: [(&str, &str); 6] = [
    (r"(?m)^        live: .*$", "        live: […]"),
    (r"  \d+(\.\d+)? (B|kB|MB)\b", "  SIZE"),
    (r"  \d+\.\d\d +\d+ *\n", "  MS  FAULTS\n"),
    (r"(\S)  +", "$1  "),
    (r"(?m) +$", ""),
    (r"─+", "───"),
];

#[test]
fn a_run() {
    let desk = Desk::new();
    let suite = r#"
        description = "One of each."
        iterations = 30
        [arms.absent]
        library = "/nonexistent/liballocator.so"
        [[case]]
        workload = ["nothing", "crash"]
        arm = "exact-live"
        resident = false
        [[case]]
        workload = "nothing"
        arm = "absent"
        resident = false
    "#;
    let told = desk.suite(suite, &[]).code(1);
    insta::with_settings!({ filters => VARYING.to_vec() }, {
        insta::assert_snapshot!(told.stdout, @r"
        One of each.
              control control.auto.recompile-leak-64.exact-live.t1: leak (as it must)
                live: […]
              control control.auto.recompile.exact-live.t1: stable (as it must)
                live: […]
        [1/3] none.auto.nothing.exact-live.t1: stable
            live: stable, flat to the byte over 28 iterations (a leak of 16 B/iteration would have shown)
        [2/3] none.auto.crash.exact-live.t1: crashed
            crashed by SIGSEGV in iteration 5, phase execute
        [3/3] none.auto.nothing.absent.t1: skipped
            cannot read /nonexistent/liballocator.so: No such file or directory (os error 2); give the path of a shared library that exists

        ───
         model  runtime  workload  arm  verdict  live/iter  resident/iter  peak  steady  retained  ms/iter  faults/iter
        ───
         none  auto  nothing  exact-live  stable  SIZE  –  SIZE  SIZE  SIZE  MS  FAULTS
         none  auto  crash  exact-live  crashed  –  –  SIZE  SIZE  SIZE  MS  FAULTS
         none  auto  nothing  absent  skipped  –  –  –  –  –  –  –
        ───
        3 cases: 1 as expected, 1 not, 1 skipped
          none.auto.crash.exact-live.t1: crashed by SIGSEGV in iteration 5, phase execute
            run again: highwater run suite.toml --filter '^none\.auto\.crash\.exact\-live\.t1$'
          none.auto.nothing.absent.t1: skipped: cannot read /nonexistent/liballocator.so: No such file or directory (os error 2); give the path of a shared library that exists
        controls: a planted leak of 64 B/iteration (80 B as a chunk of glibc) was found, and the same work without it was not accused
        results: out (samples.csv, verdicts.csv, run.json, charts/)
        ");
    });
}

#[test]
fn a_list() {
    let told = Desk::new().run(&["--list", "--filter", "ppocr"]).code(0);
    insta::assert_snapshot!(told.stdout, @r"
    ppocr-cls.embedded.recompile.glibc.t1
        at most 200 iterations (800 where undecided) x 1; expected: stable, plateau; arm: glibc as it comes: what most services run.
    ppocr-cls.embedded.recompile.mmap-threshold-1m.t1
        at most 200 iterations (800 where undecided) x 1; expected: stable, plateau; arm: Blocks of 1 MiB and more are mapped and so given back when freed; the threshold no longer moves.
    ppocr-cls.embedded.recompile.trim.t1
        at most 200 iterations (800 where undecided) x 1; expected: stable, plateau; arm: `malloc_trim(0)` after every iteration: the lowest that glibc can reach (OpenVINO's advice).
    ppocr-cls.embedded.recompile.jemalloc.t1
        at most 200 iterations (800 where undecided) x 1; expected: stable, plateau, inconclusive; arm: jemalloc as it comes.
    ppocr-cls.embedded.recompile.mimalloc.t1
        at most 200 iterations (800 where undecided) x 1; expected: stable, plateau, inconclusive; arm: mimalloc as it comes.
    ");
}

#[test]
fn an_error_in_a_suite_file() {
    let desk = Desk::new();
    desk.write("mine.toml", "iterations = 10\n\n[[case]]\nworkload = \"recompil\"\nmodel = \"mlp-small\"\n");
    insta::assert_snapshot!(desk.run(&["run", "mine.toml"]).code(2).stderr, @"highwater: mine.toml:4: case[0].workload: unknown workload `recompil`; did you mean `recompile`?");
}

#[test]
fn a_text_that_is_no_toml() {
    let desk = Desk::new();
    desk.write("mine.toml", "iterations = 10\n[[case]\nworkload = \"recompile\"\n");
    insta::assert_snapshot!(desk.run(&["run", "mine.toml"]).code(2).stderr, @r"
    highwater: mine.toml:2: unclosed array table, expected `]`
        2 | [[case]
          |        ^
    ");
}

#[test]
fn an_unknown_column() {
    let desk = Desk::new();
    desk.write("trace.csv", "step,live,rss\n1,2,3\n");
    insta::assert_snapshot!(desk.run(&["judge", "trace.csv", "--live", "lvie"]).code(2).stderr, @"highwater: trace.csv: no column `lvie`: it has step, live, rss");
}
