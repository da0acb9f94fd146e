//! Commands that tell of the machine.

use skep_model::time::{DAY, HOUR};

use super::Call;
use crate::shell::{Shell, date::Date, proc};

pub(super) fn uname(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    if let Some(wrong) = call.operands().first() {
        let text = [
            b"extra operand '",
            *wrong,
            b"'\nTry 'uname --help' for more information.",
        ];
        call.complain(text.concat());
        return 1;
    }
    let personality = shell.machine.personality;
    let all = call.has(b'a') || call.args.iter().any(|arg| arg == b"--all");
    let none = call.args.is_empty();
    let platform = if personality.platform {
        personality.architecture
    } else {
        "unknown"
    };
    let parts = [
        (b's', "Linux"),
        (b'n', shell.machine.hostname.as_str()),
        (b'r', personality.kernel),
        (b'v', personality.version),
        (b'm', personality.architecture),
        (b'p', platform),
        (b'i', platform),
        (b'o', "GNU/Linux"),
    ];
    let chosen = parts.iter().filter(|(option, part)| {
        all && *part != "unknown" || call.has(*option) || none && *option == b's'
    });
    let text = chosen.map(|(_, part)| *part).collect::<Vec<_>>().join(" ");
    call.print(text + "\n");
    0
}

pub(super) fn arch(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.print(format!("{}\n", shell.machine.personality.architecture));
    0
}

pub(super) fn hostname(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let text = if call.has(b'I') || call.has(b'i') {
        &shell.machine.address
    } else {
        &shell.machine.hostname
    };
    call.print(format!("{text}\n"));
    0
}

pub(super) fn lsb_release(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let product = shell.machine.personality.product;
    call.print(format!(
        "No LSB modules are available.\nDistributor ID:\tUbuntu\nDescription:\t{product}\nRelease:\t22.04\nCodename:\tjammy\n"
    ));
    0
}

pub(super) fn date(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    let now = Shell::now();
    let date = Date::new(now);
    let Some(format) = call
        .operands()
        .first()
        .and_then(|arg| arg.strip_prefix(b"+"))
    else {
        call.print(date.full() + "\n");
        return 0;
    };
    let mut text = vec![];
    let mut rest = format;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let (b'%', Some((letter, after))) = (first, rest.split_first()) else {
            text.push(*first);
            continue;
        };
        rest = after;
        let part = match letter {
            b's' => (now.0 / 1000).to_string(),
            b'F' => format!("{}-{}-{}", date.year, date.month, date.day),
            b'T' => date.time.clone(),
            b'Y' => date.year.clone(),
            b'm' => date.month.clone(),
            b'd' => date.day.clone(),
            b'H' => date.time.get(..2).unwrap_or_default().to_owned(),
            b'M' => date.time.get(3..5).unwrap_or_default().to_owned(),
            b'S' => date.time.get(6..8).unwrap_or_default().to_owned(),
            b'N' => format!("{:03}000000", now.0 % 1000),
            b'Z' => "UTC".to_owned(),
            other => format!("%{}", char::from(*other)),
        };
        text.extend_from_slice(part.as_bytes());
    }
    text.push(b'\n');
    call.print(text);
    0
}

/// The first line of `uptime`, `w` and `top`.
pub(super) fn load(shell: &Shell) -> String {
    let now = Shell::now();
    let up = now - shell.machine.booted;
    let (days, hours, minutes) = (up / DAY, up % DAY / HOUR, up % HOUR / 60_000);
    format!(
        " {} up {days} days, {hours:>2}:{minutes:02},  1 user,  load average: 0.08, 0.03, 0.01\n",
        Date::new(now).time
    )
}

pub(super) fn uptime(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    if call.has(b's') {
        let booted = Date::new(shell.machine.booted);
        call.print(format!(
            "{}-{}-{} {}\n",
            booted.year, booted.month, booted.day, booted.time
        ));
    } else if call.has(b'p') {
        let up = Shell::now() - shell.machine.booted;
        call.print(format!("up {} days, {} hours\n", up / DAY, up % DAY / HOUR));
    } else {
        call.print(load(shell));
    }
    0
}

pub(super) fn free(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let memory = shell.machine.personality.memory;
    let unit = if call.has(b'g') {
        1024 * 1024
    } else if call.has(b'm') || call.has(b'h') {
        1024
    } else {
        1
    };
    let sign = if call.has(b'h') { "Mi" } else { "" };
    let show = |kib: u64| format!("{:>12}", format!("{}{sign}", kib / unit));
    let share = |hundredths: u64| show(memory * hundredths / 100);
    let row = [
        share(100),
        share(21),
        share(15),
        show(1032),
        share(64),
        share(75),
    ]
    .concat();
    call.print(format!(
        "               total        used        free      shared  buff/cache   available\nMem:    {row}\nSwap:   {}\n",
        [0; 3].map(show).concat()
    ));
    0
}

pub(super) fn df(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let personality = shell.machine.personality;
    if personality.is_busybox() {
        call.print(
            "Filesystem           1K-blocks      Used Available Use% Mounted on
/dev/root                 2560      2560         0 100% /rom
tmpfs                    13940        56     13884   0% /tmp
/dev/mtdblock3             320       224        96  70% /overlay
overlayfs:/overlay         320       224        96  70% /
tmpfs                      512         0       512   0% /dev
",
        );
        return 0;
    }
    let disk = format!("/dev/{}", personality.disk);
    call.print(if call.has(b'h') {
        format!(
            "Filesystem      Size  Used Avail Use% Mounted on
tmpfs           197M  1.1M  196M   1% /run
{disk:<15} 39G  5.6G   33G  15% /
tmpfs           984M     0  984M   0% /dev/shm
tmpfs           5.0M     0  5.0M   0% /run/lock
"
        )
    } else {
        format!(
            "Filesystem     1K-blocks    Used Available Use% Mounted on
tmpfs             201448    1064    200384   1% /run
{disk:<14}  40470732 5871764  34582584  15% /
tmpfs            1007232       0   1007232   0% /dev/shm
tmpfs               5120       0      5120   0% /run/lock
"
        )
    });
    0
}

pub(super) fn mount(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    if call.args.is_empty() {
        for line in proc::mounts(shell.machine.personality).lines() {
            let mut fields = line.split(' ');
            let mut field = || fields.next().unwrap_or_default();
            let (device, place, kind, options) = (field(), field(), field(), field());
            call.print(format!("{device} on {place} type {kind} ({options})\n"));
        }
    }
    0
}

pub(super) fn nproc(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.print(format!("{}\n", shell.machine.personality.processors));
    0
}

pub(super) fn lscpu(shell: &mut Shell, call: &mut Call<'_>) -> u8 {
    let personality = shell.machine.personality;
    call.print(format!(
        "Architecture:            {}
  CPU op-mode(s):        32-bit, 64-bit
  Address sizes:         46 bits physical, 48 bits virtual
  Byte Order:            Little Endian
CPU(s):                  {count}
  On-line CPU(s) list:   0,1
Vendor ID:               GenuineIntel
  Model name:            {}
    CPU family:          6
    Model:               79
    Thread(s) per core:  1
    Core(s) per socket:  1
    Socket(s):           {count}
    Stepping:            1
    BogoMIPS:            4799.99
Virtualization features:
  Hypervisor vendor:     KVM
  Virtualization type:   full
",
        personality.architecture,
        personality.processor,
        count = personality.processors,
    ));
    0
}

pub(super) fn lspci(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.print(
        "00:00.0 Host bridge: Intel Corporation 440FX - 82441FX PMC [Natoma] (rev 02)
00:01.0 ISA bridge: Intel Corporation 82371SB PIIX3 ISA [Natoma/Triton II]
00:02.0 VGA compatible controller: Cirrus Logic GD 5446
00:03.0 Ethernet controller: Red Hat, Inc. Virtio network device
00:04.0 SCSI storage controller: Red Hat, Inc. Virtio block device
",
    );
    0
}

pub(super) fn forbidden(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.complain("read kernel buffer failed: Operation not permitted");
    1
}

pub(super) fn clear(_: &mut Shell, call: &mut Call<'_>) -> u8 {
    call.print("\x1b[H\x1b[2J\x1b[3J");
    0
}
