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
        slope: last.then_some(SlopeBand { rate: 60e6, low: 54e6, high: 66e6 }),
        judged_from: last.then_some(15.0),
        ceiling: last.then_some(79e6),
        note: note.into(),
    };
    let chart = |parts, told| WatchChart {
        title: "server (process 4711)",
        verdict: "growth-unattributed",
        sentence: "memory: grows by 60.0 MB [54.0, 66.0] an hour on 79.0 MB, not slowing down in the 15m that were judged; \
            300 samples in 30s",
        axis: "minutes since the watch began",
        hour: 60.0,
        parts,
        told,
    };
    let texts = checked(&watch_chart(&chart(vec![part("", true)], 0)).unwrap());
    for expected in ["+60.0 MB/hour", "54.0 MB to 66.0 MB", "ceiling 79.0 MB", "minutes since the watch began"] {
        assert!(texts.iter().any(|text| text == expected), "no {expected} in {texts:?}");
    }
    let many = (0..12).map(|index| part(&format!("process {index}"), index == 11)).collect();
    let texts = checked(&watch_chart(&chart(many, 11)).unwrap());
    assert!(texts.iter().any(|text| text == "process 11"), "{texts:?}");
    let texts = checked(&watch_chart(&chart(Vec::new(), 0)).unwrap());
    assert!(texts.iter().any(|text| text == "no samples"), "{texts:?}");
}

/// Planted: three processes, of which the one in the middle is told: what belongs to it ends with it.
#[test]
fn the_process_that_is_told_need_not_be_the_last() {
    let times: Vec<Vec<f64>> =
        (0..3).map(|part| (0..100).map(|index| f64::from(part * 100 + index)).collect()).collect();
    let flat: Vec<f64> = (0..100).map(|index| 40e6 + 1e6 * noise(index)).collect();
    let rising: Vec<f64> = (0..100).map(|index| 40e6 + 2e5 * index as f64).collect();
    let part = |index: usize| {
        let is_told = index == 1;
        let values = if is_told { &rising } else { &flat };
        let means = if is_told { windows(values, 20, 10) } else { Vec::new() };
        let start = times[index][0] - 1.0;
        WatchedPart {
            times: &times[index],
            lines: vec![ChartLine { label: "at rest", role: LineRole::Anon, values }],
            means: means
                .into_iter()
                .map(|mean| Floor { from: start + mean.from, to: start + mean.to, ..mean })
                .collect(),
            slope: is_told.then_some(SlopeBand { rate: 720e6, low: 700e6, high: 740e6 }),
            judged_from: is_told.then_some(150.0),
            ceiling: is_told.then_some(60e6),
            note: if index > 0 { format!("process {index}") } else { String::new() },
        }
    };
    let chart = WatchChart {
        title: "server (process 1)",
        verdict: "growth-unattributed",
        sentence: "memory: grows",
        axis: "seconds since the watch began",
        hour: 3600.0,
        parts: (0..3).map(part).collect(),
        told: 1,
    };
    let svg = watch_chart(&chart).unwrap();
    let texts = checked(&svg);
    for expected in ["judged from here", "ceiling 60.0 MB", "+720 MB/hour", "process 1", "process 2"] {
        assert!(texts.iter().any(|text| text == expected), "no {expected} in {texts:?}");
    }
    let last = format!("at rest {}", crate::units::signed_bytes(flat[99]));
    assert!(texts.contains(&last), "the names stand beside the last lines: no {last} in {texts:?}");
    let told_last = watch_chart(&WatchChart { told: 2, ..chart }).unwrap();
    assert!(!told_last.contains("judged from here"), "the last process was not judged");
}
