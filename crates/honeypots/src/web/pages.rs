//! The pages behind the faces.

use super::face::Place;

/// A page with a title and some text.
pub(super) fn plain(title: &str, text: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<title>{title}</title>\n</head>\n<body>\n{text}\n</body>\n</html>\n"
    )
}

/// A site's log-in form.
pub(super) fn login(place: &Place, failed: bool) -> String {
    let title = title(place, "Sign in");
    let wrong = if failed {
        "<p class=\"error\">Invalid username or password.</p>\n"
    } else {
        ""
    };
    let text = format!(
        "<h1>{title}</h1>\n{wrong}<form method=\"post\" action=\"\">\n\
         <p><label>Username <input type=\"text\" name=\"username\" autofocus></label></p>\n\
         <p><label>Password <input type=\"password\" name=\"password\"></label></p>\n\
         <p><button type=\"submit\">Sign in</button></p>\n</form>"
    );
    plain(&title, &text)
}

/// What a site shows to somebody who is logged in.
pub(super) fn inside(place: &Place, user: &str) -> String {
    let (user, host) = (escape(user), escape(&place.hostname));
    let since = httpdate::fmt_http_date(place.installed);
    let text = format!(
        "<h1>Dashboard</h1>\n<p>Signed in as <b>{user}</b>. <a href=\"/logout\">Sign out</a></p>\n<table>\n\
         <tr><th>Server</th><td>{host}</td></tr>\n<tr><th>Installed</th><td>{since}</td></tr>\n\
         <tr><th>Database</th><td>connected</td></tr>\n<tr><th>Scheduled tasks</th><td>3 active, 0 failed</td></tr>\n\
         <tr><th>Backups</th><td>up to date</td></tr>\n</table>"
    );
    plain("Dashboard", &text)
}

/// A router's log-in form.
pub(super) fn router_login(place: &Place, failed: bool) -> String {
    let title = title(place, "TL-WR841N");
    let wrong = if failed {
        "<p>The user name or password is incorrect.</p>\n"
    } else {
        ""
    };
    let text = format!(
        "<h2>{title}</h2>\n{wrong}<form method=\"post\" action=\"/userRpm/LoginRpm.htm\">\n\
         <p>User name <input type=\"text\" name=\"username\" maxlength=\"15\"></p>\n\
         <p>Password <input type=\"password\" name=\"password\" maxlength=\"15\"></p>\n\
         <p><input type=\"submit\" value=\"Login\"></p>\n</form>"
    );
    plain(&title, &text)
}

/// What a router shows to somebody who is logged in.
pub(super) fn router_status(place: &Place, user: &str) -> String {
    let title = title(place, "TL-WR841N");
    let user = escape(user);
    let text = format!(
        "<h2>Status</h2>\n<table>\n<tr><th>Firmware version</th><td>3.16.9 Build 160325 Rel.62500n</td></tr>\n\
         <tr><th>Hardware version</th><td>WR841N v11 00000000</td></tr>\n\
         <tr><th>LAN</th><td>192.168.0.1 / 255.255.255.0</td></tr>\n\
         <tr><th>Wireless radio</th><td>Enabled, channel 6, 11bgn mixed</td></tr>\n\
         <tr><th>WAN</th><td>Dynamic IP, connected</td></tr>\n<tr><th>User</th><td>{user}</td></tr>\n</table>\n\
         <p><a href=\"/userRpm/LogoutRpm.htm\">Logout</a></p>"
    );
    plain(&title, &text)
}

fn title(place: &Place, usual: &str) -> String {
    if place.title.is_empty() {
        usual.to_owned()
    } else {
        escape(&place.title)
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
