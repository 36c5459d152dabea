//! Which models may write replies, what they cost, and which quotas apply.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::quota::UsageLimits;
use crate::usage::Usage;
use crate::user::Role;

/// Prices are per this many tokens.
const PER: i128 = 1_000_000;

/// The price of a model, in millionths of a US dollar per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// For tokens of the prompt.
    pub input: i64,
    /// For tokens of the prompt that the provider had cached.
    pub cached: i64,
    /// For tokens of the reply, reasoning included.
    pub output: i64,
}

impl Price {
    /// The cost of a call, in millionths of a US dollar, rounded up.
    pub fn cost(self, usage: Usage) -> i64 {
        let cached = usage.cached.clamp(0, usage.input.max(0));
        let fresh = usage.input.max(0) - cached;
        let parts = [(fresh, self.input), (cached, self.cached), (usage.output, self.output)];
        let sum: i128 = parts.iter().map(|&(n, price)| i128::from(n) * i128::from(price)).sum();
        i64::try_from((sum + PER - 1) / PER).unwrap_or(i64::MAX)
    }
}

/// What users of one role may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolePolicy {
    /// The models that they may select; the first is the default.
    pub models: Vec<String>,
    /// The quotas.
    pub limits: UsageLimits,
}

/// All models of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelCatalog {
    prices: BTreeMap<String, Price>,
    participant: RolePolicy,
    admin: RolePolicy,
    helper: String,
}

/// Why a model catalog is invalid.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ModelCatalogError {
    /// A role has no model.
    #[error("{0} has no model")]
    NoModel(&'static str),
    /// A model that is used has no price.
    #[error("the model `{0}` has no price")]
    NoPrice(String),
    /// A quota of zero or less.
    #[error("{0} has a limit that is not above zero")]
    ClosedLimit(&'static str),
}

impl ModelCatalog {
    /// Checks a catalog; `helper` is the model that writes titles and summaries.
    pub fn new(
        prices: BTreeMap<String, Price>,
        participant: RolePolicy,
        admin: RolePolicy,
        helper: String,
    ) -> Result<Self, ModelCatalogError> {
        for (role, policy) in [("participant", &participant), ("admin", &admin)] {
            if policy.models.is_empty() {
                return Err(ModelCatalogError::NoModel(role));
            }
            if !policy.limits.is_open() {
                return Err(ModelCatalogError::ClosedLimit(role));
            }
        }
        let used = participant.models.iter().chain(&admin.models).chain([&helper]);
        if let Some(unpriced) = used.into_iter().find(|it| !prices.contains_key(*it)) {
            return Err(ModelCatalogError::NoPrice(unpriced.clone()));
        }
        Ok(Self { prices, participant, admin, helper })
    }

    /// The policy of a role.
    pub const fn policy(&self, role: Role) -> &RolePolicy {
        match role {
            Role::Participant => &self.participant,
            Role::Admin => &self.admin,
        }
    }

    /// The model for a request: the wanted one if the role may use it, or the role's default.
    /// `None` if the role may not use the wanted one.
    pub fn select(&self, role: Role, wanted: Option<&str>) -> Option<&str> {
        let allowed = &self.policy(role).models;
        match wanted {
            Some(wanted) => allowed.iter().find(|it| *it == wanted).map(String::as_str),
            None => allowed.first().map(String::as_str),
        }
    }

    /// The model that writes titles and summaries.
    pub fn helper_model(&self) -> &str {
        &self.helper
    }

    /// The cost of a call, in millionths of a US dollar; zero for a model that is no longer known.
    pub fn cost(&self, model: &str, usage: Usage) -> i64 {
        self.prices.get(model).map_or(0, |price| price.cost(usage))
    }
}

#[cfg(test)]
mod tests {
    //! Cost is exact, and a role gets its own models only.

    use super::*;

    const LIMITS: UsageLimits = UsageLimits {
        concurrent_replies: 2,
        messages_per_ten_minutes: 30,
        messages_per_day: 300,
        tokens_per_day: None,
        tokens_per_month: None,
        cost_micro_usd_per_day: Some(1),
        cost_micro_usd_per_month: None,
    };
    const PRICE: Price = Price { input: 250_000, cached: 25_000, output: 2_000_000 };

    fn policy(models: &[&str]) -> RolePolicy {
        RolePolicy { models: models.iter().map(|it| (*it).to_owned()).collect(), limits: LIMITS }
    }

    fn models(participant: &[&str]) -> Result<ModelCatalog, ModelCatalogError> {
        let prices = ["small", "large"].map(|it| (it.to_owned(), PRICE)).into_iter().collect();
        ModelCatalog::new(
            prices,
            policy(participant),
            policy(&["large", "small"]),
            "small".to_owned(),
        )
    }

    #[test]
    fn a_call_costs_what_its_tokens_cost_rounded_up() {
        let usage = |input, cached, output| Usage { input, cached, output, reasoning: 0 };
        assert_eq!(PRICE.cost(usage(1_000_000, 0, 0)), 250_000);
        assert_eq!(PRICE.cost(usage(1_000_000, 1_000_000, 0)), 25_000);
        assert_eq!(PRICE.cost(usage(1_000, 400, 100)), 150 + 10 + 200);
        assert_eq!(PRICE.cost(usage(1, 0, 0)), 1, "a part of a millionth is one");
        assert_eq!(PRICE.cost(usage(0, 0, 0)), 0);
        assert_eq!(PRICE.cost(usage(10, 99, 0)), 1, "no more is cached than there is");
        assert_eq!(PRICE.cost(usage(i64::MAX, 0, i64::MAX)), i64::MAX);
    }

    #[test]
    fn a_role_gets_its_models_and_no_others() {
        let models = models(&["small"]).unwrap();
        assert_eq!(models.select(Role::Participant, None), Some("small"));
        assert_eq!(models.select(Role::Participant, Some("small")), Some("small"));
        assert_eq!(models.select(Role::Participant, Some("large")), None);
        assert_eq!(models.select(Role::Admin, None), Some("large"));
        assert_eq!(models.select(Role::Admin, Some("small")), Some("small"));
        let usage = Usage { input: 4, ..Usage::default() };
        assert_eq!((models.cost("small", usage), models.cost("gone", usage)), (1, 0));
    }

    #[test]
    fn inconsistent_models_are_rejected() {
        assert_eq!(models(&[]), Err(ModelCatalogError::NoModel("participant")));
        assert_eq!(models(&["new"]), Err(ModelCatalogError::NoPrice("new".to_owned())));
        let mut shut = policy(&["small"]);
        shut.limits.cost_micro_usd_per_day = Some(0);
        let prices = BTreeMap::from([("small".to_owned(), PRICE)]);
        let refused = ModelCatalog::new(prices, policy(&["small"]), shut, "small".to_owned());
        assert_eq!(refused, Err(ModelCatalogError::ClosedLimit("admin")));
    }
}
