//! Arms tried out in real child processes.
//!
//! The child is this test binary: a parent test starts it under an arm, with the name of the test [`child`] and a role;
//! the child does what the role says and prints one marked line of JSON.
#![expect(unsafe_code, reason = "blocks are taken from the allocator in force directly")]

use std::collections::BTreeMap;
use std::env;
use std::ffi::c_void;
use std::hint::black_box;
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use serde_json::{Value, json};

use super::environment::ExpectedOwner;
use super::live::LiveReading;
use super::*;
use crate::suite::{Allocator, ArmSpec};

const ROLE: &str = "HIGHWATER_ARM_TEST_ROLE";
const MARK: &str = "@arm-test@";

/// One cache for all tests of this binary, so that the libraries are written once.
static CACHE: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

fn arm(allocator: Allocator) -> ArmSpec {
    ArmSpec {
        name: "tested".into(),
        why: String::new(),
        allocator,
        tunables: BTreeMap::new(),
        environment: BTreeMap::new(),
        trim_every: None,
        step_pool: None,
    }
}

fn with_tunables(settings: &[(&str, &str)]) -> ArmSpec {
    let mut arm = arm(Allocator::Glibc);
    arm.tunables = settings.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    arm
}

fn with_environment(allocator: Allocator, name: &str, value: &str) -> ArmSpec {
    let mut arm = arm(allocator);
    arm.environment.insert(name.into(), value.into());
    arm
}

fn prepared(arm: &ArmSpec) -> ChildEnvironment {
    prepare(arm, CACHE.path()).unwrap()
}

fn refusal(arm: &ArmSpec) -> String {
    match prepare(arm, CACHE.path()) {
        Err(ArmError::Invalid { reason, .. }) => reason,
        other => panic!("not refused: {other:?}"),
    }
}

/// Runs the child under an environment and gives back what it said.
fn run_child(role: &str, environment: &ChildEnvironment, extra: &[(&str, &str)]) -> Value {
    let test = module_path!().split_once("::").unwrap().1.to_owned() + "::child";
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([&test, "--exact", "--nocapture", "--test-threads=1"]);
    environment.apply(&mut command);
    command.env(ROLE, role).envs(extra.iter().copied());
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.split_once(MARK)).unwrap_or_else(|| panic!("{output:?}")).1;
    serde_json::from_str(line).unwrap()
}

fn in_force_under(environment: &ChildEnvironment, extra: &[(&str, &str)]) -> InForce {
    serde_json::from_value(run_child("in-force", environment, extra)).unwrap()
}

/// Not a test by itself: what a child does.
#[test]
fn child() {
    let Ok(role) = env::var(ROLE) else { return };
    wait_for_main_thread();
    let in_force = in_force();
    let counter = LiveCounter::detect(&in_force);
    let said = match role.as_str() {
        "in-force" => serde_json::to_value(&in_force).unwrap(),
        "live" => live(&counter),
        "rounds" => rounds(&counter),
        "trim" => json!(trim()),
        "prepare" => prepare_here(),
        "fooled" => {
            let mistaken = InForce { allocator: AllocatorName::Glibc, tcache: Some(false), ..in_force };
            let counter = LiveCounter::detect(&mistaken);
            json!({ "kind": counter.kind(), "absence": counter.absence(), "live": counter.read().live })
        }
        other => panic!("unknown role {other}"),
    };
    println!("\n{MARK}{said}");
}

/// Waits until the main thread of the test harness sleeps: on its way there it allocates some hundred bytes, which an
/// exact counter sees.
fn wait_for_main_thread() {
    let stat = format!("/proc/self/task/{}/stat", std::process::id());
    let is_asleep = || {
        std::thread::sleep(Duration::from_millis(10));
        std::fs::read_to_string(&stat).unwrap().rsplit_once(") ").unwrap().1.starts_with('S')
    };
    // Three times in a row; at most a second, since this may be the main thread itself.
    let _ = (0..33).any(|_| (0..3).all(|_| is_asleep()));
}

fn allocate(size: usize) -> *mut c_void {
    // SAFETY: malloc may be called with any size.
    let block = black_box(unsafe { libc::malloc(size) });
    assert!(!block.is_null());
    block
}

fn free(block: *mut c_void) {
    // SAFETY: every test frees a block of `allocate` once.
    unsafe { libc::free(block) }
}

/// How the counter sees one block of 1 MiB, and 1 MiB in small blocks.
fn live(counter: &LiveCounter) -> Value {
    let read = || counter.read().live.map(|live| live as i64);
    let before = read();
    let block = allocate(1 << 20);
    let large = read();
    free(block);
    let after = read();
    let blocks: [_; 1024] = std::array::from_fn(|_| allocate(1024));
    let small = read();
    blocks.into_iter().for_each(free);
    json!({
        "kind": counter.kind(), "absence": counter.absence(), "before": before, "large": large, "after": after,
        "small": small, "resident": counter.read().resident, "mallinfo": counter.read().arena,
    })
}

/// The counter after each of 1000 rounds of malloc and free without a leak, with a new mix of sizes in each round.
fn rounds(counter: &LiveCounter) -> Value {
    let mut series = [0u64; 1000];
    let mut random = 1u32;
    for round in &mut series {
        let blocks: [_; 64] = std::array::from_fn(|_| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            allocate(16 + (random >> 16) as usize % 1000)
        });
        blocks.into_iter().for_each(free);
        *round = counter.read().live.unwrap_or(0);
    }
    let steady = &series[1..];
    let changes = steady.windows(2).filter(|pair| pair[0] != pair[1]).count();
    json!({ "kind": counter.kind(), "first": series[0], "last": series[999], "changes": changes })
}

fn assert_tracks(seen: &Value, kind: &str, slack: i64) {
    const MEBIBYTE: i64 = 1 << 20;
    assert_eq!(seen["kind"], kind, "{seen}");
    let [before, large, after, small] = ["before", "large", "after", "small"].map(|key| seen[key].as_i64().unwrap());
    assert!((MEBIBYTE..MEBIBYTE + slack).contains(&(large - before)), "{seen}");
    assert!((after - before).abs() < slack, "{seen}");
    assert!((MEBIBYTE - slack..MEBIBYTE + MEBIBYTE / 4).contains(&(small - after)), "{seen}");
}

#[test]
fn embedded_allocators_own_malloc_and_count_it() {
    for (allocator, name, version, kind) in [
        (Allocator::Jemalloc, AllocatorName::Jemalloc, "5.", "noisy"),
        (Allocator::Mimalloc, AllocatorName::Mimalloc, "3.", "tcache"),
    ] {
        let arm = arm(allocator);
        let environment = prepared(&arm);
        let found = in_force_under(&environment, &[]);
        assert_eq!(found.matches(&environment.expected, &arm), Ok(()));
        assert_eq!(found.allocator, name);
        assert_eq!(environment.expected, ExpectedOwner::File(found.object.clone()));
        assert!(found.version.as_deref().unwrap().starts_with(version), "{found:?}");
        let seen = run_child("live", &environment, &[]);
        assert_tracks(&seen, kind, 65_536);
        assert!(seen["mallinfo"].is_null(), "mallinfo2 of glibc is not used under {name}");
        assert_eq!(run_child("trim", &environment, &[]), json!(false));
    }
}

#[test]
fn mimalloc_is_exact_with_one_thread() {
    let seen = run_child("rounds", &prepared(&arm(Allocator::Mimalloc)), &[]);
    assert_eq!(seen["changes"], 0, "{seen}");
}

#[test]
fn a_counter_that_does_not_move_is_no_counter() {
    let seen = run_child("fooled", &prepared(&arm(Allocator::Jemalloc)), &[]);
    assert!(seen["kind"].is_null() && seen["live"].is_null(), "{seen}");
    assert!(seen["absence"].as_str().unwrap().contains("does not move"), "{seen}");

    let unknown = InForce { allocator: AllocatorName::Other, ..in_force() };
    let counter = LiveCounter::detect(&unknown);
    assert_eq!((counter.kind(), counter.read()), (None, LiveReading::default()));
}

#[test]
fn glibc_counts_and_trims() {
    let arm = arm(Allocator::Glibc);
    let environment = prepared(&arm);
    let found = in_force_under(&environment, &[]);
    assert_eq!(found.matches(&environment.expected, &arm), Ok(()));
    assert_eq!((found.allocator, found.tcache), (AllocatorName::Glibc, Some(true)));
    assert_tracks(&run_child("live", &environment, &[]), "tcache", 65_536);
    assert_eq!(run_child("trim", &environment, &[]), json!(true));
}

#[test]
fn without_tcache_glibc_is_flat_to_the_byte_where_the_default_drifts() {
    let default = run_child("rounds", &prepared(&arm(Allocator::Glibc)), &[]);
    assert_eq!(default["kind"], "tcache");
    assert!(default["last"].as_u64() > default["first"].as_u64(), "{default}");

    let probe = with_tunables(&[("glibc.malloc.tcache_count", "0")]);
    let environment = prepared(&probe);
    let found = in_force_under(&environment, &[]);
    assert_eq!(found.matches(&environment.expected, &probe), Ok(()));
    assert_eq!(found.tcache, Some(false));
    let exact = run_child("rounds", &environment, &[]);
    assert_eq!((&exact["kind"], &exact["first"]), (&json!("exact"), &exact["last"]), "{exact}");
    assert_eq!(exact["changes"], 0);
}

#[test]
fn without_tcache_jemalloc_is_flat_to_the_byte() {
    let probe = with_environment(Allocator::Jemalloc, "MALLOC_CONF", "tcache:false,dirty_decay_ms:1000");
    let environment = prepared(&probe);
    let found = in_force_under(&environment, &[]);
    assert_eq!(found.matches(&environment.expected, &probe), Ok(()));
    assert_eq!((found.options["tcache"].as_str(), found.options["dirty_decay_ms"].as_str()), ("false", "1000"));
    let exact = run_child("rounds", &environment, &[]);
    assert_eq!((&exact["kind"], &exact["changes"]), (&json!("exact"), &json!(0)), "{exact}");

    let other = with_environment(Allocator::Jemalloc, "MALLOC_CONF", "tcache:true");
    assert!(found.matches(&environment.expected, &other).unwrap_err().contains("jemalloc has false"));
}

#[test]
fn tcmalloc_counts_where_the_system_has_it() {
    let arm = arm(Allocator::Tcmalloc);
    let environment = match prepare(&arm, CACHE.path()) {
        Ok(environment) => environment,
        Err(ArmError::Unavailable { remedy, .. }) => return assert!(remedy.contains("libtcmalloc-minimal4")),
        Err(other) => panic!("{other}"),
    };
    let found = in_force_under(&environment, &[]);
    assert_eq!(found.matches(&environment.expected, &arm), Ok(()));
    assert!(found.version.is_some());
    let seen = run_child("live", &environment, &[]);
    assert_tracks(&seen, "exact", 65_536);
    assert!(seen["resident"].as_u64() > seen["before"].as_u64());
    assert_eq!(run_child("rounds", &environment, &[])["changes"], 0);
}

#[test]
fn a_library_that_is_no_allocator_is_a_mismatch() {
    // libm lies beside the C library everywhere.
    let c_library = symbols::owner_of(c"malloc").unwrap();
    let arm = arm(Allocator::Library(c_library.with_file_name("libm.so.6")));
    let environment = prepared(&arm);
    let difference = in_force_under(&environment, &[]).matches(&environment.expected, &arm).unwrap_err();
    assert!(difference.contains("malloc is owned by") && difference.contains("libm.so.6"), "{difference}");
}

#[test]
fn a_library_by_path_can_be_an_allocator_of_a_known_kind() {
    let ExpectedOwner::File(path) = prepared(&arm(Allocator::Jemalloc)).expected else { panic!("jemalloc is a file") };
    let named = CACHE.path().join("libanother.so");
    std::fs::copy(path, &named).unwrap();
    let arm = parse(named.to_str().unwrap()).unwrap().unwrap();
    assert_eq!(arm.name, "libanother");
    let environment = prepared(&arm);
    let found = in_force_under(&environment, &[]);
    assert_eq!(found.matches(&environment.expected, &arm), Ok(()));
    assert_eq!(found.allocator, AllocatorName::Jemalloc);
}

#[test]
fn an_arm_under_another_allocator_than_asked_for_is_a_mismatch() {
    let glibc = arm(Allocator::Glibc);
    let jemalloc = prepared(&arm(Allocator::Jemalloc));
    let found = in_force_under(&jemalloc, &[]);
    assert!(found.matches(&ExpectedOwner::CLibrary, &glibc).unwrap_err().contains("not by glibc"));
    assert!(found.matches(&jemalloc.expected, &arm(Allocator::Mimalloc)).unwrap_err().contains("not mimalloc"));
}

#[test]
fn a_tunable_that_is_lost_on_the_way_is_a_mismatch() {
    let probe = with_tunables(&[("glibc.malloc.tcache_count", "0"), ("glibc.malloc.arena_max", "2")]);
    let environment = prepared(&probe);
    let found = in_force_under(&environment, &[("GLIBC_TUNABLES", "glibc.malloc.arena_max=3")]);
    assert!(found.matches(&environment.expected, &probe).unwrap_err().contains("arena_max=2"));
    let found = in_force_under(&environment, &[("GLIBC_TUNABLES", "glibc.malloc.arena_max=2")]);
    let difference = found.matches(&environment.expected, &probe).unwrap_err();
    assert!(difference.contains("thread cache"), "0 is also the value of an unset tunable: {difference}");
}

#[test]
fn old_names_of_tunables_are_checked_too() {
    let old = with_environment(Allocator::Glibc, "MALLOC_MMAP_THRESHOLD_", "65536");
    let environment = prepared(&old);
    assert_eq!(in_force_under(&environment, &[]).tunables["glibc.malloc.mmap_threshold"], "0x10000");
    let lost = in_force_under(&environment, &[("MALLOC_MMAP_THRESHOLD_", "1")]);
    assert!(lost.matches(&environment.expected, &old).is_err());
    let typo = with_environment(Allocator::Glibc, "MALLOC_MMAP_THRESHOLD", "65536");
    assert!(refusal(&typo).contains("did you mean `MALLOC_MMAP_THRESHOLD_`"));
}

#[test]
fn inherited_settings_do_not_reach_the_child() {
    let inherited =
        [("MALLOC_ARENA_MAX", "7"), ("LD_PRELOAD", "libm.so.6"), ("GLIBC_TUNABLES", "glibc.malloc.mxfast=0")];
    let said = run_child("prepare", &prepared(&arm(Allocator::Glibc)), &inherited);
    let mut removed: Vec<String> = serde_json::from_value(said["removed"].clone()).unwrap();
    removed.sort();
    assert_eq!(removed, ["GLIBC_TUNABLES", "LD_PRELOAD", "MALLOC_ARENA_MAX"]);
    // What a child of that child would see of it.
    assert_eq!(said["seen"], json!(["KEPT=1"]));
}

/// Prepares an arm in a process with settings of its own, and lists what is left of them in a child of it.
fn prepare_here() -> Value {
    let environment = prepared(&arm(Allocator::Glibc));
    let mut command = Command::new("env");
    command.env("KEPT", "1");
    environment.apply(&mut command);
    let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let starts = ["KEPT", "LD_PRELOAD", "MALLOC_", "GLIBC_TUNABLES"];
    let seen: Vec<_> = text.lines().filter(|line| starts.iter().any(|start| line.starts_with(start))).collect();
    json!({ "removed": environment.removed, "seen": seen })
}

#[test]
fn settings_that_would_be_ignored_are_refused() {
    assert!(
        refusal(&with_tunables(&[("glibc.malloc.arenas_max", "2")])).contains("did you mean `glibc.malloc.arena_max`")
    );
    assert!(refusal(&with_tunables(&[("glibc.malloc.arena_max", "0")])).contains("outside"));
    assert!(refusal(&with_tunables(&[("glibc.malloc.mmap_threshold", "64k")])).contains("plain number"));
    assert!(refusal(&with_tunables(&[("glibc.malloc.arena_max", "2:x=1")])).contains("GLIBC_TUNABLES"));
    let conf = with_environment(Allocator::Jemalloc, "MALLOC_CONF", "tcach:false");
    assert!(refusal(&conf).contains("Invalid conf pair"), "{}", refusal(&conf));
    assert!(refusal(&with_environment(Allocator::Glibc, "MALLOC_CONF", "tcache:false")).contains("does not read"));
    assert!(refusal(&with_environment(Allocator::Mimalloc, "MALLOC_ARENA_MAX", "1")).contains("does not read"));
    assert!(refusal(&with_environment(Allocator::Glibc, "LD_PRELOAD", "x.so")).contains("allocator"));
    let mut trimmed = arm(Allocator::Jemalloc);
    trimmed.trim_every = Some(5);
    assert!(refusal(&trimmed).contains("malloc_trim"));
}

#[test]
fn a_library_that_does_not_exist_is_unavailable() {
    let error = prepare(&arm(Allocator::Library("/no/such/liballoc.so".into())), CACHE.path()).unwrap_err();
    assert!(matches!(&error, ArmError::Unavailable { .. }), "{error:?}");
    assert!(error.to_string().contains("/no/such/liballoc.so"), "{error}");
}

#[test]
fn a_cache_that_cannot_be_preloaded_from_is_refused() {
    let cache = CACHE.path().join("with space");
    let error = prepare(&arm(Allocator::Jemalloc), &cache).unwrap_err();
    assert!(error.to_string().contains("contains a space"), "{error}");
}

#[test]
fn embedded_libraries_export_what_is_needed() {
    let symbols = |allocator, name: &str| {
        let ExpectedOwner::File(path) = prepared(&arm(allocator)).expected else { panic!("{name} is a file") };
        let nm = Command::new("nm").args(["-D", "--defined-only"]).arg(path).output();
        // binutils come with every C compiler, which the build has just used.
        String::from_utf8(nm.unwrap().stdout).unwrap()
    };
    let exports = |text: &str, name: &str| text.lines().any(|line| line.split_whitespace().nth(2) == Some(name));
    let jemalloc = symbols(Allocator::Jemalloc, "jemalloc");
    let mimalloc = symbols(Allocator::Mimalloc, "mimalloc");
    for name in ["malloc", "free", "calloc", "realloc", "posix_memalign", "aligned_alloc", "malloc_usable_size"] {
        assert!(exports(&jemalloc, name), "jemalloc does not export {name}");
        assert!(exports(&mimalloc, name), "mimalloc does not export {name}");
    }
    for name in ["mallctl", "mallctlnametomib", "mallctlbymib", "malloc_stats_print"] {
        assert!(exports(&jemalloc, name), "jemalloc does not export {name}");
    }
    for name in ["mi_version", "mi_heap_visit_blocks", "_Znwm"] {
        assert!(exports(&mimalloc, name), "mimalloc does not export {name}");
    }
}

/// The jemalloc of a debug build must be the one of a release build: without optimisation it is seven times as large
/// and slower than any user's.
#[test]
fn embedded_libraries_are_optimised() {
    for allocator in [Allocator::Jemalloc, Allocator::Mimalloc] {
        let ExpectedOwner::File(path) = prepared(&arm(allocator)).expected else { panic!("it is a file") };
        let size = std::fs::metadata(&path).unwrap().len();
        let remedy = "Cargo.toml needs [profile.dev.package.tikv-jemalloc-sys] opt-level = 3";
        assert!(size < 2 << 20, "{} has {size} bytes: {remedy}", path.display());
    }
}

#[test]
fn this_process_stays_on_the_c_library() {
    assert_eq!(in_force::recognise(), AllocatorName::Glibc);
    assert!(symbols::find(c"mallctl").is_none(), "jemalloc is linked into the binary");
    assert!(symbols::find(c"mi_malloc").is_none(), "mimalloc is linked into the binary");
}

#[test]
fn the_survey_lists_what_arms_can_name() {
    let survey = survey();
    let names = survey.allocators.iter().map(|allocator| allocator.name.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["glibc", "jemalloc", "mimalloc", "tcmalloc"]);
    assert_eq!(survey.allocators[1].offer, Offer::Embedded);
    assert!(survey.allocators[1].version.as_deref().unwrap().starts_with("5."));
    assert!(survey.dynamic_linker.unwrap().exists());
    assert!(survey.tunables_absent.is_some() || survey.tunables.iter().any(|t| t.name == "glibc.malloc.arena_max"));
}

#[test]
fn what_is_in_force_travels_as_json() {
    let found = in_force();
    let text = serde_json::to_string(&found).unwrap();
    assert!(text.contains(r#""allocator":"glibc""#), "{text}");
    assert_eq!(serde_json::from_str::<InForce>(&text).unwrap(), found);
}
