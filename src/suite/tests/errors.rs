//! A planted mistake for every way in which a suite can be wrong, and what a person reads about it.

use insta::assert_snapshot;

use super::super::{MAX_CASES, MAX_FILE_BYTES, SuiteError, load, open, parse};
use super::{errors, read};
use std::path::Path;

#[test]
fn text_that_is_not_toml_shows_its_line() {
    assert_snapshot!(errors(&[
        "iterations = 5\ndescription = \"no end\n[[case]]\n",
        "[[case]]\nworkload = [\"nothing\"\narm = \"glibc\"\n",
        "seed = 1\nseed = 2\n",
    ]), @r#"
    suite.toml:2: invalid basic string, expected `"`
        2 | description = "no end
          |                      ^
    suite.toml:3: missing comma between array elements, expected `,`
        3 | arm = "glibc"
          | ^
    suite.toml:2: duplicate key
        2 | seed = 2
          | ^
    "#);
}

#[test]
fn unknown_keys_are_told_with_path_line_and_suggestion() {
    assert_snapshot!(errors(&[
        "iteration = 5\n",
        "[[case]]\nworkload = \"nothing\"\n[[case]]\nworkload = \"nothing\"\nitterations = 5\n",
        "[models.a]\nfile = \"a.onnx\"\nwieghts = \"inline\"\n",
        "[runtimes.a]\nengine = \"rten\"\nbanana = true\n",
        "[workloads.a]\nbase = \"nothing\"\nfault = { kind = \"leak\", byte = 64 }\n",
        "[arms.a]\nallocater = \"glibc\"\n",
        "[arm.a]\nallocator = \"glibc\"\n",
        "[[case]]\nworkload = \"nothing\"\nreplicates = 3\n",
    ]), @r"
    suite.toml:1: iteration: unknown key `iteration`; did you mean `iterations`?
    suite.toml:5: case[1].itterations: unknown key `itterations`; did you mean `iterations`?
    suite.toml:3: models.a.wieghts: unknown key `wieghts`; did you mean `weights`?
    suite.toml:3: runtimes.a.banana: unknown key `banana`; use why, engine, weights, release, release_when, strict, prefault, prepack, optimize, compile_threads, planner, library, options, command or environment
    suite.toml:3: workloads.a.fault.byte: unknown key `byte`; did you mean `bytes`?
    suite.toml:2: arms.a.allocater: unknown key `allocater`; did you mean `allocator`?
    suite.toml:1: arm: unknown key `arm`; did you mean `arms`?
    suite.toml:3: case[0].replicates: unknown key `replicates`; use model, runtime, workload, arm, iterations, time, iteration_time, memory, threads, settle, tolerance, cycle, resident, early_stop, until_decided, core, counterfactual, seed, plant_bytes, plant_every or expect
    ");
}

#[test]
fn wrong_types_say_what_is_expected() {
    assert_snapshot!(errors(&[
        "iterations = \"many\"\n",
        "resident = 1\n",
        "time = 90\n",
        "memory = true\n",
        "tolerance = \"lots\"\n",
        "threads = [1, \"two\"]\n",
        "case = 1\n",
        "[[case]]\nworkload = 3\n",
        "[[case]]\nworkload = [\"nothing\", 3]\n",
        "[[case]]\nworkload = { name = \"nothing\" }\n",
        "[arms.a.tunables]\nglibc.malloc.arena_max = 1\n",
        "[models.a]\nfile = [\"a.onnx\"]\n",
        "[runtimes.a]\nengine = 1\n",
    ]), @r#"
    suite.toml:1: iterations: expected a whole number from 1 to 1000000, not string "many"
    suite.toml:1: resident: expected a boolean, not integer `1`
    suite.toml:1: time: expected a duration with its unit, such as "90s" or "2m", not integer `90`
    suite.toml:1: memory: expected a number of bytes, or a size such as "64 KiB", not boolean `true`
    suite.toml:1: tolerance: unknown unit `lots` in `lots`: use B, kB, MB, GB, KiB, MiB or GiB
    suite.toml:1: threads[1]: expected a whole number from 1 to 1024, not string "two"
    suite.toml:1: case: expected a sequence, not integer `1`
    suite.toml:2: case[0].workload: expected a string, not integer `3`
    suite.toml:2: case[0].workload[1]: expected a string, not integer `3`
    suite.toml:2: case[0].workload: expected one value or an array of values, not map
    suite.toml:2: arms.a.tunables.glibc: expected an integer or a string (a key with a dot in it is written in quotes), not map
    suite.toml:2: models.a.file: expected a string, not sequence
    suite.toml:2: runtimes.a.engine: expected a string
    "#);
}

#[test]
fn values_out_of_range_are_refused() {
    assert_snapshot!(errors(&[
        "iterations = 0\n",
        "iterations = 1000001\n",
        "iterations = 99999999999999999999\n",
        "replicates = 0\n",
        "[[case]]\nworkload = \"nothing\"\nthreads = [1, 0]\n",
        "threads = 1025\n",
        "seed = -1\n",
        "tolerance = -1\n",
        "tolerance = nan\n",
        "memory = 0\n",
        "memory = \"0 MB\"\n",
        "settle = 0\n",
        "cycle = 0\n",
    ]), @r"
    suite.toml:1: iterations: expected a whole number from 1 to 1000000, not integer `0`
    suite.toml:1: iterations: expected a whole number from 1 to 1000000, not integer `1000001`
    suite.toml:1: iterations: expected a whole number from 1 to 1000000, not integer `99999999999999999999`
    suite.toml:1: replicates: expected a whole number from 1 to 1000, not integer `0`
    suite.toml:3: case[0].threads[1]: expected a whole number from 1 to 1024, not integer `0`
    suite.toml:1: threads: expected a whole number from 1 to 1024, not integer `1025`
    suite.toml:1: seed: expected a whole number from 0 on, not integer `-1`
    suite.toml:1: tolerance: must be zero or more, not -1
    suite.toml:1: tolerance: must be zero or more, not NaN
    suite.toml:1: memory: must be at least 1 byte, not 0
    suite.toml:1: memory: must be at least 1 byte, not `0 MB`
    suite.toml:1: settle: expected a whole number from 1 to 1000000, not integer `0`
    suite.toml:1: cycle: expected a whole number from 1 to 1000000, not integer `0`
    ");
}

#[test]
fn durations_sizes_expectations_and_inputs_are_read_strictly() {
    assert_snapshot!(errors(&[
        "time = \"soon\"\n",
        "time = \"90\"\n",
        "iteration_time = \"0s\"\n",
        "iteration_time = \"20000 years\"\n",
        "memory = \"2 parsecs\"\n",
        "memory = \"-2 GiB\"\n",
        "expect = \"leek\"\n",
        "[[case]]\nworkload = \"nothing\"\nexpect = [\"stable\", \"fine\"]\n",
        "[models.a]\nfile = \"a.onnx\"\ninputs = { x = \"f64[1]\" }\n",
        "[models.a]\nfile = \"a.onnx\"\n[models.a.inputs]\nx = \"f32[1]\"\ny = \"f32\"\n",
    ]), @r#"
    suite.toml:1: time: `soon` is not a duration such as "90s" or "2m": expected number at 0
    suite.toml:1: time: `90` is not a duration such as "90s" or "2m": time unit needed, for example 90sec or 90ms
    suite.toml:1: iteration_time: must be more than zero
    suite.toml:1: iteration_time: must be at most a year
    suite.toml:1: memory: unknown unit `parsecs` in `2 parsecs`: use B, kB, MB, GB, KiB, MiB or GiB
    suite.toml:1: memory: unknown unit `-2 GiB` in `-2 GiB`: use B, kB, MB, GB, KiB, MiB or GiB
    suite.toml:1: expect: unknown expectation `leek`; did you mean `leak`?
    suite.toml:3: case[0].expect[1]: unknown expectation `fine`; use stable, plateau, retention, leak, resource-leak, creep, creep-linear, creep-decelerating, creep-core, peak-growth, growth-unattributed, inconclusive, crashed, exited, timed-out, out-of-memory, failed or incompatible
    suite.toml:3: models.a.inputs.x: unknown element type `f64` in `f64[1]`: use f32, i32, i64, i8, u8 or bool
    suite.toml:5: models.a.inputs.y: `f32` is not an input: write it like `f32[1,3,224,224]`, with `=VALUE` after it to fill it with one value
    "#);
}

#[test]
fn empty_arrays_and_strings_are_refused() {
    assert_snapshot!(errors(&[
        "[[case]]\nworkload = []\n",
        "[[case]]\nworkload = \"nothing\"\nthreads = []\n",
        "expect = []\n",
        "[[case]]\nworkload = \"\"\n",
        "[models.a]\nfile = \"\"\n",
    ]), @r"
    suite.toml:2: case[0].workload: must not be an empty array
    suite.toml:3: case[0].threads: must not be an empty array
    suite.toml:1: expect: must not be an empty array
    suite.toml:2: case[0].workload: must not be empty
    suite.toml:2: models.a.file: must not be empty
    ");
}

#[test]
fn unknown_names_are_told_for_every_section() {
    assert_snapshot!(errors(&[
        "[[case]]\nmodel = \"mlp-smal\"\nworkload = \"infer\"\n",
        "[[case]]\nruntime = \"rtenn\"\nworkload = \"nothing\"\n",
        "# a comment\n\n[[case]]\nworkload = \"nothing\"\n\n[[case]]\nworkload = \"recompil\"\n",
        "[[case]]\nworkload = \"nothing\"\narm = [\"glibc\", \"jemaloc\"]\n",
        "[[case]]\nworkload = \"nothing\"\narm = \"banana\"\n",
    ]), @r"
    suite.toml:2: case[0].model: unknown model `mlp-smal`; did you mean `mlp-small`?
    suite.toml:2: case[0].runtime: unknown runtime `rtenn`; did you mean `rten`?
    suite.toml:7: case[1].workload: unknown workload `recompil`; did you mean `recompile`?
    suite.toml:3: case[0].arm[1]: unknown arm `jemaloc`; did you mean `jemalloc`?
    suite.toml:3: case[0].arm: unknown arm `banana`; use arena-max-1, arena-max-2, exact-live, glibc, hugetlb, hugetlb-reserved, jemalloc, jemalloc-background, jemalloc-decay-0, jemalloc-deeprec, jemalloc-exact, mimalloc, mimalloc-purge-0, mmap-threshold-128k, mmap-threshold-1m, mmap-threshold-env, quiet-heap, step-pool, step-pool-early, tcmalloc, top-pad-64m, trim, trim-10 or trim-threshold-64k
    ");
}

#[test]
fn a_case_needs_a_workload_and_a_workload_its_model() {
    assert_snapshot!(errors(&[
        "description = \"nothing to run\"\n",
        "[[case]]\narm = \"glibc\"\n",
        "[[case]]\nworkload = [\"nothing\", \"infer\"]\n",
        "[[case]]\nmodel = [\"mlp-small\", \"none\"]\nworkload = [\"nothing\", \"infer\"]\n",
    ]), @r"
    suite.toml:1: case: no `[[case]]` table: there is nothing to run
    suite.toml:1: case[0].workload: missing: a case needs a workload
    suite.toml:1: case[0].model: missing: the workload `infer` needs a model
    suite.toml:2: case[0].model[1]: the workload `infer` needs a model, and `none` is none
    ");
}

#[test]
fn names_must_fit_file_names() {
    let long = format!("[arms.{}]\n", "a".repeat(49));
    assert_snapshot!(errors(&[
        "[arms.\"../up\"]\n",
        "[models.\"a.b\"]\nfile = \"a.onnx\"\n",
        "[workloads.\"\"]\nbase = \"nothing\"\n",
        "[runtimes.\"\\u001b[31mred\"]\nengine = \"rten\"\n",
        &long,
    ]), @r"
    suite.toml:1: arms.../up: `../up` is not a name: use 1 to 48 ASCII letters, digits, `_`, `+`, `=` and `-`, since names become file names
    suite.toml:1: models.a.b: `a.b` is not a name: use 1 to 48 ASCII letters, digits, `_`, `+`, `=` and `-`, since names become file names
    suite.toml:1: workloads.: `` is not a name: use 1 to 48 ASCII letters, digits, `_`, `+`, `=` and `-`, since names become file names
    suite.toml:1: runtimes.\u{1b}[31mred: `\u{1b}[31mred` is not a name: use 1 to 48 ASCII letters, digits, `_`, `+`, `=` and `-`, since names become file names
    suite.toml:1: arms.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` is not a name: use 1 to 48 ASCII letters, digits, `_`, `+`, `=` and `-`, since names become file names
    ");
}

#[test]
fn models_have_one_source_and_fitting_parameters() {
    assert_snapshot!(errors(&[
        "[models.a]\n",
        "[models.a]\nfile = \"a.onnx\"\nbundled = \"a.onnx\"\n",
        "[models.a]\nfile = \"a.onnx\"\nseed = 3\n",
        "[models.a]\nbundled = \"../a.onnx\"\n",
        "[models.a]\nfetched = \"models/a.onnx\"\n",
        "[models.a]\ngenerate = \"mobilenet\"\n",
        "[models.a]\ngenerate = \"mobilenet_v2\"\nlayers = 3\n",
        "[models.a]\ngenerate = \"mlp\"\nhidden = 64\n",
        "[models.a]\ngenerate = \"mlp\"\nweights = \"outside\"\n",
        "[models.a]\ngenerate = \"transformer\"\nhidden = 100\n",
        "[models.a]\ngenerate = \"mlp\"\nlayers = 1000\nwidth = 65536\n",
        "[models.a]\ngenerate = \"mlp\"\nlayers = 1000\nwidth = 65536\nweights = \"external\"\n",
    ]), @r#"
    suite.toml:1: models.a: needs exactly one of `file`, `fetched`, `bundled`, `generate`, `sequence` and `none = true`, and has 0 of them
    suite.toml:1: models.a: needs exactly one of `file`, `fetched`, `bundled`, `generate`, `sequence` and `none = true`, and has 2 of them
    suite.toml:3: models.a.seed: belongs to generated models only
    suite.toml:2: models.a.bundled: `../a.onnx` is not the name of a bundled model: bundled models have no folders
    suite.toml:2: models.a.fetched: `models/a.onnx` is not the name of a fetched model: fetched models have no folders
    suite.toml:2: models.a.generate: unknown network `mobilenet`; did you mean `mobilenet_v2`?
    suite.toml:3: models.a.layers: `mobilenet_v2` takes no parameters
    suite.toml:3: models.a.hidden: `mlp` takes layers, width, batch
    suite.toml:3: models.a.weights: unknown value `outside`; use inline or external
    suite.toml:3: models.a.hidden: must be a multiple of 64, the width of a head, not 100
    suite.toml:2: models.a.generate: 17180 GB of weights do not fit a protobuf, which ends at 2 GiB: use `weights = "external"`
    suite.toml:2: models.a.generate: 17180 GB of weights are more than the limit of 17.2 GB
    "#);
}

#[test]
fn sequences_name_models_to_work_on() {
    let many = format!("[models.a]\nsequence = [{}]\n", "\"mlp-small\", ".repeat(33));
    assert_snapshot!(errors(&[
        "[models.a]\nsequence = []\n",
        "[models.a]\nsequence = [\"mlp-small\", \"mlp-smal\"]\n",
        "[models.a]\n\nsequence = [\"mlp-small\", \"none\"]\n",
        "[models.a]\nsequence = [\"mlp-small\", \"b\"]\n[models.b]\nsequence = [\"mlp-small\"]\n",
        "[models.a]\nsequence = \"mlp-small+ppocr-cls\"\n",
        "[models.a]\nsequence = \"a\"\n",
        "[models.a]\nsequence = [\"mlp-small\"]\ninputs = { x = \"f32[1]\" }\n",
        "[models.a]\nsequence = [\"mlp-small\"]\nfile = \"a.onnx\"\n",
        "[models.a]\nsequence = [\"mlp-small\"]\nseed = 3\n",
        "[models.a]\nsequence = [\"mlp-small\", 3]\n",
        &many,
    ]), @r"
    suite.toml:2: models.a.sequence: must not be an empty array
    suite.toml:2: models.a.sequence[1]: unknown model `mlp-smal`; did you mean `mlp-small`?
    suite.toml:3: models.a.sequence[1]: `none` is no model to work on
    suite.toml:2: models.a.sequence[1]: `b` is a sequence itself: name its members
    suite.toml:2: models.a.sequence: `mlp-small+ppocr-cls` is a sequence itself: name its members
    suite.toml:2: models.a.sequence: `a` is a sequence itself: name its members
    suite.toml:1: models.a.inputs: belong to the members of a sequence
    suite.toml:1: models.a: needs exactly one of `file`, `fetched`, `bundled`, `generate`, `sequence` and `none = true`, and has 2 of them
    suite.toml:3: models.a.seed: belongs to generated models only
    suite.toml:2: models.a.sequence[1]: expected a string, not integer `3`
    suite.toml:2: models.a.sequence: names 33 models, and a sequence has at most 32
    ");
}

#[test]
fn runtimes_name_a_known_engine() {
    assert_snapshot!(errors(&[
        "[runtimes.a]\n",
        "[runtimes.a]\nengine = \"rtem\"\n",
        "[runtimes.a]\nengine = \"rten\"\nweights = \"mapped\"\n",
    ]), @r"
    suite.toml:1: runtimes.a.engine: missing; use `auto`, `embedded`, `rten`, `openvino`, `onnxruntime`, `litert`, `onert` or `program`
    suite.toml:2: runtimes.a.engine: unknown value `rtem`; did you mean `rten`?
    suite.toml:3: runtimes.a.weights: unknown value `mapped`; did you mean `map`?
    ");
}

#[test]
fn faults_take_their_own_keys() {
    let fault = |text: &str| format!("[workloads.a]\nbase = \"nothing\"\n[workloads.a.fault]\n{text}\n");
    let fragments = [
        "bytes = 64",
        "kind = \"leek\"\nbytes = 64",
        "kind = \"leak\"",
        "kind = \"leak\"\nbytes = 64\nat = 5",
        "kind = \"leak\"\nbytes = 64\nevery = 0",
        "kind = \"leak\"\nbytes = 64\nfrom = 9\nuntil = 8",
        "kind = \"anonymous-mapping\"\nbytes = 64\nfrom = 9\nuntil = 8",
        "kind = \"anonymous-mapping\"\nbytes = 64\nnoise = 0",
        "kind = \"leak\"\nbytes = 64\nnoise = 64",
        "kind = \"saturate\"\nbytes = 64",
        "kind = \"saturate\"\nbytes = 64\ntime_constant = 0",
        "kind = \"arenas\"\nbytes = 64",
        "kind = \"arenas\"\nbytes = 64\nthreads = 65",
        "kind = \"rounding\"",
        "kind = \"crash\"\nat = 0",
        "kind = \"exit\"\nat = 5\ncode = 256",
        "kind = \"exit\"\nat = 5",
    ]
    .map(fault);
    let mut fragments: Vec<&str> = fragments.iter().map(String::as_str).collect();
    fragments.push("[workloads.a]\nfault = { kind = \"thread\" }\n");
    fragments.push("[workloads.a]\nbase = \"recompil\"\n");
    assert_snapshot!(errors(&fragments), @r"
    suite.toml:3: workloads.a.fault.kind: missing; use leak, decelerate, pin, arenas, rounding, anonymous-mapping, saturate, file-mapping, thread, descriptor, noise, peak, crash, abort, exit, hang, out-of-memory, garbage, truncate, hang-in-fork or abort-at-fork
    suite.toml:4: workloads.a.fault.kind: unknown fault `leek`; did you mean `leak`?
    suite.toml:3: workloads.a.fault.bytes: missing: the fault `leak` needs it
    suite.toml:6: workloads.a.fault.at: the fault `leak` has no such key
    suite.toml:6: workloads.a.fault.every: expected a whole number from 1 on, not integer `0`
    suite.toml:7: workloads.a.fault.until: iteration 8 is before the first one that loses, 9
    suite.toml:7: workloads.a.fault.until: iteration 8 is before the first one that loses, 9
    suite.toml:6: workloads.a.fault.noise: must be at least 1 byte, not 0
    suite.toml:6: workloads.a.fault.noise: the fault `leak` has no such key
    suite.toml:3: workloads.a.fault.time_constant: missing: the fault `saturate` needs it
    suite.toml:6: workloads.a.fault.time_constant: expected a whole number from 1 on, not integer `0`
    suite.toml:3: workloads.a.fault.threads: missing: the fault `arenas` needs it
    suite.toml:6: workloads.a.fault.threads: expected a whole number from 1 to 64, not integer `65`
    suite.toml:3: workloads.a.fault.blocks: missing: the fault `rounding` needs it
    suite.toml:5: workloads.a.fault.at: expected a whole number from 1 on, not integer `0`
    suite.toml:6: workloads.a.fault.code: expected a whole number from 0 to 255, not integer `256`
    suite.toml:3: workloads.a.fault.code: missing: the fault `exit` needs it
    suite.toml:1: workloads.a.base: missing; use nothing, core, read, compile, recompile, recompile-thread, reload, infer, infer-thread, infer-concurrent, request, set-inputs, reshape, concurrent, reject, mutate, switch or program
    suite.toml:2: workloads.a.base: unknown value `recompil`; did you mean `recompile`?
    ");
}

#[test]
fn arms_cannot_claim_what_they_would_not_do() {
    assert_snapshot!(errors(&[
        "[arms.a]\nallocator = \"jemaloc\"\n",
        "[arms.a]\nallocator = \"hoard\"\n",
        "[arms.a]\nallocator = \"jemalloc\"\nlibrary = \"liba.so\"\n",
        "[arms.a]\nallocator = \"jemalloc\"\ntunables = { arena_max = 1 }\n",
        "[arms.a]\nallocator = \"mimalloc\"\ntrim_every = 1\n",
        "[arms.a]\ntrim_every = 0\n",
        "[arms.a]\ntunables = { arena_max = \"1:glibc.malloc.check=3\" }\n",
        "[arms.a]\ntunables = { arena_max = 1.5 }\n",
        "[arms.a]\nenvironment = { LD_PRELOAD = \"a.so\" }\n",
        "[arms.a]\nenvironment = { GLIBC_TUNABLES = \"\" }\n",
        "[arms.a]\nenvironment = { HIGHWATER_FD = 3 }\n",
        "[arms.a]\nenvironment = { \"A=B\" = 3 }\n",
        "[arms.a]\nenvironment = { A = \"\\u0000\" }\n",
    ]), @r"
    suite.toml:2: arms.a.allocator: unknown allocator `jemaloc`; did you mean `jemalloc`? (another one is preloaded by `library`)
    suite.toml:2: arms.a.allocator: unknown allocator `hoard`; use glibc, jemalloc, mimalloc or tcmalloc (another one is preloaded by `library`)
    suite.toml:3: arms.a.library: an arm has an `allocator` or a `library`, not both
    suite.toml:3: arms.a.tunables.arena_max: tunables of glibc's malloc do nothing under another allocator
    suite.toml:3: arms.a.trim_every: `malloc_trim` belongs to glibc and does nothing under another allocator
    suite.toml:2: arms.a.trim_every: expected a whole number from 1 on, not integer `0`
    suite.toml:2: arms.a.tunables.arena_max: `arena_max=1:glibc.malloc.check=3` is not a tunable: use ASCII letters, digits, `.`, `_` and `-`
    suite.toml:2: arms.a.tunables.arena_max: expected an integer or a string (a key with a dot in it is written in quotes), not floating point `1.5`
    suite.toml:2: arms.a.environment.LD_PRELOAD: set by highwater itself: use `library`
    suite.toml:2: arms.a.environment.GLIBC_TUNABLES: set by highwater itself: use `tunables`
    suite.toml:2: arms.a.environment.HIGHWATER_FD: set by highwater itself
    suite.toml:2: arms.a.environment.A=B: `A=B` is not the name of an environment variable
    suite.toml:2: arms.a.environment.A: contains a NUL character
    ");
}

#[test]
fn cases_that_are_made_twice_name_both_tables() {
    assert_snapshot!(errors(&[
        "[[case]]\nworkload = \"nothing\"\narm = [\"glibc\", \"trim\"]\n\n[[case]]\nworkload = \"nothing\"\narm = \"trim\"\n",
        "[[case]]\nworkload = \"nothing\"\nthreads = [1, 2, 1]\n",
    ]), @r"
    suite.toml:5: case[1]: makes the case `none.auto.nothing.trim.t1`, which case[0] at line 1 makes already
    suite.toml:1: case[0]: makes the case `none.auto.nothing.glibc.t1` twice
    ");
}

#[test]
fn a_suite_cannot_exhaust_the_parent() {
    let threads: Vec<_> = (1..=101).map(|n| n.to_string()).collect();
    let arms = vec!["\"glibc\""; 100].join(",");
    let product = format!("[[case]]\nworkload = \"nothing\"\narm = [{arms}]\nthreads = [{}]\n", threads.join(","));
    let text = "x".repeat(4000);
    let variables: Vec<_> = (0..20).map(|n| format!("V{n} = \"{text}\"")).collect();
    let models: Vec<_> = (0..5).map(|n| format!("[models.m{n}]\nfile = \"{n}\"\n")).collect();
    let heavy = format!(
        "{}[arms.a]\nenvironment = {{ {} }}\n[[case]]\nmodel = [\"m0\", \"m1\", \"m2\", \"m3\", \"m4\"]\n\
         workload = \"nothing\"\narm = \"a\"\nthreads = {:?}\n",
        models.concat(),
        variables.join(", "),
        (1..=1000).collect::<Vec<_>>(),
    );
    let deep = format!("seed = {}1{}\n", "[".repeat(100_000), "]".repeat(100_000));
    let keys = format!("{}seed = 1\n", "a.".repeat(200_000));
    let long = " ".repeat(MAX_FILE_BYTES as usize + 1);
    assert_eq!(MAX_CASES, 10_000);
    assert_snapshot!(errors(&[&product, &heavy, &deep, &keys, &long]), @r"
    suite.toml:1: case[0]: makes 10100 cases, and the limit of a suite is 10000
    suite.toml:13: case[0]: makes cases of more than 67108864 bytes together with those before
    suite.toml:1: cannot recurse further; max recursion depth met
        1 | seed = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
          |                                                                                        ^
    suite.toml:1: recursion limit
        1 | a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.
          | ^
    suite.toml: longer than 1048576 bytes, the limit of a suite file
    ");
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("latin1.toml");
    std::fs::write(&path, b"description = \"\xe9\"\n").unwrap();
    let told = |error: SuiteError| {
        let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
        format!("{error}{}", source.unwrap_or_default()).replace(&folder.path().display().to_string(), "/tmp")
    };
    let errors =
        [load(&path), load(&folder.path().join("none.toml")), load(Path::new("/dev/zero")), open("quik"), open("./x")];
    let told: Vec<_> = errors.into_iter().map(|result| told(result.unwrap_err())).collect();
    assert_snapshot!(told.join("\n"), @r"
    cannot read suite file /tmp/latin1.toml: it is not UTF-8 text
    cannot read suite file /tmp/none.toml: No such file or directory (os error 2)
    /dev/zero: longer than 1048576 bytes, the limit of a suite file
    no suite file `quik`, and no built-in suite of that name; did you mean `quick`?
    no suite file `./x`, and no built-in suite of that name; use quick, recompile, creep, switch, selfcheck, seeds, mutate, runtimes, openvino, onnxruntime or litert
    ");
}

#[test]
fn a_file_is_named_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("quick.toml");
    std::fs::write(&path, "\n\n[[case]]\nworkload = \"recompil\"\n").unwrap();
    let error = load(&path).unwrap_err().to_string();
    assert_eq!(
        error,
        format!("{}:4: case[0].workload: unknown workload `recompil`; did you mean `recompile`?", path.display())
    );
    assert!(matches!(parse("a", "[", Path::new("")), Err(SuiteError::Syntax { line: 1, .. })));
    assert!(matches!(read("[["), Err(SuiteError::Syntax { line: 1, .. })));
}
