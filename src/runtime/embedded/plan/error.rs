//! Why memory cannot be planned.

/// What is wrong with claims, or with the steps that they come from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::runtime::embedded) enum PlanError {
    /// Without a planner nothing has a place, and an empty placement would be taken for one.
    #[error("planner `none` gives nothing a place")]
    NoPlanner,
    /// Offsets cannot be multiples of this.
    #[error("alignment {0} is no power of two")]
    Alignment(u64),
    /// A claim that ends before it begins.
    #[error("claim {claim} ends with step {last}, before it begins with step {first}")]
    Reversed {
        /// Which claim.
        claim: usize,
        /// Where it begins.
        first: usize,
        /// Where it ends.
        last: usize,
    },
    /// The claims together cannot be counted.
    #[error("intermediate results of more than 2^64 bytes cannot be planned")]
    Overflow,
    /// Planning takes the square of the number of claims.
    #[error("{0} intermediate results are too many to plan; at most {most} are", most = super::claims::MOST_CLAIMS)]
    TooMany(usize),
    /// A step names a value that there is not.
    #[error("step {step} names value {value}, of which nothing is known")]
    UnknownValue {
        /// The step.
        step: usize,
        /// The value.
        value: usize,
    },
    /// A step reads planned memory that nobody has written.
    #[error("step {step} reads value {value} before any step has written it")]
    ReadEarly {
        /// The step.
        step: usize,
        /// The value.
        value: usize,
    },
    /// A step writes what another has written.
    #[error("step {step} writes value {value}, which has been written before")]
    WrittenTwice {
        /// The step.
        step: usize,
        /// The value.
        value: usize,
    },
}
