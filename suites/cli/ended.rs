//! What a command said and how it ended.

use std::process::{Command, ExitStatus, Output, Stdio};

use serde_json::Value;

/// A command that has ended.
pub struct Ended {
    pub command: String,
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Runs `command` to its end and keeps what it says.
    pub fn of(mut command: Command) -> Self {
        let told = format!("{command:?}");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = command.output().unwrap_or_else(|error| panic!("cannot start {told}: {error}"));
        Ended::from_output(told, &output)
    }

    pub fn from_output(command: String, output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ended { command, status: output.status, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Checks the exit code.
    #[track_caller]
    pub fn code(self, expected: i32) -> Self {
        assert!(self.status.code() == Some(expected), "exit code {expected} was expected\n{}", self.all());
        assert!(!self.stderr.contains("panicked at"), "it panicked\n{}", self.all());
        self
    }

    /// Checks that standard output holds `part`.
    #[track_caller]
    pub fn says(self, part: &str) -> Self {
        assert!(self.stdout.contains(part), "standard output lacks `{part}`\n{}", self.all());
        self
    }

    /// Checks that standard error holds `part`.
    #[track_caller]
    pub fn complains(self, part: &str) -> Self {
        assert!(self.stderr.contains(part), "standard error lacks `{part}`\n{}", self.all());
        self
    }

    /// Checks that `part` was said, wherever.
    #[track_caller]
    pub fn tells(self, part: &str) -> Self {
        let is_told = self.stdout.contains(part) || self.stderr.contains(part);
        assert!(is_told, "nothing was said of `{part}`\n{}", self.all());
        self
    }

    /// Checks that nothing was said on standard output: nothing ran.
    #[track_caller]
    pub fn quietly(self) -> Self {
        assert!(self.stdout.is_empty(), "standard output should be empty\n{}", self.all());
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON: {error}\n{}", self.all()))
    }

    /// Everything that helps to understand a failure.
    pub fn all(&self) -> String {
        let Ended { command, status, stdout, stderr } = self;
        format!("command: {command}\nended with: {status}\n--- stdout\n{stdout}\n--- stderr\n{stderr}\n---")
    }
}
