//! The modes of the terminal that somebody types at.

/// The modes as they were at one time.
#[cfg(unix)]
pub(super) struct Modes(Option<rustix::termios::Termios>);

#[cfg(unix)]
impl Modes {
    /// The modes as they are now.
    pub fn as_they_are() -> Self {
        Self(rustix::termios::tcgetattr(std::io::stdin()).ok())
    }

    /// Sets them again.
    pub fn restore(&self) {
        if let Some(modes) = &self.0 {
            // A terminal that has gone needs nothing restored.
            let _ = rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Now, modes);
        }
    }
}

#[cfg(not(unix))]
pub(super) struct Modes;

#[cfg(not(unix))]
impl Modes {
    pub fn as_they_are() -> Self {
        Self
    }

    pub fn restore(&self) {}
}

/// Keeps the terminal from showing what is typed, until it is dropped: it would tear what is printed meanwhile.
pub(super) struct Silence(Modes);

impl Silence {
    /// Shows nothing that is typed from now on.
    pub fn begin() -> Self {
        let modes = Modes::as_they_are();
        #[cfg(unix)]
        if let Some(mut silent) = modes.0.clone() {
            silent.local_modes.remove(rustix::termios::LocalModes::ECHO);
            Modes(Some(silent)).restore();
        }
        Self(modes)
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        self.0.restore();
    }
}
