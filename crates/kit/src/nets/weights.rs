//! Weight files: safetensors with PyTorch's names and layout, adapters with PEFT's.
//!
//! The crate `safetensors` reads them. They are written here, by [`file`]: the crate writes metadata in the order of a
//! hash map, so the bytes of a file would change from run to run.
//!
//! A dense weight is `[in, out]` here and `[out, in]` in the file: it is transposed on the way, square ones too.
//!
//! Numbers of 16 and 64 bits become `f32`. What PyTorch puts before every name of a wrapped network is taken off.

use super::Net;
use super::doubled::doubled;
use super::layers::{Layer, LowRank, LowRankConv, Norm, Statistics};
use crate::error::{Error, Result};
use crate::foreign::foreign;
use crate::seed::Rng;
use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData, Transaction};
use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
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
    /// Their names; empty in files that were written before networks had them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Scale and dropout of each adapter, by layer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub adapters: BTreeMap<String, (f64, f64)>,
}

/// Largest size in bytes of a file that is read.
const LIMIT: usize = 1 << 30;

/// Largest size in bytes of a file's header. As tensors it takes up to 53 times its size.
const HEADER: u64 = 1 << 20;

/// Largest size in bytes of the description in a header. As settings it takes up to 200 times its size.
const ABOUT: usize = 1 << 16;

/// What `torch.nn.DataParallel` and `torch.compile` put before every name.
const WRAPPERS: [&str; 2] = ["module.", "_orig_mod."];

/// What would be right in place of a file that is none of ours.
const RIGHT: &str = "save the weights with safetensors.torch.save_file";

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
    let about =
        About { net: (*net.pick).clone(), shape: net.shape, classes: net.classes, names: net.names.to_vec(), adapters };
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
        let why = format!("it holds a network {}, but the run file says \"{}\"", quoted(&merged.id), pick.id);
        return Err(Error::input(what, why));
    }
    merged.params.extend(pick.params.clone());
    merged.params.shift_remove("weights");
    let classes = tensors.first_size("head.weight")?;
    if classes < 2 {
        return Err(Error::input(what, format!("its network knows {classes} class; at least two are needed")));
    }
    let names = about.as_ref().map_or(&[][..], |about| &about.names);
    if !names.is_empty() && names.len() != classes {
        let why = format!("it names {} classes, but its network has {classes}", names.len());
        return Err(Error::input(what, why));
    }
    let shape = about.as_ref().map_or(shape, |about| about.shape);
    if shape.contains(&0) {
        return Err(Error::input(what, "its network takes inputs without any pixel"));
    }
    // A small file must not make us allocate a large net. A small net is always made, so that errors name the tensor
    // that differs.
    let held: usize =
        tensors.file.iter().filter_map(|(_, tensor)| Some(tensor.data().len() / reader(tensor.dtype())?.0)).sum();
    let size = Net::size(&merged, shape, classes).map_err(|error| match error {
        // The run file's own part is checked before.
        Error::Input(wrong) if about.is_some() => Error::input(what, cut(&wrong.to_string(), 200)),
        error => error,
    })?;
    if size.is_none_or(|size| size > held.max(1 << 20)) {
        return Err(Error::input(what, "it holds fewer values than its network has weights"));
    }
    // All values are overwritten below; this only creates the layers.
    let mut net = Net::with(&merged, shape, classes, &mut Rng::none(), device)?;
    tensors.load(&mut net, device)?;
    Ok(net.for_classes(names))
}

/// An opened file.
struct Tensors<'a> {
    /// Names the file in errors.
    what: &'a str,
    file: SafeTensors<'a>,
    /// The wrappers that stand before every name.
    prefix: String,
    about: Option<About>,
}

impl<'a> Tensors<'a> {
    fn read(what: &'a str, bytes: &'a [u8]) -> Result<Self> {
        if bytes.len() > LIMIT {
            return Err(Error::input(what, "the file is larger than 1 GB, the limit"));
        }
        let wrong = |why: String| Error::input(what, foreign(bytes, RIGHT).unwrap_or(why));
        let header = bytes.first_chunk().map_or(0, |size| u64::from_le_bytes(*size));
        if header > HEADER && header < bytes.len() as u64 {
            return Err(wrong(format!("its header has {header} bytes; at most {HEADER} are read")));
        }
        let header = usize::try_from(header).ok().and_then(|size| bytes.get(8..)?.get(..size));
        if let Some(name) = header.and_then(doubled) {
            return Err(wrong(format!("the name {} stands twice in its header", quoted(&name))));
        }
        let broken = |error: safetensors::SafeTensorError| {
            wrong(format!("not a whole safetensors file ({})", cut(&error.to_string(), 200)))
        };
        let file = SafeTensors::deserialize(bytes).map_err(broken)?;
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(broken)?;
        let about = metadata.metadata().as_ref().and_then(|map| map.get("palimpsest"));
        if let Some(size) = about.map(String::len).filter(|size| *size > ABOUT) {
            let why = format!("its description of the network has {size} bytes; at most {ABOUT} are read");
            return Err(Error::input(what, why));
        }
        if let Some(name) = about.and_then(|text| doubled(text.as_bytes())) {
            let why = format!("the key {} stands twice in its description of the network", quoted(&name));
            return Err(Error::input(what, why));
        }
        let about = about.map(|text| serde_json::from_str(text)).transpose().map_err(|error| {
            let why = cut(&error.to_string(), 200);
            Error::input(what, format!("its description of the network cannot be read ({why})"))
        })?;
        let names = file.names();
        let mut prefix = String::new();
        while let Some(wrapper) = WRAPPERS
            .iter()
            .find(|wrapper| !names.is_empty() && names.iter().all(|name| name[prefix.len()..].starts_with(*wrapper)))
        {
            prefix.push_str(wrapper);
        }
        Ok(Self { what, file, prefix, about })
    }

    /// The names in the file, sorted, without wrappers.
    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.file.names().into_iter().map(|name| &name[self.prefix.len()..]).collect();
        names.sort_unstable();
        names
    }

    /// The tensor with this name; the error lists names that there are.
    fn tensor(&self, name: &str) -> Result<TensorView<'a>> {
        self.file.tensor(&format!("{}{name}", self.prefix)).map_err(|_| {
            let names = self.names();
            let few: Vec<String> = names.iter().take(5).map(|name| quoted(name)).collect();
            let more = match names.len() - few.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let there = if few.is_empty() { "it holds none".into() } else { format!("there are {}", few.join(", ")) };
            Error::input(self.what, format!("there is no tensor \"{name}\" in it; {there}{more}"))
        })
    }

    /// The first size of a tensor, which must not be empty.
    fn first_size(&self, name: &str) -> Result<usize> {
        let tensor = self.tensor(name)?;
        let size = tensor.shape().first().copied().filter(|_| !tensor.data().is_empty());
        size.ok_or_else(|| Error::input(self.what, format!("its tensor \"{name}\" has no values")))
    }

    /// The elements of a tensor that must have exactly this shape in PyTorch's layout; element `i` of the result is
    /// element `place(i)` of the file.
    fn values(&self, name: &str, shape: &[usize], place: &dyn Fn(usize) -> usize) -> Result<Vec<f32>> {
        let wrong = |why: String| Error::input(self.what, why);
        let tensor = self.tensor(name)?;
        let Some(held) = floats(&tensor) else {
            return Err(wrong(format!("{name} is {:?}; F16, BF16, F32 and F64 are read", tensor.dtype())));
        };
        if tensor.shape() != shape {
            return Err(wrong(format!("{name} is {} here and {} in the file", times(shape), times(tensor.shape()))));
        }
        let values: Vec<f32> = (0..held.len()).map(|at| held[place(at)]).collect();
        if values.iter().any(|value| !value.is_finite()) {
            return Err(wrong(format!("{name} has a value that is not a finite number of 32 bits")));
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
        if let Some(extra) = self.names().iter().find(|name| !known.iter().any(|known| known == *name)) {
            let why = format!("this network has no place for its tensor {}", quoted(extra));
            return Err(Error::input(self.what, why));
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
                    let tracked = self.tensor(&item("num_batches_tracked")).ok();
                    statistics.seen = tracked.and_then(|tensor| count(&tensor)).unwrap_or(0);
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
        let values = self.values(name, &[outputs, inputs], &|at| at % outputs * inputs + at / outputs)?;
        Ok(Param::from_tensor(Tensor::from_data(TensorData::new(values, [inputs, outputs]), device)))
    }

    fn param<const D: usize>(&self, name: &str, shape: [usize; D], device: &Device) -> Result<Param<Tensor<D>>> {
        let values = self.values(name, &shape, &|at| at)?;
        Ok(Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), device)))
    }
}

/// An element as `f32`.
type ReadElement = fn(&[u8]) -> f32;

/// Size in bytes of an element, and how it is read; `None` for types that are no floating-point numbers of
/// 16 to 64 bits.
fn reader(dtype: Dtype) -> Option<(usize, ReadElement)> {
    Some(match dtype {
        Dtype::F16 => (2, |bytes| f16::from_le_bytes(array(bytes)).to_f32()),
        Dtype::BF16 => (2, |bytes| bf16::from_le_bytes(array(bytes)).to_f32()),
        Dtype::F32 => (4, |bytes| f32::from_le_bytes(array(bytes))),
        Dtype::F64 => (8, |bytes| f64::from_le_bytes(array(bytes)) as f32),
        _ => return None,
    })
}

/// The elements of a tensor in the order of the file; `None` for types that [`reader`] does not know.
pub(crate) fn floats(tensor: &TensorView) -> Option<Vec<f32>> {
    let (size, read) = reader(tensor.dtype())?;
    Some(tensor.data().chunks_exact(size).map(read).collect())
}

/// A tensor of one whole number, as [`file`] writes counts; a negative one is 0.
pub(crate) fn count(tensor: &TensorView) -> Option<u64> {
    let bytes = tensor.data().try_into().ok()?;
    Some(i64::from_le_bytes(bytes).max(0) as u64)
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("an element is cut to its size")
}

/// A name from a stranger's file: short, and what is not printable is escaped.
fn quoted(name: &str) -> String {
    format!("{:?}", cut(name, 60))
}

/// The first `most` characters.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
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
