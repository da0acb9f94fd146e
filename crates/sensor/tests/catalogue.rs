//! The server's list of built-in services is that of the honeypots that sensors have.

use skep_protocol::catalogue::BUILT_IN;

#[test]
fn names_and_revisions_agree() {
    let mut built_in: Vec<_> = skep_honeypots::built_in()
        .iter()
        .map(|honeypot| honeypot.describe())
        .map(|description| (description.name, description.revision))
        .collect();
    built_in.sort_unstable();
    let catalogue: Vec<_> = BUILT_IN
        .iter()
        .map(|service| (service.name, service.revision))
        .collect();
    assert_eq!(built_in, catalogue);
}
