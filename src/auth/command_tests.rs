use chrono::DateTime;
use chrono::Utc;

use super::super::testing::{jwt, noon};
use super::*;
use crate::error;
use crate::secret::Scrubber;

/// Prints what it is told, or sleeps on the clock for a day.
enum Told {
    Prints(Printed),
    Sleeps(Clock),
}

impl Programs for Told {
    fn run<'p>(&'p self, _: &'p [String], _: &'p Path) -> BoxFuture<'p, Result<Printed, String>> {
        Box::pin(async move {
            match self {
                Self::Prints(printed) => Ok(printed.clone()),
                Self::Sleeps(clock) => {
                    clock.sleep(Duration::from_hours(24)).await;
                    Ok(Printed::default())
                }
            }
        })
    }
}

fn command(programs: impl Programs + 'static, words: &[&str]) -> TokenCommand {
    TokenCommand {
        command: words.iter().map(|word| (*word).to_owned()).collect(),
        folder: std::env::temp_dir(),
        origin: "profile `p`".to_owned(),
        programs: Arc::new(programs),
        clock: Clock::starting_at(noon()),
        passing: Passing::new(Scrubber::new()),
    }
}

fn printing(stdout: &str) -> TokenCommand {
    let printed = Printed { stdout: stdout.as_bytes().to_vec(), ..Printed::default() };
    command(Told::Prints(printed), &["stackit", "auth", "get-access-token"])
}

async fn minted(command: &TokenCommand) -> Result<Minted, Error> {
    command.mint(Cause::Expiry, None).await
}

async fn refusal(command: &TokenCommand) -> error::Error {
    minted(command).await.unwrap_err().into()
}

fn hour() -> DateTime<Utc> {
    noon() + TimeDelta::hours(1)
}

#[tokio::test]
async fn plain_and_json_output_are_read() {
    let token = jwt("a", hour());
    for output in [
        format!("{token}\n"),
        format!("\"{token}\""),
        format!("{{\"access_token\": \"{token}\"}}"),
        format!("{{\"token\": \"{token}\"}}"),
        format!("{{\"kind\": \"ExecCredential\", \"status\": {{\"token\": \"{token}\"}}}}"),
    ] {
        let minted = minted(&printing(&output)).await.unwrap();
        assert_eq!((minted.token.expose(), minted.expires_at), (token.as_str(), Some(hour())), "{output}");
    }
    assert_eq!(minted(&printing("opaque")).await.unwrap().expires_at, None);
    let lasting = minted(&printing("{\"access_token\": \"opaque\", \"expires_in\": 60}")).await.unwrap();
    assert_eq!(lasting.expires_at, Some(noon() + TimeDelta::minutes(1)));
}

#[tokio::test]
async fn output_without_a_token_is_described_not_shown() {
    for (output, found) in [
        ("\n", "nothing"),
        ("{\"a\": 1}", "JSON without a token"),
        ("[]", "JSON without a token"),
        ("please log in first", "something else"),
    ] {
        let error = refusal(&printing(output)).await;
        assert_eq!(error.message, format!("the token command `stackit` printed {found} instead of a token"));
        assert_eq!(error.place.as_deref(), Some("profile `p`"));
    }
}

#[tokio::test]
async fn a_failure_is_told_in_the_commands_last_words_without_secrets() {
    let printed = Printed {
        failure: Some("exit status: 1".to_owned()),
        stderr: b"Error: your session hunter22\n  expired\n".to_vec(),
        ..Printed::default()
    };
    let command = command(Told::Prints(printed), &["stackit"]);
    command.passing.scrubber().learn("hunter22");
    let error = refusal(&command).await;
    assert_eq!(
        error.message,
        "the token command `stackit` failed with exit status: 1: Error: your session *** expired"
    );
    assert_eq!(error.hint.as_deref(), Some("log in first: `stackit auth login`"));
}

#[tokio::test]
async fn a_command_that_does_not_end_is_given_up() {
    let clock = Clock::starting_at(noon());
    let command = TokenCommand { clock: clock.clone(), ..command(Told::Sleeps(clock), &["sleepy"]) };
    let error = refusal(&command).await;
    assert_eq!(error.message, "the token command `sleepy` did not end within 60 s");
    assert_eq!(error.code, "command_timeout");
}

#[tokio::test]
async fn an_expired_or_refused_token_is_not_sent_again() {
    let expired = refusal(&printing(&jwt("a", noon()))).await;
    assert_eq!(expired.code, "token_expired");
    let command = printing("opaque");
    let first = minted(&command).await.unwrap();
    let error = command.mint(Cause::Rejection, Some(&first)).await.unwrap_err();
    assert_eq!(error.problem, Problem::TokenRefused);
}

#[cfg(unix)]
mod system {
    use super::*;

    #[tokio::test]
    async fn a_real_program_is_run_in_its_folder() {
        let minted = minted(&command(SystemPrograms, &["sh", "-c", "echo talk >&2; echo opaque-token"])).await.unwrap();
        assert_eq!(minted.token.expose(), "opaque-token");
        let folder = std::env::temp_dir().canonicalize().unwrap();
        let printed = SystemPrograms.run(&["pwd".to_owned()], &folder).await.unwrap();
        assert_eq!(String::from_utf8(printed.stdout).unwrap().trim(), folder.display().to_string());
    }

    #[tokio::test]
    async fn a_program_that_fails_or_does_not_exist_says_so() {
        let error = refusal(&command(SystemPrograms, &["sh", "-c", "echo no session >&2; exit 3"])).await;
        assert_eq!(error.message, "the token command `sh` failed with exit status: 3: no session");
        let error = refusal(&command(SystemPrograms, &["no-such-program-anywhere"])).await;
        assert_eq!(error.code, "command_not_found");
        assert!(error.hint.unwrap().contains("token_command"));
    }

    #[tokio::test]
    async fn a_program_that_talks_on_is_cut_short() {
        let chatty = "head -c 3000000 /dev/zero | tr '\\0' x; head -c 3000000 /dev/zero | tr '\\0' y >&2";
        let printed = SystemPrograms.run(&["sh".into(), "-c".into(), chatty.into()], Path::new("/")).await.unwrap();
        assert_eq!(u64::try_from(printed.stdout.len()).unwrap(), MOST_BYTES);
    }
}
