//! What the controller was told, as it says in the statuses of profiles.

use crate::{
    cluster::profiles::Listing,
    controller::{settings_of, told_of_itself},
    rollout::Settings,
};

/// What the controller goes by. Where none has written a status yet, or the profiles could not be listed, it is what one
/// goes by that was installed by deploy/.
pub(in crate::cli) fn settings(listing: Option<&Listing>, notices: &mut Vec<String>) -> Settings {
    let Some(controller) = listing.and_then(told_of_itself) else { return Settings::as_installed() };
    let own = env!("CARGO_PKG_VERSION");
    if controller.version != own {
        notices.push(format!(
            "the controller is of podsec {}, and this is podsec {own}: it may plan otherwise",
            controller.version
        ));
    }
    settings_of(controller).unwrap_or_else(|unreadable| {
        notices
            .push(format!("the controller's {unreadable} cannot be read: planned by podsec's own defaults"));
        Settings::as_installed()
    })
}
