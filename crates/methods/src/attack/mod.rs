methods! {
    attack apgd::{ApgdL2, ApgdLinf},
    attack fgsm::Fgsm first,
    attack pgd::{Bim, PgdL2, PgdLinf first},
    attack square::Square,
}
