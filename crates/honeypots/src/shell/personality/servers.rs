//! Servers of three distributions.

use super::{Personality, ShellKind, X86_64};

const CPUINFO: &str = "processor\t: {n}
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 79
model name\t: Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz
stepping\t: 1
microcode\t: 0x1
cpu MHz\t\t: 2399.998
cache size\t: 16384 KB
physical id\t: {n}
siblings\t: 1
core id\t\t: 0
cpu cores\t: 1
apicid\t\t: {n}
initial apicid\t: {n}
fpu\t\t: yes
fpu_exception\t: yes
cpuid level\t: 13
wp\t\t: yes
flags\t\t: fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 ss syscall nx rdtscp lm constant_tsc nopl cpuid pni pclmulqdq ssse3 fma cx16 sse4_1 sse4_2 x2apic movbe popcnt aes xsave avx f16c rdrand hypervisor lahf_lm
bogomips\t: 4799.99
clflush size\t: 64
cache_alignment\t: 64
address sizes\t: 46 bits physical, 48 bits virtual
power management:

";
const PROCESSOR: &str = "Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz";

pub(super) static UBUNTU: Personality = Personality {
    name: "ubuntu",
    product: "Ubuntu 22.04.4 LTS",
    ssh: "SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.10",
    telnet: "Ubuntu 22.04.4 LTS",
    greeting: "Welcome to Ubuntu 22.04.4 LTS (GNU/Linux 5.15.0-113-generic x86_64)

 * Documentation:  https://help.ubuntu.com
 * Management:     https://landscape.canonical.com
 * Support:        https://ubuntu.com/pro

",
    shell: ShellKind::Bash,
    kernel: "5.15.0-113-generic",
    version: "#123-Ubuntu SMP Mon Jun 10 08:16:17 UTC 2024",
    architecture: "x86_64",
    platform: true,
    compiler: "(buildd@lcy02-amd64-053) (gcc (Ubuntu 11.4.0-1ubuntu1~22.04) 11.4.0, GNU ld (GNU Binutils for Ubuntu) 2.38)",
    processor: PROCESSOR,
    processors: 2,
    cpuinfo: CPUINFO,
    memory: 2_014_464,
    interface: "eth0",
    disk: "vda1",
    elf: X86_64,
    busybox: "BusyBox v1.30.1 (Ubuntu 1:1.30.1-7ubuntu3) multi-call binary.",
    without: &["yum", "dnf", "rpm", "chkconfig"],
    files: &[
        (
            "/usr/lib/os-release",
            0o644,
            "PRETTY_NAME=\"Ubuntu 22.04.4 LTS\"
NAME=\"Ubuntu\"
VERSION_ID=\"22.04\"
VERSION=\"22.04.4 LTS (Jammy Jellyfish)\"
VERSION_CODENAME=jammy
ID=ubuntu
ID_LIKE=debian
HOME_URL=\"https://www.ubuntu.com/\"
SUPPORT_URL=\"https://help.ubuntu.com/\"
BUG_REPORT_URL=\"https://bugs.launchpad.net/ubuntu/\"
UBUNTU_CODENAME=jammy
",
        ),
        (
            "/etc/lsb-release",
            0o644,
            "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=22.04\nDISTRIB_CODENAME=jammy\nDISTRIB_DESCRIPTION=\"Ubuntu 22.04.4 LTS\"\n",
        ),
        ("/etc/issue", 0o644, "Ubuntu 22.04.4 LTS \\n \\l\n\n"),
        ("/etc/issue.net", 0o644, "Ubuntu 22.04.4 LTS\n"),
        ("/etc/debian_version", 0o644, "bookworm/sid\n"),
        (
            "/var/log/dpkg.log",
            0o644,
            "2024-07-02 06:14:11 startup archives unpack
2024-07-02 06:14:12 upgrade openssh-server:amd64 1:8.9p1-3ubuntu0.7 1:8.9p1-3ubuntu0.10
2024-07-02 06:14:13 status installed openssh-server:amd64 1:8.9p1-3ubuntu0.10
",
        ),
    ],
};

pub(super) static DEBIAN: Personality = Personality {
    name: "debian",
    product: "Debian GNU/Linux 12 (bookworm)",
    ssh: "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3",
    telnet: "Debian GNU/Linux 12",
    greeting: "Linux 6.1.0-21-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.90-1 (2024-05-03) x86_64

The programs included with the Debian GNU/Linux system are free software;
the exact distribution terms for each program are described in the
individual files in /usr/share/doc/*/copyright.

Debian GNU/Linux comes with ABSOLUTELY NO WARRANTY, to the extent
permitted by applicable law.
",
    shell: ShellKind::Bash,
    kernel: "6.1.0-21-amd64",
    version: "#1 SMP PREEMPT_DYNAMIC Debian 6.1.90-1 (2024-05-03)",
    architecture: "x86_64",
    platform: false,
    compiler: "(debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40)",
    processor: PROCESSOR,
    processors: 2,
    cpuinfo: CPUINFO,
    memory: 2_014_464,
    interface: "ens3",
    disk: "vda1",
    elf: X86_64,
    busybox: "BusyBox v1.35.0 (Debian 1:1.35.0-4+b3) multi-call binary.",
    without: &["yum", "dnf", "rpm", "chkconfig", "lsb_release", "vim"],
    files: &[
        (
            "/usr/lib/os-release",
            0o644,
            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"
NAME=\"Debian GNU/Linux\"
VERSION_ID=\"12\"
VERSION=\"12 (bookworm)\"
VERSION_CODENAME=bookworm
ID=debian
HOME_URL=\"https://www.debian.org/\"
SUPPORT_URL=\"https://www.debian.org/support\"
BUG_REPORT_URL=\"https://bugs.debian.org/\"
",
        ),
        ("/etc/issue", 0o644, "Debian GNU/Linux 12 \\n \\l\n\n"),
        ("/etc/issue.net", 0o644, "Debian GNU/Linux 12\n"),
        ("/etc/debian_version", 0o644, "12.5\n"),
    ],
};

pub(super) static CENTOS: Personality = Personality {
    name: "centos",
    product: "CentOS Linux 7 (Core)",
    ssh: "SSH-2.0-OpenSSH_7.4",
    telnet: "Kernel 3.10.0-1160.el7.x86_64 on an x86_64",
    greeting: "",
    shell: ShellKind::RedHat,
    kernel: "3.10.0-1160.el7.x86_64",
    version: "#1 SMP Mon Oct 19 16:18:59 UTC 2020",
    architecture: "x86_64",
    platform: true,
    compiler: "(mockbuild@kbuilder.bsys.centos.org) (gcc version 4.8.5 20150623 (Red Hat 4.8.5-44) (GCC) )",
    processor: PROCESSOR,
    processors: 2,
    cpuinfo: CPUINFO,
    memory: 3_880_240,
    interface: "eth0",
    disk: "sda1",
    elf: X86_64,
    busybox: "",
    without: &[
        "apt",
        "apt-get",
        "dpkg",
        "busybox",
        "dnf",
        "lsb_release",
        "tftp",
        "ftpget",
        "nano",
        "python3",
        "vim",
    ],
    files: &[
        (
            "/usr/lib/os-release",
            0o644,
            "NAME=\"CentOS Linux\"
VERSION=\"7 (Core)\"
ID=\"centos\"
ID_LIKE=\"rhel fedora\"
VERSION_ID=\"7\"
PRETTY_NAME=\"CentOS Linux 7 (Core)\"
ANSI_COLOR=\"0;31\"
CPE_NAME=\"cpe:/o:centos:centos:7\"
HOME_URL=\"https://www.centos.org/\"
BUG_REPORT_URL=\"https://bugs.centos.org/\"

",
        ),
        (
            "/etc/centos-release",
            0o644,
            "CentOS Linux release 7.9.2009 (Core)\n",
        ),
        (
            "/etc/redhat-release",
            0o644,
            "CentOS Linux release 7.9.2009 (Core)\n",
        ),
        (
            "/etc/system-release",
            0o644,
            "CentOS Linux release 7.9.2009 (Core)\n",
        ),
        ("/etc/issue", 0o644, "\\S\nKernel \\r on an \\m\n\n"),
        ("/etc/issue.net", 0o644, "\\S\nKernel \\r on an \\m\n"),
        ("/var/log/secure", 0o600, ""),
        ("/var/log/messages", 0o600, ""),
    ],
};
