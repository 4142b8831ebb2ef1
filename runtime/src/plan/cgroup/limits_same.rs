//! Limits that both interfaces word alike, or that only one has: huge pages, RDMA, network class and priorities.

use super::limits::Planner;
use crate::error::{Error, Kind, Result};
use crate::host::cgroup::Version;
use crate::oci::{HugepageLimit, Map, Network, Rdma};

impl Planner<'_> {
    /// Pages in use and pages reserved; older kernels know no reservations.
    pub(super) fn huge_pages(&mut self, limits: &[HugepageLimit<'_>]) -> Result<()> {
        for (index, page) in limits.iter().enumerate() {
            if !page.page_size.bytes().all(|byte| byte.is_ascii_alphanumeric()) || page.page_size.is_empty() {
                let message = format!(
                    "linux.resources.hugepageLimits[{index}].pageSize \"{}\" is not a size such as 2MB",
                    page.page_size
                );
                return Err(Error::new(Kind::Config, message));
            }
            let (version, mut writes) = self.writes("hugetlb", "linux.resources.hugepageLimits")?;
            let suffix = if version == Version::V1 {
                "limit_in_bytes"
            } else {
                "max"
            };
            writes.set(format!("hugetlb.{}.{suffix}", page.page_size), page.limit);
            writes.set_if_present(format!("hugetlb.{}.rsvd.{suffix}", page.page_size), page.limit);
            self.limits.setup.extend(writes.ops);
        }
        Ok(())
    }

    /// Handles and objects by device.
    pub(super) fn rdma(&mut self, devices: &Map<'_, Rdma>) -> Result<()> {
        for (device, limit) in devices {
            if device.is_empty() || device.contains(char::is_whitespace) {
                let message = format!("linux.resources.rdma: \"{device}\" is not the name of a device");
                return Err(Error::new(Kind::Config, message));
            }
            let handles = limit.hca_handles.map(|n| format!(" hca_handle={n}"));
            let objects = limit.hca_objects.map(|n| format!(" hca_object={n}"));
            let limits: String = handles.into_iter().chain(objects).collect();
            if !limits.is_empty() {
                let mut writes = self.writes("rdma", "linux.resources.rdma")?.1;
                writes.set("rdma.max", format!("{device}{limits}"));
                self.limits.setup.extend(writes.ops);
            }
        }
        Ok(())
    }

    /// net_cls and net_prio, which v2 does not have.
    pub(super) fn network(&mut self, network: &Network<'_>) -> Result<()> {
        if let Some(class) = network.class_id {
            let mut writes = self.writes("net_cls", "linux.resources.network.classID")?.1;
            writes.set("net_cls.classid", class);
            self.limits.setup.extend(writes.ops);
        }
        for priority in &network.priorities {
            let mut writes = self.writes("net_prio", "linux.resources.network.priorities")?.1;
            writes.set(
                "net_prio.ifpriomap",
                format!("{} {}", priority.name, priority.priority),
            );
            self.limits.setup.extend(writes.ops);
        }
        Ok(())
    }
}
