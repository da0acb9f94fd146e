//! What the imitated kernel tells of itself in `/proc`.

use std::fmt::Write as _;

use skep_model::Timestamp;

use super::personality::Personality;

/// The one file of them that is never the same.
pub(super) const UPTIME: &str = "/proc/uptime";

/// The file systems that are mounted, as lines of `/proc/mounts`.
pub(super) fn mounts(personality: &Personality) -> String {
    if personality.is_busybox() {
        return "/dev/root /rom squashfs ro,relatime 0 0
proc /proc proc rw,nosuid,nodev,noexec,noatime 0 0
sysfs /sys sysfs rw,nosuid,nodev,noexec,noatime 0 0
tmpfs /tmp tmpfs rw,nosuid,nodev,noatime 0 0
/dev/mtdblock3 /overlay jffs2 rw,noatime 0 0
overlayfs:/overlay / overlay rw,noatime,lowerdir=/,upperdir=/overlay/upper,workdir=/overlay/work 0 0
tmpfs /dev tmpfs rw,nosuid,relatime,size=512k,mode=755 0 0
devpts /dev/pts devpts rw,nosuid,noexec,relatime,mode=600,ptmxmode=000 0 0
"
        .to_owned();
    }
    let disk = personality.disk;
    let files = if personality.product.starts_with("CentOS") {
        "xfs rw,relatime,attr2,inode64,noquota"
    } else {
        "ext4 rw,relatime,discard,errors=remount-ro"
    };
    format!(
        "sysfs /sys sysfs rw,nosuid,nodev,noexec,relatime 0 0
proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0
udev /dev devtmpfs rw,nosuid,relatime,size=983884k,nr_inodes=245971,mode=755 0 0
devpts /dev/pts devpts rw,nosuid,noexec,relatime,gid=5,mode=620,ptmxmode=000 0 0
tmpfs /run tmpfs rw,nosuid,nodev,noexec,relatime,size=201448k,mode=755 0 0
/dev/{disk} / {files} 0 0
tmpfs /dev/shm tmpfs rw,nosuid,nodev 0 0
"
    )
}

/// What `/proc/uptime` says: for how long it runs, and how long its processors had nothing to do.
pub(super) fn uptime(personality: &Personality, booted: Timestamp, now: Timestamp) -> String {
    let up = now - booted;
    let idle = up * i64::from(personality.processors) * 97 / 100;
    let seconds = |time: i64| format!("{}.{:02}", time / 1000, time % 1000 / 10);
    format!("{} {}\n", seconds(up), seconds(idle))
}

/// All files of `/proc` by their path.
pub(super) fn files(
    personality: &Personality,
    address: &str,
    mac: &str,
    booted: Timestamp,
) -> Vec<(&'static str, String)> {
    let Personality {
        kernel,
        version,
        compiler,
        interface,
        disk,
        ..
    } = personality;
    let mounts = mounts(personality);
    let command = if personality.is_busybox() {
        "board=TL-WR841N-v8 console=ttyS0,115200 rootfstype=squashfs noinitrd\n".to_owned()
    } else {
        format!(
            "BOOT_IMAGE=/boot/vmlinuz-{kernel} root=/dev/{disk} ro console=tty1 console=ttyS0\n"
        )
    };
    let init = if personality.is_busybox() {
        "/sbin/procd\0"
    } else {
        "/sbin/init\0"
    };
    vec![
        (
            "/proc/version",
            format!("Linux version {kernel} {compiler} {version}\n"),
        ),
        ("/proc/cpuinfo", processors(personality)),
        ("/proc/meminfo", memory(personality)),
        ("/proc/cmdline", command),
        ("/proc/mounts", mounts.clone()),
        ("/proc/self/mounts", mounts.clone()),
        ("/proc/1/mounts", mounts),
        ("/proc/1/cmdline", init.to_owned()),
        ("/proc/1/comm", init.trim_start_matches("/sbin/").replace('\0', "\n")),
        ("/proc/self/cmdline", "cat\0/proc/self/cmdline\0".to_owned()),
        ("/proc/self/comm", "cat\n".to_owned()),
        ("/proc/self/cgroup", "0::/user.slice/user-0.slice/session-3.scope\n".to_owned()),
        (
            "/proc/self/status",
            "Name:\tcat\nUmask:\t0022\nState:\tR (running)\nTgid:\t2903\nPid:\t2903\nPPid:\t2817\nTracerPid:\t0\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n"
                .to_owned(),
        ),
        (UPTIME, uptime(personality, booted, Timestamp::now())),
        ("/proc/loadavg", "0.08 0.03 0.01 1/142 2817\n".to_owned()),
        ("/proc/stat", format!("cpu  201843 1204 98211 360188210 20114 0 3391 0 0 0\nintr 88112043\nctxt 161204417\nbtime {}\nprocesses 29033\nprocs_running 1\nprocs_blocked 0\n", booted.0 / 1000)),
        (
            "/proc/partitions",
            format!("major minor  #blocks  name\n\n 252        0   41943040 {}\n 252        1   41828335 {disk}\n", disk.trim_end_matches(|c: char| c.is_ascii_digit())),
        ),
        (
            "/proc/net/dev",
            format!(
                "Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 1180422   12840    0    0    0     0          0         0  1180422   12840    0    0    0     0       0          0
{interface:>6}: 1204418820 1840223    0    0    0     0          0         0 128803344  921773    0    0    0     0       0          0
"
            ),
        ),
        (
            "/proc/net/arp",
            format!(
                "IP address       HW type     Flags       HW address            Mask     Device\n{:<16} 0x1         0x2         52:54:00:00:00:01     *        {interface}\n",
                gateway(address)
            ),
        ),
        (
            "/proc/net/route",
            format!(
                "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n{interface}\t00000000\t{}\t0003\t0\t0\t100\t00000000\t0\t0\t0\n",
                hexadecimal(&gateway(address))
            ),
        ),
        (
            "/proc/net/tcp",
            format!(
                "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 19822 1 0000000000000000 100 0 0 10 0\n   1: {}:0016 {}:D3A2 01 00000000:00000000 02:000A7B2C 00000000     0        0 48120 2 0000000000000000 20 4 29 10 -1\n",
                hexadecimal(address),
                hexadecimal(&gateway(address))
            ),
        ),
        (
            "/proc/net/if_inet6",
            format!("00000000000000000000000000000001 01 80 10 80       lo\nfe80000000000000505400fffe{} 02 40 20 80     {interface}\n", mac.get(9..).unwrap_or_default().replace(':', "")),
        ),
        (
            "/proc/filesystems",
            "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\n\text3\n\text2\n\text4\n\tsquashfs\n\tvfat\n".to_owned(),
        ),
        ("/proc/modules", "virtio_net 61440 0 - Live 0x0000000000000000\nvirtio_blk 20480 2 - Live 0x0000000000000000\n".to_owned()),
        ("/proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n".to_owned()),
    ]
}

fn gateway(address: &str) -> String {
    let network = address
        .rsplit_once('.')
        .map_or(address, |(network, _)| network);
    format!("{network}.1")
}

/// An address as the kernel writes it: its bytes from the last to the first.
fn hexadecimal(address: &str) -> String {
    address.rsplit('.').fold(String::new(), |mut text, part| {
        let _ = write!(text, "{:02X}", part.parse::<u8>().unwrap_or_default());
        text
    })
}

fn processors(personality: &Personality) -> String {
    (0..personality.processors)
        .map(|n| personality.cpuinfo.replace("{n}", &n.to_string()))
        .collect()
}

fn memory(personality: &Personality) -> String {
    let all = personality.memory;
    let mut text = String::new();
    for (name, amount) in [
        ("MemTotal", all),
        ("MemFree", all * 15 / 100),
        ("MemAvailable", all * 75 / 100),
        ("Buffers", all * 4 / 100),
        ("Cached", all * 60 / 100),
        ("SwapCached", 0),
        ("Active", all * 30 / 100),
        ("Inactive", all * 44 / 100),
        ("SwapTotal", 0),
        ("SwapFree", 0),
    ] {
        let _ = writeln!(text, "{:<16}{amount:>8} kB", format!("{name}:"));
    }
    text
}
