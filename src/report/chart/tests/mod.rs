//! Charts as a reader sees them: every chart is parsed as SVG, its texts are laid out, and none may touch another or the edge.

use resvg::usvg;

use super::image::{options, png};
use super::*;
use crate::workload::Phase;

mod arms;
mod bars;
mod case;
mod watch;

/// A text as it is rendered: its words, its advance from left to right and its ink from top to bottom.
#[derive(Debug)]
struct Printed {
    text: String,
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
}

impl Printed {
    fn touches(&self, other: &Printed) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }
}

fn collect(group: &usvg::Group, printed: &mut Vec<Printed>) {
    for node in group.children() {
        match node {
            usvg::Node::Group(group) => collect(group, printed),
            usvg::Node::Text(text) => {
                let (advance, ink) = (text.abs_bounding_box(), text.abs_stroke_bounding_box());
                let words: String = text.chunks().iter().map(|chunk| chunk.text()).collect();
                printed.push(Printed {
                    text: words,
                    left: advance.left(),
                    top: ink.top(),
                    right: advance.right(),
                    bottom: ink.bottom(),
                });
            }
            _ => {}
        }
    }
}

/// Parses `svg`, checks what must hold for every chart, and returns its texts.
fn checked(svg: &str) -> Vec<String> {
    assert!(!svg.contains("NaN") && !svg.contains("\"inf"), "a coordinate is not a number");
    let tree = usvg::Tree::from_str(svg, &options()).unwrap();
    let mut printed = Vec::new();
    collect(tree.root(), &mut printed);
    assert_eq!(printed.len(), svg.matches("<text").count(), "a text has no glyphs");
    let (width, height) = (tree.size().width(), tree.size().height());
    for (index, text) in printed.iter().enumerate() {
        let is_inside = text.left >= 4.0 && text.top >= 4.0 && text.right <= width - 4.0 && text.bottom <= height - 4.0;
        assert!(is_inside, "{text:?} leaves the canvas of {width} x {height}");
        if let Some(other) = printed[..index].iter().find(|other| text.touches(other)) {
            panic!("{text:?} touches {other:?}");
        }
    }
    printed.into_iter().map(|printed| printed.text.trim().to_owned()).collect()
}

fn iterations(count: usize) -> Vec<f64> {
    (1..=count).map(|index| index as f64).collect()
}

/// Noise that is the same on every machine.
fn noise(index: usize) -> f64 {
    (index.wrapping_mul(7919) % 1009) as f64 / 1009.0
}

fn windows(values: &[f64], count: usize, judged: usize) -> Vec<Floor> {
    let width = values.len() / count;
    (0..count)
        .map(|window| {
            let part = &values[window * width..(window + 1) * width];
            Floor {
                from: (window * width + 1) as f64,
                to: ((window + 1) * width) as f64,
                level: part.iter().sum::<f64>() / width as f64,
                is_judged: window + judged >= count,
            }
        })
        .collect()
}

/// The series of a run that has everything a chart can show.
struct Run {
    iterations: Vec<f64>,
    anon: Vec<f64>,
    peak: Vec<f64>,
    live: Vec<f64>,
    file: Vec<f64>,
    core: Vec<f64>,
}

impl Run {
    fn new(count: usize, scale: f64, leak: f64) -> Self {
        let series = |value: &dyn Fn(usize) -> f64| (0..count).map(value).collect::<Vec<f64>>();
        Run {
            iterations: iterations(count),
            anon: series(&|i| scale * (0.6 + 0.2 * noise(i))),
            peak: series(&|i| scale * (0.9 + 0.1 * noise(i + 5))),
            live: series(&|i| scale * 0.05 + leak * i as f64),
            file: series(&|i| if i % 17 == 3 { f64::NAN } else { scale * 0.3 }),
            core: series(&|i| if i % 5 == 0 { scale * 0.11 } else { f64::NAN }),
        }
    }

    fn probe(&self) -> CoreProbe<'_> {
        CoreProbe {
            iterations: &self.iterations,
            core: &self.core,
            anon: &self.anon,
            live: &self.live,
            is_complete: true,
            is_own: false,
        }
    }

    fn chart<'a>(&'a self, title: &'a str, sentence: &'a str) -> CaseChart<'a> {
        let line = |label, role, values| ChartLine { label, role, values };
        let half = (self.iterations.len() / 2 + 1) as f64;
        CaseChart {
            title,
            verdict: "plateau with retention",
            sentence,
            iterations: &self.iterations,
            lines: vec![
                line("at rest", LineRole::Anon, &self.anon),
                line("mapped files", LineRole::File, &self.file),
                line("live", LineRole::Live, &self.live),
                line("peak in load", LineRole::Peak(Phase::Load), &self.peak),
                line("peak in prepare", LineRole::Peak(Phase::Prepare), &self.peak),
                line("peak in execute", LineRole::Peak(Phase::Execute), &self.peak),
                line("peak in drop", LineRole::Peak(Phase::Drop), &self.anon),
                line("iteration peak", LineRole::IterationPeak, &self.peak),
            ],
            floors: windows(&self.live, 14, 7),
            live_slope: Some(SlopeBand { rate: 64.0, low: 60.0, high: 70.0 }),
            means: windows(&self.peak, 20, 10),
            slope: Some(SlopeBand { rate: 1.5e4, low: -2e4, high: 5e4 }),
            judged_from: Some(half),
            ceiling: Some(self.peak.iter().copied().fold(0.0, f64::max)),
            reached_at: Some(8.0),
            outcome_note: Some("crashed by SIGSEGV in the last iteration"),
            ..CaseChart::default()
        }
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let run = Run::new(200, 60e6, 64.0);
    let draw = || case_chart(&run.chart("case", "live: stable; resident: stable")).unwrap();
    assert_eq!(draw(), draw());
    assert_eq!(png(&draw()).unwrap(), png(&draw()).unwrap());
}

#[test]
fn text_is_rendered_without_any_installed_font() {
    let svg = case_chart(&CaseChart { title: "Highwater", verdict: "stable", ..CaseChart::default() }).unwrap();
    let without =
        svg.split("<text").map(|part| part.split_once("</text>").map_or(part, |(_, rest)| rest)).collect::<String>();
    assert_ne!(png(&svg).unwrap(), png(&without).unwrap());
    let tree = usvg::Tree::from_str(&svg, &options()).unwrap();
    let faces: Vec<_> = tree.fontdb().faces().map(|face| face.families[0].0.clone()).collect();
    assert_eq!(faces, ["Inter", "Inter"]);
}

#[test]
fn both_files_are_written_whole() {
    let directory = tempfile::tempdir().unwrap();
    let svg = case_chart(&CaseChart { title: "case", ..CaseChart::default() }).unwrap();
    // A dot in a stem is a part of the name, not an extension to be replaced.
    let paths = write(&svg, &directory.path().join("case.v2")).unwrap();
    assert_eq!(std::fs::read_to_string(&paths[0]).unwrap(), svg);
    assert!(std::fs::read(&paths[1]).unwrap().starts_with(b"\x89PNG"));
    let mut names: Vec<_> =
        std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["case.v2.png", "case.v2.svg"]);
    let error = write(&svg, &directory.path().join("absent/case")).unwrap_err();
    assert!(error.to_string().contains("absent/case.svg"), "{error}");
}
