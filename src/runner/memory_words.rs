//! The words in which programs, runtimes and libraries say that memory is not to be had.

/// Rust, C++, C and Python; the engine `embedded`, rten and onert, OpenVINO; the loader of shared libraries.
const WORDS: [&str; 8] = [
    "memory allocation of",
    "std::bad_alloc",
    "Cannot allocate memory",
    "MemoryError",
    "bytes of memory cannot be had",
    "out of memory",
    "can't alloc",
    "failed to map segment",
];

/// What a loader adds where a folder's programs must not be executed, which is not for want of memory.
const FORBIDDEN: &str = "Operation not permitted";

/// Whether `text` says that memory is not to be had.
pub(super) fn speak_in(text: &str) -> bool {
    WORDS.iter().any(|words| text.contains(words)) && !text.contains(FORBIDDEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the runtimes said where their address space was limited.
    #[test]
    fn what_runtimes_say_without_memory_is_understood() {
        for text in [
            "cannot prepare the model: 9437184 bytes of memory cannot be had",
            "onnxruntime: std::bad_alloc",
            "libopenvino.so: failed to map segment from shared object",
            "map: Cannot allocate memory (os error 12)",
        ] {
            assert!(speak_in(text), "{text}");
        }
        for text in [
            "no such operator",
            "it has no memory of its own",
            "libopenvino.so: failed to map segment from shared object: Operation not permitted",
        ] {
            assert!(!speak_in(text), "{text}");
        }
    }
}
