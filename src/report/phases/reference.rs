//! Published measurements of phases, to stand beside ours.
//!
//! They are of other machines and other programs: what compares is which strategy needs how much more than another, not the
//! kilobytes, and times not at all.

/// Measurements of one model by one project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// Models of the catalogue that have the same layers.
    pub models: &'static [&'static str],
    /// Who measured.
    pub project: &'static str,
    /// Where, with what and how.
    pub note: &'static str,
    /// The strategies.
    pub variants: &'static [PublishedVariant],
}

/// One strategy; sizes in kB of 1024 bytes, as `/proc` and the source write them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublishedVariant {
    /// Our runtime with the same strategy.
    pub runtime: &'static str,
    /// Its name there.
    pub name: &'static str,
    /// Resident memory at the end of LOAD, PREPARE and EXECUTE.
    pub rss_kb: [u64; 3],
    /// High-water mark of LOAD, where it was told. It was never reset there, so those of later phases are no marks of
    /// their own.
    pub load_hwm_kb: Option<u64>,
}

/// Samsung/ONE #2077, "Reducing peak memory usage during model loading": its tables of inception_v3_2018_04_27.
const ONERT: Published = Published {
    models: &["inception_v3", "inception_v3-external"],
    project: "Samsung/ONE #2077",
    note: "kB of 1024 bytes; there: onert on an Odroid-XU4 (https://github.com/Samsung/ONE/issues/2077), RSS as its tool polls \
           it, EXECUTE taken from warm-up; here: the end of each phase",
    variants: &[
        PublishedVariant {
            runtime: "embedded",
            name: "master: read, copy",
            rss_kb: [191_704, 203_244, 134_940],
            load_hwm_kb: Some(194_080),
        },
        PublishedVariant {
            runtime: "embedded-eager",
            name: "option 1: map, free as copied",
            rss_kb: [101_928, 203_964, 137_896],
            load_hwm_kb: Some(102_936),
        },
        PublishedVariant {
            runtime: "embedded-map-keep",
            name: "option 2: map, keep",
            rss_kb: [13_984, 200_916, 229_052],
            load_hwm_kb: Some(13_984),
        },
        PublishedVariant {
            runtime: "embedded-map-tensor",
            name: "draft2: map, release when packed",
            rss_kb: [7_292, 21_860, 132_173],
            load_hwm_kb: None,
        },
    ],
};

/// What was published of `model`.
pub fn published_for(model: &str) -> Option<&'static Published> {
    ONERT.models.contains(&model).then_some(&ONERT)
}
