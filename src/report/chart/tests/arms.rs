//! The charts of several arms: any number of them, with any number of processes.

use super::*;

/// Two processes that differ from the bar's length, and one that measured nothing.
const PROCESSES: [ArmProcess; 3] = [
    ArmProcess { steady_rss_bytes: Some(40e6), peak_bytes: Some(60e6), milliseconds: Some(50.0) },
    ArmProcess { steady_rss_bytes: Some(48e6), peak_bytes: Some(99e6), milliseconds: Some(120.0) },
    ArmProcess { steady_rss_bytes: None, peak_bytes: None, milliseconds: None },
];

fn arms<'a>(run: &'a Run, names: &'a [String]) -> ArmsChart<'a> {
    let verdicts =
        ["creep-linear / stable", "stable", "plateau+retention", "inconclusive", "leak", "crashed by signal 11"];
    let panels = names.iter().enumerate().map(|(index, name)| {
        let factor = 1.0 + index as f64 * 0.3;
        ArmPanel {
            arm: name,
            verdict: verdicts[index % verdicts.len()],
            iterations: &run.iterations,
            anon: &run.anon,
            peak: &run.peak,
            live: &run.live,
            core_iterations: &run.iterations,
            core: if index % 2 == 0 { &run.core } else { &[] },
            steady_rss_bytes: 44.2e6 * factor,
            peak_bytes: 61.3e6 * factor,
            time: Some(Milliseconds { median: 65.2 * factor, low: 60.0 * factor, high: 90.0 * factor }),
            minor_faults: Some(3_800.0 * factor),
            processes: if index % 2 == 0 { &PROCESSES } else { &PROCESSES[..1] },
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

/// Centres of the circles of an SVG document, in pixels.
fn dots(svg: &str) -> Vec<(f64, f64)> {
    let number = |circle: &str, name: &str| -> f64 {
        let value = circle.split_once(name).and_then(|(_, rest)| rest.split_once('"')).unwrap().0;
        value.parse::<f64>().unwrap() / 10.0
    };
    let circles = svg.split("<circle ").skip(1);
    circles.map(|circle| (number(circle, "cx=\""), number(circle, "cy=\""))).collect()
}

#[test]
fn each_of_several_processes_is_a_dot() {
    let run = Run::new(200, 60e6, 0.0);
    let names = ["glibc".to_owned(), "trim".to_owned()];
    let chart = arms(&run, &names);
    let svg = cost_chart(&chart).unwrap();
    // Each dot is a disc on its rim: one in the legend, three columns of two processes for the first arm.
    assert_eq!(dots(&svg).len(), 2 * (1 + 3 * 2));
    assert!(checked(&svg).iter().any(|text| text.starts_with("each process")));
    let mut alone = arms(&run, &names);
    alone.panels.iter_mut().for_each(|arm| arm.processes = &PROCESSES[..1]);
    let svg = cost_chart(&alone).unwrap();
    assert!(dots(&svg).is_empty() && !checked(&svg).iter().any(|text| text.starts_with("each process")));
}

#[test]
fn every_arm_is_seen_beside_the_levels_of_the_first() {
    let run = Run::new(200, 60e6, 0.0);
    let names = ["glibc".to_owned(), "trim".to_owned()];
    let texts = checked(&arms_chart(&arms(&run, &names)).unwrap());
    for expected in ["glibc ceiling", "glibc at rest", "left after giving back"] {
        assert!(texts.iter().any(|text| text == expected), "{expected} is missing from {texts:?}");
    }
}
