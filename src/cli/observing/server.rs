//! What the API server itself defaults and exempts, where nobody says so in the cluster.

use clap::Args;

use crate::{
    cli::controller::server_default,
    rollout::Settings,
    standards::{LevelVersion, Mode},
};

/// The runtime classes that an API server exempts of which podsec is not told otherwise.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct ExemptRuntimeClasses {
    /// Runtime classes whose pods the API server exempts
    #[arg(
        long = "exempt-runtime-class",
        value_name = "NAME",
        value_delimiter = ',',
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    pub(in crate::cli) exempt_runtime_classes: Vec<String>,
}

/// The flags of the controller that say what the API server is configured to do. `podsec probe` finds out what they
/// should be.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct ServerFlags {
    /// Runtime classes whose pods the API server exempts, beside those that the controller was told
    #[arg(
        long,
        alias = "exempt-runtime-class",
        value_name = "NAME",
        value_delimiter = ',',
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    server_exempt_runtime_classes: Vec<String>,
    #[command(flatten)]
    defaults: ServerDefaultFlags,
}

/// What the API server applies to namespaces without labels, where that is not as the controller says.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct ServerDefaultFlags {
    /// What the API server applies to a namespace without labels, in place of what the controller was told, as in
    /// enforce=baseline:latest
    #[arg(long, value_name = "MODE=LEVEL[:VERSION]", value_delimiter = ',', value_parser = server_default)]
    server_defaults: Vec<(Mode, LevelVersion)>,
}

impl ServerFlags {
    /// Puts what they say into settings.
    pub(in crate::cli) fn set(&self, settings: &mut Settings) {
        settings.server_exempt_runtime_classes.extend(self.server_exempt_runtime_classes.iter().cloned());
        self.defaults.set(settings);
    }
}

impl ServerDefaultFlags {
    /// Puts what they say into settings.
    pub(in crate::cli) fn set(&self, settings: &mut Settings) {
        for (mode, value) in &self.server_defaults {
            settings.server_defaults.set(*mode, *value);
        }
    }
}
