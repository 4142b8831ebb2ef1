//! Lays the functions that a container's life runs side by side in the released program
//! (docs/decisions/0142-hot-functions-side-by-side.md).

fn main() {
    println!("cargo::rerun-if-changed=hot-functions.ld");
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        let directory = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo::rustc-link-arg-bins=-T{directory}/hot-functions.ld");
    }
}
