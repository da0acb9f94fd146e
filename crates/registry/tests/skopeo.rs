//! What `skopeo` pushes, it gets back.

mod support;

use support::{Image, PASSWORD, READER, Registry, USER, archive, fail, name, succeed};

/// Copies without checking certificates, and without a policy file of this machine.
fn copy<'a>(from: &'a str, to: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec![
        "--insecure-policy",
        "copy",
        "--src-tls-verify=false",
        "--dest-tls-verify=false",
    ];
    arguments.extend(more);
    arguments.extend([from, to]);
    arguments
}

#[tokio::test(flavor = "multi_thread")]
async fn push_and_pull() {
    let mut registry = Registry::start().await;
    let image = Image::new("amd64");
    let saved = registry.folder.path().join("saved.tar");
    std::fs::write(&saved, archive(&image.docker_save())).expect("a file");
    let saved = format!("docker-archive:{}", saved.display());
    let remote = format!("docker://{}/honeysens/pot:amd64-1.0", registry.address);
    let who = format!("{USER}:{PASSWORD}");

    for wrong in ["--dest-no-creds", "--dest-creds=pusher:wrong"] {
        fail("skopeo", &copy(&saved, &remote, &[wrong])).await;
    }
    assert_eq!(registry.count("objects"), 0, "nothing came in");

    // In both formats, twice each; the second time everything is there already.
    for format in ["v2s2", "oci"] {
        for _ in 0..2 {
            succeed(
                "skopeo",
                &copy(&saved, &remote, &["--dest-creds", &who, "--format", format]),
            )
            .await;
            let (repository, tag, digest) = registry.pushed.recv().await.expect("it is told");
            assert_eq!(repository, name("honeysens/pot"));
            assert_eq!(tag.as_str(), "amd64-1.0");
            let reference = skep_registry::Reference::Tag(tag);
            let stored = registry
                .storage
                .manifest(&repository, &reference)
                .await
                .expect("a manifest");
            assert_eq!(stored.digest, digest);
            let facts = registry
                .storage
                .image(&repository, &reference)
                .await
                .expect("an image");
            assert_eq!(
                (facts.architecture.as_str(), facts.entrypoint),
                ("amd64", vec!["/honeypot".to_owned()])
            );
        }
    }

    let reader = format!("{READER}:{PASSWORD}");
    let back = format!(
        "oci:{}:latest",
        registry.folder.path().join("back").display()
    );
    succeed("skopeo", &copy(&remote, &back, &["--src-creds", &reader])).await;
    let listed = succeed(
        "skopeo",
        &[
            "list-tags",
            "--tls-verify=false",
            "--creds",
            &reader,
            remote.rsplit_once(':').expect("a tag").0,
        ],
    )
    .await;
    assert!(listed.contains("amd64-1.0"), "{listed}");

    let other = format!("docker://{}/other/name:1", registry.address);
    succeed(
        "skopeo",
        &copy(
            &remote,
            &other,
            &["--src-creds", &reader, "--dest-creds", &who],
        ),
    )
    .await;

    let delete = ["delete", "--tls-verify=false", "--creds"];
    fail("skopeo", &[&delete[..], &[&reader, &remote]].concat()).await;
    succeed("skopeo", &[&delete[..], &[&who, &remote]].concat()).await;
    fail("skopeo", &copy(&remote, &back, &["--src-creds", &reader])).await;
    succeed("skopeo", &copy(&other, &back, &["--src-creds", &reader])).await;
}
