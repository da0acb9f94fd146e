//! Archives that people upload, and that are taken.

mod support;

use serde_json::Value;
use skep_registry::{ArchiveKind, Digest, Reference, Tag, Transport};
use support::{
    Image, add, archive,
    archives::{Desk, service, zstd},
    count, gzip, limits, metadata, name, tar,
};

#[tokio::test]
async fn a_service_of_honeysens() {
    let desk = Desk::new(limits());
    let image = Image::new("arm");
    let archive = desk
        .read(service(&image, &metadata("armhf")))
        .await
        .expect("it is taken");
    let ArchiveKind::HoneySens(metadata) = &archive.kind else {
        panic!("{:?}", archive.kind);
    };
    assert_eq!(metadata.name, "pot & kettle");
    assert_eq!(metadata.description, "An <imitated> shell");
    assert_eq!(metadata.repository, name("honeysens/pot"));
    assert_eq!(
        (metadata.architecture.as_str(), metadata.revision.as_str()),
        ("armhf", "1.0")
    );
    assert_eq!(metadata.tag.as_str(), "armhf-1.0");
    assert_eq!(
        (metadata.raw_network_access, metadata.catch_all),
        (false, false)
    );
    let ports: Vec<_> = metadata
        .port_assignment
        .iter()
        .map(|port| (port.container.number, port.container.transport, port.host))
        .collect();
    assert_eq!(
        ports,
        [(2222, Transport::Tcp, 22), (53, Transport::Udp, 53)]
    );
    let exposed: Vec<_> = archive
        .image
        .exposed_ports
        .iter()
        .map(|port| port.number)
        .collect();
    assert_eq!(exposed, [53, 2222]);
    assert_eq!(archive.image.command, ["--verbose"]);

    let (repository, tag) = (metadata.repository.clone(), metadata.tag.clone());
    let digest = archive
        .import(&desk.storage, &repository, &tag)
        .await
        .expect("it is taken in");
    let stored = desk
        .storage
        .manifest(&repository, &Reference::Tag(tag))
        .await
        .expect("a manifest");
    assert_eq!(stored.digest, digest);
    let blobs: Vec<_> = stored.manifest.blobs().map(|blob| blob.digest).collect();
    let wanted: Vec<_> = [&image.config, &image.layers[0], &image.layers[1]]
        .map(|blob| Digest::of(blob))
        .into();
    assert_eq!(blobs, wanted, "layers stay as they are");
    assert_eq!(count(&desk.folder.path().join("uploads")), 0);

    // The image may come before the metadata, compressed on its own, and beside other files.
    let saved = gzip(&support::archive(&image.docker_save()));
    let text = support::metadata("armhf").replace("false", "TRUE");
    let other = tar(&[
        ("service.tar", &saved),
        ("LICENSE", b"free"),
        ("metadata.xml", text.as_bytes()),
    ]);
    let archive = desk.read(gzip(&other)).await.expect("it is taken");
    assert!(matches!(archive.kind, ArchiveKind::HoneySens(metadata) if metadata.catch_all));
}

#[tokio::test]
async fn images_in_every_wrapping() {
    let desk = Desk::new(limits());
    let image = Image::new("amd64");
    for (index, (what, content, kind)) in [
        (
            "docker",
            archive(&image.docker_save()),
            ArchiveKind::DockerSave,
        ),
        (
            "docker in gzip",
            gzip(&archive(&image.docker_save())),
            ArchiveKind::DockerSave,
        ),
        (
            "docker in zstd",
            zstd(&archive(&image.docker_save())),
            ArchiveKind::DockerSave,
        ),
        ("oci", archive(&image.oci_layout()), ArchiveKind::OciLayout),
        (
            "oci in zstd",
            zstd(&archive(&image.oci_layout())),
            ArchiveKind::OciLayout,
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let archive = desk
            .read(content)
            .await
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(archive.kind, kind, "{what}");
        assert_eq!(archive.image.entrypoint, ["/honeypot"], "{what}");
        let tag: Tag = index.to_string().parse().expect("a tag");
        archive
            .import(&desk.storage, &name("a"), &tag)
            .await
            .expect("it is taken in");
        let back = desk
            .storage
            .image(&name("a"), &Reference::Tag(tag))
            .await
            .expect("an image");
        assert_eq!(back.architecture, "amd64");
    }
}

/// Docker writes a layer that is in the image twice as a link to the first.
#[tokio::test]
async fn a_layer_that_is_a_link() {
    let desk = Desk::new(limits());
    let mut image = Image::new("amd64");
    image.layers[1] = image.layers[0].clone();
    let mut config: Value = serde_json::from_slice(&image.config).expect("JSON");
    config["rootfs"]["diff_ids"][1] = config["rootfs"]["diff_ids"][0].clone();
    image.config = config.to_string().into_bytes();
    let mut members = image.docker_save();
    members.remove("1/layer.tar");
    let link = |target: &str| {
        let mut builder = tar::Builder::new(vec![]);
        for (name, content) in &members {
            add(&mut builder, name, content);
        }
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        builder
            .append_link(&mut header, "1/layer.tar", target)
            .expect("a link");
        builder.into_inner().expect("an archive")
    };
    desk.read(link("../0/layer.tar"))
        .await
        .expect("it is taken");
    for (target, wanted) in [
        (
            "../../etc/passwd",
            "\"1/layer.tar\" links to something outside",
        ),
        ("/etc/passwd", "\"1/layer.tar\" links to something outside"),
        ("../2/layer.tar", "\"1/layer.tar\" is missing"),
        ("layer.tar", "\"1/layer.tar\" is missing"),
    ] {
        assert_eq!(desk.refusal(target, link(target)).await, wanted, "{target}");
    }
}
