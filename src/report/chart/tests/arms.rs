//! The charts of several arms: any number of them.

use super::*;

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
