//! DeepRec's environment variables: its names, its defaults, and as in DeepRec a malformed value is an error.
//!
//! One default is another: what DeepRec does unless told not to, is done here only if asked for, by an arm's `step_pool` or
//! by `ENABLE_MEMORY_OPTIMIZATION=1`.

use thiserror::Error;

use crate::suite::StepPoolSettings;

/// The variables.
const ENABLE: &str = "ENABLE_MEMORY_OPTIMIZATION";
const START: &str = "START_STATISTIC_STEP";
const STABLE: &str = "STABLE_STATISTIC_STEP";
const MAX: &str = "MAX_STATISTIC_STEP";

/// A variable does not hold what it should.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{name}={value}` is not {expected}")]
pub struct VariableError {
    name: &'static str,
    value: String,
    expected: &'static str,
}

/// Whether `name` is one of these variables.
pub(in crate::arm) fn is_variable(name: &str) -> bool {
    [ENABLE, START, STABLE, MAX].contains(&name)
}

/// The settings of a pool that is asked for, by the `settings` of an arm or else by variables.
///
/// # Errors
/// The variable that is malformed.
pub fn asked_for(
    settings: Option<StepPoolSettings>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<StepPoolSettings>, VariableError> {
    let number = |name: &'static str, default: u64| match variable(name) {
        None => Ok(default),
        Some(value) => value.trim().parse().map_err(|_| VariableError { name, value, expected: "a whole number" }),
    };
    let default = StepPoolSettings::default();
    let told = StepPoolSettings {
        start: number(START, default.start)?,
        stable: number(STABLE, default.stable)?,
        max: number(MAX, default.max)?,
    };
    let is_enabled = match variable(ENABLE) {
        None => false,
        Some(value) => match value.trim().to_ascii_lowercase().as_str() {
            "1" | "true" => true,
            "0" | "false" => false,
            _ => return Err(VariableError { name: ENABLE, value, expected: "one of 0, 1, true, false" }),
        },
    };
    Ok(settings.or_else(|| is_enabled.then_some(told)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Option<StepPoolSettings>, VariableError> {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string());
        asked_for(None, find)
    }

    #[test]
    fn a_pool_is_on_where_it_is_asked_for() {
        assert_eq!(with(&[]), Ok(None));
        assert_eq!(with(&[(START, "7")]), Ok(None));
        assert_eq!(with(&[(ENABLE, "0")]), Ok(None));
        assert_eq!(with(&[(ENABLE, "1")]), Ok(Some(StepPoolSettings { start: 100, stable: 10, max: 100 })));
        let all = with(&[(ENABLE, "true"), (START, "1"), (STABLE, "2"), (MAX, "3")]);
        assert_eq!(all, Ok(Some(StepPoolSettings { start: 1, stable: 2, max: 3 })));
        let arm = StepPoolSettings { start: 5, stable: 5, max: 5 };
        assert_eq!(asked_for(Some(arm), |_| None), Ok(Some(arm)));
    }

    #[test]
    fn a_malformed_variable_is_named() {
        for (name, value) in [(ENABLE, "yes"), (ENABLE, ""), (START, "ten"), (STABLE, "-1"), (MAX, "1e3")] {
            let told = with(&[(name, value)]).unwrap_err().to_string();
            assert!(told.starts_with(&format!("`{name}={value}` is not ")), "{told}");
        }
    }
}
