//! A read that comes too late: found where it was asked for, harmless elsewhere.

use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

use super::*;

/// What becomes of a child process that reads a byte at `address`: its exit code is that byte.
#[expect(unsafe_code, reason = "a stale read on purpose")]
fn read_in_child(address: usize) -> WaitStatus {
    // SAFETY: the child calls nothing but what is allowed between `fork` and `exec`: it reads, and ends.
    match unsafe { fork() }.unwrap() {
        ForkResult::Parent { child } => waitpid(child, None).unwrap(),
        ForkResult::Child => {
            let limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
            // SAFETY: no memory dump is wanted of a death that is expected; then the read in question, and the end.
            unsafe {
                libc::setrlimit(libc::RLIMIT_CORE, &limit);
                libc::signal(libc::SIGSEGV, libc::SIG_DFL);
                let byte = std::ptr::with_exposed_provenance::<u8>(address).read_volatile();
                libc::_exit(i32::from(byte))
            }
        }
    }
}

fn is_found(status: WaitStatus) -> bool {
    match status {
        WaitStatus::Signaled(_, Signal::SIGSEGV, _) => true,
        WaitStatus::Exited(_, 77) => false,
        other => panic!("{other:?}"),
    }
}

#[test]
fn stale_reads_are_found_in_strict_mode_only() {
    let mut data = bytes(pages(8) as usize);
    data[pages(2) as usize] = 77;
    let planted = Planted::new()
        .external("kept", 0..pages(1))
        .external("packed", pages(1)..pages(4))
        .external("other", pages(4)..pages(8))
        .write(&data);
    for strategy in [WeightsStrategy::Map, WeightsStrategy::MapTensor] {
        for release in [Release::Dontneed, Release::Pageout, Release::Unmap] {
            for release_when in [ReleaseWhen::End, ReleaseWhen::Tensor] {
                for strict in [false, true] {
                    if strategy == WeightsStrategy::MapTensor && release == Release::Unmap {
                        // Nothing holds the place: somebody else may be there already.
                        continue;
                    }
                    let options = Weights { strict, ..options(strategy, release, release_when) };
                    let mut store = planted.load(options).unwrap().store;
                    let [kept, packed] = ["kept", "packed"].map(|name| store.find(name).unwrap());
                    store.announce(kept, 0, true).unwrap();
                    store.announce(packed, 2, false).unwrap();
                    let (first, second) = (store.take(packed).unwrap(), store.take(packed).unwrap());
                    let address = first.bytes().as_ptr().expose_provenance() + pages(1) as usize;
                    drop(first);
                    assert!(!is_found(read_in_child(address)), "one still has it");
                    drop(second);
                    store.finish().unwrap();
                    let expected = strict || release == Release::Unmap;
                    assert_eq!(is_found(read_in_child(address)), expected, "{strategy:?} {release:?} {release_when:?}");
                    assert_eq!(store.kept(kept).unwrap(), &data[..pages(1) as usize]);
                }
            }
        }
    }
}
