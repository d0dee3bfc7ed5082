//! Weight files: safetensors with PyTorch's names and layout, adapters with PEFT's.
//!
//! The crate `safetensors` reads them. They are written here, by [`file`]: the crate writes metadata in the order of a
//! hash map, so the bytes of a file would change from run to run.
//!
//! A dense weight is `[in, out]` here and `[out, in]` in the file: it is transposed on the way, square ones too.

use super::Net;
use super::layers::{Layer, LowRank, LowRankConv, Norm, Statistics};
use crate::error::{Error, Result};
use crate::seed::Rng;
use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData, Transaction};
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use spec::{Digest, Pick};
use std::collections::BTreeMap;

/// A tensor of a file, in PyTorch's layout.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its name in PyTorch.
    pub name: String,
    /// Its sizes.
    pub shape: Vec<usize>,
    /// Its elements in row-major order.
    pub values: Vec<f32>,
}

/// What PEFT loads.
#[derive(Clone, Debug)]
pub struct AdapterFiles {
    /// `adapter_config.json`.
    pub config: Value,
    /// `adapter_model.safetensors`.
    pub weights: Vec<u8>,
}

/// What a file says of the net in it, under the key `palimpsest` of its metadata.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct About {
    /// Its description in a run file.
    pub net: Pick,
    /// `[channels, height, width]` of its inputs.
    pub shape: [usize; 3],
    /// Number of classes.
    pub classes: usize,
    /// Scale and dropout of each adapter, by layer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub adapters: BTreeMap<String, (f64, f64)>,
}

/// Largest size in bytes of a file that is read.
const LIMIT: usize = 1 << 30;

/// All weights, running statistics and adapters of a net, read from the device in one transfer.
pub async fn state(net: &Net) -> Result<Vec<Item>> {
    let mut gather = Gather::default();
    net.clone().layers(|name, layer| match layer {
        Layer::Dense(layer) => {
            gather.dense(format!("{name}.weight"), &layer.weight);
            layer.bias.iter().for_each(|bias| gather.as_is(format!("{name}.bias"), bias.val()));
            if let Some(LowRank { a, b, .. }) = &layer.adapter {
                gather.dense(format!("{name}.lora_A.weight"), a);
                gather.dense(format!("{name}.lora_B.weight"), b);
            }
        }
        Layer::Conv(layer) => {
            gather.as_is(format!("{name}.weight"), layer.weight.val());
            layer.bias.iter().for_each(|bias| gather.as_is(format!("{name}.bias"), bias.val()));
            if let Some(LowRankConv { a, b, .. }) = &layer.adapter {
                gather.as_is(format!("{name}.lora_A.weight"), a.val());
                gather.as_is(format!("{name}.lora_B.weight"), b.val());
            }
        }
        Layer::Norm(layer) => {
            gather.as_is(format!("{name}.weight"), layer.weight.val());
            gather.as_is(format!("{name}.bias"), layer.bias.val());
            if let Some(Statistics { mean, var, .. }) = &layer.statistics {
                gather.as_is(format!("{name}.running_mean"), mean.clone());
                gather.as_is(format!("{name}.running_var"), var.clone());
            }
        }
        Layer::LayerNorm(layer) => {
            gather.as_is(format!("{name}.weight"), layer.weight.val());
            gather.as_is(format!("{name}.bias"), layer.bias.val());
        }
        Layer::Embedding(layer) => gather.as_is(format!("{name}.weight"), layer.weight.val()),
    });
    let Gather { transfer, places } = gather;
    let read = transfer.execute_async().await.map_err(Error::lost)?;
    let mut state = Vec::with_capacity(places.len());
    for (Place { name, shape, transposed }, data) in places.into_iter().zip(read) {
        let item = Item { name, shape, values: data.try_to_vec::<f32>().map_err(Error::lost)? };
        state.push(if transposed { item.transposed() } else { item });
    }
    Ok(state)
}

/// Tensors that are to be read in one transfer.
#[derive(Default)]
struct Gather {
    transfer: Transaction,
    places: Vec<Place>,
}

/// Where a tensor belongs in a file.
struct Place {
    name: String,
    /// Sizes on the device.
    shape: Vec<usize>,
    /// Whether the file holds the transpose.
    transposed: bool,
}

impl Gather {
    fn dense(&mut self, name: String, param: &Param<Tensor<2>>) {
        self.push(name, param.val(), true);
    }

    fn as_is<const D: usize>(&mut self, name: String, value: Tensor<D>) {
        self.push(name, value, false);
    }

    fn push<const D: usize>(&mut self, name: String, value: Tensor<D>, transposed: bool) {
        let value = value.without_autodiff();
        self.places.push(Place { name, shape: value.dims().to_vec(), transposed });
        self.transfer = std::mem::take(&mut self.transfer).register(value);
    }
}

impl Item {
    /// The transpose of a matrix.
    fn transposed(self) -> Self {
        let (rows, columns) = (self.shape[0], self.shape[1]);
        let values = (0..rows * columns).map(|at| self.values[at % rows * columns + at / rows]).collect();
        Self { shape: vec![columns, rows], values, ..self }
    }
}

/// A fingerprint of a net's weights: equal for equal bits.
pub async fn hash(net: &Net) -> Result<String> {
    let mut hash = Digest::default();
    for item in state(net).await? {
        hash.write(item.name.as_bytes());
        item.values.iter().for_each(|value| hash.write(&value.to_le_bytes()));
    }
    Ok(hash.hex())
}

/// The whole model as a file: weights, running statistics and adapters, with the description that [`open`] needs.
pub async fn save(net: &Net) -> Result<Vec<u8>> {
    let mut adapters = BTreeMap::new();
    let mut counts = Vec::new();
    net.clone().layers(|name, layer| match layer {
        Layer::Dense(layer) => adapters.extend(layer.adapter.iter().map(|a| (name.to_owned(), (a.scale, a.dropout)))),
        Layer::Conv(layer) => adapters.extend(layer.adapter.iter().map(|a| (name.to_owned(), (a.scale, a.dropout)))),
        Layer::Norm(Norm { statistics: Some(statistics), .. }) => {
            counts.push((format!("{name}.num_batches_tracked"), statistics.seen));
        }
        Layer::Norm(_) | Layer::LayerNorm(_) | Layer::Embedding(_) => {}
    });
    let about = About { net: (*net.pick).clone(), shape: net.shape, classes: net.classes, adapters };
    let about = serde_json::to_string(&about).expect("a description has string keys");
    Ok(file(&state(net).await?, &counts, json!({ "format": "pt", "palimpsest": about })))
}

/// The file that PyTorch loads with `strict=True`: adapters merged into the weights.
pub async fn export(net: &Net) -> Result<Vec<u8>> {
    save(&net.merged()).await
}

/// The adapters as PEFT loads them; `None` where there are none.
pub async fn export_adapter(net: &Net) -> Result<Option<AdapterFiles>> {
    let mut targets = Vec::new();
    let (mut rank, mut scale, mut dropout) = (0, 0.0, 0.0);
    net.clone().layers(|name, layer| {
        let found = match layer {
            Layer::Dense(layer) => layer.adapter.as_ref().map(|a| (a.a.val().dims()[1], a.scale, a.dropout)),
            Layer::Conv(layer) => layer.adapter.as_ref().map(|a| (a.a.val().dims()[0], a.scale, a.dropout)),
            Layer::Norm(_) | Layer::LayerNorm(_) | Layer::Embedding(_) => None,
        };
        if let Some(found) = found {
            targets.push(name.to_owned());
            (rank, scale, dropout) = found;
        }
    });
    if targets.is_empty() {
        return Ok(None);
    }
    let config = json!({
        "peft_type": "LORA",
        "r": rank,
        "lora_alpha": scale * rank as f64,
        "lora_dropout": dropout,
        "target_modules": targets,
        "bias": "none",
        "use_rslora": false,
        "inference_mode": true,
    });
    let mut items = state(net).await?;
    items.retain(|item| item.name.contains(".lora_"));
    for item in &mut items {
        item.name = format!("base_model.model.{}", item.name);
    }
    Ok(Some(AdapterFiles { config, weights: file(&items, &[], json!({ "format": "pt" })) }))
}

/// A safetensors file of `f32` tensors and `i64` counts; the same content has the same bytes.
pub fn file(items: &[Item], counts: &[(String, u64)], metadata: Value) -> Vec<u8> {
    let mut header = Map::new();
    header.insert("__metadata__".into(), metadata);
    let mut data = Vec::new();
    for (name, count) in counts {
        let start = data.len();
        data.extend((*count as i64).to_le_bytes());
        header.insert(name.clone(), json!({ "dtype": "I64", "shape": [], "data_offsets": [start, data.len()] }));
    }
    for Item { name, shape, values } in items {
        let start = data.len();
        data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        header.insert(name.clone(), json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, data.len()] }));
    }
    let mut header = Value::Object(header).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' ');
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header);
    file.extend(data);
    file
}

/// The net in a file that [`save`] wrote, or that PyTorch wrote for a net that the run file describes. `what` names the
/// file in errors.
///
/// The file's own description fills in what `pick` leaves open; where both give a value, the tensors must have the
/// shapes that follow from `pick`. `shape` is used where the file has no description.
pub fn open(what: &str, bytes: &[u8], pick: &Pick, shape: [usize; 3], device: &Device) -> Result<Net> {
    let tensors = Tensors::read(what, bytes)?;
    let about = tensors.about.clone();
    let mut merged = about.as_ref().map_or_else(|| pick.clone(), |about| about.net.clone());
    if merged.id != pick.id {
        let why = format!("it holds a network \"{}\", but the run file says \"{}\"", merged.id, pick.id);
        return Err(Error::input(what, why));
    }
    merged.params.extend(pick.params.clone());
    merged.params.shift_remove("weights");
    let classes = tensors.first_size("head.weight")?;
    if classes < 2 {
        return Err(Error::input(what, format!("its network knows {classes} class; at least two are needed")));
    }
    let shape = about.as_ref().map_or(shape, |about| about.shape);
    if shape.contains(&0) {
        return Err(Error::input(what, "its network takes inputs without any pixel"));
    }
    // A small file must not make us allocate a large net. A small net is always made, so that errors name the tensor
    // that differs.
    let held = tensors.file.tensors().iter().map(|(_, tensor)| tensor.data().len() / 4).sum::<usize>();
    if Net::size(&merged, shape, classes)?.is_none_or(|size| size > held.max(1 << 20)) {
        return Err(Error::input(what, "it holds fewer values than its network has weights"));
    }
    // All values are overwritten below; this only creates the layers.
    let mut net = Net::with(&merged, shape, classes, &mut Rng::of(0, "open", &[]), device)?;
    tensors.load(&mut net, device)?;
    Ok(net)
}

/// An opened file.
struct Tensors<'a> {
    /// Names the file in errors.
    what: &'a str,
    file: SafeTensors<'a>,
    about: Option<About>,
}

impl<'a> Tensors<'a> {
    fn read(what: &'a str, bytes: &'a [u8]) -> Result<Self> {
        if bytes.len() > LIMIT {
            return Err(Error::input(what, "the file is larger than 1 GB, the limit"));
        }
        let wrong = |error| Error::input(what, format!("not a whole safetensors file ({error})"));
        let file = SafeTensors::deserialize(bytes).map_err(wrong)?;
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(wrong)?;
        let about = metadata.metadata().as_ref().and_then(|map| map.get("palimpsest"));
        let about = about
            .map(|text| serde_json::from_str(text))
            .transpose()
            .map_err(|error| Error::input(what, format!("its description of the network cannot be read ({error})")))?;
        Ok(Self { what, file, about })
    }

    /// The first size of a tensor, which must not be empty.
    fn first_size(&self, name: &str) -> Result<usize> {
        let tensor = self.file.tensor(name).ok().filter(|tensor| !tensor.data().is_empty());
        let size = tensor.and_then(|tensor| tensor.shape().first().copied());
        size.ok_or_else(|| Error::input(self.what, format!("there is no tensor \"{name}\" with values in it")))
    }

    /// The elements of a tensor that must have exactly this shape, in PyTorch's layout.
    fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let wrong = |why: String| Error::input(self.what, why);
        let tensor = self.file.tensor(name).map_err(|_| wrong(format!("there is no tensor \"{name}\" in it")))?;
        if tensor.dtype() != Dtype::F32 {
            return Err(wrong(format!("{name} is {:?}; only F32 is read", tensor.dtype())));
        }
        if tensor.shape() != shape {
            return Err(wrong(format!("{name} is {} here and {} in the file", times(shape), times(tensor.shape()))));
        }
        let values: Vec<f32> =
            tensor.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        if values.iter().any(|value| !value.is_finite()) {
            return Err(wrong(format!("{name} has a value that is not a finite number")));
        }
        Ok(values)
    }

    /// Fills a net. The file must hold each of its tensors and no other.
    fn load(&self, net: &mut Net, device: &Device) -> Result {
        let mut known: Vec<String> = Vec::new();
        let mut failed = None;
        net.layers(|name, layer| {
            if failed.is_none() {
                failed = self.load_layer(name, layer, &mut known, device).err();
            }
        });
        if let Some(error) = failed {
            return Err(error);
        }
        if let Some(extra) = self.file.names().iter().find(|name| !known.iter().any(|known| known == *name)) {
            return Err(Error::input(self.what, format!("this network has no place for its tensor \"{extra}\"")));
        }
        Ok(())
    }

    /// Fills one layer, and adds the names of its tensors to `known`.
    fn load_layer(&self, name: &str, layer: Layer<'_>, known: &mut Vec<String>, device: &Device) -> Result {
        let mut item = |part: &str| {
            known.push(format!("{name}.{part}"));
            format!("{name}.{part}")
        };
        match layer {
            Layer::Dense(layer) => {
                let [inputs, outputs] = layer.dims();
                layer.weight = self.dense(&item("weight"), [inputs, outputs], device)?;
                if layer.bias.is_some() {
                    layer.bias = Some(self.param(&item("bias"), [outputs], device)?);
                }
                if let Some((scale, dropout)) = self.adapter(name) {
                    let rank = self.first_size(&item("lora_A.weight"))?;
                    layer.adapter = Some(LowRank {
                        a: self.dense(&item("lora_A.weight"), [inputs, rank], device)?,
                        b: self.dense(&item("lora_B.weight"), [rank, outputs], device)?,
                        scale,
                        dropout,
                    });
                }
            }
            Layer::Conv(layer) => {
                let [out, inputs, kernel, _] = layer.dims();
                layer.weight = self.param(&item("weight"), layer.dims(), device)?;
                if layer.bias.is_some() {
                    layer.bias = Some(self.param(&item("bias"), [out], device)?);
                }
                if let Some((scale, dropout)) = self.adapter(name) {
                    let rank = self.first_size(&item("lora_A.weight"))?;
                    layer.adapter = Some(LowRankConv {
                        a: self.param(&item("lora_A.weight"), [rank, inputs, kernel, kernel], device)?,
                        b: self.param(&item("lora_B.weight"), [out, rank, 1, 1], device)?,
                        scale,
                        dropout,
                    });
                }
            }
            Layer::Norm(layer) => {
                let channels = layer.weight.val().dims();
                layer.weight = self.param(&item("weight"), channels, device)?;
                layer.bias = self.param(&item("bias"), channels, device)?;
                if let Some(statistics) = &mut layer.statistics {
                    statistics.mean = self.param(&item("running_mean"), channels, device)?.into_value();
                    statistics.var = self.param(&item("running_var"), channels, device)?.into_value();
                    let count = self.file.tensor(&item("num_batches_tracked")).ok();
                    let bytes: Option<[u8; 8]> = count.and_then(|count| count.data().try_into().ok());
                    statistics.seen = bytes.map_or(0, |bytes| i64::from_le_bytes(bytes).max(0) as u64);
                }
            }
            Layer::LayerNorm(layer) => {
                let width = layer.weight.val().dims();
                layer.weight = self.param(&item("weight"), width, device)?;
                layer.bias = self.param(&item("bias"), width, device)?;
            }
            Layer::Embedding(layer) => {
                layer.weight = self.param(&item("weight"), layer.weight.val().dims(), device)?;
            }
        }
        Ok(())
    }

    /// Scale and dropout of a layer's adapter, where it has one.
    fn adapter(&self, name: &str) -> Option<(f64, f64)> {
        self.about.as_ref()?.adapters.get(name).copied()
    }

    /// A dense weight `[in, out]`.
    fn dense(&self, name: &str, [inputs, outputs]: [usize; 2], device: &Device) -> Result<Param<Tensor<2>>> {
        let values = self.values(name, &[outputs, inputs])?;
        let Item { shape, values, .. } =
            Item { name: String::new(), shape: vec![outputs, inputs], values }.transposed();
        Ok(Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), device)))
    }

    fn param<const D: usize>(&self, name: &str, shape: [usize; D], device: &Device) -> Result<Param<Tensor<D>>> {
        let values = self.values(name, &shape)?;
        Ok(Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), device)))
    }
}

fn times(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ")
}

/// The net in a file that [`save`] wrote, of any kind. `what` names the file in errors.
pub fn open_any(what: &str, bytes: &[u8], device: &Device) -> Result<Net> {
    let about = Tensors::read(what, bytes)?.about;
    let about = about.ok_or_else(|| Error::input(what, "it does not say which network it holds"))?;
    open(what, bytes, &about.net, about.shape, device)
}
