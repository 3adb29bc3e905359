//! Pods that outlive the text they were read from.

use serde::{Deserialize, Deserializer};

use super::{Annotations, Pod, Text, Volume};

/// Something that may borrow from the text it was read from.
pub(super) trait Own {
    /// The same without borrowing.
    type Owned;

    /// Copies what is borrowed.
    fn own(self) -> Self::Owned;
}

impl Own for Text<'_> {
    type Owned = Text<'static>;

    fn own(self) -> Text<'static> {
        self.into_owned()
    }
}

impl<T: Own> Own for Option<T> {
    type Owned = Option<T::Owned>;

    fn own(self) -> Self::Owned {
        self.map(T::own)
    }
}

impl<T: Own> Own for Vec<T> {
    type Owned = Vec<T::Owned>;

    fn own(self) -> Self::Owned {
        self.into_iter().map(T::own).collect()
    }
}

impl Own for Volume<'_> {
    type Owned = Volume<'static>;

    fn own(self) -> Self::Owned {
        Volume { name: self.name.own(), sources: self.sources }
    }
}

impl Own for Annotations<'_> {
    type Owned = Annotations<'static>;

    fn own(self) -> Self::Owned {
        let mut owned = Annotations::default();
        self.into_entries().for_each(|(key, value)| owned.insert(key.own(), value.own()));
        owned
    }
}

macro_rules! plain {
    ($($plain:ty),*) => {
        $(
            impl Own for $plain {
                type Owned = Self;

                fn own(self) -> Self {
                    self
                }
            }
        )*
    };
}

plain!(bool, i32, i64);

impl Pod<'_> {
    /// The same pod, independent of the text it was read from.
    pub fn into_owned(self) -> Pod<'static> {
        self.own()
    }
}

/// A pod for readers that give their text back at once, such as a watch: it borrows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct OwnedPod(pub Pod<'static>);

impl<'de> Deserialize<'de> for OwnedPod {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Pod::deserialize(deserializer).map(|pod| Self(pod.into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owned_pod_is_the_same_pod() {
        let text = r#"{
            "metadata": {"annotations": {"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}},
            "spec": {"hostPID": true, "volumes": [{"name": "v", "nfs": {}}], "containers": [{
                "name": "c", "ports": [{"hostPort": 1}], "securityContext": {"runAsUser": 0, "procMount": "Unmasked"}
            }]}
        }"#;
        let borrowed = Pod::from_json(text).unwrap();
        let OwnedPod(owned) = serde_json::from_reader(text.as_bytes()).unwrap();
        assert_eq!(owned, borrowed);
        assert!(
            borrowed.spec.containers[0].name.is_borrowed() && !owned.spec.containers[0].name.is_borrowed()
        );
    }
}
