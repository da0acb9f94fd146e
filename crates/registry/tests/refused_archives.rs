//! Archives that are not taken: what is said of them, and that nothing of them stays.

#![allow(clippy::expect_used, reason = "what fails here fails the test")]
#![allow(
    clippy::too_many_lines,
    clippy::needless_for_each,
    clippy::semicolon_if_nothing_returned,
    reason = "tables"
)]

mod support;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use skep_registry::{ArchiveError, Digest, Limits};
use support::{
    Image, add, archive,
    archives::{Desk, zstd},
    gzip, limits, tar,
};

/// A change to an archive that is good otherwise.
type Change = fn(&mut BTreeMap<String, Vec<u8>>);

fn change(members: &mut BTreeMap<String, Vec<u8>>, file: &str, how: fn(&mut Value)) {
    let content = members.get_mut(file).expect("the file");
    let mut value: Value = serde_json::from_slice(content).expect("JSON");
    how(&mut value);
    *content = value.to_string().into_bytes();
}

#[tokio::test]
async fn images_that_are_refused() {
    let desk = Desk::new(limits());
    let image = Image::new("amd64");
    let docker: [(&str, Change, &str); 11] = [
        (
            "no index",
            |m| drop(m.remove("manifest.json")),
            "there is no image in it",
        ),
        (
            "no JSON",
            |m| drop(m.insert("manifest.json".into(), b"{".into())),
            "manifest.json cannot be understood",
        ),
        (
            "a bomb of brackets",
            |m| drop(m.insert("manifest.json".into(), vec![b'['; 100_000])),
            "cannot be understood",
        ),
        (
            "a long index",
            |m| drop(m.insert("manifest.json".into(), vec![b' '; 5_000_000])),
            "is longer than",
        ),
        (
            "no image",
            |m| drop(m.insert("manifest.json".into(), b"[]".into())),
            "it has 0 images; it must have one",
        ),
        (
            "two images",
            |m| change(m, "manifest.json", |v| *v = json!([v[0], v[0]])),
            "it has 2 images; it must have one",
        ),
        (
            "no layer",
            |m| drop(m.remove("0/layer.tar")),
            "\"0/layer.tar\" is missing",
        ),
        (
            "another layer",
            |m| drop(m.insert("0/layer.tar".into(), b"x".into())),
            "is not the one that the image's configuration names",
        ),
        (
            "fewer layers",
            |m| change(m, "manifest.json", |v| v[0]["Layers"] = json!([])),
            "the image has 0 layers, its configuration says 2",
        ),
        (
            "outside",
            |m| {
                change(m, "manifest.json", |v| {
                    v[0]["Config"] = "/etc/passwd".into()
                })
            },
            "\"/etc/passwd\" is missing",
        ),
        (
            "changed",
            |m| {
                m.iter_mut().for_each(|(name, content)| {
                    if name.len() > 60 {
                        content.push(b' ')
                    }
                })
            },
            "is damaged: it has another digest",
        ),
    ];
    for (what, change, wanted) in docker {
        let mut members = image.docker_save();
        change(&mut members);
        let said = desk.refusal(what, archive(&members)).await;
        assert!(said.contains(wanted), "{what}: {said}");
    }
    let oci: [(&str, Change, &str); 6] = [
        (
            "no JSON",
            |m| drop(m.insert("index.json".into(), b"[]".into())),
            "the manifest cannot be understood",
        ),
        (
            "no image",
            |m| change(m, "index.json", |v| v["manifests"] = json!([])),
            "it has no image",
        ),
        (
            "two images",
            |m| {
                change(m, "index.json", |v| {
                    v["manifests"] = json!([v["manifests"][0], v["manifests"][0]])
                })
            },
            "it has 2 images; it must have one: upload one archive for each architecture",
        ),
        (
            "another length",
            |m| change(m, "index.json", |v| v["manifests"][0]["size"] = 1.into()),
            "is not as long as it should be",
        ),
        (
            "a cycle cannot be made, a missing one can",
            |m| {
                change(m, "index.json", |v| {
                    v["manifests"][0]["digest"] = json!(Digest::of(b"x"))
                })
            },
            "is missing",
        ),
        (
            "changed",
            |m| {
                m.iter_mut().for_each(|(name, content)| {
                    if name.starts_with("blobs") {
                        content.push(b' ')
                    }
                })
            },
            "is damaged: it has another digest",
        ),
    ];
    for (what, change, wanted) in oci {
        let mut members = image.oci_layout();
        change(&mut members);
        let said = desk.refusal(what, archive(&members)).await;
        assert!(said.contains(wanted), "{what}: {said}");
    }
}

/// An archive with one member, whose header is as wanted.
fn special(kind: tar::EntryType, name: &str, length: u64, content: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(vec![]);
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(length);
    header.set_cksum();
    builder.append(&header, content).expect("a member");
    add(&mut builder, "file", b"");
    builder.into_inner().expect("an archive")
}

#[tokio::test]
async fn hostile_archives() {
    use tar::EntryType as Kind;
    let desk = Desk::new(Limits {
        unpacked: 8 * 1024 * 1024,
        blob: 4 * 1024 * 1024,
        ..limits()
    });
    let zeros = vec![0; 64 * 1024 * 1024];
    let bomb = tar(&[("file", &zeros)]);
    let image = archive(&Image::new("amd64").docker_save());
    let many: Vec<_> = (0..5000).map(|n| n.to_string()).collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let mut wrong = gzip(&image);
    let length = wrong.len();
    wrong[length / 2] ^= 0xff;
    // The layer is small, but what it unpacks to is not.
    let mut layered = Image::new("amd64");
    layered.layers[1].clone_from(&zeros);
    let mut config: Value = serde_json::from_slice(&layered.config).expect("JSON");
    config["rootfs"]["diff_ids"][1] = json!(Digest::of(&zeros));
    layered.config = config.to_string().into_bytes();
    let layout = archive(&layered.oci_layout());
    layered.layers[1] = gzip(&zeros);

    for (what, content, wanted) in [
        ("nothing", vec![], "it is empty"),
        ("text", b"Hello, world".repeat(100), "it is no tar archive"),
        (
            "text in gzip",
            gzip(&b"Hello, world".repeat(100)),
            "it is no tar archive",
        ),
        ("an empty archive", tar(&[]), "it is empty"),
        (
            "a bomb in gzip",
            gzip(&bomb),
            "\"file\" is longer than 4194304 bytes",
        ),
        (
            "a bomb in zstd",
            zstd(&bomb),
            "\"file\" is longer than 4194304 bytes",
        ),
        (
            "a bomb behind the end",
            gzip(&[image.clone(), zeros.clone()].concat()),
            "it unpacks to more than 8388608 bytes",
        ),
        (
            "a bomb in gzip in gzip",
            gzip(&tar(&[("service.tar", &gzip(&bomb))])),
            "service.tar: \"file\" is longer than 4194304 bytes",
        ),
        (
            "a bomb in a layer",
            archive(&layered.docker_save()),
            "it unpacks to more than 8388608 bytes",
        ),
        (
            "a bomb in a layer of OCI's",
            layout,
            "it unpacks to more than 8388608 bytes",
        ),
        (
            "cut off",
            image[..image.len() / 2].to_vec(),
            "it is cut off: it ends in the middle",
        ),
        (
            "cut off in gzip",
            gzip(&image)[..length / 2].to_vec(),
            "it is cut off: it ends in the middle",
        ),
        (
            "cut off at the checksum",
            gzip(&image)[..length - 4].to_vec(),
            "it is cut off: it ends in the middle",
        ),
        ("cut off in zstd", zstd(&image)[..1000].to_vec(), "it is "),
        ("damaged", wrong, "it is damaged"),
        ("too many", tar(&many), "it has more than 4096 members"),
        (
            "twice",
            tar(&[("file", b"a"), ("./file", b"b")]),
            "\"file\" is in it twice",
        ),
        (
            "above",
            tar(&[("../file", b"")]),
            "\"../file\" is no name for a member",
        ),
        (
            "above, later",
            tar(&[("a/../../file", b"")]),
            "\"a/../../file\" is no name for a member",
        ),
        (
            "absolute",
            tar(&[("/etc/passwd", b"")]),
            "\"/etc/passwd\" is no name for a member",
        ),
        (
            "backslash",
            tar(&[("a\\b", b"")]),
            "is no name for a member",
        ),
        (
            "a line",
            tar(&[("/a\nb", b"")]),
            "\"/a\\x0ab\" is no name for a member",
        ),
        (
            "a hard link",
            special(Kind::Link, "link", 0, b""),
            "\"link\" is neither a file nor a folder",
        ),
        (
            "a device",
            special(Kind::Char, "device", 0, b""),
            "\"device\" is neither a file nor a folder",
        ),
        (
            "a pipe",
            special(Kind::Fifo, "pipe", 0, b""),
            "\"pipe\" is neither a file nor a folder",
        ),
        (
            "a sparse file",
            special(Kind::GNUSparse, "sparse", 0, b""),
            "\"sparse\" is neither a file nor a folder",
        ),
        (
            "a long name",
            special(Kind::GNULongName, "././@LongLink", 600, &[b'a'; 600]),
            "the name of a member is too long",
        ),
        (
            "a name without end",
            special(Kind::GNULongName, "././@LongLink", 1 << 32, b""),
            "the name of a member is too long",
        ),
        (
            "a description without end",
            special(Kind::XHeader, "x", 1 << 32, b""),
            "the name of a member is too long",
        ),
        (
            "two lengths",
            special(Kind::XHeader, "x", 15, b"15 size=999999\n"),
            "a member is longer than 8 GiB",
        ),
        (
            "longer than it is",
            special(Kind::Regular, "long", 1 << 20, b"short"),
            "it is cut off",
        ),
    ] {
        let said = desk.refusal(what, content).await;
        assert!(said.contains(wanted), "{what}: {said}");
    }
}

/// What cannot be kept is no fault of the archive.
#[tokio::test]
async fn without_room() {
    let desk = Desk::new(Limits {
        free_room: u64::MAX,
        ..limits()
    });
    let refused = desk.read(archive(&Image::new("amd64").docker_save())).await;
    assert!(matches!(
        refused,
        Err(ArchiveError::Registry(skep_registry::RegistryError::NoRoom))
    ));
}
