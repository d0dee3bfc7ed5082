methods! {
    attack fgsm::Fgsm,
    attack pgd::{Bim, PgdL2, PgdLinf},
}
