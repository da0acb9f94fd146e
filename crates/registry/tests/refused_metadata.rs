//! Archives of HoneySens whose metadata are wrong, or that are packed wrongly.
#![allow(clippy::too_many_lines, reason = "a table")]

mod support;

use support::{
    Image, archive,
    archives::{Desk, service},
    gzip, limits, metadata, tar,
};

#[tokio::test]
async fn metadata_that_are_refused() {
    let desk = Desk::new(limits());
    let image = Image::new("amd64");
    let good = metadata("amd64");
    for (what, text, wanted) in [
        (
            "processor",
            metadata("arm64"),
            "the image inside is for amd64, the metadata says arm64",
        ),
        ("empty", String::new(), "metadata.xml: it is cut off"),
        (
            "cut off",
            good[..200].to_owned(),
            "metadata.xml: it is cut off",
        ),
        (
            "not closed",
            good.replace("</name>", "</nam>"),
            "metadata.xml: it is not XML",
        ),
        (
            "a control character",
            good.replace("</name>", "</na\u{1e}me>"),
            r"expected `</name>`, but `</na\x1eme>` was found",
        ),
        (
            "two roots",
            format!("{good}<service/>"),
            "metadata.xml: it is not one element",
        ),
        (
            "nested",
            good.replace("1.0<", "<b>1.0</b><"),
            "metadata.xml: it is not one element",
        ),
        (
            "firmware",
            good.replace("service>", "firmware>"),
            "this is firmware for a sensor, not a service",
        ),
        (
            "another root",
            good.replace("service>", "html>"),
            "it is about \"html\", not about a service",
        ),
        (
            "twice",
            good.replace("<name>", "<name>x</name><name>"),
            "\"name\" is in it twice",
        ),
        (
            "missing",
            good.replace("catchAll", "catchSome"),
            "metadata.xml: catchAll is missing",
        ),
        (
            "an entity",
            good.replace(
                "<service>",
                "<!DOCTYPE s [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><service>",
            ),
            "it has a DOCTYPE, which is not taken",
        ),
        (
            "an unknown entity",
            good.replace("&amp;", "&x;"),
            "it has an entity, \"x\", which is not taken",
        ),
        (
            "a long field",
            good.replace("1.0", &"1".repeat(5000)),
            "a field is longer than 4096 bytes",
        ),
        (
            "a long file",
            good.clone() + &" ".repeat(5_000_000),
            "is longer than",
        ),
        (
            "no truth",
            good.replace("false", "maybe"),
            "rawNetworkAccess must be true or false",
        ),
        (
            "a repository",
            good.replace("honeysens/pot", "../pot"),
            "repository is no name of one: \"../pot\"",
        ),
        (
            "a revision",
            good.replace("1.0<", "1/0<"),
            "architecture and revision must be letters",
        ),
        (
            "no ports",
            good.replace("{\"2222/tcp\": 22, \"53/udp\": 53}", "22"),
            "portAssignment must be JSON",
        ),
        (
            "a port",
            good.replace("2222/tcp", "99999/tcp"),
            "portAssignment must be JSON",
        ),
        (
            "a port of the sensor",
            good.replace(": 22,", ": 0,"),
            "portAssignment must be JSON",
        ),
    ] {
        let said = desk.refusal(what, service(&image, &text)).await;
        assert!(said.contains(wanted), "{what}: {said}");
    }
    let inside = archive(&image.docker_save());
    for (what, members, wanted) in [
        (
            "alone",
            vec![("metadata.xml", good.as_bytes())],
            "service.tar is missing",
        ),
        (
            "without",
            vec![("service.tar", inside.as_slice())],
            "metadata.xml is missing",
        ),
        (
            "deeper",
            vec![
                ("pot/metadata.xml", good.as_bytes()),
                ("pot/service.tar", &inside),
            ],
            "must not be in a folder of the archive",
        ),
        (
            "twice",
            vec![("service.tar", &inside), ("service.tar", &inside)],
            "\"service.tar\" is in it twice",
        ),
        (
            "no archive",
            vec![("metadata.xml", good.as_bytes()), ("service.tar", b"x")],
            "service.tar: it is no tar archive",
        ),
    ] {
        let said = desk.refusal(what, gzip(&tar(&members))).await;
        assert!(said.contains(wanted), "{what}: {said}");
    }
}
