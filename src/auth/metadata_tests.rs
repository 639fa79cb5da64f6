use serde_json::json;

use super::super::testing::*;
use super::*;
use crate::secret::Scrubber;

async fn asked(account: Option<&str>, replies: &[(u16, String)]) -> (Result<Minted, Error>, Arc<Scripted>) {
    let endpoint = Scripted::new(replies.iter().map(|(status, body)| reply(*status, body.clone())));
    let metadata = Metadata {
        account: account.map(str::to_owned),
        endpoint: endpoint.clone(),
        clock: Clock::starting_at(noon()),
        passing: Passing::new(Scrubber::new()),
    };
    (metadata.mint(Cause::Expiry, None).await, endpoint)
}

fn hour() -> DateTime<Utc> {
    noon() + TimeDelta::hours(1)
}

#[tokio::test]
async fn the_only_account_gives_a_token() {
    let token = json!({"token": "opaque-token", "validUntil": "2026-11-22T12:20:00Z"}).to_string();
    let (minted, endpoint) = asked(None, &[(200, json!(["a@sa.stackit.cloud"]).to_string()), (200, token)]).await;
    let minted = minted.unwrap();
    assert_eq!(minted.token.expose(), "opaque-token");
    assert_eq!(minted.expires_at, Some(noon() + TimeDelta::minutes(20)));
    assert_eq!(endpoint.url(0), "http://169.254.169.254/stackit/v1/service-accounts");
    assert_eq!(endpoint.url(1), "http://169.254.169.254/stackit/v1/service-accounts/a@sa.stackit.cloud/token");
    assert!(matches!(endpoint.requests.lock().unwrap()[0], TokenRequest::Local { .. }));
}

#[tokio::test]
async fn answers_of_many_shapes_are_understood() {
    for accounts in [
        json!(["a@b"]).to_string(),
        json!({"serviceAccounts": [{"id": "1", "email": "a@b"}]}).to_string(),
        json!({"items": [{"mail": "a@b"}]}).to_string(),
        json!({"a@b": {}}).to_string(),
        "a@b\n".to_owned(),
    ] {
        assert_eq!(mails(&accounts), ["a@b"], "{accounts}");
    }
    let plain = jwt("x", hour());
    assert_eq!(token_in(&format!("{plain}\n"), noon()), Some((plain.clone(), None)));
    assert_eq!(token_in(&json!(plain).to_string(), noon()), Some((plain, None)));
    let with_seconds = json!({"access_token": "t", "expires_in": 60}).to_string();
    assert_eq!(token_in(&with_seconds, noon()), Some(("t".to_owned(), TimeDelta::try_seconds(60))));
    assert_eq!(token_in("<html>", noon()), None);
    assert_eq!(token_in("{}", noon()), None);
}

#[tokio::test]
async fn one_of_several_accounts_must_be_named() {
    let accounts = (200, json!(["a@b", "c@d"]).to_string());
    let (refused, _) = asked(None, std::slice::from_ref(&accounts)).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.to_string(), "several service accounts are attached to this server: a@b, c@d");
    let token = (200, json!({"token": "opaque-token"}).to_string());
    let (minted, endpoint) = asked(Some("C@d"), &[accounts.clone(), token]).await;
    assert!(minted.is_ok());
    assert!(endpoint.url(1).ends_with("/service-accounts/c@d/token"));
    let (refused, _) = asked(Some("x@y"), &[accounts]).await;
    assert!(refused.unwrap_err().to_string().contains("`x@y` is not attached to this server; attached: a@b, c@d"));
    let (refused, _) = asked(None, &[(200, "[]".to_owned())]).await;
    assert_eq!(refused.unwrap_err().to_string(), "no service account is attached to this server");
}

#[tokio::test]
async fn elsewhere_than_on_a_server_it_says_so() {
    let (refused, _) = asked(None, &[]).await;
    let top = crate::error::Error::from(refused.unwrap_err());
    assert_eq!(top.code, "metadata_unreachable");
    assert!(top.hint.unwrap().contains("only on a STACKIT server"));
    let (refused, _) = asked(None, &[(404, String::new())]).await;
    assert!(refused.unwrap_err().to_string().contains("not understood: status 404"));
    let (refused, _) = asked(None, &[(200, "[\"a@b\"]".to_owned()), (200, "{}".to_owned())]).await;
    assert!(refused.unwrap_err().to_string().contains("there is no token in it"));
}

#[test]
fn a_mail_cannot_lead_elsewhere() {
    assert_eq!(percent_encoded("a/../b@c?d"), "a%2F..%2Fb@c%3Fd");
}
