//! Gives up what root may and a sensor need not.
//!
//! Started as root, the process becomes another user and keeps two capabilities: to open ports below 1024, and to
//! administer the network, which it hands down to `nft` and `iptables`; rules of theirs lead ports to honeypots and
//! confine containers. Where there is a container engine, it also joins the group of the engine's socket. This concerns
//! the calling thread, so it comes before any other thread is started. Started as anybody else, the process stays as it
//! is.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, lchown},
    path::{Path, PathBuf},
};

use nix::unistd::{Gid, Uid, User};

/// What a data folder consists of; nothing else in it is given to another user.
const OWN: [&str; 7] = [
    "lock",
    "identity.json",
    "clock.json",
    "configuration.json",
    "spool",
    "refused",
    "identity.new",
];

/// Privileges that could not be given up, or a data folder that cannot be used without them.
#[derive(Debug, thiserror::Error)]
pub enum PrivilegeError {
    /// There is no such user.
    #[error("there is no user {0} to become; name another one with --user")]
    NoUser(String),
    /// The system refused.
    #[error(
        "privileges of root cannot be given up ({step}): {problem}; start the sensor as another user, or use --user root"
    )]
    Drop {
        /// What was tried.
        step: &'static str,
        /// What the system said.
        problem: String,
    },
    /// The folder.
    #[error("user {user} cannot use the data folder {}: {error}; name another one with --data, or another user with --user", .folder.display())]
    Folder {
        /// Who.
        user: String,
        /// Which.
        folder: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// Makes the data folder, and becomes `user` if the process is root's, who may still use the socket `engine`. Returns who
/// it is from now on if that changed.
pub fn drop(
    user: &str,
    folder: &Path,
    engine: Option<&Path>,
) -> Result<Option<String>, PrivilegeError> {
    let root = Uid::effective().is_root();
    let user = if root && user != "root" {
        Some(
            User::from_name(user)
                .ok()
                .flatten()
                .ok_or_else(|| PrivilegeError::NoUser(user.to_owned()))?,
        )
    } else {
        None
    };
    let name = user
        .as_ref()
        .map_or_else(|| Uid::effective().to_string(), |user| user.name.clone());
    let unusable = |error| PrivilegeError::Folder {
        user: name.clone(),
        folder: folder.to_owned(),
        error,
    };
    make(folder).map_err(unusable)?;
    if let Some(user) = &user {
        hand_over(folder, user).map_err(unusable)?;
        become_user(user, engine)?;
    }
    probe(folder).map_err(unusable)?;
    Ok(user.map(|user| user.name))
}

fn make(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

/// Gives the folder to the user if it is ours: empty, or locked by a sensor once. A folder that somebody uses for
/// other things keeps its owner.
fn hand_over(folder: &Path, user: &User) -> io::Result<()> {
    let ours = fs::symlink_metadata(folder.join("lock")).is_ok_and(|lock| lock.is_file());
    if !ours && fs::read_dir(folder)?.next().is_some() {
        return Ok(());
    }
    let (uid, gid) = (Some(user.uid.as_raw()), Some(user.gid.as_raw()));
    lchown(folder, uid, gid)?;
    for name in OWN {
        let path = folder.join(name);
        let Ok(metadata) = fs::symlink_metadata(&path) else {
            continue;
        };
        lchown(&path, uid, gid)?;
        if metadata.is_dir() {
            for entry in fs::read_dir(&path)? {
                lchown(entry?.path(), uid, gid)?;
            }
        }
    }
    Ok(())
}

/// Tries what the sensor will do all the time.
fn probe(folder: &Path) -> io::Result<()> {
    let probe = folder.join("probe.new");
    fs::write(&probe, b"")?;
    fs::remove_file(&probe)?;
    fs::read_dir(folder).map(|_| ())
}

/// The group whose members may use the engine.
fn group(engine: &Path) -> Option<Gid> {
    match fs::metadata(engine) {
        Ok(socket) => Some(Gid::from_raw(socket.gid())),
        Err(error) => {
            tracing::warn!(
                "there are no containers, because the engine's socket {} cannot be looked at ({error}); start the sensor \
                 again once it is there",
                engine.display()
            );
            None
        }
    }
}

#[cfg(target_os = "linux")]
fn become_user(user: &User, engine: Option<&Path>) -> Result<(), PrivilegeError> {
    use caps::{CapSet, Capability, CapsHashSet};
    use nix::{
        sys::prctl,
        unistd::{setgid, setgroups, setuid},
    };

    fn failed<E: ToString>(step: &'static str) -> impl FnOnce(E) -> PrivilegeError {
        move |error| PrivilegeError::Drop {
            step,
            problem: error.to_string(),
        }
    }

    let groups: Vec<Gid> = engine.and_then(group).into_iter().collect();
    // If a container has taken these capabilities away already, there are no low ports, or no rules.
    let has = caps::read(None, CapSet::Permitted).map_err(failed("reading capabilities"))?;
    let of = |capability| has.get(&capability).copied();
    let handed_down: CapsHashSet = of(Capability::CAP_NET_ADMIN).into_iter().collect();
    let mut kept = handed_down.clone();
    kept.extend(of(Capability::CAP_NET_BIND_SERVICE));
    prctl::set_keepcaps(true).map_err(failed("keeping capabilities"))?;
    setgroups(&groups).map_err(failed("leaving groups"))?;
    setgid(user.gid).map_err(failed("changing the group"))?;
    setuid(user.uid).map_err(failed("changing the user"))?;
    caps::set(None, CapSet::Permitted, &kept).map_err(failed("permitted capabilities"))?;
    caps::set(None, CapSet::Effective, &kept).map_err(failed("effective capabilities"))?;
    for inherited in [CapSet::Inheritable, CapSet::Ambient] {
        caps::set(None, inherited, &handed_down).map_err(failed("inherited capabilities"))?;
    }
    prctl::set_no_new_privs().map_err(failed("forbidding new privileges"))
}

#[cfg(not(target_os = "linux"))]
fn become_user(user: &User, _engine: Option<&Path>) -> Result<(), PrivilegeError> {
    Err(PrivilegeError::Drop {
        step: "this system has no capabilities",
        problem: format!("cannot become {}", user.name),
    })
}
