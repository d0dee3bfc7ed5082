//! Gradients against finite differences, and what the door to a victim promises.

use crate::common::{adapted, aimed, cx, device, digits, hash, largest_difference, net, params, read};
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Int, Tensor, TensorData};
use kit::attack::{AttackLoss, Victim, attack_loss};
use kit::data::{Batch, CHUNK, View};
use kit::learn::{logits_of, test};
use kit::nets::{Cost, Net, Norms, Pass};
use kit::run::attack_view;
use kit::seed::Rng;
use serde_json::{Map, Value, json};
use spec::{Access, START_STREAM};

const CLASSES: usize = 4;
const SAMPLES: usize = 3;
const LOSSES: [AttackLoss; 3] = [AttackLoss::Ce, AttackLoss::Dlr, AttackLoss::CwMargin];

/// Every kind of net, smooth and with kinks, plain and with adapters; norm layers have statistics that are not the
/// fresh ones. A residual network has a kink within a step of half its pixels: `goldens.rs` holds its gradients against
/// PyTorch's.
fn nets() -> Vec<(String, Net)> {
    let mut nets = Vec::new();
    for (name, model) in [
        ("linear", json!({ "id": "linear" })),
        ("mlp", json!({ "id": "mlp", "widths": [9, 7], "activation": "tanh" })),
        ("mlp, relu", json!({ "id": "mlp", "widths": [9] })),
        ("cnn", json!({ "id": "cnn", "channels": [3, 4], "hidden": [5], "activation": "tanh" })),
        ("cnn, relu", json!({ "id": "cnn", "channels": [3] })),
        ("cnn with norm", json!({ "id": "cnn", "channels": [3, 4], "norm": true, "activation": "tanh" })),
        ("vit", json!({ "id": "vit", "patch": 2, "width": 6, "depth": 1, "heads": 2, "mlp_ratio": 2 })),
    ] {
        let mut plain = net(model, [2, 4, 4], CLASSES);
        let mut pass = Pass::train(Norms::Batch, Rng::of(1, "masks", &[]), &Cost::default());
        plain.forward(inputs(16), &mut pass);
        plain.update_statistics(&pass);
        // Twice the weights: logits far enough apart that DLR, which divides by their span, is smooth at this scale.
        let twice: Vec<f32> = params::values(&plain).iter().map(|weight| 2.0 * weight).collect();
        let plain = params::put(&plain, &twice);
        nets.push((name.to_owned(), plain.clone()));
        nets.push((format!("{name} with adapters"), adapted(plain)));
    }
    nets
}

fn inputs(n: usize) -> Tensor<4> {
    let mut rng = Rng::of(3, "inputs", &[]);
    let values: Vec<f32> = (0..n * 32).map(|_| rng.unit()).collect();
    Tensor::from_data(TensorData::new(values, [n, 2, 4, 4]), &device())
}

fn labels(n: usize) -> Tensor<1, Int> {
    let numbers: Vec<i32> = (0..n as i32).map(|at| at % CLASSES as i32).collect();
    Tensor::from_data(TensorData::new(numbers, [n]), &device())
}

/// Central differences of a function of many numbers, held against its gradient.
///
/// The forward pass is in f32 (a loss of about 1 is known to 1e-7), the arithmetic on it in f64. With a step of 1e-2
/// the noise is about 1e-5, and Richardson's step from h and h/2 leaves an error of order h⁴: 5e-4 are allowed, and
/// 1.4e-4 is the largest that was seen (DLR, whose curvature is the highest). Where the two differences are more than
/// 2e-3 apart a kink (relu, pooling, the best wrong class) lies between the points: there is no gradient to compare,
/// and this may happen to at most a tenth of the coordinates; two of 109 are the most that were seen.
fn hold(at: &str, x: &[f32], gradient: &[f32], f: impl Fn(&[f32]) -> f64) {
    const H: f32 = 1e-2;
    assert_eq!(x.len(), gradient.len(), "{at}");
    let difference = |place: usize, h: f32| {
        let mut moved = x.to_vec();
        moved[place] = x[place] + h;
        let (high, above) = (moved[place], f(&moved));
        moved[place] = x[place] - h;
        let (low, below) = (moved[place], f(&moved));
        (above - below) / (f64::from(high) - f64::from(low))
    };
    let (mut kinks, mut worst) = (0, 0.0_f64);
    for (place, gradient) in gradient.iter().enumerate() {
        let (wide, narrow) = (difference(place, H), difference(place, H / 2.0));
        let exact = (4.0 * narrow - wide) / 3.0;
        let gap = (exact - f64::from(*gradient)).abs();
        if (wide - narrow).abs() > 2e-3 * (1.0 + wide.abs()) {
            kinks += 1;
            continue;
        }
        worst = worst.max(gap / (1.0 + exact.abs()));
    }
    assert!(10 * kinks <= x.len(), "{at}: {kinks} of {} coordinates have a kink", x.len());
    assert!(worst <= 5e-4, "{at}: {worst}");
}

#[test]
fn input_gradients_are_those_of_finite_differences() {
    for (name, net) in nets() {
        // That of DLR with a target is another one; the others are turned round.
        for (kind, targeted) in LOSSES.map(|kind| (kind, false)).into_iter().chain([(AttackLoss::Dlr, true)]) {
            let loss = attack_loss(kind, targeted);
            let victim = Victim::of(&net, Access::Gradients, &Cost::default());
            let (x, y) = (inputs(SAMPLES), labels(SAMPLES));
            let gradient = read(victim.gradient(&x, &y, &*loss).unwrap().gradient);
            // Each sample on its own: a sum over samples would hide what belongs to another one.
            for sample in 0..SAMPLES {
                let pixels = read(x.clone().narrow(0, sample, 1));
                let own = &gradient[sample * 32..][..32];
                hold(&format!("{name}, {kind:?}, {targeted}, sample {sample}"), &pixels, own, |pixels| {
                    let x = Tensor::from_data(TensorData::new(pixels.to_vec(), [1, 2, 4, 4]), &device());
                    let logits = net.forward(x, &mut Pass::eval(&Cost::default()));
                    read(loss(logits, y.clone().narrow(0, sample, 1)))[0].into()
                });
            }
        }
    }
}

#[test]
fn weight_gradients_are_those_of_finite_differences() {
    for (name, net) in nets() {
        for kind in LOSSES {
            let loss = attack_loss(kind, false);
            let of = |net: &Net| {
                loss(net.forward(inputs(SAMPLES), &mut Pass::eval(&Cost::default())), labels(SAMPLES)).mean()
            };
            let tracked = net.clone().unfreeze().train();
            let gradients = GradientsParams::from_grads(of(&tracked).backward(), &tracked);
            hold(&format!("{name}, {kind:?}"), &params::values(&net), &params::of(&tracked, &gradients), |values| {
                read(of(&params::put(&net, values)))[0].into()
            });
        }
    }
}

#[test]
fn a_targeted_loss_is_the_other_way_round() {
    let (x, y) = (inputs(SAMPLES), labels(SAMPLES));
    for (_, net) in nets() {
        for kind in [AttackLoss::Ce, AttackLoss::CwMargin] {
            let logits = net.forward(x.clone(), &mut Pass::eval(&Cost::default()));
            let away = read(attack_loss(kind, false)(logits.clone(), y.clone()));
            let towards = read(attack_loss(kind, true)(logits, y.clone()));
            assert!(away.iter().zip(&towards).all(|(a, b)| *a == -b));
        }
    }
}

/// −(z_y − max z_i≠y) / (z_π1 − z_π3) and max z_i≠y − z_y by hand, for a right and a wrong answer.
#[test]
fn margins_are_those_of_the_papers() {
    let logits = Tensor::<2>::from_data([[3.0, 1.0, 0.5, -2.0], [3.0, 1.0, 0.5, -2.0]], &device());
    let y = Tensor::<1, Int>::from_data([0, 2], &device());
    let dlr = read(attack_loss(AttackLoss::Dlr, false)(logits.clone(), y.clone()));
    assert!((dlr[0] + 2.0 / 2.5).abs() < 1e-6 && (dlr[1] - 2.5 / 2.5).abs() < 1e-6, "{dlr:?}");
    let cw = read(attack_loss(AttackLoss::CwMargin, false)(logits, y));
    assert_eq!(cw, [-2.0, 2.5]);
}

/// (z_t − max z_i≠t) / (z_π1 − (z_π3 + z_π4) / 2), by PyTorch's autograd: where the target is second, where it is the
/// fourth, and where it leads.
#[test]
fn the_targeted_ratio_is_autoattacks() {
    for (logits, target, value, gradient) in [
        ([3.0, 1.0, 0.2, -1.0], 1, -0.588_235, [-0.121_107, 0.294_118, -0.086_505, -0.086_505]),
        ([3.0, 1.0, 0.2, -1.0], 3, -1.176_471, [0.051_903, 0.0, -0.173_010, 0.121_107]),
        ([1.0, 3.0, 0.2, -1.0], 1, 0.588_235, [-0.294_118, 0.121_107, 0.086_505, 0.086_505]),
    ] {
        let logits = Tensor::<2>::from_data([logits], &device()).autodiff().require_grad();
        let y = Tensor::<1, Int>::from_data([target], &device());
        let loss = attack_loss(AttackLoss::Dlr, true)(logits.clone(), y);
        let found = read(logits.grad(&loss.clone().sum().backward()).unwrap());
        assert!((read(loss.inner())[0] - value).abs() < 1e-5, "{target}");
        assert!(largest_difference(&found, &gradient) < 1e-5, "{target}: {found:?}");
    }
}

/// Alone, among 31 others and in the whole split: the same bits.
#[test]
fn an_images_result_does_not_depend_on_its_batch() {
    let mut cx = cx();
    cx.enter("law".into(), START_STREAM.into());
    let task = digits(&cx);
    for (name, model) in [
        ("mlp", json!({ "id": "mlp" })),
        ("cnn", json!({ "id": "cnn", "channels": [4, 8], "norm": true })),
        ("linear", json!({ "id": "linear" })),
        ("resnet", json!({ "id": "resnet", "width": 4 })),
        ("resnet with groups", json!({ "id": "resnet", "width": 4, "norm": "group", "groups": 2 })),
        ("vit", json!({ "id": "vit", "patch": 2, "width": 12, "depth": 1, "heads": 3 })),
    ] {
        let net = net(model, [1, 8, 8], 10);
        for entry in engine::entries().filter(|entry| entry.attack.is_some()) {
            let mut params = (entry.tiny)().as_object().unwrap().clone();
            for variant in [Map::new(), thorough(entry)] {
                params.extend(variant);
                let at = format!("{} on {name}", entry.id);
                let whole = pollster::block_on(attack_view(aimed(entry, &params, &net), &task.test, &mut cx)).unwrap();
                let some = View::first(&task.test, 32);
                let thirty_two = pollster::block_on(attack_view(aimed(entry, &params, &net), &some, &mut cx)).unwrap();
                assert!(whole.pixels[..32 * 64] == thirty_two.pixels, "{at}: 32 are not as in the whole");
                for row in [0, 7, 31] {
                    let one = task.test.at([task.test.rows[row]]);
                    let alone = pollster::block_on(attack_view(aimed(entry, &params, &net), &one, &mut cx)).unwrap();
                    assert!(whole.pixels[row * 64..][..64] == alone.pixels, "{at}: image {row} alone is another");
                    let probabilities = &whole.attacked.probabilities[row * 10..][..10];
                    assert!(probabilities == alone.attacked.probabilities, "{at}: image {row} is answered otherwise");
                }
            }
        }
    }
}

/// Restarts and the best iterate, where an attack has them.
fn thorough(entry: &kit::Entry) -> Map<String, Value> {
    let defaults = (entry.defaults)();
    let wanted = [("restarts", json!(2)), ("keep", json!("best")), ("loss", json!("dlr"))];
    let known = wanted.into_iter().filter(|(key, _)| defaults.get(key).is_some());
    known.map(|(key, value)| (key.to_owned(), value)).collect()
}

#[test]
fn logits_are_the_same_bits_in_every_batch() {
    let mut cx = cx();
    let task = digits(&cx);
    for model in [
        json!({ "id": "mlp" }),
        json!({ "id": "cnn", "norm": true }),
        json!({ "id": "linear" }),
        json!({ "id": "resnet" }),
        json!({ "id": "resnet", "norm": "group" }),
        json!({ "id": "vit" }),
    ] {
        let net = net(model, [1, 8, 8], 10);
        let all = read(logits_of(&net, &task.test.batch(&task.test.rows[..CHUNK]).x));
        for count in [1, 2, 31, 63] {
            let few = read(logits_of(&net, &task.test.batch(&task.test.rows[..count]).x));
            assert!(few == all[..count * 10], "{count} of {}", net.pick.id);
        }
        let whole = pollster::block_on(test(&net, &task.test, &mut cx)).unwrap();
        let one = pollster::block_on(test(&net, &task.test.at([task.test.rows[70]]), &mut cx)).unwrap();
        assert!(whole.probabilities[700..710] == one.probabilities, "{}", net.pick.id);
        let victim = Victim::of(&net, Access::Scores, &Cost::default());
        let scores = read(victim.scores(&task.test.batch(&task.test.rows[..CHUNK + 6]).x).unwrap());
        assert!(scores[..CHUNK * 10] == all, "{}", net.pick.id);
    }
}

#[test]
fn a_victim_refuses_what_access_forbids() {
    let net = net(json!({ "id": "linear" }), [2, 4, 4], CLASSES);
    let loss = attack_loss(AttackLoss::Ce, false);
    for (access, [scores, gradient]) in [
        (Access::Labels, [false, false]),
        (Access::Scores, [true, false]),
        (Access::Gradients, [true, true]),
        (Access::Weights, [true, true]),
    ] {
        let victim = Victim::of(&net, access, &Cost::default());
        assert_eq!(victim.scores(&inputs(2)).is_ok(), scores, "{access:?}");
        assert_eq!(victim.gradient(&inputs(2), &labels(2), &*loss).is_ok(), gradient, "{access:?}");
        // What was refused was not asked.
        let queries = victim.queries();
        let asked = (queries.forwards, queries.gradients);
        assert_eq!(asked, (2 * u64::from(scores), 2 * u64::from(gradient)), "{access:?}");
    }
}

/// By sample, the padding of a chunk left out.
#[test]
fn queries_are_counted_by_image() {
    let mut cx = cx();
    let task = digits(&cx);
    let net = net(json!({ "id": "linear" }), [1, 8, 8], 10);
    let view = task.test.first(70);
    for (id, params, forwards, gradients) in [
        ("attack.fgsm", json!({}), 0, 1),
        ("attack.bim", json!({ "steps": 4 }), 0, 4),
        ("attack.pgd-linf", json!({ "steps": 3 }), 0, 3),
        // The iterates' losses come with their gradients; only the last one has to be asked for.
        ("attack.pgd-linf", json!({ "steps": 3, "keep": "best" }), 1, 3),
        ("attack.pgd-l2", json!({ "steps": 3, "restarts": 2 }), 2, 6),
        ("attack.pgd-l2", json!({ "steps": 3, "restarts": 2, "random_start": false }), 0, 3),
        // The last step needs no gradient, the start does.
        ("attack.apgd-linf", json!({ "steps": 3, "restarts": 2 }), 2, 6),
    ] {
        let entry = engine::entry(id).unwrap();
        let done = attack_view(aimed(entry, params.as_object().unwrap(), &net), &view, &mut cx);
        let done = pollster::block_on(done).unwrap();
        assert_eq!((done.queries.forwards, done.queries.gradients), (70 * forwards, 70 * gradients), "{id} {params}");
    }
    // Who is fooled from the start is asked about once, who cannot be fooled as often as may be.
    let params = json!({ "epsilon": 0.0, "queries": 40 });
    let square = engine::entry("attack.square").unwrap();
    let done = attack_view(aimed(square, params.as_object().unwrap(), &net), &view, &mut cx);
    let done = pollster::block_on(done).unwrap();
    let right = (0..70).filter(|at| done.clean.right(*at)).count() as u64;
    assert!((1..70).contains(&right));
    assert_eq!((done.queries.forwards, done.queries.gradients), (40 * right + (70 - right), 0));
}

#[test]
fn a_victim_stays_as_it_was() {
    let net = nets().into_iter().find(|(name, _)| name.contains("norm")).unwrap().1;
    let before = hash(&net);
    let victim = Victim::of(&net, Access::Gradients, &Cost::default());
    let loss = attack_loss(AttackLoss::Ce, false);
    victim.gradient(&inputs(5), &labels(5), &*loss).unwrap();
    victim.scores(&inputs(5)).unwrap();
    assert_eq!(hash(&net), before);
}

/// A restart may only find more, and the best iterate is at least as bad for the net as the last one.
#[test]
fn more_effort_finds_at_least_as_much() {
    let mut cx = cx();
    cx.enter("law".into(), START_STREAM.into());
    let task = digits(&cx);
    let net = net(json!({ "id": "mlp" }), [1, 8, 8], 10);
    let entry = engine::entry("attack.pgd-linf").unwrap();
    let batch: Batch = task.test.batch(&task.test.rows[..CHUNK]);
    let loss = attack_loss(AttackLoss::Ce, false);
    let mut losses = |params: Value| {
        let victim = Victim::of(&net, Access::Gradients, &Cost::default());
        let perturb = entry.attack.unwrap().perturb;
        let x = pollster::block_on(perturb(params.as_object().unwrap(), None, &victim, &batch, &mut cx)).unwrap();
        read(loss(logits_of(&net, &x), batch.y.clone()))
    };
    let base = json!({ "steps": 4, "alpha": 0.2, "epsilon": 0.3 });
    let with = |key: &str, value: Value| {
        let mut params = base.clone();
        params[key] = value;
        params
    };
    let (plain, best, more) =
        (losses(base.clone()), losses(with("keep", json!("best"))), losses(with("restarts", json!(3))));
    assert!(plain.iter().zip(&best).all(|(a, b)| b >= a), "the best iterate is worse than the last");
    assert!(plain.iter().zip(&more).all(|(a, b)| b >= a), "three starts are worse than the first of them");
}
