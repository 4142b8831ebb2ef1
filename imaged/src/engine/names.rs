//! Names for containers that were given none: an adjective and somebody who is remembered for building,
//! measuring or finding out.

use super::ids;
use crate::error::Result;

#[rustfmt::skip]
const ADJECTIVES: [&str; 64] = [
    "able", "agile", "amber", "ample", "awake", "bold", "brave", "brisk", "bright", "calm", "candid", "clear",
    "clever", "cosy", "crisp", "curious", "deft", "eager", "early", "exact", "fair", "fleet", "fond", "frank",
    "free", "fresh", "gentle", "glad", "golden", "grand", "handy", "happy", "hardy", "honest", "humble", "jolly",
    "keen", "kind", "lively", "lucid", "lucky", "mellow", "merry", "mild", "modest", "neat", "nimble", "noble",
    "patient", "plucky", "polite", "proud", "quick", "quiet", "rapid", "ready", "robust", "serene", "sharp",
    "steady", "sunny", "tidy", "vivid", "witty",
];

#[rustfmt::skip]
const SURNAMES: [&str; 64] = [
    "agnesi", "ampere", "babbage", "bell", "bessemer", "bohr", "boole", "brunel", "carson", "cauchy", "cort",
    "curie", "daimler", "darby", "darwin", "diesel", "dijkstra", "eiffel", "euclid", "euler", "faraday", "fermat",
    "galilei", "gauss", "germain", "goodall", "hamilton", "herschel", "hertz", "hopper", "huygens", "hypatia",
    "joule", "kepler", "khayyam", "kovalevskaya", "lamarr", "leibniz", "linnaeus", "lovelace", "maxwell", "meitner",
    "mendel", "newton", "nobel", "noether", "ohm", "pascal", "pasteur", "planck", "ritchie", "roentgen", "shannon",
    "siemens", "snow", "somerville", "stephenson", "telford", "tesla", "thomas", "turing", "volta", "watt", "wren",
];

/// A random name; from the second attempt on with a number behind it, for crowded places.
///
/// # Errors
/// When there are no random numbers.
pub(super) fn random(attempt: usize) -> Result<String> {
    let [adjective, surname, digits] = ids::random::<3>()?.map(usize::from);
    let (adjective, surname) = (ADJECTIVES[adjective % 64], SURNAMES[surname % 64]);
    Ok(match attempt {
        0 | 1 => format!("{adjective}_{surname}"),
        _ => format!("{adjective}_{surname}{digits}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_valid_and_differ() {
        let names: std::collections::BTreeSet<String> = (0..20).map(|_| random(0).unwrap()).collect();
        assert!(names.len() > 10, "{names:?}");
        for name in &names {
            assert!(crate::plan::flags::container_name(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn no_word_twice() {
        for words in [ADJECTIVES, SURNAMES] {
            assert_eq!(
                words.iter().collect::<std::collections::BTreeSet<_>>().len(),
                words.len()
            );
        }
    }
}
