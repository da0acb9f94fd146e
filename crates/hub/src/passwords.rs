//! Password hashing, with a cap on how many run at once: each takes 19 MiB and a core.

use std::sync::Arc;

use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use skep_model::Complaint;
use tokio::sync::Semaphore;

/// The fewest characters of a password.
const SHORTEST: usize = 12;
/// The most bytes of a password: longer ones only cost time.
const LONGEST: usize = 512;

/// Hashes and checks passwords.
pub(crate) struct Passwords {
    running: Arc<Semaphore>,
    /// A hash of nothing in particular, checked for users that do not exist, so that they take as long.
    decoy: String,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        let decoy = hash(&crate::secrets::secret()).unwrap_or_default();
        Self {
            running: Arc::new(Semaphore::new(2)),
            decoy,
        }
    }

    /// What is wrong with a new password.
    pub(crate) fn complaint(password: &str) -> Option<Complaint> {
        let mut distinct: Vec<char> = password.chars().collect();
        distinct.sort_unstable();
        distinct.dedup();
        if password.is_empty() {
            Some(Complaint::Empty)
        } else if password.chars().count() < SHORTEST {
            Some(Complaint::TooShort {
                min: SHORTEST as u32,
            })
        } else if password.len() > LONGEST {
            Some(Complaint::TooLong {
                max: LONGEST as u32,
            })
        } else if distinct.len() < 4 {
            Some(Complaint::TooWeak)
        } else {
            None
        }
    }

    /// The argon2id hash of a password; `None` when that failed.
    pub(crate) async fn hash(&self, password: &str) -> Option<String> {
        let password = password.to_owned();
        let _permit = self.running.acquire().await.ok()?;
        tokio::task::spawn_blocking(move || hash(&password))
            .await
            .ok()?
    }

    /// Whether a password fits a hash; for no hash, `false` after as long a time.
    pub(crate) async fn fits(&self, password: &str, hash: Option<&str>) -> bool {
        if password.len() > LONGEST {
            return false;
        }
        let known = hash.is_some();
        let (password, hash) = (password.to_owned(), hash.unwrap_or(&self.decoy).to_owned());
        let Ok(_permit) = self.running.acquire().await else {
            return false;
        };
        let fits = tokio::task::spawn_blocking(move || {
            PasswordHash::new(&hash).is_ok_and(|hash| {
                Argon2::default()
                    .verify_password(password.as_bytes(), &hash)
                    .is_ok()
            })
        })
        .await
        .unwrap_or(false);
        fits && known
    }
}

fn hash(password: &str) -> Option<String> {
    let hash: PasswordHash = Argon2::default().hash_password(password.as_bytes()).ok()?;
    Some(hash.to_string())
}
