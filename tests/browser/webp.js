// Screenshots as one animated WebP, by the encoder of the browser. Of each frame only what changed is kept.

/**
 * @param page a blank page, whose browser does the work
 * @param frames `{ png, ms }`: a screenshot as a Buffer, and how long it is shown
 */
export async function animate(page, frames) {
  const parts = [];
  for (const { png, ms } of frames) {
    const part = await page.evaluate(change, png.toString("base64"));
    if (part) parts.push({ ...part, data: Buffer.from(part.webp, "base64"), ms });
    else parts.at(-1).ms += ms;
  }
  const { width, height } = parts[0];
  const canvas = [...u24(width - 1), ...u24(height - 1)];
  const ANIMATED = 2;
  const chunks = [chunk("VP8X", Buffer.from([ANIMATED, 0, 0, 0, ...canvas])), chunk("ANIM", Buffer.alloc(6))];
  const KEEP_WHAT_WAS_BELOW = 2;
  for (const part of parts) {
    const numbers = [part.x / 2, part.y / 2, part.width - 1, part.height - 1, part.ms].flatMap(u24);
    chunks.push(chunk("ANMF", Buffer.concat([Buffer.from([...numbers, KEEP_WHAT_WAS_BELOW]), image(part.data)])));
  }
  return chunk("RIFF", Buffer.concat([Buffer.from("WEBP"), ...chunks]));
}

/** Runs in the page: the part of a screenshot that differs from the one before, as a WebP. */
async function change(png) {
  const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
  const before = window.before;
  window.before = pixels;
  let [left, top, right, bottom] = before ? [canvas.width, canvas.height, 0, 0] : [0, 0, canvas.width, canvas.height];
  for (let at = 0; before && at < pixels.length; at++) {
    if (pixels[at] === before[at]) continue;
    const [x, y] = [at % canvas.width, Math.floor(at / canvas.width)];
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x + 1), Math.max(bottom, y + 1)];
  }
  if (left >= right) return null;
  // The format has even offsets only.
  [left, top] = [left - (left % 2), top - (top % 2)];
  const [width, height] = [right - left, bottom - top];
  const part = new OffscreenCanvas(width, height);
  part.getContext("2d", { alpha: false }).putImageData(context.getImageData(left, top, width, height), 0, 0);
  // Quality 1 is lossless: better for a few letters, larger for pictures and charts.
  const blobs = await Promise.all([1, 0.8].map((quality) => part.convertToBlob({ type: "image/webp", quality })));
  const blob = blobs.reduce((small, other) => (other.size < small.size ? other : small));
  const webp = new Uint8Array(await blob.arrayBuffer());
  return { x: left, y: top, width, height, webp: btoa(Array.from(webp, (byte) => String.fromCharCode(byte)).join("")) };
}

/** The chunk with the pixels of a WebP file that holds one picture. */
function image(file) {
  for (let at = 12; at < file.length; ) {
    const size = file.readUInt32LE(at + 4);
    if (["VP8 ", "VP8L"].includes(file.toString("latin1", at, at + 4))) {
      return chunk(file.toString("latin1", at, at + 4), file.subarray(at + 8, at + 8 + size));
    }
    at += 8 + size + (size % 2);
  }
  throw new Error("the browser wrote no WebP");
}

const u24 = (number) => [number & 255, (number >> 8) & 255, number >> 16];

function chunk(name, data) {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(data.length);
  return Buffer.concat([Buffer.from(name, "latin1"), size, data, Buffer.alloc(data.length % 2)]);
}
