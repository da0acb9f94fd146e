//! Setting up, logging in and out. These work as plain form posts, too.

use leptos::prelude::*;
use skep_model::user::Me;

use crate::failure::Failure;

/// Sets the server up: password and address of the user `admin`, name of the first group.
#[server(prefix = "/fn", endpoint = "set_up", name = SetUp)]
pub async fn set_up(
    password: String,
    repeat: String,
    email: String,
    group: String,
) -> Result<(), Failure> {
    use super::asker;
    use skep_model::{Complaint, Refusal, console};

    if password != repeat {
        return Err(asker::refuse(Refusal::invalid(
            "repeat",
            Complaint::DoNotMatch,
        )));
    }
    let wanted = console::SetUp {
        password,
        email,
        group,
    };
    let session = asker::hub()?
        .set_up(wanted, &asker::client().await?)
        .await
        .map_err(asker::failure)?;
    asker::set_cookies(&session.cookies)?;
    leptos_axum::redirect("/sensors?welcome");
    Ok(())
}

/// Begins a session, and leads on to the page that was asked for.
#[server(prefix = "/fn", endpoint = "log_in", name = LogIn)]
pub async fn log_in(name: String, password: String, to: Option<String>) -> Result<(), Failure> {
    use super::asker;

    let session = asker::hub()?
        .log_in(&name, &password, &asker::client().await?)
        .await
        .map_err(asker::failure)?;
    asker::set_cookies(&session.cookies)?;
    // Only to a page of this server.
    let to = to.filter(|to| {
        to.starts_with('/') && !to.starts_with("//") && !to.contains('\\') && to.is_ascii()
    });
    leptos_axum::redirect(match &to {
        _ if session.me.must_change => "/password",
        Some(to) => to,
        None => "/",
    });
    Ok(())
}

/// Ends the session.
#[server(prefix = "/fn", endpoint = "log_out", name = LogOut)]
pub async fn log_out() -> Result<(), Failure> {
    use super::asker;

    let cookie = asker::hub()?
        .log_out(&asker::actor().await?, &asker::client().await?)
        .await
        .map_err(asker::failure)?;
    asker::set_cookies(&[cookie])?;
    leptos_axum::redirect("/login");
    Ok(())
}

/// Who is logged in.
#[server(prefix = "/fn", endpoint = "me", name = WhoAmI)]
pub async fn me() -> Result<Me, Failure> {
    use super::asker;

    asker::actor()
        .await?
        .me()
        .ok_or_else(|| asker::refuse(skep_model::Refusal::NotLoggedIn))
}
