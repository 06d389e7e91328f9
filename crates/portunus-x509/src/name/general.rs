//! GeneralName (RFC 5280 section 4.2.1.6): the names of a subjectAltName extension.

use super::directory::DistinguishedName;
use super::ip;
use crate::Printable;
use crate::der::{Malformed, Oid, Problem, Reader};
use std::fmt;
use std::net::IpAddr;

/// One name of a certificate.
///
/// ```text
/// GeneralName ::= CHOICE {
///      otherName                 [0]  AnotherName,
///      rfc822Name                [1]  IA5String,
///      dNSName                   [2]  IA5String,
///      x400Address               [3]  ORAddress,
///      directoryName             [4]  Name,
///      ediPartyName              [5]  EDIPartyName,
///      uniformResourceIdentifier [6]  IA5String,
///      iPAddress                 [7]  OCTET STRING,
///      registeredID              [8]  OBJECT IDENTIFIER }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GeneralName<'a> {
    /// dNSName, as the certificate has it: a peer chose it, and it may have a wildcard.
    Dns(&'a str),
    /// iPAddress of 4 or 16 octets.
    Ip(IpAddr),
    /// rfc822Name, as the certificate has it.
    Email(&'a str),
    /// uniformResourceIdentifier, as the certificate has it.
    Uri(&'a str),
    /// directoryName.
    Directory(DistinguishedName<'a>),
    /// registeredID.
    RegisteredId(Oid<'a>),
    /// Any other form.
    Other {
        /// otherName, x400Address or ediPartyName.
        form: &'static str,
        /// The contents.
        value: &'a [u8],
    },
}

impl<'a> GeneralName<'a> {
    /// Reads one GeneralName.
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let element = reader.any()?;
        let value = element.contents;
        match element.tag {
            0x81 => reader.ascii(value).map(Self::Email),
            0x82 => reader.ascii(value).map(Self::Dns),
            0xa4 => DistinguishedName::read_whole(value, reader.field()).map(Self::Directory),
            0x86 => reader.ascii(value).map(Self::Uri),
            0x87 => ip::address(value)
                .map(Self::Ip)
                .ok_or(reader.malformed(Problem::Length)),
            0x88 => Oid::from_contents(value, reader.field()).map(Self::RegisteredId),
            0xa0 => Ok(Self::Other {
                form: "otherName",
                value,
            }),
            0xa3 => Ok(Self::Other {
                form: "x400Address",
                value,
            }),
            0xa5 => Ok(Self::Other {
                form: "ediPartyName",
                value,
            }),
            _ => Err(reader.malformed(Problem::Tag)),
        }
    }

    /// Whether both are the same name: hosts without regard to case, all else as its form has it.
    pub(crate) fn matches(&self, other: &GeneralName<'_>) -> bool {
        match (self, other) {
            (Self::Dns(own), GeneralName::Dns(other)) => own.eq_ignore_ascii_case(other),
            (Self::Directory(own), GeneralName::Directory(other)) => own.matches(other),
            (own, other) => own == other,
        }
    }
}

/// The form's name and the value, what the peer chose escaped.
impl fmt::Display for GeneralName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "DNS:{}", Printable::new(name)),
            Self::Ip(ip) => write!(f, "IP:{ip}"),
            Self::Email(email) => write!(f, "email:{}", Printable::new(email)),
            Self::Uri(uri) => write!(f, "URI:{}", Printable::new(uri)),
            Self::Directory(name) => write!(f, "directory:{name}"),
            Self::RegisteredId(oid) => write!(f, "OID:{oid}"),
            Self::Other { form, .. } => f.write_str(form),
        }
    }
}

/// The names of an extension, in the certificate's order.
#[derive(Debug, Clone)]
pub struct GeneralNames<'a>(Reader<'a>);

impl<'a> GeneralNames<'a> {
    /// No names at all.
    pub(crate) fn none() -> Self {
        Self(Reader::new(&[], "subjectAltName"))
    }

    /// `GeneralNames ::= SEQUENCE SIZE (1..MAX) OF GeneralName`; every name is looked at here, so that walking them
    /// later cannot fail.
    pub(crate) fn parse(der: &'a [u8], field: &'static str) -> Result<Self, Malformed> {
        let names = Reader::whole_sequence(der, field)?;
        Self::check(names.clone())?;
        Ok(Self(names))
    }

    /// As [`Self::parse`], from the contents of an implicitly tagged sequence.
    pub(crate) fn parse_contents(contents: &'a [u8], field: &'static str) -> Result<Self, Malformed> {
        let names = Reader::new(contents, field);
        Self::check(names.clone())?;
        Ok(Self(names))
    }

    fn check(mut names: Reader<'a>) -> Result<(), Malformed> {
        if names.is_empty() {
            return Err(Malformed::new(names.field(), Problem::Empty));
        }
        while !names.is_empty() {
            GeneralName::read(&mut names)?;
        }
        Ok(())
    }

    /// Whether no name is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> Iterator for GeneralNames<'a> {
    type Item = GeneralName<'a>;

    fn next(&mut self) -> Option<GeneralName<'a>> {
        if self.0.is_empty() {
            return None;
        }
        GeneralName::read(&mut self.0).ok()
    }
}
