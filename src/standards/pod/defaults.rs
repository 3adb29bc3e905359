//! What the API server fills in before it judges, as far as a check can see it.

use super::{APPARMOR_PREFIX, Annotations, Container, Pod, Profile, Sources, Spec, Text};

/// What a volume is when it names no source.
const EMPTY_DIR: Sources = Sources::of(&["emptyDir"]);

impl Pod<'_> {
    /// Fills in what the API server fills into a *pod* before it judges it (Kubernetes 1.37): a volume without a source
    /// is an `emptyDir`; under `hostNetwork` a container's port is the host's port too; and an AppArmor annotation
    /// `unconfined` is set as the field of its container, if that has none.
    ///
    /// A pod that a controller makes from a template goes through the same.
    pub fn default_as_pod(&mut self) {
        self.default_as_template();
        self.spec.default_host_ports();
        self.spec.copy_app_armor(&self.metadata.annotations);
    }

    /// Fills in what the API server fills into a *template* before it warns about it: only that a volume without a
    /// source is an `emptyDir`.
    pub fn default_as_template(&mut self) {
        for volume in self.spec.volumes.iter_mut().filter(|volume| volume.sources.is_empty()) {
            volume.sources = EMPTY_DIR;
        }
    }
}

impl Spec<'_> {
    fn default_host_ports(&mut self) {
        if !self.host_network {
            return;
        }
        // Ephemeral containers cannot have ports, and are left alone.
        for container in self.init_containers.iter_mut().chain(&mut self.containers) {
            for port in container.ports.iter_mut().filter(|port| port.host_port == 0) {
                port.host_port = port.container_port;
            }
        }
    }

    /// Of the values that are copied only `unconfined` changes what a check sees.
    fn copy_app_armor(&mut self, annotations: &Annotations<'_>) {
        const UNCONFINED: &str = "Unconfined";
        let pod = self.security_context.as_ref().and_then(|context| context.app_armor_profile.as_ref());
        if self.is_windows() || pod.is_some_and(|profile| &*profile.kind == UNCONFINED) {
            return;
        }
        let unset = |container: &&mut Container<'_>| {
            let context = container.security_context.as_ref();
            context.is_none_or(|context| context.app_armor_profile.is_none())
        };
        let lists = [&mut self.init_containers, &mut self.containers, &mut self.ephemeral_containers];
        for container in lists.into_iter().flatten().filter(unset) {
            if annotations
                .get(APPARMOR_PREFIX, &container.name)
                .is_some_and(|(_, value)| value == "unconfined")
            {
                container.security_context.get_or_insert_default().app_armor_profile =
                    Some(Profile { kind: Text::from(UNCONFINED) });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(json: &str) -> Pod<'_> {
        Pod::from_json(json).unwrap()
    }

    #[test]
    fn a_volume_without_a_source_is_an_empty_dir() {
        let mut pod = pod(r#"{"spec":{"volumes":[{"name":"a"},{"hostPath":{}},{"marsDisk":{}}]}}"#);
        pod.default_as_template();
        let sources: Vec<_> = pod.spec.volumes.iter().map(|volume| volume.sources).collect();
        assert_eq!(sources, [EMPTY_DIR, Sources::of(&["hostPath"]), Sources::UNKNOWN]);
    }

    #[test]
    fn ports_are_the_hosts_in_its_network_only() {
        let json = r#"{"spec":{"hostNetwork":true,"containers":[{"ports":[{"containerPort":80},{"containerPort":81,"hostPort":82}]}]}}"#;
        let mut with = pod(json);
        with.default_as_pod();
        assert_eq!(
            with.spec.containers[0].ports.iter().map(|port| port.host_port).collect::<Vec<_>>(),
            [80, 82]
        );
        let text = json.replace("true", "false");
        let mut without = pod(&text);
        without.default_as_pod();
        assert_eq!(without.spec.containers[0].ports[0].host_port, 0);
    }

    #[test]
    fn an_unconfined_annotation_becomes_the_field() {
        let json = r#"{
            "metadata": {"annotations": {"container.apparmor.security.beta.kubernetes.io/a": "unconfined"}},
            "spec": {"containers": [{"name": "a"}, {"name": "b"}]}
        }"#;
        let mut linux = pod(json);
        linux.default_as_pod();
        let kinds = |pod: &Pod<'_>| -> Vec<Option<String>> {
            let profile = |container: &Container<'_>| {
                Some(container.security_context.as_ref()?.app_armor_profile.as_ref()?.kind.to_string())
            };
            pod.spec.containers.iter().map(profile).collect()
        };
        assert_eq!(kinds(&linux), [Some("Unconfined".to_owned()), None]);
        let text = json.replace(r#""spec": {"#, r#""spec": {"os": {"name": "windows"}, "#);
        let mut windows = pod(&text);
        windows.default_as_pod();
        assert_eq!(kinds(&windows), [None, None]);
    }
}
