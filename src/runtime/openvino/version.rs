//! Whether a library is of a version whose interface is known.

use std::path::Path;

use super::api::{Functions, VersionTexts};
use super::failure::{Failure, copied};
use super::unusable;
use crate::runtime::RuntimeError;

/// First release with today's numbers of element types; with an older one an input of floats would be made as one of halves.
const OLDEST: (u32, u32) = (2025, 1);

/// The version of the library at `path`, in its own words, if it can be used.
#[expect(unsafe_code, reason = "methods of a C library")]
pub(super) fn usable(functions: &Functions, path: &Path) -> Result<String, RuntimeError> {
    let mut texts = VersionTexts { build_number: std::ptr::null(), description: std::ptr::null() };
    // SAFETY: the function writes two texts, which are ours to free.
    functions.check(unsafe { (functions.version)(&mut texts) }).map_err(Failure::of_library)?;
    let version = copied(texts.build_number).unwrap_or_default();
    // SAFETY: the texts were given above, and nothing reads them afterwards.
    unsafe { (functions.version_free)(&mut texts) };
    check(&version).map_err(|problem| unusable(format!("{} {problem}", path.display())))?;
    Ok(version)
}

/// Refuses a version that is too old or cannot be told; the error is the rest of a sentence about the library.
fn check(version: &str) -> Result<(), String> {
    let mut numbers = version.split(['.', '-']).map(|part| part.parse::<u32>().ok());
    let (Some(Some(year)), Some(Some(release))) = (numbers.next(), numbers.next()) else {
        return Err(format!("says that it is of version `{version}`, which cannot be compared"));
    };
    match (year, release) < OLDEST {
        true => Err(format!("is of version {version}; {}.{} is the oldest that can be used", OLDEST.0, OLDEST.1)),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn releases_since_the_numbers_of_element_types_changed_are_used() {
        for version in ["2026.4.1-22982-e213a147257-releases/2026/4", "2025.1.0-18503-6fec06580ab", "2030.0"] {
            assert_eq!(check(version), Ok(()), "{version}");
        }
        let old = check("2025.0.0-17942-1f68be9f594-releases/2025/0").unwrap_err();
        assert!(
            old.starts_with("is of version 2025.0.0-17942") && old.ends_with("2025.1 is the oldest that can be used")
        );
        assert!(check("2024.6.0-17404").is_err());
        for version in ["", "custom_master_abc", "2026"] {
            assert!(check(version).unwrap_err().contains("cannot be compared"), "{version}");
        }
    }
}
