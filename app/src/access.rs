//! Who may do what: the one table, written by hand, that a layer in front of every route asks. What is not in
//! it does not exist.

use skep_model::{token::Area, user::Role};

/// Who may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Everybody.
    Anyone,
    /// Everybody, but only until the server is set up.
    BeforeSetUp,
    /// A user with this role or a higher one, known by the session cookie.
    LoggedIn(Role),
    /// An enrolled sensor, known by its signature.
    Sensor,
    /// A program with a token of this role or a higher one, that reaches this area.
    Token(Role, Area),
    /// A program that the registry of images asks for a token itself, in the way that `docker` knows.
    Registry,
}

use Area::{Accounts, System};
use Role::{Admin, Manager, Observer};
use Who::{Anyone, BeforeSetUp, LoggedIn, Registry, Sensor, Token};

/// Method, path pattern, who. In a pattern `{name}` stands for one segment and `{*name}` for all that follow.
pub const TABLE: &[(&str, &str, Who)] = &[
    // Pages.
    ("GET", "/", LoggedIn(Observer)),
    ("GET", "/events", LoggedIn(Observer)),
    ("GET", "/events/{id}", LoggedIn(Observer)),
    ("GET", "/sensors", LoggedIn(Observer)),
    ("GET", "/sensors/matrix", LoggedIn(Observer)),
    ("GET", "/sensors/{id}", LoggedIn(Observer)),
    ("GET", "/services", LoggedIn(Observer)),
    ("GET", "/quarantine", LoggedIn(Manager)),
    ("GET", "/users", LoggedIn(Admin)),
    ("GET", "/tokens", LoggedIn(Admin)),
    ("GET", "/audit", LoggedIn(Admin)),
    ("GET", "/system", LoggedIn(Observer)),
    ("GET", "/api", LoggedIn(Observer)),
    ("GET", "/profile", LoggedIn(Observer)),
    ("GET", "/password", LoggedIn(Observer)),
    ("GET", "/login", Anyone),
    ("GET", "/setup", BeforeSetUp),
    // What pages are made of.
    ("GET", "/pkg/{*file}", Anyone),
    ("GET", "/favicon.svg", Anyone),
    ("GET", "/icons.svg", Anyone),
    ("GET", "/cells.svg", Anyone),
    ("GET", "/robots.txt", Anyone),
    ("GET", "/licences.txt", Anyone),
    // Server functions.
    ("POST", "/fn/set_up", BeforeSetUp),
    ("POST", "/fn/log_in", Anyone),
    ("POST", "/fn/log_out", LoggedIn(Observer)),
    ("POST", "/fn/me", LoggedIn(Observer)),
    ("POST", "/fn/dashboard", LoggedIn(Observer)),
    ("POST", "/fn/events", LoggedIn(Observer)),
    ("POST", "/fn/event", LoggedIn(Observer)),
    ("POST", "/fn/replay", LoggedIn(Observer)),
    ("POST", "/fn/sensors", LoggedIn(Observer)),
    ("POST", "/fn/sensors_among", LoggedIn(Observer)),
    ("POST", "/fn/groups", LoggedIn(Observer)),
    ("POST", "/fn/services", LoggedIn(Observer)),
    ("POST", "/fn/edit_event", LoggedIn(Manager)),
    ("POST", "/fn/service_views", LoggedIn(Observer)),
    ("POST", "/fn/deploy", LoggedIn(Manager)),
    ("POST", "/fn/service_entries", LoggedIn(Observer)),
    ("POST", "/fn/registry", LoggedIn(Observer)),
    ("POST", "/fn/begin_upload", LoggedIn(Admin)),
    ("POST", "/fn/uploaded", LoggedIn(Admin)),
    ("POST", "/fn/append_upload", LoggedIn(Admin)),
    ("POST", "/fn/finish_upload", LoggedIn(Admin)),
    ("POST", "/fn/remove_upload", LoggedIn(Admin)),
    ("POST", "/fn/fetches", LoggedIn(Admin)),
    ("POST", "/fn/fetch_service", LoggedIn(Admin)),
    ("POST", "/fn/end_fetch", LoggedIn(Admin)),
    ("POST", "/fn/edit_service", LoggedIn(Admin)),
    ("POST", "/fn/remove_revision", LoggedIn(Admin)),
    ("POST", "/fn/remove_service", LoggedIn(Admin)),
    ("POST", "/fn/add_sensor", LoggedIn(Manager)),
    ("POST", "/fn/enrol_again", LoggedIn(Manager)),
    ("POST", "/fn/revoke_sensor", LoggedIn(Manager)),
    ("POST", "/fn/edit_sensor", LoggedIn(Manager)),
    ("POST", "/fn/remove_sensor", LoggedIn(Manager)),
    ("POST", "/fn/call_sensor", LoggedIn(Observer)),
    ("POST", "/fn/sensor_history", LoggedIn(Observer)),
    ("POST", "/fn/instance_log", LoggedIn(Manager)),
    ("POST", "/fn/edit_events", LoggedIn(Manager)),
    ("POST", "/fn/take_events", LoggedIn(Manager)),
    ("POST", "/fn/restore_events", LoggedIn(Manager)),
    ("POST", "/fn/quarantine", LoggedIn(Manager)),
    ("POST", "/fn/retry_quarantined", LoggedIn(Manager)),
    ("POST", "/fn/discard_quarantined", LoggedIn(Manager)),
    ("POST", "/fn/users", LoggedIn(Manager)),
    ("POST", "/fn/save_user", LoggedIn(Admin)),
    ("POST", "/fn/remove_user", LoggedIn(Admin)),
    ("POST", "/fn/group_views", LoggedIn(Admin)),
    ("POST", "/fn/save_group", LoggedIn(Admin)),
    ("POST", "/fn/remove_group", LoggedIn(Admin)),
    ("POST", "/fn/tokens", LoggedIn(Admin)),
    ("POST", "/fn/create_token", LoggedIn(Admin)),
    ("POST", "/fn/revoke_token", LoggedIn(Admin)),
    ("POST", "/fn/audit_log", LoggedIn(Admin)),
    ("POST", "/fn/audit_words", LoggedIn(Admin)),
    ("POST", "/fn/settings", LoggedIn(Observer)),
    ("POST", "/fn/edit_settings", LoggedIn(Admin)),
    ("POST", "/fn/about", LoggedIn(Observer)),
    ("POST", "/fn/renew_certificates", LoggedIn(Admin)),
    ("POST", "/fn/api_reference", LoggedIn(Observer)),
    ("POST", "/fn/profile", LoggedIn(Observer)),
    ("POST", "/fn/edit_profile", LoggedIn(Observer)),
    ("POST", "/fn/change_password", LoggedIn(Observer)),
    ("POST", "/fn/end_session", LoggedIn(Observer)),
    // The live stream.
    ("GET", "/live", LoggedIn(Observer)),
    // Machines.
    ("HEAD", "/", Anyone),
    ("GET", "/healthz", Anyone),
    ("GET", "/api/v1/openapi.json", Anyone),
    ("GET", "/api/v1/events", Token(Observer, Area::Events)),
    (
        "POST",
        "/api/v1/events/archive",
        Token(Manager, Area::Events),
    ),
    (
        "POST",
        "/api/v1/events/remove",
        Token(Manager, Area::Events),
    ),
    (
        "POST",
        "/api/v1/events/status",
        Token(Manager, Area::Events),
    ),
    (
        "POST",
        "/api/v1/events/restore",
        Token(Manager, Area::Events),
    ),
    ("GET", "/api/v1/events/{id}", Token(Observer, Area::Events)),
    ("PATCH", "/api/v1/events/{id}", Token(Manager, Area::Events)),
    (
        "GET",
        "/api/v1/events/{id}/asciicast",
        Token(Observer, Area::Events),
    ),
    ("GET", "/api/v1/services", Token(Observer, Area::Sensors)),
    ("POST", "/api/v1/services", Token(Admin, Area::Sensors)),
    (
        "GET",
        "/api/v1/services/{id}",
        Token(Observer, Area::Sensors),
    ),
    ("GET", "/api/v1/registry", Token(Observer, Area::Sensors)),
    (
        "PATCH",
        "/api/v1/services/{id}",
        Token(Admin, Area::Sensors),
    ),
    (
        "DELETE",
        "/api/v1/services/{id}",
        Token(Admin, Area::Sensors),
    ),
    (
        "DELETE",
        "/api/v1/services/{id}/revisions/{number}",
        Token(Admin, Area::Sensors),
    ),
    ("GET", "/api/v1/fetches", Token(Admin, Area::Sensors)),
    ("POST", "/api/v1/fetches", Token(Admin, Area::Sensors)),
    ("GET", "/api/v1/fetches/{id}", Token(Admin, Area::Sensors)),
    (
        "DELETE",
        "/api/v1/fetches/{id}",
        Token(Admin, Area::Sensors),
    ),
    ("GET", "/api/v1/uploads", Token(Admin, Area::Sensors)),
    ("POST", "/api/v1/uploads", Token(Admin, Area::Sensors)),
    ("GET", "/api/v1/uploads/{id}", Token(Admin, Area::Sensors)),
    ("PATCH", "/api/v1/uploads/{id}", Token(Admin, Area::Sensors)),
    (
        "DELETE",
        "/api/v1/uploads/{id}",
        Token(Admin, Area::Sensors),
    ),
    (
        "POST",
        "/api/v1/uploads/{id}/finish",
        Token(Admin, Area::Sensors),
    ),
    ("POST", "/api/v1/deployments", Token(Manager, Area::Sensors)),
    ("GET", "/api/v1/sensors", Token(Observer, Area::Sensors)),
    ("POST", "/api/v1/sensors", Token(Manager, Area::Sensors)),
    (
        "GET",
        "/api/v1/sensors/{id}",
        Token(Observer, Area::Sensors),
    ),
    (
        "PATCH",
        "/api/v1/sensors/{id}",
        Token(Manager, Area::Sensors),
    ),
    (
        "DELETE",
        "/api/v1/sensors/{id}",
        Token(Manager, Area::Sensors),
    ),
    (
        "GET",
        "/api/v1/sensors/{id}/history",
        Token(Observer, Area::Sensors),
    ),
    (
        "GET",
        "/api/v1/sensors/{id}/instances/{instance}/log",
        Token(Manager, Area::Sensors),
    ),
    (
        "POST",
        "/api/v1/sensors/{id}/enrol",
        Token(Manager, Area::Sensors),
    ),
    (
        "POST",
        "/api/v1/sensors/{id}/revoke",
        Token(Manager, Area::Sensors),
    ),
    (
        "POST",
        "/api/v1/sensors/{id}/poll",
        Token(Observer, Area::Sensors),
    ),
    ("GET", "/api/v1/users", Token(Manager, Accounts)),
    ("POST", "/api/v1/users", Token(Admin, Accounts)),
    ("GET", "/api/v1/users/{id}", Token(Admin, Accounts)),
    ("PUT", "/api/v1/users/{id}", Token(Admin, Accounts)),
    ("DELETE", "/api/v1/users/{id}", Token(Admin, Accounts)),
    ("GET", "/api/v1/groups", Token(Admin, Accounts)),
    ("POST", "/api/v1/groups", Token(Admin, Accounts)),
    ("PUT", "/api/v1/groups/{id}", Token(Admin, Accounts)),
    ("DELETE", "/api/v1/groups/{id}", Token(Admin, Accounts)),
    ("GET", "/api/v1/tokens", Token(Admin, Accounts)),
    ("POST", "/api/v1/tokens", Token(Admin, Accounts)),
    ("DELETE", "/api/v1/tokens/{id}", Token(Admin, Accounts)),
    ("GET", "/api/v1/audit", Token(Admin, System)),
    ("GET", "/api/v1/quarantine", Token(Manager, System)),
    ("DELETE", "/api/v1/quarantine/{id}", Token(Manager, System)),
    (
        "POST",
        "/api/v1/quarantine/{id}/retry",
        Token(Manager, System),
    ),
    ("GET", "/api/v1/settings", Token(Observer, System)),
    ("PUT", "/api/v1/settings", Token(Admin, System)),
    ("GET", "/api/v1/about", Token(Observer, System)),
    ("POST", "/api/v1/certificates/renew", Token(Admin, System)),
    ("POST", "/sensor/v1/enrol", Anyone),
    ("POST", "/sensor/v1/poll", Sensor),
    ("POST", "/sensor/v1/events", Sensor),
    ("GET", "/sensor/v1/blobs/{id}", Sensor),
    ("POST", "/sensor/v1/log", Sensor),
    ("GET", "/v2/", Registry),
    ("GET", "/v2/{*path}", Registry),
    ("POST", "/v2/{*path}", Registry),
    ("PUT", "/v2/{*path}", Registry),
    ("PATCH", "/v2/{*path}", Registry),
    ("DELETE", "/v2/{*path}", Registry),
];

/// Whether a body is read piece by piece, by somebody who bounds it himself.
#[must_use]
pub fn streams(method: &str, path: &str) -> bool {
    matches!(who(method, path), Some(Sensor | Registry))
        || method == "POST" && matches!(path, "/api/v1/services" | "/fn/append_upload")
        || (method == "PATCH" && fits("/api/v1/uploads/{id}", path))
}

/// Whether somebody who must change the password first may pass already.
#[must_use]
pub fn before_change(path: &str) -> bool {
    matches!(
        path,
        "/password" | "/fn/me" | "/fn/change_password" | "/fn/log_out"
    )
}

/// Who may use this method on this path; `None` when there is no such route. `HEAD` is allowed where `GET` is.
#[must_use]
pub fn who(method: &str, path: &str) -> Option<Who> {
    let entry = |method: &str| {
        TABLE
            .iter()
            .find(|(allowed, pattern, _)| *allowed == method && fits(pattern, path))
            .map(|(_, _, who)| *who)
    };
    entry(method).or_else(|| if method == "HEAD" { entry("GET") } else { None })
}

/// The methods with which a path can be asked for; none when there is no such path.
#[must_use]
pub fn methods(path: &str) -> Vec<&'static str> {
    let exactly = TABLE.iter().any(|(_, pattern, _)| *pattern == path);
    TABLE
        .iter()
        .filter(|(_, pattern, _)| {
            if exactly {
                *pattern == path
            } else {
                fits(pattern, path)
            }
        })
        .map(|(method, _, _)| *method)
        .collect()
}

fn fits(pattern: &str, path: &str) -> bool {
    let mut given = path.split('/');
    for part in pattern.split('/') {
        if part.starts_with("{*") {
            return given.next().is_some_and(|segment| !segment.is_empty());
        }
        let Some(segment) = given.next() else {
            return false;
        };
        let same = if part.starts_with('{') {
            !segment.is_empty()
        } else {
            part == segment
        };
        if !same {
            return false;
        }
    }
    given.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_one_segment_and_a_tail_is_any_number() {
        assert_eq!(who("GET", "/events/018f"), Some(LoggedIn(Observer)));
        assert_eq!(who("GET", "/events/018f/more"), None);
        assert_eq!(who("GET", "/events/"), None);
        assert_eq!(
            who("POST", "/api/v1/events/archive"),
            Some(Token(Manager, Area::Events))
        );
        assert_eq!(who("GET", "/pkg/skep.js"), Some(Anyone));
        assert_eq!(who("GET", "/pkg/snippets/a/b.js"), Some(Anyone));
        assert_eq!(who("GET", "/pkg/"), None);
    }

    #[test]
    fn methods_are_told_apart() {
        assert_eq!(who("POST", "/fn/edit_event"), Some(LoggedIn(Manager)));
        assert_eq!(who("GET", "/fn/edit_event"), None);
        assert_eq!(who("DELETE", "/"), None);
        assert_eq!(methods("/api/v1/settings"), ["GET", "PUT"]);
        assert_eq!(methods("/api/v1/events/archive"), ["POST"]);
        assert_eq!(methods("/api/v1/nothing"), [""; 0]);
    }

    #[test]
    fn anyone_may_ask_whether_the_server_is_there_but_not_see_the_dashboard() {
        assert_eq!(who("HEAD", "/"), Some(Anyone));
        assert_eq!(who("GET", "/"), Some(LoggedIn(Observer)));
        assert_eq!(who("HEAD", "/sensors"), Some(LoggedIn(Observer)));
    }

    #[test]
    fn no_entry_hides_another() {
        for (index, (method, pattern, _)) in TABLE.iter().enumerate() {
            let example = pattern
                .replace("{id}", "x")
                .replace("{*file}", "x/y")
                .replace("{*path}", "x/y");
            let first = TABLE
                .iter()
                .position(|(m, p, _)| m == method && fits(p, &example));
            assert_eq!(first, Some(index), "{method} {pattern}");
        }
    }

    #[test]
    fn odd_paths_are_not_known() {
        for path in [
            "",
            "//",
            "/events//",
            "/EVENTS",
            "/pkg",
            "/sensors/",
            "/api/v1/events/a/b",
        ] {
            assert_eq!(who("GET", path), None, "{path}");
        }
    }
}
