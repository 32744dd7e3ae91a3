//! The chart of a watch: nothing touches anything, whatever the number of processes.

use super::*;

#[test]
fn a_watch_names_its_lines_and_its_growth() {
    let times: Vec<f64> = (0..300).map(|index| f64::from(index) / 10.0).collect();
    let level: Vec<f64> = (0..300).map(|index| 40e6 + 1e5 * index as f64 + 1e6 * noise(index)).collect();
    let peak: Vec<f64> = level.iter().map(|level| level + 8e6).collect();
    let part = |note: &str, last: bool| WatchedPart {
        times: &times,
        lines: vec![
            ChartLine { label: "at rest", role: LineRole::Anon, values: &level },
            ChartLine { label: "peak between samples", role: LineRole::IterationPeak, values: &peak },
        ],
        means: if last { windows(&peak, 20, 10) } else { Vec::new() },
        slope: last.then_some(SlopeBand { rate: 1e6, low: 0.9e6, high: 1.1e6 }),
        slope_text: ["60.0 MB an hour".into(), "54.0 to 66.0".into()],
        judged_from: last.then_some(15.0),
        ceiling: last.then_some(79e6),
        note: note.into(),
    };
    let chart = |parts| WatchChart {
        title: "server (process 4711)",
        verdict: "growth-unattributed",
        sentence: "memory: grows by 60.0 MB [54.0, 66.0] an hour on 79.0 MB, not slowing down in the 15m that were judged; \
            300 samples in 30s",
        axis: "minutes since the watch began",
        parts,
    };
    let texts = checked(&watch_chart(&chart(vec![part("", true)])).unwrap());
    for expected in ["60.0 MB an hour", "54.0 to 66.0", "ceiling 79.0 MB", "minutes since the watch began"] {
        assert!(texts.iter().any(|text| text == expected), "no {expected} in {texts:?}");
    }
    let many = (0..12).map(|index| part(&format!("process {index}"), index == 11)).collect();
    let texts = checked(&watch_chart(&chart(many)).unwrap());
    assert!(texts.iter().any(|text| text == "process 11"), "{texts:?}");
    let texts = checked(&watch_chart(&chart(Vec::new())).unwrap());
    assert!(texts.iter().any(|text| text == "no samples"), "{texts:?}");
}
