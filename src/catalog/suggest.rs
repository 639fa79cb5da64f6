//! Near misses: what somebody may have meant.

use super::table;

/// The candidate that is nearest to a misspelt word, if one is near enough to be meant.
#[must_use]
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let lower = word.to_lowercase();
    let reach = (word.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= reach)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The module that somebody may have meant.
#[must_use]
pub fn nearest_module(module: &str) -> Option<&'static str> {
    nearest(module, table::modules())
}

/// The operation of a module that somebody may have meant.
#[must_use]
pub fn nearest_operation(module: &str, name: &str) -> Option<&'static str> {
    nearest(name, table::service(module)?.operations.iter().map(|operation| operation.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_found_and_a_far_one_is_not() {
        assert_eq!(nearest_operation("iaas", "list_serverz"), Some("list_servers"));
        assert_eq!(nearest_operation("iaas", "list_server"), Some("list_servers"));
        assert_eq!(nearest_operation("iaas", "deallocat_server"), Some("deallocate_server"));
        assert_eq!(nearest_operation("iaas", "make_coffee"), None);
        assert_eq!(nearest_operation("coffee", "list_servers"), None);
        assert_eq!(nearest_module("iass"), Some("iaas"));
        assert_eq!(nearest("powerstatus", ["status", "powerStatus"]), Some("powerStatus"));
        assert_eq!(nearest("id", ["name"]), None);
    }
}
