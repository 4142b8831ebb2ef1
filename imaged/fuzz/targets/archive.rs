//! Any bytes as an archive of images that is loaded: an error or images; the store is sound afterwards in any case, and
//! nothing half-made is left in it. Needs root; run it where TMPDIR is a tmpfs.
#![no_main]

mod checksums;

use std::fs;
use std::sync::OnceLock;

use corten_imaged::archive::{Input, load};
use corten_imaged::store::Store;
use libfuzzer_sys::fuzz_target;

fn store() -> &'static Store {
    static PLACE: OnceLock<(tempfile::TempDir, Store)> = OnceLock::new();
    let (_, store) = PLACE.get_or_init(|| {
        let place = tempfile::tempdir().expect("a directory");
        let store = Store::open(&place.path().join("store")).expect("a store");
        (place, store)
    });
    store
}

fuzz_target!(|archive: &[u8]| {
    let archive = checksums::repaired(archive);
    let loaded = load(store(), Input::Stream(&mut &archive[..]), None);
    let left = fs::read_dir(store().root().join("tmp"))
        .expect("the store's tmp")
        .count();
    assert_eq!(left, 0);
    if let Ok(images) = loaded {
        assert_eq!(store().check().expect("a check"), []);
        for loaded in images {
            _ = store().remove_image(&loaded.image.id.to_string(), true);
        }
    }
});
