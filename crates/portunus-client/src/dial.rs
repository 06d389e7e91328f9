//! Happy eyeballs: TCP to the first of a host's addresses that answers (RFC 8305).

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::SocketAddr;

use tokio::task::JoinSet;

use crate::limits::ATTEMPT_DELAY;
use crate::{Event, FailedAttempt, Observer};

/// Connects to whichever address answers first; dropping the future gives up every attempt.
///
/// Each attempt gets a head start of [`ATTEMPT_DELAY`]; a failure starts the next at once (RFC 8305 section 5).
pub(crate) async fn dial<S, C, F>(
    addresses: &[SocketAddr],
    observer: &dyn Observer,
    connect: C,
) -> Result<(SocketAddr, S), Vec<FailedAttempt>>
where
    S: Send + 'static,
    C: Fn(SocketAddr) -> F,
    F: Future<Output = io::Result<S>> + Send + 'static,
{
    let mut waiting: VecDeque<SocketAddr> = addresses.iter().copied().collect();
    let mut attempts = JoinSet::new();
    let mut failed = Vec::new();
    loop {
        if let Some(address) = waiting.pop_front() {
            observer.note(&Event::Trying(address));
            let attempt = connect(address);
            attempts.spawn(async move { (address, attempt.await) });
        }
        let head_start = async {
            match waiting.is_empty() {
                true => std::future::pending().await,
                false => tokio::time::sleep(ATTEMPT_DELAY).await,
            }
        };
        tokio::select! {
            ended = attempts.join_next() => match ended {
                Some(Ok((address, Ok(stream)))) => return Ok((address, stream)),
                Some(Ok((address, Err(error)))) => {
                    observer.note(&Event::AttemptFailed { address, error: &error });
                    failed.push(FailedAttempt { address, error });
                }
                // A task that was aborted with the runtime: nothing will answer any more.
                Some(Err(_)) | None => return Err(failed),
            },
            () = head_start => {}
        }
    }
}

/// Orders addresses so that the families alternate, the resolver's first choice first (RFC 8305 section 4).
pub(crate) fn interleave(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_ipv6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (preferred, other): (Vec<_>, Vec<_>) = addresses
        .iter()
        .copied()
        .partition(|address| address.is_ipv6() == first_is_ipv6);
    let (mut preferred, mut other) = (preferred.into_iter(), other.into_iter());
    let mut ordered: Vec<SocketAddr> = Vec::with_capacity(addresses.len());
    loop {
        let pair = [preferred.next(), other.next()];
        if pair == [None, None] {
            return ordered;
        }
        for address in pair.into_iter().flatten() {
            if !ordered.contains(&address) {
                ordered.push(address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::*;

    fn addresses(list: &[&str]) -> Vec<SocketAddr> {
        list.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn families_alternate_from_the_resolvers_first_choice() {
        let given = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1"]);
        let expected = addresses(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"]);
        assert_eq!(interleave(&given), expected);
        let given = addresses(&["1.1.1.1:1", "[::1]:1"]);
        assert_eq!(interleave(&given), given);
        assert_eq!(interleave(&[]), []);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_address_is_overtaken_after_the_attempt_delay() {
        let started = Instant::now();
        let list = addresses(&["[::1]:1", "1.1.1.1:1", "[::2]:1"]);
        let (winner, ()) = dial(&list, &(), |address| async move {
            if address.is_ipv6() {
                std::future::pending::<()>().await;
            }
            Ok(())
        })
        .await
        .unwrap();
        assert_eq!(winner, list[1]);
        assert_eq!(started.elapsed(), ATTEMPT_DELAY);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_starts_the_next_attempt_at_once() {
        let started = Instant::now();
        let list = addresses(&["[::1]:1", "1.1.1.1:1"]);
        let (winner, ()) = dial(&list, &(), |address| async move {
            match address.is_ipv6() {
                true => Err(io::ErrorKind::ConnectionRefused.into()),
                false => Ok(()),
            }
        })
        .await
        .unwrap();
        assert_eq!(winner, list[1]);
        assert_eq!(started.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn an_early_slow_attempt_may_still_win() {
        let list = addresses(&["[::1]:1", "1.1.1.1:1"]);
        let (winner, ()) = dial(&list, &(), |address| async move {
            sleep(Duration::from_millis(if address.is_ipv6() { 400 } else { 900 })).await;
            Ok(())
        })
        .await
        .unwrap();
        assert_eq!(winner, list[0]);
    }

    #[tokio::test(start_paused = true)]
    async fn when_all_fail_each_is_told() {
        let list = addresses(&["[::1]:1", "1.1.1.1:1"]);
        let failed = dial(&list, &(), |_| async {
            Err::<(), _>(io::ErrorKind::ConnectionRefused.into())
        })
        .await;
        assert_eq!(
            failed.unwrap_err().iter().map(|one| one.address).collect::<Vec<_>>(),
            list
        );
        assert!(dial(&[], &(), |_| async { Ok(()) }).await.unwrap_err().is_empty());
    }
}
