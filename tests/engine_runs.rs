//! A chain through every shape.

use crate::common::{play, series};

#[test]
fn a_chain_of_all_shapes_runs() {
    let (report, said) = play(
        r#"
        version = 1
        retrain_seeds = 2
        tasks.digits = { id = "digits" }
        tasks.tilted = { id = "digits", tilt = 30 }
        model = { id = "mlp" }
        forget = { id = "class", class = 3 }
        stage = [
            { id = "train.scratch", as = "base", train = { epochs = 12 } },
            { id = "peft.lora", as = "lora", on = "tilted", train = { epochs = 4, lr = 0.01 } },
            { id = "attack.pgd-linf", from = "base", on = "digits", epsilon = 0.2, steps = 5, alpha = 0.1 },
            { id = "defend.pgd-at", as = "hard", from = "base", epsilon = 0.1, steps = 3, train = { epochs = 2 } },
            { id = "unlearn.salun", as = "forgot", from = "base", train = { epochs = 4, lr = 0.01 } },
            { id = "measure.mia-confidence", from = "base", on = "digits" },
        ]
        "#,
    );
    let report = report.unwrap();
    for row in &report.rows {
        println!("{:10} {:18} {:8.3} n {:?} ± {:?}", row.stage, row.key, row.value, row.n, row.spread);
    }
    println!("{:?} {:.1} s", report.hashes, report.seconds);
    assert!(report.value("base", "accuracy").unwrap() > 85.0);
    assert!(series(&said, "loss").iter().all(|loss| loss.is_finite()));
}
