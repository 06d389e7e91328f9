//! Counts what connections allocate: this program's own `malloc` stands before the C library's for all that is in the
//! process, the C code of aws-lc among it. Prints the rows as JSON, for `portunus-bench` to read.

use std::process::ExitCode;

fn main() -> ExitCode {
    match portunus_bench::memory::run(&heap::counted) {
        Ok(rows) => {
            let rows: serde_json::Value = rows.iter().map(portunus_bench::measure::Row::to_json).collect();
            println!("{rows}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("allocations cannot be counted: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// Elsewhere the C library's heap cannot be had by other names; then [`portunus_bench::memory::run`] says that nothing is counted.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod heap {
    pub(crate) fn counted() -> portunus_bench::memory::Heap {
        portunus_bench::memory::Heap::default()
    }
}

/// The C library's heap, counted by thread. Before each block stand its size and how far back it really begins.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod heap {
    use std::cell::Cell;
    use std::ffi::{c_int, c_void};
    use std::ptr;

    use portunus_bench::memory::Heap;

    unsafe extern "C" {
        fn __libc_malloc(size: usize) -> *mut c_void;
        fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
        fn __libc_realloc(block: *mut c_void, size: usize) -> *mut c_void;
        fn __libc_memalign(alignment: usize, size: usize) -> *mut c_void;
        fn __libc_free(block: *mut c_void);
    }

    #[repr(C)]
    struct Header {
        size: usize,
        offset: usize,
    }

    /// As large as the heap's own alignment, which it thereby keeps.
    const HEADER: usize = size_of::<Header>();
    const ENOMEM: c_int = 12;

    thread_local! {
        // Neither allocates when it is first used, nor has anything to drop.
        static CALLS: Cell<u64> = const { Cell::new(0) };
        static BYTES: Cell<i64> = const { Cell::new(0) };
    }

    pub(crate) fn counted() -> Heap {
        Heap {
            calls: CALLS.get(),
            bytes: BYTES.get(),
        }
    }

    fn given(size: usize) {
        BYTES.set(BYTES.get().wrapping_add_unsigned(size as u64));
    }

    fn taken_back(size: usize) {
        BYTES.set(BYTES.get().wrapping_sub_unsigned(size as u64));
    }

    /// Notes a block that really begins at `base`; gives what its owner sees.
    unsafe fn begin(base: *mut c_void, offset: usize, size: usize) -> *mut c_void {
        if base.is_null() {
            return base;
        }
        CALLS.set(CALLS.get() + 1);
        given(size);
        // SAFETY: `base` has room for `offset + size` bytes, and `offset` is at least a header and keeps its alignment.
        unsafe {
            let block = base.byte_add(offset);
            block.byte_sub(HEADER).cast::<Header>().write(Header { size, offset });
            block
        }
    }

    /// What was noted of a block.
    unsafe fn header(block: *mut c_void) -> Header {
        // SAFETY: each block that is not null came from `begin`.
        unsafe { block.byte_sub(HEADER).cast::<Header>().read() }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
        let Some(whole) = size.checked_add(HEADER) else {
            return ptr::null_mut();
        };
        // SAFETY: as large as `begin` needs.
        unsafe { begin(__libc_malloc(whole), HEADER, size) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
        let size = count.checked_mul(size);
        let Some((size, whole)) = size.and_then(|size| Some((size, size.checked_add(HEADER)?))) else {
            return ptr::null_mut();
        };
        // SAFETY: as large as `begin` needs.
        unsafe { begin(__libc_calloc(1, whole), HEADER, size) }
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

    #[unsafe(no_mangle)]
    unsafe extern "C" fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
        // SAFETY: the block is ours; one that was aligned moves to where the heap likes, as the C library's does.
        unsafe {
            if block.is_null() {
                return malloc(size);
            }
            let old = header(block);
            if old.offset != HEADER {
                let new = malloc(size);
                if !new.is_null() {
                    ptr::copy_nonoverlapping(block.cast::<u8>(), new.cast::<u8>(), old.size.min(size));
                    free(block);
                }
                return new;
            }
            let Some(whole) = size.checked_add(HEADER) else {
                return ptr::null_mut();
            };
            let base = __libc_realloc(block.byte_sub(HEADER), whole);
            if !base.is_null() {
                taken_back(old.size);
            }
            begin(base, HEADER, size)
        }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn free(block: *mut c_void) {
        if block.is_null() {
            return;
        }
        // SAFETY: the block is ours, and really begins `offset` bytes before.
        unsafe {
            let Header { size, offset } = header(block);
            taken_back(size);
            __libc_free(block.byte_sub(offset));
        }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn malloc_usable_size(block: *mut c_void) -> usize {
        if block.is_null() {
            return 0;
        }
        // SAFETY: the block is ours.
        unsafe { header(block) }.size
    }
}
