//! Places for texts that must not touch one another.

/// Moves the wanted centres of boxes that are `heights` tall apart so that none overlap, as little as possible, inside `low..high`.
///
/// Boxes keep the order of their wanted centres. Neighbours that collide are pooled and moved together (the pool-adjacent-violators
/// idea of isotonic regression), so a lone box stays exactly where it is wanted. The boxes must fit; see [`count_that_fits`].
pub(super) fn spread(wanted: &[f64], heights: &[f64], low: f64, high: f64) -> Vec<f64> {
    struct Pool {
        members: Vec<usize>,
        height: f64,
        /// Sum over members of the top at which the pool would have to start for the member to be where it is wanted.
        starts: f64,
    }
    impl Pool {
        fn top(&self, low: f64, high: f64) -> f64 {
            (self.starts / self.members.len() as f64).min(high - self.height).max(low)
        }
    }
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]).then(a.cmp(b)));
    let mut pools: Vec<Pool> = Vec::new();
    for index in order {
        let mut pool =
            Pool { members: vec![index], height: heights[index], starts: wanted[index] - heights[index] / 2.0 };
        while let Some(before) = pools.pop_if(|before| before.top(low, high) + before.height > pool.top(low, high)) {
            let shift = before.height * pool.members.len() as f64;
            let members = [before.members, pool.members].concat();
            pool = Pool { members, height: before.height + pool.height, starts: before.starts + pool.starts - shift };
        }
        pools.push(pool);
    }
    let mut centers = vec![0.0; wanted.len()];
    for pool in pools {
        let mut top = pool.top(low, high);
        for member in pool.members {
            centers[member] = top + heights[member] / 2.0;
            top += heights[member];
        }
    }
    centers
}

/// How many of the boxes, from the first, fit above one another into `room`.
pub(super) fn count_that_fits(heights: &[f64], room: f64) -> usize {
    let mut used = 0.0;
    heights
        .iter()
        .take_while(|height| {
            used += **height;
            used <= room
        })
        .count()
}

/// A text on a horizontal strip: where it wants to start and how wide it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span {
    pub start: f64,
    pub width: f64,
}

/// Row of each span (0 is the first) such that spans in one row keep `gap` apart, in the order given.
pub(super) fn rows(spans: &[Span], gap: f64) -> Vec<usize> {
    let mut taken: Vec<Vec<Span>> = Vec::new();
    spans
        .iter()
        .map(|span| {
            let is_free = |row: &Vec<Span>| {
                row.iter().all(|other| {
                    span.start >= other.start + other.width + gap || span.start + span.width + gap <= other.start
                })
            };
            let row = taken.iter().position(is_free).unwrap_or(taken.len());
            if row == taken.len() {
                taken.push(Vec::new());
            }
            taken[row].push(*span);
            row
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_move_apart_and_stay_inside() {
        assert_eq!(spread(&[50.0, 20.0], &[10.0, 10.0], 0.0, 100.0), [50.0, 20.0]);
        assert_eq!(spread(&[50.0, 50.0], &[10.0, 10.0], 0.0, 100.0), [45.0, 55.0]);
        assert_eq!(spread(&[99.0, 98.0, 97.0], &[10.0; 3], 0.0, 100.0), [95.0, 85.0, 75.0]);
        assert_eq!(spread(&[-5.0, 0.0, 12.0], &[10.0; 3], 0.0, 100.0), [5.0, 15.0, 25.0]);
        assert!(spread(&[], &[], 0.0, 1.0).is_empty());
        assert_eq!(count_that_fits(&[10.0; 9], 45.0), 4);
    }

    #[test]
    fn spans_that_touch_get_rows_of_their_own() {
        let span = |start: f64, width: f64| Span { start, width };
        assert_eq!(rows(&[span(0.0, 50.0), span(40.0, 20.0), span(60.0, 10.0)], 8.0), [0, 1, 0]);
    }
}
