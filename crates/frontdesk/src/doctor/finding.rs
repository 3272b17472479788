//! What a check found.

use serde::Serialize;

/// How a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// It works, or nobody can say that it does not; somebody should look all the same.
    Warn,
    /// Calls fail because of it.
    Fail,
}

impl Verdict {
    /// As a line begins with it.
    pub const fn word(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Fail => "FAIL",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What: `listen udp:0.0.0.0:5060`.
    pub what: String,
    /// How it is.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do; none where nothing is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Finding {
    /// Everything is as it should be.
    pub fn ok(what: impl Into<String>, found: impl Into<String>) -> Finding {
        Finding { what: what.into(), verdict: Verdict::Ok, found: found.into(), advice: None }
    }

    /// Somebody should look.
    pub fn warn(what: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Finding {
        let advice = Some(advice.into());
        Finding { what: what.into(), verdict: Verdict::Warn, found: found.into(), advice }
    }

    /// Calls fail because of it.
    pub fn fail(what: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Finding {
        Finding { verdict: Verdict::Fail, ..Finding::warn(what, found, advice) }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:<4} {}: {}", self.verdict.word(), self.what, self.found)?;
        match &self.advice {
            Some(advice) => write!(f, "\n       → {advice}"),
            None => Ok(()),
        }
    }
}
