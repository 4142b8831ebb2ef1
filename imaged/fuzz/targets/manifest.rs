//! Any bytes as a manifest or an index, and after a NUL as the configuration that belongs to it: an error, or layers.
#![no_main]

use corten_imaged::assemble::layers_of;
use corten_imaged::image::platform;
use corten_imaged::oci::manifest::read_json;
use corten_imaged::oci::{Document, ImageConfig, media};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let (document, config) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    for announced in [media::OCI_MANIFEST, media::OCI_INDEX, media::DOCKER_MANIFEST, ""] {
        match Document::parse(announced, document) {
            Ok(Document::Manifest(manifest)) => {
                if let Ok(config) = read_json::<ImageConfig>(config, "configuration")
                    && let Ok(layers) = layers_of(&manifest, &config)
                {
                    assert_eq!(layers.len(), manifest.layers.len());
                }
            }
            Ok(Document::Index(index)) => {
                if let Ok(chosen) = platform::choose(&platform::host(), &index.manifests) {
                    assert!(index.manifests.contains(chosen));
                }
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
});
