//! The models file: which roles may use which models, prices and quotas.

use std::{collections::BTreeMap, fs, sync::Arc};

use ignacio_domain::model_catalog::{ModelCatalog, Price, RolePolicy};
use ignacio_domain::quota::UsageLimits;
use serde::Deserialize;

use super::environment::Reader;

const NAME: &str = "IGNACIO_MODELS_FILE";
/// The default if no file is set.
const DEFAULT: &str = include_str!("models.toml");
/// Micro dollars in a dollar.
const MICRO: f64 = 1_000_000.0;
/// An upper bound that catches a misplaced decimal point.
const MAX_USD: f64 = 1_000_000.0;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    helper: String,
    models: BTreeMap<String, PriceEntry>,
    roles: Roles,
}

/// US dollars per million tokens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceEntry {
    input: f64,
    cached_input: f64,
    output: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Roles {
    participant: RoleEntry,
    admin: RoleEntry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleEntry {
    models: Vec<String>,
    limits: LimitsEntry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsEntry {
    replies_at_once: u16,
    messages_per_ten_minutes: u16,
    messages_per_day: u16,
    tokens_per_day: Option<i64>,
    tokens_per_month: Option<i64>,
    usd_per_day: Option<f64>,
    usd_per_month: Option<f64>,
}

/// The models of the named file, or the built-in ones.
pub(super) fn read(reader: &mut Reader<'_>) -> Arc<ModelCatalog> {
    let Some(path) = reader.text(NAME) else { return default_models() };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            reader.error(NAME, format!("names a file that cannot be read ({error}): {path}"));
            return default_models();
        }
    };
    match parse(&text) {
        Ok(models) => Arc::new(models),
        Err(what) => {
            reader.error(NAME, format!("names {path}, which is invalid: {what}"));
            default_models()
        }
    }
}

#[expect(clippy::expect_used, reason = "the file is compiled in, and a test parses it")]
fn default_models() -> Arc<ModelCatalog> {
    Arc::new(parse(DEFAULT).expect("the default models are valid"))
}

fn parse(text: &str) -> Result<ModelCatalog, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string().trim().to_owned())?;
    let mut prices = BTreeMap::new();
    for (name, entry) in file.models {
        let usd = |what, usd| cost_micro_usd(&format!("models.{name}.{what}"), usd);
        let price = Price {
            input: usd("input", entry.input)?,
            cached: usd("cached_input", entry.cached_input)?,
            output: usd("output", entry.output)?,
        };
        prices.insert(name, price);
    }
    let participant = file.roles.participant.policy()?;
    let admin = file.roles.admin.policy()?;
    ModelCatalog::new(prices, participant, admin, file.helper).map_err(|error| error.to_string())
}

impl RoleEntry {
    fn policy(self) -> Result<RolePolicy, String> {
        let LimitsEntry { usd_per_day, usd_per_month, .. } = self.limits;
        let usd = |what, usd: Option<f64>| usd.map(|usd| cost_micro_usd(what, usd)).transpose();
        let limits = UsageLimits {
            concurrent_replies: self.limits.replies_at_once,
            messages_per_ten_minutes: self.limits.messages_per_ten_minutes,
            messages_per_day: self.limits.messages_per_day,
            tokens_per_day: self.limits.tokens_per_day,
            tokens_per_month: self.limits.tokens_per_month,
            cost_micro_usd_per_day: usd("usd_per_day", usd_per_day)?,
            cost_micro_usd_per_month: usd("usd_per_month", usd_per_month)?,
        };
        Ok(RolePolicy { models: self.models, limits })
    }
}

/// US dollars in micro dollars.
fn cost_micro_usd(what: &str, usd: f64) -> Result<i64, String> {
    if !(0.0..=MAX_USD).contains(&usd) {
        return Err(format!("{what} is {usd}, expected US dollars from 0 to {MAX_USD}"));
    }
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "at most 10^12, as was just checked"
    )]
    let micro = (usd * MICRO).round() as i64;
    Ok(micro)
}

#[cfg(test)]
mod tests {
    //! The default file is valid, and errors in a file are named.

    use ignacio_domain::{usage::Usage, user::Role};

    use super::*;

    #[test]
    fn the_default_models_are_valid() {
        let models = parse(DEFAULT).unwrap();
        let million = Usage { input: 1_000_000, cached: 0, output: 1_000_000, reasoning: 0 };
        let default_model = models.select(Role::Participant, None).unwrap();
        assert_eq!(models.cost(default_model, million), 5_250_000);
        assert_eq!(models.policy(Role::Participant).limits.cost_micro_usd_per_day, Some(1_000_000));
        assert_eq!(models.policy(Role::Participant).limits.tokens_per_day, None);
        assert!(models.select(Role::Participant, Some("gpt-5.4")).is_none());
        assert!(models.select(Role::Admin, Some("gpt-5.4")).is_some());
    }

    #[test]
    fn errors_are_named() {
        let with = |from: &str, to: &str| parse(&DEFAULT.replacen(from, to, 1)).unwrap_err();
        assert!(with("helper = \"gpt-5.4-nano\"", "helper = \"x\"").contains("`x` has no price"));
        assert!(with("input = 0.20", "input = -1").contains("models.gpt-5.4-nano.input is -1"));
        assert!(with("usd_per_day = 1.00", "usd_per_day = nan").contains("usd_per_day is NaN"));
        assert!(with("replies_at_once = 2", "replies_at_once = 0").contains("participant has a"));
        assert!(with("messages_per_day", "messages_a_day").contains("messages_a_day"));
        assert!(with("models = [\"gpt-5.4-mini\"]", "models = []").contains("has no model"));
    }
}
