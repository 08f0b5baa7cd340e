//! The segment's memory: the only file of the room with `unsafe`.
//!
//! A mapping is made once, lives until its last user drops it, and is only ever seen as a shared
//! [`Layout`], which consists of atomics alone. Any bit pattern is a valid `AtomicU64`, so what
//! other processes write can be wrong but never undefined. What remains is that the file is cut
//! shorter while it is mapped (a later access would raise SIGBUS): only the same user can do that,
//! nothing here ever does, and the blocks are allocated beforehand (`fallocate`), so that a full
//! file system cannot have the same effect.
#![expect(
    unsafe_code,
    reason = "mapping memory and looking at it; each block says why it holds"
)]

use std::{alloc, io, os::fd::AsFd, ptr, ptr::NonNull};

use rustix::mm::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap};

use super::layout::Layout;

/// Bytes of a segment.
pub(super) const SIZE: usize = size_of::<Layout>();

/// Memory that holds a [`Layout`].
pub(super) enum Mapping {
    /// Shared between processes; unmapped on drop.
    Shared(NonNull<Layout>),
    /// This process's own.
    Own(Box<Layout>),
}

// SAFETY: a mapping belongs to the process and not to a thread, and `Layout` holds atomics alone.
unsafe impl Send for Mapping {}
// SAFETY: all access goes through `&Layout`, whose fields are atomics, which are `Sync`.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// This process's memory; a fork copies it. Too large to be made on a stack first.
    pub(super) fn own() -> Self {
        let wanted = alloc::Layout::new::<Layout>();
        // SAFETY: the size is not zero.
        let start = unsafe { alloc::alloc_zeroed(wanted) }.cast::<Layout>();
        if start.is_null() {
            alloc::handle_alloc_error(wanted);
        }
        // SAFETY: allocated right here by the global allocator with this very layout, and zero
        // bytes are valid atomics.
        Self::Own(unsafe { Box::from_raw(start) })
    }

    /// Memory without a name, shared with the processes that are forked from this one.
    pub(super) fn anonymous() -> io::Result<Self> {
        // SAFETY: with a null hint the kernel picks an unused range, so no memory in use changes.
        let start = unsafe {
            mmap_anonymous(
                ptr::null_mut(),
                SIZE,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED,
            )
        }?;
        Self::at(start.cast())
    }

    /// An open file; the caller has checked that it is at least [`SIZE`] bytes long.
    pub(super) fn of_file(file: impl AsFd) -> io::Result<Self> {
        // SAFETY: as above; the file's length was checked, and no Rust reference of this process
        // points at its bytes other than through atomics.
        let start = unsafe {
            mmap(
                ptr::null_mut(),
                SIZE,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED,
                file,
                0,
            )
        }?;
        Self::at(start.cast())
    }

    fn at(start: *mut Layout) -> io::Result<Self> {
        NonNull::new(start)
            .map(Self::Shared)
            .ok_or_else(|| io::Error::other("mapped at address zero"))
    }

    /// What the memory holds.
    pub(super) fn layout(&self) -> &Layout {
        match self {
            // SAFETY: the pointer is a live mapping of SIZE readable and writable bytes, aligned to
            // a page; it is unmapped on drop alone, which this borrow of `self` outlives not.
            Self::Shared(start) => unsafe { start.as_ref() },
            Self::Own(layout) => layout,
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        if let Self::Shared(start) = self {
            // SAFETY: the range was mapped by this value with this size, and borrows of the layout
            // cannot outlive it. An error would leave it mapped, which is only a leak.
            let _ = unsafe { munmap(start.as_ptr().cast(), SIZE) };
        }
    }
}

/// Calls `hook` in each child that is forked from now on; false where that cannot be had.
pub(super) fn on_fork_in_child(hook: unsafe extern "C" fn()) -> bool {
    // SAFETY: the hook is a function that lives as long as the code it stands in, with which the
    // C library forgets it, and it may run where a fork leaves one thread: it stores one word.
    unsafe { libc::pthread_atfork(None, None, Some(hook)) == 0 }
}
