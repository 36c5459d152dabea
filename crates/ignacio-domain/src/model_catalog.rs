//! Which models may write replies, what they cost, and how much a person may use.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::quota::UsageLimits;
use crate::usage::Usage;
use crate::user::Role;

/// Tokens that prices are given for.
const PER: i128 = 1_000_000;

/// What a model costs: millionths of a US dollar for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Of the prompt.
    pub input: i64,
    /// Of the part of the prompt that the provider had cached.
    pub cached: i64,
    /// Of the answer, reasoning included.
    pub output: i64,
}

impl Price {
    /// What a call cost, in millionths of a US dollar, rounded up.
    pub fn cost(self, usage: Usage) -> i64 {
        let cached = usage.cached.clamp(0, usage.input.max(0));
        let fresh = usage.input.max(0) - cached;
        let parts = [(fresh, self.input), (cached, self.cached), (usage.output, self.output)];
        let sum: i128 = parts.iter().map(|&(n, price)| i128::from(n) * i128::from(price)).sum();
        i64::try_from((sum + PER - 1) / PER).unwrap_or(i64::MAX)
    }
}

/// What people of one role may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolePolicy {
    /// The models that they may ask for; the first one answers who asks for none.
    pub models: Vec<String>,
    /// How much.
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

/// Why models do not fit together.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ModelCatalogError {
    /// A role has no model.
    #[error("{0} has no model")]
    NoModel(&'static str),
    /// A model that is used has no price.
    #[error("the model `{0}` has no price")]
    NoPrice(String),
    /// A limit that nothing fits in.
    #[error("{0} has a limit that is not above zero")]
    ClosedLimit(&'static str),
}

impl ModelCatalog {
    /// Puts them together; `helper` names conversations and sums them up.
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

    /// One model for everybody, at no price and without a limit: for tests.
    pub fn free(model: &str) -> Self {
        let limits = UsageLimits {
            concurrent_replies: u16::MAX,
            messages_per_ten_minutes: u16::MAX,
            messages_per_day: u16::MAX,
            tokens_per_day: None,
            tokens_per_month: None,
            cost_micro_usd_per_day: None,
            cost_micro_usd_per_month: None,
        };
        let policy = RolePolicy { models: vec![model.to_owned()], limits };
        let prices = BTreeMap::from([(model.to_owned(), Price { input: 0, cached: 0, output: 0 })]);
        Self { prices, participant: policy.clone(), admin: policy, helper: model.to_owned() }
    }

    /// What a role may use.
    pub const fn policy(&self, role: Role) -> &RolePolicy {
        match role {
            Role::Participant => &self.participant,
            Role::Admin => &self.admin,
        }
    }

    /// The model that answers somebody: the one that they ask for, when they may, or the first of
    /// their role's. `None` when they may not have it.
    pub fn select(&self, role: Role, wanted: Option<&str>) -> Option<&str> {
        let allowed = &self.policy(role).models;
        match wanted {
            Some(wanted) => allowed.iter().find(|it| *it == wanted).map(String::as_str),
            None => allowed.first().map(String::as_str),
        }
    }

    /// The model that names conversations and sums them up.
    pub fn helper_model(&self) -> &str {
        &self.helper
    }

    /// What a call cost, in millionths of a US dollar; nothing for a model that is no longer known.
    pub fn cost(&self, model: &str, usage: Usage) -> i64 {
        self.prices.get(model).map_or(0, |price| price.cost(usage))
    }
}

#[cfg(test)]
mod tests {
    //! Money is counted exactly, and nobody gets a model that is not theirs.

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
    fn models_that_do_not_fit_together_are_refused() {
        assert_eq!(models(&[]), Err(ModelCatalogError::NoModel("participant")));
        assert_eq!(models(&["new"]), Err(ModelCatalogError::NoPrice("new".to_owned())));
        let mut shut = policy(&["small"]);
        shut.limits.cost_micro_usd_per_day = Some(0);
        let prices = BTreeMap::from([("small".to_owned(), PRICE)]);
        let refused = ModelCatalog::new(prices, policy(&["small"]), shut, "small".to_owned());
        assert_eq!(refused, Err(ModelCatalogError::ClosedLimit("admin")));
    }
}
