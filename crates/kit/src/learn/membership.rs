//! The membership attack on a network's answers.

use crate::cx::Cx;
use crate::error::Result;
use crate::seed::Rng;
use crate::stats::{Members, Membership, MembershipAttack, Tested};

/// Attacks a network by its answers on kept, unseen and forgotten samples. All networks of a run meet the same draws,
/// so that their figures differ by the networks alone. `None` of too few samples, see [`MembershipAttack::new`].
pub async fn membership(
    [kept, unseen, forget]: [&Tested; 3],
    members: Members,
    cx: &mut Cx,
) -> Result<Option<Membership>> {
    let Some(mut attack) = MembershipAttack::new(kept, unseen, forget, members) else { return Ok(None) };
    for draw in 0..members.draws() {
        attack.draw(&mut Rng::of(cx.seed, "membership", &[draw]));
        cx.breathe().await?;
    }
    Ok(Some(attack.figures()))
}
