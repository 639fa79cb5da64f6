//! Our names of operations: snake case that knows plural acronyms.

/// Acronyms that run into each other or into a word: no rule finds their seam.
const SEAMS: &[(&str, &str)] = &[("STAXSKU", "StaxSku"), ("JWKS", "Jwks")];

/// `ListServerNICs` → `list_server_nics`, `get-token-by-instance-id` → `get_token_by_instance_id`.
pub fn snake_case(id: &str) -> String {
    let id = SEAMS.iter().fold(id.to_owned(), |id, (acronym, word)| id.replace(acronym, word));
    let letters: Vec<char> = id.chars().collect();
    let mut name = String::with_capacity(letters.len() + 8);
    for (position, &letter) in letters.iter().enumerate() {
        if !letter.is_ascii_alphanumeric() {
            name.push('_');
            continue;
        }
        if letter.is_ascii_uppercase() && position > 0 {
            let before = letters[position - 1];
            let begins_word = before.is_ascii_lowercase() || before.is_ascii_digit();
            let ends_acronym = before.is_ascii_uppercase() && starts_lowercase_word(&letters[position + 1..]);
            if begins_word || ends_acronym {
                name.push('_');
            }
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// Whether a lower-case word goes on here; the lone `s` of a plural acronym (`NICs`) is none.
fn starts_lowercase_word(rest: &[char]) -> bool {
    match rest {
        ['s', next, ..] => next.is_ascii_lowercase(),
        ['s'] | [] => false,
        [first, ..] => first.is_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn plural_acronyms_stay_one_word() {
        for (id, name) in [
            ("ListServerNICs", "list_server_nics"),
            ("ListServerNics", "list_server_nics"),
            ("ListPublicIPs", "list_public_ips"),
            ("ListPublicIPRanges", "list_public_ip_ranges"),
            ("CreatePublicIP", "create_public_ip"),
            ("UpdateACLs", "update_acls"),
            ("ListACL", "list_acl"),
            ("listSKUs", "list_skus"),
            ("listProductSTAXSKUs", "list_product_stax_skus"),
            ("getSTAXSKU", "get_stax_sku"),
            ("ListWAFCollections", "list_waf_collections"),
            ("GetIDPKubeconfig", "get_idp_kubeconfig"),
            ("GetJWKS", "get_jwks"),
            ("GetGatewayBGPFilter", "get_gateway_bgp_filter"),
            ("AddNicToServer", "add_nic_to_server"),
            ("list-plans-project", "list_plans_project"),
        ] {
            assert_eq!(snake_case(id), name);
        }
    }
}
