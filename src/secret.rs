//! Secrets that redact themselves, and the scrubber that guards every sink.
