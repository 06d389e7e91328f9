//! The C library's heap, with all that was ever in it: what a block holds when it is given back is kept, and every block that is still out is known.
//! It stands before `malloc` and `free` of the whole process: Rust's and aws-lc's.

use std::cell::UnsafeCell;
use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

unsafe extern "C" {
    fn __libc_malloc(size: usize) -> *mut c_void;
    fn __libc_memalign(alignment: usize, size: usize) -> *mut c_void;
    fn __libc_free(block: *mut c_void);
}

/// Stands before each block.
#[repr(C)]
struct Header {
    previous: *mut Header,
    next: *mut Header,
    size: usize,
    /// How far before its end the block of the C library begins.
    offset: usize,
}

const HEADER: usize = size_of::<Header>();
const ENOMEM: c_int = 12;
/// Room for all that is given back in a run, taken from the system as it fills.
const GIVEN_BACK: usize = 4 << 30;
/// Room for the secrets of a connection and its sessions.
const SECRETS: usize = 1 << 20;

struct Books {
    /// The newest block that is out.
    newest: *mut Header,
    given_back: Area,
    secrets: Area,
}

/// Bytes behind one another, outside the heap that is searched.
struct Area {
    start: *mut u8,
    length: usize,
    room: usize,
}

impl Area {
    const fn empty(room: usize) -> Self {
        Self {
            start: ptr::null_mut(),
            length: 0,
            room,
        }
    }

    /// # Safety
    /// `bytes` can be read for `count` bytes.
    unsafe fn push(&mut self, bytes: *const u8, count: usize) {
        if self.start.is_null() {
            // SAFETY: any size may be asked for.
            self.start = unsafe { __libc_malloc(self.room) }.cast();
        }
        assert!(
            !self.start.is_null() && self.room - self.length >= count,
            "no room to keep what was freed"
        );
        // SAFETY: there is room behind what is there.
        unsafe { ptr::copy_nonoverlapping(bytes, self.start.add(self.length), count) };
        self.length += count;
    }

    fn bytes(&self) -> &[u8] {
        if self.start.is_null() {
            return &[];
        }
        // SAFETY: so many bytes were written.
        unsafe { std::slice::from_raw_parts(self.start, self.length) }
    }
}

/// One thread at a time.
struct Locked(AtomicBool, UnsafeCell<Books>);

// SAFETY: the lock is held by whoever looks inside.
unsafe impl Sync for Locked {}

static BOOKS: Locked = Locked(
    AtomicBool::new(false),
    UnsafeCell::new(Books {
        newest: ptr::null_mut(),
        given_back: Area::empty(GIVEN_BACK),
        secrets: Area::empty(SECRETS),
    }),
);

/// `work` may not allocate.
fn with_books<T>(work: impl FnOnce(&mut Books) -> T) -> T {
    while BOOKS.0.swap(true, Ordering::Acquire) {
        std::hint::spin_loop();
    }
    // SAFETY: the lock is held.
    let result = work(unsafe { &mut *BOOKS.1.get() });
    BOOKS.0.store(false, Ordering::Release);
    result
}

/// Who said that a value is secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Teller {
    /// The engine, of each secret that it makes.
    Engine = 0,
    /// A key log: what belongs to one connection alone.
    KeyLog = 1,
}

/// Keeps a secret: who told it, its length, its bytes.
pub(crate) fn keep_secret(teller: Teller, secret: &[u8]) {
    let Ok(length) = u8::try_from(secret.len()) else { return };
    let start = [teller as u8, length];
    with_books(|books| {
        // SAFETY: both are slices.
        unsafe {
            books.secrets.push(start.as_ptr(), start.len());
            books.secrets.push(secret.as_ptr(), secret.len());
        }
    });
}

/// Forgets all that was kept.
pub(crate) fn forget() {
    with_books(|books| {
        books.given_back.length = 0;
        books.secrets.length = 0;
    });
}

/// Where a secret was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// In a block that was given back.
    pub(crate) given_back: usize,
    /// In one that is still out.
    pub(crate) out: usize,
}

/// How often `wanted` is in the memory of the process, the stacks left out.
pub(crate) fn search(wanted: &[u8]) -> Found {
    with_books(|books| {
        let mut found = Found {
            given_back: count(books.given_back.bytes(), wanted),
            out: 0,
        };
        let mut block = books.newest;
        while !block.is_null() {
            // SAFETY: a block in the list is out, and its bytes stand behind its header.
            unsafe {
                let bytes = std::slice::from_raw_parts(block.add(1).cast::<u8>(), (*block).size);
                found.out += count(bytes, wanted);
                block = (*block).next;
            }
        }
        found
    })
}

/// Shows each secret that was kept.
pub(crate) fn secrets(mut look: impl FnMut(Teller, &[u8])) {
    let (start, length) = with_books(|books| (books.secrets.start, books.secrets.length));
    if start.is_null() {
        return;
    }
    // SAFETY: so many bytes were written, and none is while we look.
    let mut rest = unsafe { std::slice::from_raw_parts(start, length) };
    while let [teller, length, behind @ ..] = rest {
        let (secret, behind) = behind.split_at(usize::from(*length));
        let teller = if *teller == 0 { Teller::Engine } else { Teller::KeyLog };
        look(teller, secret);
        rest = behind;
    }
}

fn count(bytes: &[u8], wanted: &[u8]) -> usize {
    let Some(first) = wanted.first_chunk::<8>() else {
        return 0;
    };
    let first = u64::from_ne_bytes(*first);
    let places = bytes.windows(8).enumerate();
    places
        .filter(|(place, window)| {
            window
                .first_chunk::<8>()
                .is_some_and(|chunk| u64::from_ne_bytes(*chunk) == first)
                && bytes[*place..].starts_with(wanted)
        })
        .count()
}

/// Enters a block that really begins at `base`; gives what its owner sees.
///
/// # Safety
/// `base` is null or has room for `offset + size` bytes; `offset` is at least a header's and keeps its alignment.
unsafe fn begin(base: *mut c_void, offset: usize, size: usize) -> *mut c_void {
    if base.is_null() {
        return base;
    }
    // SAFETY: by the caller's word.
    unsafe {
        let block = base.byte_add(offset);
        let header = block.cast::<Header>().sub(1);
        with_books(|books| {
            let next = books.newest;
            header.write(Header {
                previous: ptr::null_mut(),
                next,
                size,
                offset,
            });
            if !next.is_null() {
                (*next).previous = header;
            }
            books.newest = header;
        });
        block
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
    let Some(whole) = size.checked_add(HEADER) else {
        return ptr::null_mut();
    };
    // SAFETY: as large as `begin` needs; a header has a multiple of the heap's own alignment.
    unsafe { begin(__libc_malloc(whole), HEADER, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    let Some(size) = count.checked_mul(size) else {
        return ptr::null_mut();
    };
    // SAFETY: the block has room for what is written.
    unsafe {
        let block = malloc(size);
        if !block.is_null() {
            ptr::write_bytes(block.cast::<u8>(), 0, size);
        }
        block
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn memalign(alignment: usize, size: usize) -> *mut c_void {
    let offset = alignment.max(HEADER);
    let Some(whole) = size.checked_add(offset) else {
        return ptr::null_mut();
    };
    // SAFETY: as large as `begin` needs; a multiple of the alignment keeps it.
    unsafe { begin(__libc_memalign(alignment, whole), offset, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn aligned_alloc(alignment: usize, size: usize) -> *mut c_void {
    // SAFETY: the same contract.
    unsafe { memalign(alignment, size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn posix_memalign(out: *mut *mut c_void, alignment: usize, size: usize) -> c_int {
    // SAFETY: the caller lends `out`.
    unsafe {
        let block = memalign(alignment, size);
        if block.is_null() {
            return ENOMEM;
        }
        out.write(block);
    }
    0
}

/// Always another block: what the old one held is then seen as given back.
#[unsafe(no_mangle)]
unsafe extern "C" fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the block is ours; both are as large as what is copied.
    unsafe {
        let new = malloc(size);
        if !block.is_null() && !new.is_null() {
            let old = (*block.cast::<Header>().sub(1)).size;
            ptr::copy_nonoverlapping(block.cast::<u8>(), new.cast::<u8>(), old.min(size));
            free(block);
        }
        new
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn free(block: *mut c_void) {
    if block.is_null() {
        return;
    }
    // SAFETY: the block is ours, in the list, and really begins `offset` bytes before.
    unsafe {
        let header = block.cast::<Header>().sub(1);
        let Header {
            previous,
            next,
            size,
            offset,
        } = header.read();
        with_books(|books| {
            books.given_back.push(block.cast::<u8>(), size);
            if previous.is_null() {
                books.newest = next;
            } else {
                (*previous).next = next;
            }
            if !next.is_null() {
                (*next).previous = previous;
            }
        });
        __libc_free(block.byte_sub(offset));
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn malloc_usable_size(block: *mut c_void) -> usize {
    if block.is_null() {
        return 0;
    }
    // SAFETY: the block is ours.
    unsafe { (*block.cast::<Header>().sub(1)).size }
}
