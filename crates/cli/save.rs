//! What `--save` adds to the folder of results.

use crate::host::Machine;
use crate::out::{Out, file_name};
use crate::stop::Stop;
use clap::ValueEnum;
use engine::{Exported, Logits, Session};
use safetensors::{Dtype, tensor::TensorView};
use spec::{Row, RunSpec};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Save {
    /// Attacked inputs with labels and ids; images also in 8 bits, with the figure of these
    Adversarials,
    /// Rows of the splits and of the forget set
    Indices,
    /// Logits of networks on their test split, with inputs, labels and ids
    Logits,
    /// Networks as PyTorch loads them, adapters as PEFT does
    Weights,
}

/// Where the files of one run go.
pub struct SaveTo<'a> {
    pub out: &'a Out,
    /// Under the folder of results: empty, or with a slash at its end.
    pub folder: &'a str,
}

impl SaveTo<'_> {
    fn write(&self, saved: &mut Saved, path: &str, bytes: &[u8]) -> Result<(), Stop> {
        let path = format!("{}{path}", self.folder);
        self.out.write(&path, bytes)?;
        saved.files.push(path);
        Ok(())
    }
}

/// What was saved of one run.
#[derive(Default)]
pub struct Saved {
    /// Paths in the folder of results.
    pub files: Vec<String>,
    /// Figures of attacked images as they are written.
    pub rows: Vec<Row>,
}

/// Writes what the finished stages of a run have left. After an error `saved` has what was written before.
pub fn save(
    wanted: &[Save],
    session: &Session,
    machine: &Machine,
    spec: &RunSpec,
    to: &SaveTo,
    saved: &mut Saved,
) -> Result<(), Stop> {
    if wanted.contains(&Save::Indices) {
        to.write(saved, "indices.json", session.indices(spec)?.to_string().as_bytes())?;
    }
    for (index, stage) in spec.stages.iter().enumerate() {
        let name = spec.stage_name(index);
        let is_done = machine.speaker.borrow().outcomes.get(&name).is_some_and(|outcome| outcome.is_done());
        let is_network = is_done && engine::is_layer(&stage.id);
        let file = file_name(&name, index);
        if is_network && wanted.contains(&Save::Weights) {
            let Exported { weights, adapter } = pollster::block_on(session.export(&name))?;
            to.write(saved, &format!("weights/{file}.safetensors"), &weights)?;
            if let Some(adapter) = adapter {
                let [config, weights] =
                    ["config.json", "model.safetensors"].map(|part| format!("weights/adapter_{file}/adapter_{part}"));
                to.write(saved, &config, format!("{:#}\n", adapter.config).as_bytes())?;
                to.write(saved, &weights, &adapter.weights)?;
            }
        }
        if is_network && wanted.contains(&Save::Logits) {
            let Logits { ids, labels, shape, pixels, classes, values } =
                pollster::block_on(session.logits(spec, index))?;
            let values = ("logits", Dtype::F32, vec![ids.len(), classes], bytes(&values));
            let inputs = ("x", Dtype::F32, shape.to_vec(), bytes(&pixels));
            let bytes = samples_file(vec![values, inputs], &labels, &ids)?;
            to.write(saved, &format!("logits/{file}.safetensors"), &bytes)?;
        }
        if let Some(left) = session.adversarials.get(&name).filter(|_| wanted.contains(&Save::Adversarials)) {
            let mut tensors = vec![("x", Dtype::F32, left.shape().to_vec(), bytes(left.pixels()))];
            match pollster::block_on(session.eight_bits(spec, index))? {
                Some((levels, row)) => {
                    tensors.push(("x8", Dtype::U8, left.shape().to_vec(), levels));
                    saved.rows.extend(row);
                }
                None if left.are_images() => {
                    let why = format!("stage.{name}: a ball holds no image of 8 bits, so that `x8` is left out");
                    machine.speaker.borrow().aside("note", &why);
                }
                None => {}
            }
            let bytes = samples_file(tensors, &left.labels(), left.ids())?;
            let path = format!("adversarials/{file}.safetensors");
            to.write(saved, &path, &bytes)?;
            let speaker = machine.speaker.borrow();
            let fooled = speaker.outcomes.get(&name).and_then(|outcome| outcome.figure("asr_correct"));
            if fooled.is_none_or(|share| share == 0.0) {
                let why = format!("stage.{name}: the attack has found none; {path} has the inputs that it ended with");
                speaker.aside("note", &why);
            }
        }
    }
    Ok(())
}

/// Tensors `[n, …]` by name, with `labels` and `ids` `[n]` of the samples that they belong to.
fn samples_file(
    mut tensors: Vec<(&str, Dtype, Vec<usize>, Vec<u8>)>,
    labels: &[u16],
    ids: &[u32],
) -> Result<Vec<u8>, Stop> {
    let labels = labels.iter().flat_map(|label| i64::from(*label).to_le_bytes()).collect();
    let bytes = ids.iter().flat_map(|id| i64::from(*id).to_le_bytes()).collect();
    tensors.extend([("labels", Dtype::I64, vec![ids.len()], labels), ("ids", Dtype::I64, vec![ids.len()], bytes)]);
    let failed = |error| Stop::Failed(format!("samples cannot be written ({error})"));
    let views = tensors
        .iter()
        .map(|(name, dtype, shape, bytes)| Ok((*name, TensorView::new(*dtype, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, _>>();
    safetensors::serialize(views.map_err(failed)?, None).map_err(failed)
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
