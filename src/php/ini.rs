//! The ini settings: what an operator fixes for all of PHP, not per connection.
//!
//! | setting | default | meaning |
//! |---|---|---|
//! | `causeway.segment_dir` | `/dev/shm` | where the file of shared state lies; empty means none |
//! | `causeway.testing` | `0` | tests may fake vendors, freeze the clock, arm failpoints; not on the web |

use ext_php_rs::flags::IniEntryPermission;
use ext_php_rs::zend::{IniEntryDef, IniEntryDefs};

use super::raw;

static ENTRIES: IniEntryDefs<3> = IniEntryDefs::new([
    IniEntryDef::new(
        c"causeway.segment_dir",
        c"/dev/shm",
        IniEntryPermission::System,
    ),
    IniEntryDef::new(c"causeway.testing", c"0", IniEntryPermission::System),
    IniEntryDef::end(),
]);

/// Registers the settings; in MINIT.
pub(super) fn register(module_number: i32) {
    IniEntryDef::register(ENTRIES.as_slice(), module_number);
}

/// Where the shared segment's file lies, or `None` for no file.
pub(super) fn segment_dir() -> Option<std::path::PathBuf> {
    let dir = raw::ini_string(c"causeway.segment_dir");
    (!dir.is_empty()).then(|| dir.into())
}

/// Whether tests may fake vendors and freeze the clock: the setting, and no web server.
pub(super) fn is_testing() -> bool {
    let is_on = matches!(
        raw::ini_string(c"causeway.testing").as_str(),
        "1" | "on" | "On" | "yes"
    );
    is_on && matches!(raw::sapi_name().as_str(), "cli" | "phpdbg" | "embed")
}
