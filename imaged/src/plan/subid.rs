//! subuid(5) and subgid(5): the ids of the machine that a user may give to others.

/// Ids in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) first: u32,
    pub(crate) count: u32,
}

/// The ranges of a user, by name or by number. Lines that are not well formed are skipped, as shadow does.
pub(crate) fn ranges(text: &str, name: &str, uid: Option<u32>) -> Vec<Range> {
    let is_meant = |user: &str| user == name || uid.is_some_and(|uid| user == uid.to_string());
    text.lines()
        .filter_map(|line| {
            let mut fields = line.trim().split(':');
            let (user, first, count) = (fields.next()?, fields.next()?, fields.next()?);
            (is_meant(user) && fields.next().is_none()).then(|| range(first, count))?
        })
        .collect()
}

/// No id is all ones: that means "no change" to the kernel.
fn range(first: &str, count: &str) -> Option<Range> {
    let first: u32 = first.parse().ok()?;
    let count: u64 = count.parse().ok()?;
    let count = u32::try_from(count.min(u64::from(u32::MAX - first))).ok()?;
    (count > 0).then_some(Range { first, count })
}

/// The first `size` ids in a row of what there is that nobody uses.
pub(crate) fn free(available: &[Range], used: &[Range], size: u32) -> Option<u32> {
    let end = |range: &Range| u64::from(range.first) + u64::from(range.count);
    for range in available {
        let mut first = u64::from(range.first);
        while first + u64::from(size) <= end(range) {
            let overlaps =
                |used: &&Range| u64::from(used.first) < first + u64::from(size) && first < end(used);
            match used.iter().filter(overlaps).map(end).max() {
                None => return u32::try_from(first).ok(),
                Some(next) => first = next,
            }
        }
    }
    None
}

/// What newuidmap(1) is told behind the process: root is the user itself, whose ranges follow in their order. Nothing if
/// there are none.
pub(crate) fn helper_words(ranges: &[Range], own: u32) -> Vec<String> {
    let mut words = Vec::new();
    let mut inside: u32 = 1;
    for range in ranges {
        // The last id is no id.
        let count = range.count.min(u32::MAX - inside);
        if words.is_empty() {
            words.extend([0, own, 1].map(|number| number.to_string()));
        }
        words.extend([inside, range.first, count].map(|number| number.to_string()));
        inside += count;
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(first: u32, count: u32) -> Range {
        Range { first, count }
    }

    #[test]
    fn lines_of_a_user() {
        let text = "# remark\nroot:1:2\ncontainers:100000:65536\n1000:5:6\n  containers:300000:10 \ncontainers:x:1\n\
                    containers:1\ncontainers:1:0\ncontainers:1:2:3\ncontainersx:9:9\ncontainers:4294967295:5\n";
        assert_eq!(
            ranges(text, "containers", None),
            [at(100_000, 65_536), at(300_000, 10)]
        );
        assert_eq!(ranges(text, "somebody", Some(1000)), [at(5, 6)]);
        assert_eq!(ranges(text, "somebody", None), []);
        let whole = "containers:2147483647:2147483648\n";
        assert_eq!(
            ranges(whole, "containers", None),
            [at(2_147_483_647, 2_147_483_648)]
        );
        assert_eq!(ranges("a:4294967290:100\n", "a", None), [at(4_294_967_290, 5)]);
    }

    #[test]
    fn gaps_are_found() {
        let available = [at(100, 10), at(1000, 100)];
        assert_eq!(free(&available, &[], 10), Some(100));
        assert_eq!(free(&available, &[], 11), Some(1000));
        assert_eq!(
            free(&available, &[at(1020, 10), at(990, 11), at(105, 1)], 10),
            Some(1001)
        );
        assert_eq!(free(&available, &[at(1000, 50), at(1050, 50)], 20), None);
        assert_eq!(free(&available, &[], 101), None);
        assert_eq!(free(&[at(4_294_967_290, 5)], &[], 5), Some(4_294_967_290));
    }

    #[test]
    fn root_is_the_user() {
        assert_eq!(helper_words(&[], 1000), [""; 0]);
        assert_eq!(
            helper_words(&[at(100_000, 10), at(500, 5)], 1000),
            ["0", "1000", "1", "1", "100000", "10", "11", "500", "5"]
        );
    }

    proptest! {
        #[test]
        fn what_is_found_is_free_and_available(
            available in proptest::collection::vec((0..200_u32, 1..100_u32), 0..5),
            used in proptest::collection::vec((0..200_u32, 1..40_u32), 0..8),
            size in 1..50_u32,
        ) {
            let [available, used] = [available, used].map(|list| list.into_iter().map(|(first, count)| at(first, count)).collect::<Vec<_>>());
            let has = |list: &[Range], id: u32| list.iter().any(|range| (range.first..range.first + range.count).contains(&id));
            let good = |first: u32| available.iter().any(|range| range.first <= first && first + size <= range.first + range.count)
                && (first..first + size).all(|id| !has(&used, id));
            match free(&available, &used, size) {
                Some(first) => prop_assert!(good(first)),
                None => prop_assert!(!(0..400).any(good)),
            }
        }
    }
}
