//! Which of a certificate's names somebody may have taken for the one that is wanted, and why it is not.

use crate::ServerName;
use crate::name::{GeneralName, GeneralNames};

/// Why the name that is nearest to the wanted one does not do; `None` where none is near.
pub(super) fn to(wanted: &ServerName, names: GeneralNames<'_>) -> Option<String> {
    match wanted {
        ServerName::Ip(ip) => {
            let wanted = ip.to_string();
            let text = names
                .clone()
                .find(|name| matches!(name, GeneralName::Dns(text) if *text == wanted));
            match text {
                Some(name) => Some(format!(
                    "{name} is an address written as a DNS name, which does not count: an address has to be an iPAddress"
                )),
                None if names.clone().any(|name| matches!(name, GeneralName::Ip(_))) => None,
                None => {
                    Some("it is for no address at all: ask by a name, or issue it for the address as well".to_owned())
                }
            }
        }
        ServerName::Dns(wanted) => {
            let wanted = wanted.as_str();
            names.clone().find_map(|name| near(wanted, &name))
        }
    }
}

fn near(wanted: &str, name: &GeneralName<'_>) -> Option<String> {
    let GeneralName::Dns(text) = name else { return None };
    let text = text.to_ascii_lowercase();
    let wanted = wanted.to_ascii_lowercase();
    if let Some(parent) = text.strip_prefix("*.") {
        if wanted == parent {
            return Some(format!(
                "{name} stands for the names below {parent}, and not for {parent} itself"
            ));
        }
        let below = wanted.strip_suffix(parent)?.strip_suffix('.')?;
        return below
            .contains('.')
            .then(|| format!("in {name} the `*` stands for one label, and not for `{below}`"));
    }
    let same_but_www =
        wanted.strip_prefix("www.") == Some(text.as_str()) || text.strip_prefix("www.") == Some(wanted.as_str());
    same_but_www.then(|| format!("{name} differs by `www.` alone: issue the certificate for both"))
}
