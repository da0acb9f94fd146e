//! A small router: everything is `busybox` on a MIPS processor.

use super::{Personality, ShellKind};

/// The head of a big-endian MIPS program.
const MIPS: &[u8] =
    b"\x7fELF\x01\x02\x01\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x08\x00\x00\x00\x01\
\x00\x40\x4b\x50\x00\x00\x00\x34\x00\x06\x9b\x34\x70\x00\x10\x05\x00\x34\x00\x20\x00\x08\x00\x28\
\x00\x1a\x00\x19";

pub(super) static ROUTER: Personality = Personality {
    name: "busybox-router",
    product: "OpenWrt 19.07.2",
    ssh: "SSH-2.0-dropbear_2019.78",
    telnet: "",
    greeting: "

BusyBox v1.30.1 () built-in shell (ash)

",
    shell: ShellKind::Ash,
    kernel: "4.14.171",
    version: "#0 Thu Feb 27 21:05:12 2020",
    architecture: "mips",
    platform: false,
    compiler: "(builder@buildhost) (gcc version 7.5.0 (OpenWrt GCC 7.5.0 r10947-65030d81f3))",
    processor: "MIPS 74Kc V4.12",
    processors: 1,
    cpuinfo: "system type\t\t: Atheros AR9341 rev 1
machine\t\t\t: TP-Link TL-WR841N/ND v8
processor\t\t: {n}
cpu model\t\t: MIPS 74Kc V4.12
BogoMIPS\t\t: 266.64
wait instruction\t: yes
microsecond timers\t: yes
tlb_entries\t\t: 32
extra interrupt vector\t: yes
hardware watchpoint\t: yes, count: 4, address/irw mask: [0x0ffc, 0x0ffc, 0x0ffb, 0x0ffb]
isa\t\t\t: mips1 mips2 mips32r1 mips32r2
ASEs implemented\t: mips16 dsp dsp2
shadow register sets\t: 1
kscratch registers\t: 0
package\t\t\t: 0
core\t\t\t: 0
VCED exceptions\t\t: not available
VCEI exceptions\t\t: not available

",
    memory: 27_884,
    interface: "br-lan",
    disk: "mtdblock3",
    elf: MIPS,
    busybox: "BusyBox v1.30.1 () multi-call binary.",
    without: &[
        "apt",
        "apt-get",
        "bash",
        "chattr",
        "chpasswd",
        "curl",
        "dmidecode",
        "dnf",
        "dpkg",
        "gcc",
        "groups",
        "last",
        "lastlog",
        "lsattr",
        "lsb_release",
        "lscpu",
        "lspci",
        "make",
        "nano",
        "nproc",
        "nvidia-smi",
        "perl",
        "python",
        "python3",
        "rpm",
        "scp",
        "service",
        "shuf",
        "ss",
        "stty",
        "su",
        "sudo",
        "systemctl",
        "useradd",
        "usermod",
        "vi",
        "vim",
        "w",
        "who",
        "yum",
        "chkconfig",
        "screen",
        "git",
        "ftpget",
        "hostnamectl",
        "journalctl",
        "file",
        "unzip",
    ],
    files: &[
        (
            "/etc/passwd",
            0o644,
            "root:x:0:0:root:/root:/bin/ash
daemon:*:1:1:daemon:/var:/bin/false
ftp:*:55:55:ftp:/home/ftp:/bin/false
network:*:101:101:network:/var:/bin/false
nobody:*:65534:65534:nobody:/var:/bin/false
dnsmasq:x:453:453:dnsmasq:/var/run/dnsmasq:/bin/false
",
        ),
        (
            "/etc/shadow",
            0o600,
            "root:$1$wbXIwXZ6$KxdQW4AyXkQZQ1Tq3rjYf/:18319:0:99999:7:::
daemon:*:0:0:99999:7:::
ftp:*:0:0:99999:7:::
network:*:0:0:99999:7:::
nobody:*:0:0:99999:7:::
dnsmasq:x:0:0:99999:7:::
",
        ),
        (
            "/usr/lib/os-release",
            0o644,
            "NAME=\"OpenWrt\"
VERSION=\"19.07.2\"
ID=\"openwrt\"
ID_LIKE=\"lede openwrt\"
PRETTY_NAME=\"OpenWrt 19.07.2\"
VERSION_ID=\"19.07.2\"
HOME_URL=\"https://openwrt.org/\"
BUG_URL=\"https://bugs.openwrt.org/\"
SUPPORT_URL=\"https://forum.openwrt.org/\"
BUILD_ID=\"r10947-65030d81f3\"
LEDE_BOARD=\"ar71xx/tiny\"
LEDE_ARCH=\"mips_24kc\"
",
        ),
        ("/etc/openwrt_version", 0o644, "r10947-65030d81f3\n"),
        (
            "/etc/openwrt_release",
            0o644,
            "DISTRIB_ID='OpenWrt'\nDISTRIB_RELEASE='19.07.2'\nDISTRIB_TARGET='ar71xx/tiny'\nDISTRIB_ARCH='mips_24kc'\n",
        ),
        (
            "/proc/mtd",
            0o444,
            "dev:    size   erasesize  name
mtd0: 00020000 00010000 \"u-boot\"
mtd1: 0016d2c8 00010000 \"kernel\"
mtd2: 00262d38 00010000 \"rootfs\"
mtd3: 00050000 00010000 \"rootfs_data\"
mtd4: 00010000 00010000 \"art\"
",
        ),
        ("/etc/shells", 0o644, "/bin/ash\n"),
        ("/root/.profile", 0o644, ""),
    ],
};
