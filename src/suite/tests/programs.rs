//! Programs as runtimes: what a suite and the command line may say of them.

use std::path::{Path, PathBuf};

use super::super::{Engine, Overrides, from_program};
use super::{errors, ids, read};

/// A program called `p`, and a case of it with further lines.
fn program(table: &str, case: &str) -> String {
    format!("[runtimes.p]\nengine = \"program\"\n{table}\n[[case]]\nruntime = \"p\"\n{case}\n")
}

#[test]
fn a_program_has_a_command_and_the_folder_of_its_suite() {
    let suite = read(&program("command = [\"python3\", \"a.py\", 5]", "workload = \"program\"")).unwrap();
    assert_eq!(ids(&suite), ["none.p.program.glibc.t1"]);
    let program = suite.cases[0].runtime.program.as_ref().unwrap();
    assert_eq!(program.command, ["python3", "a.py", "5"]);
    assert_eq!((program.folder.clone(), program.environment.len()), (PathBuf::from("/suites"), 0));
    assert!(!suite.cases[0].runtime.engine.is_built_in());
}

#[test]
fn a_program_has_variables_of_its_own() {
    let table = "command = [\"./a\"]\nenvironment = { PYTHONMALLOC = \"malloc\", A = 5 }";
    let suite = read(&program(table, "workload = \"program\"")).unwrap();
    let variables = &suite.cases[0].runtime.program.as_ref().unwrap().environment;
    assert_eq!(
        variables.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>(),
        ["A=5", "PYTHONMALLOC=malloc"]
    );
}

#[test]
fn what_makes_no_sense_for_a_program_is_told() {
    let command = "command = [\"./a\"]";
    let work = "workload = \"program\"";
    insta::assert_snapshot!(errors(&[
        &program("", work),
        &program("command = []", work),
        &program("command = [\"\"]", work),
        &program("command = \"./a\"", work),
        &program(&format!("{command}\nweights = \"map\""), work),
        &program(&format!("{command}\nlibrary = \"a.so\""), work),
        &program(&format!("{command}\noptions = {{ a = 1 }}"), work),
        "[runtimes.p]\nengine = \"rten\"\ncommand = [\"./a\"]\n",
        "[runtimes.p]\nengine = \"rten\"\nenvironment = { A = 1 }\n",
        &program(&format!("{command}\nenvironment = {{ MALLOC_ARENA_MAX = 1 }}"), work),
        &program(&format!("{command}\nenvironment = {{ GLIBC_TUNABLES = 1 }}"), work),
        &program(&format!("{command}\nenvironment = {{ HIGHWATER_FD = 1 }}"), work),
        &program(command, "model = \"mlp-small\"\nworkload = \"infer\""),
        &program(command, "model = \"mlp-small+ppocr-cls\"\nworkload = \"program\""),
        "[[case]]\nworkload = \"program\"\n",
        "[workloads.w]\nbase = \"program\"\nfault = { kind = \"leak\", bytes = 1 }\n",
        "[workloads.w]\nbase = \"program\"\ncompanions = 2\n",
        &program(command, &format!("{work}\nplant_bytes = 64")),
    ]), @r#"
    suite.toml:1: runtimes.p.command: missing: a program and its arguments, as in `["python3", "service.py"]`
    suite.toml:3: runtimes.p.command: missing: a program and its arguments, as in `["python3", "service.py"]`
    suite.toml:3: runtimes.p.command: missing: a program and its arguments, as in `["python3", "service.py"]`
    suite.toml:3: runtimes.p.command: expected a sequence, not string "./a"
    suite.toml:4: runtimes.p.weights: means nothing to a program: give it arguments in `command`
    suite.toml:4: runtimes.p.library: means nothing to a program: give it arguments in `command`
    suite.toml:4: runtimes.p.options: means nothing to a program: give it arguments in `command`
    suite.toml:3: runtimes.p.command: is for the engine `program`
    suite.toml:3: runtimes.p.environment: is for the engine `program`
    suite.toml:4: runtimes.p.environment.MALLOC_ARENA_MAX: is a setting of an allocator: it belongs to an arm (`[arms.NAME]`)
    suite.toml:4: runtimes.p.environment.GLIBC_TUNABLES: is a setting of an allocator: it belongs to an arm (`[arms.NAME]`)
    suite.toml:4: runtimes.p.environment.HIGHWATER_FD: set by highwater itself
    suite.toml:5: case[0].runtime: `p` is a program, which does its own work and not `infer`: use `program`
    suite.toml:5: case[0].runtime: the program `p` gets one model, and `mlp-small+ppocr-cls` is a sequence
    suite.toml:1: case[0].runtime: the workload `program` is what a program does, and the runtime `auto` is none
    suite.toml:3: workloads.w.fault: is planted in highwater's own work: a program has its own
    suite.toml:3: workloads.w.companions: a program starts its own companions
    suite.toml:4: case[0].plant_bytes: is planted in highwater's own work: a program has its own
    "#);
}

#[test]
fn a_command_line_is_a_suite_under_the_default_arms() {
    let suite = from_program("env A='b c' ./service --flag", None, &Overrides::default()).unwrap();
    assert_eq!(suite.name, "env");
    assert_eq!(ids(&suite)[..2], ["none.env.program.glibc.t1", "none.env.program.mmap-threshold-1m.t1"]);
    let runtime = &suite.cases[0].runtime;
    assert_eq!(runtime.program.as_ref().unwrap().command, ["env", "A=b c", "./service", "--flag"]);
    assert_eq!(runtime.engine, Engine::Program);
    let with_model = from_program("./service", Some(Path::new("mlp-small")), &Overrides::default()).unwrap();
    assert_eq!(ids(&with_model)[0], "mlp-small.service.program.glibc.t1");
    let told = |command: &str, overrides: Overrides| from_program(command, None, &overrides).unwrap_err().to_string();
    assert_eq!(told("'a", Overrides::default()), "--exec: `'a` has a quote that is not closed");
    let option = Overrides { options: vec![("a".into(), "1".into())], ..Overrides::default() };
    assert_eq!(told("./a", option), "--option: `a` is a program: give it arguments of its own");
    let runtime = Overrides { runtimes: vec!["rten".into()], ..Overrides::default() };
    let problem = "--runtime: the workload `program` is what a program does, and the runtime `rten` is none";
    assert_eq!(told("./a", runtime), problem);
}
