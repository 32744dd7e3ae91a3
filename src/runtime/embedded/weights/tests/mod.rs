//! What the strategies do to memory, seen from outside: `/proc/self/maps` and `/proc/self/pagemap` for the addresses in
//! question, so that tests that run at the same time do not disturb each other.

mod changes;
mod consumers;
mod large;
mod malformed;
mod release;
mod strategies;
mod strict;

use std::cell::RefCell;
use std::fs::{self, File};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use rten_onnx::onnx::{DataLocation, DataType, GraphProto, ModelProto, StringStringEntryProto, TensorProto};
use tempfile::TempDir;

use super::load;
use super::load::Loaded;
use super::mapping::page_size;
use crate::runtime::embedded::error::EmbeddedError;
use crate::suite::{Release, ReleaseWhen, Weights, WeightsStrategy};

/// All strategies.
const STRATEGIES: [WeightsStrategy; 4] =
    [WeightsStrategy::Copy, WeightsStrategy::CopyEager, WeightsStrategy::Map, WeightsStrategy::MapTensor];

/// All ways to release.
const RELEASES: [Release; 4] = [Release::Keep, Release::Unmap, Release::Dontneed, Release::Pageout];

/// Options without `strict` and `prefault`.
fn options(strategy: WeightsStrategy, release: Release, release_when: ReleaseWhen) -> Weights {
    Weights { strategy, release, release_when, strict: false, prefault: false }
}

/// A model in a folder of its own.
struct Planted {
    folder: TempDir,
    graph: GraphProto,
}

impl Planted {
    fn new() -> Planted {
        Planted { folder: tempfile::tempdir().unwrap(), graph: GraphProto::default() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("model.onnx")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("model.data")
    }

    /// A tensor in the message.
    fn inline(mut self, name: &str, bytes: &[u8]) -> Planted {
        let raw_data = Some(RefCell::new(bytes.to_vec()));
        self.graph.initializer.push(TensorProto { raw_data, ..tensor(name, bytes.len() as u64) });
        self
    }

    /// A tensor in `model.data`.
    fn external(mut self, name: &str, bytes: Range<u64>) -> Planted {
        let entry = |key: &str, value: String| StringStringEntryProto { key: Some(key.into()), value: Some(value) };
        let length = bytes.end - bytes.start;
        let external_data = vec![
            entry("location", "model.data".into()),
            entry("offset", bytes.start.to_string()),
            entry("length", length.to_string()),
        ];
        let data_location = Some(DataLocation::EXTERNAL);
        self.graph.initializer.push(TensorProto { external_data, data_location, ..tensor(name, length) });
        self
    }

    /// Writes the model, and `data` beside it; through to the disk, since pages that are dirty cannot leave the page cache.
    fn write(self, data: &[u8]) -> Planted {
        fs::write(self.data(), data).unwrap();
        File::open(self.data()).unwrap().sync_all().unwrap();
        self.write_model()
    }

    fn write_model(self) -> Planted {
        let model = ModelProto { graph: Some(self.graph.clone()), ir_version: Some(9), ..Default::default() };
        fs::write(self.path(), model.write_buf().unwrap()).unwrap();
        self
    }

    fn load(&self, options: Weights) -> Result<Loaded, EmbeddedError> {
        load(&self.path(), options)
    }

    /// Mappings of this process that show a file of the folder.
    fn mappings(&self) -> usize {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines().filter(|line| line.contains(self.folder.path().to_str().unwrap())).count()
    }

    /// Descriptors of this process that lead to a file of the folder.
    fn descriptors(&self) -> usize {
        let links = fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        links.filter(|link| link.starts_with(self.folder.path())).count()
    }
}

/// A one-dimensional tensor of floats.
fn tensor(name: &str, bytes: u64) -> TensorProto {
    TensorProto {
        name: Some(name.into()),
        dims: vec![(bytes / 4) as i64],
        data_type: Some(DataType::FLOAT),
        ..Default::default()
    }
}

/// Bytes of which none is like its neighbours.
fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index.wrapping_mul(0x9e37_79b9) >> 13) as u8).collect()
}

/// A multiple of the page size.
fn pages(count: u64) -> u64 {
    count * page_size() as u64
}

/// Whether the pages of `length` bytes from `address` on are in this process's page table.
fn present(address: usize, length: usize) -> Vec<bool> {
    let page_size = page_size();
    let pagemap = File::open("/proc/self/pagemap").unwrap();
    let pages = address / page_size..(address + length).div_ceil(page_size);
    let is_present = |page: usize| {
        let mut entry = [0; 8];
        pagemap.read_exact_at(&mut entry, page as u64 * 8).unwrap();
        u64::from_le_bytes(entry) >> 63 == 1
    };
    pages.map(is_present).collect()
}

/// The models that come with the repository, by name and content.
const BUNDLED: [(&str, &[u8]); 2] = [
    ("ppocr_cls", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/suites/models/ppocr_cls.onnx"))),
    ("silero_vad", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/suites/models/silero_vad.onnx"))),
];
