//! The chart of one case: every name is there, whatever the series are like.

use super::*;

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
fn a_core_splits_memory_at_rest_into_bands_with_names() {
    let sentence = "live: stable; resident: stable at 61.0 MB, at most 40 kB in 100 iterations; of 48.9 MB at rest 42 MB \
                    [41, 43] are kept by the allocator and can be given back, 6.7 MB stay: 3.1 MB live, 3.6 MB pinned";
    for (count, scale) in [(40, 60e6), (200, 61_234_567.0), (333, 9.9e9), (300, 5_000.0), (1000, 3e12)] {
        let run = Run::new(count, scale, 0.0);
        let draw = |probe: CoreProbe<'_>| {
            let chart = CaseChart { core: Some(probe), ..run.chart("rten/mobilenet_v2", sentence) };
            checked(&case_chart(&chart).unwrap())
        };
        let texts = draw(run.probe());
        for expected in ["kept, can be given back", "pinned or outside", "fork probe run"] {
            assert!(texts.iter().any(|text| text == expected), "{expected} is missing from {texts:?}");
        }
        for begin in ["left after giving back", "ceiling", "iteration peak", "at rest", "live", "means of windows"] {
            assert!(texts.iter().any(|text| text.starts_with(begin)), "{begin} is missing from {texts:?}");
        }
        assert!(!texts.iter().any(|text| text.starts_with("peak in load")), "{texts:?}");
        let texts = draw(CoreProbe { is_complete: false, is_own: true, ..run.probe() });
        assert!(texts.iter().any(|text| text == "fork probe, level only"), "{texts:?}");
        assert!(texts.iter().any(|text| text.starts_with("at least ")), "{texts:?}");
        assert!(texts.iter().any(|text| text.starts_with("at most ")), "{texts:?}");
        let texts = draw(CoreProbe { live: &[], ..run.probe() });
        assert!(!texts.iter().any(|text| text == "pinned or outside"), "{texts:?}");
        assert!(texts.iter().any(|text| text == "kept, can be given back"), "{texts:?}");
    }
}

#[test]
fn the_names_of_bands_tell_what_was_planted() {
    let iterations = iterations(200);
    let (anon, live) = (vec![61e6; 200], vec![1.1e6; 200]);
    let core: Vec<f64> = (0..200).map(|i| if i % 5 == 4 { 12.1e6 } else { f64::NAN }).collect();
    let late: Vec<f64> = core.iter().enumerate().map(|(i, bytes)| if i < 90 { f64::NAN } else { *bytes }).collect();
    for core in [&core, &late] {
        let (iterations, anon, live) = (&iterations, &anon, &live);
        let probe = CoreProbe { iterations, core, anon, live, is_complete: true, is_own: true };
        let chart = CaseChart {
            iterations,
            lines: vec![ChartLine { label: "at rest", role: LineRole::Anon, values: anon }],
            core: Some(probe),
            ceiling: Some(66e6),
            ..CaseChart::default()
        };
        let texts = checked(&case_chart(&chart).unwrap());
        for expected in ["median 48.9 MB", "median 11.0 MB", "left after giving back 12.1 MB", "ceiling 66.0 MB"] {
            assert!(texts.iter().any(|text| text == expected), "{expected} is missing from {texts:?}");
        }
    }
}

#[test]
fn poor_cores_are_drawn_as_far_as_they_go() {
    let run = Run::new(50, 60e6, 0.0);
    let above = vec![99e6; 50];
    let probes = [
        CoreProbe { core: &[], ..run.probe() },
        CoreProbe { core: &[f64::NAN; 50], ..run.probe() },
        CoreProbe { core: &above, ..run.probe() },
        CoreProbe { core: &[1e6, f64::NAN, f64::INFINITY], ..run.probe() },
        CoreProbe { iterations: &[], ..run.probe() },
        CoreProbe { anon: &[], live: &[], ..run.probe() },
    ];
    for probe in probes {
        let svg = case_chart(&CaseChart { core: Some(probe), ..run.chart("poor", "stable") }).unwrap();
        checked(&svg);
        png(&svg).unwrap();
    }
    let longer = Run::new(90, 60e6, 0.0);
    let texts =
        checked(&case_chart(&CaseChart { core: Some(longer.probe()), ..run.chart("longer", "stable") }).unwrap());
    assert!(texts.iter().any(|text| text == "80"), "the axis ends before the probe run does: {texts:?}");
}

#[test]
fn a_flat_probe_of_its_own_length_has_its_own_axis() {
    let run = Run::new(200, 60e6, 64.0);
    let (probe_iterations, flat) = (iterations(28), vec![931_824.0; 28]);
    let mut chart = run.chart("ort/mobilenet", "stable");
    chart.live_probe = Some(LiveProbe {
        heading: "Live bytes, exact, in a probe run",
        label: "live",
        iterations: &probe_iterations,
        values: &flat,
    });
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
    let svg = case_chart(&CaseChart { core: Some(run.probe()), ..run.chart("million", "stable") }).unwrap();
    checked(&svg);
    assert!(svg.len() < 500_000, "{} bytes of SVG", svg.len());
    let picture = png(&svg).unwrap();
    assert!(picture.len() < 200_000, "{} bytes of PNG", picture.len());
}
