//! Addresses of this machine's own link, where a server's metadata service hands out tokens to whoever asks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The metadata service of some clouds in IPv6, outside the link-local range.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254);

/// Names that lead to metadata services, wherever they are resolved.
const NAMES: [&str; 5] =
    ["metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"];

/// Whether an address is of the link, in whichever form it is written.
#[must_use]
pub fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => {
            let is_own = address.segments()[0] & 0xffc0 == 0xfe80 || address == METADATA_V6;
            is_own || inner(address).is_some_and(|inner| inner.is_link_local())
        }
    }
}

/// Whether a host, as it is written, is an address of the link, or a name of a metadata service.
#[must_use]
pub fn leads_to_the_link(host: &str) -> bool {
    let name = host.trim_end_matches('.').to_lowercase();
    let address = host.trim_matches(['[', ']']).parse();
    NAMES.contains(&name.as_str()) || address.is_ok_and(is_link_local)
}

/// The IPv4 address that an IPv6 address stands for: mapped, compatible, translated, NAT64 or 6to4.
///
/// Source: RFC 4291 section 2.5.5, RFC 2765, RFC 6052, RFC 8215, RFC 3056.
fn inner(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let parts = address.segments();
    let of = |high: u16, low: u16| {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        Ipv4Addr::new(a, b, c, d)
    };
    match parts {
        [0x2002, high, low, ..]
        | [0, 0, 0, 0, 0 | 0xffff, 0, high, low]
        | [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0x0064, 0xff9b, 0 | 1, _, _, _, high, low] => Some(of(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_metadata_address_is_of_the_link() {
        for address in [
            "169.254.169.254",
            "169.254.0.1",
            "fe80::1",
            "febf::1",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "::ffff:0:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::169.254.169.254",
            "2002:a9fe:a9fe::1",
            "fd00:ec2::254",
        ] {
            assert!(is_link_local(address.parse().expect(address)) && leads_to_the_link(address), "{address}");
        }
        for address in ["127.0.0.1", "10.0.0.1", "169.253.1.1", "::1", "fec0::1", "2001:db8::a9fe:a9fe", "8.8.8.8"] {
            assert!(!is_link_local(address.parse().expect(address)), "{address}");
        }
        assert!(leads_to_the_link("[fe80::1]") && !leads_to_the_link("[::1]"));
        assert!(leads_to_the_link("Metadata.Google.Internal.") && !leads_to_the_link("metadata.example.com"));
    }
}
