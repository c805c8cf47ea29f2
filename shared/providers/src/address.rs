//! Which addresses a connection may reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use holdfast_engine::port::CallError;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::failure::{not_sent, refused};

/// A private, loopback or link-local address of a connection that does not allow them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the receiver's address {0} is not public; a connection that means it says `private: true`"
)]
pub(crate) struct AddressRefused(pub(crate) IpAddr);

impl From<AddressRefused> for CallError {
    fn from(error: AddressRefused) -> Self {
        refused("AddressRefused", error.to_string())
    }
}

/// Refuses an address that is not public.
pub(crate) fn admit(address: IpAddr) -> Result<(), AddressRefused> {
    let public = match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    };
    if public {
        Ok(())
    } else {
        Err(AddressRefused(address))
    }
}

/// The addresses of a host. One address that is not public refuses them all: which one would be
/// used is not ours to decide.
pub(crate) async fn resolve(
    host: &str,
    port: u16,
    private: bool,
) -> Result<Vec<SocketAddr>, CallError> {
    let found = tokio::net::lookup_host((host, port)).await;
    let found = found.map_err(|error| not_sent(format!("no address of the receiver: {error}")))?;
    let addresses: Vec<SocketAddr> = found.collect();
    if !private {
        addresses.iter().try_for_each(|found| admit(found.ip()))?;
    }
    Ok(addresses)
}

/// Name resolution that yields public addresses only. The client connects to what this returns,
/// so that a name cannot change its address between check and use.
pub(crate) struct PublicResolver;

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            found.iter().try_for_each(|found| admit(found.ip()))?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocols = a == 192 && b == 0 && c == 0;
    let benchmarks = a == 198 && (18..20).contains(&b);
    let reserved = a == 0 || a >= 240;
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || shared
        || protocols
        || benchmarks
        || reserved)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = embedded_v4(address) {
        return is_public_v4(inner);
    }
    let [first, second, ..] = address.segments();
    // All of the global unicast space that is assigned lies in 2000::/3.
    let unicast = first & 0xe000 == 0x2000;
    let documentation = first == 0x2001 && second == 0x0db8;
    unicast && !documentation
}

/// The IPv4 address behind a mapped, NAT64 or 6to4 address.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = address.to_bits();
    let nat64 = bits >> 32 == 0x0064_ff9b << 64;
    let six_to_four = bits >> 112 == 0x2002;
    let at = |shift: u32| u32::try_from((bits >> shift) & u128::from(u32::MAX)).ok();
    if nat64 {
        at(0).map(Ipv4Addr::from_bits)
    } else if six_to_four {
        at(80).map(Ipv4Addr::from_bits)
    } else {
        address.to_ipv4_mapped()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(text: &str) -> bool {
        admit(text.parse().unwrap()).is_ok()
    }

    #[test]
    fn addresses_inside_a_network_are_refused() {
        for inside in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!admits(inside), "{inside}");
        }
    }

    #[test]
    fn public_addresses_are_admitted() {
        for public in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.32.0.1",
            "198.20.0.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
        ] {
            assert!(admits(public), "{public}");
        }
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_loopback_is_refused() {
        let error = resolve("localhost", 25, false).await.unwrap_err();
        assert!(matches!(error, CallError::Refused { code, .. } if code == "AddressRefused"));
        assert!(!resolve("localhost", 25, true).await.unwrap().is_empty());
    }
}
