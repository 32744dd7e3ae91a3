//! Forks and threads that are refused, and libraries that forbid a fork.
#![expect(unsafe_code, reason = "system calls are refused by a filter, and files are mapped")]

use std::fs::{self, File};
use std::thread;

use highwater::sample::{CoreError, CoreReading};
use memmap2::Mmap;
use nix::errno::Errno;

use crate::{LIMIT, alone, probe};

/// What a probe finds in a thread for which `system_call` fails with `errno`. The filter ends with its thread, and forked
/// children inherit it.
fn read_without(system_call: i64, errno: Errno) -> Result<CoreReading, CoreError> {
    let refused = move || {
        let step = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
        let mut steps = [
            step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
            step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, system_call as u32),
            step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | errno as u32),
            step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
        ];
        let filter = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
        let mut probe = probe(LIMIT);
        // SAFETY: the filter is copied by the kernel during the call, and its first step loads the number of the call.
        unsafe {
            assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
            assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter), 0);
        }
        probe.read()
    };
    thread::scope(|scope| scope.spawn(refused).join().unwrap())
}

#[test]
fn a_fork_that_the_kernel_refuses_is_told_with_its_reason() {
    let _alone = alone();
    let error = read_without(libc::SYS_clone, Errno::ENOMEM).unwrap_err();
    assert!(matches!(error, CoreError::Fork { errno: Errno::ENOMEM, .. }), "{error:?}");
}

#[test]
fn a_pipe_that_cannot_be_made_is_told_with_its_reason() {
    let _alone = alone();
    assert_eq!(read_without(libc::SYS_pipe2, Errno::EMFILE), Err(CoreError::Pipe(Errno::EMFILE)));
}

/// The child opens its own files of `/proc`.
#[test]
fn a_child_that_cannot_read_its_levels_has_no_reading() {
    let _alone = alone();
    assert_eq!(read_without(libc::SYS_openat, Errno::EACCES), Err(CoreError::Unreadable));
}

/// Without a thread for each arena some memory that is free would count as what remains.
#[test]
fn without_threads_there_is_no_half_a_reading() {
    let _alone = alone();
    assert_eq!(read_without(libc::SYS_clone3, Errno::EAGAIN), Err(CoreError::Incomplete));
}

#[test]
fn libraries_that_matter_to_a_fork_are_recognised_while_they_are_mapped() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let mapped = |name: &str| {
        let path = folder.path().join(name);
        fs::write(&path, [0; 4096]).unwrap();
        // SAFETY: the file belongs to this test and does not change.
        unsafe { Mmap::map(&File::open(path).unwrap()) }.unwrap()
    };
    let mut probe = probe(LIMIT);
    let cuda = mapped("libcuda.so.1");
    let error = probe.read().unwrap_err();
    assert!(matches!(error, CoreError::Forbidden(library) if library.contains("CUDA")), "{error:?}");
    drop(cuda);
    let openblas = mapped("libopenblas.so.0");
    assert!(probe.read().is_ok());
    assert_eq!(probe.disturbed(), Some("OpenBLAS"));
    drop(openblas);
    assert!(probe.read().is_ok());
    assert_eq!(probe.disturbed(), None);
}
