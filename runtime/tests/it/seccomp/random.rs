//! Random profiles, against libseccomp.
