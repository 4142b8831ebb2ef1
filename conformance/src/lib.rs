//! Judges the three programs from outside.
