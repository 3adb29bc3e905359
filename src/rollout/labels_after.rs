//! What a plan leaves on a namespace, for those who look at it before it is carried out.

use std::collections::BTreeMap;

use super::{Manager, Namespace, NamespacePlan, Operation};
use crate::standards::Mode;

/// A label, and who holds it.
struct Held<'a> {
    value: Option<&'a str>,
    /// Podsec's two managers, by Apply.
    by_podsec: bool,
    by_retained: bool,
    /// Anybody else, and whoever writes under podsec's name in another way.
    by_others: bool,
}

impl NamespacePlan {
    /// The six labels of Pod Security as they are once the requests are carried out: a server-side apply sets what it
    /// names, and deletes what its manager owned before and nobody else does.
    pub fn labels_after(&self, namespace: &Namespace) -> BTreeMap<&'static str, String> {
        let keys = Mode::ALL.into_iter().flat_map(|mode| [mode.keys().level, mode.keys().version]);
        keys.filter_map(|key| Some((key, self.label_after(namespace, key)?.to_owned()))).collect()
    }

    fn label_after<'a>(&'a self, namespace: &'a Namespace, key: &'static str) -> Option<&'a str> {
        let is_podsecs = |manager: &str, operation, subresource: &str| {
            let known = [Manager::Podsec, Manager::Retained].iter().any(|podsec| podsec.as_str() == manager);
            known && operation == Operation::Apply && subresource.is_empty()
        };
        let mut others = namespace
            .owners
            .of(key)
            .iter()
            .filter(|owner| !is_podsecs(&owner.manager, owner.operation, &owner.subresource));
        let mut held = Held {
            value: namespace.label(key),
            by_podsec: namespace.owns(key),
            by_retained: namespace.is_retained(key),
            by_others: others.next().is_some(),
        };
        for request in &self.requests {
            held.apply(request.manager, request.labels.get(key).map(String::as_str));
        }
        held.value
    }
}

impl<'a> Held<'a> {
    fn apply(&mut self, manager: Manager, wanted: Option<&'a str>) {
        if wanted.is_some() && self.value != wanted {
            *self = Held { value: wanted, by_podsec: false, by_retained: false, by_others: false };
        }
        let mine = match manager {
            Manager::Podsec => &mut self.by_podsec,
            Manager::Retained => &mut self.by_retained,
        };
        let was_mine = std::mem::replace(mine, wanted.is_some());
        if wanted.is_none() && was_mine && !(self.by_podsec || self.by_retained || self.by_others) {
            self.value = None;
        }
    }
}
