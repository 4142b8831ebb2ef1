use super::*;
use crate::ttrpc::wire::{Value, fields};

/// The numbers of a message, by their fields; messages inside by `field.field`.
fn numbers(message: &[u8], path: &[u32]) -> Vec<u64> {
    let found = fields(message).flatten().filter(|(field, _)| *field == path[0]);
    found
        .flat_map(|(_, value)| match value {
            Value::Number(number) => vec![number],
            Value::Bytes(inner) if path.len() > 1 => numbers(inner, &path[1..]),
            Value::Bytes(inner) => inner.iter().map(|byte| u64::from(*byte)).collect(),
        })
        .collect()
}

fn version2_source(_: &str, name: &str) -> Option<String> {
    let text = match name {
        "pids.current" => "3\n",
        "pids.max" => "max\n",
        "cpu.stat" => "usage_usec 100\nuser_usec 60\nsystem_usec 40\nnice_usec 0\nnr_throttled 2\n",
        "memory.stat" => "anon 4096\nfile 8192\nanon_thp 7\npgfault 5\npgmajfault 1\n",
        "memory.current" => "12288\n",
        "memory.max" => "max\n",
        "io.stat" => "8:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n7:0 \n",
        "memory.events" => "low 0\nhigh 0\nmax 9\noom 2\noom_kill 1\noom_group_kill 0\n",
        _ => return None,
    };
    Some(text.to_owned())
}

#[test]
fn version_2_has_what_the_kernel_says() {
    let any = version2(&version2_source);
    assert_eq!(any.type_url, "io.containerd.cgroups.v2.Metrics");
    let read = |path: &[u32]| numbers(&any.value, path);
    assert_eq!(read(&[1, 1]), [3]);
    assert!(read(&[1, 2]).is_empty());
    assert_eq!(
        (read(&[2, 1]), read(&[2, 3]), read(&[2, 5])),
        (vec![100], vec![40], vec![2])
    );
    assert_eq!(
        (read(&[4, 1]), read(&[4, 2]), read(&[4, 10])),
        (vec![4096], vec![8192], vec![7])
    );
    assert_eq!((read(&[4, 18]), read(&[4, 19])), (vec![5], vec![1]));
    assert_eq!((read(&[4, 32]), read(&[4, 33])), (vec![12288], vec![u64::MAX]));
    assert_eq!((read(&[6, 1, 2]), read(&[6, 1, 6])), (vec![16], vec![4]));
    assert_eq!((read(&[8, 3]), read(&[8, 5])), (vec![9], vec![1]));
}

fn version1_source(controller: &str, name: &str) -> Option<String> {
    let text = match (controller, name) {
        ("pids", "pids.current") => "2",
        ("pids", "pids.max") => "10",
        ("cpuacct", "cpuacct.usage") => "1000",
        ("cpuacct", "cpuacct.stat") => "user 3\nsystem 4\n",
        ("cpuacct", "cpuacct.usage_percpu") => "5 6 \n",
        ("cpu", "cpu.stat") => "nr_periods 1\nnr_throttled 2\nthrottled_time 3\n",
        ("memory", "memory.stat") => "cache 1\nrss 2\ntotal_rss 22\ntotal_unevictable 4\n",
        ("memory", "memory.usage_in_bytes") => "4096",
        ("memory", "memory.memsw.limit_in_bytes") => "9",
        ("memory", "memory.oom_control") => "oom_kill_disable 0\nunder_oom 0\noom_kill 6\n",
        ("blkio", "blkio.throttle.io_serviced_recursive") => "8:0 Read 7\n8:0 Total 7\nTotal 7\n",
        _ => return None,
    };
    Some(text.to_owned())
}

#[test]
fn version_1_has_what_the_kernel_says() {
    let any = version1(&version1_source);
    assert_eq!(any.type_url, "io.containerd.cgroups.v1.Metrics");
    let read = |path: &[u32]| numbers(&any.value, path);
    assert_eq!((read(&[2, 1]), read(&[2, 2])), (vec![2], vec![10]));
    assert_eq!(
        (read(&[3, 1, 1]), read(&[3, 1, 2]), read(&[3, 1, 3])),
        (vec![1000], vec![40_000_000], vec![30_000_000])
    );
    assert_eq!((read(&[3, 1, 4]), read(&[3, 2, 2])), (vec![5, 6], vec![2]));
    assert_eq!(
        (read(&[4, 1]), read(&[4, 2]), read(&[4, 19]), read(&[4, 32])),
        (vec![1], vec![2], vec![22], vec![4])
    );
    assert_eq!((read(&[4, 33, 2]), read(&[4, 34, 1])), (vec![4096], vec![9]));
    assert_eq!((read(&[5, 2, 3]), read(&[5, 2, 5])), (vec![8, 8], vec![7, 7]));
    assert_eq!(read(&[9, 3]), [6]);
}
