//! A lock that an allocator can take: it allocates nothing, never poisons, and is held for a few dozen instructions while
//! blocks are served. Where the pool learns, plans or gives memory back it is held longer, at the end of a step.
#![expect(unsafe_code, reason = "a lock hands out what it guards")]

use std::cell::UnsafeCell;
use std::hint::spin_loop;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::yield_now;

/// Attempts before the processor is offered to others: with more threads than cores the holder may not be running.
const ATTEMPTS: u32 = 64;

/// A value that one thread at a time may use.
pub(super) struct SpinLock<T> {
    is_taken: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached through a guard only, and there is at most one guard.
unsafe impl<T: Send> Sync for SpinLock<T> {}

impl<T> SpinLock<T> {
    /// A lock around `value`.
    pub(super) const fn new(value: T) -> SpinLock<T> {
        SpinLock { is_taken: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    /// Waits until no other thread uses the value.
    pub(super) fn lock(&self) -> Guard<'_, T> {
        let mut attempts = 0;
        loop {
            if let Some(guard) = self.try_lock() {
                return guard;
            }
            attempts += 1;
            if attempts % ATTEMPTS == 0 { yield_now() } else { spin_loop() }
        }
    }

    /// The value, unless another thread uses it: after a fork that may be a thread which is no more.
    pub(super) fn try_lock(&self) -> Option<Guard<'_, T>> {
        let taken = self.is_taken.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed);
        // Lazily: a guard that is made and dropped would open the lock of another.
        taken.is_ok().then(|| Guard { lock: self })
    }
}

/// The value, until this is dropped.
pub(super) struct Guard<'a, T> {
    lock: &'a SpinLock<T>,
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this guard is the only one.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this guard is the only one, and it is borrowed for as long as the reference.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        self.lock.is_taken.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thread_at_a_time() {
        // Both halves must be changed together; in between others run.
        let pair = SpinLock::new((0u64, 0u64));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..5000 {
                        let mut pair = pair.lock();
                        let first = pair.0;
                        yield_now();
                        *pair = (first + 1, pair.1 + 1);
                    }
                });
            }
        });
        let held = pair.lock();
        assert_eq!(*held, (20_000, 20_000));
        assert!(pair.try_lock().is_none());
        assert!(pair.try_lock().is_none(), "a refusal opens nothing");
    }
}
