//! What puts a file of a group back when a later step of an update fails.

/// The value that restores what `before` showed, after `value` was written to `file`; none when nothing can.
///
/// Files with a line per device or interface take one such line; what had no line gets back its default.
pub fn restoring(file: &str, value: &str, before: &str) -> Option<String> {
    let Some(default) = default_of_line(file) else {
        let whole = before.trim_end();
        return (!whole.is_empty()).then(|| whole.to_owned());
    };
    let key = value.split_once(' ').map_or("default", |(key, _)| key);
    let own = before.lines().find(|line| line.split(' ').next() == Some(key));
    if let Some(line) = own {
        return Some(line.to_owned());
    }
    let words = value.split(' ').skip(1);
    let unset: String = words
        .map(|word| match word.split_once('=') {
            Some((name, _)) => format!(" {name}={default}"),
            None => format!(" {default}"),
        })
        .collect();
    Some(format!("{key}{unset}"))
}

/// What "not set" is called in a file with a line per device or interface; none for other files.
fn default_of_line(file: &str) -> Option<&'static str> {
    match file {
        "io.max" | "io.latency" | "rdma.max" => Some("max"),
        "io.weight" | "io.bfq.weight" => Some("default"),
        "net_prio.ifpriomap" => Some("0"),
        _ if file.starts_with("blkio.") && file.ends_with("_device") => Some("0"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::restoring;

    fn restored(file: &str, value: &str, before: &str) -> String {
        restoring(file, value, before).unwrap()
    }

    #[test]
    fn whole_files_get_their_text_back() {
        assert_eq!(restored("cpu.max", "5000 10000", "max 100000\n"), "max 100000");
        assert_eq!(restored("memory.max", "1", "4096\n"), "4096");
        assert_eq!(restoring("cpuset.cpus", "0", "\n"), None);
    }

    #[test]
    fn files_of_devices_get_one_line_back() {
        let before = "8:0 rbps=5 wbps=max riops=max wiops=max\n8:16 rbps=7 wbps=max riops=max wiops=max\n";
        assert_eq!(
            restored("io.max", "8:16 rbps=9", before),
            "8:16 rbps=7 wbps=max riops=max wiops=max"
        );
        assert_eq!(restored("io.max", "8:1 rbps=9", before), "8:1 rbps=max");
        assert_eq!(
            restored("io.bfq.weight", "8:1 300", "default 100\n"),
            "8:1 default"
        );
        assert_eq!(
            restored("io.weight", "300", "default 100\n8:0 5\n"),
            "300 ".trim_end().replace("300", "default 100")
        );
        assert_eq!(
            restored("blkio.throttle.read_bps_device", "8:0 9", "8:16 1\n"),
            "8:0 0"
        );
        assert_eq!(
            restored("rdma.max", "mlx hca_handle=1 hca_object=2", ""),
            "mlx hca_handle=max hca_object=max"
        );
    }
}
