//! What the engine does with an encrypted preliminary secret once the private operation is done (RFC 5246 section 7.4.7.1), alone, for Valgrind to watch.
//!
//! The engine's own source is compiled here. `cargo xtask constant-time` runs this under callgrind, which counts the instructions of each call, and under
//! memcheck, which tells of each branch and index that hangs on what was marked; and `leaky`, which does wrong what the engine does right, to see that both notice.

mod blocks;
#[path = "../../crates/portunus-tls/src/crypto/preliminary_secret.rs"]
mod preliminary_secret;
mod valgrind;

use std::hint::black_box;
use std::process::ExitCode;

use blocks::{BLOCK, Numbers, VERSION, block, is_right};
use preliminary_secret::PRELIMINARY_SECRET;

/// How many blocks are opened.
const BLOCKS: usize = 1000;

type Open = fn(&[u8], [u8; 2], &mut [u8]);

/// What is counted. It has a name that Valgrind can be told.
#[unsafe(no_mangle)]
#[inline(never)]
fn portunus_constant_time_measured(open: Open, block: &[u8], secret: &mut [u8]) {
    open(block, VERSION, secret);
}

/// The same by code as it should not be: it stops at the first byte that is wrong.
fn leaky(block: &[u8], version: [u8; 2], secret: &mut [u8]) {
    if block[0] != 0 || block[1] != 2 {
        return;
    }
    let Some(zero) = block[2..].iter().position(|byte| *byte == 0) else {
        return;
    };
    let content = &block[2 + zero + 1..];
    if content.len() == PRELIMINARY_SECRET && content.starts_with(&version) {
        secret.copy_from_slice(content);
    }
}

fn main() -> ExitCode {
    let open: Open = match std::env::args().nth(1).as_deref() {
        Some("engine") => preliminary_secret::open,
        Some("leaky") => leaky,
        _ => {
            eprintln!("engine or leaky?");
            return ExitCode::from(2);
        }
    };
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for number in 0..BLOCKS {
        let block: [u8; BLOCK] = block(number, &mut numbers);
        let random = [7; PRELIMINARY_SECRET];
        let mut secret = random;
        valgrind::hide(&block);
        valgrind::hide(&secret);
        portunus_constant_time_measured(black_box(open), black_box(&block), black_box(&mut secret));
        valgrind::show(&block);
        valgrind::show(&secret);
        let expected = if is_right(number) {
            &block[BLOCK - PRELIMINARY_SECRET..]
        } else {
            &random
        };
        if secret != expected {
            eprintln!("block {number} was opened wrong");
            return ExitCode::FAILURE;
        }
    }
    println!("{BLOCKS} blocks");
    ExitCode::SUCCESS
}
