//! Why something may not be done, and what to do about it.

/// Why something may not be done, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Our stable name for it: `not_granted`, `denied`, `protected`.
    pub code: &'static str,
    /// What is refused, and why.
    pub message: String,
    /// What to do, if anything helps.
    pub hint: Option<String>,
    /// The permission that it is about, if it is about one.
    pub permission: Option<String>,
}

impl Refusal {
    /// A refusal with nothing but its message yet.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, permission: None }
    }

    /// Adds the permission that it is about.
    #[must_use]
    pub fn needing(mut self, permission: &impl ToString) -> Self {
        self.permission = Some(permission.to_string());
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn hinting(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
