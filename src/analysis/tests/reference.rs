//! Comparison of one recorded trace with what the reference procedures, written in Python, say of it.

use serde_json::Value;

use super::case::{CaseSeries, Question, judge_case};
use crate::analysis::*;
use crate::arm::LiveKind;

/// Columns of a recorded trace by name; empty cells are missing.
pub(crate) struct Trace {
    columns: Vec<(String, Vec<f64>)>,
}

impl Trace {
    /// Reads CSV text; the sample before the first iteration is left out.
    pub(crate) fn parse(text: &str) -> Self {
        let mut lines = text.lines();
        let mut columns: Vec<(String, Vec<f64>)> =
            lines.next().unwrap().split(',').map(|name| (name.to_owned(), Vec::new())).collect();
        for line in lines.filter(|line| !line.starts_with("0,")) {
            for ((_, values), cell) in columns.iter_mut().zip(line.split(',')) {
                values.push(if cell.is_empty() { f64::NAN } else { cell.parse().unwrap() });
            }
        }
        Trace { columns }
    }

    /// A column, empty if there is none of that name.
    pub(crate) fn get(&self, name: &str) -> Vec<f64> {
        self.columns.iter().find(|(column, _)| column == name).map_or(Vec::new(), |(_, values)| values.clone())
    }
}

/// Counts the numbers that agree and keeps those that do not.
#[derive(Default)]
pub(crate) struct Comparison {
    pub(crate) equal: usize,
    pub(crate) different: Vec<String>,
}

impl Comparison {
    fn number(&mut self, name: &str, ours: f64, reference: &Value) {
        let theirs = match reference {
            Value::String(word) if word == "inf" => f64::INFINITY,
            Value::String(word) if word == "-inf" => f64::NEG_INFINITY,
            Value::String(word) if word == "nan" => f64::NAN,
            Value::Bool(flag) => f64::from(u8::from(*flag)),
            other => other.as_f64().unwrap_or(f64::NAN),
        };
        let close = (ours - theirs).abs() <= 1e-9 * theirs.abs().max(ours.abs());
        self.record(name, close || ours == theirs || (ours.is_nan() && theirs.is_nan()), || {
            format!("{ours} not {theirs}")
        });
    }

    fn word(&mut self, name: &str, ours: &str, reference: &Value) {
        self.record(name, Some(ours) == reference.as_str(), || format!("{ours} not {reference}"));
    }

    fn record(&mut self, name: &str, equal: bool, difference: impl FnOnce() -> String) {
        if equal {
            self.equal += 1;
        } else {
            self.different.push(format!("{name}: {}", difference()));
        }
    }

    fn numbers(&mut self, name: &str, ours: &[f64], reference: &Value) {
        for (k, value) in ours.iter().enumerate() {
            self.number(&format!("{name}[{k}]"), *value, &reference[k]);
        }
    }
}

fn capitals(word: impl ToString) -> String {
    word.to_string().to_uppercase()
}

fn state_word(state: State) -> &'static str {
    match state {
        State::Linear => "LINEAR",
        State::Flat => "FLAT",
        State::Decelerating => "DECEL",
        State::Slack => "SLACK",
        State::Unclear => "UNCLEAR",
        State::Missing => "MISSING",
    }
}

fn judgement(to: &mut Comparison, at: &str, ours: &Judgement, reference: &Value) {
    to.word(&format!("{at}.verdict"), &capitals(ours.verdict), &reference["verdict"]);
    to.word(&format!("{at}.state"), state_word(ours.state), &reference["state"]);
    to.number(&format!("{at}.n"), ours.look.n as f64, &reference["n"]);
    to.number(&format!("{at}.looks"), ours.looks as f64, &reference["looks"]);
    to.number(&format!("{at}.alpha"), ours.error_rate(), &reference["alpha"]);
    let Some(shape) = &ours.look.shape else { return };
    let fields = [
        ("p", shape.p),
        ("rising", f64::from(u8::from(shape.rising))),
        ("decel", f64::from(u8::from(shape.decelerating))),
        ("sure", f64::from(u8::from(shape.sure))),
        ("beta", shape.beta),
        ("late", shape.rate),
        ("vm", shape.earlier_rate),
        ("lo", shape.low),
        ("up", shape.high),
        ("grow", shape.grown),
        ("total", shape.total),
        ("spread", shape.spread),
        ("w", ours.look.width as f64),
    ];
    for (name, value) in fields {
        to.number(&format!("{at}.{name}"), value, &reference[name]);
    }
    to.numbers(&format!("{at}.f"), &shape.floors, &reference["f"]);
    let projection = project(ours.look.n, shape.rate, shape.beta, 1e6);
    to.number(&format!("{at}.extra"), projection.extra_bytes, &reference["projection"][0]);
    let kind = format!("{:?}", projection.kind).to_lowercase();
    to.word(&format!("{at}.kind"), &kind, &reference["projection"][1]);
}

/// Floors of a trace without peaks: cases, detectable leaks, the trend at rest.
pub(crate) fn compare_floors(trace: &Trace, reference: &Value, to: &mut Comparison) {
    let anon: Vec<f64> = trace.get("rssanon_kb").iter().map(|kb| kb * 1024.0).collect();
    let threads = trace.get("threads");
    let counted = trace.get("al_allocated");
    let heap = trace.get("uordblks").into_iter().zip(trace.get("hblkhd")).map(|(used, mapped)| used + mapped);
    let name = reference["file"].as_str().unwrap();
    let bytes = if name.contains("jemalloc") || name.contains("tcmalloc") { counted } else { heap.collect() };
    let kind = match reference["kind"].as_str().unwrap() {
        "exact" => Some(LiveKind::Exact),
        "tcache" => Some(LiveKind::Tcache),
        "noisy" => Some(LiveKind::Noisy),
        _ => None,
    };
    for (key, expected) in reference["cases"].as_object().unwrap() {
        let (question, cut) = key.split_once('@').unwrap();
        let cut: usize = cut.parse().unwrap();
        let live = kind.map(|kind| LiveSeries { bytes: &bytes[..cut], kind, threads: Some(&threads[..cut]) });
        let counts = vec![(Resource::Threads, &threads[..cut])];
        let case = CaseSeries { live, anon: Some(&anon[..cut]), counts };
        let asked = if question.starts_with("leak") { Question::Leak } else { Question::Creep };
        let found = judge_case(&case, asked, 50, 1024.0, question.ends_with("early"));
        let word = match found.verdict {
            Verdict::ResourceLeak => "OTHER-LEAK:threads".to_owned(),
            verdict => capitals(verdict),
        };
        to.word(key, &word, &expected["verdict"]);
        to.number(key, found.n as f64, &expected["n"]);
        let judged = [("live", "lv", &found.live), ("anon", "av", &found.anon)];
        for (part, verdict, ours) in judged {
            if let Some(ours) = ours {
                to.word(&format!("{key} {part}"), &capitals(ours.verdict), &expected[verdict]);
                if !expected[part].is_null() {
                    judgement(to, &format!("{key} {part}"), ours, &expected[part]);
                }
            }
        }
    }
    if let Some(kind) = kind {
        let slack = LiveSeries { bytes: &bytes, kind, threads: Some(&threads) }.rules(50, 1024.0, true).slack;
        for (key, period, settle) in [("50/1", 1, 50), ("50/7", 7, 50), ("0/1", 1, 0), ("0/7", 7, 0)] {
            let ours = minimum_detectable(&bytes, bytes.len(), slack, settle, period);
            to.number(&format!("mdl {key}"), ours, &reference["mdl"][key]);
        }
    }
    let ours = minimum_detectable(&anon, anon.len(), Slack::Constant(0.0), 50, 1);
    to.number("mdl anon", ours, &reference["mdl"]["anon"]);
    for (key, expected) in reference["resident"].as_object().unwrap() {
        let (cycle, live_growth) = key.split_once('/').unwrap();
        let series = ResidentSeries { anon: Some(&anon), ..ResidentSeries::default() };
        resident(to, key, &series, cycle.parse().unwrap(), live_growth.parse().unwrap(), expected);
    }
    let resident: Vec<f64> = trace.get("vmrss_kb").iter().map(|kb| kb * 1024.0).collect();
    arm(to, &anon, &resident, &reference["arm"]);
    let seasons = [&anon[..9], &anon[9..16], &anon[16..22]];
    let (total, p) = seasonal_kendall(&seasons);
    to.numbers("kendall", &[total as f64, p], &reference["kendall"]);
}

/// The three levels of a trace with peaks and probes.
pub(crate) fn compare_levels(trace: &Trace, reference: &Value, to: &mut Comparison) {
    let (anon, peak) = (trace.get("rss_anon_bytes"), trace.get("peak_anon_bytes"));
    let core = trace.get("core_bytes");
    for (key, expected) in reference["resident"].as_object().unwrap() {
        let parts: Vec<&str> = key.split('/').collect();
        let cut: usize = parts[0].parse().unwrap();
        let core = CoreSeries::new(&core[..cut], reference["complete"].as_bool().unwrap());
        let series = ResidentSeries {
            anon: Some(&anon[..cut]),
            peak: parts[3].contains('p').then_some(&peak[..cut]),
            core: parts[3].contains('f').then_some(core),
        };
        resident(to, key, &series, parts[2].parse().unwrap(), parts[1].parse().unwrap(), expected);
    }
    arm(to, &peak, &anon, &reference["arm"]);
}

fn arm(to: &mut Comparison, a: &[f64], b: &[f64], reference: &Value) {
    let ours = arm_difference(&[a], &[b]).unwrap();
    to.numbers("arm", &[ours.difference, ours.low, ours.high], reference);
}

fn resident(to: &mut Comparison, at: &str, series: &ResidentSeries, cycle: usize, live_growth: f64, expected: &Value) {
    let rules = ResidentRules { cycle, tolerance: 0.1, settle: 50, live_growth };
    let ours = judge_resident(series, &rules);
    let retention = if ours.retains { "+RETENTION" } else { "" };
    to.word(&format!("{at}.verdict"), &format!("{}{retention}", capitals(ours.category)), &expected["verdict"]);
    if expected.get("peak").is_none() {
        return;
    }
    level(to, &format!("{at}.peak"), &ours.judged, &expected["peak"]);
    if let Some(anon) = &ours.anon {
        level(to, &format!("{at}.anon"), anon, &expected["anon"]);
    }
    if let (Some(kept), false) = (ours.retention, expected["ret"].is_null()) {
        to.numbers(&format!("{at}.ret"), &[kept.median, kept.low, kept.high, kept.most], &expected["ret"]);
    }
    to.record(&format!("{at}.ret"), ours.retention.is_none() == expected["ret"].is_null(), || "one is missing".into());
    if let Some(core) = &ours.core {
        core_level(to, &format!("{at}.core"), core, &expected["core"]);
    }
    if let Some(shape) = &ours.judged.shape {
        to.number(&format!("{at}.share"), ours.core_share.unwrap_or(f64::NAN), &expected["core_share"]);
        to.number(&format!("{at}.double"), ours.doubles_after(cycle), &expected["double_after"]);
        let service = [shape.low, shape.high].map(|slope| (slope / cycle as f64).max(0.0) * 10_000.0 / 1e6);
        to.numbers(&format!("{at}.service"), &service, &expected["service_MB"]);
    }
}

fn core_level(to: &mut Comparison, at: &str, core: &CoreTrend, expected: &Value) {
    let word = match core.state {
        CoreState::Growth => "GROWTH",
        CoreState::Flat => "FLAT",
        CoreState::Decelerating => "DECEL",
        CoreState::Unclear => "UNCLEAR",
        CoreState::Short => "SHORT",
        CoreState::LevelOnly => "NONE",
    };
    to.word(at, word, &expected["state"]);
    to.number(at, core.probes as f64, &expected["n"]);
    if let Some(shape) = &core.shape {
        let ours = [shape.low, shape.high, shape.rate, shape.beta, shape.p, shape.total, shape.spread];
        let names = ["lo", "up", "late", "beta", "p", "total", "spread"];
        for (name, value) in names.iter().zip(ours) {
            to.number(&format!("{at}.{name}"), value, &expected[*name]);
        }
        to.number(&format!("{at}.half"), core.half, &expected["half"]);
        to.number(&format!("{at}.lam"), core.ceiling, &expected["lam"]);
    }
}

fn level(to: &mut Comparison, at: &str, ours: &Trend, expected: &Value) {
    to.word(&format!("{at}.state"), &format!("{:?}", ours.state).to_uppercase(), &expected["state"]);
    to.number(&format!("{at}.n"), ours.cycles as f64, &expected["n"]);
    let Some(shape) = &ours.shape else { return };
    let fields = [
        ("w", shape.width as f64),
        ("half", shape.half as f64),
        ("slope", shape.slope),
        ("lo", shape.low),
        ("up", shape.high),
        ("lam", shape.ceiling),
        ("disc", shape.discordance),
        ("pct_lo", shape.percent(shape.low)),
        ("pct_up", shape.percent(shape.high)),
        ("mb_up", shape.high * shape.half as f64 / 1e6),
        ("first", shape.first_ceiling),
        ("ceil_prev", shape.earlier_ceiling),
        ("reached", shape.reached as f64),
        ("need", shape.needed as f64),
        ("decel", f64::from(u8::from(shape.is_decelerating()))),
        ("beta", shape.beta),
    ];
    for (name, value) in fields {
        to.number(&format!("{at}.{name}"), value, &expected[name]);
    }
    to.numbers(&format!("{at}.g"), &shape.means, &expected["g"]);
}
