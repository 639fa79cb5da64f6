//! Quotas as rows: name, limit, usage, percent.

use serde_json::{Map, Value, json};

use super::error::Error;
use super::kind::Kind;
use super::platform::{Platform, bad_answer};
use super::resource::{Form, Resource};

impl Platform {
    /// The project's quotas, one row each. `percent` is null where a percentage means nothing: a limit of 0, or -1.
    ///
    /// Source: iaas v2, `QuotaList`. That -1 means "no limit" is how OpenStack, on which the service stands, says it;
    /// STACKIT's documents do not speak of it.
    ///
    /// # Errors
    /// Of the call, or `incomplete` when the answer lacks a limit or a usage.
    pub(super) async fn quotas(&self) -> Result<Vec<Resource>, Error> {
        let call = self.call("list_quotas")?;
        let operation = call.operation;
        let answer = self.send(call).await?;
        let rows = rows(&answer.body).map_err(|why| bad_answer(operation, why))?;
        let resource =
            |row: Value| Resource::new(Kind::Quota, self.target().clone(), Form::Plain, row.to_string().into());
        Ok(rows.into_iter().map(resource).collect())
    }

    /// The availability zones of the region.
    ///
    /// # Errors
    /// Of the call, or `incomplete` when the answer is not a list of names.
    pub async fn availability_zones(&self) -> Result<Vec<String>, Error> {
        let call = self.call("list_availability_zones")?;
        let operation = call.operation;
        let answer = self.send(call).await?;
        let key = operation.list_key.unwrap_or("items");
        let elements = super::answer::elements(&answer.body, key).map_err(|why| bad_answer(operation, why))?;
        let names = elements.iter().map(|bytes| serde_json::from_slice(bytes)).collect::<Result<_, _>>();
        names.map_err(|why| bad_answer(operation, why.to_string()))
    }
}

fn rows(body: &[u8]) -> Result<Vec<Value>, String> {
    let answer: Map<String, Value> = serde_json::from_slice(body).map_err(|why| why.to_string())?;
    let quotas = answer.get("quotas").and_then(Value::as_object).ok_or("`quotas` is missing")?;
    let row = |(name, quota): (&String, &Value)| {
        let number = |field: &str| {
            quota
                .get(field)
                .and_then(Value::as_i64)
                .ok_or_else(|| format!("`{field}` of the quota `{name}` is missing"))
        };
        let (limit, usage) = (number("limit")?, number("usage")?);
        Ok(json!({ "name": name, "limit": limit, "usage": usage, "percent": percent(limit, usage) }))
    };
    quotas.iter().map(row).collect()
}

/// To one decimal, so that a table stays readable.
#[expect(clippy::cast_precision_loss, reason = "quotas are far below 2^52")]
fn percent(limit: i64, usage: i64) -> Option<f64> {
    (limit > 0).then(|| (usage as f64 * 1000.0 / limit as f64).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_its_percentage_unless_that_means_nothing() {
        let body =
            br#"{"quotas":{"ram":{"limit":0,"usage":0},"vcpu":{"limit":3,"usage":1},"nics":{"limit":-1,"usage":7}}}"#;
        let rows = rows(body).expect("rows");
        let percent = |name: &str| rows.iter().find(|row| row["name"] == name).expect(name)["percent"].clone();
        assert_eq!((percent("ram"), percent("vcpu"), percent("nics")), (Value::Null, json!(33.3), Value::Null));
    }

    #[test]
    fn a_quota_without_its_numbers_is_an_error() {
        assert_eq!(rows(br#"{"quotas":{"ram":{"limit":1}}}"#), Err("`usage` of the quota `ram` is missing".to_owned()));
        assert_eq!(rows(b"{}"), Err("`quotas` is missing".to_owned()));
        assert!(rows(b"{\"quotas\":").is_err());
    }
}
