//! Requests to Valgrind, as `valgrind.h` and `memcheck.h` have them: a sequence of instructions that does nothing on a processor.

use std::arch::asm;

/// `VG_USERREQ__MAKE_MEM_UNDEFINED` and `VG_USERREQ__MAKE_MEM_DEFINED` of `memcheck.h`: the letters M and C, and a number.
const MAKE_MEM_UNDEFINED: usize = 0x4d43_0001;
const MAKE_MEM_DEFINED: usize = 0x4d43_0002;

fn request(number: usize, bytes: &[u8]) {
    let request = [number, bytes.as_ptr() as usize, bytes.len(), 0, 0, 0];
    // SAFETY: four rotations of rdi that together are none, and an exchange of rbx with itself. Valgrind, where it runs us, reads the request and puts its
    // answer into rdx; it changes what it knows of the bytes, and not the bytes.
    unsafe {
        asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") request.as_ptr(),
            inout("rdx") 0_usize => _,
            options(nostack),
        );
    }
}

/// From here on memcheck tells of every branch and index that hangs on these bytes.
pub(crate) fn hide(bytes: &[u8]) {
    request(MAKE_MEM_UNDEFINED, bytes);
}

/// These bytes may be looked at.
pub(crate) fn show(bytes: &[u8]) {
    request(MAKE_MEM_DEFINED, bytes);
}
