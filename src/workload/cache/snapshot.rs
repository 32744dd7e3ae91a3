//! Memory at one moment, and what has changed since.

use serde::{Deserialize, Serialize};

/// Memory at one moment, in bytes. What the kernel or the allocator in force does not tell is absent: glibc's fields are those
/// of a heap that nobody uses under another allocator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Anonymous resident memory (RssAnon).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rss_anon: Option<u64>,
    /// Resident pages of mapped files (RssFile).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rss_file: Option<u64>,
    /// Bytes in use as the allocator in force counts them; glibc: `uordblks + hblkhd`, InvokeAI's "total used".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<u64>,
    /// glibc's `arena`: bytes of all heaps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arena: Option<u64>,
    /// glibc's `hblkhd`: bytes in mappings of their own, a part of `used`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapped: Option<u64>,
    /// glibc's `fordblks`: free bytes in heaps, InvokeAI's "arena free". It does not fall when their pages are given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free: Option<u64>,
    /// glibc's `keepcost`: the free bytes at the top of the main heap, which it can give back by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top: Option<u64>,
}

impl Snapshot {
    /// What has changed since `before`.
    pub(super) fn since(&self, before: &Snapshot) -> Difference {
        Difference {
            rss_anon: change(before.rss_anon, self.rss_anon),
            used: change(before.used, self.used),
            free: change(before.free, self.free),
        }
    }
}

/// What changed between two snapshots, in bytes; negative where it fell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// Of anonymous resident memory.
    pub(super) rss_anon: Option<i64>,
    /// Of the bytes in use.
    pub(super) used: Option<i64>,
    /// Of the free bytes in glibc's heaps.
    pub(super) free: Option<i64>,
}

impl Difference {
    /// The bytes that loading a model took: of those in use where the allocator counts them, otherwise of resident memory.
    pub(super) fn taken(&self) -> Option<u64> {
        self.used.or(self.rss_anon).map(|growth| u64::try_from(growth).unwrap_or(0))
    }
}

/// What changed from `before` to `after`. Saturates where a counter lies beyond 2⁶³, which no memory does.
pub(super) fn change(before: Option<u64>, after: Option<u64>) -> Option<i64> {
    let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    Some(signed(after?).saturating_sub(signed(before?)))
}
