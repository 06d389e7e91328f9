//! Programs that others wrote, at the other end of `portunus serve`, of `portunus get`, and of our streams.

mod bulk;
mod chromium;
mod curl;
mod gnutls;
mod house;
mod java_go;
mod nginx;
mod openssl;
mod ours;
mod process;
mod scripts;
mod site;
