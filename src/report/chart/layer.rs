//! How each kind of layer is drawn on a plot.

use plotters::style::RGBAColor;

use super::canvas::{Area, Canvas, Point};
use super::case::Floor;
use super::core::Edge;
use super::error::ChartError;
use super::palette::{AXIS, INK, INK_SOFT, JUDGED, PAPER, faded};
use super::panel::{Layer, Scales};
use super::series::{clip, reduce};

type Drawn = Result<(), ChartError>;

impl Layer<'_> {
    /// Whether the grid lies above it.
    pub(super) fn is_ground(&self) -> bool {
        matches!(self, Layer::Judged { .. })
    }

    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, scales: &Scales) -> Drawn {
        let (top, bottom) = (scales.y.high_pixel, scales.y.low_pixel);
        match self {
            Layer::Judged { from, to } => {
                let [left, right] = [from, to].map(|at| scales.x.at(at.clamp(scales.x.low, scales.x.high)));
                canvas.rectangle(Area { left, top, right, bottom }, JUDGED)
            }
            Layer::Series { .. } => self.draw_series(canvas, scales),
            Layer::Levels(levels) => levels.iter().try_for_each(|level| draw_level(canvas, scales, level)),
            Layer::Band { edges, color } => draw_band(canvas, scales, edges, *color),
            Layer::Reference { level, is_dashed } => {
                let y = scales.y.at(*level);
                let (from, to) = ((scales.x.low_pixel, y), (scales.x.high_pixel, y));
                if *is_dashed {
                    canvas.dashes((from, to), 1.0, INK_SOFT)
                } else {
                    canvas.line(&[from, to], 0.8, INK_SOFT)
                }
            }
            Layer::Wedge { origin, to, rates } => draw_wedge(canvas, scales, (*origin, *to), rates),
            Layer::Rule { at } => {
                let x = scales.x.at(at.clamp(scales.x.low, scales.x.high));
                canvas.dashes(((x, top), (x, bottom)), 1.0, AXIS)
            }
            Layer::End { at } => {
                let x = scales.x.at(at.clamp(scales.x.low, scales.x.high));
                canvas.line(&[(x, top), (x, bottom)], 1.5, INK)?;
                canvas.polygon(&[(x - 5.0, top - 1.0), (x + 5.0, top - 1.0), (x, top + 7.0)], INK)
            }
        }
    }

    fn draw_series(&self, canvas: &mut Canvas<'_>, scales: &Scales) -> Drawn {
        let Layer::Series { iterations, values, stroke, fill, is_sparse } = self else { return Ok(()) };
        let runs = reduce(iterations, values, &scales.x, *is_sparse);
        if let Some(color) = fill {
            for run in &runs {
                canvas.polygon(&area_under(run, scales), *color)?;
            }
        }
        let count: usize = runs.iter().map(Vec::len).sum();
        let shows_samples = *is_sparse && count <= 120 || count <= 24;
        for run in &runs {
            for part in clip(run, scales.y.low, scales.y.high) {
                let points: Vec<Point> = part.iter().map(|point| scales.at(*point)).collect();
                canvas.line(&points, stroke.width, stroke.color)?;
            }
            for point in run.iter().filter(|point| shows_samples && scales.y.holds(point.1)) {
                canvas.dot(scales.at(*point), stroke.width + 0.8, stroke.color)?;
            }
        }
        Ok(())
    }
}

/// The band between its edges, which are told once for each column of pixels.
fn draw_band(canvas: &mut Canvas<'_>, scales: &Scales, edges: &[Edge], color: RGBAColor) -> Drawn {
    let at = |iteration: f64, value: f64| scales.at((iteration, value.clamp(scales.y.low, scales.y.high)));
    let mut shown = edges.to_vec();
    shown.dedup_by_key(|(iteration, ..)| scales.x.at(*iteration).floor() as i64);
    let lower = shown.iter().map(|(iteration, low, _)| at(*iteration, *low));
    let upper = shown.iter().rev().map(|(iteration, _, high)| at(*iteration, *high));
    canvas.polygon(&lower.chain(upper).collect::<Vec<Point>>(), color)
}

fn area_under(run: &[Point], scales: &Scales) -> Vec<Point> {
    let clamped = |(iteration, value): &Point| scales.at((*iteration, value.clamp(scales.y.low, scales.y.high)));
    let base = scales.y.low_pixel;
    let ends = [run.last(), run.first()].into_iter().flatten().map(|(iteration, _)| (scales.x.at(*iteration), base));
    run.iter().map(clamped).chain(ends).collect()
}

/// A window's level as a bar as long as the window, with a rim of paper so that it stands out of any line.
fn draw_level(canvas: &mut Canvas<'_>, scales: &Scales, level: &Floor) -> Drawn {
    if !(scales.y.holds(level.level) && level.from.is_finite() && level.to.is_finite()) {
        return Ok(());
    }
    let (from, to) = (level.from.max(scales.x.low), level.to.min(scales.x.high));
    let y = scales.y.at(level.level);
    let (left, right) = (scales.x.at(from) + 1.5, scales.x.at(to) - 1.5);
    let bar = [(left.min(right), y), (right.max(left), y)];
    canvas.line(&bar, if level.is_judged { 5.5 } else { 4.0 }, faded(PAPER, 0.9))?;
    let (width, color) = if level.is_judged { (3.0, INK) } else { (2.0, AXIS) };
    canvas.line(&bar, width, color)
}

fn draw_wedge(canvas: &mut Canvas<'_>, scales: &Scales, (origin, to): (Point, f64), rates: &[f64; 3]) -> Drawn {
    let (low, high) = (scales.y.low, scales.y.high);
    let end = |rate: f64| (to, origin.1 + rate * (to - origin.0));
    let clamped = |(iteration, value): Point| scales.at((iteration, value.clamp(low, high)));
    if !(rates.iter().all(|rate| rate.is_finite()) && to > origin.0 && origin.1.is_finite()) {
        return Ok(());
    }
    let edge = |rate: f64| -> Vec<Point> {
        // Enough points for the edge to follow its line up to where the plot ends and then the plot's edge.
        let along = |step: i32| origin.0 + (to - origin.0) * f64::from(step) / 32.0;
        (0..=32).map(along).map(|x| clamped((x, origin.1 + rate * (x - origin.0)))).collect()
    };
    let outline: Vec<Point> = edge(rates[2]).into_iter().chain(edge(rates[0]).into_iter().rev()).collect();
    canvas.polygon(&outline, faded(INK, 0.14))?;
    if rates.iter().all(|rate| *rate == 0.0) {
        // A line that is flat to the byte lies under its own estimate; the label says the rest.
        return Ok(());
    }
    for part in clip(&[origin, end(rates[1])], low, high) {
        if let [from, to] = part[..] {
            canvas.dashes((scales.at(from), scales.at(to)), 1.4, INK)?;
        }
    }
    Ok(())
}
