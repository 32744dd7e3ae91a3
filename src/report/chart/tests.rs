//! Charts as a reader sees them: every chart is parsed as SVG, its texts are laid out, and none may touch another or the edge.

use resvg::usvg;

use super::image::{options, png};
use super::*;
use crate::workload::Phase;

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
                line("kept by a fork", LineRole::Core, &self.core),
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
            reached_at: Some(8.0),
            outcome_note: Some("crashed by SIGSEGV in the last iteration"),
            ..CaseChart::default()
        }
    }
}

#[test]
fn case_charts_print_every_text_apart_from_the_others() {
    let sentence = "live: leak of 64 B/iteration (60 to 70 B/iteration), seven floors rising in the exact arm; \
                    resident: plateau with retention, peak 66 MB reached at iteration 8, the allocator keeps 37 MB";
    let title = "onnxruntime/inception_v3-quantized/recompile-with-new-shapes/glibc-mmap-threshold-1MiB/t4";
    for (count, scale, leak) in
        [(40, 60e6, 0.0), (200, 61_234_567.0, 64.0), (333, 9.9e9, 1e5), (300, 5_000.0, 0.0), (5000, 3e12, 1.0)]
    {
        let run = Run::new(count, scale, leak);
        let texts = checked(&case_chart(&run.chart(title, sentence)).unwrap());
        for expected in
            [title, "plateau with retention", "Resident memory", "Live bytes", "+64 B/iteration", "iteration"]
        {
            assert!(texts.iter().any(|text| text == expected), "{expected} is missing from {texts:?}");
        }
        assert!(texts.iter().any(|text| text.starts_with("crashed by SIGSEGV")));
    }
}

#[test]
fn a_flat_probe_of_its_own_length_has_its_own_axis() {
    let run = Run::new(200, 60e6, 64.0);
    let (probe_iterations, flat) = (iterations(28), vec![931_824.0; 28]);
    let mut chart = run.chart("ort/mobilenet", "stable");
    chart.live_probe = Some(LiveProbe { label: "live", iterations: &probe_iterations, values: &flat });
    chart.floors = windows(&flat, 14, 7);
    chart.live_slope = Some(SlopeBand { rate: 0.0, low: 0.0, high: 0.0 });
    let texts = checked(&case_chart(&chart).unwrap());
    for expected in
        ["931,824 B", "0 B/iteration", "iteration of the probe run", "932.0 kB", "Live bytes, exact, in a probe run"]
    {
        assert!(texts.iter().any(|text| text == expected), "{expected} is missing from {texts:?}");
    }
}

#[test]
fn poor_series_are_drawn_as_far_as_they_go() {
    let nothing = [f64::NAN; 50];
    let line = |role, values| ChartLine { label: "a series", role, values };
    let run = iterations(50);
    let cases: [(&[f64], &[f64]); 6] = [
        (&[], &[]),
        (&[1.0], &[4e6]),
        (&run, &nothing),
        (&run, &[1e6, 2e6]),
        (&run, &[0.0; 50]),
        (&[1.0, 2.0, f64::NAN, f64::INFINITY], &[f64::INFINITY, 1e300, -5.0, 3.0]),
    ];
    for (iterations, values) in cases {
        let chart = CaseChart {
            title: "runtime <model> & \u{7} \"work\"",
            verdict: "inconclusive",
            sentence: "",
            iterations,
            lines: vec![line(LineRole::Anon, values), line(LineRole::Live, values)],
            floors: vec![Floor { from: f64::NAN, to: 3.0, level: f64::NAN, is_judged: true }],
            means: vec![Floor { from: 1.0, to: 1.0, level: 1e6, is_judged: true }],
            slope: Some(SlopeBand { rate: f64::NAN, low: f64::NEG_INFINITY, high: f64::INFINITY }),
            judged_from: Some(f64::NAN),
            reached_at: Some(1e9),
            outcome_note: Some("timed out after 60 s"),
            ..CaseChart::default()
        };
        let texts = checked(&case_chart(&chart).unwrap());
        assert!(texts.iter().any(|text| text.starts_with("runtime <model>")), "{texts:?}");
        png(&case_chart(&chart).unwrap()).unwrap();
    }
    assert!(checked(&case_chart(&CaseChart::default()).unwrap()).iter().any(|text| text == "no samples"));
}

#[test]
fn a_million_samples_make_a_small_picture() {
    let run = Run::new(1_000_000, 60e6, 0.5);
    let svg = case_chart(&run.chart("million", "stable")).unwrap();
    checked(&svg);
    assert!(svg.len() < 500_000, "{} bytes of SVG", svg.len());
    let picture = png(&svg).unwrap();
    assert!(picture.len() < 200_000, "{} bytes of PNG", picture.len());
}

fn arms<'a>(run: &'a Run, names: &'a [String]) -> ArmsChart<'a> {
    let verdicts = ["creep", "stable", "plateau with retention", "inconclusive", "leak", "crashed by signal 11"];
    let panels = names.iter().enumerate().map(|(index, name)| {
        let factor = 1.0 + index as f64 * 0.3;
        ArmPanel {
            arm: name,
            verdict: verdicts[index % verdicts.len()],
            iterations: &run.iterations,
            anon: &run.anon,
            peak: &run.peak,
            live: &run.live,
            steady_rss_bytes: 44.2e6 * factor,
            peak_bytes: 61.3e6 * factor,
            time: Some(Milliseconds { median: 65.2 * factor, low: 60.0 * factor, high: 90.0 * factor }),
            minor_faults: Some(3_800.0 * factor),
            note: None,
        }
    });
    let skipped = ArmPanel {
        arm: "tcmalloc",
        verdict: "skipped",
        steady_rss_bytes: f64::NAN,
        peak_bytes: f64::NAN,
        note: Some("skipped: tcmalloc is not installed; apt-get install libtcmalloc-minimal4"),
        ..ArmPanel::default()
    };
    let mut panels: Vec<ArmPanel<'_>> = panels.collect();
    if panels.len() > 2 {
        panels.push(skipped);
    }
    let sentence =
        "mmap_threshold=1MiB removes 669 MB (524 to 815 MB) and turns creep into stable; arena_max=1 does not help";
    ArmsChart { title: "ort/mobilenet_v2/recompile with pins", sentence, panels }
}

#[test]
fn arms_are_comparable_in_any_number() {
    let run = Run::new(200, 61_234_567.0, 64.0);
    for count in [0, 1, 2, 3, 4, 6, 8, 12] {
        let names: Vec<String> = (0..count)
            .map(|index| {
                if index == 1 {
                    "jemalloc background_thread:true,dirty_decay_ms:20000".into()
                } else {
                    format!("arm {index}")
                }
            })
            .collect();
        let chart = arms(&run, &names);
        for svg in [arms_chart(&chart).unwrap(), cost_chart(&chart).unwrap()] {
            let texts = checked(&svg);
            for name in names.iter().filter(|name| name.starts_with("arm")) {
                assert!(texts.contains(name), "{name} is missing from {texts:?}");
            }
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
