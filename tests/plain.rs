//! Networks trained with our fused operations and with burn's own, parameter by parameter. The switch between them is
//! the process's, so this is a program of its own.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Int, Tensor, TensorData};
use kit::data::Batch;
use kit::learn::{Rule, Training, mean_loss};
use kit::nets::{Cost, Net, Norms, Pass};
use kit::seed::Rng;
use serde_json::{Value, json};
use spec::Pick;

#[derive(Default)]
struct Values(Vec<(String, Vec<f32>)>, usize);

impl ModuleVisitor for Values {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let data = pollster::block_on(param.val().into_data_async()).unwrap();
        self.0.push((format!("parameter {} {:?}", self.1, param.val().dims()), data.try_to_vec().unwrap()));
        self.1 += 1;
    }
}

/// Every parameter after eight steps.
fn trained(model: &Value, optimizer: Rule) -> Vec<(String, Vec<f32>)> {
    let device = Device::flex();
    let mut params = model.as_object().unwrap().clone();
    let id = params.remove("id").unwrap().as_str().unwrap().to_owned();
    let mut rng = Rng::of(1, "plain", &[]);
    let mut net = Net::with(&Pick { id, params }, [2, 8, 8], 5, &mut rng, &device).unwrap().train();
    let pixels: Vec<f32> = (0..32 * 128).map(|_| rng.unit()).collect();
    let x = Tensor::<4>::from_data(TensorData::new(pixels, [32, 2, 8, 8]), &device);
    let labels: Vec<i32> = (0..32).map(|at| at % 5).collect();
    let y = Tensor::<1, Int>::from_data(TensorData::new(labels, [32]), &device);
    let batch = Batch { x, y, ids: (0..32).collect() };
    let mut rule = Training { optimizer, lr: 0.01, momentum: 0.9, decay: 0.01, ..Training::default() }.optimizer(8, 8);
    for step in 0..8 {
        let mut pass = Pass::train(Norms::Batch, Rng::of(step, "masks", &[]), &Cost::default());
        let loss = mean_loss(&net, &batch, &mut pass);
        let gradients = GradientsParams::from_grads(loss.backward(), &net);
        net = rule.step(net, gradients);
        net.update_statistics(&pass);
    }
    let mut values = Values::default();
    net.frozen().visit(&mut values);
    values.0
}

#[test]
fn trained_networks_agree_parameter_by_parameter() {
    for model in [
        json!({ "id": "linear" }),
        json!({ "id": "mlp", "widths": [17, 9] }),
        json!({ "id": "cnn", "channels": [5, 6], "hidden": [7] }),
        json!({ "id": "cnn", "channels": [5, 6], "norm": true }),
        json!({ "id": "resnet", "width": 4, "blocks": [1, 1] }),
        json!({ "id": "resnet", "width": 4, "blocks": [1, 1], "norm": "group", "groups": 2 }),
        json!({ "id": "vit", "width": 8, "depth": 2, "heads": 2 }),
    ] {
        // The bias of a key has no gradient, because softmax does not see it; without decay in it, Adam makes whole
        // steps of what rounding leaves there.
        let rules =
            if model["id"] == "vit" { &[Rule::Sgd, Rule::Adam][..] } else { &[Rule::Sgd, Rule::Adam, Rule::Adamw] };
        for &rule in rules {
            engine::device::plain(true);
            let plain = trained(&model, rule);
            engine::device::plain(false);
            let fused = trained(&model, rule);
            assert_eq!(plain.len(), fused.len());
            for ((name, plain), (_, fused)) in plain.iter().zip(&fused) {
                for (plain, fused) in plain.iter().zip(fused) {
                    let gap = (plain - fused).abs();
                    assert!(gap <= 1e-4, "{model}, {rule:?}, {name}: {fused} fused, {plain} by burn");
                }
            }
        }
    }
}
