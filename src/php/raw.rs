//! The engine's C functions that ext-php-rs does not wrap, each behind a safe function.
//!
//! Everything here runs on the PHP thread: class declaration in MINIT, the rest inside a call
//! from PHP. Nothing is kept beyond the call but class entries, which live as long as the module.

#![expect(
    unsafe_code,
    reason = "the engine's C interface; every block says what makes it sound"
)]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};

use ext_php_rs::boxed::ZBox;
use ext_php_rs::ffi::{zend_interrupt_function, zend_object, zend_type, zval};
use ext_php_rs::flags::DataType;
use ext_php_rs::types::{ZendHashTable, ZendObject, ZendStr, Zval};
use ext_php_rs::zend::{ClassEntry, ExecutorGlobals};

unsafe extern "C" {
    static spl_ce_RuntimeException: *mut ClassEntry;
    static spl_ce_InvalidArgumentException: *mut ClassEntry;
    static spl_ce_LogicException: *mut ClassEntry;

    fn zend_declare_typed_property(
        ce: *mut ClassEntry,
        name: *mut ZendStr,
        property: *mut zval,
        access_type: c_int,
        doc_comment: *mut ZendStr,
        r#type: zend_type,
    ) -> *mut c_void;
    fn zend_update_property(
        scope: *mut ClassEntry,
        object: *mut zend_object,
        name: *const c_char,
        name_length: usize,
        value: *mut zval,
    );
    fn zend_exception_set_previous(exception: *mut zend_object, previous: *mut zend_object);
    fn php_log_err_with_severity(message: *const c_char, severity: c_int);
    fn php_check_open_basedir_ex(path: *const c_char, warn: c_int) -> c_int;
    fn zend_is_unwind_exit(object: *const zend_object) -> bool;
    fn zend_throw_unwind_exit();
    fn zend_ini_string(name: *const c_char, name_length: usize, orig: c_int) -> *const c_char;
    fn pthread_atfork(
        prepare: Option<extern "C" fn()>,
        parent: Option<extern "C" fn()>,
        child: Option<extern "C" fn()>,
    ) -> c_int;
}

const ZEND_ACC_PUBLIC: c_int = 1;
/// Of Zend/zend_hash.h: the array is a list and has values alone in place of buckets.
const HASH_FLAG_PACKED: u32 = 1 << 2;

/// Types of the exceptions' properties, as the engine's type masks.
#[derive(Clone, Copy)]
pub(super) enum PropertyType {
    /// `string`
    Text,
    /// `int`
    Int,
    /// `?int`
    NullableInt,
    /// `mixed`
    Any,
}

impl PropertyType {
    fn mask(self) -> u32 {
        // MAY_BE_* of Zend/zend_type_info.h: 1 << IS_*.
        match self {
            Self::Text => 1 << 6,
            Self::Int => 1 << 4,
            Self::NullableInt => (1 << 4) | (1 << 1),
            Self::Any => 0x3fe,
        }
    }

    fn default(self) -> Zval {
        let mut value = Zval::new();
        match self {
            Self::Text => {
                // An interned string is not counted, as a default of an internal class must be.
                let _ = value.set_interned_string("", true);
            }
            Self::Int => value.set_long(0),
            Self::NullableInt | Self::Any => value.set_null(),
        }
        value
    }
}

/// `\RuntimeException`.
pub(super) fn runtime_exception() -> &'static ClassEntry {
    // SAFETY: SPL is always built in and registers its classes before any shared extension starts.
    unsafe { &*spl_ce_RuntimeException }
}

/// `\LogicException`.
pub(super) fn logic_exception() -> &'static ClassEntry {
    // SAFETY: as for runtime_exception().
    unsafe { &*spl_ce_LogicException }
}

/// `\InvalidArgumentException`.
pub(super) fn invalid_argument_exception() -> &'static ClassEntry {
    // SAFETY: as for runtime_exception().
    unsafe { &*spl_ce_InvalidArgumentException }
}

/// A class that was registered in MINIT; `None` before that.
pub(super) fn class_entry(entry: &AtomicPtr<ClassEntry>) -> Option<&'static ClassEntry> {
    // SAFETY: stored once, in MINIT, and a class of an internal module lives until it shuts down.
    unsafe { entry.load(Ordering::Acquire).as_ref() }
}

/// Declares a public typed property with its neutral default; in MINIT only.
pub(super) fn declare_property(ce: &mut ClassEntry, name: &str, ty: PropertyType) {
    let name = ZendStr::new_interned(name, true).into_raw();
    let mut default = ty.default();
    let ty = zend_type {
        ptr: std::ptr::null_mut(),
        type_mask: ty.mask(),
    };
    // SAFETY: MINIT on the main thread; the name is interned and persistent, the default is not
    // counted.
    unsafe {
        zend_declare_typed_property(
            ce,
            name,
            &raw mut default,
            ZEND_ACC_PUBLIC,
            std::ptr::null_mut(),
            ty,
        );
    }
}

/// Writes a property of an object from within the scope of `class`, protected ones included.
pub(super) fn update_property(
    class: &ClassEntry,
    object: &mut ZendObject,
    name: &str,
    value: &mut Zval,
) {
    // SAFETY: class and object are live on this thread; the engine copies the value.
    unsafe {
        zend_update_property(
            std::ptr::from_ref(class).cast_mut(),
            object,
            name.as_ptr().cast(),
            name.len(),
            value,
        );
    }
}

/// Every entry of an array that has a name, in order; names and values stay in the array, in which
/// `take` changes nothing. The engine's own iterator makes a string of each name.
pub(super) fn each_named<'a>(array: &'a ZendHashTable, mut take: impl FnMut(&'a [u8], &'a Zval)) {
    // SAFETY: both members of the union are plain integers in the same place.
    let flags = unsafe { array.u.flags };
    if flags & HASH_FLAG_PACKED != 0 {
        // A list, which has numbers alone.
        return;
    }
    let used = usize::try_from(array.nNumUsed).unwrap_or(0);
    // SAFETY: an array that is not packed has buckets, so this member of the union is the one that
    // was written.
    let first = unsafe { array.__bindgen_anon_1.arData };
    // SAFETY: so many of them are in use, holes included; they live and stay as they are while the
    // array is borrowed.
    let buckets = unsafe { std::slice::from_raw_parts(first, used) };
    for bucket in buckets {
        // SAFETY: a name is a string of the array's own, or null where the entry has a number.
        let name: Option<&'a ZendStr> = unsafe { bucket.key.as_ref() };
        // A hole is what was removed.
        if let Some(name) = name
            && bucket.val.get_type() != DataType::Undef
        {
            take(name.as_bytes(), &bucket.val);
        }
    }
}

/// Hangs `previous` behind `exception`, whose own chain is kept.
pub(super) fn set_previous(exception: &mut ZendObject, previous: ZBox<ZendObject>) {
    let previous = previous.into_raw();
    // SAFETY: both are live exceptions; the engine takes over the reference to the previous one.
    unsafe { zend_exception_set_previous(exception, previous) };
}

/// Whether PHP code may open this file, as far as `open_basedir` says.
pub(super) fn is_within_open_basedir(path: &CStr) -> bool {
    // SAFETY: a C string that lives through the call; the PHP thread, inside a request.
    unsafe { php_check_open_basedir_ex(path.as_ptr(), 0) == 0 }
}

/// Whether what is thrown is `exit()` on its way out, and no exception at all.
pub(super) fn is_unwind_exit(thrown: &ZendObject) -> bool {
    // SAFETY: a live object of this thread; the engine only looks at its class.
    unsafe { zend_is_unwind_exit(thrown) }
}

/// Makes PHP unwind as `exit()` does; its status was set when `exit()` was called.
pub(super) fn throw_unwind_exit() {
    // SAFETY: called inside a call from PHP, with no other exception pending.
    unsafe { zend_throw_unwind_exit() };
}

/// The value of an ini setting as it stands now.
pub(super) fn ini_string(name: &CStr) -> String {
    // SAFETY: the name is a valid C string and its length is given without the terminator.
    let value = unsafe { zend_ini_string(name.as_ptr(), name.count_bytes(), 0) };
    if value.is_null() {
        return String::new();
    }
    // SAFETY: a non-null result is a C string that the engine keeps at least until the next change.
    let value = unsafe { CStr::from_ptr(value) };
    value.to_string_lossy().into_owned()
}

/// Whether the engine wants to interrupt what runs: a signal, a timeout.
pub(super) fn is_interrupt_pending() -> bool {
    ExecutorGlobals::get().vm_interrupt.value
}

/// Whether PHP's time limit ran out; the engine ends the program when it runs next.
pub(super) fn is_timed_out() -> bool {
    ExecutorGlobals::get().timed_out.value
}

/// Does what the engine does where it looks for interrupts: clears the flag and runs the handlers,
/// such as those of pcntl's signals. What they throw lies pending in the engine afterwards.
pub(super) fn run_interrupt_handlers() {
    let frame = {
        let mut globals = ExecutorGlobals::get_mut();
        globals.cancel_interrupt();
        globals.current_execute_data
    };
    // SAFETY: the variable is set while modules start, which is over.
    let handler = unsafe { zend_interrupt_function };
    if let Some(handler) = handler {
        // SAFETY: on the PHP thread inside a call from PHP, with the frame of that call; none of the
        // executor's globals is borrowed here.
        unsafe { handler(frame) };
    }
}

/// Writes to PHP's error log.
pub(super) fn log(message: &str) {
    /// The severity `LOG_NOTICE` of syslog.
    const NOTICE: c_int = 5;
    let Ok(message) = std::ffi::CString::new(message) else {
        return;
    };
    // SAFETY: a C string that lives through the call; the PHP thread, inside a request.
    unsafe { php_log_err_with_severity(message.as_ptr(), NOTICE) };
}

/// Keeps all signals off the calling thread: the program's handlers belong to PHP's thread.
pub(super) fn block_signals() {
    let mut all = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: it writes the set, whose place is large enough.
    unsafe { libc::sigfillset(all.as_mut_ptr()) };
    // SAFETY: the set was filled above; the old mask is not wanted.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), std::ptr::null_mut()) };
}

/// Registers what happens around every fork of this process; once a process.
pub(super) fn at_fork(prepare: extern "C" fn(), child: extern "C" fn()) {
    // SAFETY: the handlers are plain functions that live as long as the extension is mapped.
    unsafe { pthread_atfork(Some(prepare), None, Some(child)) };
}

/// The name of the server interface: `cli`, `fpm-fcgi` …
pub(super) fn sapi_name() -> String {
    // SAFETY: the SAPI fills this in before any module starts and never changes it.
    let name = unsafe { ext_php_rs::ffi::sapi_module.name };
    if name.is_null() {
        return String::new();
    }
    // SAFETY: a C string of the SAPI's own static data.
    let name = unsafe { CStr::from_ptr(name) };
    name.to_string_lossy().into_owned()
}
