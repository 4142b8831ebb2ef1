//! The texts of /etc/hosts and /etc/resolv.conf in a container.

use std::fmt::Write;

use super::options::{Network, Options};

/// What a resolver that does not know better asks.
const FALLBACK_DNS: &str = "nameserver 8.8.8.8\nnameserver 8.8.4.4\n";

/// /etc/hosts: the host's own with the host's network, otherwise the loopback names and the container's.
pub(crate) fn hosts(options: &Options, hostname: &str, of_host: &str) -> String {
    let mut text = match options.network {
        Network::Host => of_host.to_owned(),
        Network::None => {
            let mut text = "127.0.0.1\tlocalhost\n\
                            ::1\tlocalhost ip6-localhost ip6-loopback\n\
                            fe00::\tip6-localnet\n\
                            ff00::\tip6-mcastprefix\n\
                            ff02::1\tip6-allnodes\n\
                            ff02::2\tip6-allrouters\n"
                .to_owned();
            let _ = match &options.domainname {
                Some(domain) => writeln!(text, "127.0.1.1\t{hostname}.{domain} {hostname}"),
                None => writeln!(text, "127.0.1.1\t{hostname}"),
            };
            text
        }
    };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for host in &options.hosts {
        let _ = writeln!(text, "{}\t{}", host.address, host.name);
    }
    text
}

/// /etc/resolv.conf: the host's, each kind of line replaced by what was asked for.
pub(crate) fn resolv_conf(options: &Options, of_host: &str) -> String {
    let of_host = match of_host.trim().is_empty() {
        true => FALLBACK_DNS,
        false => of_host,
    };
    if options.dns.is_empty() && options.dns_search.is_empty() && options.dns_options.is_empty() {
        return of_host.to_owned();
    }
    let hosts = |keyword: &str| -> Vec<String> {
        let is_meant = |line: &&str| line.split_whitespace().next() == Some(keyword);
        of_host.lines().filter(is_meant).map(str::to_owned).collect()
    };
    let mut lines = match options.dns.is_empty() {
        true => hosts("nameserver"),
        false => options
            .dns
            .iter()
            .map(|server| format!("nameserver {server}"))
            .collect(),
    };
    lines.extend(match options.dns_search.as_slice() {
        [] => hosts("search"),
        [none] if none == "." => Vec::new(),
        domains => vec![format!("search {}", domains.join(" "))],
    });
    lines.extend(match options.dns_options.as_slice() {
        [] => hosts("options"),
        words => vec![format!("options {}", words.join(" "))],
    });
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::options::Host;
    use super::*;

    #[test]
    fn the_containers_name_and_added_hosts() {
        let host = Host {
            name: "db".to_owned(),
            address: "10.0.0.2".to_owned(),
        };
        let options = Options {
            hosts: vec![host],
            ..Options::default()
        };
        let text = hosts(&options, "web", "ignored");
        assert!(text.starts_with("127.0.0.1\tlocalhost\n"));
        assert!(text.ends_with("127.0.1.1\tweb\n10.0.0.2\tdb\n"), "{text}");
    }

    #[test]
    fn the_hosts_network_has_the_hosts_names() {
        let options = Options {
            network: Network::Host,
            ..Options::default()
        };
        assert_eq!(hosts(&options, "web", "1.2.3.4 me"), "1.2.3.4 me\n");
    }

    #[test]
    fn name_servers() {
        let options = Options {
            dns: vec!["1.1.1.1".to_owned()],
            ..Options::default()
        };
        assert_eq!(
            resolv_conf(&options, "nameserver 9.9.9.9\n"),
            "nameserver 1.1.1.1\n"
        );
        assert_eq!(
            resolv_conf(&Options::default(), "nameserver 9.9.9.9\n"),
            "nameserver 9.9.9.9\n"
        );
        assert_eq!(resolv_conf(&Options::default(), ""), FALLBACK_DNS);
        let options = Options {
            dns_search: vec!["a".to_owned(), "b".to_owned()],
            dns_options: vec!["ndots:2".to_owned()],
            ..Options::default()
        };
        let host = "nameserver 9.9.9.9\nsearch x\noptions rotate\n";
        assert_eq!(
            resolv_conf(&options, host),
            "nameserver 9.9.9.9\nsearch a b\noptions ndots:2\n"
        );
        let none = Options {
            dns_search: vec![".".to_owned()],
            ..Options::default()
        };
        assert_eq!(resolv_conf(&none, host), "nameserver 9.9.9.9\noptions rotate\n");
    }
}
