//! The C functions of a library that is loaded at run time, as a struct of function pointers.
//!
//! A library stays in the process once it is loaded: runtimes start threads and register destructors in it, and what is
//! measured is the runtime, not the dynamic linker.

use std::mem::ManuallyDrop;
use std::path::Path;

use libloading::Library;

use super::RuntimeError;
use super::library::REMEDY;

/// Declares a struct of C functions, and its constructor `load(engine, path)`, which loads the library at `path` and looks
/// all of them up. A library that does not load or lacks one of them is [`RuntimeError::Unusable`], in words that name the
/// library, the function and the remedy. Arguments are written as in the header of the library; `...` may be the last.
///
/// ```ignore
/// functions! {
///     /// What is used of the C library.
///     struct Functions {
///         /// Length of a text in bytes, without the zero at its end.
///         "strlen" => fn length(text: *const c_char) -> usize;
///         /// Frees a block.
///         "free" => fn free(block: *mut c_void);
///     }
/// }
/// ```
macro_rules! functions {
    (
        $(#[$about:meta])*
        struct $name:ident {
            $( $(#[$meaning:meta])* $symbol:literal => fn $field:ident($($arguments:tt)*) $(-> $result:ty)?; )+
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy)]
        pub(super) struct $name {
            $( $(#[$meaning])* pub(super) $field: unsafe extern "C" fn($($arguments)*) $(-> $result)?, )+
        }

        impl $name {
            /// The functions of the library at `path`, which stays loaded; `engine` is named in errors.
            #[expect(unsafe_code, reason = "what a symbol is, the header tells and the compiler cannot see")]
            pub(super) fn load(
                engine: &'static str,
                path: &std::path::Path,
            ) -> Result<Self, $crate::runtime::RuntimeError> {
                let library = $crate::runtime::functions::Opened::open(engine, path)?;
                Ok($name {
                    // SAFETY: each type is a function pointer, declared as the header of the library declares its symbol.
                    $( $field: unsafe { library.function($symbol) }?, )+
                })
            }
        }
    };
}

pub(super) use functions;

/// A library that is loaded, and stays loaded when this is dropped.
pub(super) struct Opened<'a> {
    engine: &'static str,
    path: &'a Path,
    library: ManuallyDrop<Library>,
}

impl<'a> Opened<'a> {
    /// Loads the library at `path` and what it depends on.
    #[expect(unsafe_code, reason = "a library runs code of its own when it is loaded")]
    pub(super) fn open(engine: &'static str, path: &'a Path) -> Result<Self, RuntimeError> {
        // SAFETY: the initialisers are those of the runtime that the user asks for; they run in a child whose death is a row
        // of the report.
        match unsafe { Library::new(path) } {
            Ok(library) => Ok(Opened { engine, path, library: ManuallyDrop::new(library) }),
            Err(error) => {
                let message = format!("{} does not load ({}); {REMEDY}", path.display(), linker_words(&error));
                Err(RuntimeError::Unusable { engine, message })
            }
        }
    }

    /// The function that the library calls `symbol`.
    ///
    /// # Safety
    /// `F` is a function pointer of the type that the library gives `symbol`.
    #[expect(unsafe_code, reason = "what a symbol is, the header tells and the compiler cannot see")]
    pub(super) unsafe fn function<F: Copy>(&self, symbol: &str) -> Result<F, RuntimeError> {
        // SAFETY: the caller gives the type; the library is never unloaded, so the pointer stays valid.
        match unsafe { self.library.get::<F>(symbol) } {
            Ok(function) => Ok(*function),
            Err(_) => {
                let path = self.path.display();
                let message =
                    format!("{path} has no function `{symbol}`, so it is another library or version; {REMEDY}");
                Err(RuntimeError::Unusable { engine: self.engine, message })
            }
        }
    }
}

/// What the dynamic linker says, which names what is missing.
fn linker_words(error: &libloading::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use std::ffi::{c_char, c_int};

    use super::*;

    functions! {
        /// Part of the C library's interface.
        struct Text {
            /// Length in bytes, without the zero at the end.
            "strlen" => fn length(text: *const c_char) -> usize;
            /// Writes at most `room` bytes of formatted text.
            "snprintf" => fn format(buffer: *mut c_char, room: usize, format: *const c_char, ...) -> c_int;
        }
    }

    functions! {
        /// A function that the C library does not have.
        struct Missing {
            /// One that it has.
            "strlen" => fn length(text: *const c_char) -> usize;
            /// One that it has not.
            "highwater_no_such_function" => fn missing();
        }
    }

    const LIBRARY: &str = "libc.so.6";

    fn message(error: &RuntimeError) -> String {
        assert!(error.is_incompatible(), "{error}");
        error.to_string()
    }

    #[test]
    #[expect(unsafe_code, reason = "C functions are called")]
    fn what_is_declared_can_be_called() {
        let text = Text::load("test", Path::new(LIBRARY)).unwrap();
        let mut buffer = [0 as c_char; 16];
        // SAFETY: the buffer is as large as is said, the format takes one integer, and what is written ends with a zero.
        let length = unsafe {
            (text.format)(buffer.as_mut_ptr(), buffer.len(), c"<%d>".as_ptr(), 1234 as c_int);
            (text.length)(buffer.as_ptr())
        };
        assert_eq!(length, 6);
    }

    #[test]
    fn a_function_that_is_missing_is_named_with_the_library_and_the_remedy() {
        let loaded = Missing::load("test", Path::new(LIBRARY)).map(|functions| (functions.length, functions.missing));
        let message = message(&loaded.unwrap_err());
        assert!(message.starts_with("test cannot be used here: libc.so.6 has no function"), "{message}");
        assert!(message.contains("`highwater_no_such_function`") && message.ends_with("with --library"), "{message}");
    }

    #[test]
    fn what_does_not_load_is_told_in_the_words_of_the_linker() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("libnone.so");
        let absent = message(&Text::load("test", &path).unwrap_err());
        assert!(absent.contains("No such file or directory") && absent.ends_with("with --library"), "{absent}");
        std::fs::write(&path, "no library").unwrap();
        let foreign = message(&Text::load("test", &path).unwrap_err());
        assert!(foreign.contains("libnone.so does not load (") && !foreign.contains("No such file"), "{foreign}");
    }
}
