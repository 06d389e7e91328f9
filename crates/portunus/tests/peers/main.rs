//! Programs that others wrote, at the other end of `portunus serve`, of `portunus get`, and of our streams.

mod as_client;
mod as_server;
mod bulk;
mod chromium;
mod curl;
mod early_data;
mod gnutls;
mod house;
mod languages;
mod nginx;
mod openssl;
mod ours;
mod process;
mod rsa_key_transport;
mod site;
mod tls12;
