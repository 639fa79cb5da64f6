//! Mail: plain text.
//!
//! Source: RFC 5322 (messages), RFC 3834 (`Auto-Submitted`, so that nobody's absence is answered to us).

use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::raw::Raw;

use crate::notices::channel::Mailing;
use crate::notices::letter::Letter;
use crate::notices::words;

/// A letter as a mail: headers and body, in ASCII, lines that end in CR LF.
pub(in crate::notices) fn mail(letter: &Letter, mailing: &Mailing) -> String {
    let (_, sender) = parts(&mailing.from);
    let domain = sender.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    let notice = &letter.notice;
    let mut message = MessageBuilder::new()
        .from(address(&mailing.from))
        .to(Address::new_list(mailing.to.iter().map(|to| address(to)).collect()))
        .subject(format!("[{}] {}", notice.severity, letter.title()))
        // The same at each attempt: mailboxes show it once.
        .message_id(format!("{}@{domain}", letter.id))
        .date(notice.at.timestamp())
        .header("Auto-Submitted", Raw::new("auto-generated"))
        .header("X-Stackhand-Id", Raw::new(letter.id.clone()))
        .header("X-Stackhand-Event", Raw::new(notice.topic.as_str()));
    message = message.text_body(words::plain(letter));
    // Writing to memory does not fail.
    message.write_to_string().unwrap_or_default()
}

/// The address alone, as the envelope wants it.
pub(in crate::notices) fn address_of(written: &str) -> &str {
    parts(written).1
}

/// `Operations <ops@example.org>` in two.
fn parts(written: &str) -> (Option<&str>, &str) {
    match written.split_once('<') {
        Some((name, address)) => (Some(name.trim().trim_matches('"')), address.trim().trim_end_matches('>')),
        None => (None, written.trim()),
    }
}

fn address(written: &str) -> Address<'_> {
    let (name, address) = parts(written);
    Address::new_address(name.filter(|name| !name.is_empty()), address)
}
