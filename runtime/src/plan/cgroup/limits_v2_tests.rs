//! The conversions to v2's units.

use super::*;

#[test]
fn shares_become_weights_through_both_ends_and_the_default() {
    for (shares, weight) in [
        (1, 1),
        (2, 1),
        (1024, 100),
        (2048, 174),
        (262_144, 10_000),
        (1 << 40, 10_000),
    ] {
        assert_eq!(weight_of_shares(shares), weight, "{shares} shares");
    }
    let all: Vec<u64> = (2..=262_144).map(weight_of_shares).collect();
    assert!(all.is_sorted());
    assert!(all.iter().all(|weight| (1..=10_000).contains(weight)));
}

#[test]
fn block_weights_keep_their_ends() {
    assert_eq!([10, 500, 1000].map(io_weight), [1, 4950, 10_000]);
    assert_eq!(io_weight(0), 1);
}

#[test]
fn swap_is_what_exceeds_memory() {
    let of = |limit: Option<i64>, swap: Option<i64>| {
        super::swap(&Memory {
            limit,
            swap,
            ..Memory::default()
        })
    };
    assert_eq!(of(Some(100), Some(150)).unwrap(), Some(50));
    assert_eq!(of(Some(100), Some(100)).unwrap(), Some(0));
    assert_eq!(of(Some(100), None).unwrap(), None);
    assert_eq!(of(Some(-1), None).unwrap(), Some(-1));
    assert_eq!(of(Some(100), Some(-1)).unwrap(), Some(-1));
    assert!(
        of(None, Some(100))
            .unwrap_err()
            .to_string()
            .contains("needs limit")
    );
    assert!(
        of(Some(100), Some(99))
            .unwrap_err()
            .to_string()
            .contains("must not be below limit 100")
    );
}

#[test]
fn the_runtimes_own_files_and_paths_are_no_unified_limits() {
    assert!(check_unified("memory.high").is_ok());
    assert!(check_unified("cgroup.max.depth").is_ok());
    for bad in [
        "cgroup.procs",
        "cgroup.freeze",
        "../memory.high",
        "memory/high",
        "memory",
        ".x",
        "",
        "a.b\0",
    ] {
        assert_eq!(check_unified(bad).unwrap_err().kind(), Kind::Config, "{bad}");
    }
}
