//! Rows of CSV files whose columns carry their own documentation, from which `results/README.md` is made.

/// A row of a CSV file: the struct, its header and the meaning of each column are the same list.
macro_rules! documented_row {
    ($(#[$about:meta])+ $row:ident { $($(#[doc = $doc:literal])+ $name:ident: $type:ty,)+ }) => {
        $(#[$about])+
        #[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default)]
        pub struct $row {
            $($(#[doc = $doc])+ pub $name: $type,)+
        }

        impl $row {
            /// Names of the columns with their meaning, for `results/README.md`.
            pub const MEANINGS: &'static [(&'static str, &'static str)] = &[$((stringify!($name), concat!($($doc),+))),+];
        }
    };
}

pub(super) use documented_row;
