//! Rows of bars: any number of rows, long names, values of any size, notes instead of bars.

use super::*;

fn bar(label: &'static str, parts: Vec<(f64, Tone)>, text: &str) -> Bar {
    Bar { label, parts, whisker: None, text: text.into() }
}

fn rows(count: usize, scale: f64) -> Vec<BarsRow> {
    let row = |index: usize| {
        let size = scale * (1.0 + index as f64);
        let execute = vec![(size * 0.9, Tone::Anon), (size * 0.1, Tone::File)];
        let bars = vec![
            bar("LOAD", vec![(size, Tone::Load)], "102 MB"),
            bar("PREPARE", vec![(size * 0.7, Tone::Prepare)], "203 MB"),
            bar("EXECUTE", execute, "93.1 MB (2.10 MB of files)"),
            Bar { whisker: Some((size * 0.5, size * 1.4)), ..bar("steady", vec![(size, Tone::Steady)], "61.2 ms") },
        ];
        let name =
            if index == 1 { "embedded-map-dontneed-with-a-name-that-does-not-fit".into() } else { "rten".into() };
        if index == 2 {
            let note = "out-of-memory in prepare".into();
            return BarsRow { name, bars: Vec::new(), note };
        }
        let note = if index == 1 { "crashed in first".into() } else { String::new() };
        BarsRow { name, bars, note }
    };
    (0..count).map(row).collect()
}

#[test]
fn bars_are_readable_in_any_number_and_size() {
    let legend = [(Tone::Load, "highest in LOAD"), (Tone::Anon, "anonymous"), (Tone::First, "first execution")];
    for (count, scale) in [(0, 1.0), (1, 1e8), (3, 1e8), (12, 1e-3), (3, 0.0), (2, f64::MAX / 1e3)] {
        let rows = rows(count, scale);
        let chart = BarsChart {
            title: "inception_v3-external: memory by phase",
            sentence: "Resident memory: the high-water mark of LOAD and of PREPARE, reset before each.",
            legend: &legend,
            base: Some((scale * 0.2, "process start, 6.20 MB")),
            rows: &rows,
        };
        let texts = checked(&bars_chart(&chart).unwrap());
        assert!(texts.iter().any(|text| text.starts_with("process start")), "{texts:?}");
        assert_eq!(texts.iter().filter(|text| *text == "PREPARE").count(), count - usize::from(count > 2), "{texts:?}");
        assert_eq!(texts.contains(&"out-of-memory in prepare".to_owned()), count > 2);
    }
}
