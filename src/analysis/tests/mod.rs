//! The procedures against their references, against planted truth, and against their own laws.

mod arms;
mod case;
mod planted;
mod properties;
mod recorded;
mod reference;
