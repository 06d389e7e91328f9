//! A private key that blocks whoever uses it.

use std::fmt;
use std::io;
use std::thread;

use portunus_tls::wire::SignatureScheme;
use portunus_tls::{Decision, Sign, SigningFailed};
use tokio::sync::{mpsc, oneshot};

/// Signatures that wait inside for the thread. Handshakes beyond it wait as well, each in its own task and within its own limit.
const QUEUE: usize = 64;

/// A private key behind an interface that blocks, such as PKCS#11: a thread of its own makes its signatures, one after the other, and holds up no
/// connection but those that wait for one.
///
/// A handshake that is given up meanwhile is passed over. The thread ends with the value.
///
/// ```
/// # use std::sync::Arc;
/// # use portunus_tls::wire::SignatureScheme;
/// # use portunus_tls::{Identity, Sign, UnusableIdentity};
/// # use portunus_tokio::SigningThread;
/// # struct Token;
/// # impl Token { fn sign(&mut self, _: SignatureScheme, _: &[u8]) -> Result<Vec<u8>, portunus_tls::SigningFailed> { Ok(vec![]) } }
/// # fn identity(chain: Vec<Vec<u8>>, mut token: Token) -> Result<Identity, Box<dyn std::error::Error>> {
/// let key = SigningThread::start(
///     vec![SignatureScheme::ECDSA_SECP256R1_SHA256],
///     move |scheme, message| token.sign(scheme, message),
/// )?;
/// Ok(Identity::with_signer(chain, Arc::new(key))?)
/// # }
/// ```
pub struct SigningThread {
    schemes: Vec<SignatureScheme>,
    public_key: Option<Vec<u8>>,
    questions: mpsc::Sender<Question>,
}

struct Question {
    scheme: SignatureScheme,
    message: Vec<u8>,
    answer: oneshot::Sender<Result<Vec<u8>, SigningFailed>>,
}

impl SigningThread {
    /// A key that signs with these schemes, the preferred first, by calls of `sign`.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start<F>(schemes: Vec<SignatureScheme>, mut sign: F) -> io::Result<Self>
    where
        F: FnMut(SignatureScheme, &[u8]) -> Result<Vec<u8>, SigningFailed> + Send + 'static,
    {
        let (questions, mut asked) = mpsc::channel::<Question>(QUEUE);
        thread::Builder::new().name("signing".to_owned()).spawn(move || {
            while let Some(question) = asked.blocking_recv() {
                if question.answer.is_closed() {
                    continue;
                }
                // Whoever asked may have gone while it was signed.
                let _ = question.answer.send(sign(question.scheme, &question.message));
            }
        })?;
        Ok(Self {
            schemes,
            public_key: None,
            questions,
        })
    }

    /// Tells identities the public half, as a certificate's `subjectPublicKey` holds it ([`Sign::public_key`]).
    #[must_use]
    pub fn with_public_key(mut self, public_key: Vec<u8>) -> Self {
        self.public_key = Some(public_key);
        self
    }
}

impl Sign for SigningThread {
    fn schemes(&self) -> &[SignatureScheme] {
        &self.schemes
    }

    fn public_key(&self) -> Option<&[u8]> {
        self.public_key.as_deref()
    }

    fn sign<'a>(&'a self, scheme: SignatureScheme, message: &'a [u8]) -> Decision<'a, Result<Vec<u8>, SigningFailed>> {
        // The thread ends before the value only if a signature made it panic.
        let ended = || SigningFailed {
            reason: "the thread that signs has ended".to_owned(),
        };
        Decision::later(async move {
            let (answer, answered) = oneshot::channel();
            let message = message.to_vec();
            let question = Question {
                scheme,
                message,
                answer,
            };
            self.questions.send(question).await.map_err(|_| ended())?;
            answered.await.map_err(|_| ended())?
        })
    }
}

impl fmt::Debug for SigningThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningThread")
            .field("schemes", &self.schemes)
            .finish_non_exhaustive()
    }
}
