//! The own account. Password and choices work as plain form posts, too.

use leptos::prelude::*;
use skep_model::{ids::SessionId, user};

use crate::failure::Failure;

/// The own account.
#[server(prefix = "/fn", endpoint = "profile")]
pub async fn profile() -> Result<user::Profile, Failure> {
    use super::asker;

    asker::hub()?
        .profile(&asker::actor().await?)
        .await
        .map_err(asker::failure)
}

/// Keeps the own mail address, language, time zone and theme.
#[server(prefix = "/fn", endpoint = "edit_profile", name = EditProfile)]
pub async fn edit_profile(
    email: String,
    language: String,
    time_zone: String,
    theme: String,
) -> Result<(), Failure> {
    use super::asker;

    use skep_model::user::Preferences;

    let preferences = Preferences {
        language,
        time_zone,
        theme,
    };
    let cookies = asker::hub()?
        .edit_profile(&asker::actor().await?, &email, &preferences)
        .await
        .map_err(asker::failure)?;
    asker::set_cookies(&cookies)?;
    leptos_axum::redirect("/profile?saved");
    Ok(())
}

/// Changes the own password.
#[server(prefix = "/fn", endpoint = "change_password", name = ChangePassword)]
pub async fn change_password(old: String, password: String, repeat: String) -> Result<(), Failure> {
    use super::asker;

    use skep_model::{Complaint, Refusal};

    if password != repeat {
        return Err(asker::refuse(Refusal::invalid(
            "repeat",
            Complaint::DoNotMatch,
        )));
    }
    asker::hub()?
        .change_password(&asker::actor().await?, &old, &password)
        .await
        .map_err(asker::failure)?;
    leptos_axum::redirect("/profile?changed");
    Ok(())
}

/// Ends one of the own sessions.
#[server(prefix = "/fn", endpoint = "end_session")]
pub async fn end_session(id: SessionId) -> Result<(), Failure> {
    use super::asker;

    asker::hub()?
        .end_session(&asker::actor().await?, id)
        .await
        .map_err(asker::failure)
}
