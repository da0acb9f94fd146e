//! How much of what an attacker sends is kept. Everything that grows with an attacker's will has its bound here.

/// The longest value (user name, command, payload …) that one interaction keeps, in bytes. The rest is cut
/// at a character's end, and the interaction is followed by a note that says how long the value was.
pub const VALUE: usize = 64 * 1024;

/// The most interactions of one event. Later ones are counted, not kept.
pub const INTERACTIONS: u32 = 10_000;

/// The most bytes of attacker data that one event keeps.
pub const EVENT: usize = 8 * 1024 * 1024;

/// The longest encoded part of an event that a sensor sends and a server takes, in bytes: one value at its
/// longest in base64, and room for the other fields.
pub const PART: usize = 512 * 1024;

/// The longest batch of parts in one request, in bytes.
pub const BATCH: usize = 4 * 1024 * 1024;

/// The most parts in one batch.
pub const BATCH_PARTS: usize = 500;

/// The most lines of what an instance's container printed that are shown.
pub const LOG_LINES: usize = 200;

/// The most bytes of them, together.
pub const LOG: usize = 64 * 1024;

/// The longest comment on an event, in characters.
pub const COMMENT: usize = 1000;
