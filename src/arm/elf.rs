//! Which functions an ELF file offers to the dynamic linker: its section `.dynsym`, which stripping leaves alone.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes of the file header, of a section header and of a symbol (ELF specification, 64 bits).
const FILE_HEADER: usize = 64;
const SECTION_HEADER: usize = 64;
const SYMBOL: usize = 24;

/// Type of the section with the symbols for the dynamic linker.
const SHT_DYNSYM: u64 = 11;

/// Symbol types of functions: `STT_FUNC` and `STT_GNU_IFUNC`.
const FUNCTIONS: [u8; 2] = [2, 10];

/// Largest table that is read; the largest real ones have some 30 MB.
const LONGEST_TABLE: u64 = 256 << 20;

/// The symbols of one file.
pub(super) struct Symbols {
    table: Vec<u8>,
    names: Vec<u8>,
}

impl Symbols {
    /// Reads the symbols of the file at `path`; none where it has no such section.
    ///
    /// # Errors
    /// If it cannot be read, or is no ELF file of 64 bits in this machine's byte order.
    pub(super) fn of(path: &Path) -> io::Result<Symbols> {
        let file = File::open(path)?;
        let wrong = || io::Error::new(io::ErrorKind::InvalidData, "not an ELF file of this kind of machine");
        let mut header = [0; FILE_HEADER];
        file.read_exact_at(&mut header, 0)?;
        let order = if cfg!(target_endian = "little") { 1 } else { 2 };
        if !header.starts_with(b"\x7fELF") || header[4] != 2 || header[5] != order {
            return Err(wrong());
        }
        let count = number(&header, 60, 2);
        if count > 0 && number(&header, 58, 2) != SECTION_HEADER as u64 {
            return Err(wrong());
        }
        let sections = read(&file, number(&header, 40, 8), count * SECTION_HEADER as u64)?;
        let section = |index: u64| sections.chunks_exact(SECTION_HEADER).nth(index as usize);
        let contents = |section: &[u8]| read(&file, number(section, 24, 8), number(section, 32, 8));
        let found = sections.chunks_exact(SECTION_HEADER).find(|section| number(section, 4, 4) == SHT_DYNSYM);
        let Some(symbols) = found else { return Ok(Symbols { table: Vec::new(), names: Vec::new() }) };
        let names = section(number(symbols, 40, 4)).ok_or_else(wrong)?;
        Ok(Symbols { table: contents(symbols)?, names: contents(names)? })
    }

    /// Whether the file defines the function `name` for others.
    pub(super) fn define(&self, name: &CStr) -> bool {
        let name = name.to_bytes_with_nul();
        self.table.chunks_exact(SYMBOL).any(|symbol| {
            let is_defined = number(symbol, 6, 2) != 0;
            let is_local = symbol[4] >> 4 == 0;
            let start = number(symbol, 0, 4) as usize;
            is_defined
                && !is_local
                && FUNCTIONS.contains(&(symbol[4] & 15))
                && self.names.get(start..).is_some_and(|names| names.starts_with(name))
        })
    }
}

fn read(file: &File, offset: u64, length: u64) -> io::Result<Vec<u8>> {
    if length > LONGEST_TABLE {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a table of it is too long"));
    }
    let mut bytes = vec![0; length as usize];
    file.read_exact_at(&mut bytes, offset)?;
    Ok(bytes)
}

/// The number of `size` bytes at `offset`, which lies inside.
fn number(bytes: &[u8], offset: usize, size: usize) -> u64 {
    let mut word = [0; 8];
    let place = if cfg!(target_endian = "little") { 0 } else { 8 - size };
    word[place..place + size].copy_from_slice(&bytes[offset..offset + size]);
    u64::from_ne_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::symbols;

    #[test]
    fn the_c_library_defines_malloc_and_this_program_does_not() {
        let library = symbols::owner_of(c"gnu_get_libc_version").unwrap();
        let found = Symbols::of(&library).unwrap();
        assert!(found.define(c"malloc") && found.define(c"free") && found.define(c"gnu_get_libc_version"));
        assert!(!found.define(c"mallo") && !found.define(c"alloc") && !found.define(c"mallctl"));
        assert!(!Symbols::of(Path::new("/proc/self/exe")).unwrap().define(c"malloc"), "it only asks for it");
    }

    #[test]
    fn damaged_files_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("damaged.so");
        let library = std::fs::read(symbols::owner_of(c"gnu_get_libc_version").unwrap()).unwrap();
        let tell = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            Symbols::of(&path).is_err()
        };
        assert!(tell(b"") && tell(&[0; 100]) && tell(&library[..FILE_HEADER]) && tell(&library[..library.len() / 2]));
        let mut sizes = library.clone();
        sizes[58] = 1;
        assert!(tell(&sizes));
    }
}
