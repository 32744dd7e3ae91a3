//! `fault = { kind = "leak", bytes = 64 }`: planted faults, with sizes in any unit and checks that name the key.

use serde::Deserialize;
use toml::Spanned;

use super::error::{alternatives, hint};
use super::fault::{Fault, Schedule};
use super::source::Flaw;
use super::value::{Size, Text, Whole};

/// Kinds of faults, the keys that each needs and those that it takes besides.
const KINDS: [(&str, &[&str], &[&str]); 21] = [
    ("leak", &["bytes"], &["every", "from", "until"]),
    ("decelerate", &["bytes"], &[]),
    ("pin", &["bytes"], &["pins"]),
    ("arenas", &["threads", "bytes"], &[]),
    ("rounding", &["blocks"], &[]),
    ("anonymous-mapping", &["bytes"], &["every", "from", "until", "noise"]),
    ("saturate", &["bytes", "time_constant"], &[]),
    ("file-mapping", &["bytes"], &[]),
    ("thread", &[], &["every"]),
    ("descriptor", &[], &["every"]),
    ("noise", &["bytes"], &[]),
    ("peak", &["bytes"], &[]),
    ("crash", &["at"], &[]),
    ("abort", &["at"], &[]),
    ("exit", &["at", "code"], &[]),
    ("hang", &["at"], &[]),
    ("out-of-memory", &["at"], &[]),
    ("garbage", &["at"], &[]),
    ("truncate", &["at"], &[]),
    ("hang-in-fork", &[], &[]),
    ("abort-at-fork", &[], &[]),
];

/// Pins alive at once, unless said otherwise: more than any suite's iterations, so that the creep does not end with the run.
const DEFAULT_PINS: u64 = 4000;

/// Threads at most of the fault `arenas`: glibc makes no more than eight arenas a processor.
const MAX_ARENAS: u64 = 64;

/// A workload's `fault` table. Flat, where [`Fault`] is an enum: serde would buffer a tagged enum and lose positions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultFile {
    kind: Option<Spanned<Text>>,
    bytes: Option<Spanned<Size>>,
    every: Option<Spanned<Whole<1, { u64::MAX }>>>,
    from: Option<Spanned<Whole<1, { u64::MAX }>>>,
    until: Option<Spanned<Whole<1, { u64::MAX }>>>,
    pins: Option<Spanned<Whole<1, 1_000_000>>>,
    blocks: Option<Spanned<Whole<1, 1_000_000>>>,
    noise: Option<Spanned<Size>>,
    time_constant: Option<Spanned<Whole<1, { u64::MAX }>>>,
    threads: Option<Spanned<Whole<1, MAX_ARENAS>>>,
    at: Option<Spanned<Whole<1, { u64::MAX }>>>,
    code: Option<Spanned<Whole<0, 255>>>,
}

/// A key with its place and value, where it is given.
type Given = (&'static str, Option<(usize, u64)>);

impl FaultFile {
    /// The fault that the table at `offset` means.
    pub fn into_fault(self, offset: usize) -> Result<Fault, Flaw> {
        let Some(kind) = &self.kind else {
            return Err(Flaw::new(offset, "kind", format!("missing; use {}", alternatives(&KINDS.map(|kind| kind.0)))));
        };
        let name = kind.get_ref().0.as_str();
        let Some((_, needed, optional)) = KINDS.iter().find(|known| known.0 == name) else {
            let problem = format!("unknown fault `{name}`{}", hint(name, KINDS.map(|known| known.0)));
            return Err(Flaw::new(kind.span().start, "kind", problem));
        };
        let given = self.given();
        for (key, value) in given {
            match value {
                Some((place, _)) if !needed.contains(&key) && !optional.contains(&key) => {
                    return Err(Flaw::new(place, key, format!("the fault `{name}` has no such key")));
                }
                None if needed.contains(&key) => {
                    return Err(Flaw::new(offset, key, format!("missing: the fault `{name}` needs it")));
                }
                _ => {}
            }
        }
        if let (Some(from), Some(until)) = (&self.from, &self.until)
            && until.get_ref().0 < from.get_ref().0
        {
            let (from, last) = (from.get_ref().0, until.get_ref().0);
            let problem = format!("iteration {last} is before the first one that loses, {from}");
            return Err(Flaw::new(until.span().start, "until", problem));
        }
        Ok(build(name, &given))
    }

    fn given(&self) -> [Given; 11] {
        let size = |size: &Option<Spanned<Size>>| size.as_ref().map(|size| (size.span().start, size.get_ref().0));
        [
            ("bytes", size(&self.bytes)),
            ("noise", size(&self.noise)),
            ("every", given(&self.every)),
            ("from", given(&self.from)),
            ("until", given(&self.until)),
            ("pins", given(&self.pins)),
            ("blocks", given(&self.blocks)),
            ("time_constant", given(&self.time_constant)),
            ("threads", given(&self.threads)),
            ("at", given(&self.at)),
            ("code", given(&self.code)),
        ]
    }
}

fn given<const MIN: u64, const MAX: u64>(value: &Option<Spanned<Whole<MIN, MAX>>>) -> Option<(usize, u64)> {
    value.as_ref().map(|value| (value.span().start, value.get_ref().0))
}

/// The fault of a kind that is known and whose needed keys are all there.
fn build(kind: &str, given: &[Given]) -> Fault {
    let find = |key: &str| given.iter().find(|(known, _)| *known == key).and_then(|(_, value)| *value);
    let value = |key: &str, default: u64| find(key).map_or(default, |(_, value)| value);
    let optional = |key: &str| find(key).map(|(_, value)| value);
    let (bytes, at, every) = (value("bytes", 1), value("at", 1), value("every", 1));
    let when = Schedule { every, from: value("from", 1), until: optional("until") };
    match kind {
        "leak" => Fault::Leak { bytes, when },
        "decelerate" => Fault::Decelerate { bytes },
        "pin" => Fault::Pin { bytes, pins: value("pins", DEFAULT_PINS) },
        "arenas" => Fault::Arenas { threads: value("threads", 1), bytes },
        "rounding" => Fault::Rounding { blocks: value("blocks", 1) },
        "anonymous-mapping" => Fault::AnonymousMapping { bytes, when, noise: optional("noise") },
        "saturate" => Fault::Saturate { bytes, time_constant: value("time_constant", 1) },
        "file-mapping" => Fault::FileMapping { bytes },
        "thread" => Fault::Thread { every },
        "descriptor" => Fault::Descriptor { every },
        "noise" => Fault::Noise { bytes },
        "peak" => Fault::Peak { bytes },
        "crash" => Fault::Crash { at },
        "abort" => Fault::Abort { at },
        // Exit codes are bounded by 255.
        "exit" => Fault::Exit { at, code: value("code", 1) as i32 },
        "hang" => Fault::Hang { at },
        "out-of-memory" => Fault::OutOfMemory { at },
        "garbage" => Fault::Garbage { at },
        "truncate" => Fault::Truncate { at },
        "hang-in-fork" => Fault::HangInFork,
        _ => Fault::AbortAtFork,
    }
}
