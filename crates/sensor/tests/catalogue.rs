//! The server knows built-in services by the catalogue; the sensor has the honeypots themselves.

use skep_protocol::catalogue;

/// `SKEP_WRITE_CATALOGUE=1` writes the file anew after a honeypot has changed.
#[test]
fn the_catalogue_is_what_the_honeypots_say() -> Result<(), Box<dyn std::error::Error>> {
    let mut said: Vec<_> = skep_honeypots::built_in()
        .iter()
        .map(|honeypot| honeypot.describe())
        .collect();
    said.sort_by_key(|description| description.name);
    let said = serde_json::to_string_pretty(&said)? + "\n";
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../protocol/src/catalogue.json"
    );
    if std::env::var_os("SKEP_WRITE_CATALOGUE").is_some() {
        std::fs::write(file, &said)?;
    }
    assert_eq!(
        std::fs::read_to_string(file)?,
        said,
        "a honeypot has changed: run this test with SKEP_WRITE_CATALOGUE=1"
    );
    assert_eq!(
        catalogue::built_in().len(),
        skep_honeypots::built_in().len()
    );
    Ok(())
}

#[test]
fn every_built_in_service_has_ports_for_sensors_without_privileges() {
    for service in catalogue::built_in() {
        let numbers = catalogue::unprivileged(&service.name);
        assert!(!numbers.is_empty(), "{}", service.name);
        assert!(
            numbers.iter().all(|number| *number >= 1024),
            "{}",
            service.name
        );
        assert!(catalogue::ports(service, numbers).len() >= numbers.len());
    }
}
