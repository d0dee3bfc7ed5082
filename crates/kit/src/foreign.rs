//! Files that are not what was asked for: told by their first bytes, and named for what they are.

/// How many bytes of a file are enough to tell.
pub(crate) const HEAD: usize = 512;

/// First bytes of packed files.
const PACKED: [(&[u8], &str); 4] =
    [(b"\x1f\x8b", "gzip"), (b"\xfd7zXZ", "xz"), (b"BZh", "bzip2"), (b"\x28\xb5\x2f\xfd", "zstd")];

/// What a file is that cannot be read, and what would be right; `None` where its first bytes do not tell.
///
/// `right` says how a file of the wanted kind is made. It is said of files that hold data in another form; others have
/// only to be fetched or unpacked.
pub fn foreign(bytes: &[u8], right: &str) -> Option<String> {
    let head = &bytes[..bytes.len().min(HEAD)];
    let has = |text: &[u8]| head.windows(text.len()).any(|part| part == text);
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let tags: [&[u8]; 4] = [b"<!doctype", b"<html", b"<head", b"<?xml"];
    let is_tag = |tag: &&[u8]| text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
    let packed = PACKED.iter().find(|(start, _)| head.starts_with(start));
    Some(match head {
        [] => "the file is empty; it may not have been fetched to its end".into(),
        [b'P', b'K', 3, 4, ..] if has(b"data.pkl") => {
            format!("this is a file of PyTorch (a zip with a pickle, as .pt and .bin files are); {right}")
        }
        [b'P', b'K', 3, 4, ..] if has(b".npy") => format!("this is an archive of NumPy (.npz); {right}"),
        [b'P', b'K', 3, 4, ..] => "this is a zip archive; unpack it, and name the file in it".into(),
        // Protocols 2 to 5; a header of safetensors that is so long would not be read.
        [0x80, 2..=5, ..] => format!("this is a pickle of Python, as older .pt and .bin files are; {right}"),
        _ if head.starts_with(b"\x89HDF\r\n") => format!("this is an HDF5 file, as Keras writes them (.h5); {right}"),
        _ if head.starts_with(b"GGUF") => format!("this is a GGUF file, as llama.cpp reads them; {right}"),
        _ if head.starts_with(b"\x93NUMPY") => format!("this is an array of NumPy (.npy); {right}"),
        _ if head.starts_with(b"version https://git-lfs") => {
            "this is a pointer of Git LFS and not the file itself; `git lfs pull` fetches it".into()
        }
        _ if tags.iter().any(is_tag) => {
            "this is a web page, as a server sends in place of a file; download the file itself".into()
        }
        _ => format!("this is packed with {}; unpack it first", packed?.1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_for_what_they_are() {
        let zip = |name: &str| [b"PK\x03\x04", &[0; 26][..], name.as_bytes(), b"more"].concat();
        let named: [(&[&[u8]], &str); 11] = [
            (&[b"\x89HDF\r\n\x1a\n\0"], ".h5"),
            (&[b"GGUF\x03\0\0\0"], "llama.cpp"),
            (&[&zip("archive/data.pkl"), &zip("model_best/data.pkl"), &zip("x/data.pkl")], "file of PyTorch"),
            (&[b"\x80\x02\x8a\x0al\xfc\x9cF", b"\x80\x04\x95\x10", b"\x80\x05}"], "pickle of Python"),
            (&[&zip("arr_0.npy"), &zip("weight.npy"), &zip("labels.npy")], ".npz"),
            (&[b"\x93NUMPY\x01\0v\0{", b"\x93NUMPY\x02\0", b"\x93NUMPY"], ".npy"),
            (&[b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a"], "`git lfs pull`"),
            (&[b"<!DOCTYPE html><title>", b"\n <html lang=\"en\">", b"\xef\xbb\xbf<?xml version"], "web page"),
            (&[b"\x1f\x8b\x08\0", b"\xfd7zXZ\0", b"BZh91AY", b"\x28\xb5\x2f\xfd\0"], "unpack it first"),
            (&[&zip("digits/images.idx"), &zip("a.safetensors"), &zip("")], "zip archive"),
            (&[b""], "the file is empty"),
        ];
        for (files, name) in named {
            for file in files {
                let said = foreign(file, "save it otherwise").unwrap();
                assert!(said.contains(name), "{said}");
            }
        }
        for other in [&b"{\"a\": 1}"[..], b"\x80", b"\0\0\x08\x03", b"\x10\0\0\0\0\0\0\0{", b"<", b"P", b"\xef\xbb\xbf"]
        {
            assert_eq!(foreign(other, ""), None, "{other:?}");
        }
    }
}
